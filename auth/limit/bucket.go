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

type buckets = table[key, bucket, *bucket]
