package oauth

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/client"
)

// granted is the answer of RFC 6749 5.1. There is no refresh token: whoever has a credential does not need one.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`
}

func (s service) token(ctx context.Context, r request) (any, error) {
	t, err := s.issue(ctx, r)
	if err != nil {
		return nil, err
	}
	return granted{string(t.Text), "Bearer", seconds(t), strings.Join(t.Scope, " ")}, nil
}

// issue serves the one grant there is.
func (s service) issue(ctx context.Context, r request) (client.AccessToken, error) {
	grant, err := r.form.one("grant_type")
	if err != nil {
		return client.AccessToken{}, err
	}
	if grant != "client_credentials" {
		return client.AccessToken{}, bad("unsupported_grant_type", "grant_type must be client_credentials")
	}
	cred, err := s.credentialOf(ctx, r)
	if err != nil {
		return client.AccessToken{}, err
	}
	req, err := s.wantedOf(ctx, r.form)
	if err != nil {
		return client.AccessToken{}, err
	}
	return s.Clients.Issue(ctx, r.Call, cred, req)
}

func seconds(t client.AccessToken) int64 { return int64(t.Lifetime / time.Second) }

// wantedOf reads what the client wants of the token.
func (s service) wantedOf(ctx context.Context, f form) (req client.Request, err error) {
	if req.Scope, err = scopeOf(f.text("scope")); err != nil {
		return req, err
	}
	req.Lifetime = lifetimeOf(f.text("accessTokenValiditySeconds"))
	req.Organisation, err = s.organisationOf(ctx, f)
	return req, err
}

// scopeOf reads scope-tokens between single spaces (RFC 6749 3.3), their order and repetitions being nothing to us.
func scopeOf(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	list := strings.Split(s, " ")
	for _, token := range list {
		if token == "" || printable(token) != token {
			return nil, bad("invalid_scope", "scope must be words with a space between them")
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// lifetimeOf reads a life that is at most shortened by it; VMware Cloud Services ignore one that is none.
func lifetimeOf(s string) time.Duration {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// organisationOf reads in which organisation the token shall act: orgId is its logical id, and resource the same as
// urn:uuid:ID. The portal's own addresses are a resource, too: where the client is at home.
func (s service) organisationOf(ctx context.Context, f form) (string, error) {
	org, resource := f.text("orgId"), f.text("resource")
	if resource == "" {
		return org, nil
	}
	if org != "" {
		return "", bad("invalid_request", "orgId and resource name the organisation twice")
	}
	if id, ok := strings.CutPrefix(resource, "urn:uuid:"); ok && id != "" {
		return id, nil
	}
	issuer, err := s.Clients.Issuer(ctx)
	if err != nil {
		return "", err
	}
	if at := strings.TrimSuffix(resource, "/"); at == issuer || at == issuer+"/portal" {
		return "", nil
	}
	return "", bad("invalid_target", "resource must be this portal's address, or urn:uuid: and the logical id of an organisation")
}
