package oauth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

// This file alone knows how an error of the authority reads in OAuth.

// words are what an error of kind auth.Invalid may be called.
var words = []string{
	"invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", // RFC 6749 5.2
	"invalid_target",         // RFC 8707
	"unsupported_token_type", // RFC 7009 2.2.1
}

// kinds are the words of the other kinds that can be told; whatever else a client is refused for, it is not entitled.
var kinds = map[auth.Kind]string{
	auth.Unauthenticated: "invalid_client",
	auth.Busy:            "slow_down",               // RFC 8628
	auth.Unavailable:     "temporarily_unavailable", // RFC 6749 4.1.2.1
	auth.Internal:        "server_error",            // the same
}

// bad refuses a request by a word of OAuth.
func bad(word, text string) error {
	e := auth.Errorf(auth.Invalid, "%s", text)
	e.Word = word
	return e
}

// An oauthError is the body of RFC 6749 5.2.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// refuse answers an error.
func refuse(r *rpc.Request, why rpc.Refusal) rpc.Reply {
	word := wordOf(why)
	reply := rpc.Reply{Status: why.Status, Header: uncached(), Body: oauthError{word, printable(why.Text)}, Word: word}
	if reply.Status == 0 {
		reply.Status = http.StatusBadRequest
	}
	if word == "invalid_client" {
		reply.Status = http.StatusUnauthorized
		challenge(r, reply.Header)
	}
	return reply
}

// challenge is for those who came with a header. Without one it would be what HTTP wants with every 401, but clients that see
// a challenge, such as openid-client, do not look at the error any more.
func challenge(r *rpc.Request, h http.Header) {
	if r.Header.Get("Authorization") != "" {
		h["Www-Authenticate"] = []string{`Basic realm="portico", charset="UTF-8"`}
	}
}

func wordOf(why rpc.Refusal) string {
	if why.Kind == auth.Invalid {
		if slices.Contains(words, why.Word) {
			return why.Word
		}
		return "invalid_request"
	}
	if word, ok := kinds[why.Kind]; ok {
		return word
	}
	return "unauthorized_client"
}

// printable keeps to the characters that an error_description may have.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, text)
}

// A cspError is an oauthError with the members that clients of VMware Cloud Services read.
type cspError struct {
	oauthError
	Message    string `json:"message"`
	StatusCode int    `json:"statusCode"`
	RequestID  string `json:"requestId"`
}

func refuseCSP(r *rpc.Request, why rpc.Refusal) rpc.Reply {
	reply := refuse(r, why)
	e := reply.Body.(oauthError)
	reply.Body = cspError{e, e.Description, reply.Status, r.RequestID}
	return reply
}
