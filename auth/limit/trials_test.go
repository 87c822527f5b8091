package limit

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// one makes n trials of a place, one after the other, and answers how long they took.
func one(t *testing.T, tr *Trials, n int, from uint64, failed bool) time.Duration {
	t.Helper()
	begun := time.Now()
	for i := range n {
		r, err := tr.Begin(t.Context(), from, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		r.End(failed)
	}
	return time.Since(begun)
}

// In a bubble of synctest time passes only when all wait, so that what is said of time here is exact.
func TestTrials(t *testing.T) {
	type step struct {
		rest   time.Duration
		n      int
		failed bool
		from   uint64
		took   time.Duration
	}
	wrong, right := true, false
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"so many fail without a pause, then one in each", []step{{n: FreeFailures, failed: wrong}, {n: 5, failed: wrong, took: 5 * Pause}}},
		{"what is right has no end", []step{{n: 10 * FreeFailures, failed: right}}},
		{"behind what is right there is no pause", []step{{n: FreeFailures, failed: wrong}, {n: 100, failed: right, took: Pause}}},
		{"what is right makes nothing forgotten", []step{{n: FreeFailures, failed: wrong}, {n: 1, failed: right, took: Pause}, {n: 1, failed: wrong},
			{n: 1, failed: wrong, took: Pause}}},
		{"one is forgotten in a while", []step{{n: FreeFailures, failed: wrong}, {rest: Forgotten, n: 1, failed: wrong}, {n: 1, failed: wrong, took: Pause}}},
		{"but no sooner", []step{{n: FreeFailures, failed: wrong}, {rest: Forgotten - 1, n: 1, failed: wrong}, {n: 1, failed: wrong, took: Pause}, {rest: 1},
			{n: 1, failed: wrong, took: Pause - 1}}},
		{"all are forgotten in the end, however many there were", []step{{n: 3 * FreeFailures, failed: wrong, took: 2 * FreeFailures * Pause},
			{rest: FreeFailures * Forgotten, n: FreeFailures, failed: wrong}, {n: 1, failed: wrong, took: Pause}}},
		{"a place is not concerned by another", []step{{n: 2 * FreeFailures, failed: wrong, took: FreeFailures * Pause}, {from: 2, n: FreeFailures, failed: wrong}}},
		{"an hour of guessing", []step{{n: FreeFailures + int(time.Hour/Pause), failed: wrong, took: time.Hour}}},
		{"patience, which nobody else notices", []step{{n: FreeFailures - 1, failed: wrong}, {rest: Forgotten, n: 1, failed: wrong}, {rest: Forgotten, n: 1, failed: wrong}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := NewTrials(time.Now, nil)
				for i, s := range c.steps {
					time.Sleep(s.rest)
					if took := one(t, tr, s.n, s.from, s.failed); took != s.took {
						t.Errorf("step %d took %v, want %v", i, took, s.took)
					}
				}
			})
		})
	}
}

// A crowd counts how its trials ended.
type crowd struct{ begun, crowded, gone, under, most atomic.Int64 }

// send makes n trials at once, each of which takes a while.
func (c *crowd) send(ctx context.Context, tr *Trials, n int, about func(int) uint64, failed bool) {
	for i := range n {
		go func() {
			switch r, err := tr.Begin(ctx, 1, about(i)); {
			case err == nil:
				c.begun.Add(1)
				c.most.Store(max(c.most.Load(), c.under.Add(1)))
				time.Sleep(10 * time.Millisecond)
				c.under.Add(-1)
				r.End(failed)
			case errors.Is(err, ErrCrowded):
				c.crowded.Add(1)
			default:
				c.gone.Add(1)
			}
		}()
	}
	synctest.Wait()
}

func (c *crowd) want(t *testing.T, begun, crowded, gone, most int64) {
	t.Helper()
	if c.begun.Load() != begun || c.crowded.Load() != crowded || c.gone.Load() != gone || c.most.Load() > most {
		t.Errorf("%d begun, %d crowded, %d gone, %d at once; want %d, %d, %d, at most %d",
			c.begun.Load(), c.crowded.Load(), c.gone.Load(), c.most.Load(), begun, crowded, gone, most)
	}
}

func each(i int) uint64 { return uint64(i) }
func same(int) uint64   { return 7 }

// Of a thousand guesses at once no more are made than of a thousand one after the other.
func TestTrialsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTrials(time.Now, nil)
		var c crowd
		c.send(t.Context(), tr, 1000, each, true)
		time.Sleep(500 * time.Millisecond)
		c.want(t, FreeFailures, 1000-FreeFailures-MostWaiting, 0, FreeFailures)
		time.Sleep(time.Hour)
		c.want(t, FreeFailures+MostWaiting, 1000-FreeFailures-MostWaiting, 0, FreeFailures)
	})
}

// Those who are right at once do not keep each other out.
func TestGoodTrialsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTrials(time.Now, nil)
		var c crowd
		c.send(t.Context(), tr, 1000, each, false)
		time.Sleep(time.Second)
		c.want(t, 1000, 0, 0, FreeFailures)
		one(t, tr, FreeFailures, 1, true)
		time.Sleep(Pause)
		c.send(t.Context(), tr, MostWaiting+1, each, false)
		time.Sleep(time.Second)
		c.want(t, 1000+MostWaiting+1, 0, 0, FreeFailures)
	})
}

// Who is right waits for a bounded time, whatever others of his place do; who always tries the same name takes a few places in
// the line, not all.
func TestWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTrials(time.Now, nil)
		one(t, tr, FreeFailures, 1, true)
		var script, user crowd
		script.send(t.Context(), tr, 100, same, true)
		script.want(t, 0, 100-1-mostAlike, 0, 1)
		user.send(t.Context(), tr, 1, each, false)
		time.Sleep((MostWaiting + 1) * (Pause + 10*time.Millisecond))
		user.want(t, 1, 0, 0, 1)
		one(t, tr, 1, 1, true)
		script.send(t.Context(), tr, 100, each, true)
		user.send(t.Context(), tr, 1, each, false)
		user.want(t, 1, 1, 0, 1)
	})
}

// Who hangs up while he waits, or pauses, leaves nothing behind and saves nobody the pause.
func TestTrialsThatHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTrials(time.Now, nil)
		one(t, tr, FreeFailures, 1, true)
		ctx, hangUp := context.WithCancel(t.Context())
		var c crowd
		c.send(ctx, tr, 5, each, true)
		time.Sleep(Pause / 2)
		hangUp()
		synctest.Wait()
		c.want(t, 0, 0, 5, 0)
		if took := one(t, tr, 1, 1, true); took != Pause/2 {
			t.Errorf("the next began after %v", took)
		}
		if l := tr.lines.at[1]; l.underWay != 0 || len(l.waiting) != 0 {
			t.Errorf("%d under way, %d wait", l.underWay, len(l.waiting))
		}
	})
}

// A clock that is set back makes no pause longer.
func TestTrialsWhenTheClockIsSetBack(t *testing.T) {
	clk := &clock{noon}
	tr := NewTrials(clk.now, func(_ context.Context, d time.Duration) error {
		if d > Pause {
			t.Errorf("a pause of %v", d)
		}
		return nil
	})
	one(t, tr, FreeFailures, 1, true)
	clk.at = clk.at.Add(-24 * time.Hour)
	one(t, tr, 5, 1, true)
}

// In a full table nobody is rid of what he has failed by the many that come after him; they share a line.
func TestTrialsOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrialsSized(2, time.Now, wait)
		want := func(from uint64, n int, took time.Duration) {
			t.Helper()
			if got := one(t, tr, n, from, true); got != took {
				t.Errorf("place %d took %v, want %v", from, got, took)
			}
		}
		want(1, FreeFailures, 0)
		want(2, 1, 0)
		want(3, FreeFailures, 0)
		want(4, 1, Pause)
		want(2, 1, 0)
		time.Sleep(2 * Forgotten)
		want(5, FreeFailures, 0) // in the place of 2
		want(1, 3, Pause)        // two were forgotten
		if len(tr.lines.at) != 2 {
			t.Errorf("%d lines", len(tr.lines.at))
		}
	})
}

func BenchmarkTrial(b *testing.B) {
	tr := NewTrials(time.Now, nil)
	for b.Loop() {
		r, _ := tr.Begin(b.Context(), 1, 1)
		r.End(false)
	}
}
