package portal_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// loginFrom tries a login from an address and says whether it opened.
func (h *house) loginFrom(address, who, password string) bool {
	path := "/portal/rest/login/enterpriseLogin"
	if !strings.Contains(who, "@") {
		path = "/portal/rest/login/operatorLogin"
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(fmt.Sprintf(`{"username":%q,"password":%q}`, who, password)))
	if r.RemoteAddr = address + ":1234"; strings.Contains(address, ":") {
		r.RemoteAddr = "[" + address + "]:1234"
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w.Code == http.StatusOK
}

func (h *house) fail(t testing.TB, n int, address, who string) {
	t.Helper()
	for range n {
		if h.loginFrom(address, who, "wrong") {
			t.Fatalf("%s got in with a wrong password", who)
		}
	}
}

func (h *house) locked(t testing.TB, who string) bool {
	t.Helper()
	var u struct{ IsLocked int }
	method, name := "enterpriseUser/getEnterpriseUser", "admin@acme"
	if !strings.Contains(who, "@") {
		method, name = "operatorUser/getOperatorUser", "super"
	}
	h.good(t, h.session(t, name), method, `{"username":"`+who+`"}`, &u)
	return u.IsLocked == 1
}

const home, afar = "198.51.100.1", "203.0.113.9"

func TestLockout(t *testing.T) {
	h := buildAt(t, noon)
	h.fail(t, 4, afar, "ops@acme")
	if !h.loginFrom(afar, "ops@acme", password) {
		t.Fatal("locked out after four failures, want five")
	}
	h.fail(t, 4, afar, "OPS@Acme") // the login above began the count anew; a name's letter case is no way around it
	if h.locked(t, "ops@acme") {
		t.Error("isLocked after four failures")
	}
	h.fail(t, 1, afar, "ops@acme")
	if h.loginFrom(afar, "ops@acme", password) {
		t.Error("the right password opened a locked-out account")
	}
	if !h.loginFrom(home, "ops@acme", password) || !h.loginFrom(afar, "support@acme", password) {
		t.Error("another place, or another account, is locked out too")
	}
	if !h.locked(t, "ops@acme") || h.locked(t, "support@acme") {
		t.Error("isLocked must be 1 for ops@acme and 0 for support@acme")
	}
	told := h.told(t, acme(t, h), "USER_LOCKOUT")
	if len(told) != 1 || told[0].Source != afar || told[0].Actor != "" || !strings.Contains(string(told[0].Detail), `"username":"ops@acme"`) {
		t.Errorf("USER_LOCKOUT: %v", details(told))
	}
	h.pass(15*time.Minute - time.Millisecond)
	if h.loginFrom(afar, "ops@acme", password) {
		t.Error("in before the time was up")
	}
	h.pass(time.Millisecond)
	if !h.loginFrom(afar, "ops@acme", password) {
		t.Error("still locked out after the time")
	}
}

// Failures long ago count no more.
func TestFailuresAreForgotten(t *testing.T) {
	h := buildAt(t, noon)
	h.fail(t, 4, afar, "ops@acme")
	h.pass(15 * time.Minute)
	h.fail(t, 4, afar, "ops@acme")
	if !h.loginFrom(afar, "ops@acme", password) {
		t.Error("old failures were counted")
	}
}

// Each property acts with the next call, for its own kind of users, also on who is locked out already.
func TestLockoutProperties(t *testing.T) {
	for _, k := range []struct{ who, other, properties, others string }{
		{"ops@acme", "opstd", "enterprise.user.lockout.", "operator.user.lockout."},
		{"std@northwind", "opstd", "enterprise.user.lockout.", "operator.user.lockout."},
		{"opstd", "ops@acme", "operator.user.lockout.", "enterprise.user.lockout."},
	} {
		t.Run(k.who, func(t *testing.T) {
			h := buildAt(t, noon)
			in := func(want bool, why string) {
				t.Helper()
				if got := h.loginFrom(afar, k.who, password); got != want {
					t.Errorf("%s: in %v, want %v", why, got, want)
				}
			}
			h.setProperty(t, k.properties+"defaultAttempts", "2")
			h.setProperty(t, k.others+"defaultAttempts", "9")
			h.fail(t, 2, afar, k.who)
			in(false, "two attempts")
			h.fail(t, 5, afar, k.other)
			if !h.loginFrom(afar, k.other, password) {
				t.Error("the other kind's bound is not its own")
			}
			h.setProperty(t, k.properties+"enabled", "false")
			in(true, "lock-out switched off")
			h.setProperty(t, k.properties+"enabled", "true")
			h.fail(t, 2, afar, k.who)
			h.pass(time.Minute)
			in(false, "a minute later")
			h.setProperty(t, k.properties+"defaultDurationSeconds", "60")
			in(true, "the duration is a minute")
		})
	}
}

func TestLockoutPropertiesAreChecked(t *testing.T) {
	h := build(t)
	super := h.session(t, "super")
	for _, of := range []string{"enterprise", "operator"} {
		for name, values := range map[string][]string{"defaultAttempts": {"0", "-1", "1001", "x", "1.5"}, "defaultDurationSeconds": {"0", "604801", ""}, "enabled": {"yes", ""}} {
			for _, v := range values {
				if r := h.call(super, "systemProperty/updateSystemProperty", fmt.Sprintf(`{"name":"%s.user.lockout.%s","_update":{"value":%q}}`, of, name, v)); r.Code != -32602 {
					t.Errorf("%s %s %q: %v", of, name, v, r)
				}
			}
		}
	}
}

// Of any number of passwords tried at once, no more than the allowed number count; one that is right comes in only before.
func TestThousandLoginsAtOnce(t *testing.T) {
	h := buildAt(t, noon)
	cpus := runtime.GOMAXPROCS(16) // so that the queue takes them all
	h.accounts.Passwords = secret.NewPasswords(cheap, h.accounts.Random())
	runtime.GOMAXPROCS(cpus)
	for _, r := range together(1000, func(int) reply { return h.tried(afar, "ops@acme", "wrong") }) {
		if r.Code != http.StatusFound && r.Code != http.StatusTooManyRequests {
			t.Fatalf("a wrong password: %v", r)
		}
	}
	if h.loginFrom(afar, "ops@acme", password) {
		t.Error("not locked out after a thousand")
	}
	if n := len(h.told(t, acme(t, h), "USER_LOCKOUT")); n != 1 {
		t.Errorf("%d USER_LOCKOUT, want 1", n)
	}
	// Good logins at once do not shut each other out, nor do a few bad ones among them.
	for i, r := range together(20, func(i int) reply {
		if !h.loginFrom(home, "support@acme", password) {
			return reply{Code: 1}
		}
		return reply{}
	}) {
		if r.Code != 0 {
			t.Errorf("good login %d was refused", i)
		}
	}
}

// tried answers the status of a login.
func (h *house) tried(address, who, password string) reply {
	r := httptest.NewRequest("POST", "/portal/rest/login/enterpriseLogin", strings.NewReader(fmt.Sprintf(`{"username":%q,"password":%q}`, who, password)))
	r.RemoteAddr = address + ":1"
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return reply{Code: w.Code}
}

// A stranger's ten thousand wrong passwords stop neither an automation's token nor a user's session, nor his login from
// where he always is; and they cost a bounded number of writes and events.
func TestStrangersWrongPasswords(t *testing.T) {
	t.Parallel()
	h := buildAt(t, noon)
	h.accounts.Passwords = secret.NewPasswords(secret.Cost{MemoryKiB: 8, Passes: 1, Lanes: 1}, h.accounts.Random()) // there are many
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"password":"correct horse 1"}}`, nil)
	if !h.loginFrom(home, "ops@acme", password) {
		t.Fatal("cannot log in")
	}
	as := h.session(t, "ops@acme")
	_, text := h.enabled(t, as, "ci", time.Hour)
	if !h.loginFrom(home, "ops@acme", password) {
		t.Fatal("cannot log in")
	}
	for i := range 10000 {
		h.loginFrom(fmt.Sprintf("203.0.%d.%d", i%50, i%7), "ops@acme", "wrong")
	}
	if got := h.use(text); got != "in" {
		t.Errorf("the token: %s", got)
	}
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != 0 {
		t.Errorf("the session: %v", r)
	}
	if !h.loginFrom(home, "ops@acme", password) {
		t.Error("a crowd elsewhere locked the user out at home")
	}
	if h.loginFrom("192.0.2.77", "ops@acme", password) {
		t.Error("a place never seen before is not counted with the crowd")
	}
	must(t, h.accounts.FlushRefusals(context.Background(), true))
	if n := len(h.told(t, acme(t, h), "USER_LOCKOUT")); n > 33 {
		t.Errorf("%d USER_LOCKOUT, want one for each counted place", n)
	}
	if n := len(h.told(t, acme(t, h), "USER_LOGIN_FAILURE")); n > 1100 {
		t.Errorf("%d USER_LOGIN_FAILURE", n)
	}
	h.pass(time.Hour)
	must(t, h.tokens.Sweep(context.Background()))
	if h.locked(t, "ops@acme") {
		t.Error("isLocked after an hour")
	}
}

// A password that was right when it was looked at comes too late when the bound was reached in between.
func TestLoginAsksTheCountInItsOwnUpdate(t *testing.T) {
	ctx := context.Background()
	h := buildAt(t, noon)
	u, in, err := h.accounts.FindUser(ctx, account.System("test"), 0, "ops@acme")
	must(t, err)
	by := &auth.Principal{Call: auth.Call{Source: afar}}
	login := func() (ok bool) {
		must(t, h.accounts.Store.Update(ctx, func(tx store.Tx) error {
			got, err := h.accounts.LoggedIn(tx, by, u, "", "")
			ok = got != nil
			return err
		}))
		return ok
	}
	if !login() {
		t.Fatal("cannot log in")
	}
	for range 5 {
		must(t, h.accounts.Failed(ctx, by, in, account.Attempt{User: u, Name: u.Username, Source: afar}))
	}
	if login() {
		t.Error("in after the bound was reached")
	}
}

// One who has a network of IPv6 addresses is one place.
func TestNeighboursInIPv6AreOnePlace(t *testing.T) {
	h := buildAt(t, noon)
	for i := range 5 {
		h.fail(t, 1, fmt.Sprintf("2001:db8::%x", i+1), "ops@acme")
	}
	if h.loginFrom("2001:db8::ffff", "ops@acme", password) {
		t.Error("an address of the same network is not locked out")
	}
	if !h.loginFrom("2001:db8:0:1::1", "ops@acme", password) {
		t.Error("another network is locked out")
	}
}

func TestLockoutSurvivesARestart(t *testing.T) {
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	h.fail(t, 5, afar, "ops@acme")
	again := assemble(t, db, zerolog.Nop())
	if again.loginFrom(afar, "ops@acme", password) {
		t.Error("a restart ended the lock-out")
	}
}

func TestUnlocking(t *testing.T) {
	h := buildAt(t, noon)
	admin, super := h.session(t, "admin@acme"), h.session(t, "super")
	h.fail(t, 5, afar, "ops@acme")
	h.fail(t, 5, afar, "opstd")
	ops := h.session(t, "ops@acme")
	if r := h.call(ops, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isLocked":false}}`); r.Code != -32002 {
		t.Errorf("one who unlocks himself: %v", r)
	}
	h.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isLocked":false}}`, nil)
	h.good(t, super, "operatorUser/updateOperatorUser", `{"username":"opstd","_update":{"isLocked":false}}`, nil)
	if h.locked(t, "ops@acme") || !h.loginFrom(afar, "ops@acme", password) || !h.loginFrom(afar, "opstd", password) {
		t.Error("still locked out")
	}
	if told := h.told(t, acme(t, h), "UPDATE_USER"); len(told) != 1 || !strings.Contains(string(told[0].Detail), `"changed":["isLocked"]`) {
		t.Errorf("UPDATE_USER: %v", details(told))
	}
	h.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isLocked":false}}`, nil)
	if n := len(h.told(t, acme(t, h), "UPDATE_USER")); n != 1 {
		t.Errorf("unlocking an account that is not locked is %d events, want none more", n-1)
	}
	// A new password ends it too.
	h.fail(t, 5, afar, "ops@acme")
	h.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"password":"correct horse 2"}}`, nil)
	if !h.loginFrom(afar, "ops@acme", "correct horse 2") {
		t.Error("locked out after a new password")
	}
}

// Whoever has a stolen session guesses the current password no more often than at the door, and together with it.
func TestCurrentPasswordCounts(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	change := func(current string) int {
		return h.call(as, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":"`+current+`","_update":{"email":"x@y"}}`).Code
	}
	const here = "192.0.2.1" // where call comes from
	h.fail(t, 3, here, "ops@acme")
	for range 2 {
		if code := change("wrong"); code != -32602 {
			t.Fatal(code)
		}
	}
	if code := change(password); code != -32602 {
		t.Errorf("the right current password of a locked-out account: %d", code)
	}
	if h.loginFrom(here, "ops@acme", password) {
		t.Error("not locked out at the door")
	}
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != 0 {
		t.Errorf("the session: %v", r)
	}
	h.pass(15 * time.Minute)
	if code := change(password); code != 0 {
		t.Errorf("afterwards: %d", code)
	}
}

// A right current password of a locked-out account is refused like a wrong one, at the cost of one: more work would tell who guesses
// with a stolen session that he has found it.
func TestCurrentPasswordOfALockedOutAccount(t *testing.T) {
	h, m := buildMetered(t)
	as := h.session(t, "ops@acme")
	for _, c := range []struct{ name, method, params string }{
		{"a new password", "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":%q,"_update":{"password":"correct horse 9","password2":"correct horse 9"}}`},
		{"an address", "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":%q,"_update":{"email":"x@y"}}`},
		{"password/change", "password/change", `{"currentPassword":%q,"password":"correct horse 9","password2":"correct horse 9"}`},
		{"a second factor", "secondFactor/enroll", `{"currentPassword":%q}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.pass(time.Hour)
			h.fail(t, 5, "192.0.2.1", "ops@acme")
			try := func(current string) (answer reply, cost work) {
				cost = h.work(m, func() { answer = h.call(as, c.method, fmt.Sprintf(c.params, current)) })
				return answer, cost
			}
			try("wrong") // the first in a minute is told
			wrong, costs := try("wrong")
			right, cost := try(password)
			if fmt.Sprint(right) != fmt.Sprint(wrong) || cost != costs {
				t.Errorf("right: %v, %+v\nwrong: %v, %+v", right, cost, wrong, costs)
			}
		})
	}
}

// Locked out, unknown and wrong: one answer, one hash.
func TestLockedOutCostsTheSameWork(t *testing.T) {
	h := buildAt(t, noon)
	h.fail(t, 5, "192.0.2.1", "ops@acme")
	var first string
	for _, c := range [][2]string{{"ops@acme", password}, {"ops@acme", "wrong"}, {"nobody@acme", "wrong"}, {"support@acme", "wrong"}} {
		before := h.accounts.Passwords.Hashes()
		w := h.post("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":%q,"password":%q}`, c[0], c[1]))
		w.Header().Del("X-Request-Id")
		answer := fmt.Sprint(w.Code, w.Header(), w.Body)
		if first == "" {
			first = answer
		}
		if n := h.accounts.Passwords.Hashes() - before; n != 1 || answer != first {
			t.Errorf("%s with %s: %d hashes, %s", c[0], c[1], n, answer)
		}
	}
}

// Names that nobody has are counted in a fixed number of records, and swept.
func TestUnknownNamesAreBounded(t *testing.T) {
	t.Parallel()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	for i := range 2000 {
		h.loginFrom(fmt.Sprintf("203.0.113.%d", i%200), fmt.Sprintf("nobody%d@x", i), "wrong")
	}
	if n := countKeys(t, db, "lockout/r"); n == 0 || n > 1024 {
		t.Errorf("%d records of names that nobody has", n)
	}
	if n := len(h.told(t, auth.Network(), "USER_LOCKOUT")); n != 0 {
		t.Errorf("%d USER_LOCKOUT of names that nobody has", n)
	}
	h.pass(time.Hour)
	must(t, h.tokens.Sweep(context.Background()))
	if n := countKeys(t, db, "lockout/r"); n != 0 {
		t.Errorf("%d records after the sweep", n)
	}
}

func countKeys(t testing.TB, db *store.DB, prefix string) (n int) {
	t.Helper()
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Prefix([]byte(prefix)), func([]byte, []byte) (bool, error) {
			n++
			return true, nil
		})
	}))
	return n
}
