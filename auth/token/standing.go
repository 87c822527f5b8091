package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Standing is how a token stands to the policy of its owner's organisation now. It follows from both, and is never stored: a policy
// acts with the next call, on tokens that were made before it too, and so does its end. The one part that does not is the longest
// life, which is given when a token is made, refreshed or rotated.
type Standing string

const (
	Good    Standing = ""
	Idle    Standing = "IDLE"   // not used for so long that it has ended
	Lacking Standing = "LIMITS" // without a limit that is asked for
)

// useLag is by how much the last use that is written may be behind one that was answered, whichever portal did, and whatever became of
// it: where a policy ends idle tokens, the first use behind that time is written before it is answered (mustMark). A token is idle
// only when no use in that time can have been one too many.
const useLag = time.Hour

var errIdle error = auth.Because(auth.Unauthenticated, errors.New("not used for longer than the policy allows"), "expired token")

func errLacking(limit string) error {
	return auth.Because(auth.Unauthenticated, fmt.Errorf("the policy asks for a limit that the token lacks: %s", limit), "invalid token")
}

// standing says how a token stands to a policy.
func (t *Tokens) standing(tx store.Tx, tok *Token, p account.TokenPolicy) (Standing, error) {
	var last use
	if p.Idle > 0 { // else nobody asks
		var err error
		if last, err = t.lastUse(tx, tok.ID); err != nil {
			return Good, err
		}
	}
	return t.stands(tok, last, p), nil
}

// stands is standing where the last use is known. Before the first it counts from when the text was made.
func (t *Tokens) stands(tok *Token, last use, p account.TokenPolicy) Standing {
	since := last.Time
	if since.Before(tok.Modified) {
		since = tok.Modified
	}
	switch {
	case p.Idle > 0 && !tok.Downloaded.IsZero() && !t.now().Before(since.Add(p.Idle+useLag)):
		return Idle
	case p.Lacks(tok.Limits) != "":
		return Lacking
	}
	return Good
}

// lastUse is the last one that is known here.
func (t *Tokens) lastUse(tx store.Tx, id int64) (use, error) {
	last := t.uses.of(id)
	kept, err := lastUses.Get(tx, id)
	if err == nil && kept != nil && kept.Time.After(last.Time) {
		last = *kept
	}
	return last, err
}

// mustMark says whether a use has to be written before it is answered.
func (t *Tokens) mustMark(tx store.Tx, tok *Token, p account.TokenPolicy) (bool, error) {
	if p.Idle == 0 {
		return false, nil
	}
	kept, err := lastUses.Get(tx, tok.ID)
	return kept == nil || !t.now().Before(kept.Time.Add(useLag)), err
}

// mark writes a use. It is no part of the call, which may be made once more.
func (t *Tokens) mark(last use) error {
	ctx, cancel := context.WithTimeout(context.Background(), markTime)
	defer cancel()
	return t.store.Update(ctx, func(tx store.Tx) error { return keep(tx, []use{last}) })
}

const markTime = 5 * time.Second
