package rpc_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/rpc"
)

// FuzzPortal sends anything to /portal. Every answer is a valid response, an array of them, or 204 with no body.
func FuzzPortal(f *testing.F) {
	for _, c := range oneLine {
		f.Add([]byte(c.body))
	}
	h := newHouse(f, func(o *rpc.Options) { o.Log = zerolog.Nop() })
	f.Fuzz(func(t *testing.T, body []byte) {
		h.revoked.Store(false)
		w := h.ask("/portal", string(body), "op")
		out := w.Body.Bytes()
		if w.Code == http.StatusNoContent {
			if len(out) > 0 {
				t.Fatalf("%q: 204 with %s", body, out)
			}
			return
		}
		if n := w.Header().Get("Content-Length"); n != strconv.Itoa(len(out)) {
			t.Fatalf("%q: Content-Length %s, body %s", body, n, out)
		}
		one := json.RawMessage(out)
		many := []json.RawMessage{one}
		if len(out) > 0 && out[0] == '[' {
			if err := json.Unmarshal(out, &many); err != nil || len(many) == 0 {
				t.Fatalf("%q: %s", body, out)
			}
		}
		for _, r := range many {
			if !isResponse(r) {
				t.Fatalf("%q: %s is no response", body, r)
			}
		}
	})
}

// FuzzTwin sends anything to the REST-like and the login paths. Every answer with a body is JSON, but for the page that a
// login leads to, which clients may post on to.
func FuzzTwin(f *testing.F) {
	f.Add("/portal/rest/echo", []byte(`{"time":1,"_update":{"roleId":null}}`), "velocloud.session=op; Path=/")
	f.Add("/login/doLogin.html", []byte(`username=%zz&password=x`), "")
	f.Add("//", []byte("0"), "")
	f.Add("/portal/rest//login/operatorLogin", []byte(`{"username":"x"}`), "=;;velocloud.session=%")
	h := newHouse(f, func(o *rpc.Options) { o.Log = zerolog.Nop() })
	f.Fuzz(func(t *testing.T, path string, body []byte, cookie string) {
		h.revoked.Store(false)
		r, err := http.NewRequest("POST", "http://portal.example/", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path, r.RemoteAddr = path, "192.0.2.1:1"
		r.Header["Cookie"] = []string{cookie}
		w := h.send(r)
		if strings.Trim(path, "/") == "" && w.Code == 200 {
			return
		}
		if out := w.Body.Bytes(); len(out) > 0 && !json.Valid(out) || len(out) == 0 && w.Code != 302 {
			t.Fatalf("%q %q %q: %d %s", path, body, cookie, w.Code, out)
		}
	})
}

// FuzzPaths sends anything to the paths of another product. Every answer is JSON, and what became params of a method stands
// in the request as it was taken: a record's number in the path, one title in the body.
func FuzzPaths(f *testing.F) {
	f.Add("POST", "/api/books", "", []byte(`{"name":"Ada","x":{"NAME":1}}`))
	f.Add("POST", "/api/books", "", []byte(`{"n\u0061me":"\ud83d\ude00","NAME":null}`))
	f.Add("GET", "//api/BOOKS", "view=Brief&person=9&%50erson=", []byte{})
	f.Add("DELETE", "/api/books/1/readers/07", "force=1", []byte("{"))
	f.Add("PUT", "/api/books/9223372036854775808", "", []byte(`{"newſecret":"Kelvin"}`))
	h, s := library(f, func(o *rpc.Options) { o.Log = zerolog.Nop() })
	f.Fuzz(func(t *testing.T, verb, path, query string, body []byte) {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery, r.RemoteAddr = verb, path, query, "127.0.0.1:1"
		r.Header.Set("Authorization", "Token acme")
		w := h.send(r)
		called := s.was()
		out := w.Body.Bytes()
		if len(out) > 0 && w.Header().Get("Content-Type") == "application/json" && !json.Valid(out) {
			t.Fatalf("%s %q?%q %q: %d %s", verb, path, query, body, w.Code, out)
		}
		title, inserted := strings.CutPrefix(called, "insert ")
		if inserted && title != onlyName(body) {
			t.Fatalf("%q: %q was inserted", body, title)
		}
		for word := range strings.FieldsSeq(called) {
			id, got := strings.CutPrefix(word, "get")
			if id = strings.TrimPrefix(id, "Long"); got && !inserted && !strings.Contains(path+"/", "/"+id+"/") {
				t.Fatalf("%q: book %s was asked for", path, id)
			}
		}
	})
}

// onlyName is what a body has for a name in any letter case, if it has that once.
func onlyName(body []byte) (name string) {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(body, &all)
	for k, v := range all {
		if strings.EqualFold(k, "name") {
			if name != "" || json.Unmarshal(v, &name) != nil {
				return "two names, or no text"
			}
		}
	}
	return name
}

// isResponse says whether b is a Response object of the specification.
func isResponse(b []byte) bool {
	var r map[string]json.RawMessage
	if json.Unmarshal(b, &r) != nil || len(r) != 3 || string(r["jsonrpc"]) != `"2.0"` || r["id"] == nil {
		return false
	}
	if r["result"] != nil {
		return true
	}
	var e struct {
		Code    *int
		Message *string
	}
	return json.Unmarshal(r["error"], &e) == nil && e.Code != nil && e.Message != nil
}
