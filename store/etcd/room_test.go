package etcd_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
	"github.com/portico-vco/portico/store/memory"
)

// putMany puts some keys, with values of so many bytes.
func putMany(db *store.DB, name string, keys, bytes int) error {
	return db.Update(context.Background(), func(tx store.Tx) error {
		for i := range keys {
			if err := tx.Put(fmt.Appendf(nil, "%s %d", name, i), make([]byte, bytes)); err != nil {
				return err
			}
		}
		return nil
	})
}

const nearMiB = store.MaxBytes - 10 // with its key

// TestWhatWaitsIsBounded: who writes more than there is memory for waits, for the next writing to begin and no longer.
func TestWhatWaitsIsBounded(t *testing.T) {
	m := etcdtest.Alone(t)
	for what, c := range map[string]struct{ keys, bytes, fit int }{
		"bytes": {1, nearMiB, 3}, "keys": {store.MaxKeys, 0, 82}, // who finds more than 2 MiB waits, or more than 8192 keys
	} {
		t.Run(what, func(t *testing.T) {
			o := options(t, m)
			o.Behind = time.Minute
			o.Copy = func(string) (store.Engine, error) { return memory.New(), nil }
			db, engine := on(t, o)
			gate := make(chan struct{})
			let := sync.OnceFunc(func() { close(gate) })
			t.Cleanup(let)
			var writings, done atomic.Int64
			wait := func() error { writings.Add(1); <-gate; return nil }
			engine().commit.Store(&wait)
			put(t, db, "first", "")
			until(t, "it is being written", func() bool { return writings.Load() == 1 })
			ended := make(chan error, 1)
			go func() {
				for i := range c.fit + 1 {
					if err := putMany(db, fmt.Sprint("k", i), c.keys, c.bytes); err != nil {
						ended <- err
						return
					}
					done.Add(1)
				}
				ended <- nil
			}()
			until(t, "memory is full", func() bool { return done.Load() >= int64(c.fit) })
			time.Sleep(50 * time.Millisecond)
			if n := done.Load(); n != int64(c.fit) {
				t.Errorf("%d Updates are answered, %d should be", n, c.fit)
			}
			gate <- struct{}{}
			until(t, "the next is being written", func() bool { return writings.Load() == 2 })
			if err := <-ended; err != nil {
				t.Error(err)
			}
			let()
		})
	}
}

type waiting struct {
	ID   int64 `json:"-"`
	Name string
}

var (
	waitings      = store.NewCollection("waiting", func(w *waiting) *int64 { return &w.ID })
	waitingByName = waitings.Index("name", func(w *waiting) []byte { return []byte(w.Name) })
)

func name(db *store.DB, n string) error {
	return db.Update(context.Background(), func(tx store.Tx) error { return waitings.Put(tx, &waiting{1, n}) })
}

// names are what the record is called, and what finds it.
func names(t *testing.T, db *store.DB) (all []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx store.Tx) error {
		w, err := waitings.Get(tx, 1)
		if w == nil || err != nil {
			return err
		}
		all = append(all, w.Name)
		return waitingByName.IDs(tx, store.Span{}, func(key []byte, id int64) (bool, error) {
			all = append(all, strings.TrimRight(string(key), "\x00"))
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOvertakenWhileItWaits: while a commit waits for room in memory another process makes the next one, and the copy learns of both
// from the watch, or is made anew with both. The waiting one does not come on top.
func TestOvertakenWhileItWaits(t *testing.T) {
	for _, compacted := range []bool{false, true} {
		t.Run(fmt.Sprint(compacted), func(t *testing.T) {
			m := etcdtest.Alone(t)
			o := options(t, m)
			other := open(t, o)
			o.Behind = 20 * time.Second
			o.Copy = func(string) (store.Engine, error) { return memory.New(), nil }
			var armed atomic.Bool
			ended, goOn := make(chan struct{}), make(chan struct{})
			let := sync.OnceFunc(func() { close(goOn) })
			t.Cleanup(let)
			o.Tell = func(err error) {
				if strings.Contains(err.Error(), "begun again") && armed.CompareAndSwap(true, false) {
					close(ended)
					<-goOn
				}
			}
			e, engine := stage(t, o)
			db := store.Open(e)
			t.Cleanup(func() { _ = db.Close() })
			first := engine()
			if err := name(db, "nobody's"); err != nil {
				t.Fatal(err)
			}
			until(t, "it is written", func() bool { return first.has(t, "waiting/r"+string(store.Key(1))) != "" })
			free := first.hold(t)
			put(t, db, "first", "")
			until(t, "it is being written", first.waits.Load)
			for i := range 3 {
				if err := putMany(db, fmt.Sprint("k", i), 1, nearMiB); err != nil {
					t.Fatal(err)
				}
			}
			armed.Store(true)
			e.WatchAnew()
			<-ended
			mine := make(chan error, 1)
			go func() { mine <- name(db, "mine") }()
			until(t, "it is in etcd", func() bool { return other.CatchUp(t.Context()) == nil && slices.Contains(names(t, other), "mine") })
			time.Sleep(50 * time.Millisecond) // it waits for room
			if err := name(other, "theirs"); err != nil {
				t.Fatal(err)
			}
			if compacted {
				put(t, other, "b", "1")
				raw := rawClient(t, m)
				now, err := raw.Get(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := raw.Compact(t.Context(), now.Header.Revision); err != nil {
					t.Fatal(err)
				}
				let()
				until(t, "there is another copy", func() bool { return engine() != first && engine().has(t, "b") == "1" })
			}
			let()
			time.Sleep(50 * time.Millisecond) // both wait, where none is made anew
			free()
			if err := <-mine; err != nil {
				t.Error(err)
			}
			put(t, other, "c", "1")
			if err := db.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
			if got := names(t, db); !slices.Equal(got, []string{"theirs", "theirs"}) {
				t.Errorf("the record is called, and found by, %q", got)
			}
		})
	}
}
