package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// A backup is a copy of the file, page by page, and one value more beside the mark: when it was made. Therefore Open refuses it.
// Whoever would just put it in the store's place would bring back every session and whatever was revoked since, without a word;
// Restore takes the value out.
//
// The pages are read from the file and not from the map, in one View: the writer reuses no page that this shows, so the file may
// grow meanwhile, but no commit waits. To check a page more than bbolt does would make the View longer, so the copy is looked at
// afterwards.

var copyKey = []byte("copied")

// spare is how much room a copy leaves on the disk: commits need some while it is made, and after.
func spare(size int64) int64 { return size/8 + 16<<20 }

// pace is how many bytes of a copy may wait for the disk. If all of them did, the commits would wait behind them: with 8 writers and
// copies of 130 MB one after the other p99 of a put was 166 ms so, and is 50 ms; without copies it is 15 ms (BenchmarkPutDuringCopy).
const pace = 4 << 20

// Copy is as store.Copier says.
func (e *engine) Copy(ctx context.Context, path string, at time.Time, progress func(done, all int64)) error {
	stamp := store.Seal(copyKey, at.UTC().AppendFormat(nil, time.RFC3339Nano)).Value
	return copyTo(path, &copyWriter{ctx: ctx, progress: progress}, e.writeTo, func(mark *bbolt.Bucket) error { return mark.Put(copyKey, stamp) })
}

// Restore makes a store at path, where there must be nothing, of the backup at from, and returns when that was made. The store is
// durable and found readable when it returns, or not there.
func Restore(ctx context.Context, from, path string, progress func(done, all int64)) (made time.Time, err error) {
	if made, err = Copied(from); err != nil {
		return made, err
	}
	if made.IsZero() {
		return made, refuse(from, ErrForeign, "it is a store and no backup; where it is just to be moved, move it")
	}
	in, err := os.Open(from)
	if err != nil {
		return made, explain(from, err)
	}
	defer in.Close()
	w := &copyWriter{ctx: ctx, progress: progress}
	return made, copyTo(path, w, func(w *copyWriter) error { return w.copyOf(in) }, func(mark *bbolt.Bucket) error { return mark.Delete(copyKey) })
}

// copyTo makes a file at path: fill writes it, and mark changes what is beside its mark. Until it is finished it has another name.
func copyTo(path string, w *copyWriter, fill func(*copyWriter) error, mark func(*bbolt.Bucket) error) (err error) {
	defer func() {
		if err != nil {
			err = explain(path, err)
		}
	}()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fs.ErrExist)
	}
	if w.file, err = os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*"); err != nil {
		return err
	}
	defer os.Remove(w.file.Name())
	if err := w.close(errors.Join(w.file.Chmod(private), fill(w))); err != nil {
		return err
	}
	if err := changeMark(w.file.Name(), mark); err != nil {
		return err
	}
	if err := read(w.ctx, w.file.Name()); err != nil {
		return err
	}
	return name(w.file.Name(), path)
}

func (e *engine) writeTo(w *copyWriter) error {
	last := e.last.Load()
	tx, err := e.enter()
	if err != nil {
		return err
	}
	defer e.leave(tx)
	if int64(tx.ID()) < last {
		return errHead
	}
	if err := w.begin(tx.Size()); err != nil {
		return err
	}
	_, err = tx.WriteTo(w)
	return err
}

// A copyWriter writes a file that nobody else may read, at the disk's own pace.
type copyWriter struct {
	ctx                 context.Context
	file                *os.File
	done, all, unsynced int64
	progress            func(done, all int64)
}

// begin refuses what would leave no room to others on the disk.
func (w *copyWriter) begin(all int64) error {
	left, err := room(w.file)
	if err != nil {
		return err
	}
	if need := all + spare(all); left < need {
		return fmt.Errorf("%w: %d bytes are left of the %d that it takes", syscall.ENOSPC, left, need)
	}
	w.all = all
	w.progress(0, all)
	return nil
}

func (w *copyWriter) copyOf(in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := w.begin(info.Size()); err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}

func (w *copyWriter) Write(b []byte) (n int, err error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err = w.file.Write(b)
	w.done += int64(n)
	if w.unsynced += int64(n); err == nil && w.unsynced >= pace {
		w.unsynced = 0
		err = w.file.Sync()
		w.progress(w.done, w.all)
	}
	return n, err
}

func (w *copyWriter) close(err error) error {
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	if err == nil {
		w.progress(w.done, w.all)
	}
	return err
}

// name gives a finished file the name that it shall have, if there is still nothing of that name.
func name(made, path string) error {
	err := os.Link(made, path)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		err = os.Rename(made, path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// changeMark changes what is beside the mark of a file that nobody else knows of yet, and syncs.
func changeMark(path string, f func(*bbolt.Bucket) error) error {
	db, err := new(keep).bbolt(path, bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	return errors.Join(db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket(markBucket)) }), db.Close())
}

// Copied returns when the backup at path was made; zero for a store.
func Copied(path string) (time.Time, error) {
	m, err := inspect(path, Options{ReadOnly: true, Backup: true, Timeout: time.Second})
	return m.copied, err
}

// readCopied returns when a backup was made; zero for a store.
func readCopied(b *bbolt.Bucket) (at time.Time, err error) {
	v := b.Get(copyKey)
	if v == nil {
		return at, nil
	}
	if v, err = store.Unseal(copyKey, v); err != nil {
		return at, err
	}
	return time.Parse(time.RFC3339Nano, string(v))
}

// read reads the whole of a store or a backup, so that what cannot be read is known now.
func read(ctx context.Context, path string) error {
	db, err := Open(path, Options{ReadOnly: true, Backup: true})
	if err != nil {
		return err
	}
	err = db.View(ctx, func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func([]byte, []byte) (bool, error) { return true, ctx.Err() })
	})
	return errors.Join(err, db.Close())
}
