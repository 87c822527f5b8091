package store

import "bytes"

// Span is a range of the keys of an index or a unique key: those that begin with Prefix, from From up to but not including
// To, whole keys both, nil for an open end. Reverse starts at the high end; equal keys then come by falling number.
//
// To begin at one record among many with the same key, take AppendKey(key, id) for From or To.
type Span struct {
	Prefix, From, To []byte
	Reverse          bool
}

// scan reads the records that a span of lookup l leads to.
func (c *Collection[T]) scan(l lookup[T], tx Tx, s Span, f func(*T) (more bool, err error)) error {
	return l.ids(tx, s, func(_ []byte, id int64) (bool, error) {
		v, err := c.Get(tx, id)
		if err != nil {
			return false, err
		}
		if v == nil {
			return false, c.missing(l, id)
		}
		return f(v)
	})
}

// ids shows f the keys and numbers of a span. The number is the value of a unique key, and the end of another.
func (l lookup[T]) ids(tx Tx, s Span, f func(key []byte, id int64) (more bool, err error)) error {
	return tx.Scan(l.span(s), func(entry, value []byte) (bool, error) {
		key, n := entry[len(l.prefix):], value
		if !l.unique {
			end := max(len(key)-8, 0)
			key, n = key[:end], key[end:]
		}
		id, err := numberIn(n)
		if err != nil {
			return false, err
		}
		return f(key[:len(key):len(key)], id)
	})
}

func (l lookup[T]) span(s Span) Range {
	at := func(key []byte) []byte { return append(bytes.Clone(l.prefix), key...) }
	r := Prefix(at(s.Prefix))
	if from := at(s.From); s.From != nil && bytes.Compare(from, r.From) > 0 {
		r.From = from
	}
	if to := at(s.To); s.To != nil && bytes.Compare(to, r.To) < 0 {
		r.To = to
	}
	r.Reverse = s.Reverse
	return r
}
