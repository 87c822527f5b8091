package portal_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/store/memory"
)

// Attacks on the portal as it stands, over the wire. SECURITY.md says which test is for which attack.

// loginPaths are all that log somebody in; "" is the method on /portal.
var loginPaths = []string{
	"", "/portal/rest/login/enterpriseLogin", "/portal/rest//login/enterpriseLogin", "/login/enterpriseLogin",
	"/portal/login/enterpriseLogin",
	"/login/doLogin.html", "/acme/login/enterpriseLogin",
}

// knock tries a login at one of these.
func (h *house) knock(path, who, password string, headers http.Header) *httptest.ResponseRecorder {
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, who, password)
	if path == "" {
		path, body = "/portal", `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":`+body+`}`
	}
	return h.post(path, headers, body)
}

func sessionIn(w *httptest.ResponseRecorder) string {
	for _, c := range w.Result().Cookies() {
		if c.Name == "velocloud.session" {
			return c.Value
		}
	}
	return ""
}

var wholeCookie = regexp.MustCompile(`^velocloud\.session=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400; Secure$`)

// TestCookieFlags: scripts do not see a session, nor does it travel in the clear, to others, or from others' pages.
func TestCookieFlags(t *testing.T) {
	h := build(t)
	for _, path := range loginPaths {
		w := h.knock(path, "ops@acme", password, nil)
		if all := w.Header()["Set-Cookie"]; len(all) != 1 || !wholeCookie.MatchString(all[0]) {
			t.Errorf("%q: %q", path, all)
		}
		for _, c := range h.knock(path, "ops@acme", "wrong", nil).Result().Cookies() {
			if c.Name == "velocloud.session" {
				t.Errorf("%q sets a session for a wrong password: %v", path, c)
			}
		}
	}
	if c := h.post("/logout", h.session(t, "ops@acme"), ``).Header().Get("Set-Cookie"); c != "velocloud.session=ended; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure" {
		t.Errorf("logout: %q", c)
	}
}

// TestSessionFixation: a login never takes up a session that somebody has put into the browser before, be it made up or his own.
func TestSessionFixation(t *testing.T) {
	h := build(t)
	attacker := sessionIn(h.knock(loginPaths[1], "readonly@acme", password, nil))
	for _, planted := range []string{attacker, strings.Repeat("A", 43), "x"} {
		for _, path := range loginPaths {
			as := http.Header{"Cookie": {"velocloud.session=" + planted}}
			got := sessionIn(h.knock(path, "admin@acme", password, as))
			if got == "" || got == planted {
				t.Errorf("%q with the session %.5s...: the session of the login is %.5s...", path, planted, got)
			}
			r := h.call(as, "auth/getCallerInfo", `{}`)
			if planted == attacker && !strings.Contains(string(r.Result), "readonly@acme") || planted != attacker && r.Code != -32000 {
				t.Errorf("%q: the session %.5s... is now %v", path, planted, r)
			}
		}
	}
	as := h.session(t, "ops@acme")
	h.post("/logout", as, ``)
	h.session(t, "ops@acme")
	if r := h.call(as, "system/getVersionInfo", `{}`); r.Code != -32000 {
		t.Errorf("a session that was ended goes on after the next login: %v", r)
	}
}

// crossSites are how browsers tell that a page of others makes the call.
var crossSites = []http.Header{
	{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	{"Origin": {"null"}},
	{"Origin": {"http://example.com:444"}}, {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://example.com"}},
}

// TestCrossSiteForgery: a page of others makes no call of any method with the session of its visitor, signs him in nowhere and out of
// nothing, in whatever form it writes the call.
func TestCrossSiteForgery(t *testing.T) {
	t.Parallel()
	h := build(t)
	session := h.session(t, "admin@acme")
	serial := 0
	with := func(from http.Header, cookie bool) http.Header {
		as := from.Clone()
		if cookie {
			as.Set("Cookie", session.Get("Cookie"))
		}
		return as
	}
	for _, name := range published(t, h) {
		d := doorways[name]
		params := d.fill(h, 9, atHome, &serial)
		call := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, name, params)
		for _, from := range crossSites {
			for path, body := range map[string]string{"/portal": call, "/portal/": "[" + call + "]", "/portal/rest/" + name: params} {
				if w := h.post(path, with(from, true), body); w.Code != http.StatusForbidden || w.Header()["Set-Cookie"] != nil {
					t.Errorf("%s at %s from %v: %d %s", name, path, from, w.Code, w.Body)
				}
			}
		}
		r := httptest.NewRequest("GET", "/portal/rest/"+name, nil) // what a link or an image asks for
		r.Header.Set("Cookie", session.Get("Cookie"))
		if w := h.answer(r); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", name, w.Code)
		}
	}
	endpoints := []string{"/logout", "/portal/rest/logout", "/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/csp/gateway/am/api/auth/api-tokens/authorize"}
	for _, path := range slices.Concat(loginPaths[1:], endpoints) {
		for _, from := range crossSites {
			for _, cookie := range []bool{true, false} {
				if w := h.post(path, with(from, cookie), "username=ops@acme&password=correct+horse+1"); w.Code != http.StatusForbidden || w.Header()["Set-Cookie"] != nil {
					t.Errorf("%s from %v: %d %s", path, from, w.Code, w.Body)
				}
			}
		}
	}
	for _, p := range portal.Paths() {
		for _, from := range crossSites {
			r := request("/"+strings.NewReplacer("{id}", "1", "{userId}", "1", "{userGroupId}", "1").Replace(p.Pattern), with(from, true), `{}`)
			r.Method = p.Verb
			if w := h.answer(r); w.Code != http.StatusForbidden && p.Verb != "GET" { // what is only read, others' pages do not see
				t.Errorf("%s %s from %v: %d %s", p.Verb, p.Pattern, from, w.Code, w.Body)
			}
		}
	}
	for _, name := range []string{"login/enterpriseLogin", "login/operatorLogin", "login/redeemPasswordReset", "login/requestPasswordReset", "logout"} {
		for _, from := range crossSites {
			if r := h.call(with(from, false), name, `{"username":"ops@acme","password":"correct horse 1"}`); r.Status != http.StatusForbidden && r.Code != -32600 {
				t.Errorf("%s without a session from %v: %v", name, from, r)
			}
		}
	}
	h.good(t, session, "system/getVersionInfo", `{}`, nil) // nobody was signed out
}

// TestPathSmuggling: however a path is written, it leads to the method that it names and to its rule, or nowhere.
func TestPathSmuggling(t *testing.T) {
	h := build(t)
	weak := h.session(t, "readonly@acme")
	const user = `{"username":"smuggled@acme","password":"correct horse 1","roleId":9}`
	paths := []string{
		"/portal/rest/enterprise/insertEnterpriseUser", "//portal//rest///enterprise//insertEnterpriseUser//",
		"/portal/rest/enterprise%2finsertEnterpriseUser",
		"/portal%2Frest%2Fenterprise%2FinsertEnterpriseUser", "/portal/rest/enterprise%252finsertEnterpriseUser",
		"/PORTAL/REST/enterprise/insertEnterpriseUser",
		"/portal/rest/Enterprise/InsertEnterpriseUser", "/portal/rest/./enterprise/insertEnterpriseUser",
		"/portal/rest/login/../enterprise/insertEnterpriseUser",
		"/portal/rest/logout/../enterprise/insertEnterpriseUser",
		"/portal/rest/login/enterpriseLogin/../../enterprise/insertEnterpriseUser",
		"/portal/../portal/rest/enterprise/insertEnterpriseUser", "/portal/rest/enterprise/insertEnterpriseUser;x=1",
		"/portal/rest/enterprise/insertEnterpriseUser%00",
		"/portal/rest/enterprise/insertEnterpriseUser%20",
		"/portal/rest/enterprise/insertEnterpriseUser/login/enterpriseLogin", "/portal/rest/enterprise\\insertEnterpriseUser",
		"/portal/rest/rest/enterprise/insertEnterpriseUser", "/portal/portal/rest/enterprise/insertEnterpriseUser",
		"/portal/rest/enterprise/insertEnterpriseUser?x=/login/enterpriseLogin",
		"/v3/enterprise/insertEnterpriseUser", "/v3/../portal/rest/enterprise/insertEnterpriseUser",
		"/webapi/portal/rest/enterprise/insertEnterpriseUser",
		"/oauth2/token/../../portal/rest/enterprise/insertEnterpriseUser",
		"/.well-known/../portal/rest/enterprise/insertEnterpriseUser",
		"/webapi//v3//../portal/rest/enterprise/insertEnterpriseUser",
		"/v3/credentials/../../portal/rest/enterprise/insertEnterpriseUser",
		"/v3/credentials/1/../../enterprise/insertEnterpriseUser", "/v3/credentials/enterprise%2finsertEnterpriseUser",
		"/portal/rest/v3/credentials",
		"/oauth2/token/portal/rest/enterprise/insertEnterpriseUser", "/enterprise/insertEnterpriseUser",
		"/portal/enterprise/insertEnterpriseUser",
	}
	for _, path := range paths {
		for who, as := range map[string]http.Header{"nobody": nil, "readonly@acme": weak} {
			w := h.post(path, as, user)
			if w.Code/100 == 3 && w.Header().Get("Location") != "/" || w.Code >= 500 || codeIn(w.Body.Bytes()) == 0 && w.Code == 200 {
				t.Errorf("%s by %s: %d %s", path, who, w.Code, w.Body)
			}
		}
	}
	for _, name := range []string{
		"enterprise//insertEnterpriseUser", "/enterprise/insertEnterpriseUser", "enterprise/insertEnterpriseUser/",
		"Enterprise/insertEnterpriseUser", "enterprise%2finsertEnterpriseUser",
		"enterprise/insertEnterpriseUser ", "enterprise.insertEnterpriseUser",
		"login/../enterprise/insertEnterpriseUser", "Door.Enter",
	} {
		if r := h.call(h.session(t, "admin@acme"), name, user); r.Code != -32601 {
			t.Errorf("method %q: %v", name, r)
		}
	}
	if u, _, err := h.accounts.FindUser(t.Context(), h.principal(t, "super"), 0, "smuggled@acme"); u != nil || err != nil {
		t.Errorf("the user was made: %v, %v", u, err)
	}
	h.good(t, h.session(t, "admin@acme"), "enterprise/insertEnterpriseUser", user, nil) // he could have been
}

// TestHostHeader: what a caller says the portal's name is comes out nowhere, neither in an answer nor in a letter.
func TestHostHeader(t *testing.T) {
	h := build(t)
	mails := h.relay(t)
	const evil = "evil.example"
	send := func(verb, path, body string, as http.Header) *httptest.ResponseRecorder {
		r := request(path, as, body)
		r.Method, r.Host, r.TLS = verb, evil, &tls.ConnectionState{}
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Url", "X-Rewrite-Url", "Forwarded"} {
			r.Header.Set(name, evil)
		}
		return h.answer(r)
	}
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"email":"ops@mail.example"}}`, nil)
	for _, w := range []*httptest.ResponseRecorder{
		send("GET", "/", "", nil), send("GET", "/reset", "", nil),
		send("GET", "/.well-known/oauth-authorization-server", "", nil), send("GET", "/nothing", "", nil),
		send("POST", "/login/enterpriseLogin", "username=ops@acme&password=x", nil),
		send("POST", "/login/enterpriseLogin", "username=ops@acme&password=correct+horse+1", nil),
		send("POST", "/portal", "{", nil), send("POST", "/oauth2/token", "grant_type=x", nil),
		send("GET", "/oauth2/token", "", nil),
		send("POST", "/portal/rest/"+sendReset, `{"username":"ops@acme"}`, h.session(t, "admin@acme")),
	} {
		if strings.Contains(fmt.Sprint(w.Header(), w.Body), evil) {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	if all := h.links(t, mails); len(all) != 1 || strings.Contains(mails.Mails()[0].Raw, evil) { // links look for https://portal.example
		t.Errorf("%d links, or one that leads to %s", len(all), evil)
	}
}

// TestOpenRedirects: a login leads to the portal's own front page, whatever the request would like.
func TestOpenRedirects(t *testing.T) {
	h := build(t)
	for _, path := range []string{
		"/login/enterpriseLogin", "/login/doLogin.html", "//evil.example/login/enterpriseLogin",
		"/evil.example/login/enterpriseLogin", "/https:%2f%2fevil.example/login/enterpriseLogin",
		"/\\evil.example/login/enterpriseLogin", "//evil.example//login/doLogin.html",
		"/login/enterpriseLogin//evil.example", "/logout//evil.example", "//evil.example/logout", "/logout",
	} {
		for _, password := range []string{password, "wrong"} {
			w := h.post(path+"?returnUrl=https://evil.example&next=//evil.example&redirect_uri=https://evil.example", http.Header{"Referer": {"https://evil.example"}},
				"username=ops@acme&password="+strings.ReplaceAll(password, " ", "+")+"&returnUrl=https://evil.example")
			if to := w.Header()["Location"]; to != nil && (len(to) != 1 || to[0] != "/") {
				t.Errorf("%s leads to %q", path, to)
			}
		}
	}
}

// TestForeignRequestIDs: a caller who could choose the number of his request could pass for another's in the log and in the record.
func TestForeignRequestIDs(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log))
	const foreign = "11111111-2222-4333-8444-555555555555"
	as := h.session(t, "ops@acme")
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "Request-Id", "Traceparent"} {
		as.Set(name, foreign)
	}
	seen := map[string]bool{}
	for i := range 20 {
		w := h.post("/portal/rest/apiToken/create", as, fmt.Sprintf(`{"name":"t%d","lifetimeMs":60000}`, i))
		id := w.Header()["X-Request-Id"]
		if len(id) != 1 || id[0] == foreign || seen[id[0]] {
			t.Errorf("X-Request-Id %q", id)
		}
		seen[id[0]] = true
	}
	for _, e := range h.told(t, acme(t, h), "CREATE_API_TOKEN") {
		if !seen[e.RequestID] {
			t.Errorf("an event of request %q", e.RequestID)
		}
	}
	if strings.Contains(log.String(), foreign) {
		t.Error("the log has the caller's own number")
	}
}

// TestLogInjection: nobody writes lines of his own into the log, nor members of his own into its lines.
func TestLogInjection(t *testing.T) {
	for format, writer := range map[string]func(*logbook) zerolog.Logger{
		"json": func(l *logbook) zerolog.Logger { return zerolog.New(l).Level(zerolog.DebugLevel) },
		"text": func(l *logbook) zerolog.Logger { return zerolog.New(zerolog.ConsoleWriter{Out: l, NoColor: true}) },
	} {
		t.Run(format, func(t *testing.T) {
			var log logbook
			db := memory.Open()
			t.Cleanup(func() { db.Close() })
			h := buildOn(t, db, writer(&log))
			log.text.Reset()
			const line = "x\r\n{\"level\":\"error\",\"message\":\"forged\"}\n\u2028\x1b[31mforged\",\"forged\":\"1"
			quoted := quoted(line)
			requests := 0
			for _, as := range []http.Header{nil, {"Authorization": {"Token " + line}}, {"Cookie": {"velocloud.session=" + line}}, {"User-Agent": {line}, "X-Forwarded-For": {line}}} {
				for path, body := range map[string]string{
					"/portal": `{"jsonrpc":"2.0","id":` + quoted + `,"method":` + quoted + `}`, "/portal/": quoted,
					"/portal/rest/x%0Aforged%22":         `{"username":` + quoted + `}`,
					"/portal/rest/login/enterpriseLogin": `{"username":` + quoted + `,"password":` + quoted + `}`,
					"/oauth2/token":                      "grant_type=client_credentials&client_id=x%0Aforged&client_secret=y%0Aforged",
					"/x%0Aforged":                        "",
				} {
					h.post(path, as, body)
					requests++
				}
			}
			lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
			if len(lines) != requests || strings.Contains(log.String(), "forged") || strings.ContainsAny(log.String(), "\r\x1b\u2028") {
				t.Errorf("%d lines of %d requests:\n%s", len(lines), requests, log.String())
			}
			for _, l := range lines {
				if format == "json" && !json.Valid([]byte(l)) {
					t.Errorf("not JSON: %s", l)
				}
			}
		})
	}
}

// TestUnauthenticatedMethods pins what is open to those who have not signed in. Whoever adds to it means it.
func TestUnauthenticatedMethods(t *testing.T) {
	h := build(t)
	var open []string
	for _, name := range published(t, h) {
		if r := h.call(nil, name, `{}`); !strings.HasPrefix(r.Message, "tokenError [expired session cookie]") {
			open = append(open, name)
		}
	}
	want := []string{"login/enterpriseLogin", "login/operatorLogin", "login/redeemPasswordReset", "login/requestPasswordReset", "logout", "rpc.discover"}
	if !slices.Equal(open, want) {
		t.Errorf("open are %q, want %q", open, want)
	}
	for _, verb := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "OPTIONS"} {
		for _, name := range published(t, h) {
			if w := h.answer(httptest.NewRequest(verb, "/portal/rest/"+name, nil)); verb != "OPTIONS" && w.Code != http.StatusMethodNotAllowed || w.Body.Len() > 200 {
				t.Errorf("%s %s: %d %s", verb, name, w.Code, w.Body)
			}
		}
	}
}

// A lostLine is a client that has gone when the answer comes.
type lostLine struct{ header http.Header }

func (l lostLine) Header() http.Header       { return l.header }
func (l lostLine) WriteHeader(int)           {}
func (l lostLine) Write([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestB02AnswerLost: a text that was made and did not arrive is made no second time. Its owner sees that nobody uses the token, ends it,
// and makes another.
func TestB02AnswerLost(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	id := h.pending(t, as, "ci", time.Hour)
	h.handler.ServeHTTP(lostLine{http.Header{}}, request("/portal/rest/apiToken/download", as, fmt.Sprintf(`{"id":%d}`, id)))
	if r := h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id)); textIn(r) != "" || r.Code != -32006 {
		t.Errorf("a second download: %v", r)
	}
	if s := h.show(t, as, id); s.State != "ENABLED" || s.Downloaded == nil || s.LastUsed != nil {
		t.Errorf("the token is %+v", s)
	}
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
	h.enabled(t, as, "ci", time.Hour)
}
