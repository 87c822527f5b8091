package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

func rawClient(t testing.TB, m *etcdtest.Member) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Client}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func putOne(db *store.DB, key, value string) error {
	return db.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

// through is o by way of a proxy.
func through(t testing.TB, o etcd.Options, m *etcdtest.Member) (etcd.Options, *etcdtest.Proxy) {
	p := etcdtest.Between(t, m.Client)
	o.Endpoints = []string{p.Address}
	o.Behind = 500 * time.Millisecond
	return o, p
}

// TestMissedHistory: a process was cut off, and what it missed has been compacted away. Its copy is made anew, whole.
func TestMissedHistory(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	here := open(t, o)
	o, p := through(t, o, m)
	var anew atomic.Bool
	o.Tell = func(err error) {
		if strings.Contains(err.Error(), "made anew") {
			anew.Store(true)
		}
	}
	there := open(t, o)
	for i := range 50 {
		if err := putOne(here, fmt.Sprint("old", i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := there.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	p.Cut()
	until(t, "it notices", func() bool { return there.View(context.Background(), func(store.Tx) error { return nil }) != nil })
	err := here.Update(context.Background(), func(tx store.Tx) error {
		for i := range 50 {
			if err := tx.Delete(fmt.Append(nil, "old", i)); err != nil {
				return err
			}
		}
		return tx.Put([]byte("new"), []byte("y"))
	})
	if err = errors.Join(err, putOne(here, "last", "y"), putOne(here, "last", "z")); err != nil {
		t.Fatal(err)
	}
	raw := rawClient(t, m)
	now, err := raw.Get(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Compact(context.Background(), now.Header.Revision); err != nil {
		t.Fatal(err)
	}
	p.Heal()
	until(t, "it is back", func() bool { return there.View(context.Background(), func(store.Tx) error { return nil }) == nil })
	if !anew.Load() {
		t.Error("the copy was not made anew")
	}
	got := map[string]string{}
	err = there.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			got[string(key)] = string(value)
			return true, nil
		})
	})
	if err != nil || len(got) != 2 || got["new"] != "y" || got["last"] != "z" {
		t.Errorf("the new copy has %v, %v", got, err)
	}
	if err := putOne(there, "new", "z"); err != nil {
		t.Error(err)
	}
}

// TestRefusedAfterLost: a change was made, its answer is lost, and when it is sent again it is refused. That does not say that it was not
// made.
func TestRefusedAfterLost(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	o.Behind = time.Minute
	db := open(t, o)
	p.Deafen()
	told := make(chan error, 1)
	go func() { told <- putOne(db, "k", "v") }()
	raw := rawClient(t, m)
	until(t, "it is made", func() bool {
		got, err := raw.Get(context.Background(), "/"+o.Prefix+"/data/k")
		return err == nil && len(got.Kvs) == 1
	})
	m.Restart(t, "-quota", "1")
	p.Reset()
	if err := <-told; err != nil && (!errors.Is(err, etcd.ErrUnknown) || errors.Is(err, store.ErrFull)) {
		t.Errorf("it was made, and is told of as %v", err)
	}
}

// TestAnswersLost: connections break again and again while callers count. Every acknowledged step is there once, and of the others at
// most as many as were told that nobody knows.
func TestAnswersLost(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	db := open(t, o)
	done := make(chan struct{})
	var breaking, counting sync.WaitGroup
	breaking.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				p.Reset()
			}
		}
	})
	var yes, unknown, no atomic.Int64
	for range 8 {
		counting.Go(func() {
			for range 100 {
				err := db.Update(context.Background(), func(tx store.Tx) error {
					b, err := tx.Get([]byte("n"))
					if err != nil {
						return err
					}
					return tx.Put([]byte("n"), append(b, 'x'))
				})
				switch {
				case err == nil:
					yes.Add(1)
				case errors.Is(err, etcd.ErrUnknown):
					unknown.Add(1)
				case errors.Is(err, store.ErrUnavailable):
					no.Add(1)
					time.Sleep(10 * time.Millisecond)
				default:
					t.Error(err)
				}
			}
		})
	}
	counting.Wait()
	close(done)
	breaking.Wait()
	until(t, "it has caught up", func() bool { return db.CatchUp(context.Background()) == nil })
	n := int64(len(get(t, db, "n")))
	t.Logf("%d acknowledged, %d unknown, %d refused; %d counted", yes.Load(), unknown.Load(), no.Load(), n)
	if n < yes.Load() || n > yes.Load()+unknown.Load() || yes.Load() == 0 {
		t.Errorf("%d counted of %d acknowledged and %d unknown", n, yes.Load(), unknown.Load())
	}
}

// TestSilence: requests arrive, answers do not. What was asked is told to be unknown, and is found when etcd is heard again.
func TestSilence(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	db := open(t, o)
	hear := p.Deafen()
	if err := putOne(db, "k", "v"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a put that nobody answers: %v", err)
	}
	if err := db.View(context.Background(), func(store.Tx) error { return nil }); !errors.Is(err, etcd.ErrBehind) {
		t.Errorf("a View in the silence: %v", err)
	}
	hear()
	until(t, "it is heard again", func() bool { return putOne(db, "l", "v") == nil })
	if got := get(t, db, "k"); got != "v" {
		t.Errorf("read %q", got)
	}
}

// TestTakenAway: somebody removes all that is under the prefix. Nothing is answered from the copy any more.
func TestTakenAway(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	db := open(t, o)
	if err := putOne(db, "k", "v"); err != nil {
		t.Fatal(err)
	}
	if _, err := rawClient(t, m).Delete(context.Background(), "/"+o.Prefix+"/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Failed():
	case <-time.After(30 * time.Second):
		t.Fatal("nobody noticed")
	}
	if err := db.View(context.Background(), func(store.Tx) error { return nil }); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a View: %v", err)
	}
}

// TestQuota: when etcd has no room left, changes are refused and reads go on; with room again, changes do.
func TestQuota(t *testing.T) {
	m := etcdtest.Alone(t, "-quota", "4194304")
	db := open(t, options(t, m))
	value := strings.Repeat("x", 100_000)
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		err = putOne(db, fmt.Sprint("k", i%4), value)
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("beyond the quota: %v", err)
	}
	time.Sleep(3 * time.Second) // longer than a copy may be behind
	if got := get(t, db, "k0"); got != value {
		t.Errorf("a read of %d bytes", len(got))
	}
	raw, ctx := rawClient(t, m), context.Background()
	now, err := raw.Get(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Defragment(ctx, m.Client); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.AlarmDisarm(ctx, &clientv3.AlarmMember{}); err != nil {
		t.Fatal(err)
	}
	until(t, "there is room", func() bool { return putOne(db, "k0", "y") == nil })
}

// TestWrongPlaces: what is no store, or none yet, is not opened, and the error says what to do.
func TestWrongPlaces(t *testing.T) {
	m := etcdtest.Alone(t)
	raw := rawClient(t, m)
	if _, err := raw.Put(context.Background(), "/foreign/mark", "something else"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		prefix string
		create bool
		want   error
	}{{"absent", false, etcd.ErrNoStore}, {"foreign", true, etcd.ErrForeign}, {"foreign", false, etcd.ErrForeign}} {
		o := options(t, m)
		o.Prefix, o.Create = c.prefix, c.create
		if _, err := etcd.Open(context.Background(), o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.prefix, err)
		}
	}
	for _, prefix := range []string{"", "/", "a b", "a\x00b", strings.Repeat("a", 201)} {
		o := options(t, m)
		o.Prefix = prefix
		if _, err := etcd.Open(context.Background(), o); err == nil {
			t.Errorf("the prefix %q was taken", prefix)
		}
	}
}

// TestUpdateWhileTheCopyIsMade: an Update that is answered while another copy is made is in that one, too, when it takes its place.
func TestUpdateWhileTheCopyIsMade(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	o.Behind = 5 * time.Second // it stays trusted all the time
	plain, copies := o.Copy, 0
	var db *store.DB
	var lost atomic.Bool
	done := make(chan struct{})
	o.Copy = func(id string) (store.Engine, error) {
		e, err := plain(id + fmt.Sprint(copies))
		if copies++; copies == 1 || err != nil {
			return e, err
		}
		return beforeFirst(e, func() { // it has read what there is, and not written it yet
			go func() {
				defer close(done)
				if err := putOne(db, "during", "v"); err != nil {
					t.Error(err)
				}
				for range 1000 {
					_ = db.View(context.Background(), func(tx store.Tx) error {
						if b, err := tx.Get([]byte("during")); b == nil && err == nil {
							lost.Store(true)
						}
						return nil
					})
					time.Sleep(time.Millisecond)
				}
			}()
			select {
			case <-done:
			case <-time.After(500 * time.Millisecond):
			}
		}), nil
	}
	db = open(t, o)
	p.Cut()
	raw := rawClient(t, m)
	for range 3 { // of somebody else, so that the copy has all of the store and yet misses history
		put, err := raw.Put(context.Background(), "x", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.Compact(context.Background(), put.Header.Revision); err != nil {
			t.Fatal(err)
		}
	}
	p.Heal()
	<-done
	if lost.Load() {
		t.Error("what an Update had acknowledged was not shown for a while")
	}
}

// TestOtherLimit: the member that was asked took larger commits than the one that is there now.
func TestOtherLimit(t *testing.T) {
	large, small := etcdtest.Alone(t), etcdtest.Alone(t, "-max-txn-ops", "126")
	for m, want := range map[*etcdtest.Member]int{large: 944, small: 126} {
		e, err := etcd.New(context.Background(), options(t, m))
		if err != nil {
			t.Fatal(err)
		}
		if keys, _ := e.Bound(); keys != want {
			t.Errorf("a commit may have %d keys, want %d", keys, want)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	db := open(t, options(t, large))
	large.Restart(t, "-max-txn-ops", "126")
	until(t, "it has caught up", func() bool { return db.CatchUp(context.Background()) == nil })
	together(t, db)
}

// together makes one commit of nearly as many keys as it may have.
func together(t testing.TB, db *store.DB) {
	t.Helper()
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			err := db.Update(context.Background(), func(tx store.Tx) error {
				if i == 0 {
					time.Sleep(100 * time.Millisecond) // the others become one group
				}
				for n := range 15 {
					if err := tx.Put(fmt.Append(nil, i, "/", n), nil); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestLongLoad: a copy that took long to make is brought up to date before anybody reads it. It was refused as too old, so that a
// portal with a large store did not start.
func TestLongLoad(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	if err := putOne(open(t, o), "k", "v"); err != nil {
		t.Fatal(err)
	}
	o.Behind = 200 * time.Millisecond
	plain := o.Copy
	o.Copy = func(id string) (store.Engine, error) {
		e, err := plain(id)
		return beforeFirst(e, func() { time.Sleep(2 * o.Behind) }), err
	}
	if got := get(t, open(t, o), "k"); got != "v" {
		t.Errorf("read %q", got)
	}
}

type rotting struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

var (
	rottings = store.NewCollection("rotting", func(r *rotting) *int64 { return &r.ID })
	_        = rottings.Unique("name", func(r *rotting) []byte { return store.Key(r.Name) })
)

// TestRottenRecord: of a record that rotted in etcd nobody knows what should find it. So it is not taken for absent: a process that sees it
// come answers nothing any more, and none can be opened.
func TestRottenRecord(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	db := open(t, o)
	if err := db.Update(t.Context(), func(tx store.Tx) error { return rottings.Insert(tx, &rotting{Name: "a"}) }); err != nil {
		t.Fatal(err)
	}
	far, p := through(t, o, m)
	away := open(t, far)
	p.Cut()
	raw := rawClient(t, m)
	record := "/" + o.Prefix + "/data/rotting/r" + string(store.Key(1))
	if _, err := raw.Put(t.Context(), record, "rotten"); err != nil {
		t.Fatal(err)
	}
	put, err := raw.Put(t.Context(), "/"+o.Prefix+"/head", "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Compact(t.Context(), put.Header.Revision); err != nil {
		t.Fatal(err)
	}
	until(t, "it is noticed", func() bool { return errors.Is(db.Err(), store.ErrDamaged) })
	p.Heal()
	until(t, "it is noticed in a copy that is made anew", func() bool { return errors.Is(away.Err(), store.ErrDamaged) })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if again, err := etcd.Open(ctx, o); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("opened anew: %v", err)
		if again != nil {
			again.Close()
		}
	}
}

// TestNobodyThere: who opens a store where nobody answers hears for whom he waits, once, before he has waited for all of his time.
func TestNobodyThere(t *testing.T) {
	told := make(chan string, 10)
	o := etcd.Options{
		Endpoints: []string{"127.0.0.1:1"}, Prefix: "p", Now: time.Now, Behind: 20 * time.Millisecond,
		Tell: func(err error) { told <- err.Error() },
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := etcd.Open(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if n := len(told); n != 1 {
		t.Fatalf("told %d times", n)
	}
	if said := <-told; !strings.Contains(said, "no answer yet from 127.0.0.1:1") {
		t.Errorf("told %q", said)
	}
}
