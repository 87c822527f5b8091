package etcd_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
	"github.com/portico-vco/portico/store/memory"
)

// A staged engine does what a test says before it begins a View or a Commit.
type staged struct {
	store.Engine
	view   atomic.Pointer[func()]
	commit atomic.Pointer[func() error]
	waits  atomic.Bool // a Commit is held
}

func (s *staged) View(ctx context.Context, f func(store.Reader) error) error {
	if act := s.view.Swap(nil); act != nil {
		(*act)()
	}
	return s.Engine.View(ctx, f)
}

func (s *staged) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	if act := s.commit.Load(); act != nil {
		if err := (*act)(); err != nil {
			return err
		}
	}
	return s.Engine.Commit(ctx, f)
}

func (s *staged) Copy(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error {
	return s.Engine.(store.Copier).Copy(ctx, path, at, progress)
}

// has is a value in the engine, whatever lies above it.
func (s *staged) has(t testing.TB, key string) (value string) {
	t.Helper()
	err := s.Engine.View(t.Context(), func(r store.Reader) error {
		b, err := r.Get([]byte(key))
		if b != nil {
			b, err = store.Unseal([]byte(key), b)
		}
		value = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// hold lets all Commits wait until free is called, or the test ends.
func (s *staged) hold(t *testing.T) (free func()) {
	gate := make(chan struct{})
	wait := func() error { s.waits.Store(true); <-gate; return nil }
	s.commit.Store(&wait)
	free = sync.OnceFunc(func() { s.commit.Store(nil); close(gate) })
	t.Cleanup(free)
	return free
}

// beforeFirst is an engine that does something before its first Commit.
func beforeFirst(e store.Engine, do func()) store.Engine {
	s, once := &staged{Engine: e}, sync.OnceFunc(do)
	act := func() error { once(); return nil }
	s.commit.Store(&act)
	return s
}

// on opens a store whose copies are kept by staged engines, of which it answers the newest.
func on(t *testing.T, o etcd.Options) (*store.DB, func() *staged) {
	t.Helper()
	e, newest := stage(t, o)
	db := store.Open(e)
	t.Cleanup(func() { _ = db.Close() })
	return db, newest
}

func stage(t *testing.T, o etcd.Options) (*etcd.Engine, func() *staged) {
	t.Helper()
	var newest atomic.Pointer[staged]
	plain := o.Copy
	o.Copy = func(id string) (store.Engine, error) {
		e, err := plain(id)
		if err != nil {
			return nil, err
		}
		s := &staged{Engine: e}
		newest.Store(s)
		return s, nil
	}
	e, err := etcd.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e, newest.Load
}

func put(t testing.TB, db *store.DB, pairs ...string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnswersBeforeTheCopyIsWritten: an Update is answered, here and there, and seen, while no page of the copy can be written. Only who
// copies the file waits for that.
func TestAnswersBeforeTheCopyIsWritten(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	db, engine := on(t, o)
	other := open(t, o)
	put(t, db, "a", "1", "b", "1", "c", "1")
	until(t, "it is written", func() bool { return engine().has(t, "c") == "1" })
	free := engine().hold(t)
	put(t, db, "a", "2", "d", "2")
	put(t, other, "b", "3")
	if err := errors.Join(db.CatchUp(t.Context()), db.Update(t.Context(), func(tx store.Tx) error { return tx.Delete([]byte("c")) })); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := db.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(store.Range{Reverse: true}, func(key, value []byte) (bool, error) {
			got = append(got, string(key)+string(value))
			return true, nil
		})
	})
	if all := strings.Join(got, " "); err != nil || all != "d2 b3 a2" {
		t.Errorf("a View shows %s, %v", all, err)
	}
	if a := engine().has(t, "a"); a != "1" {
		t.Errorf("the engine has a %s already", a)
	}
	path := filepath.Join(t.TempDir(), "backup")
	copied := make(chan error, 1)
	go func() { copied <- db.Copy(context.Background(), path, time.Now(), func(int64, int64) {}) }()
	select {
	case err := <-copied:
		t.Fatalf("it was copied before it was written, %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	free()
	if err := <-copied; err != nil {
		t.Fatal(err)
	}
	backup, err := bolt.Open(path, bolt.Options{ReadOnly: true, Backup: true})
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Close()
	if a, b, c := get(t, backup, "a"), get(t, backup, "b"), get(t, backup, "c"); a+b+c != "23" {
		t.Errorf("the backup has a %q, b %q, c %q", a, b, c)
	}
}

// TestViewBegins: while a View begins, what lay above the engine comes into it, and more. It is not laid over that.
func TestViewBegins(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	o.Copy = func(string) (store.Engine, error) { return memory.New(), nil }
	db, engine := on(t, o)
	free := engine().hold(t)
	put(t, db, "a", "1")
	meanwhile := func() {
		free()
		put(t, db, "a", "2", "b", "2")
		until(t, "it is written", func() bool { return engine().has(t, "b") == "2" })
	}
	engine().view.Store(&meanwhile)
	err := db.View(t.Context(), func(tx store.Tx) error {
		a, err := tx.Get([]byte("a"))
		b, bad := tx.Get([]byte("b"))
		if string(a) != "2" || string(b) != "2" {
			t.Errorf("a is %q, b is %q", a, b)
		}
		return errors.Join(err, bad)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCopyFails: what cannot be written is shown from memory, until there is another copy.
func TestCopyFails(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	full := errors.New("no room")
	var told []error
	o.Tell = func(err error) { told = append(told, err) }
	var none atomic.Bool
	plain := o.Copy
	o.Copy = func(id string) (store.Engine, error) {
		if none.Load() {
			return nil, full
		}
		return plain(id)
	}
	db, engine := on(t, o)
	broken := engine()
	gate := make(chan struct{})
	fail := func() error { <-gate; return full }
	broken.commit.Store(&fail)
	none.Store(true)
	put(t, db, "a", "1")
	copied := make(chan error, 1)
	go func() { copied <- backup(t, db) }()
	time.Sleep(50 * time.Millisecond) // it waits
	close(gate)
	if err := <-copied; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, full) {
		t.Errorf("a backup that cannot be made: %v", err)
	}
	if a := get(t, db, "a"); a != "1" {
		t.Errorf("a is %q", a)
	}
	none.Store(false)
	until(t, "there is another copy", func() bool { return engine() != broken && engine().has(t, "a") == "1" })
	put(t, db, "b", "2")
	if a, b := get(t, db, "a"), get(t, db, "b"); a+b != "12" {
		t.Errorf("a is %q, b is %q", a, b)
	}
	until(t, "that is written", func() bool { return engine().has(t, "b") == "2" })
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range told {
		if !errors.Is(err, full) {
			t.Errorf("told: %v", err)
		}
	}
	if len(told) == 0 {
		t.Error("nobody was told")
	}
}

// TestCopyPanics: an engine that panics while it is written to is damaged, and the process goes on.
func TestCopyPanics(t *testing.T) {
	db, engine := on(t, options(t, etcdtest.Alone(t)))
	panics := func() error { panic("page 7 is free already") }
	engine().commit.Store(&panics)
	_ = putOne(db, "a", "1") // it may be answered before
	until(t, "it is damage", func() bool { return errors.Is(db.Err(), store.ErrDamaged) })
}

func backup(t *testing.T, db *store.DB) error {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return db.Copy(ctx, filepath.Join(t.TempDir(), "backup"), time.Now(), func(int64, int64) {})
}

// TestBackupAfterNothing: a commit that is nothing to this program, since another one wrote entries alone, keeps no backup waiting.
func TestBackupAfterNothing(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	here, there := open(t, o), open(t, o)
	put(t, here, "waiting/iname/x", "1")
	if err := errors.Join(there.CatchUp(t.Context()), backup(t, there)); err != nil {
		t.Error(err)
	}
}

// TestBackupOfAClosedStore: who waits for the pages hears that the store was closed.
func TestBackupOfAClosedStore(t *testing.T) {
	db, engine := on(t, options(t, etcdtest.Alone(t)))
	engine().hold(t)
	put(t, db, "a", "1")
	copied := make(chan error, 1)
	go func() { copied <- backup(t, db) }()
	time.Sleep(50 * time.Millisecond) // it waits
	go db.Close()
	if err := <-copied; !errors.Is(err, store.ErrClosed) {
		t.Errorf("told %v", err)
	}
}
