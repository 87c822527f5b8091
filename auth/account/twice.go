package account

import (
	"context"
	"sync/atomic"
)

// Where several portals share a store, each reads its own copy of it, which hears within moments of what the others write. Whoever
// was answered by one of them may call another before that: with a session that this one has not heard of, for a record that it does
// not find. So a call that came to nothing is made once more, on a copy that has caught up. Updates need none of this, they see
// everything; only what was decided before them, or without one, may rest on an older copy.

// A firstRun is that of a call.
type firstRun struct {
	final   atomic.Bool // there must be no second run: something was written, recorded, or read of the newest state
	doubted atomic.Bool // a refusal was left untold
}

type firstRunKey struct{}

func firstRunIn(ctx context.Context) *firstRun {
	t, _ := ctx.Value(firstRunKey{}).(*firstRun)
	return t
}

// settled says that what the call does cannot be done again.
func settled(ctx context.Context) {
	if t := firstRunIn(ctx); t != nil {
		t.final.Store(true)
	}
}

// Doubted says whether a refusal is not to be told of yet: it may rest on an older copy, and the call will be made once more.
func Doubted(ctx context.Context) bool {
	t := firstRunIn(ctx)
	if t == nil || t.final.Load() {
		return false
	}
	t.doubted.Store(true)
	return true
}

// Twice runs a call and, if it came to nothing and left nothing behind, once more if another portal wrote anything since. run says
// whether it came to nothing. An error is that nobody can say whether there is news. It is for stores that are shared.
func (s Store) Twice(ctx context.Context, run func(context.Context) (nothing bool)) error {
	t, at := new(firstRun), s.db.Position()
	nothing := run(context.WithValue(ctx, firstRunKey{}, t))
	if t.final.Load() || !nothing && !t.doubted.Load() {
		return nil
	}
	if err := explained(s.db.CatchUp(ctx)); err != nil {
		return err
	}
	if t.doubted.Load() || s.db.Position() != at {
		run(ctx)
	}
	return nil
}

// CatchUp sees to it that what follows in this call reads all that was acknowledged before, also by other portals. It is for what
// must not be done twice, such as counting a wrong password.
func (s Store) CatchUp(ctx context.Context) error {
	settled(ctx)
	return explained(s.db.CatchUp(ctx))
}
