package portal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

const day = 24 * time.Hour

// noon has milliseconds in it, so that rounding shows.
var noon = time.Date(2027, 3, 4, 12, 0, 0, 1e6, time.UTC)

func buildAt(t testing.TB, now time.Time) *house {
	h := build(t)
	h.at(now)
	return h
}

func (h *house) setProperty(t testing.TB, name, value string) {
	t.Helper()
	h.good(t, h.session(t, "super"), "systemProperty/updateSystemProperty", fmt.Sprintf(`{"name":%q,"_update":{"value":%q}}`, name, value), nil)
}

func (h *house) use(text string) string {
	r := h.call(bearing(text), "system/getVersionInfo", `{}`)
	if r.Code == 0 {
		return "in"
	}
	return strings.TrimSuffix(strings.TrimPrefix(r.Message, "tokenError ["), "]")
}

func TestExpiryIsExact(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, text := h.enabled(t, as, "used", 1500*time.Millisecond)
	idle := h.pending(t, as, "idle", 1500*time.Millisecond)
	gone, goneText := h.enabled(t, as, "gone", 1500*time.Millisecond)
	exp := noon.Add(1500 * time.Millisecond)
	if s := h.show(t, as, id); !s.Expiration.Equal(exp) || !s.Created.Equal(noon) {
		t.Errorf("created %v, expiration %v, want %v and %v", s.Created, s.Expiration, noon, exp)
	}
	c := claimsOf(t, text)
	if got := int64(c["exp"].(float64)); got != exp.Unix()+1 { // .501 s, rounded up
		t.Errorf("exp %d, want %d", got, exp.Unix()+1)
	}
	if got := int64(c["iat"].(float64)); got != noon.Unix() {
		t.Errorf("iat %d, want %d", got, noon.Unix())
	}
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, gone), nil)
	for _, c := range []struct {
		at              time.Duration
		use, used, idle string
	}{
		{-time.Millisecond, "in", "ENABLED", "PENDING"},
		{0, "expired token", "EXPIRED", "EXPIRED"},
		{time.Millisecond, "expired token", "EXPIRED", "EXPIRED"},
	} {
		h.at(exp.Add(c.at))
		if got := h.use(text); got != c.use {
			t.Errorf("at exp%+v: %q, want %q", c.at, got, c.use)
		}
		if u, i, g := h.show(t, as, id), h.show(t, as, idle), h.show(t, as, gone); u.State != c.used || i.State != c.idle || g.State != "REVOKED" || u.IsRevoked {
			t.Errorf("at exp%+v: states %s, %s, %s, want %s, %s, REVOKED", c.at, u.State, i.State, g.State, c.used, c.idle)
		}
		if got := h.use(goneText); got != "revoked token" {
			t.Errorf("a revoked token at exp%+v: %q", c.at, got)
		}
	}
	for what, call := range map[string]string{"refresh": `{"apiToken":"` + text + `"}`, "download": fmt.Sprintf(`{"id":%d}`, idle), "revoke": fmt.Sprintf(`{"id":%d}`, id)} {
		if r := h.call(as, "apiToken/"+what, call); r.Code != -32006 || r.Message != "cannot "+what+": state is EXPIRED" {
			t.Errorf("%s of an expired token: %v", what, r)
		}
	}
}

// A whole second needs no rounding.
func TestExpClaimOfAWholeSecond(t *testing.T) {
	h := buildAt(t, noon.Truncate(time.Second))
	as := h.session(t, "ops@acme")
	_, text := h.enabled(t, as, "ci", 2*time.Second)
	if got := int64(claimsOf(t, text)["exp"].(float64)); got != noon.Unix()+2 {
		t.Errorf("exp %d, want %d", got, noon.Unix()+2)
	}
}

func TestText(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, text := h.enabled(t, as, "ci", time.Hour)
	head := part(t, text, 0)
	if head["typ"] != "portico-api+jwt" || head["kid"] == "" || head["alg"] != "EdDSA" || len(head) != 3 {
		t.Errorf("header %v", head)
	}
	var listed struct{ TokenUUID string }
	h.good(t, as, "apiToken/get", fmt.Sprintf(`{"id":%d}`, id), &listed)
	c := claimsOf(t, text)
	if c["iss"] != "https://portal.example" || c["aud"] != "portal" || c["sub"] != "user:"+h.names["ops_acme"] || c["jti"] != listed.TokenUUID || len(c) != 7 {
		t.Errorf("claims %v", c)
	}
	nonce, _ := c["nonce"].(string)
	if len(nonce) != 43 {
		t.Errorf("a nonce of %d characters, want 43 for 256 bits", len(nonce))
	}
	// A refresh in the same moment makes another text.
	var made struct{ Token string }
	h.good(t, as, "apiToken/refresh", `{"apiToken":"`+text+`"}`, &made)
	if made.Token == text || claimsOf(t, made.Token)["nonce"] == nonce {
		t.Error("a refresh made the same text")
	}
	if h.use(text) != "invalid token" || h.use(made.Token) != "in" {
		t.Errorf("old text: %s; new: %s", h.use(text), h.use(made.Token))
	}
	// One character less, more or other is another text.
	for _, other := range []string{made.Token[:len(made.Token)-1], made.Token + "A", made.Token + "=", made.Token + ".", " " + made.Token[1:], strings.ToUpper(made.Token), made.Token + "," + made.Token} {
		if got := h.use(other); got != "invalid token" {
			t.Errorf("a changed text: %q", got)
		}
	}
}

// The clock may be set back: nothing lives longer for it than its stored milliseconds say, and names stay apart.
func TestClockSetBack(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	first, firstText := h.enabled(t, as, "ci", time.Hour)
	h.at(noon.Add(time.Hour))
	if got := h.use(firstText); got != "expired token" {
		t.Errorf("at its end: %q", got)
	}
	second, _ := h.enabled(t, as, "ci", time.Hour)
	h.at(noon.Add(30 * time.Minute))
	living := 0
	for _, s := range h.list(t, as) {
		if s.Name == "ci" && s.State != "EXPIRED" && s.State != "REVOKED" {
			living++
		}
	}
	if living != 1 {
		t.Errorf("%d living tokens are called ci after the clock was set back, want 1 (%d lost the name to %d)", living, first, second)
	}
	if got := h.use(firstText); got != "expired token" {
		t.Errorf("a token whose name another has got: %q, want it to stay expired", got)
	}
	h.at(noon.Add(2*time.Hour + time.Minute))
	if s := h.show(t, as, second); s.State != "EXPIRED" {
		t.Errorf("the second is %s", s.State)
	}
	// A session does not come back to life once it was refused... its own end decides as well.
	h.at(noon.Add(25 * time.Hour))
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != -32000 {
		t.Errorf("an old session: %v", r)
	}
}

func TestRefreshGivesTheWholeLifeAnewCappedByTheProperty(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, text := h.enabled(t, as, "ci", 10*day)
	h.at(noon.Add(9 * day))
	as = h.session(t, "ops@acme")
	refresh := func() string {
		var made struct{ Token string }
		h.good(t, as, "apiToken/refresh", `{"apiToken":"`+text+`"}`, &made)
		return made.Token
	}
	text = refresh()
	if s := h.show(t, as, id); !s.Expiration.Equal(noon.Add(19 * day)) {
		t.Errorf("expiration %v, want %v", s.Expiration, noon.Add(19*day))
	}
	h.setProperty(t, "session.options.tokenDayValue", "2")
	text = refresh()
	if s := h.show(t, as, id); !s.Expiration.Equal(noon.Add(11 * day)) {
		t.Errorf("expiration %v, want %v", s.Expiration, noon.Add(11*day))
	}
	if got := int64(claimsOf(t, text)["exp"].(float64)); got != noon.Add(11*day).Unix()+1 {
		t.Errorf("exp %d", got)
	}
	h.setProperty(t, "session.options.tokenDayValue", "366")
	text = refresh()
	if s := h.show(t, as, id); !s.Expiration.Equal(noon.Add(19 * day)) {
		t.Errorf("expiration %v, want the original length again, %v", s.Expiration, noon.Add(19*day))
	}
	// Right before its end, and at it.
	h.at(noon.Add(19*day - time.Millisecond))
	as = h.session(t, "ops@acme")
	text = refresh()
	h.at(noon.Add(29*day - time.Millisecond))
	if got := h.use(text); got != "expired token" {
		t.Errorf("at the end of the refreshed life: %q", got)
	}
}

// Expired tokens stand in the way of no creation, however many there are, and living ones of each.
func TestExpiredTokensDoNotCount(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	for round := range 4 {
		for i := range 50 {
			h.pending(t, as, fmt.Sprintf("r%d-%d", round, i), time.Minute)
		}
		if r := h.call(as, "apiToken/create", `{"name":"more","lifetimeMs":1}`); r.Code != -32009 {
			t.Fatalf("round %d: the 51st: %v", round, r)
		}
		h.pass(time.Minute)
	}
	if n := len(h.list(t, as)); n != 200 {
		t.Errorf("%d listed, want 200", n)
	}
	// Two hundred at once against two hundred dead: fifty.
	made := 0
	for _, r := range together(200, func(i int) reply {
		return h.call(as, "apiToken/create", fmt.Sprintf(`{"name":"r0-%d","lifetimeMs":60000}`, i))
	}) {
		if r.Code == 0 {
			made++
		} else if r.Code != -32009 {
			t.Errorf("refused with %v", r)
		}
	}
	if made != 50 {
		t.Errorf("%d made, want 50", made)
	}
}

func TestSweep(t *testing.T) {
	ctx := context.Background()
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	expired := h.pending(t, as, "expired", time.Hour)
	revoked := h.pending(t, as, "revoked", 300*day)
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, revoked), nil)
	living, text := h.enabled(t, as, "living", 300*day)
	must(t, h.tokens.Sweep(ctx))
	if n := len(h.list(t, as)); n != 3 {
		t.Fatalf("%d tokens after a sweep that had nothing to do", n)
	}
	left := func() (ids []int64) {
		for _, s := range h.list(t, h.session(t, "ops@acme")) {
			ids = append(ids, s.ID)
		}
		return ids
	}
	h.at(noon.Add(30*day + time.Millisecond))
	must(t, h.tokens.Sweep(ctx))
	if got := fmt.Sprint(left()); got != fmt.Sprint([]int64{expired, living}) {
		t.Errorf("30 days after the revocation %s are left", got)
	}
	h.at(noon.Add(30*day + time.Hour + time.Millisecond))
	must(t, h.tokens.Sweep(ctx))
	if got := fmt.Sprint(left()); got != fmt.Sprint([]int64{living}) {
		t.Errorf("30 days after the end %s are left", got)
	}
	told := h.told(t, acme(t, h), "DELETE_API_TOKEN")
	if len(told) != 2 || !strings.Contains(string(told[0].Detail), `"name":"expired"`) || !strings.Contains(string(told[1].Detail), `"name":"revoked"`) {
		t.Errorf("events %s", details(told))
	}
	if got := h.use(text); got != "in" {
		t.Errorf("the living one: %q", got)
	}
	h.setProperty(t, "portico.apiToken.retentionDays", "0")
	as = h.session(t, "ops@acme")
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, living), nil)
	h.pass(time.Millisecond)
	must(t, h.tokens.Sweep(ctx))
	if got := left(); len(got) != 0 {
		t.Errorf("%v are left with a retention of 0 days", got)
	}
	if got := h.use(text); got != "invalid token" {
		t.Errorf("a swept token: %q", got)
	}
}

func details(list []*account.Event) (out []string) {
	for _, e := range list {
		out = append(out, e.Name+" "+string(e.Detail))
	}
	return out
}

// keys answers all keys of a store that begin with the prefix.
func keys(t testing.TB, db *store.DB, prefix string) (all []string) {
	t.Helper()
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, _ []byte) (bool, error) {
			if strings.HasPrefix(string(key), prefix) {
				all = append(all, string(key))
			}
			return true, nil
		})
	}))
	return all
}

func TestDeletionEndsAllTokens(t *testing.T) {
	ctx := context.Background()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	as, admin := h.session(t, "ops@acme"), h.session(t, "admin@acme")
	var texts []string
	for i := range 20 {
		_, text := h.enabled(t, as, fmt.Sprint("t", i), time.Hour)
		texts = append(texts, text)
	}
	_, others := h.enabled(t, admin, "others", time.Hour)
	for _, text := range texts {
		if h.use(text) != "in" {
			t.Fatal("a new token does not work")
		}
	}
	h.good(t, admin, "enterpriseUser/deleteEnterpriseUser", `{"id":`+h.names["ops_acme"]+`}`, nil)
	for _, text := range texts {
		if got := h.use(text); got != "user not active" {
			t.Errorf("before the sweep: %q", got)
		}
	}
	must(t, h.tokens.Sweep(ctx))
	for _, text := range texts {
		if got := h.use(text); got != "invalid token" {
			t.Errorf("after the sweep: %q", got)
		}
	}
	told := h.told(t, acme(t, h), "DELETE_API_TOKEN")
	if len(told) != 20 {
		t.Errorf("%d DELETE_API_TOKEN, want 20", len(told))
	}
	if got := h.use(others); got != "in" {
		t.Errorf("another's token: %q", got)
	}
	must(t, h.tokens.Flush(ctx, true))
	if n := len(keys(t, db, "token/r")); n != 1 {
		t.Errorf("%d token records are left, want 1", n)
	}
	if n := len(keys(t, db, "grave/r")); n != 0 {
		t.Errorf("%d graves are left", n)
	}
	// The uses of tokens that are gone must not stay for ever.
	if n := len(keys(t, db, "use/r")); n > 1 {
		t.Errorf("%d records of last uses are left, want 1: that of the living token", n)
	}
}

func TestLastUse(t *testing.T) {
	ctx := context.Background()
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, text := h.enabled(t, as, "ci", time.Hour)
	if s := h.show(t, as, id); s.LastUsed != nil || s.LastUsedFrom != nil {
		t.Errorf("used before it was: %v", s)
	}
	h.pass(time.Second)
	if h.use(text) != "in" {
		t.Fatal("does not work")
	}
	used := h.clock()
	check := func(when string, s *shown) {
		t.Helper()
		if s.LastUsed == nil || !s.LastUsed.Equal(used) || s.LastUsedFrom == nil || *s.LastUsedFrom != "192.0.2.1" {
			t.Errorf("%s: last used %v from %v, want %v from 192.0.2.1", when, s.LastUsed, s.LastUsedFrom, used)
		}
	}
	check("before the flush", h.show(t, as, id))
	// A flush that fails loses nothing.
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := h.tokens.Flush(over, true); err == nil {
		t.Error("a flush with a context that is over succeeded")
	}
	check("after a flush that failed", h.show(t, as, id))
	if h.use(text) != "in" {
		t.Fatal("does not work")
	}
	must(t, h.tokens.Flush(ctx, false))
	check("after the flush", h.show(t, as, id))
	another := token.New(h.accounts, func() (*secret.Ring, error) { return nil, nil })
	list, _, err := another.ListUser(ctx, &auth.Principal{Type: auth.User, UserID: 6, UserType: auth.Enterprise, EnterpriseID: 1, Role: auth.RoleByID(10)}, 0, account.PageQuery{}, auth.Enterprise)
	must(t, err)
	if len(list) != 1 || !list[0].LastUsed.Equal(used) || list[0].LastUsedFrom != "192.0.2.1" {
		t.Errorf("in the store: %+v", list)
	}
	h.pass(time.Second)
	if h.use(text[:len(text)-2]) == "in" {
		t.Fatal("half a text works")
	}
	check("after a refused use", h.show(t, as, id))
}
