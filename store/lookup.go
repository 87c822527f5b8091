package store

import (
	"bytes"
	"fmt"
)

// lookup is a second way to a record, unique or not: what the two have in common.
type lookup[T any] struct {
	name   string
	prefix []byte
	key    func(*T) []byte
	unique bool
}

func (c *Collection[T]) lookup(name, kind string, key func(*T) []byte) lookup[T] {
	mustName(name)
	l := lookup[T]{name: name, prefix: []byte(c.name + "/" + kind + name + "/"), key: key, unique: kind == "u"}
	for _, other := range c.lookups {
		if bytes.Equal(other.prefix, l.prefix) {
			panic(fmt.Sprintf("store: %s has two keys of the name %q", c.name, name))
		}
	}
	c.lookups = append(c.lookups, l)
	return l
}

// entry is the stored key for key. It is never nil.
func (l lookup[T]) entry(id int64, key []byte) []byte {
	if l.unique {
		return append(bytes.Clone(l.prefix), key...)
	}
	return numbered(l.prefix, key, id)
}

// owner is the number under a unique key, 0 for none.
func (l lookup[T]) owner(tx Tx, key []byte) (int64, error) {
	if key == nil {
		return 0, nil
	}
	b, err := tx.Get(l.entry(0, key))
	if b == nil || err != nil {
		return 0, err
	}
	return numberIn(b)
}

// move replaces the entry under was by one under is; nil is no entry.
func (l lookup[T]) move(tx Tx, id int64, was, is []byte) error {
	if (was == nil) == (is == nil) && bytes.Equal(was, is) {
		return nil
	}
	if was != nil {
		if err := tx.Delete(l.entry(id, was)); err != nil {
			return err
		}
	}
	if is == nil {
		return nil
	}
	return tx.Put(l.entry(id, is), l.value(id))
}

// value is what is stored under an entry.
func (l lookup[T]) value(id int64) []byte {
	if l.unique {
		return appendInt(nil, id)
	}
	return nil
}

// missing is the error for an entry without its record: somebody wrote past the collection.
func (c *Collection[T]) missing(l lookup[T], id int64) error {
	return fmt.Errorf("%s: %s leads to number %d, which is not there", c.name, l.name, id)
}
