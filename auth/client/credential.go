package client

import (
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// A Credential is how a client shows who it is: by its secret, or by an assertion that it has signed (RFC 7523).
type Credential struct {
	ClientID  string // may be left out beside an assertion, which names it
	Secret    secret.Text
	Assertion secret.Text
	Audience  []string // what an assertion may be made out to: any one of them
}

// Public says whether it names the portal itself, the client of the access tokens of persons. That has nothing to show.
func (c Credential) Public() bool {
	return c.ClientID == portalClient && c.Secret == "" && c.Assertion == ""
}

// A Request is what a client wants of an access token.
type Request struct {
	Scope        []string      // all that the client may have when empty
	Organisation string        // logical id; the client's own when empty
	Lifetime     time.Duration // that of the client when 0; never longer
}

// An AccessToken is one that was just made.
type AccessToken struct {
	Text     secret.Text
	Lifetime time.Duration
	Scope    []string
}

// An Introspection is what is told of a token that is good.
type Introspection struct {
	ClientID, Username, Subject, TokenType, Issuer, Audience string
	Scope                                                    []string
	Issued, Expires                                          time.Time
	ID                                                       string // its jti
	PrincipalType, Organisation                              string
	Limited                                                  bool // by an API token, beyond what the scope says
}
