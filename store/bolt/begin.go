package bolt

import (
	"errors"
	"fmt"
	"runtime"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/portico-vco/portico/store"
)

// bbolt reads its head pages while it holds its own locks. When it panics there, because both heads are broken or the file was
// cut off, nobody will ever unlock them, and whoever needs one later waits for ever: a View to end, a commit to begin. So Views
// begin and end one at a time, through a gate that such a panic closes for good, and Close does without bbolt then. A commit
// that was under way may stay behind; package store lets nobody wait for it.

var errStuck = fmt.Errorf("%w: the file could not be read; %s", ErrDamaged, restore)

func (e *engine) isStuck() bool {
	select {
	case <-e.stuck:
		return true
	default:
		return false
	}
}

// stickUnless, deferred around a piece of bbolt, notes that it panicked: a lock may stay locked.
func (e *engine) stickUnless(ended *bool) {
	if !*ended {
		e.stick.Do(func() { close(e.stuck) })
	}
}

// enter begins a View.
func (e *engine) enter() (*bbolt.Tx, error) {
	e.gate.Lock()
	defer e.gate.Unlock()
	if e.isStuck() {
		return nil, errStuck
	}
	return e.begin(false)
}

// leave ends a View. It does not wait long for the gate: when the file must be mapped anew, the writer waits for this View to
// end, and the one in the gate waits for the writer.
func (e *engine) leave(tx *bbolt.Tx) {
	for range 100 {
		if e.gate.TryLock() {
			if !e.isStuck() {
				_ = tx.Rollback()
			}
			e.gate.Unlock()
			return
		}
		runtime.Gosched()
	}
	left := make(chan struct{})
	go func() { _ = tx.Rollback(); close(left) }()
	select {
	case <-left:
	case <-e.stuck:
	}
}

// begin says in store's words why there can be no transaction.
func (e *engine) begin(writable bool) (tx *bbolt.Tx, err error) {
	ended := false
	defer e.stickUnless(&ended)
	tx, err = e.db.Begin(writable)
	ended = true
	switch {
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return nil, store.ErrClosed
	case errors.Is(err, bolterrors.ErrDatabaseReadOnly):
		return nil, store.ErrReadOnly
	case errors.Is(err, bolterrors.ErrInvalidMapping):
		return nil, fmt.Errorf("%w: %w; restart", store.ErrUnsynced, err)
	}
	return tx, err
}

func (e *engine) rollback(tx *bbolt.Tx) {
	ended := false
	defer e.stickUnless(&ended)
	_ = tx.Rollback()
	ended = true
}
