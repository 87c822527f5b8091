package portal_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A meter is an engine that counts what it is asked.
type meter struct {
	store.Engine
	views, commits, keys atomic.Int64
}

func (m *meter) View(ctx context.Context, f func(store.Reader) error) error {
	m.views.Add(1)
	return m.Engine.View(ctx, func(r store.Reader) error { return f(metered{r, m}) })
}

func (m *meter) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	return m.Engine.Commit(ctx, func(r store.Reader) ([]store.Write, error) {
		writes, err := f(metered{r, m})
		if len(writes) > 0 {
			m.commits.Add(1)
		}
		return writes, err
	})
}

type metered struct {
	store.Reader
	m *meter
}

func (r metered) Get(key []byte) ([]byte, error) {
	r.m.keys.Add(1)
	return r.Reader.Get(key)
}

// Work is what a request cost: password hashes, and what was asked of the store.
type work struct{ hashes, views, commits, keys int64 }

func (h *house) work(m *meter, f func()) work {
	before := work{h.accounts.Passwords.Hashes(), m.views.Load(), m.commits.Load(), m.keys.Load()}
	f()
	return work{h.accounts.Passwords.Hashes() - before.hashes, m.views.Load() - before.views, m.commits.Load() - before.commits, m.keys.Load() - before.keys}
}

func buildMetered(t *testing.T) (*house, *meter) {
	t.Helper()
	m := &meter{Engine: memory.New()}
	db := store.Open(m)
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	h.at(noon)
	return h, m
}

// seen is all that a caller sees of an answer that does not name the request.
func seen(w *httptest.ResponseRecorder) string {
	w.Header().Del("X-Request-Id")
	return fmt.Sprint(w.Code, w.Header(), w.Body)
}

// TestPasswordGuessing: by whatever door he comes, a guesser has five guesses for an account in a quarter of an hour; they are counted
// together. With a limit for those who are not signed in, he has as many as it says for all accounts from one address, and whoever
// comes from elsewhere is not kept waiting.
func TestPasswordGuessing(t *testing.T) {
	h := buildAt(t, noon)
	guesses := 0
	for i := range 30 {
		path := loginPaths[i%len(loginPaths)]
		who := []string{"ops@acme", "OPS@ACME", "Ops@Acme"}[i%3]
		if sessionIn(h.knock(path, who, "wrong", nil)) != "" {
			t.Fatal("in with a wrong password")
		}
		if guesses++; guesses == 5 {
			break
		}
	}
	for _, path := range loginPaths {
		if sessionIn(h.knock(path, "ops@acme", password, nil)) != "" {
			t.Errorf("%q opens after five wrong passwords by other doors", path)
		}
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":{"username":"support@acme","password":"correct horse 1"}}`
	if w := h.post("/portal", nil, "["+strings.Repeat(body+",", 99)+body+"]"); sessionIn(w) != "" || strings.Contains(w.Body.String(), `"result"`) {
		t.Errorf("a batch of logins: %s", w.Body)
	}
	h.setProperty(t, "vco.api.rateLimit.mode.logOnly", "false")
	h.setProperty(t, "vco.api.rateLimit.rules.global", `[{"type":"SYSTEM","policies":[{"match":{"type":"METHOD_PREFIX","value":"login/"},
		"rules":{"reservoir":20,"reservoirRefreshAmount":1,"reservoirRefreshInterval":60000}}]}]`)
	h.setProperty(t, "vco.api.rateLimit.enabled", "true")
	tried := 0
	for i := range 100 {
		if h.tried(afar, fmt.Sprintf("u%d@acme", i), "Winter 2027").Code == http.StatusFound {
			tried++
		}
	}
	if tried != 20 {
		t.Errorf("%d guesses for many accounts from one address, want 20", tried)
	}
	if !h.loginFrom(home, "support@acme", password) {
		t.Error("somebody elsewhere is kept out")
	}
}

// TestGuessingOnEveryAccount: who tries a password on one account after the other, from one address, has so many guesses, by whatever
// door, of users and of names that nobody has; then there is a pause behind each. Whoever comes from elsewhere notices nothing, and
// who shares his address waits, and gets in.
func TestGuessingOnEveryAccount(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme") // calls come from 192.0.2.1
	guess := func(i int) {
		t.Helper()
		switch path := loginPaths[i%len(loginPaths)]; {
		case i%10 == 9:
			r := h.call(as, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":"wrong","_update":{"email":"x@y"}}`)
			if r.Code != -32602 {
				t.Fatal(r)
			}
		case i%10 == 8:
			if w := h.post("/portal/rest/login/operatorLogin", nil, `{"username":"super","password":"wrong"}`); w.Code != http.StatusFound {
				t.Fatal(w.Code, w.Body)
			}
		case sessionIn(h.knock(path, fmt.Sprintf("u%d@acme", i), "Winter 2027", nil)) != "":
			t.Fatal("in with a wrong password")
		}
	}
	for i := range limit.FreeFailures {
		guess(i)
	}
	if n := h.pauses.Load(); n != 0 {
		t.Errorf("%d pauses behind %d guesses", n, limit.FreeFailures)
	}
	for i := range 30 {
		guess(i)
		if n := h.pauses.Load(); n != int64(i+1) {
			t.Fatalf("%d pauses behind %d more", n, i+1)
		}
	}
	if !h.loginFrom(home, "support@acme", password) || h.pauses.Load() != 30 {
		t.Error("somebody elsewhere is kept waiting")
	}
	if !h.loginFrom("192.0.2.1", "support@acme", password) || h.pauses.Load() != 31 {
		t.Error("somebody at the same address does not get in behind a pause")
	}
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != 0 {
		t.Errorf("the session: %v", r)
	}
	h.pass(limit.FreeFailures * limit.Forgotten)
	guess(0)
	if h.pauses.Load() != 31 {
		t.Error("a pause after a quarter of an hour")
	}
}

// TestGuessingByCredentials: who tries a password on one account of a directory after the other, by keeping credentials, is slowed
// down with those who try it at the door. A directory that does not answer slows nobody down.
func TestGuessingByCredentials(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "admin@acme")
	keep := func(name, password string, code int) {
		t.Helper()
		if r := h.call(as, "credential/insertCredential", fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)); r.Code != code {
			t.Fatalf("%s: %v", name, r)
		}
	}
	for range 2 * limit.FreeFailures {
		keep("down", right, -32012)
	}
	for i := range limit.FreeFailures {
		keep(fmt.Sprintf("u%d", i), "wrong 2027", -32010)
	}
	if n := h.pauses.Load(); n != 0 {
		t.Errorf("%d pauses", n)
	}
	keep("batch", right, 0)
	if n := h.pauses.Load(); n != 1 {
		t.Errorf("%d pauses behind %d guesses, want 1", n, limit.FreeFailures)
	}
	if h.loginFrom("192.0.2.1", "ops@acme", "wrong"); h.pauses.Load() != 2 {
		t.Error("at the door there is none")
	}
}

// A place that has guessed has a short line of those who wait. Who does not fit into it is told when to come again, alike for every
// name, and before anything is looked up; those who were told to are one event in a minute. Who waits takes part in nothing.
func TestLineOfGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := buildAt(t, noon)
		for i := range limit.FreeFailures {
			h.tried(afar, fmt.Sprintf("u%d@acme", i), "wrong")
		}
		over := make(chan struct{})
		h.pausing.Store(&over)
		hashes := h.accounts.Passwords.Hashes()
		answers := make(chan reply, limit.MostWaiting+1)
		for i := range cap(answers) {
			go func() { answers <- h.tried(afar, fmt.Sprintf("v%d@acme", i), "wrong") }()
		}
		synctest.Wait()
		var first string
		for _, name := range []string{"nobody@acme", "ops@acme", "super", "OPS@acme", "u1@acme"} {
			r := request("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":%q,"password":%q}`, name, password))
			r.RemoteAddr = afar + ":1"
			got := seen(h.answer(r))
			if first == "" {
				first = got
			}
			if got != first || !strings.Contains(got, "Retry-After:[10]") || !strings.Contains(got, "-32013") {
				t.Errorf("%s is told\n%s, others\n%s", name, got, first)
			}
		}
		if n := h.accounts.Passwords.Hashes() - hashes; n != 0 || h.pauses.Load() != 1 {
			t.Errorf("%d hashes for those who wait, %d pause", n, h.pauses.Load())
		}
		if !h.loginFrom(home, "ops@acme", password) {
			t.Error("somebody elsewhere waits, too")
		}
		close(over)
		for range cap(answers) {
			if r := <-answers; r.Code != http.StatusFound {
				t.Errorf("one who has waited: %v", r)
			}
		}
		must(t, h.accounts.FlushRefusals(t.Context(), true))
		told := h.told(t, auth.Network(), "LOGINS_SLOWED_DOWN")
		if len(told) == 0 || len(told) > 2 || told[0].Source != afar || strings.Contains(fmt.Sprint(details(told)), "acme") {
			t.Errorf("LOGINS_SLOWED_DOWN: %+v", told)
		}
	})
}

// TestUserEnumeration: who is a user is told by no answer to somebody who has not signed in, and by no work that it takes.
func TestUserEnumeration(t *testing.T) {
	h, m := buildMetered(t)
	super := h.session(t, "super")
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "true")
	h.good(t, super, "operatorUser/updateOperatorUser", `{"id":`+h.names["opstd"]+`,"_update":{"isActive":false}}`, nil)
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"readonly@acme","_update":{"isActive":false}}`, nil)
	h.enrolled(t, "support@acme")
	names := []string{"nobody@acme", "ops@acme", "readonly@acme", "support@acme", "opstd", "super", "admin@globex", "nobody", "admin@nowhere", "OPS@ACME"}
	for path, body := range map[string]string{
		"/portal/rest/login/enterpriseLogin":      `{"username":%q,"password":"wrong"}`,
		"/portal/rest/login/operatorLogin":        `{"username":%q,"password":"wrong"}`,
		"/login/doLogin.html":                     `{"username":%q,"password":"wrong"}`,
		"/portal":                                 `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":{"username":%q,"password":"wrong"}}`,
		"/portal/rest/login/requestPasswordReset": `{"username":%q}`,
		"/portal/rest/login/redeemPasswordReset":  `{"token":%q,"password":"correct horse 2","password2":"correct horse 2"}`,
	} {
		var first string
		var cost work
		for i, name := range names {
			h.pass(time.Hour) // nothing of the last try counts any more
			var got string
			w := h.work(m, func() { got = seen(h.post(path, nil, fmt.Sprintf(body, name))) })
			if i == 0 {
				first, cost = got, w
			}
			if got != first {
				t.Errorf("%s: %s is answered\n%s, %s\n%s", path, name, got, names[0], first)
			}
			if w.hashes != cost.hashes || w.views != cost.views || w.commits != cost.commits {
				t.Errorf("%s: %s takes %+v, %s %+v", path, name, w, names[0], cost)
			}
		}
	}
}

// TestTokenGuessing: what is not a token to the last bit is refused alike, mostly before the store is asked, and never at the cost of one
// that is good.
func TestTokenGuessing(t *testing.T) {
	h, m := buildMetered(t)
	as := h.session(t, "ops@acme")
	_, text := h.enabled(t, as, "ci", time.Hour)
	_, other := h.enabled(t, as, "other", time.Hour)
	pending := h.pending(t, as, "pending", time.Hour)
	h.good(t, bearing(text), "system/getVersionInfo", `{}`, nil)
	good := h.work(m, func() { h.post("/portal/rest/system/getVersionInfo", bearing(text), ``) })
	parts, others := strings.Split(text, "."), strings.Split(other, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	guesses := []string{
		parts[0] + "." + parts[1] + "." + others[2], parts[0] + "." + others[1] + "." + parts[2],
		none + "." + parts[1] + ".", none + "." + parts[1] + "." + parts[2],
		parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", text + "A", text + ".", " " + text[1:],
		strings.ToUpper(text), strings.ToLower(text), text + "\x00",
		strings.Repeat("A", len(text)), fmt.Sprint(pending), "null", "true", "0", strings.Repeat("a.", 30000),
		text + "=", text[:len(text)-1],
	}
	for i := 0; i < len(text); i += 7 {
		guesses = append(guesses, text[:i]+map[bool]string{true: "B", false: "A"}[text[i] == 'A']+text[i+1:])
	}
	var first string
	for _, guess := range guesses[:2] { // what has another's number is told, once a minute
		h.use(guess)
	}
	for _, guess := range guesses {
		var got string
		w := h.work(m, func() { got = seen(h.post("/portal/rest/system/getVersionInfo", bearing(guess), ``)) })
		if first == "" {
			first = got
		}
		if got != first || !strings.Contains(got, "tokenError [invalid token]") {
			t.Errorf("%.60q: %s", guess, got)
		}
		if w.keys > good.keys || w.hashes+w.commits != 0 {
			t.Errorf("%.60q takes %+v, a good one %+v", guess, w, good)
		}
	}
	cost := func(as http.Header) work {
		return h.work(m, func() { h.post("/portal/rest/system/getVersionInfo", as, ``) })
	}
	if garbage, nothing := cost(bearing(strings.Repeat("A", len(text)))), cost(nil); garbage != nothing {
		t.Errorf("garbage takes %+v, no token at all %+v", garbage, nothing)
	}
	h.good(t, bearing(text), "system/getVersionInfo", `{}`, nil)
}

// TestRefusalsAreBounded: however many calls of whatever method are refused, in a minute they leave a bounded number of events.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	h, _ := buildMetered(t)
	weak := h.session(t, "readonly@acme")
	_, dead := h.enabled(t, h.session(t, "ops@acme"), "dead", time.Minute)
	h.pass(time.Minute)
	names := slices.DeleteFunc(published(t, h), func(name string) bool { return name == "logout" })
	events := func() (n int) {
		must(t, h.accounts.Store.View(t.Context(), func(tx store.Tx) error {
			return tx.Scan(store.Prefix([]byte("event/r")), func([]byte, []byte) (bool, error) { n++; return true, nil })
		}))
		return n
	}
	before, calls, serial := events(), 0, 0
	for _, as := range []http.Header{nil, weak, bearing(dead), {"Authorization": {"Bearer x"}}} {
		for _, name := range names {
			for s := range ended {
				if as != nil && as.Get("Cookie") != "" && doorways[name].public {
					continue
				}
				calls++
				h.call(as, name, doorways[name].fill(h, 9, s, &serial))
			}
		}
	}
	must(t, h.accounts.FlushRefusals(t.Context(), true))
	if n := events() - before; n > 60 {
		t.Errorf("%d events of %d refused calls", n, calls)
	}
}
