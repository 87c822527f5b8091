package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

// held calls db.Update with each of fs while another Update is kept from ending, so that they wait together and share a
// group. It returns when all have ended, with their outcomes.
func held(t testing.TB, db *store.DB, fs ...func(store.Tx) error) []outcome {
	t.Helper()
	begun, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		once := sync.OnceFunc(func() { close(begun); <-release })
		if err := db.Update(context.Background(), func(store.Tx) error { once(); return nil }); err != nil {
			t.Errorf("the Update that holds the others: %v", err)
		}
	})
	<-begun
	outcomes := make([]outcome, len(fs))
	for i, f := range fs {
		all.Go(func() {
			o := &outcomes[i]
			defer func() { o.panicked = recover() }()
			o.err = db.Update(context.Background(), f)
			o.returned = true
		})
	}
	time.Sleep(5 * time.Millisecond) // for them to queue; were it too short, they would pass as well
	close(release)
	all.Wait()
	return outcomes
}

type outcome struct {
	err      error
	panicked any
	returned bool
}

func putter(key string) func(store.Tx) error {
	return func(tx store.Tx) error { return tx.Put([]byte(key), nil) }
}

// amid runs f between putters, in one group with them, and checks that these succeed and that of f nothing is left.
func amid(t *testing.T, db *store.DB, f func(store.Tx) error) outcome {
	t.Helper()
	put(t, db, "kept", "old")
	fs := []func(store.Tx) error{func(tx store.Tx) error {
		tx.Put([]byte("bad"), nil)
		tx.Delete([]byte("kept"))
		return f(tx)
	}}
	want := map[string]string{"kept": "old"}
	for i := range 20 {
		fs = append(fs, putter(fmt.Sprint("good", i)))
		want[fmt.Sprint("good", i)] = ""
	}
	outcomes := held(t, db, fs...)
	for i, o := range outcomes[1:] {
		if o != (outcome{returned: true}) {
			t.Errorf("good%d: %+v", i, o)
		}
	}
	same(t, all(t, db), want)
	return outcomes[0]
}

func failed(t *testing.T, db *store.DB) {
	mine := errors.New("mine")
	if o := amid(t, db, func(store.Tx) error { return mine }); o.err != mine {
		t.Errorf("got %+v, want the function's own error", o)
	}
}

func panics(t *testing.T, db *store.DB) {
	if o := amid(t, db, func(store.Tx) error { panic("mine") }); o.panicked != "mine" {
		t.Errorf("got %+v, want the function's own panic", o)
	}
	inScan := func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(_, _ []byte) (bool, error) { panic("mine") })
	}
	if o := amid(t, db, inScan); o.panicked != "mine" {
		t.Errorf("in a Scan: got %+v, want the function's own panic", o)
	}
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("in a View: got %v, want the function's own panic", p)
			}
		}()
		_ = db.View(context.Background(), inScan)
	}()
	if err := db.Err(); err != nil {
		t.Errorf("a caller's panic is taken for damage: %v", err)
	}
}

func goexit(t *testing.T, db *store.DB) {
	if o := amid(t, db, func(store.Tx) error { runtime.Goexit(); return nil }); o.returned {
		t.Errorf("got %+v, want no return", o)
	}
}

// lastWord: the function of OnCommit counts what each group adds. It must see all of it and nothing else, once.
func lastWord(t *testing.T, db *store.DB) {
	group := store.Prefix([]byte("good"))
	asked := false
	db.OnCommit(func(before, tx store.Tx) error {
		had, err := keys(before, group)
		if err != nil {
			return err
		}
		has, err := keys(tx, group)
		if err != nil {
			return err
		}
		if total, err := tx.Get([]byte("total")); string(total) != string(fmt.Append(nil, len(had))) && len(had) > 0 {
			t.Errorf("%d before the group, and %s counted, %v", len(had), total, err)
		}
		asked = true
		return tx.Put([]byte("total"), fmt.Append(nil, len(has)))
	})
	mine := errors.New("mine")
	fs := []func(store.Tx) error{func(tx store.Tx) error { tx.Put([]byte("good, but failed"), nil); return mine }}
	want := map[string]string{"total": "21"}
	put(t, db, "good", "")
	want["good"] = ""
	for i := range 20 {
		fs = append(fs, putter(fmt.Sprint("good", i)))
		want[fmt.Sprint("good", i)] = ""
	}
	held(t, db, fs...)
	same(t, all(t, db), want)
	asked = false
	wantIs(t, "an Update that fails", db.Update(context.Background(), fs[0]), mine)
	update(t, db, func(tx store.Tx) error { return nil })
	if asked {
		t.Error("it was asked about a group that wrote nothing")
	}
}

// lastWordFails: also by its limits, by a write to what was before, and when it only looks as if it went well.
func lastWordFails(t *testing.T, db *store.DB) {
	mine := errors.New("mine")
	for _, c := range []struct {
		name string
		f    func(before, tx store.Tx) error
		want error
	}{
		{"its own error", func(_, tx store.Tx) error { tx.Put([]byte("own"), nil); return mine }, mine},
		{"a write to what was before", func(before, _ store.Tx) error { before.Put([]byte("own"), nil); return nil }, store.ErrReadOnly},
		{"more keys than it may", func(_, tx store.Tx) error {
			for i := range store.MaxLastKeys + 1 {
				tx.Put(fmt.Append(nil, "own", i), nil)
			}
			return nil
		}, store.ErrLimit},
	} {
		db.OnCommit(c.f)
		var writers sync.WaitGroup
		for _, key := range []string{"a", "b", "c"} {
			writers.Go(func() { wantIs(t, c.name, db.Update(context.Background(), putter(key)), c.want) })
		}
		writers.Wait()
		same(t, all(t, db), map[string]string{})
	}
	db.OnCommit(func(_, tx store.Tx) error { return tx.Put([]byte("own"), nil) })
	put(t, db, "a", "")
	same(t, all(t, db), map[string]string{"a": "", "own": ""})
}

func serial(t *testing.T, db *store.DB) {
	const callers, rounds = 64, 10
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range rounds {
				if err := db.Update(context.Background(), increment); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	view(t, db, func(tx store.Tx) error {
		b, err := tx.Get([]byte("n"))
		if n := binary.BigEndian.Uint64(b); n != callers*rounds {
			t.Errorf("counted %d of %d", n, callers*rounds)
		}
		return err
	})
}

func increment(tx store.Tx) error {
	b, err := tx.Get([]byte("n"))
	if err != nil {
		return err
	}
	if b == nil {
		b = make([]byte, 8)
	}
	return tx.Put([]byte("n"), binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(b)+1))
}

// phantoms: 64 callers each add one if a Scan counts fewer than 10.
func phantoms(t *testing.T, db *store.DB) {
	const most = 10
	enough := errors.New("enough")
	var adders sync.WaitGroup
	for i := range 64 {
		adders.Go(func() {
			err := db.Update(context.Background(), func(tx store.Tx) error {
				have, err := keys(tx, store.Prefix([]byte("token/")))
				if err != nil {
					return err
				}
				if len(have) >= most {
					return enough
				}
				return tx.Put(fmt.Append(nil, "token/", i), nil)
			})
			if err != nil && err != enough {
				t.Error(err)
			}
		})
	}
	adders.Wait()
	if n := len(all(t, db)); n != most {
		t.Errorf("%d keys, want %d", n, most)
	}
}

func cancelled(t *testing.T, db *store.DB) {
	before, cancel := context.WithCancel(context.Background())
	cancel()
	never := func(store.Tx) error { t.Error("the function of a cancelled call ran"); return nil }
	wantIs(t, "View", db.View(before, never), context.Canceled)
	wantIs(t, "Update", db.Update(before, never), context.Canceled)

	waiting, cancel := context.WithCancel(context.Background())
	begun, left := make(chan struct{}), make(chan struct{})
	go func() {
		<-begun
		time.AfterFunc(5*time.Millisecond, cancel)
		wantIs(t, "waiting Update", db.Update(waiting, never), context.Canceled)
		close(left)
	}()
	update(t, db, func(tx store.Tx) error {
		close(begun)
		select {
		case <-left:
		case <-time.After(patience):
			t.Error("a cancelled Update waits for the one before it")
		}
		return nil
	})

	during, cancel := context.WithCancel(context.Background())
	err := db.Update(during, func(tx store.Tx) error { cancel(); return tx.Put([]byte("done"), nil) })
	wantIs(t, "begun Update", err, nil)
	same(t, all(t, db), map[string]string{"done": ""})
}

// snapshot: writers change two keys together; no View may see one without the other, nor a change while it lasts.
func snapshot(t *testing.T, db *store.DB) {
	pair := func(i int) func(store.Tx) error {
		return func(tx store.Tx) error {
			tx.Put([]byte("left"), fmt.Append(nil, i))
			return tx.Put([]byte("right"), fmt.Append(nil, i))
		}
	}
	update(t, db, pair(0))
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
				update(t, db, pair(i))
			}
		}
	})
	for range 4 {
		all.Go(func() {
			for range 100 {
				view(t, db, func(tx store.Tx) error { return equalPair(t, tx) })
			}
		})
	}
	view(t, db, func(tx store.Tx) error { // while this lasts, an Update gets through
		before, _ := tx.Get([]byte("left"))
		put(t, db, "left behind", "x")
		after, err := tx.Get([]byte("right"))
		behind, _ := tx.Get([]byte("left behind"))
		if string(before) != string(after) || behind != nil {
			t.Errorf("a View saw %s, then %s and %q", before, after, behind)
		}
		return err
	})
	time.AfterFunc(20*time.Millisecond, func() { close(stop) })
	all.Wait()
}

func equalPair(t *testing.T, tx store.Tx) error {
	left, _ := tx.Get([]byte("left"))
	runtime.Gosched()
	right, err := tx.Get([]byte("right"))
	if string(left) != string(right) {
		t.Errorf("a View saw %s and %s", left, right)
	}
	return err
}

func closed(t *testing.T, db *store.DB) {
	begun, release := make(chan struct{}), make(chan struct{})
	var first, second error
	var all sync.WaitGroup
	all.Go(func() {
		first = db.Update(context.Background(), func(tx store.Tx) error {
			close(begun)
			<-release
			return tx.Put([]byte("a"), nil)
		})
	})
	<-begun
	all.Go(func() { second = db.Update(context.Background(), putter("b")) })
	all.Go(func() { time.Sleep(5 * time.Millisecond); wantIs(t, "Close", db.Close(), nil) })
	for db.View(context.Background(), func(store.Tx) error { return nil }) == nil {
		time.Sleep(time.Millisecond) // until Close has begun
	}
	time.Sleep(10 * time.Millisecond)
	close(release)
	all.Wait()
	wantIs(t, "an Update that had begun", first, nil)
	wantIs(t, "an Update that waited", second, store.ErrClosed)
	wantIs(t, "an Update", db.Update(context.Background(), putter("c")), store.ErrClosed)
	err := db.View(context.Background(), func(store.Tx) error { return nil })
	wantIs(t, "a View", err, store.ErrClosed)
	wantIs(t, "a View", err, store.ErrUnavailable)
	wantIs(t, "a second Close", db.Close(), nil)
}

// closeWaits: a View that has begun reads on while Close waits for it.
func closeWaits(t *testing.T, db *store.DB) {
	put(t, db, "a", "value")
	begun, release := make(chan struct{}), make(chan struct{})
	ended, shut := make(chan error, 1), make(chan error, 1)
	go func() {
		ended <- db.View(context.Background(), func(tx store.Tx) error {
			close(begun)
			<-release
			v, err := tx.Get([]byte("a"))
			if string(v) != "value" {
				t.Errorf("a View that Close waits for read %q, %v", v, err)
			}
			return err
		})
	}()
	<-begun
	go func() { shut <- db.Close() }()
	select {
	case err := <-shut:
		t.Errorf("Close did not wait for a View: %v", err)
		shut <- err
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	wantIs(t, "the View", <-ended, nil)
	wantIs(t, "Close", <-shut, nil)
}
