package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Mark says what a store is.
type Mark struct {
	ID    string `json:"id"`
	State State  `json:"state,omitzero"`
}

// A State says why a store may not be served. That of one that may is zero.
type State struct {
	Kind  StateKind `json:"kind"`
	Job   string    `json:"job"`   // what work it comes from; no other work has that name
	About string    `json:"about"` // the work as people call it, or where the store went
	Since time.Time `json:"since"`
}

// A StateKind is what is the matter with a store.
type StateKind string

const (
	Whole      StateKind = ""
	Unfinished StateKind = "unfinished" // not all of it is there yet
	Moved      StateKind = "moved"      // it is elsewhere now, and goes on there
)

// ErrAside says that a store may not be served, though nothing of it is lost. The DB serves no more.
var ErrAside = fmt.Errorf("%w: set aside", ErrUnavailable)

// Err says why the store may not be served, with ErrAside; nil when it may.
func (s State) Err() error {
	since := s.Since.UTC().Format(time.RFC3339)
	switch s.Kind {
	case Whole:
		return nil
	case Unfinished:
		return fmt.Errorf("%w: it is not finished: %s, begun on %s, is to be run again", ErrAside, s.About, since)
	}
	return fmt.Errorf("%w: on %s it was moved to %s, where it goes on", ErrAside, since, s.About)
}

// Markable is an engine whose store can be set aside.
type Markable interface {
	Mark() Mark

	// SetMark gives the store another mark once check, shown the newest state, has returned nil; nothing is written in
	// between. check may run again. Whoever uses the store, this engine too, may fail with ErrAside from then on.
	SetMark(ctx context.Context, m Mark, check func(Reader) error) error
}

// Mark is what the store was marked with when it was opened.
func (db *DB) Mark() Mark {
	if e, can := db.engine.(Markable); can {
		return e.Mark()
	}
	return Mark{ID: db.ID()}
}

// SetMark gives the store another mark if check, shown all that was ever written, returns nil; check may run more than once.
// Whoever has the store open serves no more then, this DB neither: what it says of itself is no longer so.
func (db *DB) SetMark(ctx context.Context, m Mark, check func(Tx) error) (err error) {
	if err := db.ready(ctx); err != nil {
		return err
	}
	e, can := db.engine.(Markable)
	if !can {
		return fmt.Errorf("a mark of the store: %w", errors.ErrUnsupported)
	}
	defer db.guard(&err)()
	err = e.SetMark(ctx, m, func(r Reader) error {
		t := &tx{db: db, reader: r}
		defer t.end()
		return t.verdict(check(t))
	})
	if err != nil {
		return db.note(err)
	}
	_ = db.note(fmt.Errorf("%w: it was marked anew; open it again", ErrAside))
	return nil
}
