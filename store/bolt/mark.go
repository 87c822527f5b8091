package bolt

import (
	"bytes"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
)

// The mark, a bucket of its own, tells a store of Portico's from any other bbolt file.
var (
	markBucket = []byte("portico")
	markMagic  = []byte("magic")
	markFormat = []byte("format")
	markID     = []byte("id")

	magic = []byte("Portico store")
)

// format is the version of what lies in the file: one byte. A store with a larger one is refused.
const format = 1

// makeMark turns an empty bbolt file into a store.
func makeMark(tx *bbolt.Tx) error {
	if _, err := tx.CreateBucket(dataBucket); err != nil {
		return err
	}
	b, err := tx.CreateBucket(markBucket)
	if err != nil {
		return err
	}
	for _, put := range [...][2][]byte{
		{markMagic, magic},
		{markFormat, {format}},
		{markID, []byte(uuid.NewString())},
	} {
		if err := b.Put(put[0], put[1]); err != nil {
			return err
		}
	}
	return nil
}

// readMark returns the store's id, or ErrForeign or ErrNewer.
func readMark(tx *bbolt.Tx, path string) (id string, err error) {
	b := tx.Bucket(markBucket)
	if b == nil || !bytes.Equal(b.Get(markMagic), magic) {
		return "", refuse(path, ErrForeign, "it is the bbolt file of another program; give another path")
	}
	f := b.Get(markFormat)
	if len(f) != 1 || tx.Bucket(dataBucket) == nil {
		return "", refuse(path, ErrDamaged, "its mark is incomplete; %s", restore)
	}
	if f[0] > format {
		return "", refuse(path, ErrNewer, "its format is %d, this version knows up to %d; run the newer version", f[0], format)
	}
	return string(b.Get(markID)), nil
}
