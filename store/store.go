package store

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// DB is a store: an engine with serial, grouped Updates, checksums and limits on top.
type DB struct {
	engine   Engine
	queue    *queue
	ended    chan struct{} // closed when the committer has ended
	closed   atomic.Bool
	failed   atomic.Pointer[error]
	broken   chan struct{} // closed when failed is set
	onCommit atomic.Pointer[func(before, tx Tx) error]
	observe  atomic.Pointer[func(calls int) func(error)]
}

// Open makes a DB of an engine, which from now on is the DB's to close.
func Open(e Engine) *DB {
	db := &DB{engine: e, queue: newQueue(), ended: make(chan struct{}), broken: make(chan struct{})}
	if s, shared := e.(Shared); shared {
		s.OnFailure(func(err error) { _ = db.note(err) })
	}
	go db.commitAll()
	return db
}

// View shows f a consistent snapshot and returns f's error. It waits for no Update. It fails with ctx's error if that ended
// before, with ErrClosed, or with Err. f must not call Update, View or Close of the same DB: an Update may have to wait until
// the Views that have begun end (bolt, when the file is mapped anew), and then both would wait for ever.
func (db *DB) View(ctx context.Context, f func(Tx) error) (err error) {
	if err := db.ready(ctx); err != nil {
		return err
	}
	// A file that is cut off under its memory map faults: a panic can be dealt with, a signal cannot.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	t := &tx{db: db}
	defer t.end()
	theirs := false
	defer t.guard(&err, &theirs)
	var verdict error
	err = db.engine.View(ctx, func(r Reader) error {
		t.reader = r
		theirs = true
		verdict = t.verdict(f(t))
		theirs = false
		return nil
	})
	if err != nil {
		return err
	}
	theirs = true // an error of f is not the store's
	return verdict
}

// Update runs f, makes what it wrote durable, and returns f's error; when that is not nil, nothing was written. All Updates
// are strictly serial. f may run more than once, so it must have no effects but through its Tx, and it must not call Update,
// View or Close of the same DB: it would wait for itself.
//
// Besides those of View, an Update fails with ctx's error if that ends while others are served first (one that has begun is
// waited for), with ErrLimit, and with ErrUnavailable when the commit failed. Once Err is not nil it waits for nothing: its
// writes may then be durable, or not.
func (db *DB) Update(ctx context.Context, f func(Tx) error) error {
	if err := db.ready(ctx); err != nil {
		return err
	}
	c := newCall()
	if !db.queue.push(c) {
		return ErrClosed
	}
	cancelled := ctx.Done()
	for {
		select {
		case t := <-c.turn:
			c.play(t, f)
		case err := <-c.done:
			return err
		case <-db.broken: // the engine may never end its commit
			db.queue.remove(c)
			return db.Err()
		case <-cancelled:
			if db.queue.remove(c) {
				return ctx.Err()
			}
			cancelled = nil
		}
	}
}

// OnCommit lets f have the last word in every group of Updates that writes anything: what f writes becomes durable with the
// group or not at all, and when it fails all of the group fail with its error. before shows what the group began with, tx what
// it leaves, with limits of its own. f is called by the committer and may run more than once; like the function of an
// Update it has no effects but through tx. A panic of f's is taken for damage. There is one f; a later one takes its place.
func (db *DB) OnCommit(f func(before, tx Tx) error) { db.onCommit.Store(&f) }

// Observe lets f watch the commits that write: f is called when the functions of all Updates in the group have run, with their
// number, and what it answers once they are durable, or with the error by which they are not. There is one f; a later one takes
// its place.
func (db *DB) Observe(f func(calls int) (ended func(error))) { db.observe.Store(&f) }

// Close refuses what still waits with ErrClosed, waits for the Updates and Views that have begun, and closes the engine. Once
// Err is not nil it leaves all waiting to the engine. A second Close does nothing.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	for _, c := range db.queue.close() {
		c.done <- ErrClosed
	}
	select {
	case <-db.ended:
	case <-db.broken:
	}
	return db.engine.Close()
}

// Size is the room that the store takes. It fails with ErrClosed, with Err, or when the engine cannot say.
func (db *DB) Size(ctx context.Context) (s Size, err error) {
	e, ok := db.engine.(Sizer)
	if !ok {
		return Size{}, nil
	}
	if err := db.ready(ctx); err != nil {
		return Size{}, err
	}
	defer db.guard(&err)()
	return e.Size(ctx)
}

// ID names this store and no other; it is given when the store is made and never changes.
func (db *DB) ID() string { return db.engine.ID() }

// Err is nil as long as the store may be trusted. Once it is not (ErrDamaged, ErrUnsynced, ErrAside), View and Update refuse
// with it until the store is opened anew.
func (db *DB) Err() error {
	if err := db.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Failed is closed once Err is not nil.
func (db *DB) Failed() <-chan struct{} { return db.broken }

func (db *DB) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.closed.Load() {
		return ErrClosed
	}
	return db.Err()
}

// guard, called and what it returns deferred, turns a panic of the engine, and a fault of its memory, into damage.
func (db *DB) guard(err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if p := recover(); p != nil {
			*err = db.note(Damage(p))
		}
	}
}

// note remembers the first error after which the store may not be trusted.
func (db *DB) note(err error) error {
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrUnsynced) || errors.Is(err, ErrAside) {
		if db.failed.CompareAndSwap(nil, &err) {
			close(db.broken)
		}
	}
	return err
}

// commitAll is the committer.
func (db *DB) commitAll() {
	defer close(db.ended)
	debug.SetPanicOnFault(true)
	var last turnout
	for {
		first := db.queue.wait(nil)
		if first == nil {
			return
		}
		g := &group{db: db, last: last, calls: []*call{first}}
		start := time.Now()
		err := db.commit(g)
		last = turnout{len(g.calls), time.Since(start)}
		g.answer(err)
	}
}

// A turnout is how many calls shared a commit, and how long that took.
type turnout struct {
	calls int
	took  time.Duration
}

// commit runs the group inside one commit of the engine.
func (db *DB) commit(g *group) (err error) {
	if err := db.Err(); err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = Damage(p)
		}
		if g.ended != nil {
			g.ended(err)
		}
		err = db.note(err)
	}()
	return db.engine.Commit(context.Background(), g.run)
}
