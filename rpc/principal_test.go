package rpc_test

import (
	"encoding/base64"
	"strings"
	"testing"
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
