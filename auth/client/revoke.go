package client

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
)

// A revocation is an access token that was revoked, until it would have ended.
type revocation struct {
	ID      int64     `json:"id"`
	TokenID string    `json:"jti"`
	Ends    time.Time `json:"ends"`
}

var (
	revocations     = store.NewCollection("revocation", func(r *revocation) *int64 { return &r.ID })
	revokedByID     = revocations.Unique("jti", func(r *revocation) []byte { return store.Key(r.TokenID) })
	revocationsOver = revocations.Index("end", func(r *revocation) []byte { return store.Key(r.Ends) })
)

// Revoke ends an access token of the client's own (RFC 7009). One that is unknown, or over, needs no revocation. That of a person
// ends by whoever holds it: its client is public. API tokens do not end here.
func (c *Clients) Revoke(ctx context.Context, call auth.Call, cred Credential, text secret.Text) error {
	own := func(t *claims) bool { return t.ClientID == portalClient }
	if !cred.Public() {
		cl, err := c.authenticate(ctx, call, cred)
		if err != nil {
			return err
		}
		own = func(t *claims) bool { return t.Subject == cl.subject() }
	}
	if secret.IsAPIToken(text) { // that it lives on must not be told as a success
		return invalid("unsupported_token_type", "an API token is revoked by apiToken/revoke")
	}
	t, err := c.read(ctx, text)
	if err != nil {
		return onlyFaults(err)
	}
	if !own(t) {
		return errNotOwn
	}
	return c.store.Update(ctx, func(tx store.Tx) error {
		p, err := c.worth(tx, call, t)
		if errors.Is(err, token.ErrElsewhere) { // that it lives on must not be told as a success either
			return errNotOwn
		}
		if err != nil {
			return onlyFaults(err)
		}
		err = c.accounts.Record(tx, p, auth.Tenant{Type: p.UserType, ID: p.TenantID()}, account.Happening{
			Name: "TOKEN_REVOKED", Category: account.OfSecurity, Severity: account.Notice, Message: "access token of " + p.Username,
			Detail: map[string]any{"subject": t.Subject, "client": t.ClientID, "jti": t.ID},
		})
		if err != nil {
			return err
		}
		return revocations.Insert(tx, &revocation{TokenID: t.ID, Ends: t.expires()}) // behind the event: whose token is revoked writes none
	})
}

var errNotOwn error = invalid("unauthorized_client", "the token is not the client's own")

// onlyFaults drops the refusals that say that a token is good for nothing.
func onlyFaults(err error) error {
	if auth.KindOf(err) == auth.Unauthenticated {
		return nil
	}
	return err
}

// Introspect tells what an access token is worth now; nil if that is nothing. A client learns of its own tokens, and of those for
// the organisation that it belongs to.
func (c *Clients) Introspect(ctx context.Context, call auth.Call, cred Credential, text secret.Text) (*Introspection, error) {
	cl, err := c.authenticate(ctx, call, cred)
	if err != nil {
		return nil, err
	}
	t, err := c.read(ctx, text)
	if err != nil || t.Subject != cl.subject() && t.Org != organisation(cl.tenant()) {
		return nil, onlyFaults(err)
	}
	var p *auth.Principal
	err = c.store.View(ctx, func(tx store.Tx) error {
		p, err = c.worth(tx, call, t)
		return err
	})
	if err != nil {
		return nil, onlyFaults(err)
	}
	return &Introspection{
		ClientID: t.ClientID, Username: p.Username, Subject: t.Subject, TokenType: "Bearer", Issuer: t.Issuer, Audience: t.Audience,
		Scope: strings.Fields(t.Scope), Issued: time.Unix(t.IssuedAt, 0).UTC(), Expires: t.expires(), ID: t.ID,
		PrincipalType: t.Type, Organisation: t.Org, Limited: t.Limited,
	}, nil
}
