package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// setPolicy sets parts of a password policy; the rest has its default.
func (h *house) setPolicy(t testing.TB, whose, parts string) {
	t.Helper()
	h.setProperty(t, "vco."+whose+".authentication.passwordPolicy", parts)
}

// give lets a superuser give somebody a password, and answers what the portal says to that.
func (h *house) give(as http.Header, who, password string) string {
	method := "enterpriseUser/updateEnterpriseUser"
	if !strings.Contains(who, "@") {
		method = "operatorUser/updateOperatorUser"
	}
	r := h.call(as, method, fmt.Sprintf(`{"username":%q,"_update":{"password":%q}}`, who, password))
	return strings.TrimPrefix(r.Message, "_update.password: ")
}

// Each part of the policy acts with the next call, on new users and new passwords, of its own kind of users.
func TestPasswordPolicy(t *testing.T) {
	h := build(t)
	admin, super := h.session(t, "admin@acme"), h.session(t, "super")
	long := "a1" + strings.Repeat("xy", 31)
	for _, c := range []struct{ name, policy, bad, says, good string }{
		{"the default: length", `{}`, "abcde12", "has fewer than 8 characters", "abcdf128"},
		{"the default: NIST's 64 characters", `{}`, long + "z", "has more than 64 characters", long},
		{"characters, not bytes", `{}`, "äöü1234", "has fewer than 8 characters", "äöü12345"},
		{"the default: a number", `{}`, "correct horse", "has no number", "correct horse 7"},
		{"the default: a lower case letter", `{}`, "CORRECT HORSE 7", "has no lower case letter", "cORRECT HORSE 7"},
		{"the default: not a common one", `{}`, "Password123", "is one of the most common passwords", "Passwort-123"},
		{"minlength", `{"strength":{"minlength":12}}`, "abcdefg1234", "has fewer than 12 characters", "abcdefg12345"},
		{"maxlength", `{"strength":{"maxlength":10}}`, "abcdefg1234", "has more than 10 characters", "abcdefg123"},
		{"requireNumber off", `{"strength":{"requireNumber":false}}`, "CORRECT HORSE", "has no lower case letter", "correct horse"},
		{"requireLower off", `{"strength":{"requireLower":false}}`, "CORRECT HORSE", "has no number", "CORRECT HORSE 1"},
		{"requireUpper", `{"strength":{"requireUpper":true}}`, "correct horse 1", "has no upper case letter", "Correct horse 1"},
		{"requireSpecial", `{"strength":{"requireSpecial":true}}`, "correcthorse1", "has no special character", "correct-horse1"},
		{"excludeTop, the first only", `{"strength":{"excludeTop":25}}`, "PASSWORD1", "has no lower case letter", "welcome123"},
		{"excludeTop, a first one", `{"strength":{"excludeTop":25}}`, "Password1", "is one of the most common passwords", "changeme123"},
		{"excludeTop off", `{"strength":{"excludeTop":0}}`, "password", "has no number", "password1"},
		{"maxRepeatingCharacters", `{"strength":{"maxRepeatingCharacters":2}}`, "correct 777", "repeats a character more than 2 times", "correct 7747"},
		{"maxSequenceCharacters, up", `{"strength":{"maxSequenceCharacters":3}}`, "xyz horse 1234", "has a sequence of more than 3 characters", "xyz horse 1235"},
		{"maxSequenceCharacters, down", `{"strength":{"maxSequenceCharacters":3}}`, "horse 17 dCbA", "has a sequence of more than 3 characters", "horse 17 dCb"},
		{"disallowUsernameCharacters", `{"strength":{"disallowUsernameCharacters":4}}`, "my aCmE horse 1", "", "my name horse 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, k := range []struct {
				whose, other, who string
				as                http.Header
			}{{"enterprise", "operator", "support@acme", admin}, {"operator", "enterprise", "opsupport", super}} {
				h.setPolicy(t, k.whose, c.policy)
				h.setPolicy(t, k.other, `{"strength":{"minlength":99,"maxlength":99}}`)
				says, bad := c.says, c.bad
				if says == "" {
					says = "has 4 characters of the username in a row"
					if k.whose == "operator" {
						bad = "the opsU is 1 horse"
					}
				}
				if got := h.give(k.as, k.who, bad); got != says {
					t.Errorf("%s %q: %q, want %q", k.whose, bad, got, says)
				}
				if got := h.give(k.as, k.who, c.good); got != "" {
					t.Errorf("%s %q: %q", k.whose, c.good, got)
				}
			}
		})
	}
	// New users go through the same door; so does the first admin of a new enterprise.
	h.setPolicy(t, "enterprise", `{"strength":{"disallowUsernameCharacters":4}}`)
	for method, params := range map[string]string{
		"enterprise/insertEnterpriseUser": `{"enterpriseId":1,"username":"jonathan@acme","password":"jonaTHAN 77","roleId":11}`,
		"enterprise/insertEnterprise":     `{"name":"E","user":{"username":"jonathan@acme","password":"jonaTHAN 77"}}`,
	} {
		as := admin
		if method == "enterprise/insertEnterprise" {
			as = super
		}
		if r := h.call(as, method, params); r.Code != -32602 || !strings.Contains(r.Message, "of the username") {
			t.Errorf("%s: %v", method, r)
		}
	}
}

// How far a new password is from the one before can be seen where that is given.
func TestPasswordVariation(t *testing.T) {
	h := build(t)
	h.setPolicy(t, "enterprise", `{"strength":{"variationValidationCharacters":4}}`)
	as := h.session(t, "ops@acme")
	own := func(password string) reply {
		return h.call(as, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"username":"ops@acme","currentPassword":"correct horse 1","_update":{"password":%q,"password2":%q}}`, password, password))
	}
	if r := own("Correct Horse 2"); r.Code != -32602 || !strings.Contains(r.Message, "fewer than 4 characters") {
		t.Errorf("three edits: %v", r)
	}
	if r := own("Correct House 2"); r.Code != 0 {
		t.Errorf("four edits: %v", r)
	}
}

func TestPasswordHistory(t *testing.T) {
	h := build(t)
	admin := h.session(t, "admin@acme")
	give := func(n int, want bool) {
		t.Helper()
		if says := h.give(admin, "ops@acme", fmt.Sprint("correct horse ", n)); (says == "") != want {
			t.Errorf("password %d: %q, want %v", n, says, want)
		}
	}
	give(1, true) // without a history, and without expiry, the same again
	h.setPolicy(t, "enterprise", `{"history":{"enable":true,"count":2}}`)
	give(1, false)
	give(2, true)
	give(3, true)
	give(1, false)
	give(2, false)
	give(3, false)
	give(4, true)
	give(1, true) // it is the third before by now
	h.setPolicy(t, "enterprise", `{"history":{"enable":true,"count":1}}`)
	give(3, true)
	give(1, false)
	h.setPolicy(t, "enterprise", `{"history":{"enable":false}}`)
	give(1, true)
	h.setPolicy(t, "enterprise", `{"history":{"enable":true,"count":10}}`)
	give(3, true) // while there was no history nothing was kept
}

func TestPasswordPolicyIsChecked(t *testing.T) {
	h := build(t)
	super := h.session(t, "super")
	for _, of := range []string{"enterprise", "operator"} {
		for _, bad := range []string{
			`[]`, `1`, `null`, `"x"`, `{} {}`, `{"strenght":{}}`, `{"strength":{"minLengths":9}}`, `{"strength":[]}`, `{"strength":{"minlength":7}}`,
			`{"strength":{"minlength":"9"}}`, `{"strength":{"minlength":20,"maxlength":19}}`, `{"strength":{"maxlength":257}}`,
			`{"strength":{"requireUpper":"true"}}`, `{"strength":{"excludeTop":10001}}`, `{"strength":{"excludeTop":-1}}`,
			`{"strength":{"maxRepeatingCharacters":0}}`, `{"strength":{"maxSequenceCharacters":-2}}`, `{"expiry":{"days":0}}`,
			`{"expiry":{"enable":1}}`, `{"history":{"count":11}}`, `{"history":{"count":0}}`, `{"strength":`,
		} {
			for method, params := range map[string]string{"updateSystemProperty": `{"name":%q,"_update":{"value":%q}}`, "insertOrUpdateSystemProperty": `{"name":%q,"value":%q}`} {
				if r := h.call(super, "systemProperty/"+method, fmt.Sprintf(params, "vco."+of+".authentication.passwordPolicy", bad)); r.Code != -32602 {
					t.Errorf("%s %s: %v", method, bad, r)
				}
			}
		}
	}
	if r := h.call(super, "systemProperty/getSystemProperty", `{"name":"vco.operator.authentication.passwordPolicy"}`); !strings.Contains(string(r.Result), `\"maxlength\":64`) {
		t.Errorf("the default after that: %s", r.Result)
	}
}
