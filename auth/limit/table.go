package limit

import "time"

// A table holds a bounded number of counts, each under its key.
type table[K comparable, V any, C count[V]] struct {
	size int
	at   map[K]*V
	all  []place[K, V] // the same counts, in a ring
	hand int           // where in the ring to look next for one to drop
}

// A count can say whether a new one would be the same.
type count[V any] interface {
	*V
	idle(now time.Time) bool
}

type place[K comparable, V any] struct {
	key   K
	count *V
}

func newTable[K comparable, V any, C count[V]](size int) table[K, V, C] {
	return table[K, V, C]{size: size, at: make(map[K]*V)}
}

// looks is how many counts of a full table are looked at to make room for another: few, for callers wait meanwhile, but the
// hand goes round, so each is looked at in its turn.
const looks = 16

// get answers the count of a key, a new one if there is room or an idle one makes room; else nil.
func (t *table[K, V, C]) get(k K, now time.Time) *V {
	if c := t.at[k]; c != nil {
		return c
	}
	if len(t.all) < t.size {
		t.all = append(t.all, place[K, V]{})
		return t.put(k, &t.all[len(t.all)-1])
	}
	for range looks {
		p := &t.all[t.hand]
		t.hand = (t.hand + 1) % len(t.all)
		if C(p.count).idle(now) {
			delete(t.at, p.key)
			return t.put(k, p)
		}
	}
	return nil
}

func (t *table[K, V, C]) put(k K, p *place[K, V]) *V {
	*p = place[K, V]{k, new(V)}
	t.at[k] = p.count
	return p.count
}
