package portal_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/mail/smtptest"
	"github.com/portico-vco/portico/rpc/portal"
)

// An effect is what somebody notices of a property, before and after it is set to a value. see is called twice, with turn 0
// and 1, and must answer was and is.
type effect struct {
	value   string
	prepare func(t *testing.T, s *scene) // may set another value
	see     func(t *testing.T, s *scene, turn int) string
	was, is string
}

// A scene is where the effect of one property is looked at.
type scene struct {
	*house
	value string
	relay *smtptest.Relay
}

// unread are the properties without an effect, and why.
var unread = map[string]string{"product.version": "read-only: nobody sets it"}

var effects = map[string]effect{
	"session.options.enableApiTokenAuth": {value: "false", was: "in", is: "API tokens are switched off",
		see: func(t *testing.T, s *scene, turn int) string {
			_, text := s.enabled(t, s.session(t, "ops@acme"), fmt.Sprint(turn), time.Hour)
			return s.use(text)
		}},
	"session.options.tokenDayValue": {value: "2", see: createsToken, was: "0", is: "-32602"},
	"portico.apiToken.maxPerUser":   {value: "1", see: createsToken, was: "0", is: "-32009"},
	"portico.apiToken.policy":       {value: `{"maxLifetimeDays":2}`, see: createsToken, was: "0", is: "-32602"},
	"portico.apiToken.retentionDays": {value: "1", was: "1 tokens", is: "0 tokens",
		see: func(t *testing.T, s *scene, turn int) string {
			id := s.pending(t, s.session(t, "ops@acme"), fmt.Sprint(turn), time.Hour)
			s.good(t, s.session(t, "ops@acme"), "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
			s.pass(2 * day)
			must(t, s.tokens.Sweep(context.Background()))
			return fmt.Sprintf("%d tokens", len(s.list(t, s.session(t, "ops@acme"))))
		}},
	"portico.apiToken.expiryNoticeDays": {value: "20", was: "0 notices", is: "1 notices",
		see: func(t *testing.T, s *scene, turn int) string {
			s.enabled(t, s.session(t, "ops@acme"), fmt.Sprint(turn), 30*day)
			s.pass(15 * day)
			must(t, s.tokens.Sweep(context.Background()))
			return fmt.Sprintf("%d notices", len(s.told(t, acme(t, s.house), "API_TOKEN_EXPIRING")))
		}},
	"portico.webhook.allowedNetworks": {value: "10.1.0.0/16", was: "-32602", is: "0",
		see: func(t *testing.T, s *scene, _ int) string {
			return fmt.Sprint(s.call(s.session(t, "admin@acme"), "webhook/insertWebhook", `{"name":"inside","url":"http://10.1.2.3"}`).Code)
		}},
	"portico.webhook.mailsPerHour": {value: "0", was: "DELIVERED", is: "PENDING", see: func(t *testing.T, s *scene, turn int) string {
		return s.deliver(t, turn, 0)[0].State
	}},
	"portico.webhook.retentionDays": {value: "1", was: "1 deliveries", is: "0 deliveries", see: func(t *testing.T, s *scene, turn int) string {
		return fmt.Sprintf("%d deliveries", len(s.deliver(t, turn, 2*day)))
	}},
	"portico.session.lifetimeSeconds": {value: "60", was: "Max-Age=86400", is: "Max-Age=60",
		see: func(t *testing.T, s *scene, _ int) string {
			cookie := s.session(t, "ops@acme").Get("Cookie")
			return strings.Split(cookie[strings.Index(cookie, "Max-Age"):], ";")[0]
		}},
	"portico.http.unauthorizedStatus": {value: "401", was: "200", is: "401", see: func(_ *testing.T, s *scene, _ int) string {
		return fmt.Sprint(s.call(nil, "system/getVersionInfo", `{}`).Status)
	}},
	"network.public.address": {value: "new.example:8443", was: "https://portal.example", is: "https://new.example:8443",
		see: func(t *testing.T, s *scene, turn int) string {
			_, text := s.enabled(t, s.session(t, "ops@acme"), fmt.Sprint(turn), time.Hour)
			return fmt.Sprint(claimsOf(t, text)["iss"])
		}},
	"portico.credentials.enableUse": {value: "false", was: "0", is: "-32006",
		see: func(t *testing.T, s *scene, turn int) string {
			id := s.keep(t, "admin@acme", fmt.Sprint("login", turn))
			s.good(t, s.session(t, "admin@acme"), "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":%s}`, id, s.names["ops_acme"]), nil)
			return fmt.Sprint(s.call(s.session(t, "ops@acme"), "credential/useCredential", fmt.Sprintf(`{"id":%d,"purpose":"x"}`, id)).Code)
		}},
	"session.options.disableCreateEnterprise":      {value: "true", see: creates("enterprise/insertEnterprise"), was: "0", is: "-32006"},
	"session.options.disableCreateEnterpriseProxy": {value: "true", see: creates("enterpriseProxy/insertEnterpriseProxy"), was: "0", is: "-32006"},

	"enterprise.user.lockout.enabled":                {value: "false", see: locksOut("ops@acme", 5, 0), was: "out", is: "in"},
	"enterprise.user.lockout.defaultAttempts":        {value: "2", see: locksOut("ops@acme", 2, 0), was: "in", is: "out"},
	"enterprise.user.lockout.defaultDurationSeconds": {value: "1", see: locksOut("ops@acme", 5, time.Second), was: "out", is: "in"},
	"operator.user.lockout.enabled":                  {value: "false", see: locksOut("opstd", 5, 0), was: "out", is: "in"},
	"operator.user.lockout.defaultAttempts":          {value: "2", see: locksOut("opstd", 2, 0), was: "in", is: "out"},
	"operator.user.lockout.defaultDurationSeconds":   {value: "1", see: locksOut("opstd", 5, time.Second), was: "out", is: "in"},

	"vco.enterprise.authentication.passwordPolicy": {value: `{"strength":{"minlength":20}}`, see: takesPassword("admin@acme", "ops@acme"), was: "", is: "has fewer than 20 characters"},
	"vco.operator.authentication.passwordPolicy":   {value: `{"strength":{"minlength":20}}`, see: takesPassword("super", "opstd"), was: "", is: "has fewer than 20 characters"},
	"vco.operator.authentication.mode": {value: "SSO", was: "-32602", is: "0", see: func(t *testing.T, s *scene, _ int) string {
		return fmt.Sprint(s.call(s.session(t, "super"), "operatorUser/updateOperatorUser", `{"username":"opstd","_update":{"isNative":false}}`).Code)
	}},
	"portico.verifier": {value: `{"kind":"test","users":{"opstd":"his-windows-password"}}`, was: "302", is: "200",
		prepare: func(t *testing.T, s *scene) { s.foreign(t, "opstd") },
		see: func(_ *testing.T, s *scene, _ int) string {
			return fmt.Sprint(s.loginWith("opstd", "his windows password", "").Code)
		}},
	"vco.operator.authentication.twoFactor.enable":    {value: "true", see: isFree("opstd"), was: "0", is: "-32002"},
	"vco.operator.authentication.twoFactor.require":   {value: "true", see: isFree("opstd"), was: "0", is: "-32002"},
	"vco.enterprise.authentication.twoFactor.enable":  {value: "true", see: isFree("ops@acme"), was: "0", is: "-32002"},
	"vco.enterprise.authentication.twoFactor.require": {value: "true", see: isFree("std@northwind"), was: "0", is: "-32002"},

	"vco.enterprise.resetPassword.token.expirySeconds":     {value: "60", see: linkLives("admin@acme", "ops@acme", "support@acme"), was: "OPEN", is: "DEAD"},
	"vco.operator.resetPassword.token.expirySeconds":       {value: "60", prepare: addresses, see: linkLives("super", "opstd", "opsupport"), was: "OPEN", is: "DEAD"},
	"vco.enterprise.selfResetPassword.enabled":             {value: "true", see: selfReset("admin@acme", "ops@acme", "support@acme"), was: "", is: "OPEN"},
	"vco.operator.selfResetPassword.enabled":               {value: "true", prepare: addresses, see: selfReset("super", "opstd", "opsupport"), was: "", is: "OPEN"},
	"vco.enterprise.selfResetPassword.token.expirySeconds": {value: "60", prepare: first("vco.enterprise.selfResetPassword.enabled"), see: selfReset("admin@acme", "ops@acme", "support@acme"), was: "OPEN", is: "DEAD"},
	"vco.operator.selfResetPassword.token.expirySeconds":   {value: "60", prepare: first("vco.operator.selfResetPassword.enabled"), see: selfReset("super", "opstd", "opsupport"), was: "OPEN", is: "DEAD"},

	"mail.smtp.host": {was: "nothing", is: "portal@portal.example", see: mails, prepare: func(t *testing.T, s *scene) {
		s.relay = s.house.relay(t)
		s.value = s.relay.Host
		s.setProperty(t, "mail.smtp.host", "")
	}},
	"mail.smtp.port": {was: "nothing", is: "portal@portal.example", see: mails, prepare: func(t *testing.T, s *scene) {
		s.house.relay(t)
		s.relay = smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
		s.value = fmt.Sprint(s.relay.Port)
	}},
	"mail.smtp.secure": {value: "tls", was: "portal@portal.example", is: "nothing", see: mails, prepare: func(t *testing.T, s *scene) { s.relay = s.house.relay(t) }},
	"mail.smtp.user": {value: "portal", was: "nothing", is: "portal@portal.example as portal", see: mails, prepare: func(t *testing.T, s *scene) {
		s.guarded(t)
		s.setProperty(t, "mail.smtp.password", "hush hush")
	}},
	"mail.smtp.password": {value: "hush hush", was: "nothing", is: "portal@portal.example as portal", see: mails, prepare: func(t *testing.T, s *scene) {
		s.guarded(t)
		s.setProperty(t, "mail.smtp.user", "portal")
	}},
	"mail.from": {value: "new@portal.example", was: "portal@portal.example", is: "new@portal.example", see: mails,
		prepare: func(t *testing.T, s *scene) { s.relay = s.house.relay(t) }},
	"portico.mail.retentionDays": {value: "1", was: "1 letters", is: "0 letters", prepare: func(t *testing.T, s *scene) { s.relay = s.house.relay(t) },
		see: func(t *testing.T, s *scene, turn int) string {
			mails(t, s, turn)
			s.pass(2 * day)
			must(t, s.letters.Sweep(context.Background()))
			var page struct{ Data []any }
			s.good(t, s.session(t, "super"), "system/getMail", `{}`, &page)
			return fmt.Sprintf("%d letters", len(page.Data))
		}},

	"vco.api.rateLimit.enabled":      {value: "true", prepare: set("rules.global", rates("ENTERPRISE_USER"), "mode.logOnly", "false"), see: secondCall("ops@acme"), was: "0", is: "-32013"},
	"vco.api.rateLimit.mode.logOnly": {value: "false", prepare: set("rules.global", rates("ENTERPRISE_USER"), "enabled", "true"), see: secondCall("ops@acme"), was: "0", is: "-32013"},
	"vco.api.rateLimit.rules.global": {value: rates("ENTERPRISE_USER"), prepare: set("mode.logOnly", "false", "enabled", "true"), see: secondCall("ops@acme"), was: "0", is: "-32013"},
	"vco.api.rateLimit.rules.enterprise.default": {value: rates("ENTERPRISE"), prepare: set("mode.logOnly", "false", "enabled", "true"),
		see: secondCall("ops@acme"), was: "0", is: "-32013"},
	"vco.api.rateLimit.rules.enterpriseProxy.default": {value: rates("PROXY"), prepare: set("mode.logOnly", "false", "enabled", "true"),
		see: secondCall("std@northwind"), was: "0", is: "-32013"},

	"retentionWeeks.enterpriseEvents": {value: "1", see: keeps(auth.Enterprise, "CREATE_ENTERPRISE"), was: "kept", is: "swept"},
	"retentionWeeks.operatorEvents":   {value: "1", see: keeps(auth.Operator, "CREATE_OPERATOR_USER"), was: "kept", is: "swept"},
	"retentionWeeks.proxyEvents":      {value: "1", see: keeps(auth.MSP, "CREATE_ENTERPRISE_PROXY"), was: "kept", is: "swept"},
}

// deliver lets a new webhook mail an event, and answers its deliveries a while after that.
func (s *scene) deliver(t *testing.T, turn int, later time.Duration) (list []portal.Delivery) {
	s.setProperty(t, "mail.smtp.host", "relay.example")
	admin := s.session(t, "admin@acme")
	var made portal.Inserted
	s.good(t, admin, "webhook/insertWebhook", fmt.Sprintf(`{"name":"m%d","channel":"MAIL","recipients":["a@x.example"]}`, turn), &made)
	s.good(t, admin, "webhook/sendTestEvent", fmt.Sprintf(`{"id":%d}`, made.ID), nil)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() { s.hooks.Run(ctx, func(hook.News) {}, func(error) {}) })
	see := func() []portal.Delivery {
		var page portal.Deliveries
		s.good(t, admin, "webhook/getDeliveries", fmt.Sprintf(`{"webhookId":%d}`, made.ID), &page)
		return page.Data
	}
	for list = see(); list[0].Tries == 0 && list[0].LastError == nil; list = see() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	work.Wait()
	s.pass(later)
	must(t, s.hooks.Sweep(context.Background()))
	admin = s.session(t, "admin@acme")
	return see()
}

func createsToken(t *testing.T, s *scene, turn int) string {
	params := fmt.Sprintf(`{"name":"t%d","lifetimeMs":%d}`, turn, (3 * day).Milliseconds())
	return fmt.Sprint(s.call(s.session(t, "ops@acme"), "apiToken/create", params).Code)
}

func creates(method string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, turn int) string {
		user := fmt.Sprintf(`{"username":"u%d@new","password":%q}`, turn, password)
		return fmt.Sprint(s.call(s.session(t, "super"), method, fmt.Sprintf(`{"name":"n%d","user":%s}`, turn, user)).Code)
	}
}

// locksOut tries wrong passwords and then, after a while, the right one.
func locksOut(who string, wrong int, after time.Duration) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, _ int) string {
		s.fail(t, wrong, afar, who)
		if s.pass(after); s.loginFrom(afar, who, password) {
			return "in"
		}
		return "out"
	}
}

func takesPassword(giver, who string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, turn int) string {
		return s.give(s.session(t, giver), who, fmt.Sprint("correct horse 2", turn))
	}
}

// isFree answers the code of a call with a new session.
func isFree(who string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, _ int) string {
		return fmt.Sprint(s.call(s.session(t, who), "apiToken/list", `{}`).Code)
	}
}

// addresses gives two operators what a link is mailed to.
func addresses(t *testing.T, s *scene) {
	for _, who := range []string{"opstd", "opsupport"} {
		s.good(t, s.session(t, "super"), "operatorUser/updateOperatorUser", fmt.Sprintf(`{"username":%q,"_update":{"email":"%[1]s@mail.example"}}`, who), nil)
	}
}

func first(property string) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		addresses(t, s)
		s.setProperty(t, property, "true")
	}
}

// linkLives answers the state of a new link after a minute and a half. Each turn has its user, for nobody gets two so soon.
func linkLives(by string, whose ...string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, turn int) string {
		s.good(t, s.session(t, by), resetMethod(by, "send"), fmt.Sprintf(`{"username":%q}`, whose[turn]), nil)
		return s.linkState(t, by, whose[turn])
	}
}

// selfReset is the same of a link that the user asked for himself.
func selfReset(by string, whose ...string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, turn int) string {
		s.good(t, nil, "login/requestPasswordReset", fmt.Sprintf(`{"username":%q}`, whose[turn]), nil)
		must(t, s.resets.Settle(context.Background()))
		return s.linkState(t, by, whose[turn])
	}
}

func resetMethod(by, verb string) string {
	if by == "super" {
		return "operatorUser/" + verb + "OperatorUserPasswordResetEmail"
	}
	return "enterpriseUser/" + verb + "EnterpriseUserPasswordResetEmail"
}

func (s *scene) linkState(t *testing.T, by, who string) string {
	t.Helper()
	s.pass(90 * time.Second)
	var draft struct{ State string }
	s.good(t, s.session(t, by), resetMethod(by, "get"), fmt.Sprintf(`{"username":%q}`, who), &draft)
	return draft.State
}

// guarded sets up a relay that takes mail of one user alone.
func (s *scene) guarded(t *testing.T) {
	t.Helper()
	s.relay = smtptest.Start(t, func(r *smtptest.Relay) { r.Plain, r.Users = true, map[string]string{"portal": "hush hush"} })
	s.house.relay(t)
	s.setProperty(t, "mail.smtp.port", fmt.Sprint(s.relay.Port))
}

// mails sends a letter and answers whose it is on the relay, or that it did not come.
func mails(t *testing.T, s *scene, turn int) string {
	before := len(s.relay.Mails())
	s.good(t, s.session(t, "admin@acme"), sendReset, fmt.Sprintf(`{"username":%q}`, []string{"ops@acme", "support@acme"}[turn]), nil)
	_ = s.letters.Deliver(context.Background()) // what goes wrong is told in the letter
	all := s.relay.Mails()[before:]
	switch {
	case len(all) == 0:
		return "nothing"
	case all[0].User != "":
		return all[0].From + " as " + all[0].User
	}
	return all[0].From
}

// rates are policies that let one call of a method pass in a minute.
func rates(of string) string {
	return `[{"type":"` + of + `","policies":[{"match":{"type":"METHOD","value":"apiToken/list"},
		"rules":{"reservoir":1,"reservoirRefreshAmount":1,"reservoirRefreshInterval":60000}}]}]`
}

// set gives properties of rate limits their values, by name and value.
func set(all ...string) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		for of := range slices.Chunk(all, 2) {
			s.setProperty(t, "vco.api.rateLimit."+of[0], of[1])
		}
	}
}

// secondCall answers the code of the second of two calls in a row.
func secondCall(who string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, _ int) string {
		as := s.session(t, who)
		s.call(as, "apiToken/list", `{}`)
		return fmt.Sprint(s.call(as, "apiToken/list", `{}`).Code)
	}
}

// keeps says whether an event is there after two weeks and a sweep.
func keeps(of auth.UserType, event string) func(*testing.T, *scene, int) string {
	return func(t *testing.T, s *scene, _ int) string {
		in := auth.Network()
		if of != auth.Operator {
			in = tenant(t, s.house, of, 1)
		}
		s.pass(14 * day)
		must(t, s.tokens.Sweep(context.Background()))
		if len(s.told(t, in, event)) > 0 {
			return "kept"
		}
		return "swept"
	}
}

// TestPropertiesAct: each property acts with the next call, and none is there that nothing is known of.
func TestPropertiesAct(t *testing.T) {
	t.Parallel()
	var all map[string]*string
	h := build(t)
	h.good(t, h.session(t, "super"), "systemProperty/getSystemProperties", `{"normalize":true}`, &all)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e, ok := effects[name]
		if !ok {
			if unread[name] == "" {
				t.Errorf("%s has no effect here, and nothing is said why", name)
			}
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := &scene{house: build(t), value: e.value}
			if e.prepare != nil {
				e.prepare(t, s)
			}
			if got := e.see(t, s, 0); got != e.was {
				t.Errorf("before: %q, want %q", got, e.was)
			}
			s.setProperty(t, name, s.value)
			if got := e.see(t, s, 1); got != e.is {
				t.Errorf("set to %s: %q, want %q", s.value, got, e.is)
			}
		})
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(effects)), slices.Collect(maps.Keys(unread))) {
		if _, ok := all[name]; !ok || effects[name].see != nil && unread[name] != "" {
			t.Errorf("%s is no property, or stands in both lists", name)
		}
	}
}

// The value must be of the property's type, whoever's it is.
func TestPropertyTypes(t *testing.T) {
	h := build(t)
	super := http.Header(h.session(t, "super"))
	for _, c := range []struct {
		of        string
		good, bad []string
	}{
		{"STRING", []string{"x", "1", "{"}, nil},
		{"NUMBER", []string{"0", "-1", "1.5", "1e3"}, []string{"x", "1,5", "NaN", "0x1", " ", "1 "}},
		{"BOOLEAN", []string{"true", "FALSE", "True"}, []string{"1", "yes", "truer"}},
		{"JSON", []string{"{}", "[]", `"x"`, "1", "null"}, []string{"{", "{a:1}", "'x'", "{} {}"}},
		{"DATE", []string{"2026-02-28", "2028-02-29"}, []string{"2026-02-29", "2026-2-1", "28.02.2026", "2026-02-28T00:00:00Z"}},
		{"DATETIME", []string{"2026-02-28T23:59:59Z", "2026-02-28T23:59:59.123+02:00"}, []string{"2026-02-28", "2026-02-28 23:59:59", "2026-02-28T25:00:00Z", "1772323199000"}},
	} {
		try := func(value string, want int) {
			t.Helper()
			r := h.call(super, "systemProperty/insertOrUpdateSystemProperty", fmt.Sprintf(`{"name":"a.%s","value":%q,"dataType":%[1]q}`, c.of, value))
			if r.Code != want {
				t.Errorf("%s %q: %v", c.of, value, r)
			}
			r = h.call(super, "systemProperty/insertOrUpdateSystemProperty", fmt.Sprintf(`{"name":"a.default","value":%q,"defaultValue":%q,"dataType":%q}`, c.good[0], value, c.of))
			if r.Code != want {
				t.Errorf("the default %s %q: %v", c.of, value, r)
			}
		}
		for _, v := range c.good {
			try(v, 0)
		}
		for _, v := range c.bad {
			try(v, -32602)
		}
		if r := h.call(super, "systemProperty/updateSystemProperty", fmt.Sprintf(`{"name":"a.%s","_update":{"dataType":"DATE"}}`, c.of)); (r.Code == 0) != (c.of == "DATE") {
			t.Errorf("%s made a DATE: %v", c.of, r)
		}
	}
	if r := h.call(super, "systemProperty/insertSystemProperty", `{"name":"b","value":"x","dataType":"TEXT"}`); r.Code != -32602 {
		t.Error(r)
	}
}
