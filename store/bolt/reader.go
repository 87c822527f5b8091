package bolt

import (
	"bytes"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// reader reads the one bucket that holds the data.
//
// bbolt finds a key by way of others, and one of these that rotted leads past records that are there: a token would be
// unknown, a list short. So nothing is called absent before its place was looked at: what stands on both sides of it is
// whole, and in order with what comes next. A Scan looks so at the place where it begins, and at the key that ends it, and
// goes one way only.
type reader struct{ data *bbolt.Bucket }

func (r reader) Get(key []byte) ([]byte, error) {
	c := r.data.Cursor()
	k, v := c.Seek(key)
	if k == nil || !bytes.Equal(k, key) {
		return nil, place(c, key, k, v)
	}
	if v == nil {
		return nil, whole(k, v) // it is not: bbolt takes it for a bucket
	}
	return v, nil // the store checks what it is shown
}

func (r reader) Scan(s store.Range, f func(key, value []byte) (bool, error)) error {
	c := r.data.Cursor()
	next, order := c.Next, 1
	if s.Reverse {
		next, order = c.Prev, -1
	}
	k, v, err := start(c, s)
	for ended := false; err == nil && k != nil && !ended; {
		if ended = beyond(s, k); ended {
			err = whole(k, v)
		} else if more, err := f(k, v); !more || err != nil {
			return err
		}
		last := k
		if k, v = next(); k != nil && bytes.Compare(k, last) != order {
			return disorder(k)
		}
	}
	return err
}

// start is the record with which a Scan begins.
func start(c *bbolt.Cursor, s store.Range) (k, v []byte, err error) {
	at := s.From
	if s.Reverse {
		at = s.To
	}
	if at != nil {
		k, v = c.Seek(at)
		err = place(c, at, k, v)
		k, v = c.Seek(at)
	}
	switch {
	case s.Reverse && k == nil:
		k, v = c.Last()
	case s.Reverse:
		k, v = c.Prev()
	case at == nil:
		k, v = c.First()
	}
	return k, v, err
}

// beyond reports whether key lies behind the end of a Scan.
func beyond(s store.Range, key []byte) bool {
	if s.Reverse {
		return s.From != nil && bytes.Compare(key, s.From) < 0
	}
	return s.To != nil && bytes.Compare(key, s.To) >= 0
}

// place makes sure that no record is missing at key, where a Seek of key has found k.
func place(c *bbolt.Cursor, key, k, v []byte) error {
	var before, its, first, last []byte
	if k == nil {
		before, its = c.Last()
	} else {
		if last, _ = c.Next(); last != nil {
			c.Prev()
		}
		before, its = c.Prev()
	}
	if before != nil {
		first, _ = c.Prev()
	}
	if k != nil && bytes.Compare(k, key) < 0 || before != nil && bytes.Compare(before, key) >= 0 ||
		!ascend(first, before) || !ascend(k, last) {
		return disorder(key)
	}
	return errors.Join(whole(before, its), whole(k, v))
}

func ascend(a, b []byte) bool { return a == nil || b == nil || bytes.Compare(a, b) < 0 }

// whole checks a record, if there is one.
func whole(key, sealed []byte) error {
	if key == nil {
		return nil
	}
	_, err := store.Unseal(key, sealed)
	return err
}

func disorder(key []byte) error {
	return store.Damage(fmt.Sprintf("the keys around %s are out of order", store.KeyText(key)))
}
