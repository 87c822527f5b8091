package token

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// ByAPIToken answers the owner of the token with that text as the caller; his role as it is now is what counts.
// Looked at in this order: the text's digest, the token's state, its owner, whether API tokens are switched on, where the call comes
// from, and what the policy asks for.
func (t *Tokens) ByAPIToken(ctx context.Context, c auth.Call, text string) (p *auth.Principal, err error) {
	number, ok := NumberIn(secret.Text(text))
	if !ok {
		return nil, errInvalid
	}
	var tok *Token
	var mark bool
	err = t.store.View(ctx, func(tx store.Tx) error {
		if tok, err = tokenByUUID.Get(tx, number[:]); err != nil {
			return err
		}
		if tok == nil {
			return errInvalid
		}
		if !tok.Digest.Matches(secret.Text(text)) {
			return errInvalid
		}
		u, policy, err := t.usableBy(tx, c, tok)
		if err != nil {
			return err
		}
		if mark, err = t.mustMark(tx, tok, policy); err != nil {
			return err
		}
		p = u.Principal(c, auth.ByAPIToken, tok.ID, tok.Expiration)
		p.Limit(tok.Limits)
		p.Unlimited, err = t.accounts.Unlimited(tx)
		return err
	})
	if err != nil {
		return nil, t.misused(ctx, c, tok, err)
	}
	t.uses.note(tok.ID, t.now(), c.Source)
	if mark {
		if err := t.mark(use{tok.ID, t.now(), c.Source}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// NumberIn answers the number of the token that a text says it is of.
func NumberIn(text secret.Text) (uuid.UUID, bool) {
	jti, ok := secret.TokenID(text)
	if !ok {
		return uuid.UUID{}, false
	}
	number, err := uuid.Parse(jti)
	return number, err == nil
}

// ByTextOf answers the owner of the token with that number as the caller, for what was made of its text: as long as the token is good,
// and to the place that the call comes from.
func (t *Tokens) ByTextOf(tx store.Tx, c auth.Call, m auth.Means, id int64) (*Token, *auth.Principal, error) {
	tok, err := tokens.Get(tx, id)
	if err != nil || tok == nil {
		return nil, nil, cmp.Or(err, errInvalid)
	}
	u, _, err := t.usableBy(tx, c, tok)
	if err != nil {
		return nil, nil, err
	}
	p := u.Principal(c, m, tok.ID, tok.Expiration)
	p.Limit(tok.Limits)
	return tok, p, nil
}

// usableBy answers the owner of a token, if it is good now for calls from there, and the policy that it is good under.
func (t *Tokens) usableBy(tx store.Tx, c auth.Call, tok *Token) (u *account.User, p account.TokenPolicy, err error) {
	switch tok.State(t.now()) {
	case Revoked:
		return nil, p, errRevoked
	case Expired:
		return nil, p, errExpired
	case Pending:
		return nil, p, errInvalid
	}
	if u, err = t.accounts.UserIn(tx, tok.OwnerID); err != nil {
		return nil, p, err
	}
	if u == nil || !u.Enabled() || !u.Role.TakesTokens() {
		return nil, p, errNotActive
	}
	if on, err := t.accounts.Flag(tx, account.EnableAPITokens); err != nil || !on {
		return nil, p, cmp.Or(err, errSwitchedOff)
	}
	if !tok.Limits.From(c.Source) {
		return nil, p, ErrElsewhere
	}
	if p, err = t.accounts.TokenPolicy(tx, tok.OwnerType, tok.TenantID); err != nil {
		return nil, p, err
	}
	switch standing, err := t.standing(tx, tok, p); {
	case err != nil:
		return nil, p, err
	case standing == Idle:
		return nil, p, errIdle
	case standing == Lacking:
		return nil, p, errLacking(p.Lacks(tok.Limits))
	}
	return u, p, nil
}

// misused records the use of a dead token, or a text with a true number that is not the token's.
func (t *Tokens) misused(ctx context.Context, c auth.Call, tok *Token, why error) error {
	if tok == nil || auth.KindOf(why) != auth.Unauthenticated || account.Doubted(ctx) {
		return why
	}
	in := auth.Tenant{Type: tok.OwnerType, ID: tok.TenantID} // as far as a record needs it
	h := tok.happening("API_TOKEN_REFUSED")
	h.Message = "use of API token " + tok.Name + " refused"
	h.Detail["act"], h.Detail["reason"] = "use", auth.Reason(why)
	h.Apart = fmt.Sprint("use", tok.ID)
	return cmp.Or(t.accounts.Refused(ctx, &auth.Principal{Call: c}, in, h), why)
}
