package portal_test

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/store/memory"
)

// fuzzedHouse is a portal that nobody looks at beside, until close is called.
func fuzzedHouse(t testing.TB) (h *house, close func()) {
	t.Helper()
	db := memory.Open()
	return buildOn(t, db, zerolog.Nop()), func() { db.Close() }
}

// FuzzCalls calls any method with any params, as the administrator of an enterprise and as an operator. All are served or refused, and
// none is our fault.
func FuzzCalls(f *testing.F) {
	h, end := fuzzedHouse(f)
	f.Cleanup(func() { end() })
	names := slices.Sorted(maps.Keys(doorways))
	serial := 0
	for i, name := range names {
		var params string
		if d := doorways[name]; !d.public {
			params = d.fill(h, 9, atHome, &serial)
		}
		f.Add(uint(i), params, false)
	}
	for i, name := range names {
		if strings.HasPrefix(name, "event/get") {
			f.Add(uint(i), `{"enterpriseId":1,"filter":{"rules":[{"field":"message","op":"contains","values":["x"]}]},"interval":{"start":0,"end":"now"},"limit":1}`, false)
		}
		if strings.HasPrefix(name, "systemProperty/") {
			f.Add(uint(i), `{"name":"vco.api.rateLimit.rules.global","value":"[{\"type\":\"SYSTEM\",\"policies\":[{\"rules\":{\"reservoir\":1}}]}]","dataType":"JSON"}`, true)
		}
	}
	calls := 0
	admin, operator := h.session(f, "admin@acme"), h.session(f, "super")
	f.Fuzz(func(t *testing.T, n uint, params string, asOperator bool) {
		if calls++; calls%1000 == 0 { // much of what is called changes or ends what there is
			end()
			h, end = fuzzedHouse(t)
			admin, operator = h.session(t, "admin@acme"), h.session(t, "super")
		}
		as := admin
		if asOperator {
			as = operator
		}
		name := names[n%uint(len(names))]
		w := h.post("/portal/rest/"+name, as, params)
		if w.Code >= 500 || w.Code != http.StatusFound && !json.Valid(w.Body.Bytes()) || strings.Contains(w.Body.String(), `"internal error"`) {
			t.Errorf("%s %q: %d %s", name, params, w.Code, w.Body)
		}
		if most := 4<<20 + 20*len(params); w.Body.Len() > most {
			t.Errorf("%s %q: %d bytes are answered", name, params, w.Body.Len())
		}
	})
}

// FuzzV3 sends anything to the paths of the credentials product, as the administrator of an enterprise who has a credential. Every answer
// is JSON, or none, and no fault is ours.
func FuzzV3(f *testing.F) {
	h, end := fuzzedHouse(f)
	f.Cleanup(end)
	admin := h.session(f, "admin@acme")
	const kept = "kept-7f3a91c2"
	if w := h.post("/v3/credentials", admin, `{"username":"fuzzed","password":"`+kept+`"}`); w.Code != http.StatusOK {
		f.Fatal(w.Body)
	}
	for _, p := range portal.Paths() {
		f.Add(p.Verb, strings.ReplaceAll("/"+p.Pattern, "{id}", "1"), "view=Full&force=true&enterpriseId=1", `{"username":"x","password":"y","newPassword":"z","userId":"2","userGroupId":1}`)
	}
	f.Add("GET", "/webapi//V3/Credentials/01/", "VIEW=full&view=x", "")
	f.Add("PUT", "/v3/credentials/-1", "enterpriseId=1e9", `{"newPassword":"\ud800"}`)
	f.Add("DELETE", "/v3/credentials/1/users/9223372036854775808", "%", `[]`)
	f.Fuzz(func(t *testing.T, verb, path, query, body string) {
		r := request("/", admin, body)
		r.Method, r.URL.Path, r.URL.RawQuery, r.TLS = verb, path, query, &tls.ConnectionState{}
		w := h.answer(r)
		if out := w.Body.Bytes(); w.Code >= 500 || w.Header().Get("Content-Type") == "application/json" && !json.Valid(out) {
			t.Errorf("%s %q?%q %q: %d %s", verb, path, query, body, w.Code, out)
		}
		if strings.Contains(w.Body.String(), kept) { // that one is missing may be said
			t.Errorf("%s %q?%q %q: the password is in the answer: %s", verb, path, query, body, w.Body)
		}
	})
}

// FuzzSignIn shows anything as an API token, an access token, a session, or the secret of a client. What is none of those that were given
// out, whatever was made of them, signs nobody in, and is never our fault.
func FuzzSignIn(f *testing.F) {
	h, end := fuzzedHouse(f)
	f.Cleanup(end)
	admin := h.session(f, "admin@acme")
	_, token := h.enabled(f, admin, "fuzzed", time.Hour)
	session := cookieValue(admin)
	texts := []string{token, session}
	for _, text := range texts {
		for kind := range uint(4) {
			f.Add(kind, uint(0), 0, text)
			f.Add(kind, uint(1), 10, "x")
		}
	}
	for _, s := range []string{"", " ", ".", "..", "e30.e30.e30", "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0.e30.", "eyJ0eXAiOiJhdCtqd3QifQ", "%", "%00", "\"", ";", "portico_cs_"} {
		for kind := range uint(4) {
			f.Add(kind, uint(2), 3, s)
		}
	}
	f.Fuzz(func(t *testing.T, kind, which uint, at int, s string) {
		text := s
		if good := texts[which%2]; which < 2 && at >= 0 && at <= len(good) { // a good one, and something in it
			text = good[:at] + s + good[at:]
		}
		as, body, path := http.Header{}, "{}", "/portal/rest/auth/getCallerInfo"
		switch kind % 4 {
		case 0:
			as.Set("Authorization", "Token "+text)
		case 1:
			as.Set("Authorization", "Bearer "+text)
		case 2:
			as["Cookie"] = []string{"velocloud.session=" + text}
		default:
			path, body = "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {text}, "client_secret": {text}}.Encode()
		}
		w := h.post(path, as, body)
		if w.Code >= 500 {
			t.Fatalf("%q: %d %s", text, w.Code, w.Body)
		}
		in := strings.Contains(w.Body.String(), `"userType"`) || strings.Contains(w.Body.String(), "access_token")
		if in && !strings.Contains(text, token) && !strings.Contains(strings.ReplaceAll(text, "%", ""), session) {
			if v, _ := url.PathUnescape(text); !strings.Contains(v, session) {
				t.Errorf("%q signs in: %s", text, w.Body)
			}
		}
	})
}

func cookieValue(h http.Header) string {
	r := http.Response{Header: http.Header{"Set-Cookie": h["Cookie"]}}
	return r.Cookies()[0].Value
}
