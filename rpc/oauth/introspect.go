package oauth

import (
	"context"
	"strings"

	"github.com/portico-vco/portico/auth/client"
)

// introspected is the answer of RFC 7662 2.2. Of a token that is not good it has one member.
type introspected struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	Issued    int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`

	PrincipalType string `json:"ptype,omitempty"`
	Organisation  string `json:"org,omitempty"`
	Limited       bool   `json:"limited,omitempty"`
}

func (s service) introspect(ctx context.Context, r request) (any, error) {
	text, cred, err := s.shown(ctx, r)
	if err != nil {
		return nil, err
	}
	i, err := s.Clients.Introspect(ctx, r.Call, cred, text)
	if err != nil {
		return nil, err
	}
	return introspectedOf(i), nil
}

func introspectedOf(i *client.Introspection) introspected {
	if i == nil {
		return introspected{}
	}
	return introspected{
		Active: true, Scope: strings.Join(i.Scope, " "), ClientID: i.ClientID, Username: i.Username, TokenType: i.TokenType,
		Expires: i.Expires.Unix(), Issued: i.Issued.Unix(), Subject: i.Subject, Audience: i.Audience, Issuer: i.Issuer, ID: i.ID,
		PrincipalType: i.PrincipalType, Organisation: i.Organisation, Limited: i.Limited,
	}
}
