package rpc_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/rpc"
)

// counters are endpoints that answer what their body says.
func counters(o *rpc.Options) {
	do := func(_ context.Context, r *rpc.Request) (rpc.Reply, error) {
		switch body := string(r.Body); body {
		case "":
			return rpc.Reply{Header: http.Header{"Cache-Control": {"public"}}, Body: map[string]int{"n": 1}}, nil
		case "empty":
			return rpc.Reply{Status: http.StatusAccepted}, nil
		case "asked":
			return rpc.Reply{Body: r.Method + " " + r.Query + " " + r.Source + " " + r.Header.Get("X-Test")}, nil
		case "panic":
			panic(insider)
		case "busy":
			return rpc.Reply{}, auth.Errorf(auth.Busy, "slower")
		case "down":
			return rpc.Reply{}, auth.Errorf(auth.Unavailable, insider)
		case "who":
			return rpc.Reply{}, auth.Errorf(auth.Unauthenticated, "who is it")
		case "unwritable":
			return rpc.Reply{Body: func() {}}, nil
		default:
			return rpc.Reply{}, errors.New(insider)
		}
	}
	refuse := func(r *rpc.Request, why rpc.Refusal) rpc.Reply {
		status := why.Status
		if status == 0 {
			status = http.StatusTeapot
		}
		return rpc.Reply{Status: status, Body: "no: " + why.Text, Word: "word"}
	}
	o.Endpoints = []rpc.Endpoint{
		{Path: "count/up", Verb: "POST", Limit: 16, Do: do, Refuse: refuse},
		{Path: "count", Verb: "GET", Do: do, Refuse: refuse},
	}
}

// TestEndpoints: an endpoint has its own form, also for what the server refuses before it.
func TestEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		verb, path, body string
		headers          []string
		status           int
		answer           string
		want             []string
	}{
		"GET":           {"GET", "/count", "", nil, 200, `{"n":1}`, []string{"Cache-Control", "public", "Content-Length", "7", "Content-Type", "application/json"}},
		"HEAD":          {"HEAD", "/count", "", nil, 200, "", []string{"Content-Length", "7"}},
		"POST":          {"POST", "//count/up/", "", nil, 200, `{"n":1}`, nil},
		"no body":       {"POST", "/count/up", "empty", nil, 202, "", []string{"Content-Length", "0", "Content-Type", "", "Cache-Control", "no-store"}},
		"what is asked": {"POST", "/count/up?a=b", "asked", []string{"X-Test", "t"}, 200, `"count/up a=b 192.0.2.1 t"`, nil},
		"POST to GET":   {"POST", "/count", "", nil, 405, `"no: this path does not take this HTTP method"`, []string{"Allow", "GET, HEAD, OPTIONS"}},
		"GET to POST":   {"GET", "/count/up", "", nil, 405, `"no: this path does not take this HTTP method"`, []string{"Allow", "POST"}},
		"OPTIONS":       {"OPTIONS", "/count/up", "", nil, 204, "", []string{"Allow", "POST"}},
		"too large":     {"POST", "/count/up", "seventeen letters", nil, 413, `"no: the body is too large"`, nil},
		"cross-site":    {"POST", "/count/up", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, `"no: cross-site requests are refused"`, nil},
		"two headers": {"POST", "/count/up", "", []string{"Authorization", "Basic a", "Authorization", "Basic b"}, 418,
			`"no: more than one Authorization header"`, nil},
		"panic":      {"POST", "/count/up", "panic", nil, 500, `"no: internal error"`, nil},
		"error":      {"POST", "/count/up", "error", nil, 500, `"no: internal error"`, nil},
		"unwritable": {"POST", "/count/up", "unwritable", nil, 500, `"no: internal error"`, nil},
		"busy":       {"POST", "/count/up", "busy", nil, 429, `"no: slower"`, []string{"Retry-After", "5"}},
		"down":       {"POST", "/count/up", "down", nil, 503, `"no: unavailable"`, []string{"Retry-After", "5"}},
		"who":        {"POST", "/count/up", "who", nil, 418, `"no: who is it"`, nil},
		"below":      {"GET", "/count/down", "", nil, 404, `{"error":{"code":-32600,"message":"there is nothing at this path"}}`, nil},
	} {
		h := newHouse(t, counters)
		r := httptest.NewRequest(c.verb, c.path, strings.NewReader(c.body))
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Add(c.headers[i], c.headers[i+1])
		}
		w := h.send(r)
		if w.Code != c.status || w.Body.String() != c.answer || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, c.status, c.answer)
		}
		for i := 0; i < len(c.want); i += 2 {
			if got := w.Header().Get(c.want[i]); got != c.want[i+1] {
				t.Errorf("%s: %s is %q, want %q", name, c.want[i], got, c.want[i+1])
			}
		}
		if strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
}

// TestEndpointsAreLogged: the path stands for the method, the endpoint's own word for the number of an error.
func TestEndpointsAreLogged(t *testing.T) {
	h := newHouse(t, counters)
	h.ask("/count/up?q=query", "", "credential")
	h.ask("/count/up", "busy", "credential")
	h.ask("/count/up", "seventeen letters", "")
	lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	for i, want := range []string{`"method":"count/up","source":"192.0.2.1","status":200,"took"`,
		`"method":"count/up","source":"192.0.2.1","status":429,"refusal":"word"`,
		`"method":"count/up","source":"192.0.2.1","status":413,"refusal":"word"`} {
		if len(lines) != 3 || !strings.Contains(lines[i], want) {
			t.Errorf("line %d: want %s in\n%s", i, want, h.log.String())
		}
	}
	if strings.Contains(h.log.String(), "credential") || strings.Contains(h.log.String(), "query") {
		t.Errorf("the log tells too much: %s", h.log.String())
	}
}

// TestEndpointsCount: the rate limits hold for endpoints too, which did not count; who asks is one who has not signed in.
func TestEndpointsCount(t *testing.T) {
	counted := func(r limit.Rule) *house {
		at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
		h := newHouse(t, counters, func(o *rpc.Options) { o.Now = func() time.Time { return at } })
		h.limits = func(by *auth.Principal, method string) []limit.Claim {
			if method != "count/up" || by.Type != auth.Nobody || by.Source != "192.0.2.1" || by.Method != method {
				return nil
			}
			return []limit.Claim{{Policy: 1, Counted: 1, Caller: 1, Rule: r}}
		}
		return h
	}
	h := counted(reservoir(2, 40*time.Second))
	expect(t, h.ask("/count/up", "", "op"), 200, `{"n":1}`, nil)
	expect(t, h.ask("/count/up", "error", ""), 500, `"no: internal error"`, nil)
	expect(t, h.ask("/count/up", "", "op"), 429, `"no: too many calls: come again in 20 seconds"`, []string{"Retry-After", "20"})
	expect(t, h.send(httptest.NewRequest("GET", "/count", nil)), 200, `{"n":1}`, nil)
	if n := strings.Count(h.log.String(), `"overLimit":true`); n != 1 || !slices.Equal(h.limited, []string{"count/up"}) {
		t.Errorf("%d lines say so; told of %v", n, h.limited)
	}
	h = counted(limit.Rule{AtOnce: 1})
	for _, body := range []string{"", "error", "panic", "unwritable", ""} { // a slot is free again however it ends
		if w := h.ask("/count/up", body, ""); w.Code == 429 {
			t.Errorf("before %q: %d %s", body, w.Code, w.Body)
		}
	}
}

func TestEndpointsThatCollide(t *testing.T) {
	for _, path := range []string{"twice", "portal", "portal/rest/x", "logout"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a second %q is taken", path)
				}
			}()
			newHouse(t, func(o *rpc.Options) { o.Endpoints = []rpc.Endpoint{{Path: "twice"}, {Path: path}} })
		}()
	}
}
