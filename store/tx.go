package store

import "fmt"

// The limits of one Update, those of the strictest engine.
const (
	MaxKeys  = 100
	MaxBytes = 1 << 20 // keys and values together
	MaxKey   = 2048    // bytes of one key
)

// The limits of what the function of OnCommit adds to a group.
const (
	MaxLastKeys  = 20
	MaxLastBytes = 256 << 10
)

// Tx reads and writes inside a View or an Update. It must not be used by two goroutines at once, nor after its function
// returned. An error of a Tx stays: its transaction fails with it even if the function returns nil.
type Tx interface {
	// Get returns nil for an absent key; a value that is present is never nil. The bytes are valid until the transaction's
	// function returns, and must not be changed.
	Get(key []byte) ([]byte, error)

	// Put sets key to value and keeps neither. It fails with ErrReadOnly in a View and with ErrLimit where the limits end.
	Put(key, value []byte) error

	// Delete removes key; no error if it is absent. It fails like Put, and counts as a key.
	Delete(key []byte) error

	// Scan shows f the keys of r in order, as they were when the Scan began, until f wants no more or fails; it returns f's
	// error. f may use the transaction. The bytes are valid as those of Get.
	Scan(r Range, f func(key, value []byte) (more bool, err error)) error
}

// tx is a Tx over the engine's reader and, in an Update, the layers of its group and its own.
type tx struct {
	db     *DB
	reader Reader
	seen   seen     // nil in a View
	group  *overlay // nil in a View
	own    overlay
	max    bound // of own
	err    error
	over   bool
}

func (t *tx) end() { t.over = true }

// fail keeps the first error of the transaction.
func (t *tx) fail(err error) error {
	if t.err == nil {
		t.err = t.db.note(err)
	}
	return err
}

// verdict is the outcome of a function that returned err.
func (t *tx) verdict(err error) error {
	if err == nil {
		return t.err
	}
	return err
}

func (t *tx) Get(key []byte) (value []byte, err error) {
	if t.over {
		return nil, errOver
	}
	if t.group != nil {
		for _, layer := range [...]*overlay{&t.own, t.group} {
			if i, found := layer.find(key); found {
				return opened(layer.writes[i]), nil
			}
		}
	}
	return t.read(key)
}

func opened(w Write) []byte {
	if w.Value == nil {
		return nil
	}
	return w.Value[frame:]
}

func (t *tx) read(key []byte) (value []byte, err error) {
	if value, known := t.seen[string(key)]; known {
		return value, nil
	}
	theirs := false
	defer t.guard(&err, &theirs)
	framed, err := t.reader.Get(key)
	if err != nil {
		return nil, err
	}
	if framed != nil {
		value, err = Unseal(key, framed)
	}
	if err == nil {
		t.seen.add(key, value)
	}
	return value, err
}

// seen is what the Updates of a group have read by Get, out of its frame. All of them read the same state of the engine, and the same
// few records most of the time.
type seen map[string][]byte

// mostSeen bounds what a group remembers: an Update that reads much reads each thing once.
const mostSeen = 4096

func (s seen) add(key, value []byte) {
	if s != nil && len(s) < mostSeen {
		s[string(key)] = value
	}
}

// guard turns a panic of the engine, and a fault of its memory wherever that happens, into damage, lets another panic of the
// caller's function (theirs) pass, and keeps an error that is not theirs.
func (t *tx) guard(err *error, theirs *bool) {
	p := recover()
	switch {
	case p != nil && *theirs && !fault(p):
		panic(p)
	case p != nil:
		*err = Damage(p)
	case *theirs:
		return
	}
	if *err != nil {
		_ = t.fail(*err)
	}
}

func (t *tx) Put(key, value []byte) error { return t.write(Seal(key, value)) }

func (t *tx) Delete(key []byte) error {
	return t.write(Write{Key: append([]byte(nil), key...)})
}

func (t *tx) write(w Write) error {
	switch {
	case t.over:
		return errOver
	case t.err != nil:
		return t.err
	case t.group == nil:
		return t.fail(ErrReadOnly)
	case len(w.Key) == 0 || len(w.Key) > MaxKey:
		return t.fail(fmt.Errorf("%w: a key of %d bytes", ErrLimit, len(w.Key)))
	}
	t.own.put(w)
	if n := len(t.own.writes); n > t.max.keys {
		return t.fail(fmt.Errorf("%w: more than %d keys", ErrLimit, t.max.keys))
	}
	if t.own.size > t.max.bytes {
		return t.fail(fmt.Errorf("%w: more than %d bytes", ErrLimit, t.max.bytes))
	}
	return nil
}

func (t *tx) Scan(r Range, f func(key, value []byte) (more bool, err error)) error {
	if t.over {
		return errOver
	}
	if t.group == nil {
		return t.scan(r, f)
	}
	own, group := t.own.part(r), t.group.part(r)
	return merge(own, r.Reverse, opened, func(f visit) error {
		return merge(group, r.Reverse, opened, func(f visit) error { return t.scan(r, f) }, f)
	}, f)
}

// scan shows f the engine's part.
func (t *tx) scan(r Range, f visit) (err error) {
	theirs := false
	defer t.guard(&err, &theirs)
	var stopped error
	err = t.reader.Scan(r, func(key, framed []byte) (bool, error) {
		value, err := Unseal(key, framed)
		if err != nil {
			return false, err
		}
		theirs = true
		more, err := f(key, value)
		theirs = false
		stopped = err
		return more && err == nil, nil
	})
	if err != nil {
		return err
	}
	theirs = true // an error of f is not the store's
	return stopped
}
