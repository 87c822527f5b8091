package bolt

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// made is the path of a closed store with some records in it.
func made(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	db := fresh(t, path)
	for i := range 20 {
		fillWith(t, db, i*50, 50)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(128*os.Getpagesize())); err != nil { // bbolt makes it much longer than it needs
		t.Fatal(err)
	}
	return path
}

// edit changes the file at path without bbolt.
func edit(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// editMark changes the mark of the store at path.
func editMark(t testing.TB, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func putMark(t testing.TB, path string, mark []byte) {
	t.Helper()
	editMark(t, path, func(tx *bbolt.Tx) error { return tx.Bucket(markBucket).Put(markKey, mark) })
}

func noise(b []byte) {
	x := uint32(12345)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
}

func TestOpenRefusesAndHarmsNothing(t *testing.T) {
	page := os.Getpagesize()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  error
		says  string
	}{
		{"no file", func(t *testing.T, path string) { os.Remove(path) }, ErrNoStore, "have one created"},
		{"an empty file", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { return nil })
		}, ErrDamaged, "empty"},
		{"a text", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { return []byte("once upon a time") })
		}, ErrForeign, "another path"},
		{"zeros", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { return make([]byte, len(b)) })
		}, ErrForeign, "overwritten"},
		{"a folder", func(t *testing.T, path string) {
			os.Remove(path)
			os.Mkdir(path, 0o700)
		}, ErrForeign, "not a file"},
		{"another program's bbolt file", func(t *testing.T, path string) {
			os.Remove(path)
			editMark(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
		}, ErrForeign, "another program"},
		{"a bit in the name of the mark's bucket", func(t *testing.T, path string) { // it may be rot, and then another path is no help
			edit(t, path, func(b []byte) []byte {
				everywhere(b, markBucket, func(b []byte, at int) { b[at] ^= 1 })
				return b
			})
		}, ErrForeign, "backup"},
		{"a newer format", func(t *testing.T, path string) {
			putMark(t, path, mark(format+1, "id, and who knows what"))
		}, ErrNewer, "run the newer version"},
		{"no format", func(t *testing.T, path string) { putMark(t, path, mark(0, "id")) }, ErrDamaged, "mark"},
		{"half a mark", func(t *testing.T, path string) { putMark(t, path, mark(format, "id")[:10]) }, ErrDamaged, "mark"},
		{"no mark in its bucket", func(t *testing.T, path string) {
			editMark(t, path, func(tx *bbolt.Tx) error { return tx.Bucket(markBucket).Delete(markKey) })
		}, ErrDamaged, "mark"},
		{"a bit in the id", func(t *testing.T, path string) { // it was another store's id then
			edit(t, path, func(b []byte) []byte {
				everywhere(b, markMagic, func(b []byte, at int) { b[at+len(markMagic)+5] ^= 1 })
				return b
			})
		}, ErrDamaged, "mark"},
		{"the first head broken", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { noise(b[:page]); return b })
		}, ErrDamaged, "latest changes"},
		{"the second head broken", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { b[page+40] ^= 1; return b })
		}, ErrDamaged, "latest changes"},
		{"the end of the file missing", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { return b[:20*page] })
		}, ErrDamaged, "cut off"},
		{"a page that runs over another", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte {
				a, h := readHeads(bytes.NewReader(b))
				if a.commit > h.commit {
					h = a
				}
				b[int(h.root)*page+12] ^= 1
				return b
			})
		}, ErrDamaged, "used twice"},
		{"one head page alone", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { return b[:page+10] })
		}, ErrDamaged, "backup"},
		{"all but the heads is noise", func(t *testing.T, path string) {
			edit(t, path, func(b []byte) []byte { noise(b[2*page:]); return b })
		}, ErrDamaged, "backup"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := made(t)
			c.spoil(t, path)
			refuses(t, path, Options{}, c.want, c.says)
			if c.want != ErrNoStore {
				refuses(t, path, Options{Create: true}, c.want, c.says)
			}
		})
	}
}

// refuses checks that path is refused with want and these words, and left as it was.
func refuses(t *testing.T, path string, o Options, want error, says string) {
	t.Helper()
	before, _ := os.ReadFile(path)
	db, err := Open(path, o)
	if err == nil {
		db.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("got error %v, want %v that says %q", err, want, says)
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
	if names, _ := filepath.Glob(path + "*"); len(names) > 1 {
		t.Errorf("left behind: %q", names)
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db := fresh(t, path)
	begun := time.Now()
	refuses(t, path, Options{Timeout: 100 * time.Millisecond}, ErrLocked, "stop that one")
	if d := time.Since(begun); d > 5*time.Second {
		t.Errorf("waited %v", d)
	}
	fillWith(t, db, 0, 1)
	db.Close()
	opened(t, path, Options{})
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	leftover := path + unfinished + "1"
	if err := os.WriteFile(leftover, []byte("half a store"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := fresh(t, path)
	fillWith(t, db, 0, 10)
	id := db.ID()
	db.Close()
	if again := opened(t, path, Options{Create: true}); again.ID() != id || count(t, again) != 10 {
		t.Error("Create made a new store in the place of an old one")
	}
	if other := fresh(t, path+"2"); other.ID() == id {
		t.Error("two stores have one id")
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, _ := e.Info(); info.Mode() != 0o600 || !strings.HasPrefix(e.Name(), "store.db") || strings.Contains(e.Name(), "unfinished") {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	_, err := Open(filepath.Join(dir, "no folder", "store.db"), Options{Create: true})
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrNoStore) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}

// bbolt makes a file that is not there, and did so with a store's that vanished after it was looked at.
func TestVanished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if db, err := new(keep).bbolt(path, bbolt.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v, want that there is no file", db, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a new file is there")
	}
}

// A creation that was killed leaves half a store, or a second name of the whole one. The path was taken for a pattern, and a
// second name stayed for ever.
func TestLeftovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[a]*")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "store.db")
	fresh(t, path).Close()
	other := filepath.Join(dir, "a-store.db"+unfinished+"1")
	err := errors.Join(os.Link(path, path+unfinished+"7"), os.WriteFile(path+unfinished+"8", nil, 0o600), os.WriteFile(other, nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	opened(t, path, Options{}).Close()
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if name := filepath.Join(dir, e.Name()); name != path && name != other {
			t.Errorf("%s is still there", name)
		}
	}
	if len(entries) != 2 {
		t.Errorf("%d files, want the store and that of another program", len(entries))
	}
}

// Where the file cannot be linked for another reason than that there are no links, a rename might replace a store.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	made, path := filepath.Join(dir, "made"), filepath.Join(dir, "store.db")
	if err := publish(made, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing made: %v", err)
	}
	for _, name := range []string{made, path} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := publish(made, path); err != nil {
		t.Errorf("over a store: %v", err)
	}
	os.Remove(made) // as somebody who has opened the store does
	if err := publish(made, path); err != nil {
		t.Errorf("cleared away over a store: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != path {
		t.Errorf("the store was replaced by %q", b)
	}
}

// Two that create at once must end up with one file, or one of them with an error.
func TestCreateRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var tried, done sync.WaitGroup
	tried.Add(2)
	errs := make([]error, 2)
	for i := range errs {
		done.Go(func() {
			db, err := Open(path, Options{Create: true, Timeout: 50 * time.Millisecond})
			errs[i] = err
			tried.Done()
			tried.Wait() // whoever has it keeps it until the other has tried
			if err == nil {
				db.Close()
			}
		})
	}
	done.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("got %v, want one winner", errs)
	}
	opened(t, path, Options{})
}

// What is opened to be read can be read by others at once and by nobody written, and no byte or mode of it changes.
func TestReadOnly(t *testing.T) {
	path := made(t)
	if err := os.Chmod(path, 0o440); err != nil {
		t.Fatal(err)
	}
	left := path + unfinished + "1"
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db, other := opened(t, path, Options{ReadOnly: true}), opened(t, path, Options{ReadOnly: true})
	for _, db := range []*store.DB{db, other} {
		err := db.View(context.Background(), func(tx store.Tx) error {
			if v, err := tx.Get(key(7)); v == nil || err != nil {
				t.Errorf("read %q, %v", v, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	err = db.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("a"), nil) })
	if !errors.Is(err, store.ErrReadOnly) || db.Err() != nil {
		t.Errorf("an Update: %v; then %v", err, db.Err())
	}
	if _, err := Open(path, Options{Timeout: time.Millisecond}); !errors.Is(err, ErrLocked) {
		t.Errorf("opened for writing at the same time: %v", err)
	}
	after, err := os.ReadFile(path)
	info, _ := os.Stat(path)
	if _, gone := os.Stat(left); err != nil || !bytes.Equal(before, after) || info.Mode().Perm() != 0o440 || gone != nil {
		t.Errorf("it was changed: %v, %v, %v", err, info.Mode(), gone)
	}
}
