package store

import (
	"bytes"
	"encoding/json"
)

// The entries of a collection, which find its records by unique keys and indexes, follow from the records. So who keeps a store in more
// than one place needs to keep the records alone where that is dear, and can make the entries where he reads them.

// IsEntry reports whether key is that of an entry of a collection that this program has made.
func IsEntry(key []byte) bool {
	c := made.of(key)
	return c != nil && c.hasEntry(key)
}

// Entries adds to writes those of the entries that follow from them, in no order. writes have no entries, and each key once. r shows what
// was there before them; nil is nothing. A record that fails its checksum is damage; of one that cannot be read there are no entries.
func Entries(r Reader, writes []Write) ([]Write, error) {
	var gone, come []Write
	for _, w := range writes {
		c := made.of(w.Key)
		if c == nil {
			continue
		}
		var was []byte
		var err error
		if r != nil {
			was, err = r.Get(w.Key)
		}
		if err == nil {
			err = c.moveEntries(w, was, func(entry Write) {
				if entry.Value == nil {
					gone = append(gone, entry)
				} else {
					come = append(come, entry)
				}
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return append(writes, without(gone, come)...), nil
}

// without is come, and what is gone and does not come back: a unique key may go from one record to another.
func without(gone, come []Write) []Write {
	if len(gone) == 0 {
		return come
	}
	back := make(map[string]bool, len(come))
	for _, w := range come {
		back[string(w.Key)] = true
	}
	for _, w := range gone {
		if !back[string(w.Key)] {
			come = append(come, w)
		}
	}
	return come
}

func (c *Collection[T]) hasEntry(key []byte) bool {
	for _, l := range c.lookups {
		if bytes.HasPrefix(key, l.prefix) {
			return true
		}
	}
	return false
}

// moveEntries tells of the entries that change when a record is written in the place of what was there. It tells nothing when w is no
// record.
func (c *Collection[T]) moveEntries(w Write, was []byte, tell func(Write)) error {
	n, is := bytes.CutPrefix(w.Key, c.records)
	if !is || len(n) != 8 || len(c.lookups) == 0 {
		return nil
	}
	old, err := c.unframed(w.Key, was)
	if err != nil {
		return err
	}
	v, err := c.unframed(w.Key, w.Value)
	if err != nil {
		return err
	}
	id := number(n)
	for _, l := range c.lookups {
		before, after := l.entryOf(id, old), l.entryOf(id, v)
		if before != nil && !bytes.Equal(before, after) {
			tell(Write{Key: before})
		}
		if after != nil {
			tell(Seal(after, l.value(id)))
		}
	}
	return nil
}

// unframed is the record in a frame; nil when there is none, or none that can be read.
func (c *Collection[T]) unframed(key, framed []byte) (*T, error) {
	if framed == nil {
		return nil, nil
	}
	b, err := Unseal(key, framed)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if json.Unmarshal(b, v) != nil {
		return nil, nil
	}
	*c.id(v) = number(key[len(c.records):])
	return v, nil
}

// entryOf is the stored key of a record's entry; nil when it has none.
func (l lookup[T]) entryOf(id int64, v *T) []byte {
	if v == nil {
		return nil
	}
	key := l.key(v)
	if key == nil {
		return nil
	}
	return l.entry(id, key)
}
