package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// unfinished is what the name of a store in the making ends with, behind the name that it will have.
const unfinished = ".unfinished-*"

// createIfAsked makes a store at path if there is no file. It is made complete and durable under another name first: a power
// failure on the way leaves no store, never a broken one. What such a failure left behind is cleared away.
func createIfAsked(path string, asked bool) error {
	_, err := os.Lstat(path)
	if !asked || !errors.Is(err, fs.ErrNotExist) {
		return nil // what there is, inspect will judge
	}
	old, _ := filepath.Glob(path + unfinished)
	for _, name := range old {
		_ = os.Remove(name)
	}
	if err := create(path); err != nil {
		return explain(path, err)
	}
	return nil
}

func create(path string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+unfinished) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	if err := initialise(f.Name()); err != nil {
		return err
	}
	if err := publish(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// publish gives the finished store its name, by a link where there are links: of two processes that create at once, the
// second must not replace the first one's file, as a rename would.
func publish(made, path string) error {
	err := os.Link(made, path)
	switch {
	case err == nil:
		return os.Remove(made)
	case errors.Is(err, fs.ErrExist):
		return nil
	}
	return os.Rename(made, path)
}

func initialise(path string) (err error) {
	db, err := new(keep).bbolt(path, bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(makeMark) // syncs
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
