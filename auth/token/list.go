package token

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// Listed is a token as lists show it: with its state now, its owner's tenant, and its last use, but never a secret.
type Listed struct {
	*Token
	State        State
	Tenant       auth.Tenant
	LastUsed     time.Time
	LastUsedFrom string
	Standing     Standing // to the policy of the owner's organisation
}

// List answers the tokens of a tenant that the caller may handle, or a page of them: all if he manages them, else his own.
// With an owner, only that user's. The whole list is ordered by number; its pages by owner, and then by number, which is how
// they can be read one at a time and how no token changes its place in its life.
func (t *Tokens) List(ctx context.Context, by *auth.Principal, in auth.Tenant, owner int64, q account.PageQuery) ([]Listed, account.Page, error) {
	page, err := q.Pager(2)
	if err != nil {
		return []Listed{}, account.Page{}, err
	}
	if !manages(by, auth.Read, in) {
		if owner != 0 && owner != by.UserID || !by.Owns(in) {
			return []Listed{}, page.Done(), nil
		}
		owner = by.UserID
	}
	list := []Listed{}
	err = t.store.View(ctx, func(tx store.Tx) error {
		policy, err := t.accounts.TokenPolicy(tx, in.Type, in.ID)
		if err != nil {
			return err
		}
		return eachToken(tx, in, owner, page, func(owner int64) (bool, error) {
			u, err := t.accounts.UserIn(tx, owner) // a deleted user's tokens are gone at once, although they are swept in steps
			return u != nil, err
		}, func(tok *Token) error {
			l, err := t.listed(tx, tok, in, policy)
			list = append(list, l)
			return err
		})
	})
	if page.Limit == 0 {
		slices.SortFunc(list, func(a, b Listed) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list, page.Done(), err
}

// eachToken shows f the tokens of the page: those of one owner, or of all of the tenant whom lives admits.
func eachToken(tx store.Tx, in auth.Tenant, owner int64, page *account.Pager, lives func(int64) (bool, error), f func(*Token) error) error {
	at, after := page.After(0), page.After(1)
	for who := owner; ; at, after = who+1, 0 {
		if owner == 0 {
			next, err := nextOwner(tx, in, at)
			if err != nil || next == 0 {
				return err
			}
			who = next
		}
		if who > at {
			after = 0
		}
		ok, err := lives(who)
		if err != nil {
			return err
		}
		full := false
		if ok && who >= at {
			full, err = ofOwner(tx, in, who, after, page, f)
		}
		if err != nil || full || owner != 0 {
			return err
		}
	}
}

// nextOwner is the first user from that number on who has tokens in the tenant; 0 when there is none.
func nextOwner(tx store.Tx, in auth.Tenant, from int64) (owner int64, err error) {
	span := store.Span{Prefix: store.Key(int64(in.Type), in.ID), From: ownerKey(in.Type, in.ID, from)}
	err = tokensOf.Scan(tx, span, func(tok *Token) (bool, error) {
		owner = tok.OwnerID
		return false, nil
	})
	return owner, err
}

// ofOwner shows f an owner's tokens with numbers above after, in order, until the page is full. His living ones lie by name:
// the numbers of all are read, which costs no more than so many keys as he may have living tokens. Of the dead, which lie by
// number, and of the records, only what the page takes is read.
func ofOwner(tx store.Tx, in auth.Tenant, owner, after int64, page *account.Pager, f func(*Token) error) (full bool, err error) {
	var ids []int64
	err = tokensOf.IDs(tx, store.Span{Prefix: livingKey(in.Type, in.ID, owner)}, func(_ []byte, id int64) (bool, error) {
		if id > after {
			ids = append(ids, id)
		}
		return true, nil
	})
	if err != nil {
		return false, err
	}
	key, left := store.AppendKey(ownerKey(in.Type, in.ID, owner), dead), page.Left()+1
	span := store.Span{Prefix: key, From: append(store.AppendKey(slices.Clone(key), after), 0)}
	err = tokensOf.IDs(tx, span, func(_ []byte, id int64) (bool, error) {
		ids = append(ids, id)
		left--
		return left > 0, nil
	})
	if err != nil {
		return false, err
	}
	slices.Sort(ids)
	for _, id := range ids {
		if !page.Take(owner, id) {
			return true, nil
		}
		tok, err := tokens.Get(tx, id)
		if err == nil && tok == nil {
			err = fmt.Errorf("token %d is in its owner's list, and not there", id)
		}
		if err != nil {
			return false, err
		}
		if err := f(tok); err != nil {
			return false, err
		}
	}
	return false, nil
}

// ListUser answers the tokens of one user, if he is of one of the types, or whatever he is if none is given; see List.
func (t *Tokens) ListUser(ctx context.Context, by *auth.Principal, owner int64, q account.PageQuery, types ...auth.UserType) ([]Listed, account.Page, error) {
	if owner == 0 {
		owner = by.UserID
	}
	u, in, err := t.accounts.FindUser(ctx, by, owner, "")
	if err != nil || u == nil || len(types) > 0 && !slices.Contains(types, u.Type) {
		page, bad := q.Pager(2)
		if err != nil || bad != nil {
			return []Listed{}, account.Page{}, cmp.Or(err, bad)
		}
		return []Listed{}, page.Done(), nil
	}
	return t.List(ctx, by, in, owner, q)
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
		policy, err := t.accounts.TokenPolicy(tx, in.Type, in.ID)
		if err != nil {
			return err
		}
		l, err := t.listed(tx, tok, in, policy)
		found = &l
		return err
	})
	return found, err
}

func (t *Tokens) listed(tx store.Tx, tok *Token, in auth.Tenant, p account.TokenPolicy) (l Listed, err error) {
	l = Listed{Token: tok, State: tok.State(t.now()), Tenant: in}
	last, err := t.lastUse(tx, tok.ID)
	if err != nil {
		return l, err
	}
	l.LastUsed, l.LastUsedFrom = last.Time, last.From
	if l.State != Pending && l.State != Enabled {
		return l, nil
	}
	if l.Standing = t.stands(tok, last, p); l.Standing == Idle {
		l.State = Expired
	}
	return l, nil
}
