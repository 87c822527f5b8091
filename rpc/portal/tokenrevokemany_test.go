package portal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/token"
)

// TestRevokeManyInSteps: more tokens than a call revokes; one that is cut off has told of all that it has done, and the next goes on.
func TestRevokeManyInSteps(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.setProperty(t, "portico.apiToken.maxPerUser", "2000")
	admin := h.admin(t, "admin@acme")
	for i := range 1015 {
		_, err := h.tokens.Create(context.Background(), admin, token.NewToken{Name: fmt.Sprint("many ", i), LifetimeMs: 1000_000})
		must(t, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	moved := 0
	h.tokens.Watch(token.Watch{Move: func(token.Act, bool) {
		if moved++; moved == 25 {
			cancel()
		}
	}})
	n, err := h.tokens.RevokeMany(ctx, admin, acme(t, h), token.Filter{NamePrefix: "many"}, false)
	if !errors.Is(err, context.Canceled) || n.Matched != 1015 || n.Revoked != 30 {
		t.Fatalf("cut off: %+v, %v", n, err)
	}
	h.tokens.Watch(token.Watch{})
	as := h.session(t, "admin@acme")
	type answer struct {
		Matched, Revoked int
		More             bool
	}
	for _, want := range []answer{{985, 985, false}, {0, 0, false}} {
		var got answer
		h.good(t, as, "apiToken/revokeMany", `{"namePrefix":"MANY"}`, &got)
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if told := len(h.told(t, acme(t, h), "REVOKE_API_TOKEN")); told != 1015 {
		t.Errorf("%d events", told)
	}
}

// TestRevokeManyByEachFilter: what fits each part of a filter, and that parts narrow each other.
func TestRevokeManyByEachFilter(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	ops := h.session(t, "ops@acme")
	_, used := h.enabled(t, ops, "Used", 9*day)
	h.pending(t, ops, "usher", 30*day)
	h.limited(t, h.session(t, "support@acme"), "limited", here)
	h.pass(2 * day)
	if h.use(used) != "in" {
		t.Fatal("it is not used")
	}
	h.pending(t, h.session(t, "ops@acme"), "new", day)
	in, by := acme(t, h), h.admin(t, "admin@acme")
	for name, c := range map[string]struct {
		f    token.Filter
		want int
	}{
		"an owner":          {token.Filter{OwnerID: h.find(t, "ops@acme").ID}, 3},
		"a stranger":        {token.Filter{OwnerID: h.find(t, "admin@initech").ID}, 0},
		"a role":            {token.Filter{RoleID: 11}, 1},
		"unused":            {token.Filter{UnusedSince: noon.Add(day)}, 2},
		"unused, to the ms": {token.Filter{UnusedSince: noon}, 0},
		"made before":       {token.Filter{CreatedBefore: noon.Add(time.Millisecond)}, 3},
		"made before then":  {token.Filter{CreatedBefore: noon}, 0},
		"ends after":        {token.Filter{ExpiresAfter: noon.Add(9 * day)}, 2},
		"ends after then":   {token.Filter{ExpiresAfter: noon.Add(9*day - time.Millisecond)}, 3},
		"a name":            {token.Filter{NamePrefix: "US"}, 2},
		"a state":           {token.Filter{State: token.Enabled}, 2},
		"without limits":    {token.Filter{WithoutLimits: true}, 3},
		"both":              {token.Filter{State: token.Enabled, WithoutLimits: true}, 1},
	} {
		if n, err := h.tokens.RevokeMany(context.Background(), by, in, c.f, true); err != nil || n != (token.Tally{Matched: c.want}) {
			t.Errorf("%s: %+v, %v, want %d", name, n, err, c.want)
		}
	}
	if _, err := h.tokens.RevokeMany(context.Background(), by, tenant(t, h, auth.Enterprise, 3), token.Filter{RoleID: 9}, true); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("of strangers: %v", err)
	}
}
