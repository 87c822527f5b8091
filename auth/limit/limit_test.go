package limit

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A clock is moved by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func reservoir(burst, amount int, every time.Duration) Rule {
	return Rule{Burst: burst, Amount: amount, Every: every}
}

// alone is the claims on a caller who is counted by himself.
func alone(who uint64, r Rule) []Claim {
	return []Claim{{Policy: 1, Counted: who, Caller: who, Rule: r}}
}

// A step is a call, or a rest, or the end of the oldest call under way.
type step struct {
	rest time.Duration
	end  bool
	call []Claim
	wait time.Duration // what the call is answered
}

func TestAdmit(t *testing.T) {
	tenSlow := reservoir(2, 1, 10*time.Second)
	tens := reservoir(2, 10, 10*time.Second)
	hour := reservoir(1, 1, time.Hour)
	together := func(who uint64, r Rule) []Claim { return []Claim{{Policy: 2, Counted: 99, Caller: who, Rule: r}} }
	both := func(who uint64, own, all Rule) []Claim { return append(alone(who, own), together(who, all)...) }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"no claim, no limit", []step{{call: nil}, {call: nil}}},
		{"a reservoir: so many after a rest", []step{{call: alone(1, tenSlow)}, {call: alone(1, tenSlow)},
			{call: alone(1, tenSlow), wait: 10 * time.Second}}},
		{"it fills evenly", []step{{call: alone(1, tens)}, {call: alone(1, tens)}, {rest: time.Second}, {call: alone(1, tens)},
			{call: alone(1, tens), wait: Penalty}}},
		{"who waits as long as he was told gets in", []step{{call: alone(1, hour)}, {rest: time.Minute}, {call: alone(1, hour), wait: 59 * time.Minute},
			{rest: 59*time.Minute - 1}, {call: alone(1, hour), wait: Penalty}, {rest: Penalty}, {call: alone(1, hour)}}},
		{"five seconds of penalty, though a token is free", []step{{call: alone(1, reservoir(1, 10, time.Second))},
			{call: alone(1, reservoir(1, 10, time.Second)), wait: Penalty}, {rest: time.Second},
			{call: alone(1, reservoir(1, 10, time.Second)), wait: 4 * time.Second}, {rest: 4 * time.Second},
			{call: alone(1, reservoir(1, 10, time.Second))}}},
		{"each his own", []step{{call: alone(1, hour)}, {call: alone(2, hour)}, {call: alone(1, hour), wait: time.Hour}}},
		{"so many at once", []step{{call: alone(1, Rule{AtOnce: 2})}, {call: alone(1, Rule{AtOnce: 2})}, {call: alone(1, Rule{AtOnce: 2}), wait: Penalty},
			{end: true}, {call: alone(1, Rule{AtOnce: 2}), wait: Penalty}, {rest: Penalty}, {call: alone(1, Rule{AtOnce: 2})}}},
		{"no hour makes room for one more at once", []step{{call: alone(1, Rule{AtOnce: 1})}, {rest: time.Hour}, {call: alone(1, Rule{AtOnce: 1}), wait: Penalty}}},
		{"both bounds in one rule", []step{{call: alone(1, Rule{AtOnce: 1, Burst: 1, Amount: 1, Every: time.Minute})}, {end: true},
			{call: alone(1, Rule{AtOnce: 1, Burst: 1, Amount: 1, Every: time.Minute}), wait: time.Minute}}},
		{"the penalty is the caller's, not that of those he is counted with", []step{{call: together(1, reservoir(1, 1, time.Second))},
			{call: together(1, reservoir(1, 1, time.Second)), wait: Penalty}, {rest: time.Second},
			{call: together(2, reservoir(1, 1, time.Second))}, {rest: time.Second}, {call: together(1, reservoir(1, 1, time.Second)), wait: 3 * time.Second}}},
		{"who his own rule refuses takes nothing from all", []step{{call: both(1, hour, reservoir(3, 1, time.Hour))},
			{call: both(1, hour, reservoir(3, 1, time.Hour)), wait: time.Hour}, {call: both(1, hour, reservoir(3, 1, time.Hour)), wait: time.Hour},
			{call: together(2, reservoir(3, 1, time.Hour))}, {call: together(3, reservoir(3, 1, time.Hour))},
			{call: together(4, reservoir(3, 1, time.Hour)), wait: time.Hour}}},
		{"and who all are too many for takes nothing from his own", []step{{call: together(2, reservoir(1, 1, 5*time.Second))},
			{call: both(1, hour, reservoir(1, 1, 5*time.Second)), wait: Penalty}, {rest: Penalty}, {call: both(1, hour, reservoir(1, 1, 5*time.Second))}}},
		{"the longest wait is told", []step{{call: together(2, tenSlow)}, {call: together(2, tenSlow)}, {call: alone(1, hour)},
			{call: both(1, hour, tenSlow), wait: time.Hour}}},
		{"another policy is not concerned", []step{{call: alone(1, hour)}, {call: alone(1, hour), wait: time.Hour}, {call: together(1, hour)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := &clock{noon}
			l := New(clk.now)
			var under []Pass
			for i, s := range c.steps {
				switch {
				case s.rest > 0:
					clk.at = clk.at.Add(s.rest)
				case s.end:
					under[0].Release()
					under = under[1:]
				default:
					p, wait := l.Admit(s.call)
					if wait != s.wait {
						t.Fatalf("step %d: wait %v, want %v", i, wait, s.wait)
					}
					if wait == 0 {
						under = append(under, p)
					}
				}
			}
		})
	}
}

// In a window of any length no more pass than the reservoir and what comes in that time.
func TestSteadyFlow(t *testing.T) {
	clk := &clock{noon}
	l := New(clk.now)
	passed := 0
	for range 1000 { // 100 s, a call each 0.1 s
		if p, wait := l.Admit(alone(1, reservoir(5, 5, 5*time.Second))); wait == 0 {
			p.Release()
			passed++
		}
		clk.at = clk.at.Add(100 * time.Millisecond)
	}
	// After a refusal nobody gets in for 5 s, in which 5 come free: bursts of a little more than 5, each 5 s and a little more.
	if passed < 90 || passed > 105 {
		t.Errorf("%d passed, want about 5 and one a second", passed)
	}
}

// A million callers take no more room than a full table, and none of them frees one who is limited.
func TestAMillionCallers(t *testing.T) {
	for _, c := range []struct {
		name    string
		callers int
		rule    Rule
		apart   time.Duration
	}{
		{"who are forgotten soon", callers, reservoir(500, 500, 5*time.Second), 4 * time.Millisecond},
		{"who are not", callers, reservoir(1, 1, time.Hour), time.Microsecond},
		{"who do not end", callers, Rule{AtOnce: 1}, time.Microsecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := &clock{noon}
			l := New(clk.now)
			limited := []Claim{{Policy: 2, Counted: 7, Caller: 7, Rule: reservoir(1, 1, 10*time.Hour)}}
			l.Admit(limited)
			before := heap()
			for i := range c.callers {
				p, wait := l.Admit(alone(1000+uint64(i), c.rule))
				if wait == 0 && c.rule.AtOnce == 0 {
					p.Release()
				}
				clk.at = clk.at.Add(c.apart)
			}
			grown := heap() - before
			t.Logf("%d MB", grown>>20)
			if grown > 24<<20 {
				t.Errorf("the tables have grown to %d MB", grown>>20)
			}
			for name, tab := range map[string]*buckets{"buckets": &l.buckets, "overflow": &l.overflow} {
				if len(tab.at) > tab.size || len(tab.all) != len(tab.at) {
					t.Errorf("%s: %d buckets, %d places, size %d", name, len(tab.at), len(tab.all), tab.size)
				}
			}
			if _, wait := l.Admit(limited); wait < 8*time.Hour {
				t.Errorf("who was limited waits %v", wait)
			}
			runtime.KeepAlive(l)
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// When a table is full of buckets that count, the rest share one for each policy; when even those are full, nobody gets in.
func TestOverflow(t *testing.T) {
	clk := &clock{noon}
	l := newSized(clk.now, 2, 2)
	slow := reservoir(2, 2, time.Hour)
	want := func(who, policy uint64, admitted bool) {
		t.Helper()
		p, wait := l.Admit([]Claim{{Policy: policy, Counted: who, Caller: who, Rule: slow}})
		p.Release()
		if (wait == 0) != admitted {
			t.Errorf("caller %d: wait %v, want admitted: %v", who, wait, admitted)
		}
	}
	want(1, 1, true)
	want(2, 1, true)
	want(3, 1, true)  // 3 and 4 share
	want(4, 1, true)  // their two
	want(3, 1, false) // and have no more
	want(5, 1, false)
	want(1, 1, true) // who was there first is not concerned
	want(6, 2, true) // nor is another policy
	want(6, 3, false)
	clk.at = clk.at.Add(time.Hour)
	want(6, 2, true) // all are idle: he takes a place
	want(7, 2, true)
	want(6, 2, true)
	want(6, 2, false)
}

// Who waits is not forgotten while he does, though what he was counted with is.
func TestPenaltyIsKept(t *testing.T) {
	clk := &clock{noon}
	l := newSized(clk.now, 2, 1)
	shared := []Claim{{Policy: 1, Counted: 99, Caller: 1, Rule: reservoir(1, 1, time.Second)}}
	p, _ := l.Admit(shared)
	p.Release()
	l.Admit(shared)
	clk.at = clk.at.Add(time.Second)
	for i := range uint64(3) {
		l.Admit(alone(100+i, Rule{AtOnce: 1}))
	}
	if _, kept := l.buckets.at[key{1, 99}]; kept {
		t.Fatal("what they share is still there, so this test shows nothing")
	}
	if _, wait := l.Admit(shared); wait != Penalty-time.Second {
		t.Errorf("he waits %v", wait)
	}
}

// The hand looks at few buckets for one call, yet goes round: one that is idle is found, wherever it is.
func TestHandGoesRound(t *testing.T) {
	clk := &clock{noon}
	const size = 5 * looks
	l := newSized(clk.now, size, 1)
	for i := range uint64(size) {
		r := reservoir(1, 1, time.Hour)
		if i == 3*looks {
			r = reservoir(1, 1, time.Second)
		}
		p, _ := l.Admit([]Claim{{Policy: i, Counted: 1, Caller: 1, Rule: r}})
		p.Release()
	}
	clk.at = clk.at.Add(time.Second)
	for i := range uint64(4) {
		_, wait := l.Admit(alone(100+i, Rule{AtOnce: 9}))
		if _, own := l.buckets.at[key{1, 100 + i}]; own != (i == 3) || wait > 0 {
			t.Errorf("caller %d has a bucket of his own: %v; wait %v", i, own, wait)
		}
	}
}

// A call under way keeps its bucket, also one that is being decided on while another of its claims looks for room.
func TestNoBucketIsLostWhileItCounts(t *testing.T) {
	clk := &clock{noon}
	l := newSized(clk.now, 1, 8)
	claims := append(alone(1, Rule{AtOnce: 1}), Claim{Policy: 2, Counted: 5, Caller: 1, Rule: Rule{AtOnce: 9}})
	p, wait := l.Admit(claims)
	if wait != 0 {
		t.Fatal(wait)
	}
	if _, wait := l.Admit(alone(1, Rule{AtOnce: 1})); wait == 0 {
		t.Error("a second call at once")
	}
	p.Release()
	clk.at = clk.at.Add(Penalty)
	if p, wait = l.Admit(claims); wait != 0 {
		t.Errorf("after the first has ended: %v", wait)
	}
	p.Release()
}

func TestManyAtOnce(t *testing.T) {
	l := New((&clock{noon}).now)
	var under, most, passed atomic.Int64
	var wg sync.WaitGroup
	for who := range uint64(16) {
		wg.Go(func() {
			for i := range uint64(200) {
				p, wait := l.Admit([]Claim{{Policy: 1, Counted: 1, Caller: who<<32 | i, Rule: Rule{AtOnce: 3}}})
				if wait > 0 {
					continue
				}
				n := under.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				passed.Add(1)
				runtime.Gosched()
				under.Add(-1)
				p.Release()
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 || passed.Load() == 0 {
		t.Errorf("%d at once, %d passed", most.Load(), passed.Load())
	}
	if n := l.buckets.at[key{1, 1}].underWay; n != 0 {
		t.Errorf("%d calls are still under way", n)
	}
}

func BenchmarkAdmit(b *testing.B) {
	l := New(time.Now)
	claims := append(alone(1, reservoir(1_000_000, 1_000_000, time.Millisecond)), Claim{Policy: 2, Counted: 5, Caller: 1, Rule: Rule{AtOnce: 1000}})
	for b.Loop() {
		p, _ := l.Admit(claims)
		p.Release()
	}
}
