package store

import (
	"errors"
	"fmt"
)

var (
	// ErrUnavailable is the root of all errors that are the store's own trouble and not the caller's.
	ErrUnavailable = errors.New("store unavailable")

	// ErrDamaged says that the store does not hold what was written to it. The DB serves no more.
	ErrDamaged = fmt.Errorf("%w: damaged", ErrUnavailable)

	// ErrUnsynced says that a write may or may not be durable: a sync failed. The DB serves no more.
	ErrUnsynced = fmt.Errorf("%w: a write could not be made durable", ErrUnavailable)

	// ErrFull says that there is no space left. Nothing was written, and the DB serves on.
	ErrFull = fmt.Errorf("%w: no space left", ErrUnavailable)

	// ErrClosed says that the DB was closed.
	ErrClosed = fmt.Errorf("%w: closed", ErrUnavailable)

	// ErrLimit says that an Update wanted to write more than MaxKeys keys or MaxBytes bytes, or a key that is empty or longer
	// than MaxKey.
	ErrLimit = errors.New("update too large")

	// ErrReadOnly refuses a write in a View, and every Update of a store that was opened to be read.
	ErrReadOnly = errors.New("opened to be read only")

	// ErrTaken says that a unique key belongs to another record. The error itself is a *TakenError.
	ErrTaken = errors.New("taken")

	errOver = errors.New("transaction used after its function returned")
)

// TakenError is ErrTaken with the names of the collection and of the unique key.
type TakenError struct{ Collection, Key string }

func (e *TakenError) Error() string { return fmt.Sprintf("%s: %s is taken", e.Collection, e.Key) }

// Is makes errors.Is(err, ErrTaken) true.
func (e *TakenError) Is(target error) bool { return target == ErrTaken }
