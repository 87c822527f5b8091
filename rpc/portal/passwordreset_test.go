package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail/smtptest"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

const (
	sendReset   = "enterpriseUser/sendEnterpriseUserPasswordResetEmail"
	newPassword = "correct horse 7"
)

// relay starts a real SMTP relay for the portal's mail.
func (h *house) relay(t testing.TB) *smtptest.Relay {
	t.Helper()
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	for name, value := range map[string]string{
		"mail.smtp.port": fmt.Sprint(r.Port), "mail.smtp.secure": "none", "mail.from": "portal@portal.example", "mail.smtp.host": r.Host,
	} {
		h.setProperty(t, name, value)
	}
	return r
}

var linkIn = regexp.MustCompile(`https://portal\.example/reset#([A-Za-z0-9_-]{43})\n`)

// links answers the secrets of the links that have been mailed so far, in their order.
func (h *house) links(t testing.TB, r *smtptest.Relay) (all []string) {
	t.Helper()
	must(t, h.resets.Settle(context.Background()))
	must(t, h.letters.Deliver(context.Background()))
	for _, m := range r.Mails() {
		found := linkIn.FindStringSubmatch(m.Body)
		if found == nil {
			t.Fatalf("a mail without a link:\n%s", m.Raw)
		}
		all = append(all, found[1])
	}
	return all
}

// link has a link mailed to a user of Acme, and answers its secret.
func (h *house) link(t testing.TB, r *smtptest.Relay, who string) string {
	t.Helper()
	h.good(t, h.session(t, "admin@acme"), sendReset, fmt.Sprintf(`{"username":%q}`, who), nil)
	all := h.links(t, r)
	return all[len(all)-1]
}

func (h *house) redeem(token, password string) reply {
	return h.call(nil, "login/redeemPasswordReset", fmt.Sprintf(`{"token":%s,"password":%q,"password2":%[2]q}`, quoted(token), password))
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// enters says whether a user can log in with a password.
func (h *house) enters(who, password string) bool {
	path := "/portal/rest/login/enterpriseLogin"
	if !strings.Contains(who, "@") {
		path = "/portal/rest/login/operatorLogin"
	}
	return h.post(path, nil, fmt.Sprintf(`{"username":%q,"password":%q}`, who, password)).Code == http.StatusOK
}

func dead(r reply) bool {
	return r.Code == -32602 && r.Message == "token: is unknown, used, or no longer good" && r.Status == 200
}

func TestResetLink(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	session := h.session(t, "ops@acme")
	h.post("/portal/rest/"+sendReset, http.Header{"Cookie": h.session(t, "admin@acme")["Cookie"], "Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}}, `{"username":"ops@acme"}`)
	token := h.links(t, r)[0]
	m := r.Mails()[0]
	if m.To != "ops@acme" || strings.Contains(m.Raw, "evil") || !strings.Contains(m.Body, "user ops@acme of the portal") {
		t.Errorf("the mail is\n%s", m.Raw)
	}
	// What is wrong with the new password leaves the link as it is.
	if got := h.call(nil, "login/redeemPasswordReset", fmt.Sprintf(`{"token":%q,"password":"correct horse 7","password2":"correct horse 8"}`, token)); got.Message != "password2: differs from password" {
		t.Error(got)
	}
	if got := h.redeem(token, "short"); got.Code != -32602 || dead(got) {
		t.Error(got)
	}
	for _, almost := range []string{token + "x", token[:42], " " + token, token + "\u0000", strings.ToUpper(token), url.QueryEscape(token) + "%20", strings.Repeat(token, 2)} {
		if got := h.redeem(almost, newPassword); !dead(got) {
			t.Errorf("%q: %v", almost, got)
		}
	}
	if !h.enters("ops@acme", password) {
		t.Fatal("the password has changed before its time")
	}
	if got := h.redeem(token, newPassword); got.Code != 0 {
		t.Fatal(got)
	}
	if h.enters("ops@acme", password) || !h.enters("ops@acme", newPassword) {
		t.Error("the password has not changed")
	}
	if got := h.call(session, "system/getVersionInfo", `{}`); got.Code != -32000 {
		t.Errorf("the session goes on: %v", got)
	}
	if got := h.redeem(token, "correct horse 8"); !dead(got) {
		t.Errorf("a second time: %v", got)
	}
	var state struct{ State, MailState string }
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/getEnterpriseUserPasswordResetEmail", `{"username":"ops@acme"}`, &state)
	if state.State != "REDEEMED" || state.MailState != "SENT" {
		t.Errorf("the link is %+v", state)
	}
	for name, actor := range map[string]string{"SEND_PASSWORD_RESET_EMAIL": "admin@acme", "PASSWORD_RESET": "ops@acme"} {
		if all := h.told(t, acme(t, h), name); len(all) != 1 || all[0].Actor != actor {
			t.Errorf("%s: %+v", name, all)
		}
	}
	if n := len(h.told(t, acme(t, h), "PASSWORD_RESET_REFUSED")); n == 0 {
		t.Error("the use of a dead link is not told")
	}
}

// Known clients take what get answers for the draft of a mail, and send it back with send: get once told of the last mail
// alone, and was null before the first. What they send back is nothing to go by: the mail goes to the user, with our text.
func TestResetDraft(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	for _, c := range []struct{ as, who string }{{"admin@acme", "ops@acme"}, {"admin@northwind", "std@northwind"}} {
		as := h.session(t, c.as)
		var draft map[string]any
		h.good(t, as, "enterpriseUser/getEnterpriseUserPasswordResetEmail", fmt.Sprintf(`{"username":%q}`, c.who), &draft)
		for _, name := range []string{"from", "replyTo", "to", "subject", "message"} {
			if s, _ := draft[name].(string); s == "" {
				t.Errorf("%s: %s is %v", c.who, name, draft[name])
			}
		}
		if draft["resetPasswordURL"] != nil || draft["passwordResetURL"] != nil || draft["isActive"] != 1.0 || draft["to"] != c.who {
			t.Errorf("%s: the draft is %v", c.who, draft)
		}
		draft["to"], draft["message"], draft["passwordResetURL"] = "mallory@evil.example", "come to evil.example", "https://evil.example/"
		back, _ := json.Marshal(map[string]any{"username": c.who, "makeInactive": false, "email": draft})
		h.good(t, as, sendReset, string(back), nil)
		h.links(t, r)
		if m := r.Last(); m.To != c.who || strings.Contains(m.Raw, "evil") || !strings.Contains(m.Raw, "Password Reset") {
			t.Errorf("%s got\n%s", c.who, m.Raw)
		}
	}
	// Numbers of tenants are counted by kind: naming the customer of that number does not mean the partner.
	if got := h.call(h.session(t, "super"), sendReset, `{"username":"std@northwind","enterpriseId":1}`); strings.Contains(string(got.Result), `"rows":1`) {
		t.Errorf("a partner's user by an enterpriseId: %v", got)
	}
}

// A link dies with whatever it rested on, at once.
func TestResetLinkDies(t *testing.T) {
	update := func(fields string) func(*testing.T, *house) {
		return func(t *testing.T, h *house) {
			h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":`+fields+`}`, nil)
		}
	}
	for name, do := range map[string]func(*testing.T, *house){
		"a password set by an administrator": update(`{"password":"correct horse 2"}`),
		"a password of his own": func(t *testing.T, h *house) {
			h.good(t, h.session(t, "ops@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","currentPassword":"correct horse 1","_update":{"password":"correct horse 2","password2":"correct horse 2"}}`, nil)
		},
		"disabled":          update(`{"isActive":false}`),
		"disabled, enabled": func(t *testing.T, h *house) { update(`{"isActive":false}`)(t, h); update(`{"isActive":true}`)(t, h) },
		"no longer native":  func(t *testing.T, h *house) { h.anyMode(t); update(`{"isNative":false}`)(t, h) },
		"another address":   update(`{"email":"new@acme.example"}`),
		"deleted": func(t *testing.T, h *house) {
			h.good(t, h.session(t, "admin@acme"), "enterpriseUser/deleteEnterpriseUser", `{"username":"ops@acme"}`, nil)
		},
		"a newer link": func(t *testing.T, h *house) {
			h.good(t, h.session(t, "admin@acme"), sendReset, `{"username":"ops@acme"}`, nil)
		},
		"its time": func(t *testing.T, h *house) { h.pass(24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			r := h.relay(t)
			token := h.link(t, r, "ops@acme")
			do(t, h)
			if got := h.redeem(token, newPassword); !dead(got) {
				t.Errorf("before it was mailed again: %v", got)
			}
			if h.enters("ops@acme", newPassword) {
				t.Error("it opens")
			}
		})
	}
}

// A letter that waits is not sent once its link is dead.
func TestDeadLinkIsNotMailed(t *testing.T) {
	h := build(t)
	as := h.session(t, "admin@acme")
	h.good(t, as, sendReset, `{"username":"ops@acme"}`, nil)
	h.good(t, as, sendReset, `{"username":"support@acme"}`, nil)
	h.good(t, as, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"password":"correct horse 2"}}`, nil)
	r := h.relay(t)
	if all := h.links(t, r); len(all) != 1 || r.Mails()[0].To != "support@acme" {
		t.Errorf("%d mails", len(all))
	}
}

// It is good up to the moment before its time, which the property says.
func TestResetLinkTime(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	h.setProperty(t, "vco.enterprise.resetPassword.token.expirySeconds", "600")
	token := h.link(t, r, "ops@acme")
	h.pass(600*time.Second - time.Millisecond)
	if got := h.redeem(token, newPassword); got.Code != 0 {
		t.Error(got)
	}
	token = h.link(t, r, "ops@acme")
	h.pass(600 * time.Second)
	if got := h.redeem(token, newPassword); !dead(got) {
		t.Error(got)
	}
	h.pass(time.Millisecond)
	must(t, h.resets.Sweep(context.Background()))
	if got := h.call(h.session(t, "admin@acme"), "enterpriseUser/getEnterpriseUserPasswordResetEmail", `{"username":"ops@acme"}`); !strings.Contains(string(got.Result), `"state":null`) {
		t.Errorf("not swept: %v", got)
	}
}

// A link neither enables nor unlocks.
func TestResetLinkDoesNotUnlock(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	super := h.session(t, "super")
	h.good(t, super, "operatorUser/updateOperatorUser", `{"username":"opstd","_update":{"email":"opstd@portal.example"}}`, nil)
	h.good(t, super, "operatorUser/sendOperatorUserPasswordResetEmail", `{"username":"opstd"}`, nil)
	token := h.links(t, r)[0]
	h.good(t, super, "operatorUser/updateOperatorUser", `{"username":"opstd","_update":{"isLocked":true}}`, nil)
	if got := h.redeem(token, newPassword); !dead(got) {
		t.Error(got)
	}
	if got := h.call(super, "operatorUser/sendOperatorUserPasswordResetEmail", `{"username":"opstd"}`); got.Code != -32006 {
		t.Error(got)
	}
	var u struct{ IsLocked, IsActive int }
	h.good(t, super, "operatorUser/getOperatorUser", `{"username":"opstd"}`, &u)
	if u.IsLocked != 1 || u.IsActive != 1 {
		t.Errorf("the user is %+v", u)
	}
}

// A thousand redeems of one link at once, each with a password of its own: one password is set, and told once.
func TestThousandRedeems(t *testing.T) {
	h := build(t)
	token := h.link(t, h.relay(t), "ops@acme")
	won := -1
	for i, got := range together(1000, func(i int) reply { return h.redeem(token, fmt.Sprintf("correct horse %d", 1000+i)) }) {
		switch {
		case got.Code == 0 && won >= 0:
			t.Fatal("two have won")
		case got.Code == 0:
			won = i
		case !dead(got) && got.Status != http.StatusTooManyRequests: // so many password hashes wait at most
			t.Fatalf("a loser got %v", got)
		}
	}
	if won < 0 || !h.enters("ops@acme", fmt.Sprintf("correct horse %d", 1000+won)) {
		t.Fatalf("winner %d does not get in", won)
	}
	if n := len(h.told(t, acme(t, h), "PASSWORD_RESET")); n != 1 {
		t.Errorf("%d PASSWORD_RESET, want 1", n)
	}
}

// Who asks for himself: one answer, before anybody has looked who that is; then at most one link at a time.
func TestSelfReset(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	ask := func(name string) {
		t.Helper()
		got := h.call(nil, "login/requestPasswordReset", fmt.Sprintf(`{"username":%s}`, quoted(name)))
		if string(got.Result) != `{"accepted":true}` {
			t.Fatalf("%s: %v", name, got)
		}
	}
	mails := func(want int, why string) {
		t.Helper()
		if n := len(h.links(t, r)); n != want {
			t.Fatalf("%s: %d mails, want %d", why, n, want)
		}
	}
	ask("ops@acme")
	mails(0, "switched off")
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "TRUE")
	h.anyMode(t)
	admin := h.session(t, "admin@acme")
	for who, fields := range map[string]string{"readonly@acme": `{"isActive":false}`, "support@acme": `{"isNative":false}`} {
		h.good(t, admin, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"username":%q,"_update":%s}`, who, fields), nil)
	}
	for _, who := range []string{"super", "nobody@nowhere.example", "readonly@acme", "support@acme", "\u0000", "ops@acme\r\nBcc: x@y.z"} {
		ask(who)
	}
	mails(0, "not for these")
	hashes := h.accounts.Passwords.Hashes()
	ask("OPS@acme")
	if n := len(r.Mails()); n != 0 || h.accounts.Passwords.Hashes() != hashes {
		t.Error("the answer waited for the work")
	}
	mails(1, "switched on")
	ask("ops@acme")
	mails(1, "he has a link")
	if got := h.redeem(h.links(t, r)[0], newPassword); got.Code != 0 {
		t.Fatal(got)
	}
	ask("ops@acme")
	mails(2, "he has used it")
	h.pass(time.Hour)
	if got := h.redeem(h.links(t, r)[1], newPassword); !dead(got) {
		t.Errorf("after an hour: %v", got)
	}
	// By e-mail address, which is not unique; and a partner's user.
	h.good(t, h.session(t, "admin@initech"), "enterpriseUser/updateEnterpriseUser", `{"username":"admin@initech","currentPassword":"correct horse 1","_update":{"email":"Shared@mail.example"}}`, nil)
	h.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"email":"shared@mail.example"}}`, nil)
	ask("shared@mail.example")
	mails(4, "two users of one address")
	ask("std@northwind")
	mails(5, "a partner's user")
	if told := h.told(t, acme(t, h), "SEND_PASSWORD_RESET_EMAIL"); len(told) != 3 || told[0].ActorID != 0 || !strings.Contains(string(told[0].Detail), `"selfService":true`) {
		t.Errorf("told: %+v", told)
	}
}

// Neither a mailbox nor the portal can be flooded, whatever names are tried, in whatever form the calls come.
func TestSelfResetFlood(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "true")
	one := `{"jsonrpc":"2.0","id":1,"method":"login/requestPasswordReset","params":{"username":"ops@acme"}}`
	w := h.post("/portal", nil, "["+strings.Repeat(one+",", 99)+one+"]")
	if n := strings.Count(w.Body.String(), `"accepted":true`); n != 20 {
		t.Errorf("%d of a batch of 100 were accepted, want 20", n)
	}
	if got := h.call(nil, "login/requestPasswordReset", `{"username":"support@acme"}`); got.Status != http.StatusTooManyRequests {
		t.Errorf("the next one: %v", got)
	}
	if n := len(h.links(t, r)); n != 1 {
		t.Errorf("%d mails", n)
	}
	h.pass(time.Hour)
	if got := h.call(nil, "login/requestPasswordReset", `{"username":"ops@acme"}`); got.Code != 0 {
		t.Errorf("an hour later: %v", got)
	}
	// An administrator's link is not pushed out by a stranger's request.
	token := h.link(t, r, "support@acme")
	h.call(nil, "login/requestPasswordReset", `{"username":"support@acme"}`)
	h.links(t, r)
	if got := h.redeem(token, newPassword); got.Code != 0 {
		t.Error(got)
	}
	admin := h.session(t, "admin@acme")
	limited := 0
	for range 40 {
		if h.call(admin, sendReset, `{"username":"ops@acme"}`).Code == -32009 {
			limited++
		}
	}
	if limited < 10 {
		t.Errorf("an administrator is limited %d times of 40", limited)
	}
}

// What one tenant's administrators have mailed to an address was counted for all tenants, and for the user's own requests;
// and a tenant could have as many letters mailed as it had users.
func TestResetBounds(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "true")
	acme, initech := h.session(t, "admin@acme"), h.session(t, "admin@initech")
	address := func(as http.Header, who string) {
		h.good(t, as, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"username":%q,"currentPassword":"correct horse 1","_update":{"email":"shared@mail.example"}}`, who), nil)
	}
	address(acme, "ops@acme")
	address(acme, "support@acme")
	address(initech, "admin@initech")
	sent := 0
	for i := range 40 {
		if h.call(acme, sendReset, fmt.Sprintf(`{"username":%q}`, []string{"ops@acme", "support@acme"}[i%2])).Code == 0 {
			sent++
		}
	}
	if sent != 30 {
		t.Errorf("%d to one mailbox, want 30", sent)
	}
	for _, token := range h.links(t, r) {
		h.redeem(token, newPassword)
	}
	if got := h.call(initech, sendReset, `{"username":"admin@initech"}`); got.Code != 0 {
		t.Errorf("another tenant, the same mailbox: %v", got)
	}
	all := h.links(t, r)
	h.call(nil, "login/requestPasswordReset", `{"username":"ops@acme"}`)
	if n := len(h.links(t, r)); n != len(all)+1 {
		t.Errorf("%d mails after %d, when the user asks himself", n, len(all))
	}
	h.pass(time.Hour)
	acme = h.session(t, "admin@acme")
	sent = 0
	for i := range 210 {
		h.good(t, acme, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"username":"readonly@acme","_update":{"email":"r%d@mail.example"}}`, i), nil)
		if h.call(acme, sendReset, `{"username":"readonly@acme"}`).Code == 0 {
			sent++
		}
	}
	if sent != 200 {
		t.Errorf("%d of one tenant, want 200", sent)
	}
	if got := h.call(h.session(t, "admin@initech"), sendReset, `{"username":"admin@initech"}`); got.Code == -32009 {
		t.Errorf("another tenant: %v", got)
	}
}

// The link is in the mail, and nowhere else: neither while it waits, nor when the relay repeats it in what it says.
func TestLinkStaysSecret(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log).Level(zerolog.DebugLevel))
	r := h.relay(t)
	c := &canaries{all: map[string]string{}}
	admin, super := h.session(t, "admin@acme"), h.session(t, "super")
	var out strings.Builder
	say := func(as http.Header, method, params string) {
		out.WriteString(h.post("/portal/rest/"+method, as, params).Body.String() + "\n")
	}
	look := func(when string) {
		t.Helper()
		for _, call := range [][2]string{
			{"system/getMail", `{}`}, {"enterpriseUser/getEnterpriseUserPasswordResetEmail", `{"username":"ops@acme"}`}, {"event/getOperatorEvents", `{}`},
			{"event/getEnterpriseEvents", `{}`}, {"systemProperty/getSystemProperties", `{}`}, {"enterpriseUser/getEnterpriseUser", `{"username":"ops@acme"}`},
		} {
			say(admin, call[0], call[1])
			say(super, call[0], call[1])
		}
		for _, in := range []auth.Tenant{auth.Network(), acme(t, h)} {
			page, err := h.accounts.Events(context.Background(), in, account.EventQuery{})
			must(t, err)
			for _, e := range page.Events {
				fmt.Fprintf(&out, "event %+v %s\n", e, e.Detail)
			}
		}
		c.lookIn(t, when+": an answer", out.String())
		c.lookIn(t, when+": the log", log.String())
		must(t, db.View(context.Background(), func(tx store.Tx) error {
			return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
				for canary, where := range c.all {
					if bytes.Contains(value, []byte(canary)) || bytes.Contains(key, []byte(canary)) {
						t.Errorf("%s: the store: the secret from %s is at %q", when, where, key)
					}
				}
				return true, nil
			})
		}))
	}
	secret := c.sing("the relay's password")
	say(super, "systemProperty/updateSystemProperty", `{"name":"mail.smtp.password","_update":{"value":"`+secret+`"}}`)
	// The relay takes the message, and says all of it back.
	r.Say(".", "452 4.3.1 not now")
	say(admin, sendReset, `{"username":"ops@acme"}`)
	must(t, h.letters.Deliver(context.Background()))
	raw := r.Last()
	token := linkIn.FindStringSubmatch(raw.Body)[1]
	c.all[token], c.all[token[:25]], c.all[token[18:]] = "a link", "the first half of a link", "the second half of a link"
	r.Say(".", "452 4.3.1 not now: "+token+" in "+strings.ReplaceAll(raw.Raw, "\r\n", " ")+" "+secret)
	h.pass(time.Minute)
	must(t, h.letters.Deliver(context.Background()))
	look("waiting")
	r.Say(".", "")
	h.pass(time.Hour)
	must(t, h.letters.Deliver(context.Background()))
	if len(r.Mails()) != 1 {
		t.Fatal("not sent")
	}
	fresh := c.sing("a new password")
	for _, params := range []string{
		`{"token":"` + token + `"}`, `{"token":["` + token + `"]}`, `{"token":"` + token + `x","password":"` + fresh + `","password2":"` + fresh + `"}`,
		`{"token":"` + token + `","password":"` + fresh + `","password2":"x"}`, `{"token":"` + token + `","password":"` + fresh + `","password2":"` + fresh + `"}`,
		`{"token":"` + token + `","password":"` + fresh + `","password2":"` + fresh + `"}`,
	} {
		say(nil, "login/redeemPasswordReset", params)
		say(nil, "login/requestPasswordReset", strings.Replace(params, "token", "username", 1))
	}
	must(t, h.resets.Settle(context.Background()))
	must(t, h.tokens.Flush(context.Background(), true))
	if !h.enters("ops@acme", fresh) {
		t.Error("the link was not redeemed")
	}
	look("redeemed")
	if !strings.Contains(out.String(), `"lastError":"`) || !strings.Contains(out.String(), "452") {
		t.Error("the relay's word was not kept: it was not looked at")
	}
}

// Pages of others could have their visitors' browsers ask for links, or redeem them, each from an address of its own.
func TestResetCrossSite(t *testing.T) {
	h := build(t)
	for _, method := range []string{"login/requestPasswordReset", "login/redeemPasswordReset"} {
		for _, header := range []http.Header{{"Sec-Fetch-Site": {"cross-site"}}, {"Origin": {"https://evil.example"}}} {
			body := `{"username":"ops@acme","token":"x","password":"y","password2":"y"}`
			if w := h.post("/portal/rest/"+method, header, body); w.Code != http.StatusForbidden {
				t.Errorf("%s %v: %d %s", method, header, w.Code, w.Body)
			}
			if w := h.post("/portal", header, `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+body+`}`); !strings.Contains(w.Body.String(), "cross-site") {
				t.Errorf("%s %v: %d %s", method, header, w.Code, w.Body)
			}
		}
	}
}

// A letter that was sent, and lost in a mail filter, kept its user from asking for another for the link's whole life.
func TestSelfResetAgain(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	h.setProperty(t, "vco.enterprise.selfResetPassword.enabled", "true")
	want := func(n int) {
		t.Helper()
		h.call(nil, "login/requestPasswordReset", `{"username":"ops@acme"}`)
		if got := len(h.links(t, r)); got != n {
			t.Fatalf("%d mails, want %d", got, n)
		}
	}
	want(1)
	h.pass(15*time.Minute - time.Second)
	want(1)
	h.pass(time.Second)
	want(2)
	if all := h.links(t, r); !dead(h.redeem(all[0], newPassword)) || h.redeem(all[1], newPassword).Code != 0 {
		t.Error("not the newer one opens")
	}
}

// What is written into a mail by somebody else does not make a link in it. A name such as evil.example was taken for harmless.
func TestUsernameIsNoLink(t *testing.T) {
	h := build(t)
	r := h.relay(t)
	admin := h.session(t, "admin@acme")
	for _, name := range []string{"https://evil.example/", "evil.example", "x@evil.example", "www.evil"} {
		h.good(t, admin, "enterprise/insertEnterpriseUser", fmt.Sprintf(`{"username":%q,"password":"correct horse 1","roleId":10,"email":"victim@mail.example"}`, name), nil)
		h.link(t, r, name)
		if raw := r.Last().Raw; strings.Contains(raw, "evil") || !strings.Contains(raw, "for a user of") {
			t.Errorf("the mail is\n%s", raw)
		}
	}
	h.link(t, r, "ops@acme")
	if raw := r.Last().Raw; !strings.Contains(raw, "for the user ops@acme of") {
		t.Errorf("the mail is\n%s", raw)
	}
}

func (h *house) request(verb, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, httptest.NewRequest(verb, path, nil))
	return w
}

func TestResetPage(t *testing.T) {
	h := build(t)
	for _, verb := range []string{"GET", "HEAD"} {
		w := h.request(verb, "/reset")
		if w.Code != 200 || w.Header().Get("Content-Security-Policy") != "default-src 'none'" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v", verb, w.Code, w.Header())
		}
	}
	if w := h.request("POST", "/reset"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
