package bolt

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// unfinished is what the name of a store in the making ends with, behind the name that it will have, and before some digits.
const unfinished = ".unfinished-"

// private is the mode of the file, whatever the umask: there is much in it that helps an attacker.
const private = 0o600

// createIfAsked makes a store at path if there is no file. It is made complete and durable under another name first: a power
// failure on the way leaves no store, never a broken one. What such a failure leaves behind, the next Open clears away.
func createIfAsked(path string, o Options) error {
	_, err := os.Lstat(path)
	if !o.Create || !errors.Is(err, fs.ErrNotExist) {
		return nil // what there is, inspect will judge
	}
	if err := create(path, o.As); err != nil {
		return explain(path, err)
	}
	return nil
}

func create(path string, as store.Mark) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+unfinished+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(f.Chmod(private), f.Close()); err != nil {
		return err
	}
	if err := initialise(f.Name(), as); err != nil {
		return err
	}
	return publish(f.Name(), path)
}

// publish gives the finished store its name, by a link where there are links: of two processes that create at once, the
// second must not replace the first one's file, as a rename would. The first, once it is open, clears away what the second is
// making.
func publish(made, path string) error {
	err := os.Link(made, path)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if _, there := os.Lstat(path); there == nil {
			return nil
		}
	case errors.Is(err, syscall.EPERM), errors.Is(err, errors.ErrUnsupported):
		return os.Rename(made, path)
	}
	return err
}

func initialise(path string, as store.Mark) (err error) {
	db, err := (&keep{create: true}).bbolt(path, bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	as.ID = cmp.Or(as.ID, uuid.NewString())
	return db.Update(func(tx *bbolt.Tx) error { return makeMark(tx, as) }) // syncs
}

// settle sees to the folder of a store that is open for this process alone. A creation that was cut off may have left its name
// there, not yet durable, and a second name for the same file.
func settle(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return explain(path, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+unfinished) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	if err := syncDir(dir); err != nil {
		return explain(path, err)
	}
	return nil
}

// tighten takes the file from all others. A backup is easily restored with the mode of any file; to refuse it would keep a
// portal down over what is mended in a moment. A file that belongs to somebody else is refused.
func tighten(path string, f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&^private != 0 {
		err = f.Chmod(private)
	}
	if err != nil {
		return explain(path, err)
	}
	return nil
}

// syncDir makes the names in a folder durable, where a folder can be synced.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if runtime.GOOS == "windows" || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
