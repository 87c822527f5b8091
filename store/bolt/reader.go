package bolt

import (
	"bytes"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// reader reads the one bucket that holds the data.
type reader struct{ data *bbolt.Bucket }

func (r reader) Get(key []byte) ([]byte, error) { return r.data.Get(key), nil }

func (r reader) Scan(s store.Range, f func(key, value []byte) (bool, error)) error {
	c := r.data.Cursor()
	start, next := forward, c.Next
	if s.Reverse {
		start, next = backward, c.Prev
	}
	for k, v := start(c, s); k != nil && inside(s, k); k, v = next() {
		if more, err := f(k, v); !more || err != nil {
			return err
		}
	}
	return nil
}

func inside(s store.Range, key []byte) bool {
	return (s.From == nil || bytes.Compare(key, s.From) >= 0) && (s.To == nil || bytes.Compare(key, s.To) < 0)
}

func forward(c *bbolt.Cursor, s store.Range) (key, value []byte) {
	if s.From == nil {
		return c.First()
	}
	return c.Seek(s.From)
}

// backward finds the last key before s.To. Seek finds the first one not before it, or nothing when all are.
func backward(c *bbolt.Cursor, s store.Range) (key, value []byte) {
	if s.To == nil {
		return c.Last()
	}
	if k, _ := c.Seek(s.To); k == nil {
		return c.Last()
	}
	return c.Prev()
}
