package token

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// toldTokens is how many tokens a step tells of, kept below the store's hundred keys an Update: one for the token, two for its event.
const toldTokens = 25

// tellExpiring records an event of each token that is about to expire, once for each of its lives: a refreshed one begins anew.
func (t *Tokens) tellExpiring(ctx context.Context) error {
	ids, err := t.expiring(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, toldTokens) {
		err := t.store.Update(ctx, func(tx store.Tx) error {
			for _, id := range some {
				if err := t.tellExpiry(tx, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expiring answers the tokens that are to be told of.
func (t *Tokens) expiring(ctx context.Context) (ids []int64, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		ids = nil
		ahead, err := t.noticeTime(tx)
		if err != nil || ahead == 0 {
			return err
		}
		span := store.Span{From: store.Key(t.now()), To: store.Key(t.now().Add(ahead))}
		return tokensEnded.Scan(tx, span, func(tok *Token) (bool, error) {
			if t.isExpiring(tok, ahead) {
				ids = append(ids, tok.ID)
			}
			return true, nil
		})
	})
	return ids, err
}

// noticeTime is how long before its end a token is told of; 0 is never.
func (t *Tokens) noticeTime(tx store.Tx) (time.Duration, error) {
	return t.accounts.Duration(tx, account.ExpiryNoticeDays, 24*time.Hour)
}

// isExpiring says whether a token is in use, near its end, and not told of yet. One that was made to live no longer than that was meant
// to end soon.
func (t *Tokens) isExpiring(tok *Token, ahead time.Duration) bool {
	left := tok.Expiration.Sub(t.now())
	return tok.State(t.now()) == Enabled && !tok.Noticed && left <= ahead && tok.Lifetime() > ahead
}

func (t *Tokens) tellExpiry(tx store.Tx, id int64) error {
	ahead, err := t.noticeTime(tx)
	if err != nil {
		return err
	}
	tok, err := tokens.Get(tx, id)
	if err != nil || tok == nil || !t.isExpiring(tok, ahead) {
		return err
	}
	owner, err := t.accounts.UserIn(tx, tok.OwnerID)
	if err != nil || owner == nil {
		return err
	}
	in, ok, err := t.accounts.TenantIn(tx, tok.OwnerType, tok.TenantID)
	if err != nil || !ok {
		return err
	}
	tok.Noticed = true
	if err := tokens.Put(tx, tok); err != nil {
		return err
	}
	h := tok.happening("API_TOKEN_EXPIRING")
	h.Severity = account.Notice
	h.Message = fmt.Sprintf("API token %s of %s expires on %s", tok.Name, owner.Username, tok.Expiration.Format(time.RFC1123))
	h.Detail["ownerName"], h.Detail["expiration"] = owner.Username, tok.Expiration.Format(time.RFC3339)
	return t.accounts.Record(tx, account.System("portico/sweep"), in, h)
}
