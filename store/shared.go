package store

import (
	"context"
	"time"
)

// Shared is an engine whose store several processes use at once.
type Shared interface {
	// CatchUp waits until Views show all that was acknowledged to any process before the call.
	CatchUp(ctx context.Context) error

	// Position is another number whenever Views show something else.
	Position() int64

	// Age is how long ago it was that Views were known to show the newest state.
	Age() time.Duration

	// Lead calls work when this process is the one of all that does what is done once, and returns when ctx ends. The context of
	// work ends when the process is that no more; work may then begin again, here or elsewhere. For a moment two may believe
	// that they are the one.
	Lead(ctx context.Context, work func(context.Context)) error

	// OnFailure lets f hear of an error after which the store may not be trusted, also when nobody calls.
	OnFailure(f func(error))
}

// CatchUp waits until Views show all that was acknowledged before the call, also to other processes.
func (db *DB) CatchUp(ctx context.Context) error {
	if err := db.ready(ctx); err != nil {
		return err
	}
	if s, shared := db.engine.(Shared); shared {
		return db.note(s.CatchUp(ctx))
	}
	return nil
}

// IsShared says whether several processes may use the store at once.
func (db *DB) IsShared() bool {
	_, shared := db.engine.(Shared)
	return shared
}

// Position is as Shared says; always 0 where nobody else can use the store.
func (db *DB) Position() int64 {
	if s, shared := db.engine.(Shared); shared {
		return s.Position()
	}
	return 0
}

// Age is as Shared says; always 0 where nobody else can use the store.
func (db *DB) Age() time.Duration {
	if s, shared := db.engine.(Shared); shared {
		return s.Age()
	}
	return 0
}

// Lead calls work while this process is the one that does what is done once for a store, however many processes use it, and returns
// when ctx ends, or Err is not nil: another process may be able to do it. See Shared. Where nobody else can use the store, work is called
// at once.
func (db *DB) Lead(ctx context.Context, work func(context.Context)) error {
	s, shared := db.engine.(Shared)
	if !shared {
		work(ctx)
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-db.broken:
			cancel()
		case <-ctx.Done():
		}
	}()
	return s.Lead(ctx, work)
}
