package rpc_test

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var loginPaths = map[string]int{ // the status of success
	"/portal/rest/login/operatorLogin":    200,
	"/portal/rest/login/enterpriseLogin":  200,
	"/portal/rest//login/enterpriseLogin": 200,
	"/login/operatorLogin":                302,
	"/login/enterpriseLogin":              302,
	"/portal/login/operatorLogin":         302,
	"/portal/login/enterpriseLogin":       302,
	"/login/doLogin.html":                 302,
	"/login/doOperatorLogin.html":         302,
}

const (
	goodJSON = `{"username":"u","password":"s3cret+ %"}`
	goodForm = `username=u&password=s3cret%2B+%25`
)

func TestLogin(t *testing.T) {
	h := newHouse(t)
	for path, status := range loginPaths {
		for _, body := range []string{goodJSON, " " + goodJSON, goodForm} {
			for _, typ := range []string{"", "application/json", "application/x-www-form-urlencoded"} {
				w := h.ask(path, body, "", "Content-Type", typ)
				if w.Code != status {
					t.Errorf("%s %s: status %d, want %d", path, body, w.Code, status)
				}
				want := []string{"velocloud.session=SESSIONVALUE; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400"}
				if d := cmp.Diff(want, w.Header()["Set-Cookie"]); d != "" {
					t.Errorf("%s %s: Set-Cookie (-want +got)\n%s", path, body, d)
				}
				switch {
				case status == 200 && w.Body.String() != "null":
					t.Errorf("%s: body %s, want null", path, w.Body)
				case status == 302 && (w.Header().Get("Location") != "/" || w.Header().Get("Content-Length") != "0"):
					t.Errorf("%s: headers %v", path, w.Header())
				}
			}
		}
	}
}

func TestLoginOverTLS(t *testing.T) {
	r := httptest.NewRequest("POST", "/portal/rest/login/operatorLogin", strings.NewReader(goodJSON))
	r.TLS = &tls.ConnectionState{}
	if c := newHouse(t).send(r).Header().Get("Set-Cookie"); !strings.HasSuffix(c, "; Secure") {
		t.Errorf("Set-Cookie %q", c)
	}
}

func TestLoginFails(t *testing.T) {
	h := newHouse(t)
	for path := range loginPaths {
		for body, message := range map[string]string{
			`{"username":"u","password":"no"}`: "Invalid%20username%20or%20password",
			`username=u&password=no`:           "Invalid%20username%20or%20password",
			``:                                 "Invalid%20username%20or%20password",
			`%zz`:                              "Invalid%20username%20or%20password",
			`{"username":`:                     "Invalid%20request",
			`{"username":[1]}`:                 "Invalid%20request",
		} {
			w := h.ask(path, body, "")
			want := []string{"velocloud.message=" + message + "; Path=/"}
			if d := cmp.Diff(want, w.Header()["Set-Cookie"]); d != "" || w.Code != 302 || w.Header().Get("Location") != "/" {
				t.Errorf("%s %s: %d\n%s", path, body, w.Code, d)
			}
		}
		if w := h.ask(path, "username=busy", ""); w.Code != 429 || w.Header().Get("Retry-After") != "5" || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s busy: %d %v", path, w.Code, w.Header())
		}
		if w := h.ask(path, "username=broken", ""); w.Code != 500 || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s broken: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestLoginOverPortal(t *testing.T) {
	h := newHouse(t)
	w := h.ask("/portal", `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":`+goodJSON+`}`, "")
	if w.Code != 200 || w.Body.String() != `{"jsonrpc":"2.0","result":null,"id":1}` || len(w.Header()["Set-Cookie"]) != 1 {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	w = h.ask("/portal", `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":{"username":"u"}}`, "")
	expect(t, w, 200, `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"tokenError [Invalid username or password]"}}`, []string{"Set-Cookie", ""})
	w = h.ask("/portal", `[{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":`+goodJSON+`}]`, "")
	if !strings.Contains(w.Body.String(), "-32600") || w.Header()["Set-Cookie"] != nil {
		t.Errorf("in a batch: %s %v", w.Body, w.Header())
	}
}

func TestLogout(t *testing.T) {
	h := newHouse(t)
	for path, status := range map[string]int{"/logout": 302, "/portal/rest/logout": 200} {
		if w := h.ask(path, "", ""); w.Code != status || w.Header()["Set-Cookie"] != nil {
			t.Errorf("%s with nothing: %d %v", path, w.Code, w.Header())
		}
		w := h.ask(path, "", "", "Cookie", "velocloud.session=op")
		if c := w.Header().Get("Set-Cookie"); w.Code != status || !strings.Contains(c, "Max-Age=0") || strings.Contains(c, "session=;") {
			t.Errorf("%s with a session: %d %q", path, w.Code, c)
		}
	}
}
