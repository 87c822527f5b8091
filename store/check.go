package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// A Check is what has been seen of a store so far.
type Check struct {
	Keys, Records int64
	Problems
}

// Problems are what a check has found.
type Problems struct {
	Told []string
	More int // that are not told one by one
}

// maxTold is how many problems are told one by one.
const maxTold = 100

// Add tells of a problem.
func (p *Problems) Add(format string, args ...any) {
	if len(p.Told) == maxTold {
		p.More++
		return
	}
	p.Told = append(p.Told, fmt.Sprintf(format, args...))
}

// Count is how many problems there are.
func (p *Problems) Count() int { return len(p.Told) + p.More }

// tellKeys is how many keys are read from one word of progress to the next.
const tellKeys = 50_000

// Check reads all that is stored, in one View, and holds it against the collections that this program has made: every key is one of
// theirs, every record can be read and has a number that was given, what finds a record is there, leads to it and to nothing
// else, and what a record leads to is there (see Collection.Leads). An error says that it could not go on.
func (db *DB) Check(ctx context.Context, progress func(Check)) (Check, error) {
	var k Check
	err := db.View(ctx, func(tx Tx) error { return k.run(tx, progress) })
	return k, err
}

func (k *Check) run(tx Tx, progress func(Check)) error {
	walks := made.walks()
	err := tx.Scan(Range{}, func(key, value []byte) (bool, error) {
		if k.Keys++; k.Keys%tellKeys == 0 {
			progress(*k)
		}
		name, _, _ := bytes.Cut(key, []byte("/"))
		w := walks[string(name)]
		if w == nil {
			k.Add("key %s is of no collection", KeyText(key))
			return true, nil
		}
		return true, w.see(tx, k, key, value)
	})
	for _, w := range walks {
		if err == nil {
			err = w.end(tx, k)
		}
	}
	return err
}

// made are all collections of the program, so that none can be forgotten. Of several with one name, as tests make them, it knows
// the first.
var made registry

type registry struct {
	mu     sync.RWMutex
	byName map[string]described
}

// described is a Collection of any type.
type described interface {
	walk() walk
	hasEntry(key []byte) bool
	moveEntries(w Write, was []byte, tell func(Write)) error
}

func (r *registry) add(name string, c described) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = make(map[string]described)
	}
	if r.byName[name] == nil {
		r.byName[name] = c
	}
}

// of is the collection that a key belongs to, or nil.
func (r *registry) of(key []byte) described {
	name, _, _ := bytes.Cut(key, []byte("/"))
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[string(name)]
}

func (r *registry) walks() map[string]walk {
	r.mu.RLock()
	defer r.mu.RUnlock()
	walks := make(map[string]walk, len(r.byName))
	for name, c := range r.byName {
		walks[name] = c.walk()
	}
	return walks
}

// A walk checks one collection while the keys of the store come by.
type walk interface {
	see(tx Tx, k *Check, key, value []byte) error
	end(tx Tx, k *Check) error
}

type walkOf[T any] struct {
	*Collection[T]
	last  int64   // the last number given
	found []int64 // entries of each lookup that were seen
	right []int64 // and those that a record has
}

func (c *Collection[T]) walk() walk {
	return &walkOf[T]{Collection: c, found: make([]int64, len(c.lookups)), right: make([]int64, len(c.lookups))}
}

// see counts on the counter's coming before the records.
func (w *walkOf[T]) see(tx Tx, k *Check, key, value []byte) error {
	if bytes.Equal(key, w.counter) && len(value) == 8 {
		w.last = number(value)
		return nil
	}
	if n, is := bytes.CutPrefix(key, w.records); is && len(n) == 8 {
		k.Records++
		return w.record(tx, k, number(n), value)
	}
	for i, l := range w.lookups {
		if bytes.HasPrefix(key, l.prefix) {
			w.found[i]++
			return nil
		}
	}
	k.Add("%s: key %s is of no use", w.name, KeyText(key))
	return nil
}

func (w *walkOf[T]) record(tx Tx, k *Check, id int64, value []byte) error {
	v := new(T)
	if err := json.Unmarshal(value, v); err != nil {
		k.Add("%s %d cannot be read: %v", w.name, id, err)
		return nil
	}
	if own := *w.id(v); own != 0 && own != id {
		k.Add("%s %d says that it is number %d", w.name, id, own)
	}
	*w.id(v) = id
	if id < 1 || id > w.last {
		k.Add("%s %d: no such number was given, the last is %d", w.name, id, w.last)
	}
	for i, l := range w.lookups {
		if err := w.findable(tx, k, i, l, id, v); err != nil {
			return err
		}
	}
	for _, l := range w.leads {
		there, err := l.there(tx, v)
		if err != nil {
			return err
		}
		if !there {
			k.Add("%s %d: %s is not there", w.name, id, l.to)
		}
	}
	return nil
}

// findable looks whether a lookup leads to the record.
func (w *walkOf[T]) findable(tx Tx, k *Check, i int, l lookup[T], id int64, v *T) error {
	key := l.key(v)
	if key == nil {
		return nil
	}
	got, err := tx.Get(l.entry(id, key))
	if err != nil {
		return err
	}
	if got == nil || !bytes.Equal(got, l.value(id)) {
		k.Add("%s %d: %s does not lead to it", w.name, id, l.name)
		return nil
	}
	w.right[i]++
	return nil
}

// end looks for entries without a record that has their key. As the right ones were counted, there is seldom a need to.
func (w *walkOf[T]) end(tx Tx, k *Check) error {
	for i, l := range w.lookups {
		if w.found[i] == w.right[i] {
			continue
		}
		err := tx.Scan(Prefix(l.prefix), func(entry, value []byte) (bool, error) {
			right, err := w.leadsRight(tx, l, entry, value)
			if err == nil && !right {
				k.Add("%s: %s has an entry %q that is no record's", w.name, l.name, entry[len(l.prefix):])
			}
			return true, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walkOf[T]) leadsRight(tx Tx, l lookup[T], entry, value []byte) (bool, error) {
	n := entry[max(len(l.prefix), len(entry)-8):]
	if l.unique {
		n = value
	}
	if len(n) != 8 {
		return false, nil
	}
	id := number(n)
	b, err := tx.Get(w.Collection.record(id))
	if b == nil || err != nil {
		return false, err
	}
	v, err := w.decode(id, b)
	if err != nil {
		return true, nil // told already
	}
	key := l.key(v)
	return key != nil && bytes.Equal(entry, l.entry(id, key)) && bytes.Equal(value, l.value(id)), nil
}

// A lead is something that the records of a collection lead to.
type lead[T any] struct {
	to    string
	there func(Tx, *T) (bool, error)
}

// Leads names what every record leads to, and says how to see whether it is there. None but Check asks.
func (c *Collection[T]) Leads(to string, there func(Tx, *T) (bool, error)) *Collection[T] {
	c.leads = append(c.leads, lead[T]{to, there})
	return c
}

// Has reports whether there is a record with that number.
func (c *Collection[T]) Has(tx Tx, id int64) (bool, error) {
	b, err := tx.Get(c.record(id))
	return b != nil, err
}
