package etcd_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
	"github.com/portico-vco/portico/store/memory"
	"github.com/portico-vco/portico/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var prefixes atomic.Int64

// options are those of a new store in a member.
func options(t testing.TB, m *etcdtest.Member) etcd.Options {
	return etcd.Options{
		Endpoints: []string{m.Client}, Prefix: fmt.Sprint("test/", prefixes.Add(1)), Create: true, Now: time.Now,
		Copy: func(id string) (store.Engine, error) { return bolt.Scratch(filepath.Join(t.TempDir(), "copy"), id) },
		Tell: func(err error) { t.Log(err) },
	}
}

func open(t testing.TB, o etcd.Options) *store.DB {
	t.Helper()
	db, err := etcd.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// TestStore also sees that all processes show the same in the end, entries too, of which etcd has none: who wrote it, who watched, and
// who comes later.
func TestStore(t *testing.T) {
	m := etcdtest.Alone(t)
	storetest.Run(t, func(t testing.TB) *store.DB {
		o := options(t, m)
		db, watcher := open(t, o), open(t, o)
		t.Cleanup(func() {
			later := open(t, o)
			if err := watcher.CatchUp(context.Background()); err != nil {
				t.Fatal(err)
			}
			want := storetest.Sum(t, later)
			if got := storetest.Sum(t, watcher); got != want {
				t.Errorf("who watched has %d keys, who came later %d", got.Keys, want.Keys)
			}
			if db.View(context.Background(), func(store.Tx) error { return nil }) != nil {
				return // it was closed
			}
			if got := storetest.Sum(t, db); got != want {
				t.Errorf("who wrote has %d keys, who came later %d", got.Keys, want.Keys)
			}
		})
		return db
	})
}

// TestStoreInMemory: any engine can keep the copy, also one that is slow, and smaller commits keep the same promises.
func TestStoreInMemory(t *testing.T) {
	m := etcdtest.Alone(t, "-max-txn-ops", "127")
	storetest.Run(t, func(t testing.TB) *store.DB {
		o := options(t, m)
		o.Copy = func(string) (store.Engine, error) {
			s, slow := &staged{Engine: memory.New()}, func() error { time.Sleep(20 * time.Millisecond); return nil }
			s.commit.Store(&slow)
			return s, nil
		}
		return open(t, o)
	})
}

func TestReopen(t *testing.T) {
	m := etcdtest.Alone(t)
	storetest.Reopen(t, func(t testing.TB) (*store.DB, func() *store.DB) {
		o := options(t, m)
		db := open(t, o)
		o.Create = false
		return db, func() *store.DB { return open(t, o) }
	})
}
