package bolt

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// scratch is the engine of a file that is worth nothing without its process.
type scratch struct {
	*engine
	path string
}

// Scratch makes the engine of a copy of what is kept elsewhere under that id: in a new file at path, in the place of any that was
// there. Nothing in it is ever synced, so a commit takes no longer than it takes to write; Close removes it.
func Scratch(path, id string) (store.Engine, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, explain(path, err)
	}
	file := &keep{create: true}
	var db *bbolt.DB
	var err error
	for _, size := range mapSizes() {
		db, err = file.bbolt(path, bbolt.Options{
			Timeout: time.Second, InitialMmapSize: size, NoSync: true, NoGrowSync: true, NoFreelistSync: true,
		})
		if !errors.Is(err, syscall.ENOMEM) {
			break
		}
	}
	if err != nil {
		return nil, explain(path, err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return makeMark(tx, store.Mark{ID: id}) }); err != nil {
		return nil, errors.Join(explain(path, err), db.Close(), os.Remove(path))
	}
	e := &scratch{&engine{db: db, is: store.Mark{ID: id}, file: file, stuck: make(chan struct{})}, path}
	newest, err := checkHeads(path, file.file)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.last.Store(newest.commit)
	return e, nil
}

func (s *scratch) Close() error {
	err := s.engine.Close()
	if gone := os.Remove(s.path); !errors.Is(gone, fs.ErrNotExist) { // somebody tidied
		err = errors.Join(err, gone)
	}
	return err
}
