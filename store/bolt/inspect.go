package bolt

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/portico-vco/portico/store"
)

// inspect looks at the file, without changing a byte of it, and returns what it is, or why it is none that can be opened so.
func inspect(path string, o Options) (is marked, err error) {
	if err := plainFile(path); err != nil {
		return is, err
	}
	db, err := new(keep).bbolt(path, bbolt.Options{ReadOnly: true, Timeout: o.Timeout})
	if err == nil {
		defer db.Close() // keeps the lock until the end
	} else if !aboutContents(err) {
		return is, explain(path, err)
	}
	f, openErr := os.Open(path)
	if openErr != nil {
		return is, explain(path, openErr)
	}
	defer f.Close()
	newest, bad := checkHeads(path, f)
	if bad != nil {
		return is, bad
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		err = store.Damage(err)
	}
	if err != nil {
		return is, explain(path, err)
	}
	if is, err = identify(db, path); err != nil {
		return is, err
	}
	if !is.copied.IsZero() && !o.Backup {
		return is, refuse(path, ErrBackup, "it was made on %s; a store is made of it by restoring it", is.copied.Format(time.RFC3339))
	}
	if err := is.State.Err(); err != nil && !o.Aside {
		return is, fmt.Errorf("%s: %w", path, err)
	}
	return is, checkPages(path, f, newest)
}

func plainFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return explain(path, err)
	case !info.Mode().IsRegular():
		return refuse(path, ErrForeign, "it is not a file; give the path of a store's file")
	case info.Size() == 0:
		return refuse(path, ErrDamaged, "the file is empty; %s, or remove the file if there never was a store", restore)
	}
	return nil
}

// aboutContents tells bbolt's complaints about what is in a file from those of the operating system.
func aboutContents(err error) bool {
	var system *fs.PathError
	return !errors.As(err, &system) && !errors.Is(err, bolterrors.ErrTimeout)
}

func identify(db *bbolt.DB, path string) (is marked, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = explain(path, store.Damage(p))
		}
	}()
	err = db.View(func(tx *bbolt.Tx) error {
		is, err = readMark(tx, path)
		return err
	})
	return is, err
}

// head is what matters of one of the two head pages, of which bbolt writes one with each commit, in turn.
type head struct {
	magic, valid   bool
	pageSize       int64
	root, freelist uint64
	pages          int64 // as many as the file must hold
	commit         int64
}

// checkHeads returns the newest head. It refuses a file whose head pages are not both whole, and one that is shorter than
// they say. bbolt alone would open a file with one bad head as it was before its last commit: revoked tokens would live again.
func checkHeads(path string, f *os.File) (newest head, err error) {
	info, err := f.Stat()
	if err != nil {
		return head{}, explain(path, err)
	}
	first, second := readHeads(f)
	switch {
	case !first.magic && !second.magic:
		return head{}, refuse(path, ErrForeign, "it is no bbolt file at all, or its beginning was overwritten; give another path, or %s", restore)
	case !first.valid || !second.valid:
		return head{}, refuse(path, ErrDamaged, "a head page is broken, and with it the latest changes may be lost; %s", restore)
	}
	newest = first
	if second.commit > first.commit {
		newest = second
	}
	if want := newest.pages * newest.pageSize; info.Size() < want {
		return head{}, refuse(path, ErrDamaged, "the file was cut off: %d of at least %d bytes; %s", info.Size(), want, restore)
	}
	return newest, nil
}

// readHeads finds the second head one page behind the first. When the first does not know the page size any more, all
// sizes are tried.
func readHeads(f io.ReaderAt) (first, second head) {
	first = readHead(f, 0)
	if first.valid {
		return first, readHead(f, first.pageSize)
	}
	for size := int64(1 << 9); size <= 1<<16; size <<= 1 {
		if h := readHead(f, size); h.magic {
			return first, h
		}
	}
	return first, head{}
}

// The layout of a head page, as bbolt/internal/common has it: behind the 16 bytes of every page's header come the numbers
// below, in the machine's byte order, and a hash over them.
func readHead(f io.ReaderAt, at int64) head {
	const header, hashed, magic = 16, 56, 0xED0CDAED
	b := make([]byte, header+hashed+8)
	if _, err := f.ReadAt(b, at); err != nil {
		return head{}
	}
	b = b[header:]
	hash := fnv.New64a()
	hash.Write(b[:hashed])
	h := head{
		magic:    order.Uint32(b) == magic,
		pageSize: int64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    int64(order.Uint64(b[40:])),
		commit:   int64(order.Uint64(b[48:])),
	}
	h.valid = h.magic && order.Uint64(b[hashed:]) == hash.Sum64()
	return h
}
