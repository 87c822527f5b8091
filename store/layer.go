package store

import "slices"

// A Layer is writes that an engine has taken and not yet put where it keeps them: sorted by key, each key once. It never changes.
type Layer struct{ over overlay }

// With is the layer with more writes, sorted by key, each key once, on top. They are not to be changed any more.
func (l Layer) With(writes []Write) Layer {
	top := overlay{writes: writes}
	for _, w := range writes {
		top.size += w.size()
	}
	if l.Len() == 0 {
		return Layer{top}
	}
	sum := overlay{writes: slices.Grow(slices.Clip(l.over.writes), len(writes)), size: l.over.size}
	sum.pour(&top)
	return Layer{sum}
}

// Len is how many keys are in the layer.
func (l Layer) Len() int { return len(l.over.writes) }

// Size is how many bytes of keys and values are in the layer.
func (l Layer) Size() int { return l.over.size }

// Writes are those of the layer, which are not to be changed.
func (l Layer) Writes() []Write { return l.over.writes }

// Over shows what r shows, with the layer laid over it.
func (l Layer) Over(r Reader) Reader {
	if l.Len() == 0 {
		return r
	}
	return layered{l, r}
}

type layered struct {
	top   Layer
	below Reader
}

func (l layered) Get(key []byte) ([]byte, error) {
	if i, found := l.top.over.find(key); found {
		return l.top.over.writes[i].Value, nil
	}
	return l.below.Get(key)
}

func (l layered) Scan(r Range, f func(key, value []byte) (more bool, err error)) error {
	top := l.top.over.within(r)
	if r.Reverse {
		top = l.top.over.part(r)
	}
	return merge(top, r.Reverse, sealed, func(f visit) error { return l.below.Scan(r, f) }, f)
}

func sealed(w Write) []byte { return w.Value }
