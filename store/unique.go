package store

// Unique finds the one record of a collection that has a key.
type Unique[T any] struct {
	c *Collection[T]
	l lookup[T]
}

// Unique adds a unique key: of two records, the second with the same key is refused with ErrTaken. A record whose key is
// nil has none. key must always make the same of the same record.
func (c *Collection[T]) Unique(name string, key func(*T) []byte) *Unique[T] {
	return &Unique[T]{c, c.lookup(name, "u", key)}
}

// Get returns the record that has the key, or nil.
func (u *Unique[T]) Get(tx Tx, key []byte) (*T, error) {
	id, err := u.ID(tx, key)
	if id == 0 || err != nil {
		return nil, err
	}
	v, err := u.c.Get(tx, id)
	if v == nil && err == nil {
		err = u.c.missing(u.l, id)
	}
	return v, err
}

// ID returns the number of the record that has the key, or 0; it does not read the record.
func (u *Unique[T]) ID(tx Tx, key []byte) (int64, error) { return u.l.owner(tx, key) }

// Scan shows f the records whose keys are in s, in the order of the keys; see Index.Scan.
func (u *Unique[T]) Scan(tx Tx, s Span, f func(*T) (more bool, err error)) error {
	return u.c.scan(u.l, tx, s, f)
}

// IDs is Scan for the keys and numbers alone; it reads no record. The key is valid as long as f runs.
func (u *Unique[T]) IDs(tx Tx, s Span, f func(key []byte, id int64) (more bool, err error)) error {
	return u.l.ids(tx, s, f)
}
