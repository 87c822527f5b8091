package portal_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
)

// limited is enabled, with limits.
func (h *house) limited(t testing.TB, as http.Header, name, limits string) (id int64, text string) {
	t.Helper()
	var made struct {
		ID    int64
		Token string
	}
	h.good(t, as, "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":2592000000,"limits":%s}`, name, limits), &made)
	h.good(t, as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, made.ID), &made)
	return made.ID, made.Token
}

// here is where the calls of these tests come from.
const here = `{"sources":["192.0.2.0/24"]}`

func beyondLimits(r reply) bool {
	return strings.Contains(string(r.Error), `"code":"API_TOKEN_LIMITS"`)
}

// TestWhatLimitsClose makes every call as superusers by tokens with limits, and holds who is refused for these against the table that was
// written by hand: a new method is closed until somebody says there that it is not.
func TestWhatLimitsClose(t *testing.T) {
	t.Parallel()
	open := methodTable(t, "testdata/limited.table", 2)
	h := build(t)
	callers := map[string][3]http.Header{} // by type of users: limited, for one enterprise, and for another method
	for kind, who := range map[string]string{"OPERATOR": "super", "MSP": "admin@northwind", "ENTERPRISE": "admin@acme"} {
		as := h.session(t, who)
		_, limited := h.limited(t, as, "limited", here)
		_, methods := h.limited(t, as, "methods", `{"methods":["event/getEnterpriseEvents"]}`)
		callers[kind] = [3]http.Header{bearing(limited), nil, bearing(methods)}
		if kind != "ENTERPRISE" {
			_, one := h.limited(t, as, "one", `{"enterpriseId":2}`)
			callers[kind] = [3]http.Header{bearing(limited), bearing(one), bearing(methods)}
		}
	}
	var catalog []struct {
		Name               string
		Public             bool
		AllowAuthTypes     []string
		AllowLimitedTokens bool
	}
	h.good(t, callers["OPERATOR"][0], "system/getMethodCatalog", `{}`, &catalog)
	serial := 0
	for _, m := range catalog {
		if m.Public {
			continue
		}
		want := open(m.Name)
		if told := m.AllowLimitedTokens; told != (want[0] == "y") {
			t.Errorf("%s: the catalog says %v", m.Name, told)
		}
		for kind, as := range callers {
			if d := doorways[m.Name]; !d.admits(kind) {
				continue
			}
			for i, cell := range []string{want[0], want[1], "-"} {
				if as[i] == nil || i == 2 && m.Name == "event/getEnterpriseEvents" {
					continue
				}
				r := h.call(as[i], m.Name, doorways[m.Name].fill(h, 9, atHome, &serial))
				if r.Code == -32000 || beyondLimits(r) != (cell == "-") {
					t.Errorf("%s by %s, token %d: %v, want %s", m.Name, kind, i, r, cell)
				}
			}
		}
	}
}

// TestNoWayOutOfOneEnterprise: to a token for one enterprise everything outside is as if it did not exist, to whatever method it is named.
func TestNoWayOutOfOneEnterprise(t *testing.T) {
	t.Parallel()
	s := buildStreet(t)
	serial, tried := 0, 0
	_, ofOperator := s.limited(t, s.session(t, "super"), "acme alone", `{"enterpriseId":1}`)
	hooli, err := s.accounts.InsertEnterprise(context.Background(), account.System("test"),
		account.NewEnterprise{Name: "Hooli", ProxyID: 1, Delegated: auth.ToProxy})
	must(t, err)
	s.good(t, s.session(t, "admin@northwind"), "enterprise/getEnterpriseUsers", fmt.Sprintf(`{"enterpriseId":%d}`, hooli.ID), nil)
	_, ofPartner := s.limited(t, s.session(t, "admin@northwind"), "globex alone", `{"enterpriseId":2}`)
	for name, text := range map[string]string{"network": ofOperator, "northwind": ofPartner} {
		caller := *s.callers[name]
		caller.as = bearing(text)
		for _, r := range mentions(t, s.house) {
			kind := r.leadsTo()
			if kind == "-" || !caller.admitted(r.method) {
				continue
			}
			for _, params := range r.forms(t, caller.params(r, &serial)) {
				for _, owner := range append(s.owners, s.callers["northwind"]) {
					value, ok := owner.owns[kind]
					if !ok {
						continue
					}
					tried++
					if got, want := s.ask(t, &caller, r, params, value), s.ask(t, &caller, r, params, unknown(kind, value)); got != want {
						t.Errorf("%s by %s: %s of another tenant in %s reads\n%s\nand an unknown one\n%s", r.method, name, r.path, params, got, want)
					}
				}
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d tries", tried)
	}
	for _, c := range []struct{ as, method, params string }{
		{ofOperator, "enterprise/getEnterpriseUsers", `{"enterpriseId":2}`}, {ofOperator, "enterprise/getEnterpriseUsers", `{}`},
		{ofOperator, "network/getNetworkEnterprises", `{}`}, {ofOperator, "oauthApp/getOauthApps", `{}`},
		{ofOperator, "enterpriseProxy/getEnterpriseProxyUsers", `{"enterpriseProxyId":1}`},
		{ofPartner, "enterprise/getEnterpriseUsers", fmt.Sprintf(`{"enterpriseId":%d}`, hooli.ID)},
		{ofPartner, "enterpriseProxy/getEnterpriseProxyEnterprises", `{}`}, {ofPartner, "event/getProxyEvents", `{}`},
	} {
		if r := s.call(bearing(c.as), c.method, c.params); r.Code != -32002 && r.Code != -32004 {
			t.Errorf("%s %s: %v", c.method, c.params, r)
		}
	}
	s.good(t, bearing(ofOperator), "enterprise/getEnterpriseUsers", `{"enterpriseId":1}`, nil)
	s.good(t, bearing(ofPartner), "enterprise/getEnterpriseUsers", `{"enterpriseId":2}`, nil)
}

// TestLimitsAtEveryDoor: what a token may not by one way it may not by any, nor may what it was exchanged for.
func TestLimitsAtEveryDoor(t *testing.T) {
	t.Parallel()
	h := build(t)
	as := h.session(t, "admin@acme")
	_, one := h.limited(t, as, "one method", `{"methods":["enterprise/getEnterpriseUsers"]}`)
	_, far := h.limited(t, as, "far", `{"sources":["203.0.113.7","2001:db8::/32"]}`)
	_, read := h.limited(t, as, "read", `{"privileges":["READ:ENTERPRISE"]}`)
	own, renew := h.limited(t, as, "renew", `{"methods":["apiToken/*"]}`)
	_, gate := h.limited(t, as, "gate", `{"methods":["auth/check"]}`)
	access := func(text string) http.Header { return http.Header{"Authorization": {"Bearer " + h.exchanged(t, text)}} }

	users, enterprise := "enterprise/getEnterpriseUsers", "enterprise/getEnterprise"
	for name, c := range map[string]struct {
		as   http.Header
		verb string
		path string
		body string
		want string // of the answer
	}{
		"JSON-RPC":    {bearing(one), "POST", "/portal", `{"jsonrpc":"2.0","id":1,"method":"` + enterprise + `"}`, "API_TOKEN_LIMITS"},
		"a batch":     {bearing(one), "POST", "/portal", `[{"jsonrpc":"2.0","id":1,"method":"` + users + `"},{"jsonrpc":"2.0","id":2,"method":"` + enterprise + `"}]`, "API_TOKEN_LIMITS"},
		"the twin":    {bearing(one), "POST", "/portal/rest/" + enterprise, `{}`, "API_TOKEN_LIMITS"},
		"as a bearer": {http.Header{"Authorization": {"Bearer " + one}}, "POST", "/portal/rest/" + enterprise, `{}`, "API_TOKEN_LIMITS"},
		"exchanged":   {access(one), "POST", "/portal/rest/" + enterprise, `{}`, "API_TOKEN_LIMITS"},
		"its own":     {access(one), "POST", "/portal/rest/" + users, `{}`, `"admin@acme"`},
		"a path":      {bearing(one), "GET", "/v3/credentials", "", "API_TOKEN_LIMITS"},
		"a gateway":   {bearing(one), "GET", "/auth/check", "", "they do not name it"},
		"Envoy":       {bearing(one), "PUT", "/auth/ext_authz/x", "", "they do not name it"},
		"its Envoy":   {bearing(gate), "PUT", "/auth/ext_authz/x", "", ""},
		"its gateway": {bearing(gate), "GET", "/auth/check", "", ""},

		"a privilege":                      {bearing(read), "POST", "/portal/rest/" + users, `{}`, "READ:ENTERPRISE_USER"},
		"a privilege, exchanged":           {access(read), "POST", "/portal/rest/" + users, `{}`, "READ:ENTERPRISE_USER"},
		"a privilege, a gateway":           {bearing(read), "GET", "/auth/check?privilege=READ:ENTERPRISE_USER", "", "READ:ENTERPRISE_USER"},
		"a way in, exchanged":              {access(read), "POST", "/portal/rest/apiToken/create", `{"name":"x","lifetimeMs":1000}`, "API_TOKEN_LIMITS"},
		"itself, exchanged":                {access(renew), "POST", "/portal/rest/apiToken/rotate", fmt.Sprintf(`{"id":%d}`, own), "may not rotate another"},
		"elsewhere":                        {bearing(far), "POST", "/portal/rest/" + users, `{}`, "invalid token"},
		"elsewhere, in a batch":            {bearing(far), "POST", "/portal", `[{"jsonrpc":"2.0","id":1,"method":"` + users + `"}]`, "invalid token"},
		"elsewhere, a path":                {bearing(far), "GET", "/v3/credentials", "", "invalid token"},
		"elsewhere, a gateway":             {bearing(far), "GET", "/auth/check", "", "invalid token"},
		"elsewhere, exchanged":             {nil, "POST", "/csp/gateway/am/api/auth/api-tokens/authorize", "refresh_token=" + far, "invalid_grant"},
		"nobody is needed, so no token is": {bearing(far), "POST", "/portal/rest/rpc.discover", `{}`, `"openrpc"`},
	} {
		if w := h.v3(c.verb, c.path, c.as, c.body); !strings.Contains(w.Body.String(), c.want) || c.want == "" && w.Code != 200 {
			t.Errorf("%s: %d %s, want %s", name, w.Code, w.Body, c.want)
		}
	}

	// From where it may be used the exchanged one is good there alone, too.
	r := request("/csp/gateway/am/api/auth/api-tokens/authorize", nil, "refresh_token="+far)
	r.RemoteAddr, r.TLS = "[2001:db8::1]:1", &tls.ConnectionState{}
	var made struct {
		AccessToken string `json:"access_token"`
	}
	must(t, json.Unmarshal(h.answer(r).Body.Bytes(), &made))
	for address, want := range map[string]string{"203.0.113.7:1": `"id":1`, "[::ffff:203.0.113.7]:1": `"id":1`, "203.0.113.8:1": "invalid token"} {
		r := request("/portal/rest/"+enterprise, http.Header{"Authorization": {"Bearer " + made.AccessToken}}, `{}`)
		if r.RemoteAddr = address; !strings.Contains(h.answer(r).Body.String(), want) {
			t.Errorf("exchanged there, used from %s: not %s", address, want)
		}
	}
	if w := h.post("/oauth2/revoke", nil, "client_id=portico&token="+made.AccessToken); w.Code == 200 {
		t.Errorf("revoked from elsewhere: %d %s", w.Code, w.Body)
	}
	reasons := map[string]int{}
	for _, name := range []string{"API_TOKEN_REFUSED", "ACCESS_TOKEN_REFUSED"} {
		for _, e := range h.told(t, acme(t, h), name) {
			var d struct{ Reason string }
			must(t, json.Unmarshal(e.Detail, &d))
			reasons[name+": "+d.Reason]++
		}
	}
	for _, want := range []string{"API_TOKEN_REFUSED: not from where the token may be used", "ACCESS_TOKEN_REFUSED: not from where the token may be used"} {
		if reasons[want] == 0 {
			t.Errorf("the record has %v, not %s", reasons, want)
		}
	}
}

// TestWhoGoesByTheTokenAlone: an access token says of itself what its API token leaves, for those who do not ask the portal.
func TestWhoGoesByTheTokenAlone(t *testing.T) {
	t.Parallel()
	h := build(t)
	as := h.session(t, "admin@acme")
	_, whole := h.enabled(t, as, "whole", time.Hour)
	_, read := h.limited(t, as, "read", `{"privileges":["READ:ENTERPRISE","READ:ENTERPRISE_EVENT"]}`)
	for text, want := range map[string][3]any{whole: {nil, nil, []any{9.0}}, read: {true, "READ:ENTERPRISE READ:ENTERPRISE_EVENT", nil}} {
		if own := claimsOf(t, text); own["limited"] != want[0] {
			t.Errorf("the API token itself says %v", own)
		}
		c := claimsOf(t, h.exchanged(t, text))
		if got := [3]any{c["limited"], c["scope"], c["roles"]}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestSources: one form of what is written in many, and nothing so broad that it is no limit.
func TestSources(t *testing.T) {
	t.Parallel()
	h := build(t)
	as := h.session(t, "ops@acme")
	for i, c := range []struct{ given, want string }{
		{"10.1.2.3", "10.1.2.3"}, {"10.1.2.3/32", "10.1.2.3"}, {"10.1.2.3/8", "10.0.0.0/8"}, {"10.1.2.3/7", "broad"}, {"0.0.0.0/0", "broad"},
		{"2001:DB8::1", "2001:db8::1"}, {"2001:db8::1/64", "2001:db8::/64"}, {"2001:db8::/15", "broad"}, {"::/0", "broad"},
		{"::ffff:10.1.2.3", "10.1.2.3"}, {"::ffff:10.1.2.0/120", "10.1.2.0/24"}, {"::ffff:0.0.0.0/96", "broad"}, {"::ffff:10.0.0.0/90", "broad"},
		{"fe80::1%eth0", "neither"}, {"10.1.2", "neither"}, {"010.1.2.3", "neither"}, {"10.1.2.3/33", "neither"}, {"10.1.2.3/08", "neither"},
		{"10.1.2.3-10.1.2.9", "neither"}, {"", "neither"}, {" 10.1.2.3", "neither"}, {"localhost", "neither"}, {"10.1.2.3:443", "neither"},
	} {
		r := h.call(as, "apiToken/create", fmt.Sprintf(`{"name":"s%d","lifetimeMs":1000,"limits":{"sources":[%q]}}`, i, c.given))
		got := r.Message
		if r.Code == 0 {
			var made struct{ ID int64 }
			must(t, json.Unmarshal(r.Result, &made))
			var tok struct{ Limits struct{ Sources []string } }
			h.good(t, as, "apiToken/get", fmt.Sprintf(`{"id":%d}`, made.ID), &tok)
			got = strings.Join(tok.Limits.Sources, " ")
			if got != c.want {
				t.Errorf("%q is kept as %q, want %q", c.given, got, c.want)
			}
		} else if !strings.Contains(got, c.want) {
			t.Errorf("%q: %s, want %s", c.given, got, c.want)
		}
	}
}

// TestNoTokenByALimitedOne: the authority refuses by itself, whoever asks it.
func TestNoTokenByALimitedOne(t *testing.T) {
	t.Parallel()
	h := build(t)
	id := h.pending(t, h.session(t, "admin@acme"), "waits", time.Hour)
	by := h.admin(t, "admin@acme")
	by.Limit(&auth.Limits{Methods: []string{"apiToken/*"}})
	if _, err := h.tokens.Create(context.Background(), by, token.NewToken{Name: "x", LifetimeMs: 1000}); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("created: %v", err)
	}
	if _, err := h.tokens.Download(context.Background(), by, token.Where{}, id); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("downloaded: %v", err)
	}
}

// TestLimitsOnlyNarrow: the owner's rights of the moment are the bound, whatever the limits name.
func TestLimitsOnlyNarrow(t *testing.T) {
	t.Parallel()
	h := build(t)
	_, text := h.limited(t, h.session(t, "support@acme"), "hopeful", `{"privileges":["READ:ENTERPRISE","UPDATE:ENTERPRISE","CREATE:ENTERPRISE_ALERT"]}`)
	if r := h.call(bearing(text), "enterprise/updateEnterprise", `{"_update":{"city":"x"}}`); r.Code != -32002 {
		t.Errorf("what the owner may not: %v", r)
	}
	h.good(t, bearing(text), "enterprise/getEnterprise", `{}`, nil)
	h.customize(t, 125, auth.Read.On(auth.EnterpriseObject))
	if r := h.call(bearing(text), "enterprise/getEnterprise", `{}`); r.Code != -32002 {
		t.Errorf("what the owner may no longer: %v", r)
	}
}
