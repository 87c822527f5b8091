package store

import (
	"context"
	"slices"
	"time"
)

// Engine is what a technology must offer to be a store: snapshot reads and one atomic apply. Everything else, from the
// serial order of Updates to checksums, is this package's. An engine reports damage as ErrDamaged, a failed sync as
// ErrUnsynced, a full disk as ErrFull; a panic of an engine is taken for damage.
type Engine interface {
	// View shows f a consistent snapshot. It waits for no writer, and no writer waits for it.
	View(ctx context.Context, f func(Reader) error) error

	// Commit shows f the newest state and makes durable, all or nothing, the writes that f returns: sorted by key, each key
	// once. It writes and syncs nothing when there are none or f failed. f may run again. Commits do not overlap. The
	// engine may keep the bytes of a Write but not the slice.
	Commit(ctx context.Context, f func(Reader) ([]Write, error)) error

	// ID names the store for as long as it exists, and no other.
	ID() string

	// Close waits for running Views. When the engine has reported damage or panicked, it may be called during a Commit, and
	// waits for nothing that may never end.
	Close() error
}

// Bounded is an engine whose commits can hold less than those of others: so many keys, and bytes of keys and values. It has
// room for one Update and for what OnCommit adds. It is asked whenever a group begins, also when Commit runs its function again.
type Bounded interface {
	Bound() (keys, bytes int)
}

// Sizer is an engine that can say how much room its store takes.
type Sizer interface {
	Size(ctx context.Context) (Size, error)
}

// Size is the room that a store takes, in bytes. Free is what of it is free for new records.
type Size struct{ Total, Free int64 }

// A Copier is an engine that can be copied into a file while it is in use.
type Copier interface {
	// Copy makes at path, where there must be nothing, a copy of all that is stored as it was at one moment after the call,
	// marked with the time: durable and found readable when it returns, or not there. No commit waits for it. progress hears
	// of how many bytes are done, of how many.
	Copy(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error
}

// Reader reads raw bytes, valid until the function it was handed to returns. It may be used by one goroutine at a time,
// not necessarily the one in which the engine called.
//
// What it shows is checked by this package, value and key. What it does not show only the engine can check: where it keeps
// its data in something that may rot, it makes sure that an absent key, and what lies between two keys of a Scan, is not a
// key that rotted.
type Reader interface {
	// Get returns nil for an absent key.
	Get(key []byte) ([]byte, error)
	// Scan shows f the keys of r in order until f wants no more. f may read.
	Scan(r Range, f func(key, value []byte) (more bool, err error)) error
}

// Write sets Key to Value, or deletes Key when Value is nil.
type Write struct{ Key, Value []byte }

// Range is the keys from From up to but not including To; nil is an open end. Reverse starts at the high end.
type Range struct {
	From, To []byte
	Reverse  bool
}

// Prefix is the range of all keys that begin with p.
func Prefix(p []byte) Range { return Range{From: p, To: behind(p)} }

// behind is the first key behind all that begin with p; nil when there is none.
func behind(p []byte) []byte {
	for n := len(p); n > 0; n-- {
		if p[n-1] != 0xff {
			end := slices.Clone(p[:n])
			end[n-1]++
			return end
		}
	}
	return nil
}
