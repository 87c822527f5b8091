package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/portico-vco/portico/store"
)

var (
	errHeadGone = fmt.Errorf("%w: the head is gone from etcd: somebody removed what is under the prefix; restore a backup, then restart", store.ErrDamaged)
	errPutBack  = fmt.Errorf("%w: etcd has an older state than it had: the cluster was put back or is another one; see that it is the right one, "+
		"then restart", store.ErrDamaged)
)

// questions collects who waits for the answer to a question that is yet to be asked: one read of etcd is enough for all of them.
type questions struct {
	mu      sync.Mutex
	waiting []chan error
	asked   chan struct{}
}

func newQuestions() questions { return questions{asked: make(chan struct{}, 1)} }

func (q *questions) put() <-chan error {
	answer := make(chan error, 1)
	q.mu.Lock()
	q.waiting = append(q.waiting, answer)
	q.mu.Unlock()
	signal(q.asked)
	return answer
}

func (q *questions) take() []chan error {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := q.waiting
	q.waiting = nil
	return waiting
}

// CatchUp waits until the copy has all that was acknowledged to anybody before the call.
func (e *Engine) CatchUp(ctx context.Context) error {
	select {
	case err := <-e.questions.put():
		return err
	case <-e.over:
		return *e.failed.Load()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask asks whether the copy is up to date, all the time, and whenever somebody wants to know.
func (e *Engine) ask(ctx context.Context) {
	tick := time.NewTicker(e.Behind / 8)
	defer tick.Stop()
	silent := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.questions.asked:
		}
		waiting := e.questions.take()
		err := e.compare(ctx)
		for _, w := range waiting {
			w <- err
		}
		if (e.trust() != nil) != silent && ctx.Err() == nil && e.failed.Load() == nil {
			silent = !silent
			e.tellTrust(silent, err)
		}
	}
}

func (e *Engine) tellTrust(silent bool, err error) {
	if silent {
		e.Tell(fmt.Errorf("etcd: every call is refused until the local copy has caught up: %w", err))
	} else {
		e.Tell(errors.New("etcd: the local copy has caught up, calls are answered again"))
	}
}

// compare holds the copy against the head as it is now.
func (e *Engine) compare(ctx context.Context) error {
	if err := e.failed.Load(); err != nil {
		return *err
	}
	asked, had := e.since(), e.applied.revision()
	get, err := e.get(ctx, e.Behind/2, e.keys.head) // linearizable
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBehind, err)
	}
	if len(get.Kvs) == 0 {
		e.fail(errHeadGone)
		return errHeadGone
	}
	head := get.Kvs[0].ModRevision
	if head < had || get.Header.ClusterId != e.cluster {
		e.fail(errPutBack)
		return errPutBack
	}
	if err := e.catchUpTo(ctx, head); err != nil {
		return err
	}
	e.watched.Store(get.Header.Revision)
	e.trusted.Store(int64(asked))
	return nil
}

// catchUpTo waits until the copy has a commit. If that takes too long, the watch is stuck.
func (e *Engine) catchUpTo(ctx context.Context, revision int64) error {
	ctx, cancel := context.WithTimeout(ctx, e.Behind/2)
	defer cancel()
	err := e.reach(ctx, &e.applied, revision, func() error { return nil })
	if err == nil {
		return nil
	}
	if failed := e.failed.Load(); failed != nil {
		return *failed
	}
	e.members.leave(e.members.current())
	e.watchAnew()
	return fmt.Errorf("%w: the copy waits for the watch (%w)", ErrBehind, err)
}

// watchAnew ends the watch, so that another is begun. It may not have begun itself: a member that stands still lets it wait.
func (e *Engine) watchAnew() {
	if end := e.endWatch.Load(); end != nil {
		(*end)()
	}
}
