package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/store"
)

// A pipe is an engine in which a commit is on its way until the test says what becomes of it.
type pipe struct {
	*engine
	line sync.Mutex
	last *step
	sent chan *step
	over chan struct{} // closed with the test
}

type step struct {
	base   *step
	writes []store.Write
	fate   chan error    // from the test
	ended  chan struct{} // closed when it is durable, or never will be
	failed bool
}

func openPipe(t testing.TB) (*pipe, *store.DB) {
	p := &pipe{engine: &engine{data: map[string][]byte{}}, sent: make(chan *step, 10), over: make(chan struct{})}
	db := store.Open(p)
	t.Cleanup(func() { close(p.over); db.Close() })
	return p, db
}

func (p *pipe) Overlap() int { return 2 }

func (p *pipe) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	for {
		s, err := p.play(f)
		if err != nil || len(s.writes) == 0 {
			return err
		}
		p.sent <- s
		select {
		case err = <-s.fate:
		case <-p.over:
			err = store.ErrFull
		}
		if s.base != nil {
			<-s.base.ended
		}
		lost := s.base != nil && s.base.failed
		if !lost && err == nil {
			err = p.engine.Commit(ctx, func(store.Reader) ([]store.Write, error) { return s.writes, nil })
		}
		s.failed = lost || err != nil
		close(s.ended)
		if !lost {
			return err
		}
	}
}

func (p *pipe) play(f func(store.Reader) ([]store.Write, error)) (*step, error) {
	p.line.Lock()
	defer p.line.Unlock()
	s := &step{fate: make(chan error, 1), ended: make(chan struct{})}
	r := store.Reader(p.engine)
	if p.last != nil && !p.last.hasEnded() {
		s.base = p.last
		r = store.Over(r, s.base.writes)
	}
	var err error
	if s.writes, err = f(r); err == nil && len(s.writes) > 0 {
		p.last = s
	}
	return s, err
}

func (s *step) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (p *pipe) next(t *testing.T) *step {
	t.Helper()
	select {
	case s := <-p.sent:
		return s
	case <-time.After(5 * time.Second):
		t.Fatal("no commit is sent")
		return nil
	}
}

func appending(text string) func(store.Tx) error {
	return func(tx store.Tx) error {
		v, err := tx.Get([]byte("k"))
		return errors.Join(err, tx.Put([]byte("k"), append(slices.Clone(v), text...)))
	}
}

func start(db *store.DB, f func(store.Tx) error) <-chan error {
	told := make(chan error, 1)
	go func() { told <- db.Update(context.Background(), f) }()
	return told
}

func silent(t *testing.T, what string, told <-chan error) {
	t.Helper()
	select {
	case err := <-told:
		t.Errorf("%s was answered (%v) before it was durable", what, err)
	case <-time.After(10 * time.Millisecond):
	}
}

// A group has its turns over what the one before leaves, while that is on its way, and is answered behind it.
func TestOverlap(t *testing.T) {
	p, db := openPipe(t)
	a := start(db, appending("a"))
	first := p.next(t)
	b := start(db, appending("b"))
	second := p.next(t)
	if second.base != first {
		t.Fatal("the second commit was not shown the first")
	}
	second.fate <- nil
	silent(t, "the first", a)
	silent(t, "the second", b)
	first.fate <- nil
	if err := errors.Join(within(t, a), within(t, b)); err != nil {
		t.Error(err)
	}
	if got := string(p.data["k"][4:]); got != "ab" {
		t.Errorf("got %q", got)
	}
}

// When a commit fails, its own callers are told so, and who has seen it has his turn again.
func TestOverlapFails(t *testing.T) {
	p, db := openPipe(t)
	var seen []string
	b := func(tx store.Tx) error {
		v, err := tx.Get([]byte("k"))
		seen = append(seen, string(v))
		return errors.Join(err, appending("b")(tx))
	}
	told := []<-chan error{start(db, appending("a"))}
	first := p.next(t)
	told = append(told, start(db, b))
	second := p.next(t)
	second.fate <- nil
	first.fate <- store.ErrFull
	if err := within(t, told[0]); !errors.Is(err, store.ErrFull) {
		t.Errorf("the first: %v", err)
	}
	p.next(t).fate <- nil
	if err := within(t, told[1]); err != nil {
		t.Errorf("the second: %v", err)
	}
	if diff := cmp.Diff([]string{"a", ""}, seen); diff != "" || string(p.data["k"][4:]) != "b" {
		t.Errorf("kept %q, the second saw (-want +got):\n%s", p.data["k"][4:], diff)
	}
}

// No more commits are under way than the engine wants, and whoever waits behind them may leave, or is refused when the store is closed.
func TestOverlapHasAnEnd(t *testing.T) {
	p, db := openPipe(t)
	var told []<-chan error
	var steps []*step
	for i := range 2 {
		told = append(told, start(db, put(fmt.Sprint(i), "")))
		steps = append(steps, p.next(t))
	}
	third := start(db, put("third", ""))
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := db.Update(ctx, put("fourth", "")); !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	if err := within(t, third); !errors.Is(err, store.ErrClosed) {
		t.Errorf("who waited: %v", err)
	}
	silent(t, "Close", closed)
	for i, s := range steps {
		s.fate <- nil
		if err := within(t, told[i]); err != nil {
			t.Error(err)
		}
	}
	if err := within(t, closed); err != nil || p.commits != 2 {
		t.Errorf("%d commits, Close: %v", p.commits, err)
	}
}

// Of many who call at once, half are on their way while the others have their turns.
func TestOverlapShares(t *testing.T) {
	p, db := openPipe(t)
	var calls []int
	db.Observe(func(n int) func(error) { calls = append(calls, n); return func(error) {} })
	begun, release := make(chan struct{}), make(chan struct{})
	told := []<-chan error{start(db, func(store.Tx) error { close(begun); <-release; return nil })}
	<-begun
	for i := range 16 {
		told = append(told, start(db, put(fmt.Sprint(i), "")))
	}
	time.Sleep(20 * time.Millisecond) // for them to queue
	close(release)
	p.next(t)
	p.next(t)
	if len(calls) != 2 || calls[0] < 4 || calls[1] < 4 {
		t.Errorf("the first groups are of %v calls", calls)
	}
	p.mu.Lock()
	p.broken = "view"
	p.mu.Unlock()
	_ = db.View(t.Context(), scan)
	for _, err := range told[1:] {
		if err := within(t, err); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("with an engine that is broken: %v", err)
		}
	}
}
