package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// enrolled gives a user a second factor and answers its seed and recovery codes. The step that confirmed it is over then.
func (h *house) enrolled(t testing.TB, who string) (seed secret.Text, codes []string) {
	t.Helper()
	as := h.session(t, who)
	var e struct{ URI, Seed string }
	h.good(t, as, "secondFactor/enroll", `{"currentPassword":"correct horse 1"}`, &e)
	var c struct{ RecoveryCodes []string }
	h.good(t, as, "secondFactor/confirm", `{"code":"`+h.code(secret.Text(e.Seed), 0)+`"}`, &c)
	h.pass(30 * time.Second)
	return secret.Text(e.Seed), c.RecoveryCodes
}

// code is that of a step from now.
func (h *house) code(seed secret.Text, steps int64) string {
	return string(secret.CodeAt(seed, secret.Step(h.clock())+steps))
}

// loginWith tries a login with a second factor.
func (h *house) loginWith(who, password, code string) *httptest.ResponseRecorder {
	path := "/portal/rest/login/enterpriseLogin"
	if !strings.Contains(who, "@") {
		path = "/portal/rest/login/operatorLogin"
	}
	return h.post(path, nil, fmt.Sprintf(`{"username":%q,"password":%q,"password2":%q}`, who, password, code))
}

func TestSecondFactor(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	if r := h.call(as, "secondFactor/confirm", `{"code":"123456"}`); r.Code != -32006 {
		t.Errorf("confirm before enroll: %v", r)
	}
	if r := h.call(as, "secondFactor/enroll", `{"currentPassword":"wrong"}`); r.Code != -32602 {
		t.Errorf("enroll with a wrong password: %v", r)
	}
	var e struct{ URI, Seed string }
	h.good(t, as, "secondFactor/enroll", `{"currentPassword":"correct horse 1"}`, &e)
	u, err := url.Parse(e.URI)
	must(t, err)
	if q := u.Query(); u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/portal.example:ops@acme" || q.Get("secret") != e.Seed || q.Get("issuer") != "portal.example" {
		t.Errorf("uri %q of seed %q", e.URI, e.Seed)
	}
	seed := secret.Text(e.Seed)
	if r := h.call(as, "secondFactor/confirm", `{"code":"`+h.code(seed, 5)+`"}`); r.Code != -32602 {
		t.Errorf("confirm with a wrong code: %v", r)
	}
	if w := h.loginWith("ops@acme", password, ""); w.Code != 200 {
		t.Errorf("an enrolment that is not confirmed is asked for: %d", w.Code)
	}
	var c struct{ RecoveryCodes []string }
	first := h.code(seed, 0)
	h.good(t, as, "secondFactor/confirm", `{"code":"`+first+`"}`, &c)
	if len(c.RecoveryCodes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(c.RecoveryCodes)))) != 10 {
		t.Errorf("recovery codes %q", c.RecoveryCodes)
	}
	for what, params := range map[string]string{"confirm": `{"code":"` + h.code(seed, 1) + `"}`, "enroll": `{"currentPassword":"correct horse 1"}`} {
		if r := h.call(as, "secondFactor/"+what, params); r.Code != -32006 {
			t.Errorf("a second %s: %v", what, r)
		}
	}
	for _, l := range []struct {
		name, code string
		want       int
	}{
		{"no code", "", 302},
		{"the code of the enrolment", first, 302},
		{"another code", "000000", 302},
		{"the one after", h.code(seed, 1), 200},
		{"the same again", h.code(seed, 1), 302},
	} {
		if w := h.loginWith("ops@acme", password, l.code); w.Code != l.want {
			t.Errorf("%s: %d, want %d", l.name, w.Code, l.want)
		}
	}
	h.pass(5 * time.Minute)
	for _, l := range []struct {
		name, code string
		want       int
	}{
		{"two steps early", h.code(seed, 2), 302},
		{"two steps late", h.code(seed, -2), 302},
		{"now, with a space", h.code(seed, 0)[:3] + " " + h.code(seed, 0)[3:], 200},
		{"before the one used", h.code(seed, -1), 302},
		{"a recovery code", c.RecoveryCodes[3], 200},
		{"the same again", c.RecoveryCodes[3], 302},
		{"another, as people type it", strings.ToUpper(strings.ReplaceAll(c.RecoveryCodes[9], "-", " ")), 200},
	} {
		if w := h.loginWith("ops@acme", password, l.code); w.Code != l.want {
			t.Errorf("%s: %d, want %d", l.name, w.Code, l.want)
		}
	}
	if told := h.told(t, acme(t, h), "USE_RECOVERY_CODE"); len(told) != 2 || !strings.Contains(string(told[0].Detail), `"left":8`) {
		t.Errorf("USE_RECOVERY_CODE: %v", details(told))
	}
	var s struct {
		IsEnrolled, IsRequired bool
		RecoveryCodesLeft      int
	}
	if h.good(t, as, "secondFactor/get", `{}`, &s); !s.IsEnrolled || s.IsRequired || s.RecoveryCodesLeft != 8 {
		t.Errorf("the state: %+v", s)
	}
	if r := h.call(as, "secondFactor/remove", `{"currentPassword":"wrong"}`); r.Code != -32602 {
		t.Errorf("remove with a wrong password: %v", r)
	}
	h.good(t, as, "secondFactor/remove", `{"currentPassword":"correct horse 1"}`, nil)
	if w := h.loginWith("ops@acme", password, ""); w.Code != 200 {
		t.Errorf("after the removal: %d", w.Code)
	}
	for _, name := range []string{"ENABLE_SECOND_FACTOR", "DISABLE_SECOND_FACTOR"} {
		if told := h.told(t, acme(t, h), name); len(told) != 1 || told[0].Actor != "ops@acme" {
			t.Errorf("%s: %v", name, details(told))
		}
	}
}

// An enrolment that is begun anew forgets the one before; one of an hour ago is over.
func TestEnrolmentsEnd(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	var one, two struct{ Seed secret.Text }
	h.good(t, as, "secondFactor/enroll", `{"currentPassword":"correct horse 1"}`, &one)
	h.good(t, as, "secondFactor/enroll", `{"currentPassword":"correct horse 1"}`, &two)
	if r := h.call(as, "secondFactor/confirm", `{"code":"`+h.code(one.Seed, 0)+`"}`); r.Code != -32602 {
		t.Errorf("the seed before: %v", r)
	}
	h.pass(time.Hour)
	if r := h.call(as, "secondFactor/confirm", `{"code":"`+h.code(two.Seed, 0)+`"}`); r.Code != -32006 {
		t.Errorf("an hour later: %v", r)
	}
}

// Who holds an API token of a user alone cannot lock him out.
func TestSecondFactorNeedsASession(t *testing.T) {
	h := build(t)
	_, text := h.enabled(t, h.session(t, "ops@acme"), "ci", time.Hour)
	for method, params := range map[string]string{"enroll": `{"currentPassword":"correct horse 1"}`, "confirm": `{"code":"123456"}`, "remove": `{"currentPassword":"correct horse 1"}`} {
		if r := h.call(bearing(text), "secondFactor/"+method, params); r.Code != -32003 {
			t.Errorf("%s by token: %v", method, r)
		}
	}
}

// Of any number of logins with one code at once, one opens.
func TestOneCodeAtOnce(t *testing.T) {
	h := buildAt(t, noon)
	h.setProperty(t, "enterprise.user.lockout.enabled", "false")
	seed, codes := h.enrolled(t, "ops@acme")
	for name, code := range map[string]string{"code": h.code(seed, 0), "recovery code": codes[0]} {
		n := 0
		for _, r := range together(50, func(int) reply { return reply{Code: h.loginWith("ops@acme", password, code).Code} }) {
			if r.Code == 200 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("one %s opened %d sessions", name, n)
		}
	}
}

// A wrong second factor reads like a wrong password, and counts like one.
func TestWrongSecondFactor(t *testing.T) {
	h := buildAt(t, noon)
	seed, _ := h.enrolled(t, "ops@acme")
	var first string
	for i, c := range [][2]string{{"wrong", ""}, {"wrong", h.code(seed, 0)}, {password, ""}, {password, "000000"}, {password, strings.Repeat("1", 5000)}} {
		before := h.accounts.Passwords.Hashes()
		w := h.loginWith("ops@acme", c[0], c[1])
		w.Header().Del("X-Request-Id")
		answer := fmt.Sprint(w.Code, w.Header(), w.Body)
		if first == "" {
			first = answer
		}
		if n := h.accounts.Passwords.Hashes() - before; n != 1 || answer != first {
			t.Errorf("login %d: %d hashes, %s", i, n, answer)
		}
	}
	if w := h.loginWith("ops@acme", password, h.code(seed, 0)); w.Code == 200 {
		t.Error("not locked out after five")
	}
	if n := len(h.told(t, acme(t, h), "USER_LOCKOUT")); n != 1 {
		t.Errorf("%d USER_LOCKOUT", n)
	}
	h.pass(15 * time.Minute)
	if w := h.loginWith("ops@acme", password, h.code(seed, 0)); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

func TestSecondFactorReset(t *testing.T) {
	h := buildAt(t, noon)
	globex := h.session(t, "admin@globex")
	h.enrolled(t, "support@acme")
	h.enrolled(t, "admin@globex")
	h.enrolled(t, "opsupport")
	reset := func(by, who string) reply {
		return h.call(h.session(t, by), "secondFactor/reset", `{"username":"`+who+`"}`)
	}
	for _, c := range []struct {
		by, who string
		code    int
		rows    string
	}{
		{"ops@acme", "support@acme", -32002, ""},
		{"super", "support@acme", -32002, ""}, // not delegated
		{"admin@initech", "support@acme", 0, `{"rows":0}`},
		{"admin@northwind", "admin@globex", -32002, ""},
		{"opstd", "opsupport", -32002, ""},
		{"admin@acme", "admin@acme", -32006, ""},
		{"admin@acme", "ops@acme", 0, `{"rows":0}`}, // has none
		{"admin@acme", "support@acme", 0, `{"rows":1}`},
		{"super", "opsupport", 0, `{"rows":1}`},
	} {
		if r := reset(c.by, c.who); r.Code != c.code || c.code == 0 && string(r.Result) != c.rows {
			t.Errorf("%s of %s: %v, want %d %s", c.by, c.who, r, c.code, c.rows)
		}
	}
	if w := h.loginWith("support@acme", password, ""); w.Code != 200 {
		t.Errorf("after the reset: %d", w.Code)
	}
	// With the consent of the customer: but a superuser's only by a superuser.
	h.good(t, globex, "role/setEnterpriseDelegatedToEnterpriseProxy", `{"isDelegated":true}`, nil)
	if r := reset("std@northwind", "admin@globex"); r.Code != -32002 || !strings.Contains(r.Message, "superuser") {
		t.Errorf("a superuser's by a standard admin: %v", r)
	}
	if r := reset("admin@northwind", "admin@globex"); string(r.Result) != `{"rows":1}` {
		t.Errorf("a superuser's by a superuser: %v", r)
	}
	if told := h.told(t, acme(t, h), "RESET_SECOND_FACTOR"); len(told) != 1 || told[0].Actor != "admin@acme" {
		t.Errorf("RESET_SECOND_FACTOR: %v", details(told))
	}
}

// Whom each property asks for a second factor, with the next call of the sessions there are.
func TestWhoNeedsASecondFactor(t *testing.T) {
	everybody := []string{"super", "opsupport", "ops@acme", "admin@globex", "std@northwind", "admin@southwind"}
	for _, c := range []struct {
		name, by, method, params string
		asked                    []string
	}{
		{"the operators", "super", "systemProperty/updateSystemProperty", `{"name":"vco.operator.authentication.twoFactor.enable","_update":{"value":"true"}}`, everybody[:2]},
		{"the operators, require", "super", "systemProperty/updateSystemProperty", `{"name":"vco.operator.authentication.twoFactor.require","_update":{"value":"TRUE"}}`, everybody[:2]},
		{"customers and partners", "super", "systemProperty/updateSystemProperty", `{"name":"vco.enterprise.authentication.twoFactor.enable","_update":{"value":"true"}}`, everybody[2:]},
		{"customers and partners, require", "super", "systemProperty/updateSystemProperty", `{"name":"vco.enterprise.authentication.twoFactor.require","_update":{"value":"true"}}`, everybody[2:]},
		{"one enterprise", "admin@acme", "enterprise/insertOrUpdateEnterpriseProperty", `{"name":"vco.enterprise.authentication.twoFactor.enable","value":"true","dataType":"BOOLEAN"}`, []string{"ops@acme"}},
		{"one partner", "admin@northwind", "enterpriseProxy/insertOrUpdateEnterpriseProxyProperty", `{"name":"vco.enterprise.proxy.authentication.twoFactor.enable","value":"true"}`, []string{"std@northwind"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := buildAt(t, noon)
			h.enrolled(t, "opstd")
			sessions := map[string]http.Header{}
			for _, who := range everybody {
				sessions[who] = h.session(t, who)
			}
			h.good(t, h.session(t, c.by), c.method, c.params, nil)
			for _, who := range everybody {
				r := h.call(sessions[who], "system/getVersionInfo", `{}`)
				if want := slices.Contains(c.asked, who); (r.Code == -32002) != want || want && !strings.Contains(r.Message, "a second factor") {
					t.Errorf("%s: %v, want due %v", who, r, want)
				}
			}
		})
	}
}

// The methods that are left to a session in which something is due; all others are refused, whatever the role.
var whileDue = map[string][]string{
	"a password change": {"password/change", "enterpriseUser/updateEnterpriseUser", "operatorUser/updateOperatorUser", "enterpriseProxy/updateEnterpriseProxyUser"},
	"a second factor":   {"secondFactor/get", "secondFactor/enroll", "secondFactor/confirm"},
}

func TestDueSessions(t *testing.T) {
	t.Parallel()
	for due, left := range whileDue {
		t.Run(due, func(t *testing.T) {
			h := build(t)
			tokens := map[string]string{}
			for _, who := range []string{"super", "admin@northwind", "admin@acme"} {
				_, tokens[who] = h.enabled(t, h.session(t, who), "ci", 365*day)
			}
			h.pass(2 * day)
			for _, whose := range []string{"operator", "enterprise"} {
				if due == "a password change" {
					h.setPolicy(t, whose, `{"expiry":{"enable":true,"days":3}}`)
				}
			}
			sessions := map[string]http.Header{}
			for who := range tokens {
				sessions[who] = h.session(t, who)
				if r := h.call(sessions[who], "system/getVersionInfo", `{}`); r.Code != 0 {
					t.Errorf("%s before it is due: %v", who, r)
				}
			}
			h.pass(day - time.Minute)
			for who := range tokens {
				sessions[who] = h.session(t, who)
			}
			if due == "a second factor" {
				h.setProperty(t, "vco.enterprise.authentication.twoFactor.enable", "true")
				h.setProperty(t, "vco.operator.authentication.twoFactor.enable", "true")
			}
			h.pass(time.Minute)
			for who, text := range tokens {
				for _, name := range published(t, h) {
					r := h.call(sessions[who], name, `{}`)
					refused := r.Code == -32002 && strings.Contains(r.Message, "privilege") && strings.Contains(r.Message, "due first is "+due)
					if open := slices.Contains(left, name) || doorways[name].public; refused == open && name != "logout" {
						t.Errorf("%s: %s: %v, open %v", who, name, r, open)
					}
					if name == "logout" {
						sessions[who] = h.session(t, who)
					}
				}
				if got := h.use(text); got != "in" {
					t.Errorf("the API token of %s: %s", who, got)
				}
			}
		})
	}
}

// What is open to change one's password changes nothing else, and nobody else.
func TestExpiredPassword(t *testing.T) {
	h := buildAt(t, noon)
	h.setPolicy(t, "enterprise", `{"expiry":{"enable":true,"days":1}}`)
	h.pass(day)
	as := h.session(t, "admin@acme")
	for _, update := range []string{
		`{"username":"ops@acme","_update":{"password":"correct horse 2"}}`,
		`{"username":"ops@acme","_update":{"isActive":false}}`,
		`{"username":"admin@acme","_update":{}}`,
		`{"username":"admin@acme","_update":{"firstName":"A"}}`,
		`{"username":"admin@acme","currentPassword":"correct horse 1","_update":{"password":"correct horse 2","password2":"correct horse 2","firstName":"A"}}`,
	} {
		if r := h.call(as, "enterpriseUser/updateEnterpriseUser", update); r.Code != -32002 {
			t.Errorf("%s: %v", update, r)
		}
	}
	if r := h.call(as, "password/change", `{"currentPassword":"correct horse 1","password":"correct horse 1","password2":"correct horse 1"}`); r.Code != -32602 {
		t.Errorf("a change of a password to itself: %v", r)
	}
	h.good(t, as, "password/change", `{"currentPassword":"correct horse 1","password":"correct horse 2","password2":"correct horse 2"}`, nil)
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != -32000 {
		t.Errorf("the old session: %v", r)
	}
	again := h.sessionUsing(t, "admin@acme", "correct horse 2")
	h.good(t, again, "system/getVersionInfo", `{}`, nil)
	// The published way does the same.
	ops := h.session(t, "ops@acme")
	h.good(t, ops, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":"correct horse 1","_update":{"password":"correct horse 2","password2":"correct horse 2"}}`, nil)
	h.good(t, h.sessionUsing(t, "ops@acme", "correct horse 2"), "system/getVersionInfo", `{}`, nil)
	// Expiry switched off acts with the next call.
	support := h.session(t, "support@acme")
	if r := h.call(support, "system/getVersionInfo", `{}`); r.Code != -32002 {
		t.Errorf("support@acme: %v", r)
	}
	h.setPolicy(t, "enterprise", `{"expiry":{"enable":false,"days":1}}`)
	h.good(t, support, "system/getVersionInfo", `{}`, nil)
}

// With the second factor that was due the session is good; one whom disableSecondFactor exempts is not asked.
func TestEnrolmentFreesTheSession(t *testing.T) {
	h := buildAt(t, noon)
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"support@acme","_update":{"disableSecondFactor":true}}`, nil)
	h.setProperty(t, "vco.enterprise.authentication.twoFactor.require", "true")
	h.good(t, h.session(t, "support@acme"), "system/getVersionInfo", `{}`, nil)
	as := h.session(t, "ops@acme")
	h.enrolled(t, "ops@acme")
	h.good(t, as, "system/getVersionInfo", `{}`, nil)
	h.good(t, as, "secondFactor/remove", `{"currentPassword":"correct horse 1"}`, nil)
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != -32002 {
		t.Errorf("after the removal: %v", r)
	}
}

// Neither the seed nor a code is in the store, the log or an event; and they go with the user.
func TestSecondFactorSecrets(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log).Level(zerolog.DebugLevel))
	h.at(noon)
	seed, codes := h.enrolled(t, "ops@acme")
	secrets := append([]string{string(seed), h.code(seed, 0)}, codes...)
	h.loginWith("ops@acme", password, codes[0])
	h.loginWith("ops@acme", password, h.code(seed, 0))
	h.loginWith("ops@acme", password, codes[0])
	var all bytes.Buffer
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(k, v []byte) (bool, error) {
			all.Write(k)
			all.Write(v)
			return true, nil
		})
	}))
	for _, s := range secrets {
		for where, text := range map[string]string{"store": all.String(), "log": log.String()} {
			if strings.Contains(text, s) || strings.Contains(text, strings.ReplaceAll(s, "-", "")) && len(s) > 6 {
				t.Errorf("a secret of the second factor is in the %s", where)
			}
		}
	}
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/deleteEnterpriseUser", `{"username":"ops@acme"}`, nil)
	if n := countKeys(t, db, "secondfactor/r"); n != 0 {
		t.Errorf("%d second factors are left of a deleted user", n)
	}
}
