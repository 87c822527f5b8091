package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/portico-vco/portico/store"
)

// FuzzFile writes anything into the file of a backup, and cuts it off: it is refused, or all of it is read as it was.
func FuzzFile(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "store.db")
	db := fresh(f, path)
	fillWith(f, db, 0, 40)
	var want bytes.Buffer
	into := func(b *bytes.Buffer) func(key, value []byte) {
		return func(k, v []byte) { fmt.Fprintf(b, "%q %q\n", k, v) }
	}
	if err := scan(db, into(&want)); err != nil {
		f.Fatal(err)
	}
	backup := filepath.Join(dir, "backup")
	if err := db.Copy(context.Background(), backup, copiedAt, unheard); err != nil {
		f.Fatal(err)
	}
	if err := db.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(backup)
	if err != nil {
		f.Fatal(err)
	}
	for at := 0; at < len(whole); at += os.Getpagesize() {
		f.Add(uint(at), []byte{0xff}, uint(0))
		f.Add(uint(at+8), []byte{0, 0}, uint(0))
		f.Add(uint(at+16), []byte{7, 0, 0, 0}, uint(0))
		f.Add(uint(at+30), []byte{0xff, 0xff, 0xff, 0xff}, uint(0))
		f.Add(uint(0), []byte{}, uint(at))
	}
	f.Add(uint(0), []byte{}, uint(1))
	f.Fuzz(func(t *testing.T, at uint, what []byte, cut uint) {
		b := bytes.Clone(whole)
		copy(b[at%uint(len(b)):], what)
		spoiled := filepath.Join(t.TempDir(), "spoiled")
		if err := os.WriteFile(spoiled, b[:uint(len(b))-cut%uint(len(b)+1)], 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(spoiled, Options{ReadOnly: true, Backup: true})
		if err == nil {
			var got bytes.Buffer
			if err = scan(db, into(&got)); err == nil && got.String() != want.String() {
				t.Errorf("with %x at %d, and %d less, other things are read", what, at, cut)
			}
			err = errors.Join(err, db.Close())
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) && !errors.Is(err, store.ErrDamaged) {
			t.Errorf("with %x at %d, and %d less: %v", what, at, cut, err)
		}
	})
}
