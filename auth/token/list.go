package token

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// Listed is a token as lists show it: with its state now, its owner's tenant, and its last use, but never a secret.
type Listed struct {
	*Token
	State        State
	Tenant       auth.Tenant
	LastUsed     time.Time
	LastUsedFrom string
}

// List answers the tokens of a tenant that the caller may handle: all of them if he manages them, else his own.
// With an owner, only that user's. Ordered by number.
func (t *Tokens) List(ctx context.Context, by *auth.Principal, in auth.Tenant, owner int64) ([]Listed, error) {
	if !manages(by, auth.Read, in) {
		if owner != 0 && owner != by.UserID || !by.Owns(in) {
			return []Listed{}, nil
		}
		owner = by.UserID
	}
	prefix := store.Key(int64(in.Type), in.ID)
	if owner != 0 {
		prefix = ownerKey(in.Type, in.ID, owner)
	}
	list := []Listed{}
	err := t.store.View(ctx, func(tx store.Tx) error {
		alive := make(map[int64]bool)
		return tokensOf.Scan(tx, store.Span{Prefix: prefix}, func(tok *Token) (bool, error) {
			living, err := t.ownerLives(tx, alive, tok.OwnerID)
			if err != nil || !living {
				return true, err
			}
			l, err := t.listed(tx, tok, in)
			list = append(list, l)
			return true, err
		})
	})
	slices.SortFunc(list, func(a, b Listed) int { return cmp.Compare(a.ID, b.ID) })
	return list, err
}

// ListUser answers the tokens of one user, if he is of one of the types, or whatever he is if none is given; see List.
func (t *Tokens) ListUser(ctx context.Context, by *auth.Principal, owner int64, types ...auth.UserType) ([]Listed, error) {
	if owner == 0 {
		owner = by.UserID
	}
	u, in, err := t.accounts.FindUser(ctx, by, owner, "")
	if err != nil || u == nil || len(types) > 0 && !slices.Contains(types, u.Type) {
		return []Listed{}, err
	}
	return t.List(ctx, by, in, owner)
}

// Get answers one token that the caller may handle; nil otherwise.
func (t *Tokens) Get(ctx context.Context, by *auth.Principal, id int64) (found *Listed, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		tok, err := tokens.Get(tx, id)
		if err != nil || tok == nil {
			return err
		}
		owner, err := t.accounts.UserIn(tx, tok.OwnerID)
		if err != nil || owner == nil {
			return err
		}
		in, ok, err := t.accounts.TenantIn(tx, tok.OwnerType, tok.TenantID)
		if err != nil || !ok || tok.OwnerID != by.UserID && !manages(by, auth.Read, in) {
			return err
		}
		l, err := t.listed(tx, tok, in)
		found = &l
		return err
	})
	return found, err
}

// ownerLives: a deleted user's tokens are gone at once, although they are swept in steps.
func (t *Tokens) ownerLives(tx store.Tx, known map[int64]bool, id int64) (bool, error) {
	if lives, ok := known[id]; ok {
		return lives, nil
	}
	u, err := t.accounts.UserIn(tx, id)
	known[id] = u != nil
	return u != nil, err
}

func (t *Tokens) listed(tx store.Tx, tok *Token, in auth.Tenant) (Listed, error) {
	l := Listed{Token: tok, State: tok.State(t.now()), Tenant: in}
	last, fresh := t.uses.of(tok.ID)
	if !fresh {
		kept, err := lastUses.Get(tx, tok.ID)
		if err != nil || kept == nil {
			return l, err
		}
		last = *kept
	}
	l.LastUsed, l.LastUsedFrom = last.Time, last.From
	return l, nil
}
