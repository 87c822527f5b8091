package oauth

import (
	"context"

	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
)

// revoke ends a token of the client's. Of one that is unknown or dead it answers the same (RFC 7009 2.2).
func (s service) revoke(ctx context.Context, r request) (any, error) {
	text, cred, err := s.shown(ctx, r)
	if err != nil {
		return nil, err
	}
	return nil, s.Clients.Revoke(ctx, r.Call, cred, text)
}

// shown reads the token that is asked about, and who asks.
func (s service) shown(ctx context.Context, r request) (text secret.Text, cred client.Credential, err error) {
	if text, err = r.form.one("token"); err != nil {
		return text, cred, err
	}
	cred, err = s.credentialOf(ctx, r)
	return text, cred, err
}
