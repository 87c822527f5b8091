package token

import (
	"context"
	"errors"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// The steps of the background work, kept below the store's hundred keys an Update.
const (
	sweptTokens   = 12 // a token has four keys and a last use, its event two
	sweptGraves   = 10 // besides, a key each
	sweptSessions = 25
	flushedUses   = 90
)

// Flush writes the last uses and the counts of refusals that were collected. Call it once a minute, and at the end with all.
func (t *Tokens) Flush(ctx context.Context, all bool) error {
	return errors.Join(t.flushUses(ctx), t.accounts.FlushRefusals(ctx, all))
}

func (t *Tokens) flushUses(ctx context.Context) error {
	left := t.uses.take()
	for len(left) > 0 {
		n := min(len(left), flushedUses)
		if err := t.store.Update(ctx, func(tx store.Tx) error { return keep(tx, left[:n]) }); err != nil {
			t.uses.restore(left)
			return err
		}
		left = left[n:]
	}
	return nil
}

// keep writes the last uses of the tokens that are still there, unless another portal has written later ones.
func keep(tx store.Tx, list []use) error {
	for _, last := range list {
		tok, err := tokens.Get(tx, last.ID)
		if err != nil {
			return err
		}
		kept, err := lastUses.Get(tx, last.ID)
		if err != nil {
			return err
		}
		if tok == nil || kept != nil && kept.Time.After(last.Time) {
			continue
		}
		if err := lastUses.Put(tx, &last); err != nil {
			return err
		}
	}
	return nil
}

// Sweep tells of tokens that are about to expire, and removes what is over: sessions past their end, what hangs on deleted tenants,
// the tokens of deleted users, and tokens and events that are dead, or old, for longer than the properties say. It works in steps, each
// an Update with its events, and may be stopped between any two. What one kind of record fails with does not hold up the others.
func (t *Tokens) Sweep(ctx context.Context) error {
	errs := []error{t.tellExpiring(ctx)}
	for _, step := range []func(store.Tx) (bool, error){
		t.sweepSessions, t.accounts.SweepTenants, t.sweepGraves, t.sweepTokens, t.accounts.SweepLockouts, t.accounts.SweepEvents,
	} {
		errs = append(errs, t.store.InSteps(ctx, step))
	}
	return errors.Join(errs...)
}

func (t *Tokens) sweepSessions(tx store.Tx) (more bool, err error) {
	_, more, err = endSessions(tx, store.Span{To: store.Key(t.now())})
	return more, err
}

// EndSessions removes a step of all sessions, and says how many that were.
func (t *Tokens) EndSessions(tx store.Tx) (n int, more bool, err error) {
	return endSessions(tx, store.Span{})
}

// endSessions removes a step of the sessions that end in the span.
func endSessions(tx store.Tx, span store.Span) (n int, more bool, err error) {
	n, err = sessions.DeleteSome(tx, sessionsEnding, span, sweptSessions)
	return n, n == sweptSessions, err
}

func (t *Tokens) sweepTokens(tx store.Tx) (more bool, err error) {
	keep, err := t.accounts.Duration(tx, account.TokenRetainDays, 24*time.Hour)
	if err != nil {
		return false, err
	}
	var dead []*Token
	span := store.Span{To: store.Key(t.now().Add(-keep))}
	err = tokensEnded.Scan(tx, span, func(tok *Token) (bool, error) {
		dead = append(dead, tok)
		return len(dead) < sweptTokens, nil
	})
	if err != nil {
		return false, err
	}
	return len(dead) == sweptTokens, t.remove(tx, account.System("portico/sweep"), dead, "retention")
}

// sweepGraves removes what was deleted users', a step of it at a time.
func (t *Tokens) sweepGraves(tx store.Tx) (more bool, err error) {
	left, closed := sweptTokens, 0
	err = t.accounts.Graves(tx, func(g *account.Grave) (bool, error) {
		more = true
		n, err := t.sweepGrave(tx, g, left)
		if err != nil || n == left {
			return false, err
		}
		left -= n
		closed++
		return closed < sweptGraves, t.accounts.CloseGrave(tx, g.ID)
	})
	return more, err
}

// sweepGrave removes at most so many tokens of a deleted user, and then of what else was his, and says how many those were.
func (t *Tokens) sweepGrave(tx store.Tx, g *account.Grave, most int) (int, error) {
	n, err := t.sweepTokensOf(tx, g, most)
	if err != nil || n == most {
		return n, err
	}
	others, err := t.accounts.SweepGrave(tx, g, most-n)
	return n + others, err
}

func (t *Tokens) sweepTokensOf(tx store.Tx, g *account.Grave, most int) (int, error) {
	var list []*Token
	span := store.Span{Prefix: ownerKey(g.Type, g.TenantID, g.ID)}
	err := tokensOf.Scan(tx, span, func(tok *Token) (bool, error) {
		list = append(list, tok)
		return len(list) < most, nil
	})
	if err != nil {
		return 0, err
	}
	return len(list), t.remove(tx, g.By(), list, "user deleted")
}

func (t *Tokens) remove(tx store.Tx, by *auth.Principal, list []*Token, why string) error {
	for _, tok := range list {
		if _, err := tokens.Delete(tx, tok.ID); err != nil {
			return err
		}
		if _, err := lastUses.Delete(tx, tok.ID); err != nil {
			return err
		}
		in := auth.Tenant{Type: tok.OwnerType, ID: tok.TenantID}
		h := tok.happening("DELETE_API_TOKEN")
		h.Detail["reason"] = why
		if err := t.accounts.Record(tx, by, in, h); err != nil {
			return err
		}
	}
	return nil
}
