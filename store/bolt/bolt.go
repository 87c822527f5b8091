// Package bolt owns the engine that keeps a store in one file, on bbolt. It must not know what is stored, nor who may.
//
// bbolt is fast and survives a power failure; what it does not do by itself is done here:
//
//   - It takes a missing or an empty file for a new database. Here a store is made only when asked for (create.go), and
//     every file is looked at, read-only, before it is opened for writing (inspect.go): what is refused is not touched.
//   - It has no checksums on its pages and panics on a damaged one. Values are checked by package store, which also turns
//     the panics into errors; what is not there, is checked by its neighbours (reader.go); head pages, the length of the file
//     and the structure of its pages are checked at Open (inspect.go, pages.go).
//   - When the newest of its two head pages rots, it goes on with the other one, that is, without the last commit. Here no
//     transaction may begin behind the last commit.
//   - A reader blocks the writer while the file is mapped anew, so that 8 GiB of address space are mapped from the start, or
//     less where a limit (ulimit -v) allows no more.
//
// What is not done: the head of a page that rots while the store is open is noticed only where bbolt panics over it. Its count
// may then hide records, and the number of pages that it runs over let bbolt free what is in use, or fill the memory, until the
// next Open.
//
// The list of free pages is written with every commit. Not to write it (NoFreelistSync) was measured and left: with the
// writes of a portal it made creation no faster at 10^6 records, Open had to scan the file (1.6 s at 2.2 GB), and bbolt does
// that in a goroutine of its own, in which a damaged page ends the process.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// Options are how a store is opened; the zero Options open one that exists.
type Options struct {
	Create   bool          // make a store where there is no file; a file that exists is opened as ever
	ReadOnly bool          // refuse all Updates, and change nothing of file and folder
	Backup   bool          // open also what is a backup
	Aside    bool          // open also what is set aside
	As       store.Mark    // of a store that is made; without an id it has one of its own
	Timeout  time.Duration // how long to wait for another process to let go of the file; 0 means one second
}

var dataBucket = []byte("data")

// errHead: a transaction began on an older head than that of the last commit. What was revoked by it would be valid again.
var errHead = fmt.Errorf("%w: a head page is broken, and with it the latest changes are lost; %s", ErrDamaged, restore)

// fill is how full bbolt leaves a page that it splits. Most keys ascend, so little is put into a page afterwards: at 10^6
// records of ten keys the file is 1.3 GB instead of the 2.3 GB of bbolt's own 0.5, and creation is no slower, not even with
// some random keys among them.
const fill = 0.9

// Open opens the store in the file at path for this process alone, and closes the file to all other users. What it cannot serve it refuses with one of the errors of
// this package, and leaves as it is.
func Open(path string, o Options) (*store.DB, error) {
	e, err := open(path, o)
	if err != nil {
		return nil, err
	}
	return store.Open(e), nil
}

type engine struct {
	db    *bbolt.DB
	is    store.Mark
	file  *keep
	last  atomic.Int64  // the number of the newest commit
	gate  sync.Mutex    // see begin.go
	stuck chan struct{} // closed when bbolt has panicked over one of its own locks
	stick sync.Once
}

func open(path string, o Options) (*engine, error) { return openMapped(path, o, mapSizes()) }

// openMapped maps as much memory as the first of sizes for which there is room.
func openMapped(path string, o Options, sizes []int) (*engine, error) {
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if err := createIfAsked(path, o); err != nil {
		return nil, err
	}
	is, err := inspect(path, o)
	if err != nil {
		return nil, err
	}
	var db *bbolt.DB
	file := new(keep)
	for _, size := range sizes {
		db, err = file.bbolt(path, bbolt.Options{Timeout: o.Timeout, InitialMmapSize: size, ReadOnly: o.ReadOnly})
		if !errors.Is(err, syscall.ENOMEM) {
			break
		}
	}
	if err != nil {
		return nil, explain(path, err)
	}
	e := &engine{db: db, is: is.Mark, file: file, stuck: make(chan struct{})}
	newest, err := checkHeads(path, file.file) // again: until now another process might have written
	if err == nil && !o.ReadOnly {
		if err = tighten(path, file.file); err == nil {
			err = settle(path)
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e.last.Store(newest.commit)
	return e, nil
}

// mapSizes begins with what a portal will hardly outgrow, and ends with the size of the file.
func mapSizes() []int {
	if strconv.IntSize < 64 {
		return []int{0}
	}
	large := 1 << 30
	return []int{8 * large, large, 0}
}

func (e *engine) ID() string { return e.is.ID }

// Mark is as store.Markable says.
func (e *engine) Mark() store.Mark { return e.is }

func (e *engine) View(_ context.Context, f func(store.Reader) error) error {
	last := e.last.Load()
	tx, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave(tx)
	if int64(tx.ID()) < last {
		return errHead
	}
	return f(reader{tx.Bucket(dataBucket)})
}

func (e *engine) Commit(_ context.Context, f func(store.Reader) ([]store.Write, error)) error {
	return e.change(func(tx *bbolt.Tx) (bool, error) {
		data := tx.Bucket(dataBucket)
		data.FillPercent = fill
		writes, err := f(reader{data})
		if err != nil {
			return false, err
		}
		for _, w := range writes {
			if err := apply(data, w); err != nil {
				return false, err
			}
		}
		return len(writes) > 0, nil
	})
}

// SetMark is as store.Markable says.
func (e *engine) SetMark(_ context.Context, m store.Mark, check func(store.Reader) error) error {
	return e.change(func(tx *bbolt.Tx) (bool, error) {
		if err := check(reader{tx.Bucket(dataBucket)}); err != nil {
			return false, err
		}
		return true, writeMark(tx.Bucket(markBucket), m)
	})
}

// change makes a commit of what f changes, when it says that it did.
func (e *engine) change(f func(*bbolt.Tx) (changed bool, err error)) error {
	tx, err := e.begin(true)
	if err != nil {
		return err
	}
	defer e.rollback(tx) // after the Commit it does nothing
	commit := int64(tx.ID())
	if commit != e.last.Load()+1 {
		return errHead
	}
	if changed, err := f(tx); !changed || err != nil {
		return err
	}
	if e.isStuck() {
		return errStuck
	}
	if err := tx.Commit(); err != nil {
		return e.failed(err)
	}
	e.last.Store(commit)
	return nil
}

// failed says what came of a commit that failed. When its head found no room nothing was written, but a disk behind FUSE shows
// it all the same to whoever has the file mapped, as bbolt does: nobody knows for how long, so that it is like a failed sync.
func (e *engine) failed(err error) error {
	says := commitError(err)
	if !errors.Is(says, store.ErrFull) {
		return says
	}
	tx, bad := e.enter()
	if bad != nil {
		return errors.Join(says, bad)
	}
	defer e.leave(tx)
	if int64(tx.ID()) != e.last.Load() {
		return unsynced(fmt.Errorf("a head that was not written is read all the same: %w", err))
	}
	return says
}

func apply(b *bbolt.Bucket, w store.Write) error {
	if w.Value == nil {
		return b.Delete(w.Key)
	}
	return b.Put(w.Key, w.Value)
}

// Close lets go of the file. When bbolt is stuck, its own Close would wait for ever.
func (e *engine) Close() error {
	if !e.isStuck() {
		closed := make(chan error, 1)
		go func() { closed <- e.db.Close() }()
		select {
		case err := <-closed:
			return err
		case <-e.stuck:
		}
	}
	e.file.close()
	return nil
}
