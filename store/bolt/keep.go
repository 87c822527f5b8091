package bolt

import (
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// keep remembers the file that bbolt opened: when bbolt panics over it, somebody must close it.
type keep struct {
	create bool // bbolt may make the file
	file   *os.File
}

// bbolt is bbolt.Open with the settings that all have in common. A panic over a damaged file becomes an error.
func (k *keep) bbolt(path string, o bbolt.Options) (db *bbolt.DB, err error) {
	o.FreelistType = bbolt.FreelistMapType
	o.NoStatistics = true
	o.OpenFile = k.open
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			k.close()
			db, err = nil, store.Damage(p)
		}
	}()
	return bbolt.Open(path, private, &o)
}

func (k *keep) open(name string, flag int, mode os.FileMode) (*os.File, error) {
	if !k.create {
		flag &^= os.O_CREATE // the file that was looked at may have vanished since
	}
	f, err := os.OpenFile(name, flag, mode)
	k.file = f
	return f, err
}

// close unlocks as well: the memory map, which bbolt took along into its panic, would keep the lock of a closed file.
func (k *keep) close() {
	if k.file != nil {
		unlock(k.file)
		_ = k.file.Close()
	}
}
