package account

import (
	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// Room refuses one more record where as many as there may be have keys with that prefix. It reads no more than that many keys,
// and holds under concurrency, for Updates are serial. The format has one number in it, the limit.
func Room(tx store.Tx, to store.Way, prefix []byte, most int, format string) error {
	n := 0
	err := to.IDs(tx, store.Span{Prefix: prefix}, func([]byte, int64) (bool, error) {
		n++
		return n < most, nil
	})
	if err == nil && n >= most {
		err = auth.Errorf(auth.Limit, format, most)
	}
	return err
}
