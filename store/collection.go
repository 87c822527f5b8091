package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Collection is records of one type, numbered, kept as JSON, found again by number, by unique keys and by indexes. It is
// made once, at start, and holds no records itself: every method works inside the Tx it is given.
//
// The keys of a collection:
//
//	NAME/n               the last number given
//	NAME/rNUMBER         a record
//	NAME/uUNIQUE/KEY     the number of the record that has KEY
//	NAME/iINDEX/KEY NUMBER   nothing; the key says it all
//
// No name may contain a slash, so none begins with another's keys.
type Collection[T any] struct {
	name    string
	id      func(*T) *int64
	first   int64
	counter []byte
	records []byte
	lookups []lookup[T]
	leads   []lead[T]
	memo    *memo[T]
}

// NewCollection describes a collection; id says where a record keeps its number. A bad name panics, here and in Unique and
// Index.
func NewCollection[T any](name string, id func(*T) *int64) *Collection[T] {
	mustName(name)
	c := &Collection[T]{
		name:    name,
		id:      id,
		first:   1,
		counter: []byte(name + "/n"),
		records: []byte(name + "/r"),
	}
	made.add(name, c)
	return c
}

func mustName(name string) {
	if name == "" || strings.Contains(name, "/") {
		panic(fmt.Sprintf("store: %q cannot be a name", name))
	}
}

// First lets the numbers begin at n instead of 1.
func (c *Collection[T]) First(n int64) *Collection[T] {
	c.first = n
	return c
}

// Get returns the record with that number, or nil.
func (c *Collection[T]) Get(tx Tx, id int64) (*T, error) {
	b, err := tx.Get(c.record(id))
	if b == nil || err != nil {
		return nil, err
	}
	return c.memo.decode(id, b, c.decode)
}

// Insert gives v a number and writes it. A number is given once, also when its record is deleted. It fails with ErrTaken,
// and writes nothing then, if a unique key of v belongs to another record; and when the last number was given.
func (c *Collection[T]) Insert(tx Tx, v *T) error {
	last, err := c.Last(tx)
	if err != nil {
		return err
	}
	if last == math.MaxInt64 {
		return fmt.Errorf("%s: there is no number left", c.name)
	}
	id := max(last+1, c.first)
	if err := c.free(tx, id, v); err != nil {
		return err
	}
	*c.id(v) = id
	if err := tx.Put(c.counter, appendInt(nil, id)); err != nil {
		return err
	}
	return c.write(tx, id, nil, v)
}

// Put writes v under the number it has, whether there is such a record or not. Of its keys only those that changed are
// written. It fails like Insert.
func (c *Collection[T]) Put(tx Tx, v *T) error {
	id := *c.id(v)
	if id < 1 {
		return fmt.Errorf("%s: no record can have the number %d", c.name, id)
	}
	old, err := c.Get(tx, id)
	if err != nil {
		return err
	}
	if err := c.free(tx, id, v); err != nil {
		return err
	}
	if old == nil {
		if err := c.skip(tx, id); err != nil {
			return err
		}
	}
	return c.write(tx, id, old, v)
}

// Delete removes the record with that number and reports whether there was one.
func (c *Collection[T]) Delete(tx Tx, id int64) (bool, error) {
	old, err := c.Get(tx, id)
	if old == nil || err != nil {
		return false, err
	}
	for _, l := range c.lookups {
		if err := l.move(tx, id, l.key(old), nil); err != nil {
			return false, err
		}
	}
	return true, tx.Delete(c.record(id))
}

// A Way is an index, or unique keys, of a collection: it leads to its records.
type Way interface {
	IDs(tx Tx, s Span, f func(key []byte, id int64) (more bool, err error)) error
}

// First answers the number of the first record that a way leads to in a span, or 0.
func First(tx Tx, to Way, s Span) (first int64, err error) {
	err = to.IDs(tx, s, func(_ []byte, id int64) (bool, error) {
		first = id
		return false, nil
	})
	return first, err
}

// DeleteSome removes the first records that a way leads to in a span, at most so many, and says how many those were.
func (c *Collection[T]) DeleteSome(tx Tx, to Way, s Span, most int) (int, error) {
	var list []int64
	err := to.IDs(tx, s, func(_ []byte, id int64) (bool, error) {
		list = append(list, id)
		return len(list) < most, nil
	})
	for _, id := range list {
		if err == nil {
			_, err = c.Delete(tx, id)
		}
	}
	return len(list), err
}

// Scan shows f the records with numbers above after, in order, until f wants no more or fails; it returns f's error.
func (c *Collection[T]) Scan(tx Tx, after int64, f func(*T) (more bool, err error)) error {
	r := Range{From: append(c.record(after), 0), To: behind(c.records)}
	return tx.Scan(r, func(key, value []byte) (bool, error) {
		id, err := numberIn(key[len(c.records):])
		if err != nil {
			return false, err
		}
		v, err := c.decode(id, value)
		if err != nil {
			return false, err
		}
		return f(v)
	})
}

// Bytes shows f the records with numbers above after, up to and including upTo, as they are stored, in order, until f wants no
// more or fails; it returns f's error. The bytes are valid as those of Tx.Get.
func (c *Collection[T]) Bytes(tx Tx, after, upTo int64, f func(id int64, record []byte) (more bool, err error)) error {
	r := Range{From: append(c.record(after), 0), To: append(c.record(upTo), 0)}
	return tx.Scan(r, func(key, value []byte) (bool, error) {
		id, err := numberIn(key[len(c.records):])
		if err != nil {
			return false, err
		}
		return f(id, value)
	})
}

func (c *Collection[T]) record(id int64) []byte { return numbered(c.records, nil, id) }

// numbered is prefix, key and id in one new slice.
func numbered(prefix, key []byte, id int64) []byte {
	b := make([]byte, 0, len(prefix)+len(key)+9) // room for the zero of Scan
	return appendInt(append(append(b, prefix...), key...), id)
}

func (c *Collection[T]) decode(id int64, b []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%s %d: %w", c.name, id, err)
	}
	*c.id(v) = id
	return v, nil
}

// Last returns the last number given, or 0.
func (c *Collection[T]) Last(tx Tx) (int64, error) {
	b, err := tx.Get(c.counter)
	if b == nil || err != nil {
		return 0, err
	}
	return numberIn(b)
}

// skip sees to it that Insert will not give the number id.
func (c *Collection[T]) skip(tx Tx, id int64) error {
	last, err := c.Last(tx)
	if err != nil || id <= last {
		return err
	}
	return tx.Put(c.counter, appendInt(nil, id))
}

// free fails with ErrTaken if a unique key of v belongs to another record than id.
func (c *Collection[T]) free(tx Tx, id int64, v *T) error {
	for _, l := range c.lookups {
		if !l.unique {
			continue
		}
		owner, err := l.owner(tx, l.key(v))
		if err != nil {
			return err
		}
		if owner != 0 && owner != id {
			return &TakenError{Collection: c.name, Key: l.name}
		}
	}
	return nil
}

// write puts v and what finds it in the place of old, which may be nil.
func (c *Collection[T]) write(tx Tx, id int64, old, v *T) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s %d: %w", c.name, id, err)
	}
	if err := tx.Put(c.record(id), b); err != nil {
		return err
	}
	for _, l := range c.lookups {
		var was []byte
		if old != nil {
			was = l.key(old)
		}
		if err := l.move(tx, id, was, l.key(v)); err != nil {
			return err
		}
	}
	return nil
}
