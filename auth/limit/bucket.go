package limit

import (
	"time"

	"golang.org/x/time/rate"
)

// A bucket is one count.
type bucket struct {
	underWay int
	tokens   *rate.Limiter // nil: none is taken
	until    time.Time     // of a penalty
}

// wait says whether the call that has just entered fits, and if not, how long it must wait, as far as that is known.
func (b *bucket) wait(r Rule, now time.Time) (d time.Duration, fits bool) {
	fits = r.AtOnce == 0 || b.underWay <= r.AtOnce
	if r.Burst == 0 {
		return 0, fits
	}
	limit := rate.Limit(float64(r.Amount) / r.Every.Seconds())
	if b.tokens == nil {
		b.tokens = rate.NewLimiter(limit, r.Burst)
	}
	// Less than a nanosecond is nothing: the limiter rounds in the same way.
	d = time.Duration((1 - b.tokens.TokensAt(now)) / float64(limit) * float64(time.Second))
	return max(d, 0), fits && d <= 0
}

func (b *bucket) take(now time.Time) {
	if b.tokens != nil {
		b.tokens.AllowN(now, 1)
	}
}

// idle says whether a new bucket would be the same.
func (b *bucket) idle(now time.Time) bool {
	return b.underWay == 0 && !now.Before(b.until) && (b.tokens == nil || b.tokens.TokensAt(now) >= float64(b.tokens.Burst()))
}

// A key names a bucket.
type key struct{ policy, counted uint64 }

// A table holds a bounded number of buckets.
type table struct {
	size int
	at   map[key]*bucket
	all  []place // the same buckets, in a ring
	hand int     // where in the ring to look next for one to drop
}

type place struct {
	key key
	*bucket
}

func newTable(size int) table { return table{size: size, at: make(map[key]*bucket)} }

// looks is how many buckets of a full table are looked at to make room for another: few, for callers wait meanwhile, but the
// hand goes round, so each is looked at in its turn.
const looks = 16

// get answers the bucket of a key, a new one if there is room or an idle one makes room; else nil.
func (t *table) get(k key, now time.Time) *bucket {
	if b := t.at[k]; b != nil {
		return b
	}
	if len(t.all) < t.size {
		t.all = append(t.all, place{})
		return t.put(k, &t.all[len(t.all)-1])
	}
	for range looks {
		p := &t.all[t.hand]
		t.hand = (t.hand + 1) % len(t.all)
		if p.idle(now) {
			delete(t.at, p.key)
			return t.put(k, p)
		}
	}
	return nil
}

func (t *table) put(k key, p *place) *bucket {
	*p = place{k, new(bucket)}
	t.at[k] = p.bucket
	return p.bucket
}
