package token

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// DefaultOverlap is how long a token lives on beside its successor, where nobody says how long and no policy is stricter.
const DefaultOverlap = 24 * time.Hour

// A Rotated token is a successor with its text, which is shown this once.
type Rotated struct {
	ID              int64
	Text            secret.Text
	Expiration      time.Time
	PredecessorID   int64
	PredecessorEnds time.Time
}

// Rotate makes the successor of an enabled token, which has its name, limits and lifetime, and is enabled at once: for its owner
// alone. The old text is good until the overlap is over, so that whoever uses it has time to change. A token is rotated once; if
// the answer is lost its successor can be rotated, or revoked, by number. id 0 is the token that the caller came by.
func (t *Tokens) Rotate(ctx context.Context, by *auth.Principal, id int64, overlap *time.Duration) (out Rotated, err error) {
	if id == 0 && by.Means == auth.ByAPIToken {
		id = by.MeansID
	}
	if id == 0 {
		return out, auth.BadField("id", "is required from who did not come by an API token")
	}
	nonce, err := secret.Mint(t.accounts.Random())
	if err != nil {
		return out, err
	}
	number, err := newNumber(t.now(), t.accounts.Random())
	if err != nil {
		return out, err
	}
	find := func(tx store.Tx) (*Token, error) { return byID(tx, Where{}, id) }
	_, err = t.move(ctx, by, Rotate, find, func(tx store.Tx, old *Token) error {
		if err := t.giveUpName(tx, old, overlap); err != nil {
			return err
		}
		next, text, err := t.succeed(tx, by, old, number, nonce)
		if err != nil {
			return err
		}
		old.SuccessorID = next.ID
		out = Rotated{next.ID, text, next.Expiration, old.ID, old.Expiration}
		return nil
	})
	if err != nil {
		return Rotated{}, err // never a text whose move is not durable
	}
	return out, nil
}

// overlap is how long the old token lives on.
func (t *Tokens) overlap(tx store.Tx, old *Token, asked *time.Duration) (time.Duration, error) {
	policy, err := t.accounts.TokenPolicy(tx, old.OwnerType, old.TenantID)
	switch {
	case err != nil:
		return 0, err
	case asked == nil:
		return min(DefaultOverlap, policy.MaxOverlap), nil
	case *asked < 0 || *asked > policy.MaxOverlap:
		return 0, auth.BadField("overlapMs", "is not between 0 and %d", policy.MaxOverlap.Milliseconds())
	}
	return *asked, nil
}

// giveUpName leaves the name of a token to its successor, and to itself no more than the overlap.
func (t *Tokens) giveUpName(tx store.Tx, old *Token, asked *time.Duration) error {
	overlap, err := t.overlap(tx, old, asked)
	if err != nil {
		return err
	}
	old.Rotated, old.Noticed = t.now(), true // that it ends is no news
	if end := t.now().Add(overlap); end.Before(old.Expiration) {
		old.Expiration = end
	}
	return tokens.Put(tx, old)
}

// succeed makes a token like another. As long as both live the owner has one token more.
func (t *Tokens) succeed(tx store.Tx, by *auth.Principal, old *Token, number uuid.UUID, nonce secret.Text) (*Token, secret.Text, error) {
	owner, err := t.accounts.UserIn(tx, old.OwnerID)
	if err != nil {
		return nil, "", err
	}
	longest, policy, err := t.longestLife(tx, owner.Type, owner.TenantID())
	if err != nil {
		return nil, "", err
	}
	if err := t.freePlace(tx, owner, policy); err != nil {
		return nil, "", err
	}
	next := t.fresh(by, owner, NewToken{Name: old.Name, Description: old.Description, LifetimeMs: old.LifetimeMs}, number)
	next.Kept, next.Downloaded, next.Limits, next.PredecessorID = Enabled, t.now(), old.Limits, old.ID
	if err := t.renew(tx, next, longest); err != nil {
		return nil, "", err
	}
	text, err := t.sign(tx, next, nonce)
	if err != nil {
		return nil, "", err
	}
	return next, text, tokens.Insert(tx, next)
}
