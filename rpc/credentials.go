package rpc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// sessionCookie is the name of the cookie that clients of the real portal know.
const sessionCookie = "velocloud.session"

// credentials are what a request brings to show who calls.
type credentials struct {
	headers int    // how many Authorization headers there are; with one, the cookie does not count
	token   string // what the header carries, if it is a token
	bearer  bool   // it is one of OAuth, not "Token"
	cookie  string // the session's value
}

func credentialsOf(h http.Header) credentials {
	a := h["Authorization"]
	c := credentials{headers: len(a), cookie: sessionValue(h["Cookie"])}
	if len(a) == 1 {
		c.token, c.bearer = tokenText(a[0])
	}
	return c
}

// onlyCookie says whether nothing but a cookie signs the caller in. A browser sends one along by itself.
func (c credentials) onlyCookie() bool { return c.headers == 0 && c.cookie != "" }

func (c credentials) principal(ctx context.Context, a Authority, call auth.Call) (*auth.Principal, error) {
	switch {
	case c.headers > 0 && c.token == "":
		return nil, auth.Errorf(auth.Unauthenticated, "invalid token")
	case c.headers > 0 && c.bearer && isAccessToken(c.token):
		return a.ByAccessToken(ctx, call, c.token)
	case c.headers > 0:
		return a.ByAPIToken(ctx, call, c.token)
	case c.cookie != "":
		return a.BySession(ctx, call, c.cookie)
	}
	return nil, auth.Errorf(auth.Unauthenticated, "expired session cookie")
}

// isAccessToken tells an OAuth access token from an API token by the type that its header states (RFC 9068). Whoever checks
// the signature checks the type, too.
func isAccessToken(text string) bool {
	header, _, _ := strings.Cut(text, ".")
	b, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		return false
	}
	var h struct {
		Type string `json:"typ"`
	}
	return json.Unmarshal(b, &h) == nil && (strings.EqualFold(h.Type, "at+jwt") || strings.EqualFold(h.Type, "application/at+jwt"))
}

// tokenText reads "Token x" and "Bearer x"; published examples also write "Token: x".
func tokenText(header string) (text string, bearer bool) {
	scheme, text, _ := strings.Cut(strings.TrimSpace(header), " ")
	scheme = strings.TrimSuffix(scheme, ":")
	bearer = strings.EqualFold(scheme, "Bearer")
	if !bearer && !strings.EqualFold(scheme, "Token") {
		return "", false
	}
	return strings.TrimSpace(text), bearer
}

// sessionValue finds the session in Cookie headers. Clients echo a whole Set-Cookie header, attributes included, or
// encode the value once more, so nothing but our pair is looked at and percent-encoding is undone.
func sessionValue(headers []string) string {
	for _, h := range headers {
		for h != "" {
			var pair string
			pair, h, _ = strings.Cut(h, ";")
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if name != sessionCookie {
				continue
			}
			if v := plain(value); v != "" {
				return v
			}
		}
	}
	return ""
}

func plain(value string) string {
	value = strings.Trim(strings.TrimSpace(value), `"`)
	if strings.Contains(value, "%") {
		if v, err := url.PathUnescape(value); err == nil {
			return v
		}
	}
	return value
}
