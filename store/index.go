package store

// Index finds the records of a collection by a key that many may share, in the order of key and number.
type Index[T any] struct {
	c *Collection[T]
	l lookup[T]
}

// Index adds an index. A record whose key is nil is not in it. key must always make the same of the same record, by Key:
// in bytes made otherwise one key may be the beginning of another, and then the order is not that of the keys.
func (c *Collection[T]) Index(name string, key func(*T) []byte) *Index[T] {
	return &Index[T]{c, c.lookup(name, "i", key)}
}

// Scan shows f the records of s in order, until f wants no more or fails; it returns f's error.
func (x *Index[T]) Scan(tx Tx, s Span, f func(*T) (more bool, err error)) error {
	return x.c.scan(x.l, tx, s, f)
}

// IDs is Scan for the keys and numbers alone; it reads no record. The key is valid as long as f runs.
func (x *Index[T]) IDs(tx Tx, s Span, f func(key []byte, id int64) (more bool, err error)) error {
	return x.l.ids(tx, s, f)
}
