package etcd_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// several opens one store several times, as processes do.
func several(t testing.TB, o etcd.Options, n int) []*store.DB {
	t.Helper()
	var dbs []*store.DB
	for range n {
		dbs = append(dbs, open(t, o))
	}
	return dbs
}

func get(t testing.TB, db *store.DB, key string) (value string) {
	t.Helper()
	err := db.View(context.Background(), func(tx store.Tx) error {
		b, err := tx.Get([]byte(key))
		value = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestOneSerialOrder: three processes count together, 16 callers each, and nothing is lost or counted twice.
func TestOneSerialOrder(t *testing.T) {
	dbs := several(t, options(t, etcdtest.Alone(t)), 3)
	const callers, rounds = 16, 10
	var all sync.WaitGroup
	for _, db := range dbs {
		for range callers {
			all.Go(func() {
				for range rounds {
					err := db.Update(context.Background(), func(tx store.Tx) error {
						b, err := tx.Get([]byte("n"))
						if err != nil {
							return err
						}
						var n uint64
						if b != nil {
							n = binary.BigEndian.Uint64(b)
						}
						return tx.Put([]byte("n"), binary.BigEndian.AppendUint64(nil, n+1))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	for i, db := range dbs {
		if err := db.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n := binary.BigEndian.Uint64([]byte(get(t, db, "n"))); n != 3*callers*rounds {
			t.Errorf("process %d counted %d of %d", i, n, 3*callers*rounds)
		}
	}
}

// TestUpdateSeesAll: also an Update that writes nothing, or fails, has seen what another process was answered before.
func TestUpdateSeesAll(t *testing.T) {
	dbs := several(t, options(t, etcdtest.Alone(t)), 2)
	for i := range 100 {
		want := fmt.Sprint(i)
		if err := dbs[i%2].Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("k"), []byte(want)) }); err != nil {
			t.Fatal(err)
		}
		var got string
		mine := errors.New("mine")
		err := dbs[1-i%2].Update(context.Background(), func(tx store.Tx) error {
			b, err := tx.Get([]byte("k"))
			got = string(b)
			return errors.Join(err, mine)
		})
		if got != want || !errors.Is(err, mine) {
			t.Fatalf("the other process read %q after %q was acknowledged, %v", got, want, err)
		}
	}
}

// TestCatchUp: a View after CatchUp shows what another process was answered before.
func TestCatchUp(t *testing.T) {
	dbs := several(t, options(t, etcdtest.Alone(t)), 2)
	for i := range 100 {
		want := fmt.Sprint(i)
		if err := dbs[0].Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("k"), []byte(want)) }); err != nil {
			t.Fatal(err)
		}
		if err := dbs[1].CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := get(t, dbs[1], "k"); got != want {
			t.Fatalf("read %q after %q was acknowledged", got, want)
		}
	}
}

// TestCatchUpClosed: who wants to catch up when nobody asks any more does not wait for an answer.
func TestCatchUpClosed(t *testing.T) {
	e, err := etcd.New(context.Background(), options(t, etcdtest.Alone(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := e.CatchUp(ctx); !errors.Is(err, store.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// TestBehind: without etcd, nothing is answered once the bound is over; with it again, everything is.
func TestBehind(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	o.Behind = 500 * time.Millisecond
	db := open(t, o)
	put := func(tx store.Tx) error { return tx.Put([]byte("k"), []byte("v")) }
	until(t, "it is written", func() bool { return db.Update(context.Background(), put) == nil }) // on a busy machine it is behind now and then
	m.Kill()
	until(t, "Views are refused", func() bool {
		return errors.Is(db.View(context.Background(), func(store.Tx) error { return nil }), etcd.ErrBehind)
	})
	if err := db.Update(context.Background(), put); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("an Update without etcd: %v", err)
	}
	m.Restart(t)
	until(t, "Updates work again", func() bool { return db.Update(context.Background(), put) == nil })
	if got := get(t, db, "k"); got != "v" {
		t.Errorf("read %q", got)
	}
}

// TestLead: of three, one works; when its context ends another does.
func TestLead(t *testing.T) {
	dbs := several(t, options(t, etcdtest.Alone(t)), 3)
	var working, began atomic.Int64
	ctxs := make([]context.CancelFunc, len(dbs))
	leader := make(chan int, 10)
	var all sync.WaitGroup
	for i, db := range dbs {
		ctx, cancel := context.WithCancel(context.Background())
		ctxs[i] = cancel
		all.Go(func() {
			err := db.Lead(ctx, func(ctx context.Context) {
				if working.Add(1) != 1 {
					t.Error("two lead at once")
				}
				began.Add(1)
				leader <- i
				<-ctx.Done()
				working.Add(-1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range dbs {
		ctxs[<-leader]()
	}
	all.Wait()
	if n := began.Load(); n != 3 {
		t.Errorf("%d led", n)
	}
}

func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never happened: %s", what)
		}
	}
}

// TestFarProcess: one process is far from etcd, two are near and write all the time. The far one has its turn: it makes a change for at
// most so many of theirs.
func TestFarProcess(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	near := several(t, o, 2)
	o, p := through(t, o, m)
	o.Behind = 5 * time.Second
	far := open(t, o)
	p.Far(10 * time.Millisecond)
	ctx, stop := context.WithCancel(context.Background())
	var busy sync.WaitGroup
	var theirs atomic.Int64
	for i, db := range near {
		for c := range 16 {
			busy.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if err := putOne(db, fmt.Sprint(i, c, n), ""); err != nil {
						t.Error(err)
					}
					theirs.Add(1)
				}
			})
		}
	}
	until(t, "the near ones write", func() bool { return theirs.Load() > 100 })
	before := theirs.Load()
	const changes, most = 20, 1000
	for n := range changes {
		if err := putOne(far, fmt.Sprint("far", n), ""); err != nil {
			t.Fatal(err)
		}
	}
	passed := theirs.Load() - before
	stop()
	busy.Wait()
	t.Logf("%d changes of the near ones for %d of the far one", passed, changes)
	if passed > changes*most {
		t.Errorf("%d changes of the near ones for %d of the far one", passed, changes)
	}
}

// TestFirstIsGone: who asked to go first and died holds nobody up for long.
func TestFirstIsGone(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	db := open(t, o)
	raw := rawClient(t, m)
	if _, err := raw.Put(context.Background(), "/"+o.Prefix+"/first", "somebody"); err != nil {
		t.Fatal(err)
	}
	if err := putOne(db, "k", "v"); err != nil {
		t.Fatal(err)
	}
	until(t, "his wish is forgotten", func() bool {
		err := putOne(db, "k", "v")
		left, err2 := raw.Get(context.Background(), "/"+o.Prefix+"/first")
		return err == nil && err2 == nil && len(left.Kvs) == 0
	})
}
