// Package limit owns the counting of calls: how many are under way, how many came or failed in a time, and who has to wait.
// It must not know who calls, what is called, or where rules come from: it counts under numbers that others give.
//
// Counts are kept in memory, in tables of a fixed size. What is dropped from a full table is what has nothing to tell any
// more, so nobody gets rid of his own count by making others. Each process counts for itself.
package limit

import (
	"hash/maphash"
	"sync"
	"time"
)

// Penalty is how long a caller who was refused is refused further on, as in the original.
const Penalty = 5 * time.Second

// The sizes of the tables. Full ones take about 16 MB, however many callers there are.
const (
	maxBuckets  = 1 << 16
	maxOverflow = 1 << 10
)

// A Rule bounds the calls that are counted together. A bound of 0 is none.
type Rule struct {
	AtOnce int // calls under way

	Burst  int // calls after a rest; then Amount more in each Every, evenly
	Amount int
	Every  time.Duration
}

// A Claim is one rule that a call must satisfy.
type Claim struct {
	Policy  uint64 // whose rule it is: another rule has another number
	Counted uint64 // who is counted together
	Caller  uint64 // who of them calls; he has to wait if he is refused, and nobody else
	Rule    Rule
}

var seed = maphash.MakeSeed()

// Number makes the number of a policy, or of who is counted. Nobody can foresee it, so nobody finds two of one number.
func Number[T comparable](v T) uint64 { return maphash.Comparable(seed, v) }

// A Limiter admits calls and refuses them.
type Limiter struct {
	now func() time.Time

	mu       sync.Mutex
	buckets  buckets
	overflow buckets // a bucket for each policy, shared by all who find no room in buckets
}

// New makes a limiter that goes by the clock.
func New(now func() time.Time) *Limiter { return newSized(now, maxBuckets, maxOverflow) }

func newSized(now func() time.Time, buckets, overflow int) *Limiter {
	return &Limiter{now: now, buckets: newTable[key, bucket](buckets), overflow: newTable[key, bucket](overflow)}
}

// A Pass is an admitted call under way.
type Pass struct {
	l      *Limiter
	counts []*bucket
}

// Release ends the call. The zero Pass has nothing to end.
func (p Pass) Release() {
	if p.l == nil {
		return
	}
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	p.leave()
}

func (p Pass) leave() {
	for _, b := range p.counts {
		b.underWay--
	}
}

// Admit takes a call that satisfies all claims; its Pass must be released once. Another call it refuses: wait is then more
// than 0 and says how long the same call has no hope. A refused call counts nowhere.
func (l *Limiter) Admit(claims []Claim) (p Pass, wait time.Duration) {
	if len(claims) == 0 {
		return Pass{}, 0
	}
	p = Pass{l: l, counts: make([]*bucket, 0, len(claims))}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now() // inside: time must not go back between two calls
	for _, c := range claims {
		wait = max(wait, l.enter(&p, c, now))
	}
	if wait > 0 {
		p.leave()
		return Pass{}, wait
	}
	for _, b := range p.counts {
		b.take(now)
	}
	return p, 0
}

// enter counts the call as one under way, which also keeps its bucket in the table, and says how long it must wait.
func (l *Limiter) enter(p *Pass, c Claim, now time.Time) time.Duration {
	left := l.penalty(c, now)
	b := l.bucket(c, now)
	if b == nil {
		return max(left, Penalty)
	}
	b.underWay++
	p.counts = append(p.counts, b)
	wait, fits := b.wait(c.Rule, now)
	if fits {
		return left
	}
	if left == 0 {
		left = l.penalize(c, now)
	}
	return max(left, wait)
}

// bucket is where the claim is counted; nil when there is no room left at all.
func (l *Limiter) bucket(c Claim, now time.Time) *bucket {
	if b := l.buckets.get(key{c.Policy, c.Counted}, now); b != nil {
		return b
	}
	return l.overflow.get(key{policy: c.Policy}, now)
}

// penalty is how much the caller has left of his.
func (l *Limiter) penalty(c Claim, now time.Time) time.Duration {
	b := l.buckets.at[key{c.Policy, c.Caller}]
	if b == nil {
		return 0
	}
	return max(b.until.Sub(now), 0)
}

// penalize begins the caller's penalty. Calls in that time do not prolong it. Where there is no room for it there is none,
// but the bucket that he shares then says no by itself.
func (l *Limiter) penalize(c Claim, now time.Time) time.Duration {
	if b := l.buckets.get(key{c.Policy, c.Caller}, now); b != nil {
		b.until = now.Add(Penalty)
	}
	return Penalty
}
