package rpc_test

import (
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/rpc"
)

// Both forms of every answer: the status and the body at /portal, then at /portal/rest.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, method, params, who string
		status, restStatus        int
		inside                    string // result or error, "ID" standing for the request id
		headers                   []string
	}{
		{"result", "null", "{}", "op", 200, 200, `"result":null`, []string{"Expires", ""}},
		{"empty list", "list", "{}", "op", 200, 200, `"result":[]`, nil},
		{"text stays readable", "html", "{}", "op", 200, 200, `"result":"<a&b>"`, nil},
		{"all forms", "result", "{}", "op", 200, 200, `"result":{"id":6,"isActive":1,"isRevoked":false,"created":"2023-11-14T22:13:20.123Z",
			"lastLogin":null,"email":null,"roles":[],"bool":false,"parent":null}`, nil},
		{"nobody", "null", "{}", "", 200, 200, `"error":{"code":-32000,"message":"tokenError [expired session cookie]"}`, []string{"Expires", "0"}},
		{"revoked token", "null", "{}", "revoked", 200, 200, `"error":{"code":-32000,"message":"tokenError [revoked token]"}`, []string{"Expires", "0"}},
		{"nobody, unknown method", "nix", "{}", "", 200, 200, `"error":{"code":-32000,"message":"tokenError [expired session cookie]"}`, nil},
		{"unknown method", "nix", "{}", "op", 200, 400, `"error":{"code":-32601,"message":"methodError"}`, nil},
		{"wrong caller, params unseen", "operators", `{"at":"x"}`, "acme", 200, 400, `"error":{"code":-32003,"message":"method [operators] is not open to callers of type [ENTERPRISE_USER]"}`, nil},
		{"no privilege, params unseen", "privileged", `{"at":"x"}`, "read", 200, 400, `"error":{"code":-32002,"message":"privilege [CREATE:ENTERPRISE_USER] is required for method [privileged]"}`, nil},
		{"all that is wrong", "needs", `{"name":5,"who":0,"deep":{"life":"x"}}`, "op", 200, 400, `"error":{"code":-32602,"message":"name: must be a string","data":{"valid":false,"error":[
			{"code":"BAD_PARAM","message":"must be a string","path":"name"},{"code":"BAD_PARAM","message":"must be a whole number","path":"deep.life"},
			{"code":"BAD_PARAM","message":"is required","path":"who"},{"code":"BAD_PARAM","message":"is required","path":"at"}],"warning":[]}}`, nil},
		{"conflict", "conflict", "{}", "op", 200, 400, `"error":{"code":-32006,"message":"the name is taken"}`, nil},
		{"immutable", "immutable", "{}", "op", 200, 400, `"error":{"code":-32007,"message":"fixed"}`, nil},
		{"managed", "managed", "{}", "op", 200, 400, `"error":{"code":-32008,"message":"elsewhere"}`, nil},
		{"limit", "limit", "{}", "op", 200, 400, `"error":{"code":-32009,"message":"at most 50"}`, nil},
		{"busy", "busy", "{}", "op", 429, 429, `"error":{"code":-32013,"message":"too many logins"}`, []string{"Retry-After", "5"}},
		{"rejected", "rejected", "{}", "op", 200, 400, `"error":{"code":-32010,"message":"not good"}`, nil},
		{"unverifiable", "unverifiable", "{}", "op", 503, 503, `"error":{"code":-32012,"message":"it does not answer"}`, []string{"Retry-After", "5"}},
		{"unavailable", "down", "{}", "op", 503, 503, `"error":{"code":-32603,"message":"unavailable"}`, []string{"Retry-After", "5"}},
		{"authority unavailable", "null", "{}", "down", 503, 503, `"error":{"code":-32603,"message":"unavailable"}`, []string{"Retry-After", "5"}},
		{"plain error", "plain", "{}", "op", 500, 500, `"error":{"code":-32603,"message":"internal error","data":{"requestId":"ID"}}`, nil},
		{"panic", "panic", "{}", "op", 500, 500, `"error":{"code":-32603,"message":"internal error","data":{"requestId":"ID"}}`, nil},
		{"runtime panic", "crash", "{}", "op", 500, 500, `"error":{"code":-32603,"message":"internal error","data":{"requestId":"ID"}}`, nil},
		{"result that cannot be encoded", "unencodable", "{}", "op", 500, 500, `"error":{"code":-32603,"message":"internal error","data":{"requestId":"ID"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			w := h.ask("/portal/", `{"jsonrpc":"2.0","id":"a","method":"`+c.method+`","params":`+c.params+`}`, c.who)
			expect(t, w, c.status, `{"jsonrpc":"2.0","id":"a",`+c.inside+`}`, c.headers)

			rest := "{" + c.inside + "}"
			if r, ok := strings.CutPrefix(c.inside, `"result":`); ok {
				rest = r
			}
			expect(t, h.ask("/portal/rest/"+c.method, c.params, c.who), c.restStatus, rest, c.headers)
			if strings.Contains(c.inside, "ID") && strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("the inside text has left: %s", w.Body)
			}
		})
	}
}

// expect looks at what every answer has, and at status, body and headers.
func expect(t *testing.T, w *httptest.ResponseRecorder, status int, body string, headers []string) {
	t.Helper()
	h := w.Header()
	id := h.Get("X-Request-Id")
	if body = strings.ReplaceAll(body, "ID", id); w.Code != status || !same(t, w.Body.String(), body) {
		t.Errorf("%d %s\nwant %d %s", w.Code, w.Body, status, body)
	}
	if len(id) != 36 {
		t.Errorf("X-Request-Id is %q", id)
	}
	if h.Get("Content-Type") != "application/json" {
		t.Errorf("Content-Type is %q", h.Get("Content-Type"))
	}
	if n := strconv.Itoa(w.Body.Len()); h.Get("Content-Length") != n {
		t.Errorf("Content-Length is %q, want %s", h.Get("Content-Length"), n)
	}
	for i := 0; i < len(headers); i += 2 {
		if h.Get(headers[i]) != headers[i+1] {
			t.Errorf("%s is %q, want %q", headers[i], h.Get(headers[i]), headers[i+1])
		}
	}
}

func TestUnauthorizedStatus(t *testing.T) {
	h := newHouse(t)
	h.status.Store(401)
	for path, body := range map[string]string{"/portal": `{"jsonrpc":"2.0","method":"null","id":1}`, "/portal/rest/null": ""} {
		w := h.ask(path, body, "")
		if w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" || w.Header().Get("Expires") != "0" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := h.ask("/portal", `[{"jsonrpc":"2.0","method":"null","id":1}]`, ""); w.Code != 200 {
		t.Errorf("a batch: %d, want 200", w.Code)
	}
}

func TestPathsAndVerbs(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		verb, path  string
		status      int
		allow, body string
	}{
		{"GET", "/", 200, "", "Portico"},
		{"HEAD", "/", 200, "", ""},
		{"POST", "/", 200, "", "Portico"},
		{"PUT", "/", 405, "GET, HEAD, OPTIONS", "-32600"},
		{"GET", "/portal", 405, "POST", "-32600"},
		{"GET", "/portal/", 405, "POST", "-32600"},
		{"HEAD", "/portal", 405, "POST", ""},
		{"PUT", "/portal", 405, "POST", "-32600"},
		{"OPTIONS", "/portal", 204, "POST", ""},
		{"GET", "/portal/rest/null", 405, "POST", "-32600"},
		{"GET", "/login/operatorLogin", 405, "POST", "-32600"},
		{"POST", "/nowhere", 404, "", "-32600"},
		{"POST", "/portal/rest/", 404, "", "-32600"},
		{"POST", "/portalx", 404, "", "-32600"},
		{"POST", "/portal/rest//null", 200, "", "null"},
		{"POST", "//portal//rest///null/", 200, "", "null"},
		{"POST", "/portal//", 200, "", "-32700"},
	} {
		r := httptest.NewRequest(c.verb, "http://portal.example"+c.path, nil)
		r.Header.Set("Authorization", "Token op")
		w := h.send(r)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow || !strings.Contains(w.Body.String(), c.body) ||
			c.body == "" && w.Body.Len() > 0 {
			t.Errorf("%s %s: %d %q %s, want %d %q %s", c.verb, c.path, w.Code, w.Header().Get("Allow"), w.Body, c.status, c.allow, c.body)
		}
	}
}

func TestLimits(t *testing.T) {
	h := newHouse(t)
	fill := func(n int) string {
		const a, z = `{"jsonrpc":"2.0","method":"null","id":1,"x":"`, `"}`
		return a + strings.Repeat("x", n-len(a)-len(z)) + z
	}
	if w := h.ask("/portal", fill(1<<20), "op"); w.Code != 200 || !strings.Contains(w.Body.String(), "result") {
		t.Errorf("1 MiB: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/portal", "/portal/rest/null", "/portal/rest/login/operatorLogin"} {
		for _, length := range []int64{1<<20 + 1, -1} {
			r := httptest.NewRequest("POST", path, strings.NewReader(fill(1<<20+1)))
			r.ContentLength = length
			w := h.send(r)
			if w.Code != 413 || !strings.Contains(w.Body.String(), `"code":-32600`) {
				t.Errorf("%s, length %d: %d %s", path, length, w.Code, w.Body)
			}
		}
	}
}

func TestLengthAlwaysAndGzipOnlyWhenAsked(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := &http.Transport{DisableCompression: true}
	defer client.CloseIdleConnections()
	for accept, zipped := range map[string]bool{"": false, "identity": false, "gzip;q=0": false, "gzip": true, "deflate, GZIP;q=0.5": true} {
		r, _ := http.NewRequest("POST", srv.URL+"/portal/rest/big", nil)
		r.Header.Set("Authorization", "Token op")
		r.Header.Set("Accept-Encoding", accept)
		resp, err := client.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.ContentLength <= 0 || len(resp.TransferEncoding) > 0 {
			t.Errorf("%q: length %d, transfer encoding %v", accept, resp.ContentLength, resp.TransferEncoding)
		}
		body := resp.Body
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("%q: gzip is %v, want %v", accept, got, zipped)
		} else if got {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if s := read(t, body); len(s) != 10000*29+1 {
			t.Errorf("%q: %d bytes", accept, len(s))
		}
		resp.Body.Close()
	}
}

func TestBatchOfLongAnswers(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":1,"method":"big"}`
	body := newHouse(t).ask("/portal", "["+strings.Repeat(call+",", 99)+call+"]", "op").Body.String()
	if n := strings.Count(body, `"code":-32009`); n < 20 || n > 80 {
		t.Errorf("%d of 100 answers are refused, %d bytes", n, len(body))
	}
	if !strings.HasSuffix(body, "]") {
		t.Error("the array does not end")
	}
}

// An authority that panics where no call is running must not cost the client its answer.
func TestPanicOfTheAuthority(t *testing.T) {
	h := newHouse(t, func(o *rpc.Options) { o.Authority = hasty{o.Authority} })
	w := h.ask("/portal/rest/null", "", "")
	if w.Code != 500 || !strings.Contains(w.Body.String(), "internal error") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type hasty struct{ rpc.Authority }

func (hasty) UnauthorizedStatus(context.Context) int { panic(insider) }

// Browsers are told to come over TLS alone when they came over TLS, also with what is refused, and only if the portal says so.
func TestStrictTransport(t *testing.T) {
	on := newHouse(t, func(o *rpc.Options) { o.StrictTransport = 2 * time.Hour })
	for _, c := range []struct {
		name, url string
		h         *house
		want      string
	}{
		{"over TLS", "https://x/portal/rest/whoami", on, "max-age=7200"},
		{"refused over TLS", "https://x/nothing", on, "max-age=7200"},
		{"in the clear", "http://x/portal/rest/whoami", on, ""},
		{"not wanted", "https://x/portal/rest/whoami", newHouse(t), ""},
	} {
		w := c.h.send(httptest.NewRequest("POST", c.url, nil))
		if got := w.Header().Get("Strict-Transport-Security"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPages: a page comes with its own headers and those of all answers, compressed for who takes that, and not again for who has it.
func TestPages(t *testing.T) {
	h := newHouse(t, func(o *rpc.Options) {
		o.Pages = map[string]*rpc.Page{
			"":            {Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte("the shell")},
			"console/app": {Header: http.Header{"Cache-Control": {"no-cache"}}, Body: []byte("the app"), Gzip: func() []byte { return []byte("zipped") }, ETag: `W/"1"`},
		}
	})
	for _, c := range []struct {
		name, verb, path, etag, takes string
		status                        int
		body, encoding                string
	}{
		{"the home page", "GET", "/", "", "gzip", 200, "the shell", ""},
		{"after a login with curl -L -X POST", "POST", "/", "", "", 200, "the shell", ""},
		{"a page", "GET", "/console/app", "", "", 200, "the app", ""},
		{"slashes around", "GET", "//console//app/", "", "", 200, "the app", ""},
		{"compressed", "GET", "/console/app", `W/"0"`, "br, gzip", 200, "zipped", "gzip"},
		{"gzip refused", "GET", "/console/app", "", "gzip;q=0", 200, "the app", ""},
		{"in the caller's hands", "GET", "/console/app", `W/"0", W/"1"`, "gzip", 304, "", ""},
		{"whatever it is", "GET", "/console/app", "*", "", 304, "", ""},
		{"its headers", "HEAD", "/console/app", "", "", 200, "", ""},
		{"another verb", "POST", "/console/app", "", "", 405, `{"error":`, ""},
		{"the page of the house", "GET", "/reset", "", "", 200, "<!doctype html>", ""},
	} {
		r := httptest.NewRequest(c.verb, "http://portal.example"+c.path, nil)
		r.Header.Set("If-None-Match", c.etag)
		r.Header.Set("Accept-Encoding", c.takes)
		w := h.send(r)
		body, encoding := w.Body.String(), w.Header().Get("Content-Encoding")
		if w.Code != c.status || !strings.HasPrefix(body, c.body) || c.body == "" && body != "" || encoding != c.encoding {
			t.Errorf("%s: %d %s %s, want %d %s %s", c.name, w.Code, encoding, body, c.status, c.encoding, c.body)
		}
		if w.Header().Get("X-Request-Id") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
		if c.path != "/console/app" || c.status == 405 {
			continue
		}
		for name, want := range map[string]string{"Etag": `W/"1"`, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
}
