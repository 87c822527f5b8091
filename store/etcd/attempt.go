package etcd

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/portico-vco/portico/store"
)

// An attempt is a commit that this process has under way, or had a moment ago. The next one is shown what it leaves, and is sent behind
// it without waiting for its answer, under the comparison that the head has its name.
type attempt struct {
	name   string // what it puts into the head
	writes []store.Write

	ready time.Duration // when it could be sent, on the clock of since

	base *attempt // under Engine.line: the one whose writes it was shown, as long as its revision is not known
	head int64    // where the copy was, without those; with a base under Engine.line, and 0 when that came to nothing

	settled  chan struct{} // closed when nothing will come of it, or it has a revision
	revision int64         // 0: nothing has come of it, as far as is known

	seen bool // under Engine.writing: the copy has it from the watch
	gap  bool // under Engine.writing: the copy was made anew meanwhile, and may have it without a word
}

func (a *attempt) isSettled() bool {
	select {
	case <-a.settled:
		return true
	default:
		return false
	}
}

func (a *attempt) settle(revision int64) {
	if !a.isSettled() {
		a.revision = revision
		close(a.settled)
	}
}

// outcome waits until the attempt is settled.
func (a *attempt) outcome() (revision int64) {
	<-a.settled
	return a.revision
}

// headStart is how much later than the one before a commit is sent at least. A member takes requests up at once, and those that arrive
// together in any order: who overtakes the one before has failed.
const headStart = 2 * time.Millisecond

// letPass waits until a commit has had its start.
func (e *Engine) letPass(a *attempt) {
	timer := time.NewTimer(a.ready + headStart - e.since())
	defer timer.Stop()
	select {
	case <-a.settled:
	case <-timer.C:
	}
}

func (e *Engine) newAttempt() *attempt {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.attempts++
	a := &attempt{name: fmt.Sprintf("%s %d", e.process, e.attempts), settled: make(chan struct{})}
	e.open[a.name] = a
	return a
}

func (e *Engine) forgetAttempt(a *attempt) {
	a.settle(0)
	e.writing.Lock()
	defer e.writing.Unlock()
	delete(e.open, a.name)
}

// heard says what the watch told of an attempt.
func (e *Engine) heard(a *attempt) (seen, gap bool) {
	e.writing.Lock()
	defer e.writing.Unlock()
	return a.seen, a.gap
}

// play runs f for an attempt, over the newest state: the copy, and the commit before on top, base, when that is on its way. Then the
// attempt is the one that the next is shown. It is done when there is nothing to write. One at a time plays.
func (e *Engine) play(ctx context.Context, a *attempt, f func(store.Reader) ([]store.Write, error)) (base *attempt, done bool, err error) {
	e.line.Lock()
	defer e.line.Unlock()
	for played := false; !played; {
		if err := e.trust(); err != nil {
			return nil, false, err
		}
		if base, err = e.underWay(ctx); err != nil {
			return nil, false, err
		}
		if played, err = e.show(ctx, a, base, f); !played && err == nil {
			base.outcome() // the watch was quicker with it, or another process
		}
	}
	if base != nil && (err != nil || len(a.writes) == 0) { // nothing is answered that may come to nothing
		if a.head = base.outcome(); a.head == 0 {
			return nil, false, nil
		}
	}
	switch {
	case err != nil:
	case len(a.writes) == 0:
		done, err = e.stillAt(ctx, a.head)
	default:
		a.base, a.ready, e.last = base, e.since(), a
	}
	return base, done, err
}

// underWay is the last attempt, with its head known, or nil when it is settled; the copy has it then.
func (e *Engine) underWay(ctx context.Context) (*attempt, error) {
	last := e.last
	if last == nil {
		return nil, nil
	}
	if last.base != nil {
		last.head, last.base = last.base.outcome(), nil
	}
	if last.head == 0 || last.isSettled() {
		e.last = nil
		return nil, e.catchUpTo(ctx, last.outcome())
	}
	return last, e.catchUpTo(ctx, last.head)
}

// show shows f the copy, with the writes of base on top, unless it is not as base found it.
func (e *Engine) show(ctx context.Context, a, base *attempt, f func(store.Reader) ([]store.Write, error)) (shown bool, err error) {
	err = e.readAt(ctx, func(at int64, r store.Reader) (err error) {
		if base != nil && at != base.head {
			return nil
		}
		if a.head = at; base != nil {
			r = store.Over(r, base.writes)
		}
		shown = true
		a.writes, err = f(r)
		a.writes = slices.Clone(a.writes) // the slice is the group's
		return err
	})
	return shown, err
}

// readAt is read of the copy as it is at a commit.
func (e *Engine) readAt(ctx context.Context, f func(at int64, r store.Reader) error) error {
	e.writing.Lock()
	held := true
	release := func() {
		if held {
			held = false
			e.writing.Unlock()
		}
	}
	defer release()
	at := e.applied.revision()
	return (*e.copy.Load()).View(ctx, func(r store.Reader) error {
		release()
		return f(at, r)
	})
}
