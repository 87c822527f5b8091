package rpc_test

import (
	"crypto/tls"
	"encoding/base64"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/portico-vco/portico/rpc"
)

// TestPrincipals: what a method does not take is refused by kind, before its params are looked at, and recorded.
func TestPrincipals(t *testing.T) {
	const (
		person  = `"error":{"code":-32003,"message":"method [human] needs a person; the caller is WHO","data":{"valid":false,"error":[{"code":"PRINCIPAL_TYPE_NOT_ALLOWED",`
		account = `"error":{"code":-32003,"message":"method [account] needs a user account; the caller is WHO","data":{"valid":false,"error":[{"code":"PRINCIPAL_TYPE_NOT_ALLOWED",`
	)
	for _, c := range []struct{ who, method, want, refused string }{
		{"acme", "human", `"code":-32602`, ""},
		{"svc", "human", person, "API client [11]"},
		{"app", "human", person, "OAuth app [12]"},
		{"acme", "account", `"result":null`, ""},
		{"svc", "account", `"result":null`, ""},
		{"app", "account", account, "OAuth app [12]"},
		{"app", "null", `"result":null`, ""},
		{"svc", "own", `"result":null`, ""},
		{"app", "own", `"code":-32002`, ""}, // it has no self that could be read
		{"app", "operators", `"code":-32003`, ""},
	} {
		h := newHouse(t)
		w := h.ask("/portal", `{"jsonrpc":"2.0","id":1,"method":"`+c.method+`"}`, c.who)
		if want := strings.ReplaceAll(c.want, "WHO", c.refused); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s calls %s: %s", c.who, c.method, w.Body)
		}
		if got, _ := h.refused.Load().(string); got != c.refused {
			t.Errorf("%s calls %s: %q is recorded, want %q", c.who, c.method, got, c.refused)
		}
	}
}

// TestPrivate: what takes TLS is refused without, before its params are looked at and behind the question of right, and recorded.
func TestPrivate(t *testing.T) {
	const clear = `"error":{"code":-32011,"message":"method [private] takes TLS; a secret that was sent without it should be replaced",` +
		`"data":{"valid":false,"error":[{"code":"TLS_REQUIRED",`
	for _, c := range []struct {
		who, source string
		tls         bool
		proxied     string
		want        string
		recorded    string
	}{
		{"acme", "192.0.2.1:1", false, "", clear, "in the clear"},
		{"acme", "192.0.2.1:1", true, "", `"code":-32602`, ""},
		{"acme", "127.0.0.1:1", false, "", `"code":-32602`, ""},
		{"acme", "192.0.2.1:1", false, "https", clear, "in the clear"}, // says nobody who is trusted
		{"acme", "10.0.0.1:1", false, "https", `"code":-32602`, ""},
		{"acme", "10.0.0.1:1", true, "http", clear, "in the clear"},
		{"", "192.0.2.1:1", false, "", `"code":-32000`, ""},
	} {
		h := newHouse(t, func(o *rpc.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
		r := httptest.NewRequest("POST", "/portal", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"private"}`))
		r.RemoteAddr = c.source
		if c.who != "" {
			r.Header.Set("Authorization", "Token "+c.who)
		}
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if c.proxied != "" {
			r.Header.Set("X-Forwarded-Proto", c.proxied)
			r.Header.Set("X-Forwarded-For", "192.0.2.9")
		}
		w := h.send(r)
		if !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%+v: %s", c, w.Body)
		}
		if got, _ := h.refused.Load().(string); got != c.recorded {
			t.Errorf("%+v: %q is recorded", c, got)
		}
	}
}

// What lies behind a refusal is for the log alone.
func TestCausesAreLogged(t *testing.T) {
	h := newHouse(t)
	if got := h.call("unverifiable", "{}", "op"); strings.Contains(got, insider) {
		t.Error(got)
	}
	if !strings.Contains(h.log.String(), `"level":"warn","cause":"`+insider) {
		t.Errorf("the log has %s", h.log.String())
	}
}

// TestAccessTokens: by its scheme and by the type that its header states a token goes to who knows such.
func TestAccessTokens(t *testing.T) {
	access := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","typ":"at+jwt"}`)) + ".x.y"
	long := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","typ":"Application/at+JWT"}`)) + ".x.y"
	api := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","typ":"JWT"}`)) + ".x.y"
	for token := range map[string]bool{access: true, long: true, api: true} {
		staff[token] = staff["acme"]
		defer delete(staff, token)
	}
	for _, c := range []struct{ header, means string }{
		{"Bearer " + access, "ACCESS_TOKEN"},
		{"bearer " + long, "ACCESS_TOKEN"},
		{"Bearer " + api, "API_TOKEN"},
		{"Token " + access, "API_TOKEN"}, // who knows API tokens refuses it
		{"Bearer acme", "API_TOKEN"},
	} {
		w := newHouse(t).ask("/portal", `{"jsonrpc":"2.0","id":1,"method":"whoami"}`, "", "Authorization", c.header)
		if !strings.Contains(w.Body.String(), `"means":"`+c.means+`"`) {
			t.Errorf("%.40s: %s, want %s", c.header, w.Body, c.means)
		}
	}
}
