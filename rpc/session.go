package rpc

import (
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// SessionStarted is the result of a login: it sets the session cookie, and is null in the body.
type SessionStarted struct {
	Value  string
	MaxAge time.Duration
}

// SessionEnded is the result of a logout: it takes the session cookie away, and is null in the body.
type SessionEnded struct{}

// touchesSession says whether a result of type t acts on the cookie.
func touchesSession(t reflect.Type) bool {
	return t == reflect.TypeFor[SessionStarted]() || t == reflect.TypeFor[SessionEnded]()
}

// String hides the value.
func (SessionStarted) String() string { return "session started" }

// cookie is the whole Set-Cookie header. It has no Expires attribute: two clients lose the session over its comma.
func (s SessionStarted) cookie(secure bool) string {
	return withSecure(sessionCookie+"="+s.Value+"; Path=/; HttpOnly; SameSite=Strict; Max-Age="+
		strconv.FormatInt(int64(s.MaxAge/time.Second), 10), secure)
}

// cookie removes the session's. Its value is not empty: some clients take an empty one for a session.
func (SessionEnded) cookie(secure bool) string {
	return withSecure(sessionCookie+"=ended; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", secure)
}

func withSecure(cookie string, secure bool) string {
	if secure {
		return cookie + "; Secure"
	}
	return cookie
}

// loginAnswer answers on a login path: success sets the cookie; failure leads away with a message and, as clients test
// no more than whether it is there, without a session cookie. What is not the caller's doing keeps its own status.
func (x *exchange) loginAnswer(f *fault, err error) {
	switch {
	case f == nil && x.route.leads:
		x.redirect()
	case f == nil:
	case f.status != 0:
		x.settle(f)
	default:
		x.w.Header()["Set-Cookie"] = []string{"velocloud.message=" + url.PathEscape(loginText(err)) + "; Path=/"}
		x.redirect()
	}
}

// redirect leads to the page that answers a GET with 200.
func (x *exchange) redirect() {
	x.w.Header()["Location"] = []string{"/"}
	x.status = http.StatusFound
	x.out.Reset()
}
