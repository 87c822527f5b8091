package portal_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestGate: a gateway lets through who shows a token that lives and meets its demand, and nobody else; not by a session's cookie, which
// a page elsewhere could have a browser send.
func TestGate(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	id, text := h.enabled(t, admin, "gate", time.Hour)
	token := http.Header{"Authorization": {"Token " + text}}
	_, text = h.enabled(t, h.session(t, "super"), "gate", time.Hour)
	super := http.Header{"Authorization": {"Bearer " + text}}
	service, app := h.machines(t)
	for _, c := range []struct {
		name   string
		as     http.Header
		query  string
		status int
	}{
		{"a token", token, "", 200},
		{"an API client", service, "?privilege=READ:ENTERPRISE", 200},
		{"an OAuth app", app, "", 200},
		{"a session alone", admin, "", 401},
		{"nobody", nil, "", 401},
		{"a text that is none", http.Header{"Authorization": {"Token x"}}, "", 401},
		{"two headers", http.Header{"Authorization": {"Token " + text, "Token x"}}, "", 401},
		{"a privilege", token, "?privilege=UPDATE:ENTERPRISE_USER", 200},
		{"two, of which one is not held", token, "?privilege=UPDATE:ENTERPRISE_USER&privilege=UPDATE:SYSTEM_PROPERTY", 403},
		{"a type", token, "?userType=ENTERPRISE&userType=MSP", 200},
		{"another type", token, "?userType=OPERATOR", 403},
		{"his own enterprise", token, "?enterpriseId=1", 200},
		{"another one", token, "?enterpriseId=2", 403},
		{"one that is not there", super, "?enterpriseId=99", 403},
		{"the operator below", super, "?enterpriseId=1&userType=OPERATOR", 200},
		{"the operator where nothing is delegated", super, "?enterpriseId=1&privilege=UPDATE:ENTERPRISE_USER", 403},
		{"an unknown privilege", token, "?privilege=READ:NONSENSE", 400},
		{"an unknown type", token, "?userType=KING", 400},
		{"an unknown word", token, "?role=9", 400},
		{"two enterprises", token, "?enterpriseId=1&enterpriseId=1", 400},
		{"no number", token, "?enterpriseId=x", 400},
		{"half a query", token, "?%zz", 400},
	} {
		w := h.v3("GET", "/auth/check"+c.query, c.as, "")
		if w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
		if passed := w.Header().Get("X-Portico-User-Type") != ""; passed != (c.status == 200) {
			t.Errorf("%s: who it is is told: %v", c.name, passed)
		}
		if w.Code == 200 && w.Body.Len() > 0 {
			t.Errorf("%s: body %s", c.name, w.Body)
		}
	}

	w := h.v3("GET", "/auth/check", token, "")
	for name, want := range map[string]string{
		"X-Portico-User": "admin@acme", "X-Portico-User-Type": "ENTERPRISE", "X-Portico-Enterprise-Id": "1", "X-Portico-Principal-Type": "USER",
		"Cache-Control": "no-store",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := h.v3("GET", "/auth/check", nil, "").Header().Get("Www-Authenticate"); got != `Bearer realm="portico"` {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	if w := h.v3("POST", "/auth/check", token, ""); w.Code != 405 {
		t.Errorf("a POST: %d %s", w.Code, w.Body)
	}

	require := func(demand string) http.Header {
		return http.Header{"Authorization": token["Authorization"], "X-Portico-Require": {demand}}
	}
	for _, c := range []struct {
		name, verb, path string
		as               http.Header
		status           int
	}{
		{"no demand", "GET", "/", token, 200},
		{"a query of the program's", "GET", "/some/page?userType=OPERATOR&%zz", token, 200},
		{"a demand that is met", "GET", "/some/page", require("privilege=READ:ENTERPRISE&userType=ENTERPRISE&enterpriseId=1"), 200},
		{"one that is not met", "GET", "/some/page?userType=ENTERPRISE", require("userType=OPERATOR"), 403},
		{"one of two that is not met", "GET", "/", http.Header{"Authorization": token["Authorization"], "X-Portico-Require": {"", "userType=OPERATOR"}}, 403},
		{"one that is not known", "GET", "/", require("role=9"), 400},
		{"nobody", "GET", "/", nil, 401},
		{"a session alone", "GET", "/", admin, 401},
		{"a POST with a body", "POST", "/some/page", token, 200},
		{"nobody's POST", "POST", "/some/page", nil, 401},
		{"nobody's OPTIONS", "OPTIONS", "/some/page", nil, 401},
		{"nobody's HEAD", "HEAD", "/some/page", nil, 401},
		{"a verb of one's own", "PROPFIND", "/some/page", token, 200},
		{"the path of a login", "POST", "/login/operatorLogin", nil, 401},
		{"the path of a method", "POST", "/portal/rest/system/getVersion", nil, 401},
		{"a way out", "POST", "/../../portal", nil, 401},
		{"a way out in disguise", "POST", "/%2e%2e/%2e%2e/portal", nil, 401},
		{"slashes", "GET", "//login/operatorLogin", nil, 401},
	} {
		w := h.v3(c.verb, "/auth/ext_authz"+c.path, c.as, "a body")
		if passed := w.Header().Get("X-Portico-User") == "admin@acme"; w.Code != c.status || passed != (c.status == 200) {
			t.Errorf("Envoy, %s: %d %s, want %d; passed: %v", c.name, w.Code, w.Body, c.status, passed)
		}
	}
	if w := h.v3("GET", "/auth/ext_authzs", token, ""); w.Code != 404 {
		t.Errorf("a longer name: %d %s", w.Code, w.Body)
	}

	h.good(t, admin, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
	if w := h.v3("GET", "/auth/check", token, ""); w.Code != 401 {
		t.Errorf("after it was revoked: %d", w.Code)
	}
}
