package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

func key(i int) []byte { return store.Key("record", i) }

func value(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "value %d ", i), 20) }

// fillWith writes n keys from first on.
func fillWith(t testing.TB, db *store.DB, first, n int) {
	t.Helper()
	err := db.Update(context.Background(), func(tx store.Tx) error {
		for i := first; i < first+n; i++ {
			if err := tx.Put(key(i), value(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	if err := scan(db, func(_, _ []byte) { n++ }); err != nil {
		t.Fatal(err)
	}
	return n
}

func scan(db *store.DB, f func(key, value []byte)) error {
	return db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) { f(key, value); return true, nil })
	})
}

func TestFlippedByte(t *testing.T) {
	path := made(t)
	edit(t, path, func(b []byte) []byte {
		for at := bytes.Index(b, value(7)); at >= 0; at = bytes.Index(b, value(7)) { // old pages hold it too
			b[at+10] ^= 1
		}
		return b
	})
	get := func(i int) func(store.Tx) error {
		return func(tx store.Tx) error { _, err := tx.Get(key(i)); return err }
	}
	db := opened(t, path, Options{})
	if err := db.View(context.Background(), get(8)); err != nil {
		t.Errorf("a whole value: %v", err)
	}
	if err := db.View(context.Background(), get(7)); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want damage", err)
	}
	if err := db.View(context.Background(), get(8)); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want no trust any more", err)
	}
}

// A key with a flipped bit was no longer found, and a list ended early, without an error: the token was unknown.
func TestFlippedKey(t *testing.T) {
	for _, turn := range []struct {
		name  string
		spoil func(b []byte, at int) // where key 7 stands
	}{
		{"a bit in a key", func(b []byte, at int) { b[at+len(key(7))-1] ^= 0x80 }},
		{"the key of another record", func(b []byte, at int) { copy(b[at:], key(900)) }},
	} {
		path := made(t)
		edit(t, path, func(b []byte) []byte { everywhere(b, key(7), turn.spoil); return b })
		looksEverywhere(t, turn.name, path)
	}
}

// The flags and places of records, and where branches lead, lie in the heads and elements of pages; bbolt believes them.
func TestFlippedElements(t *testing.T) {
	path := made(t)
	page := os.Getpagesize()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := filepath.Join(t.TempDir(), "spoiled.db")
	for at := 2 * page; at < 100*page; at += 397 {
		if at%page > 400 {
			continue // not an element
		}
		b := bytes.Clone(whole)
		b[at] ^= 1 << (at % 7)
		if err := os.WriteFile(spoiled, b, 0o600); err != nil {
			t.Fatal(err)
		}
		looksEverywhere(t, fmt.Sprintf("byte %d of page %d", at%page, at/page), spoiled)
	}
}

// A key in a branch that rotted leads past records that lists still show: portico check, which read them in their order, found
// nothing, nor did a backup, and the portal was unavailable.
func TestFlippedBranchKeys(t *testing.T) {
	path := made(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, at := range branchKeys(whole) {
		for _, bit := range []int{0, 3, 7} {
			edit(t, path, func([]byte) []byte {
				b := bytes.Clone(whole)
				b[at] ^= 1 << bit
				return b
			})
			db, err := Open(path, Options{})
			if err != nil {
				refused++
				continue
			}
			err = db.View(context.Background(), func(tx store.Tx) error {
				for i := range 1000 {
					if v, err := tx.Get(key(i)); v == nil || err != nil {
						return fmt.Errorf("key %d: %q, %w", i, v, err)
					}
				}
				return nil
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Errorf("byte %d, bit %d: opened, and %v", at, bit, err)
			}
		}
	}
	if refused == 0 {
		t.Error("it was never refused")
	}
}

// branchKeys is where the keys in the branch pages of a file end.
func branchKeys(file []byte) (ends []int) {
	for from := 2 * os.Getpagesize(); from < len(file); from += os.Getpagesize() {
		p := page{bytes: file[from:], kind: order.Uint16(file[from+8:]), count: int(order.Uint16(file[from+10:]))}
		for i := 0; p.kind == branchPage && i < p.count; i++ {
			ends = append(ends, from+pageHead+i*element+int(p.short(i, 0)+p.short(i, 1))-1)
		}
	}
	return ends
}

// everywhere changes b at each place where what stands.
func everywhere(b, what []byte, change func(b []byte, at int)) {
	for from := 0; ; {
		i := bytes.Index(b[from:], what)
		if i < 0 {
			return
		}
		change(b, from+i)
		from += i + 1
	}
}

// looksEverywhere reads the records that made wrote, in many ways, with the engine alone, which stays trusting: by each way
// they must all be found, or damage.
func looksEverywhere(t *testing.T, name, path string) {
	t.Helper()
	list := func(s store.Range, n int) func(store.Reader) error {
		return func(r store.Reader) error {
			err := r.Scan(s, func(k, v []byte) (bool, error) { n--; return true, whole(k, v) })
			if err == nil && n != 0 {
				t.Errorf("%s: %d keys are missing in a list", name, n)
			}
			return err
		}
	}
	ways := []func(store.Reader) error{
		list(store.Range{From: key(5), To: key(20)}, 15), list(store.Range{From: key(5), To: key(20), Reverse: true}, 15),
		list(store.Range{From: key(5), To: key(7)}, 2), list(store.Range{From: key(8), To: key(20), Reverse: true}, 12),
	}
	for i := range 1000 {
		ways = append(ways, func(r store.Reader) error {
			v, err := r.Get(key(i))
			if err == nil && v == nil {
				t.Errorf("%s: key %d is missing", name, i)
			}
			return err
		})
	}
	e, err := open(path, Options{})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, look := range ways {
		func() {
			defer func() { _ = recover() }() // as good as an error, see package store
			if err := e.View(context.Background(), look); err != nil && !errors.Is(err, store.ErrDamaged) {
				t.Errorf("%s: %v", name, err)
			}
		}()
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestNoisePages overwrites one page at a time: no panic, no hanging, and never a wrong value.
func TestNoisePages(t *testing.T) {
	path := made(t)
	page := os.Getpagesize()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	spoiled := func(p int, spoil func([]byte)) string {
		b := bytes.Clone(whole)
		spoil(b[p*page:][:page])
		path := filepath.Join(dir, "spoiled.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if !survives(t, spoiled(0, func([]byte) {})) {
		t.Fatal("a whole store is damaged")
	}
	found := 0
	for p := range 100 {
		spoil := noise
		if p%2 == 1 {
			spoil = func(b []byte) { clear(b) }
		}
		if !survives(t, spoiled(p, spoil)) {
			found++
		}
	}
	if found < 30 {
		t.Errorf("only %d damaged pages were found", found)
	}
	t.Logf("%d of 100 pages were in use", found)
}

// survives reports whether the store at path shows no damage; then it must hold what made wrote.
func survives(t *testing.T, path string) bool {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", path, err)
		}
		return false
	}
	defer db.Close()
	n := 0
	readErr := scan(db, func(k, v []byte) {
		if !bytes.Equal(k, key(n)) || !bytes.Equal(v, value(n)) {
			t.Errorf("%s: record %d is %q: %q", path, n, k, v)
		}
		n++
	})
	writeErr := db.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key(500), value(500)) })
	for _, err := range []error{readErr, writeErr} {
		if err != nil && !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if readErr == nil && n != 1000 {
		t.Errorf("%s: %d records of 1000, and no error", path, n)
	}
	return readErr == nil && writeErr == nil
}

// A file that somebody cuts off while it is mapped raises a signal on access. It must not end the process, nor keep the store
// from being closed.
func TestCutOffWhileOpen(t *testing.T) {
	put := func(db *store.DB) error {
		return db.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key(1), nil) })
	}
	read := func(db *store.DB) error { return scan(db, func(_, _ []byte) {}) }
	for _, pages := range []int{0, 1, 2} {
		for _, uses := range [][2]func(*store.DB) error{{read, put}, {put, read}} {
			path := made(t)
			db := opened(t, path, Options{})
			if err := os.Truncate(path, int64(pages*os.Getpagesize())); err != nil {
				t.Fatal(err)
			}
			for _, use := range uses {
				if err := use(db); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("%d pages left: %v, want damage", pages, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// When the newest head rotted under an open store, bbolt went on with the older one, and what was revoked last was enabled
// again.
func TestHeadRotsWhileOpen(t *testing.T) {
	ctx := context.Background()
	put := func(value string) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Put([]byte("token"), []byte(value)) }
	}
	for name, use := range map[string]func(*store.DB) error{
		"View":   func(db *store.DB) error { return scan(db, func(_, _ []byte) {}) },
		"Update": func(db *store.DB) error { return db.Update(ctx, put("another")) },
	} {
		path := filepath.Join(t.TempDir(), "store.db")
		db := fresh(t, path)
		for _, value := range []string{"enabled", "revoked"} {
			if err := db.Update(ctx, put(value)); err != nil {
				t.Fatal(err)
			}
		}
		flipHead(t, path, newestHead(t, path))
		if err := use(db); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v, want damage", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// When both heads rot, bbolt panics as a View begins, and keeps its locks: a View and an Update that were under way, and
// Close, waited for ever.
func TestBothHeadsRotWhileBusy(t *testing.T) {
	path := made(t)
	db := opened(t, path, Options{})
	inside, release := make(chan struct{}), make(chan struct{})
	ends := make(chan error, 2)
	hold := func(store.Tx) error { inside <- struct{}{}; <-release; return nil }
	put := func(tx store.Tx) error { return errors.Join(hold(tx), tx.Put(key(1), nil)) }
	go func() { ends <- db.View(context.Background(), hold) }()
	go func() { ends <- db.Update(context.Background(), put) }()
	<-inside
	<-inside
	flipHead(t, path, 0)
	flipHead(t, path, 1)
	if err := scan(db, func(_, _ []byte) {}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want damage", err)
	}
	close(release)
	within(t, func() {
		if errs := []error{<-ends, <-ends}; errs[0] == nil == (errs[1] == nil) {
			t.Errorf("the View and the Update ended with %v, want one damaged", errs)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func within(t *testing.T, f func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); f() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("somebody waits for ever")
	}
}

// A View that ends must not wait for one that begins: when the file is mapped anew, that one waits for the writer, and the
// writer for the first.
func TestViewsWhileMappedAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	e, err := openMapped(path, Options{Create: true}, []int{0})
	if err != nil {
		t.Fatal(err)
	}
	db := store.Open(e)
	defer db.Close()
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					err := db.View(context.Background(), func(tx store.Tx) error { _, err := tx.Get(key(0)); return err })
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	within(t, func() {
		for i := range 16 {
			big := func(tx store.Tx) error { return tx.Put(key(i), make([]byte, store.MaxBytes/2)) }
			if err := db.Update(context.Background(), big); err != nil {
				t.Error(err)
			}
		}
		close(stop)
		all.Wait()
	})
}

// newestHead is the page of the newest head.
func newestHead(t testing.TB, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if first, second := readHeads(f); first.commit > second.commit {
		return 0
	}
	return 1
}

// flipHead turns over a bit of a head page, in place, as in a file that is open.
func flipHead(t testing.TB, path string, page int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, at := []byte{0}, int64(page*os.Getpagesize()+36)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// A fault in the bytes that a transaction lent was the caller's panic, and the store was trusted on.
func TestFaultInFunction(t *testing.T) {
	for name, run := range map[string]func(*store.DB, context.Context, func(store.Tx) error) error{
		"View": (*store.DB).View, "Update": (*store.DB).Update,
	} {
		for how, look := range map[string]func(tx store.Tx, cut func()) error{
			"Get": func(tx store.Tx, cut func()) error {
				v, err := tx.Get(key(900))
				cut()
				_ = bytes.Count(v, []byte("value"))
				return err
			},
			"Scan": func(tx store.Tx, cut func()) error {
				return tx.Scan(store.Range{}, func(_, v []byte) (bool, error) {
					cut()
					return bytes.Count(v, []byte("value")) > 0, nil
				})
			},
		} {
			path := made(t)
			db := opened(t, path, Options{})
			cut := func() { os.Truncate(path, int64(2*os.Getpagesize())) }
			err := run(db, context.Background(), func(tx store.Tx) error { return look(tx, cut) })
			for _, err := range []error{err, db.Err()} {
				if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "cannot be read") || !strings.Contains(err.Error(), "backup") {
					t.Errorf("%s, %s: got %v, want damage that says what to do", name, how, err)
				}
			}
		}
	}
}

func TestUpdatesShareSyncs(t *testing.T) {
	const callers = 64
	e, err := open(filepath.Join(t.TempDir(), "store.db"), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	db := store.Open(e)
	defer db.Close()
	commits := func() (n int) {
		e.db.View(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }) // one more with each commit
		return n
	}
	before := commits()
	begun, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		db.Update(context.Background(), func(store.Tx) error { close(begun); <-release; return nil })
	})
	<-begun
	var started sync.WaitGroup
	started.Add(callers)
	for i := range callers {
		all.Go(func() { started.Done(); fillWith(t, db, i, 1) })
	}
	started.Wait()
	time.Sleep(50 * time.Millisecond) // for them to queue
	close(release)
	all.Wait()
	if n := commits() - before; n > callers/4 {
		t.Errorf("%d commits for %d Updates that waited together", n, callers)
	}
	if n := count(t, db); n != callers {
		t.Errorf("%d keys", n)
	}
}
