package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
)

// maxWords is how many privileges an access token may be narrowed to. The token names them.
const maxWords = 40

// Issue makes an access token for a client that shows who it is. The organisation in which it shall act is named by logical id, by
// the number of an enterprise, or as enterprise/7, partner/7 or operator/1. Refusals: Unauthenticated; Invalid with a word of
// RFC 6749 or RFC 8707; Busy for who has failed too often.
func (c *Clients) Issue(ctx context.Context, call auth.Call, cred Credential, req Request) (AccessToken, error) {
	cl, err := c.authenticate(ctx, call, cred)
	if err != nil {
		return AccessToken{}, err
	}
	var t claims
	var in auth.Tenant
	err = c.store.View(ctx, func(tx store.Tx) error {
		var g *Grant
		if g, in, err = c.target(tx, cl, req.Organisation); err != nil {
			return err
		}
		t = claims{
			Subject: cl.subject(), ClientID: cl.ClientID, Type: cl.principalType().String(), Org: organisation(in), Epoch: cl.Epoch,
		}
		if g != nil {
			t.Grant = g.ID
		}
		p, err := c.clientPrincipal(tx, call, cl, g)
		if err != nil {
			return err
		}
		t.Roles = rolesOf(cl, g, p)
		t.Scope, err = narrowed(p, req.Scope)
		return err
	})
	if err != nil {
		return AccessToken{}, err
	}
	life := cmp.Or(cl.Lifetime, DefaultLifetime)
	if req.Lifetime > 0 {
		life = min(life, max(req.Lifetime.Truncate(time.Second), time.Second))
	}
	out, err := c.sign(ctx, &t, life)
	if err != nil {
		return out, err
	}
	return out, c.issued(ctx, call, cl, in, &t)
}

// target finds the organisation in which a client shall act, and the grant if that is another's.
func (c *Clients) target(tx store.Tx, cl *Client, name string) (*Grant, auth.Tenant, error) {
	own, ok, err := c.accounts.TenantIn(tx, cl.Of, cl.TenantID)
	if err != nil || !ok {
		return nil, own, cmp.Or(err, errClient)
	}
	if name == "" {
		return nil, own, nil
	}
	if is, err := c.isNamed(tx, own, name); err != nil || is {
		return nil, own, err
	}
	var found *Grant
	var in auth.Tenant
	err = grantOf.Scan(tx, store.Span{Prefix: store.Key(cl.ID)}, func(g *Grant) (bool, error) {
		t, ok, err := c.accounts.TenantIn(tx, g.Of, g.TenantID)
		if err != nil || !ok {
			return true, err
		}
		is, err := c.isNamed(tx, t, name)
		if is {
			found, in = g, t
		}
		return !is, err
	})
	if err == nil && found == nil {
		err = invalid("invalid_target", "the organisation is unknown, or grants the client nothing")
	}
	return found, in, err
}

// isNamed says whether a tenant is the one that is meant.
func (c *Clients) isNamed(tx store.Tx, in auth.Tenant, name string) (bool, error) {
	if t, ok := tenantNamed(name); ok && t == (auth.Tenant{Type: in.Type, ID: in.ID}) {
		return true, nil
	}
	if in.Type == auth.Enterprise && name == fmt.Sprint(in.ID) {
		return true, nil
	}
	id, err := c.accounts.LogicalID(tx, in)
	return id != "" && strings.EqualFold(id, name), err
}

// rolesOf are the roles by number, for others to see; the portal looks them up.
func rolesOf(cl *Client, g *Grant, p *auth.Principal) []int64 {
	switch {
	case g != nil:
		return g.RoleIDs
	case cl.Kind == App:
		return cl.Scope.RoleIDs
	case p.Role.ID != 0:
		return []int64{p.Role.ID}
	}
	return nil
}

// narrowed checks the scope that is asked for: privileges that the client has.
func narrowed(p *auth.Principal, words []string) (string, error) {
	if len(words) > maxWords {
		return "", invalid("invalid_scope",
			"the scope has more than %d privileges; without a scope the token has all of the client's", maxWords)
	}
	for _, word := range words {
		v, ok := auth.ParsePrivilege(word)
		if !ok || !p.Role.Grants(v) {
			return "", invalid("invalid_scope", "a privilege of the scope is unknown, or not the client's")
		}
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(words))), " "), nil
}

// issued records an access token: the first of a client in a minute at once, the others together.
func (c *Clients) issued(ctx context.Context, call auth.Call, cl *Client, in auth.Tenant, t *claims) error {
	by := &auth.Principal{
		Call: call, Type: cl.principalType(), ClientID: cl.ID, Client: cl.ClientID, UserID: cl.UserID, UserType: in.Type,
		Username: cl.username(),
	}
	return c.accounts.Counted(ctx, by, in, account.Happening{
		Name: "ACCESS_TOKEN_ISSUED", Category: account.OfSecurity, Message: cl.noun(),
		Detail: map[string]any{"id": cl.ID, "client": cl.ClientID, "scope": t.Scope}, Apart: fmt.Sprint(in.Type, in.ID),
	})
}

// sign makes the text.
func (c *Clients) sign(ctx context.Context, t *claims, life time.Duration) (out AccessToken, err error) {
	id, err := uuid.NewRandomFromReader(c.accounts.Random())
	if err != nil {
		return out, err
	}
	if t.Issuer, err = c.Issuer(ctx); err != nil {
		return out, err
	}
	now := c.now()
	ends := now.Add(life)
	t.Audience, t.Party, t.ID = audiencePortal, t.ClientID, id.String()
	t.IssuedAt, t.NotBefore, t.Expires = now.Unix(), now.Unix(), ends.Add(time.Second-1).Unix()
	ring, err := c.ring()
	if err != nil {
		return out, err
	}
	text, key, err := ring.Sign(t)
	if err != nil {
		return out, err
	}
	out = AccessToken{Text: text, Lifetime: life}
	if t.Scope != "" {
		out.Scope = strings.Fields(t.Scope)
	}
	return out, c.needKey(ctx, key, ends)
}

// keyTime is by how much longer than needed a key is noted to be needed: so that most access tokens cost no write.
const keyTime = 6 * time.Hour

// needKey notes until when a key is needed by those who verify access tokens themselves.
func (c *Clients) needKey(ctx context.Context, key string, ends time.Time) error {
	needed := false
	err := c.store.View(ctx, func(tx store.Tx) (err error) {
		needed, err = token.KeyNeeded(tx, key, ends)
		return err
	})
	if err != nil || needed {
		return err
	}
	return c.store.Update(ctx, func(tx store.Tx) error { return token.NeedKey(tx, key, ends.Add(keyTime)) })
}

// JWKS answers the public halves of the keys of access tokens: the one that signs, and each retired one until the last token of
// it has ended.
func (c *Clients) JWKS(ctx context.Context) (set []byte, err error) {
	ring, err := c.ring()
	if err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx store.Tx) error {
		set, err = ring.JWKS(func(key string) (bool, error) { return token.KeyNeeded(tx, key, c.now()) })
		return err
	})
	return set, err
}

// Issuer is the iss of access tokens.
func (c *Clients) Issuer(ctx context.Context) (string, error) {
	address, err := c.accounts.Setting(ctx, account.PublicAddress)
	return "https://" + address, err
}
