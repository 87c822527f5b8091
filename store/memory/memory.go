// Package memory owns the engine that keeps everything in memory: for tests and for trying out. It must not know what is
// stored, nor promise that anything outlives the process.
package memory

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/store"
)

// Open returns an empty store.
func Open() *store.DB { return store.Open(New()) }

// New returns the engine of an empty store, for whoever puts something between it and the store.
func New() store.Engine { return &engine{id: uuid.NewString()} }

// engine is a pointer to a tree that never changes; a commit puts another in its place.
type engine struct {
	id     string
	root   atomic.Pointer[node]
	views  sync.RWMutex // Close waits for all of them
	closed bool
}

func (e *engine) ID() string { return e.id }

func (e *engine) View(_ context.Context, f func(store.Reader) error) error {
	e.views.RLock()
	defer e.views.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	return f(snapshot{e.root.Load()})
}

func (e *engine) Commit(_ context.Context, f func(store.Reader) ([]store.Write, error)) error {
	root := e.root.Load()
	writes, err := f(snapshot{root})
	if err != nil {
		return err
	}
	for _, w := range writes {
		if w.Value == nil {
			root = root.without(w.Key)
		} else {
			root = root.with(w.Key, w.Value)
		}
	}
	e.root.Store(root)
	return nil
}

func (e *engine) Close() error {
	e.views.Lock()
	defer e.views.Unlock()
	e.closed = true
	return nil
}

type snapshot struct{ root *node }

func (s snapshot) Get(key []byte) ([]byte, error) { return s.root.get(key), nil }

func (s snapshot) Scan(r store.Range, f func(key, value []byte) (bool, error)) error {
	_, err := s.root.scan(r, f)
	return err
}
