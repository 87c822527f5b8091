package store

import (
	"bytes"
	"slices"
)

// overlay is a layer of writes, of one Update or of a group: sorted by key, each key once.
type overlay struct {
	writes []Write
	size   int // bytes of keys and values, frames left aside
}

func (w Write) size() int { return len(w.Key) + max(0, len(w.Value)-frame) }

func (o *overlay) find(key []byte) (int, bool) {
	if n := len(o.writes); n == 0 || bytes.Compare(o.writes[n-1].Key, key) < 0 {
		return n, false // the usual case: keys ascend
	}
	return slices.BinarySearchFunc(o.writes, key, func(w Write, key []byte) int { return bytes.Compare(w.Key, key) })
}

func (o *overlay) put(w Write) {
	o.size += w.size()
	i, found := o.find(w.Key)
	if found {
		o.size -= o.writes[i].size()
		o.writes[i] = w
		return
	}
	o.writes = slices.Insert(o.writes, i, w)
}

// union is how many keys o would have with those of top.
func (o *overlay) union(top *overlay) int {
	n := len(o.writes)
	for _, w := range top.writes {
		if _, both := o.find(w.Key); !both {
			n++
		}
	}
	return n
}

// pour merges the writes of top, which win, into o. From the back, so that no write moves more than once: put would move
// the larger keys for each of top's.
func (o *overlay) pour(top *overlay) {
	a, b := o.writes, top.writes
	o.size += top.size
	o.writes = append(o.writes, b...)
	i, j, k := len(a)-1, len(b)-1, len(o.writes)-1
	for j >= 0 {
		c := -1
		if i >= 0 {
			c = bytes.Compare(a[i].Key, b[j].Key)
		}
		if c > 0 {
			o.writes[k] = o.writes[i]
			i, k = i-1, k-1
			continue
		}
		if c == 0 {
			o.size -= a[i].size()
			i--
		}
		o.writes[k] = b[j]
		j, k = j-1, k-1
	}
	o.writes = slices.Delete(o.writes, i+1, k+1) // the gap that keys in both leave
}

// part copies the writes inside r, in the order of r. The copy is what makes a Scan show the state in which it began,
// whatever its function writes.
func (o *overlay) part(r Range) []Write {
	part := slices.Clone(o.within(r))
	if r.Reverse {
		slices.Reverse(part)
	}
	return part
}

// within is the writes inside r, in the order of their keys.
func (o *overlay) within(r Range) []Write {
	from, to := 0, len(o.writes)
	if r.From != nil {
		from, _ = o.find(r.From)
	}
	if r.To != nil {
		to, _ = o.find(r.To)
	}
	if from >= to {
		return nil
	}
	return o.writes[from:to]
}

type visit = func(key, value []byte) (more bool, err error)

// merge shows f what below shows, with top laid over it. top is in the order of the scan, and its values are shown as value makes them.
func merge(top []Write, reverse bool, value func(Write) []byte, below func(visit) error, f visit) error {
	if len(top) == 0 {
		return below(f)
	}
	more := true
	show := func(key, value []byte) (_ bool, err error) {
		more, err = f(key, value)
		return more && err == nil, err
	}
	err := below(func(key, under []byte) (bool, error) {
		for len(top) > 0 {
			c := bytes.Compare(top[0].Key, key)
			if reverse {
				c = -c
			}
			if c > 0 {
				break
			}
			w := top[0]
			top = top[1:]
			if w.Value != nil {
				if more, err := show(w.Key, value(w)); !more {
					return false, err
				}
			}
			if c == 0 {
				return true, nil
			}
		}
		return show(key, under)
	})
	for err == nil && more && len(top) > 0 {
		if w := top[0]; w.Value != nil {
			_, err = show(w.Key, value(w))
		}
		top = top[1:]
	}
	return err
}
