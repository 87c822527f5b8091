package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// The mark, in a bucket of its own, tells a store of Portico's from any other bbolt file. It is one value, sealed like all
// others: markMagic, one byte of format, and the store's id. In every later format it will at least begin so.
var (
	markBucket = []byte("portico")
	markKey    = []byte("mark")
	markMagic  = []byte("Portico store")
)

// format is the version of what lies in the file, from 1 on. A store with a larger one is refused.
const format = 1

// stateKey is what a store that is set aside has beside its mark.
var stateKey = []byte("state")

// makeMark turns an empty bbolt file into a store.
func makeMark(tx *bbolt.Tx, as store.Mark) error {
	if _, err := tx.CreateBucket(dataBucket); err != nil {
		return err
	}
	b, err := tx.CreateBucket(markBucket)
	if err != nil {
		return err
	}
	return writeMark(b, as)
}

func writeMark(b *bbolt.Bucket, m store.Mark) error {
	err := b.Put(markKey, mark(format, m.ID))
	if err != nil || m.State.Kind == store.Whole {
		return errors.Join(err, b.Delete(stateKey))
	}
	state, err := json.Marshal(m.State)
	if err != nil {
		return err
	}
	return b.Put(stateKey, store.Seal(stateKey, state).Value)
}

func mark(format byte, id string) []byte {
	return store.Seal(markKey, append(append(bytes.Clone(markMagic), format), id...)).Value
}

// A marked file is a store, or a backup of one.
type marked struct {
	store.Mark
	copied time.Time // when the backup was made
}

// readMark returns what the file is, or ErrForeign, ErrDamaged or ErrNewer.
func readMark(tx *bbolt.Tx, path string) (is marked, err error) {
	b := tx.Bucket(markBucket)
	if b == nil {
		return is, refuse(path, ErrForeign, "it is the bbolt file of another program, or its first page is damaged; give another path, or %s", restore)
	}
	m, err := store.Unseal(markKey, b.Get(markKey))
	m, ours := bytes.CutPrefix(m, markMagic)
	if err != nil || !ours || len(m) == 0 || m[0] < 1 || tx.Bucket(dataBucket) == nil {
		return is, refuse(path, ErrDamaged, "its mark is broken; %s", restore)
	}
	if m[0] > format {
		return is, refuse(path, ErrNewer, "its format is %d, this version knows up to %d; run the newer version", m[0], format)
	}
	is.ID = string(m[1:])
	is.copied, err = readCopied(b)
	if err == nil {
		err = readState(b, &is.State)
	}
	if err != nil {
		return is, refuse(path, ErrDamaged, "%w", err)
	}
	return is, nil
}

func readState(b *bbolt.Bucket, into *store.State) error {
	v := b.Get(stateKey)
	if v == nil {
		return nil
	}
	v, err := store.Unseal(stateKey, v)
	if err != nil {
		return err
	}
	return json.Unmarshal(v, into)
}
