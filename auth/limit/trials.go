package limit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// What may fail from one place.
const (
	FreeFailures = 60               // after a rest, as fast as they come
	Forgotten    = 15 * time.Second // one of them
	Pause        = time.Second      // behind each failure beyond
	MostWaiting  = 10               // trials that wait while failures are followed by pauses
)

const (
	mostAlike   = 3    // of MostWaiting, about one subject: who knows but one keeps nobody else out
	mostCrowded = 1024 // trials that wait for others to end, before there are pauses
)

// ErrCrowded is answered when too many trials wait.
var ErrCrowded = errors.New("too many trials wait")

// Trials are checks of what can be guessed, such as passwords. Of one place as many are under way at once as may still fail
// there; when none may, one at a time is, with a pause behind each that fails. The others wait in line, and cost next to nothing
// meanwhile. So the failures of one place make its others wait for a bounded time, and whoever comes from elsewhere not at all.
//
// What is right does not count, but makes nothing forgotten either: else a guesser would put something right in between.
type Trials struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu     sync.Mutex
	lines  table[uint64, line, *line]
	shared line // of the places for which there is no room in lines
}

// NewTrials goes by the clock, and pauses by sleep; nil is to wait.
func NewTrials(now func() time.Time, sleep func(context.Context, time.Duration) error) *Trials {
	if sleep == nil {
		sleep = wait
	}
	return newTrialsSized(maxBuckets, now, sleep)
}

func newTrialsSized(size int, now func() time.Time, sleep func(context.Context, time.Duration) error) *Trials {
	return &Trials{now: now, sleep: sleep, lines: newTable[uint64, line](size)}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A Trial is one that is under way, or waits.
type Trial struct {
	t     *Trials
	line  *line
	about uint64
	turn  chan time.Duration // how long to pause before; closed: it is sent away
}

// Begin waits for the turn of a trial from a place, about a subject such as a name; both are a Number. It must be ended once.
// ErrCrowded says that it shall come again.
func (t *Trials) Begin(ctx context.Context, from, about uint64) (*Trial, error) {
	r, err := t.join(from, about)
	if err != nil {
		return nil, err
	}
	select {
	case pause, ok := <-r.turn:
		if !ok {
			return nil, ErrCrowded
		}
		if pause > 0 {
			err = t.sleep(ctx, pause)
		}
	case <-ctx.Done():
		if !r.leave() {
			return nil, ctx.Err()
		}
		err = ctx.Err()
	}
	if err != nil {
		r.End(false)
		return nil, err
	}
	return r, nil
}

// join puts a trial into the line of its place, and lets it begin if it can.
func (t *Trials) join(from, about uint64) (*Trial, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	l := t.lines.get(from, now)
	if l == nil {
		l = &t.shared
	}
	r := &Trial{t: t, line: l, about: about, turn: make(chan time.Duration, 1)}
	l.waiting = append(l.waiting, r)
	if l.advance(now); l.crowded(r, now) {
		l.waiting = l.waiting[:len(l.waiting)-1]
		return nil, ErrCrowded
	}
	return r, nil
}

// leave takes a trial out of the line; begun says that its turn had come at the same time.
func (r *Trial) leave() (begun bool) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	if i := slices.Index(r.line.waiting, r); i >= 0 {
		r.line.waiting = slices.Delete(r.line.waiting, i, i+1)
		return false
	}
	_, begun = <-r.turn
	return begun
}

// End ends the trial, and counts it if it failed.
func (r *Trial) End(failed bool) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	now := r.t.now()
	l := r.line
	l.underWay--
	if failed {
		l.fail(now)
	}
	l.advance(now)
}

// A line is what is known of a place.
type line struct {
	forgotten time.Time // when its failures are, all of them
	next      time.Time // begins nothing before
	underWay  int
	waiting   []*Trial
}

// left is how many more may fail without a pause.
func (l *line) left(now time.Time) int {
	counting := max(l.forgotten.Sub(now), 0)
	return FreeFailures - int((counting+Forgotten-1)/Forgotten)
}

func (l *line) fail(now time.Time) {
	if l.forgotten.Before(now) {
		l.forgotten = now
	}
	l.forgotten = l.forgotten.Add(Forgotten)
	if most := now.Add(FreeFailures * Forgotten); l.forgotten.After(most) {
		l.forgotten = most
	}
	if l.left(now) > 0 {
		return
	}
	l.next = now.Add(Pause)
	if len(l.waiting) > MostWaiting { // they came when there were no pauses
		for _, r := range l.waiting[MostWaiting:] {
			close(r.turn)
		}
		l.waiting = slices.Delete(l.waiting, MostWaiting, len(l.waiting))
	}
}

// advance lets begin who can, first come, first served.
func (l *line) advance(now time.Time) {
	for len(l.waiting) > 0 && l.underWay < max(1, l.left(now)) {
		l.waiting[0].turn <- min(l.next.Sub(now), Pause) // the clock may have been set back
		l.waiting = slices.Delete(l.waiting, 0, 1)
		l.underWay++
	}
}

// crowded says whether the last that waits is one too many.
func (l *line) crowded(last *Trial, now time.Time) bool {
	if l.left(now) > 0 {
		return len(l.waiting) > mostCrowded
	}
	alike := 0
	for _, r := range l.waiting {
		if r.about == last.about {
			alike++
		}
	}
	return len(l.waiting) > MostWaiting || alike > mostAlike
}

// idle says whether a new line would be the same.
func (l *line) idle(now time.Time) bool {
	return l.underWay == 0 && len(l.waiting) == 0 && !now.Before(l.forgotten)
}
