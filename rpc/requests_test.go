package rpc_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestContentTypeDecidesNothing(t *testing.T) {
	h := newHouse(t)
	for _, typ := range []string{"", "application/json", "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded",
		"application/json-patch+json", "application/json-rpc", "multipart/form-data", "nonsense;;"} {
		for path, body := range map[string]string{"/portal": `{"jsonrpc":"2.0","method":"get_data","id":1}`, "/portal/rest/get_data": "{}"} {
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			r.Header.Set("Authorization", "Token op")
			if r.Header.Del("Content-Type"); typ != "" {
				r.Header.Set("Content-Type", typ)
			}
			if w := h.send(r); w.Code != 200 || !strings.Contains(w.Body.String(), `["hello",5]`) {
				t.Errorf("%s as %q: %d %s", path, typ, w.Code, w.Body)
			}
		}
	}
}

func TestBodiesOfTheTwin(t *testing.T) {
	h := newHouse(t)
	for body, want := range map[string]string{
		"": "null", " \n": "null", "null": "null", "[]": "null", "[1]": "null", `"x"`: "null", "5": "null", `{"unknown":[{}]}`: "null",
		"{": "-32700", "a=b": "-32700", "{} {}": "-32700",
	} {
		if w := h.ask("/portal/rest/null", body, "op"); !strings.Contains(w.Body.String(), want) || (w.Code == 200) != (want == "null") {
			t.Errorf("%q: %d %s, want %s", body, w.Code, w.Body, want)
		}
	}
}

func TestCookies(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name    string
		cookies []string
		in      bool
	}{
		{"plain", []string{"velocloud.session=op"}, true},
		{"the whole Set-Cookie", []string{"velocloud.session=op; Path=/; HttpOnly; SameSite=Strict; Max-Age=5"}, true},
		{"attributes first", []string{"Path=/; HttpOnly;velocloud.session=op"}, true},
		{"quoted", []string{`velocloud.session="op"`}, true},
		{"encoded once more", []string{"velocloud.session=%6f%70"}, true},
		{"bad encoding", []string{"velocloud.session=op%zz"}, false},
		{"others around", []string{"a=b; velocloud.message=x; velocloud.session=op; c"}, true},
		{"second header", []string{"a=b", "velocloud.session=op"}, true},
		{"an empty one first", []string{"velocloud.session=; velocloud.session=op"}, true},
		{"empty header", []string{""}, false},
		{"empty value", []string{"velocloud.session="}, false},
		{"name in other case", []string{"Velocloud.Session=op"}, false},
		{"name at the end of another", []string{"xvelocloud.session=op"}, false},
		{"none", nil, false},
	} {
		r := httptest.NewRequest("POST", "/portal/rest/null", nil)
		r.Header["Cookie"] = c.cookies
		if got := h.send(r).Body.String(); (got == "null") != c.in {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

func TestAuthorization(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"Token", []string{"Token op"}, `"API_TOKEN"`},
		{"Bearer", []string{"Bearer op"}, `"API_TOKEN"`},
		{"lower case, colon, blanks", []string{"token:   op "}, `"API_TOKEN"`},
		{"bad token beside a good cookie", []string{"Token nix"}, "NOBODY"},
		{"another scheme", []string{"Basic b3A6b3A="}, "NOBODY"},
		{"empty", []string{""}, "NOBODY"},
		{"no token", []string{"Token "}, "NOBODY"},
		{"two", []string{"Token op", "Token op"}, "-32600"},
		{"no header, a cookie", nil, `"SESSION"`},
	} {
		r := httptest.NewRequest("POST", "/portal/rest/whoami", nil)
		r.Header["Authorization"] = c.headers
		r.Header.Set("Cookie", "velocloud.session=op")
		if got := h.send(r).Body.String(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	// A public method must not take a store that is lost for somebody unknown: a logout would seem to succeed.
	if w := h.ask("/portal/rest/whoami", "", "down"); w.Code != 503 {
		t.Errorf("public, with a lost store: %d %s", w.Code, w.Body)
	}
	if w := h.ask("/portal", `{"jsonrpc":"2.0","method":"null","id":1}`, "op", "Authorization", "Token op"); w.Code != 200 ||
		!strings.Contains(w.Body.String(), "-32600") {
		t.Errorf("two headers at /portal: %d %s", w.Code, w.Body)
	}
}

func TestCrossSite(t *testing.T) {
	h := newHouse(t)
	const call, in = `{"jsonrpc":"2.0","id":1,"method":`, `,"params":{"password":"s3cret+ %"}}`
	for _, c := range []struct {
		name, path, body, header, value, cookie, token string
		refused                                        bool
	}{
		{"cookie alone", "/portal/rest/null", "", "Sec-Fetch-Site", "cross-site", "op", "", true},
		{"cookie, same site", "/portal/rest/null", "", "Sec-Fetch-Site", "same-site", "op", "", true},
		{"cookie, same origin", "/portal/rest/null", "", "Sec-Fetch-Site", "same-origin", "op", "", false},
		{"cookie, foreign origin", "/portal", call + `"null"}`, "Origin", "https://evil.example", "op", "", true},
		{"cookie, null origin", "/portal", call + `"null"}`, "Origin", "null", "op", "", true},
		{"cookie, own origin", "/portal", call + `"null"}`, "Origin", "http://example.com", "op", "", false},
		{"batch by cookie", "/portal", "[" + call + `"null"}]`, "Origin", "https://evil.example", "op", "", true},
		{"token", "/portal/rest/null", "", "Sec-Fetch-Site", "cross-site", "op", "op", false},
		{"login path", "/portal/rest/login/operatorLogin", "password=s3cret%2B+%25", "Sec-Fetch-Site", "cross-site", "", "", true},
		{"login path, broken body", "/portal/rest/login/operatorLogin", "{", "Sec-Fetch-Site", "cross-site", "", "", true},
		{"login page", "/login/doLogin.html", "password=s3cret%2B+%25", "Origin", "https://evil.example", "", "", true},
		{"login method", "/portal", call + `"login/operatorLogin"` + in, "Sec-Fetch-Site", "cross-site", "", "", true},
		{"logout path", "/logout", "", "Sec-Fetch-Site", "cross-site", "", "", true},
		{"logout method, token", "/portal/rest/logout", "", "Sec-Fetch-Site", "cross-site", "", "op", true},
		{"login as clients do", "/portal", call + `"login/operatorLogin"` + in, "X-Nothing", "", "", "", false},
	} {
		r := httptest.NewRequest("POST", c.path, strings.NewReader(c.body))
		r.Header.Set(c.header, c.value)
		if c.cookie != "" {
			r.Header.Set("Cookie", "velocloud.session="+c.cookie)
		}
		if c.token != "" {
			r.Header.Set("Authorization", "Token "+c.token)
		}
		w := h.send(r)
		if (w.Code == 403) != c.refused || c.refused && (!strings.Contains(w.Body.String(), `"error"`) || w.Header()["Set-Cookie"] != nil) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

// Nothing secret may stand in the log, wherever it was sent.
func TestLogKeepsNoSecret(t *testing.T) {
	const secret = "c4n4ry"
	h := newHouse(t)
	bodies := []string{
		`{"jsonrpc":"2.0","id":"c4n4ry","method":"login/operatorLogin","params":{"username":"c4n4ry","password":"c4n4ry"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"c4n4ry","params":{"password":"c4n4ry"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"crash","params":{"str":"c4n4ry"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"echo","params":{"str":"c4n4ry","id":"c4n4ry","kind":"c4n4ry"}}`,
		`{"jsonrpc":"2.0","id":1,"c4n4ry":`, `username=c4n4ry&password=c4n4ry`,
	}
	for _, body := range bodies {
		for _, path := range []string{"/portal", "/portal/rest/login/operatorLogin", "/portal/rest/c4n4ry", "/portal/rest/echo", "/c4n4ry"} {
			for _, who := range []string{secret, "op"} {
				h.ask(path+"?password=c4n4ry", body, who, "Cookie", "velocloud.session=c4n4ry", "User-Agent", secret)
			}
		}
	}
	h.ask("/portal/rest/panic", "", "op")
	h.ask("/portal/rest/login/operatorLogin", "username=x&password=s3cret%2B+%25", "")
	for _, s := range []string{secret, "SESSIONVALUE", "s3cret", "hunter2"} {
		if bytes.Contains(h.log.Bytes(), []byte(s)) {
			t.Errorf("the log contains %q:\n%s", s, h.log.String())
		}
	}
}

func TestLogLine(t *testing.T) {
	h := newHouse(t)
	id := h.ask("/portal/rest/null", "", "op").Header().Get("X-Request-Id")
	for _, s := range []string{`"level":"info"`, `"requestId":"` + id + `"`, `"method":"null"`, `"status":200`, `"source":"192.0.2.1"`, `"userId":1`,
		`"userType":"OPERATOR"`, `"means":"API_TOKEN"`, `"took":`} {
		if !strings.Contains(h.log.String(), s) {
			t.Errorf("no %s in %s", s, h.log.String())
		}
	}
	h.log.Reset()
	id = h.ask("/portal/rest/plain", "", "op").Header().Get("X-Request-Id")
	for _, s := range []string{`"level":"error"`, `"requestId":"` + id + `"`, `"status":500`, `"code":-32603`, insider} {
		if !strings.Contains(h.log.String(), s) {
			t.Errorf("no %s in %s", s, h.log.String())
		}
	}
	h.log.Reset()
	h.ask("/portal/rest/down", "", "op") // the log said "info", and nobody was told that the disk was broken
	for _, s := range []string{`"level":"error"`, `"status":503`, insider} {
		if !strings.Contains(h.log.String(), s) {
			t.Errorf("no %s in %s", s, h.log.String())
		}
	}
	h.log.Reset()
	w := h.ask("/portal/rest/canceled", "", "op")
	if !strings.Contains(h.log.String(), `"level":"info"`) || w.Code != 400 || !strings.Contains(w.Body.String(), "stopped sending") {
		t.Errorf("a client that has hung up, with one half at least: %d %s, %s", w.Code, w.Body, h.log.String())
	}
	h.log.Reset()
	h.ask("/portal/rest/panic", "", "op")
	if !strings.Contains(h.log.String(), "fake_test.go") {
		t.Errorf("no stack in %s", h.log.String())
	}
	h.log.Reset()
	h.ask("/portal", `[{"jsonrpc":"2.0","method":"null","id":1},{"jsonrpc":"2.0","method":"null"},5]`, "op")
	if n := strings.Count(h.log.String(), "\n"); n != 3 {
		t.Errorf("%d lines for three calls:\n%s", n, h.log.String())
	}
}
