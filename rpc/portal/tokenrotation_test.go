package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store/memory"
)

type rotated struct {
	ID            int64
	Token         string
	PredecessorID int64
}

// TestOneRotationOfMany: of many rotations at once, at two portals, one makes a successor, and the rest are told its number.
func TestOneRotationOfMany(t *testing.T) {
	t.Parallel()
	a, b := two(t)
	as := a.session(t, "ops@acme")
	b.good(t, as, "enterprise/getEnterprise", `{}`, nil)
	id, old := a.enabled(t, as, "ci", time.Hour)
	var won rotated
	losers := map[string]int{}
	for _, r := range together(64, func(i int) reply {
		return []*house{a, b}[i%2].call(as, "apiToken/rotate", fmt.Sprintf(`{"id":%d,"overlapMs":60000}`, id))
	}) {
		switch {
		case r.Code == 0 && won.ID != 0:
			t.Fatal("two successors of one token")
		case r.Code == 0:
			must(t, json.Unmarshal(r.Result, &won))
		default:
			losers[r.Message]++
		}
	}
	if want := fmt.Sprintf("cannot rotate: it was rotated, its successor is API token %d", won.ID); losers[want] != 63 {
		t.Errorf("the losers were told %v, want %s", losers, want)
	}
	for name, h := range map[string]*house{"here": a, "there": b} {
		for _, text := range []string{old, won.Token} {
			if got := h.use(text); got != "in" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// TestOverlapIsExact: the old text is good to the last millisecond of the overlap, never longer than it would have been, and the name
// is free for nobody in between.
func TestOverlapIsExact(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	for _, c := range []struct {
		name    string
		life    time.Duration
		overlap string
		last    time.Duration
	}{
		{"as asked", time.Hour, `,"overlapMs":1500`, 1500 * time.Millisecond},
		{"to its own end", time.Second, `,"overlapMs":5000`, time.Second},
		{"by default", 48 * time.Hour, ``, 24 * time.Hour},
	} {
		h.at(noon)
		id, old := h.enabled(t, as, c.name, c.life)
		var next rotated
		h.good(t, as, "apiToken/rotate", fmt.Sprintf(`{"id":%d%s}`, id, c.overlap), &next)
		if r := h.call(as, "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":1000}`, c.name)); r.Code != -32006 {
			t.Errorf("%s: the name is free: %v", c.name, r)
		}
		for at, want := range map[time.Duration]string{c.last - time.Millisecond: "in", c.last: "expired token"} {
			h.at(noon.Add(at))
			if got := h.use(old); got != want {
				t.Errorf("%s, %v: the old one is %s, want %s", c.name, at, got, want)
			}
		}
		if h.at(noon.Add(c.life - time.Millisecond)); h.use(next.Token) != "in" {
			t.Errorf("%s: the new one ends before its time", c.name)
		}
		if h.at(noon.Add(c.life)); h.use(next.Token) != "expired token" {
			t.Errorf("%s: the new one does not end", c.name)
		}
	}
}

// TestRotationCounts: both count among the living as long as they live, so that nobody has more tokens by rotating them.
func TestRotationCounts(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.setProperty(t, "portico.apiToken.maxPerUser", "2")
	as := h.session(t, "ops@acme")
	first, _ := h.enabled(t, as, "first", 10*day)
	rotate := func(id int64, overlap time.Duration) (next rotated, r reply) {
		r = h.call(as, "apiToken/rotate", fmt.Sprintf(`{"id":%d,"overlapMs":%d}`, id, overlap.Milliseconds()))
		if r.Code == 0 {
			must(t, json.Unmarshal(r.Result, &next))
		}
		return next, r
	}
	second, _ := rotate(first, time.Hour)
	if _, r := rotate(second.ID, time.Hour); r.Code != -32009 {
		t.Errorf("a third beside the two: %v", r)
	}
	third, r := rotate(second.ID, 0) // without an overlap there are never more
	if r.Code != 0 {
		t.Fatal(r)
	}
	h.pass(time.Hour)
	fourth, r := rotate(third.ID, time.Hour)
	if r.Code != 0 {
		t.Fatalf("when the overlap is over: %v", r)
	}
	var states []string
	for _, s := range h.list(t, as) {
		states = append(states, s.State)
	}
	if got := strings.Join(states, " "); got != "EXPIRED EXPIRED ENABLED ENABLED" || fourth.PredecessorID != third.ID {
		t.Errorf("there are %s", got)
	}
	h.pass(100 * day)
	must(t, h.tokens.Sweep(context.Background()))
	if left := h.list(t, h.session(t, "ops@acme")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestIdleTokensEnd: to the millisecond, an hour behind what the policy says, which is by how much a use that is written may be behind;
// by what a portal knows, by what it has written, and by what another one has.
func TestIdleTokensEnd(t *testing.T) {
	t.Parallel()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	h.at(noon)
	as := h.session(t, "admin@acme")
	id, text := h.enabled(t, as, "used", 100*day)
	h.setProperty(t, "portico.apiToken.policy", `{"idleDays":2}`)
	const last = 2*day + time.Hour
	now := noon
	for range 3 { // each use begins the time anew
		now = now.Add(last - time.Millisecond)
		if h.at(now); h.use(text) != "in" {
			t.Fatal("ended before its time")
		}
	}
	// A portal that is killed forgets what it has not written: the first use in an hour is written before it is answered.
	killed := assemble(t, db, zerolog.Nop())
	for at, want := range map[time.Duration]string{last - time.Millisecond: "ENABLED", last: "EXPIRED"} {
		killed.at(now.Add(at))
		if s := killed.show(t, killed.session(t, "admin@acme"), id); s.State != want {
			t.Errorf("%v after the use: %s, want %s", at, s.State, want)
		}
	}
	// Uses that follow within the hour may be lost, and none is one too many.
	if h.at(now.Add(time.Hour - time.Millisecond)); h.use(text) != "in" {
		t.Fatal("ended before its time")
	}
	again := assemble(t, db, zerolog.Nop())
	again.at(now.Add(time.Hour - time.Millisecond).Add(2 * day))
	if again.show(t, again.session(t, "admin@acme"), id).State != "ENABLED" {
		t.Error("a use that was lost has cost the token its life")
	}

	h.at(now.Add(time.Hour + last))
	as = h.session(t, "admin@acme")
	if got := h.use(text); got != "expired token" {
		t.Errorf("an idle token is %s", got)
	}
	if w := h.post("/csp/gateway/am/api/auth/api-tokens/authorize", nil, "refresh_token="+text); !strings.Contains(w.Body.String(), "invalid_grant") {
		t.Errorf("an idle token is exchanged: %s", w.Body)
	}
	for _, act := range []string{"rotate", "refresh"} {
		params := map[string]string{"rotate": fmt.Sprintf(`{"id":%d}`, id), "refresh": fmt.Sprintf(`{"apiToken":%q}`, text)}[act]
		if r := h.call(as, "apiToken/"+act, params); r.Code != -32006 {
			t.Errorf("%s of an idle token: %v", act, r)
		}
	}
	reasons := map[string]bool{}
	for _, e := range h.told(t, acme(t, h), "API_TOKEN_REFUSED") {
		var d struct{ Reason string }
		must(t, json.Unmarshal(e.Detail, &d))
		reasons[d.Reason] = true
	}
	if !reasons["not used for longer than the policy allows"] {
		t.Errorf("the record has %v", reasons)
	}
	// A policy that is gone ends nothing; so what it ended can be revoked, and what has made way for another stays away.
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
	_, other := h.enabled(t, as, "other", 100*day)
	h.pass(last)
	as = h.session(t, "admin@acme")
	h.pending(t, as, "other", day)
	h.setProperty(t, "portico.apiToken.policy", `{}`)
	for text, want := range map[string]string{text: "revoked token", other: "expired token"} {
		if got := h.use(text); got != want {
			t.Errorf("without a policy it is %s, want %s", got, want)
		}
	}
}

// TestPendingIsNotIdle: what was not downloaded has not been left unused, and the time begins with the download.
func TestPendingIsNotIdle(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	h.setProperty(t, "portico.apiToken.policy", `{"idleDays":1}`)
	id := h.pending(t, h.session(t, "ops@acme"), "waits", 100*day)
	h.pass(30 * day)
	as := h.session(t, "ops@acme")
	var made struct{ Token string }
	h.good(t, as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id), &made)
	if h.pass(day); h.use(made.Token) != "in" {
		t.Error("it ended before its time")
	}
}

// TestRotatedIsNotTold: that the old one ends is what its owner wanted; that the new one does is news.
func TestRotatedIsNotTold(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, _ := h.enabled(t, as, "ci", 30*day)
	h.good(t, as, "apiToken/rotate", fmt.Sprintf(`{"id":%d}`, id), nil)
	for i, passed := range []time.Duration{time.Hour, 29 * day} {
		h.at(noon.Add(passed))
		must(t, h.tokens.Sweep(context.Background()))
		if told := h.told(t, acme(t, h), "API_TOKEN_EXPIRING"); len(told) != i {
			t.Errorf("%v after the rotation %d were told of", passed, len(told))
		}
	}
}
