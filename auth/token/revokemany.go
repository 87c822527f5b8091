package token

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Filter says which living tokens are meant; all that is set must fit. One that says nothing is refused.
type Filter struct {
	OwnerID       int64     `json:"userId,omitempty"`
	RoleID        int64     `json:"roleId,omitempty"` // that the owner has now
	UnusedSince   time.Time `json:"unusedSince,omitzero"`
	CreatedBefore time.Time `json:"createdBefore,omitzero"`
	ExpiresAfter  time.Time `json:"expiresAfter,omitzero"`
	NamePrefix    string    `json:"namePrefix,omitempty"` // in any letter case
	State         State     `json:"state,omitempty"`      // PENDING or ENABLED
	WithoutLimits bool      `json:"withoutLimits,omitempty"`
}

// A Tally is how many tokens there were of a filter's, and how many of them were revoked.
type Tally struct{ Matched, Revoked int }

// The steps of a revocation of many: a token has up to five keys to change, its event three. What is more than a call revokes, the
// next one does.
const (
	revokedAtOnce = 10
	revokedByCall = 1000
)

// RevokeMany ends the living tokens of a tenant that fit: all that are the caller's to manage, or his own. It works in steps; those that
// were done stay done if it is cut off, and the same call goes on. A dry run counts.
func (t *Tokens) RevokeMany(ctx context.Context, by *auth.Principal, in auth.Tenant, f Filter, dry bool) (n Tally, err error) {
	if f == (Filter{}) {
		return n, auth.BadField("params", "say nothing of which API tokens: that would be all")
	}
	var ids []int64
	err = t.store.View(ctx, func(tx store.Tx) error {
		if err := t.mayRevokeMany(tx, by, in, &f); err != nil {
			return err
		}
		ids, err = t.fitting(tx, in, &f)
		return err
	})
	n.Matched = len(ids)
	if err != nil || dry || len(ids) == 0 {
		return n, err
	}
	left := ids[:min(len(ids), revokedByCall)]
	for len(left) > 0 && err == nil {
		step := left[:min(len(left), revokedAtOnce)]
		var done int
		done, err = t.revokeStep(ctx, by, in, f, step)
		n.Revoked += done
		left = left[len(step):]
	}
	if err != nil {
		return n, err
	}
	return n, t.store.Update(ctx, func(tx store.Tx) error {
		return t.accounts.Record(tx, by, in, account.Happening{
			Name: "REVOKE_API_TOKENS", Category: account.OfSecurity, Severity: account.Notice, Message: "API tokens revoked by a filter",
			Detail: map[string]any{"filter": f, "matched": n.Matched, "revoked": n.Revoked},
		})
	})
}

// mayRevokeMany: who does not manage the tenant's tokens means his own.
func (t *Tokens) mayRevokeMany(tx store.Tx, by *auth.Principal, in auth.Tenant, f *Filter) error {
	now, ok, err := t.accounts.TenantIn(tx, in.Type, in.ID)
	v := auth.Update.On(auth.TokenObject(in.Type))
	switch {
	case err != nil || !ok:
		return cmp.Or(err, errNoUser)
	case !by.May(v, now):
		return auth.Lacks(by, v)
	case manages(by, auth.Update, now):
		return nil
	case !by.Owns(now) || f.OwnerID != 0 && f.OwnerID != by.UserID:
		return auth.Errorf(auth.Forbidden, "the privilege to revoke API tokens of others is a superuser's in method [%s]", by.Method)
	}
	f.OwnerID = by.UserID
	return nil
}

// fitting are the numbers of the tokens that are meant.
func (t *Tokens) fitting(tx store.Tx, in auth.Tenant, f *Filter) (ids []int64, err error) {
	for owner := f.OwnerID; ; owner++ {
		if f.OwnerID == 0 {
			if owner, err = nextOwner(tx, in, owner); err != nil || owner == 0 {
				return ids, err
			}
		}
		err = tokensOf.Scan(tx, store.Span{Prefix: livingKey(in.Type, in.ID, owner)}, func(tok *Token) (bool, error) {
			fits, err := t.fits(tx, tok, f)
			if fits {
				ids = append(ids, tok.ID)
			}
			return true, err
		})
		if err != nil || f.OwnerID != 0 {
			return ids, err
		}
	}
}

func (t *Tokens) fits(tx store.Tx, tok *Token, f *Filter) (bool, error) {
	switch now := tok.State(t.now()); {
	case now != Pending && now != Enabled,
		f.State != "" && f.State != now,
		!f.CreatedBefore.IsZero() && !tok.Created.Before(f.CreatedBefore),
		!f.ExpiresAfter.IsZero() && !tok.Expiration.After(f.ExpiresAfter),
		!strings.HasPrefix(strings.ToLower(tok.Name), strings.ToLower(f.NamePrefix)),
		f.WithoutLimits && tok.Limits != nil:
		return false, nil
	}
	owner, err := t.accounts.UserIn(tx, tok.OwnerID)
	if err != nil || owner == nil || f.RoleID != 0 && owner.RoleID != f.RoleID {
		return false, err
	}
	if f.UnusedSince.IsZero() {
		return true, nil
	}
	last, err := t.lastUse(tx, tok.ID)
	return last.Time.Before(f.UnusedSince) && tok.Created.Before(f.UnusedSince), err
}

// revokeStep revokes those of a step that still fit, each with its event, by a caller who still may.
func (t *Tokens) revokeStep(ctx context.Context, by *auth.Principal, in auth.Tenant, f Filter, ids []int64) (n int, err error) {
	err = t.store.Update(ctx, func(tx store.Tx) error {
		n = 0
		if err := t.mayRevokeMany(tx, by, in, &f); err != nil {
			return err
		}
		for _, id := range ids {
			done, err := t.revokeFitting(tx, by, in, &f, id)
			if err != nil {
				return err
			}
			if done {
				n++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for range n {
		t.watch.move(Revoke, nil)
	}
	return n, nil
}

func (t *Tokens) revokeFitting(tx store.Tx, by *auth.Principal, in auth.Tenant, f *Filter, id int64) (bool, error) {
	tok, err := tokens.Get(tx, id)
	if err != nil || tok == nil {
		return false, err
	}
	if fits, err := t.fits(tx, tok, f); err != nil || !fits {
		return false, err
	}
	return true, t.moved(tx, by, in, tok, Revoke, Revoked, t.revoked)
}
