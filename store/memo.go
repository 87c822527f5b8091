package store

import (
	"bytes"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"
)

// Remember lets Get decode the same bytes only once: the last n records or so are kept decoded, next to the bytes they were
// decoded from. The bytes are still read and compared each time, so what Get returns is what it would have returned; this
// saves time and is never a source of truth.
//
// Whoever gets a record may change it, so everybody gets his own: clone makes a copy that shares nothing that can change. It
// may be nil where assignment does that; where it does not, because a T holds slices, maps or pointers, that panics.
func (c *Collection[T]) Remember(n int, clone func(T) T) *Collection[T] {
	if clone == nil {
		if t := reflect.TypeFor[T](); !flat(t) {
			panic(fmt.Sprintf("store: %s: a %v shares memory with its copy; Remember needs a clone", c.name, t))
		}
		clone = func(v T) T { return v }
	}
	c.memo = &memo[T]{clone: clone, slots: make([]atomic.Pointer[memory[T]], max(n, 1))}
	return c
}

// flat reports whether a value of the type shares nothing that can change with its copy.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return t == reflect.TypeFor[time.Time]() // its one pointer leads to a time zone
			}
		}
		return true
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return false
	}
	return true
}

// memo has one slot for all the numbers that leave the same remainder.
type memo[T any] struct {
	clone func(T) T
	slots []atomic.Pointer[memory[T]]
}

type memory[T any] struct {
	id    int64
	bytes []byte
	v     T
}

// decode is decode, unless it has decoded the same before. A nil memo remembers nothing.
func (m *memo[T]) decode(id int64, b []byte, decode func(int64, []byte) (*T, error)) (*T, error) {
	if m == nil {
		return decode(id, b)
	}
	slot := &m.slots[uint64(id)%uint64(len(m.slots))]
	if known := slot.Load(); known != nil && known.id == id && bytes.Equal(known.bytes, b) {
		v := m.clone(known.v)
		return &v, nil
	}
	v, err := decode(id, b)
	if err == nil {
		slot.Store(&memory[T]{id: id, bytes: bytes.Clone(b), v: m.clone(*v)})
	}
	return v, err
}
