package portal_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/auth/verify/ldap"
	"github.com/portico-vco/portico/store"
)

// A rehearsed directory is of kind test: its configuration has the passwords of some users, hyphens for blanks, because events
// have the configuration and must not have the passwords, and of others what always comes of them.
type rehearsed struct {
	Kind     string                    `json:"kind"`
	Users    map[string]string         `json:"users"`
	Outcomes map[string]verify.Outcome `json:"outcomes"`

	gate *gate
}

// A gate counts what the directories of a house are asked, and lets a test do something meanwhile.
type gate struct {
	mu     sync.Mutex
	asked  int
	during func()
}

// kinds are the kinds of directories that a house knows.
func (h *house) kinds() verify.Options {
	return verify.Options{Kinds: map[string]verify.Kind{"ldap": ldap.New, "test": h.gate.rehearse}, Now: h.clock}
}

func (g *gate) rehearse(config []byte) (verify.Directory, error) {
	d := rehearsed{gate: g}
	err := json.Unmarshal(config, &d)
	return &d, err
}

func (g *gate) questions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

func (d *rehearsed) Address() string { return "directory.example:636" }

func (d *rehearsed) Account(name string) (string, bool) { return strings.ToLower(name), true }

func (d *rehearsed) Verify(_ context.Context, name string, password secret.Text) (verify.Outcome, error) {
	d.gate.mu.Lock()
	d.gate.asked++
	during := d.gate.during
	d.gate.mu.Unlock()
	if during != nil {
		during()
	}
	if o := d.Outcomes[name]; o == verify.Unavailable {
		return o, fmt.Errorf("%w: no route to the directory", verify.ErrNotAsked)
	} else if o != "" {
		return o, nil
	}
	if password != "" && d.Users[name] == strings.ReplaceAll(string(password), " ", "-") {
		return verify.OK, nil
	}
	return verify.Invalid, nil
}

// foreign makes users of Acme and the operator such whose passwords a directory keeps.
func (h *house) foreign(t testing.TB, who ...string) {
	t.Helper()
	h.anyMode(t)
	for _, name := range who {
		as, method := h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser"
		if !strings.Contains(name, "@") {
			as, method = h.session(t, "super"), "operatorUser/updateOperatorUser"
		}
		h.good(t, as, method, `{"username":"`+name+`","_update":{"isNative":false}}`, nil)
	}
}

// directory sets the verifier of Acme.
func (h *house) directory(t testing.TB, config string) {
	t.Helper()
	_, err := h.accounts.SetTenantProperty(context.Background(), account.System("test"), acme(t, h), "portico.verifier", account.TenantPropertyUpdate{Value: config})
	must(t, err)
}

const theirs = `{"kind":"test","users":{"ops@acme":"windows"},"outcomes":{"support@acme":"LOCKED"}}`

// Of who is not native no hash is kept: not when he is made, not when he becomes so, and not when he logs in.
func TestNoHashOfWhoIsNotNative(t *testing.T) {
	h := build(t)
	h.setPolicy(t, "enterprise", `{"history":{"enable":true,"count":3}}`)
	h.give(h.session(t, "admin@acme"), "ops@acme", "correct horse 2")
	if u := h.find(t, "ops@acme"); u.Password == "" || len(u.Earlier) != 1 {
		t.Fatalf("%d earlier passwords", len(u.Earlier))
	}
	h.foreign(t, "readonly@acme")
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isNative":false}}`, nil)
	h.good(t, h.session(t, "admin@acme"), "enterprise/insertEnterpriseUser", `{"username":"new@acme","password":"correct horse 1","roleId":10,"isNative":false}`, nil)
	h.directory(t, theirs)
	h.sessionUsing(t, "ops@acme", "windows")
	for _, name := range []string{"ops@acme", "new@acme", "readonly@acme"} {
		if u := h.find(t, name); u.Password != "" || len(u.Earlier) > 0 || !u.PasswordModified.IsZero() {
			t.Errorf("%s: %q, %v, %v", name, u.Password, u.Earlier, u.PasswordModified)
		}
	}
	// Once native he has the one that he is given then, and no other before it.
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isNative":true,"password":"correct horse 2"}}`, nil)
	if u := h.find(t, "ops@acme"); u.Password == "" || len(u.Earlier) > 0 {
		t.Errorf("%q, %v", u.Password, u.Earlier)
	}
}

// A store of before there were verifiers has hashes of such users. One that would be made anew at the next login was replaced by that of
// the password which the directory knows.
func TestNoRehashOfWhoIsNotNative(t *testing.T) {
	h := build(t)
	old := h.find(t, "ops@acme").Password
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	must(t, h.accounts.Store.Update(t.Context(), func(tx store.Tx) error {
		u, err := h.accounts.UserIn(tx, h.find(t, "ops@acme").ID)
		if err != nil {
			return err
		}
		kept := *u
		kept.Password = old
		return h.accounts.PutServiceAccount(tx, &kept)
	}))
	h.accounts.Passwords = secret.NewPasswords(secret.Cost{MemoryKiB: 2 * cheap.MemoryKiB, Passes: cheap.Passes, Lanes: cheap.Lanes}, rand.Reader)
	h.sessionUsing(t, "ops@acme", "windows")
	if u := h.find(t, "ops@acme"); u.Password != old {
		t.Errorf("%q", u.Password)
	}
}

// Whatever a directory says, or whether it is asked at all: a login costs the work of one hash. Of who may not get in anyway a
// directory hears nothing.
func TestDirectoryLoginsCostTheSameWork(t *testing.T) {
	h := build(t)
	h.foreign(t, "ops@acme", "support@acme", "readonly@acme")
	h.directory(t, theirs)
	h.setProperty(t, "enterprise.user.lockout.defaultAttempts", "1")
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"readonly@acme","_update":{"isActive":false}}`, nil)
	for _, c := range []struct {
		name, password string
		asked          int
	}{
		{"nobody@acme", "x", 0}, {"ops@acme", "windows", 1}, {"support@acme", "x", 1}, {"ops@acme", "", 0}, {"ops@acme", "wrong", 1},
		{"ops@acme", "windows", 0}, {"readonly@acme", "windows", 0},
	} {
		hashes, asked := h.accounts.Passwords.Hashes(), h.gate.questions()
		h.post("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":%q,"password":%q}`, c.name, c.password))
		hashes, asked = h.accounts.Passwords.Hashes()-hashes, h.gate.questions()-asked
		if c.password == "" {
			hashes++ // refused for its params
		}
		if hashes != 1 || asked != c.asked {
			t.Errorf("%s with %q: %d hashes and %d questions, want 1 and %d", c.name, c.password, hashes, asked, c.asked)
		}
	}
}

// A directory that does not answer reads like a wrong password, and nothing is held against anybody for it. Administrators see why, and
// so does the user himself once he has signed in.
func TestUnavailableIsNoFailure(t *testing.T) {
	h := build(t)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	as := h.sessionUsing(t, "ops@acme", "windows")
	h.directory(t, `{"kind":"test","outcomes":{"ops@acme":"UNAVAILABLE"}}`)
	unknown := h.loginWith("nobody@acme", "windows", "")
	for range 10 {
		w := h.loginWith("ops@acme", "windows", "")
		if w.Code != unknown.Code || w.Body.String() != unknown.Body.String() || w.Header().Get("Set-Cookie") != unknown.Header().Get("Set-Cookie") {
			t.Fatalf("%d %s %v", w.Code, w.Body, w.Header())
		}
	}
	if told := h.told(t, acme(t, h), "USER_LOGIN_FAILURE"); len(told) == 0 || !strings.Contains(string(told[0].Detail), `"outcome":"UNAVAILABLE"`) {
		t.Errorf("told %v", details(told))
	}
	if r := h.call(as, "secondFactor/enroll", `{"currentPassword":"windows"}`); r.Code != -32012 {
		t.Errorf("signed in: %v", r)
	}
	h.directory(t, theirs)
	h.sessionUsing(t, "ops@acme", "windows")
}

// What goes wrong with one answer of a directory is the matter of one call.
func TestFaultOfAVerifier(t *testing.T) {
	h := build(t)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	h.gate.mu.Lock()
	h.gate.during = func() { panic("what is this answer?") }
	h.gate.mu.Unlock()
	if w := h.loginWith("ops@acme", "windows", ""); w.Code != http.StatusInternalServerError {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.gate.mu.Lock()
	h.gate.during = nil
	h.gate.mu.Unlock()
	h.sessionUsing(t, "ops@acme", "windows")
}

// Two wrong passwords are all that the directory hears of. Then the right one reads like them, and an administrator sees why.
func TestThrottledLogin(t *testing.T) {
	h := buildAt(t, noon)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	for i, password := range []string{"wrong", "wrong", "windows", "windows"} {
		w := h.loginWith("ops@acme", password, "")
		if w.Code != http.StatusFound || !strings.Contains(w.Header().Get("Set-Cookie"), "Invalid%20username") {
			t.Errorf("%d: %d %v", i, w.Code, w.Header())
		}
	}
	if n := h.gate.questions(); n != 2 {
		t.Errorf("the directory was asked %d times, want 2", n)
	}
	if told := h.told(t, acme(t, h), "USER_LOGIN_FAILURE"); len(told) != 2 || !strings.Contains(string(told[0].Detail), `"outcome":"THROTTLED"`) {
		t.Errorf("told %v", details(told))
	}
	h.pass(30 * time.Minute)
	h.sessionUsing(t, "ops@acme", "windows")
}

// The portal's own lock-out holds for one place alone, and ends the questions from there.
func TestDirectoryLockout(t *testing.T) {
	h := build(t)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	h.setProperty(t, "enterprise.user.lockout.defaultAttempts", "1")
	if h.loginFrom(afar, "ops@acme", "wrong") || h.loginFrom(afar, "ops@acme", "windows") || h.gate.questions() != 1 {
		t.Errorf("the lock-out does not hold: %d questions", h.gate.questions())
	}
	if !h.locked(t, "ops@acme") || !h.loginFrom(home, "ops@acme", "windows") {
		t.Error("it is not that of one place")
	}
}

// What was proved of a user by a name is proved of nobody when he has changed meanwhile.
func TestChangedWhileTheDirectoryIsAsked(t *testing.T) {
	for name, update := range map[string]string{
		"renamed": `{"username":"other"}`, "disabled": `{"isActive":false}`, "native": `{"isNative":true,"password":"correct horse 4"}`, "deleted": "",
		"not at all": `{}`,
	} {
		h := build(t)
		h.foreign(t, "opstd")
		h.setProperty(t, "portico.verifier", `{"kind":"test","users":{"opstd":"windows"}}`)
		super := h.session(t, "super")
		h.gate.mu.Lock()
		h.gate.during = func() {
			if update == "" {
				h.good(t, super, "operatorUser/deleteOperatorUser", `{"username":"opstd"}`, nil)
				return
			}
			h.good(t, super, "operatorUser/updateOperatorUser", `{"username":"opstd","_update":`+update+`}`, nil)
		}
		h.gate.mu.Unlock()
		want := http.StatusFound
		if update == `{}` {
			want = http.StatusOK
		}
		if w := h.loginWith("opstd", "windows", ""); w.Code != want {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// The second factor is asked for as of others, and enrolled with the password that the directory knows. The portal's expiry of
// passwords is not for those that it does not keep.
func TestSecondFactorBesideADirectory(t *testing.T) {
	h := buildAt(t, noon)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	h.setPolicy(t, "enterprise", `{"expiry":{"enable":true,"days":1}}`)
	h.setProperty(t, "vco.enterprise.authentication.twoFactor.require", "true")
	as := h.sessionUsing(t, "ops@acme", "windows")
	if r := h.call(as, "enterprise/getEnterprise", `{}`); r.Code != -32002 || !strings.Contains(r.Message, "second factor") {
		t.Errorf("without a second factor: %v", r)
	}
	if r := h.call(as, "secondFactor/enroll", `{"currentPassword":"correct horse 1"}`); r.Code != -32602 {
		t.Errorf("enroll with the password of before: %v", r)
	}
	var e struct{ Seed string }
	h.good(t, as, "secondFactor/enroll", `{"currentPassword":"windows"}`, &e)
	h.good(t, as, "secondFactor/confirm", `{"code":"`+h.code(secret.Text(e.Seed), 0)+`"}`, nil)
	h.pass(30 * time.Second)
	for code, want := range map[string]int{"": http.StatusFound, "123456": http.StatusFound, h.code(secret.Text(e.Seed), 0): http.StatusOK} {
		if w := h.loginWith("ops@acme", "windows", code); w.Code != want {
			t.Errorf("%q: %d, want %d", code, w.Code, want)
		}
	}
}

// Of many right passwords at once each signs in, for none is a guess; the directory is asked one after the other.
func TestDirectoryLoginsAtOnce(t *testing.T) {
	h := build(t)
	h.foreign(t, "ops@acme")
	h.directory(t, theirs)
	for i, r := range together(8, func(int) reply { return reply{Code: h.loginWith("ops@acme", "windows", "").Code} }) {
		if r.Code != http.StatusOK {
			t.Errorf("%d: %d", i, r.Code)
		}
	}
}

// The verifier of a tenant is that of its credentials, too, and one throttle stands in front of both: who guesses by logging in does not go
// on by keeping credentials.
func TestCredentialsByTheVerifierOfTheTenant(t *testing.T) {
	h := build(t)
	h.logins.configured = h.accounts.Verifiers
	h.foreign(t, "ops@acme")
	as := h.session(t, "admin@acme")
	insert := func(username, password string) reply {
		return h.call(as, "credential/insertCredential", fmt.Sprintf(`{"username":%q,"password":%q}`, username, password))
	}
	if r := insert("ops@acme", "windows"); r.Code != -32006 || !strings.Contains(r.Message, "no verifier is configured") {
		t.Errorf("none configured: %v", r)
	}
	h.directory(t, theirs)
	if r := insert("support@acme", "windows"); r.Code != -32010 || !strings.Contains(string(r.Error), "LOCKED") {
		t.Errorf("locked: %v %s", r, r.Error)
	}
	if r := insert("ops@acme", "wrong"); r.Code != -32010 || !strings.Contains(string(r.Error), "INVALID") {
		t.Errorf("wrong: %v %s", r, r.Error)
	}
	h.loginWith("ops@acme", "wrong", "")
	asked := h.gate.questions()
	if r := insert("OPS@acme", "windows"); r.Code != -32013 || h.gate.questions() != asked {
		t.Errorf("throttled: %v, asked %d times more", r, h.gate.questions()-asked)
	}
	h.pass(30 * time.Minute)
	as = h.session(t, "admin@acme")
	for config, status := range map[string]string{theirs: "VERIFIED", `{"kind":"none"}`: "UNVERIFIED"} {
		h.directory(t, config)
		name := "ops@acme"
		if status == "UNVERIFIED" {
			name = "anybody"
		}
		if r := insert(name, "windows"); r.Code != 0 || !strings.Contains(string(r.Result), `"status":"`+status+`"`) {
			t.Errorf("%s: %v %s", status, r, r.Result)
		}
	}
}
