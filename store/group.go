package store

import (
	"runtime/debug"
	"time"
)

// The bounds of a group, where the engine has no narrower ones.
const (
	groupKeys  = 4096
	groupBytes = 8 << 20
	groupCalls = 1024
)

// Who was answered together comes again together. So a group behind one of so many calls waits a little for as many, and gives turns
// meanwhile: the first of them would have a commit of his own, as long as that of all others.
const (
	crowd    = 4
	patience = 10 * time.Millisecond
)

// bound is how much a group may write before OnCommit has the last word.
type bound struct{ keys, bytes int }

func boundOf(e Engine) bound {
	keys, bytes := groupKeys, groupBytes
	if b, narrow := e.(Bounded); narrow {
		keys, bytes = b.Bound()
	}
	return bound{keys - MaxLastKeys, bytes - MaxLastBytes}
}

// call is one Update on its way. The committer sends a transaction to turn, the caller's goroutine runs its function over
// it and sends it back.
type call struct {
	turn chan *tx
	back chan struct{}
	done chan error // the answer; buffered, for a caller who panicked is gone

	err  error // what the function made of its last turn
	gone bool  // panicked, or its goroutine ended, or it left because the DB failed
}

func newCall() *call {
	return &call{turn: make(chan *tx), back: make(chan struct{}), done: make(chan error, 1)}
}

// play takes one turn. Deferred, so that the committer has its transaction back also when f panics: the panic then unwinds
// f's own caller, unless it is a fault of the engine's memory.
func (c *call) play(t *tx, f func(Tx) error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	c.gone = true
	defer func() {
		p := recover()
		if fault(p) {
			c.err, c.gone = t.fail(Damage(p)), false
		}
		t.end()
		c.back <- struct{}{}
		if p != nil && !fault(p) {
			panic(p)
		}
	}()
	c.err = t.verdict(f(t))
	c.gone = false
}

// group is the calls that share one commit, and what they wrote.
type group struct {
	db     *DB
	last   turnout // of the group before
	calls  []*call
	bound  bound
	seen   seen
	writes overlay
	ended  func(error) // of who observes

	expected int // of calls, until that is over:
	over     <-chan time.Time
}

// run gives everybody in the group a turn, then whoever waits by then, and returns what is to be made durable. The engine
// may run it again. Whose writes find no room any more has another turn, first in the next group.
func (g *group) run(r Reader) ([]Write, error) {
	g.seen, g.writes, g.ended, g.bound = make(seen), overlay{}, nil, boundOf(g.db.engine)
	g.expect()
	for i := 0; i < len(g.calls); i++ {
		if c := g.calls[i]; !c.gone && !g.turn(r, c) {
			g.db.queue.putBack(g.calls[i:])
			g.calls = g.calls[:i]
			break
		}
		if i+1 == len(g.calls) {
			g.admit()
		}
	}
	if err := g.db.Err(); err != nil {
		return nil, err
	}
	err := g.conclude(r)
	if f := g.db.observe.Load(); f != nil && err == nil && len(g.writes.writes) > 0 {
		g.ended = (*f)(len(g.calls))
	}
	return g.writes.writes, err
}

// expect says how many calls the group waits for, once.
func (g *group) expect() {
	if g.over == nil && g.last.calls >= crowd {
		g.expected, g.over = g.last.calls, time.After(min(g.last.took/4, patience))
	}
}

// conclude gives the last word to the function of OnCommit.
func (g *group) conclude(r Reader) error {
	f := g.db.onCommit.Load()
	if f == nil || len(g.writes.writes) == 0 {
		return nil
	}
	before := &tx{db: g.db, reader: r, seen: g.seen}
	t := &tx{db: g.db, reader: r, seen: g.seen, group: &g.writes, max: bound{MaxLastKeys, MaxLastBytes}}
	defer before.end()
	defer t.end()
	if err := before.verdict(t.verdict((*f)(before, t))); err != nil {
		return err
	}
	g.writes.pour(&t.own)
	return nil
}

// turn reports false when what the call wrote has no room in the group. Alone it always has.
func (g *group) turn(r Reader, c *call) (fits bool) {
	t := &tx{db: g.db, reader: r, seen: g.seen, group: &g.writes, max: bound{MaxKeys, MaxBytes}}
	select {
	case c.turn <- t:
		<-c.back
	case <-g.db.broken: // nobody waits for this commit any more
		c.gone = true
	}
	if c.gone || c.err != nil {
		return true
	}
	if len(g.writes.writes) > 0 && !g.fits(&t.own) {
		return false
	}
	g.writes.pour(&t.own)
	return true
}

func (g *group) fits(own *overlay) bool {
	return g.writes.size+own.size <= g.bound.bytes && g.writes.union(own) <= g.bound.keys
}

func (g *group) admit() {
	room := len(g.writes.writes) < g.bound.keys && g.writes.size < g.bound.bytes && len(g.calls) < groupCalls
	if !room {
		return
	}
	c := g.db.queue.next()
	if c == nil && len(g.calls) < g.expected {
		if c = g.db.queue.wait(g.over); c == nil {
			g.expected = 0
		}
	}
	if c != nil {
		g.calls = append(g.calls, c)
	}
}

// answer tells everybody his outcome, or err if the commit failed with it.
func (g *group) answer(err error) {
	for _, c := range g.calls {
		if err != nil {
			c.err = err
		}
		c.done <- c.err
	}
}
