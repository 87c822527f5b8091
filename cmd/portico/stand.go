package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A stand is where the instance stands that serves. In a demo with a test control another one can be put in its place, on an empty
// store, while the listeners and what belongs to them stay: all that the one before had in memory, such as rate limits, lock-outs and
// times of last use, is gone with it.
type stand struct {
	*program
	*Config
	all  context.Context
	stop context.CancelFunc // of the work that nobody calls for, of all instances

	mu     sync.RWMutex // held for writing while the instance is exchanged
	o      *instance
	calls  http.Handler       // what of it answers calls,
	ops    http.Handler       // and whoever runs it; nil without an operations listener
	halt   context.CancelFunc // of its work that nobody calls for,
	tended chan struct{}      // which has ended when this is closed
	ended  bool               // nothing is exchanged any more

	ahead   atomic.Int64 // bytes of bodies that have arrived
	seeding sync.Mutex   // one seed at a time
	broken  chan error   // there is no instance any more, and why
}

var (
	errEnded  = errors.New("the portal is ending")
	errNoDemo = errors.New("the store was not made as a demo, and what is in it may be all there is: reset is for demos")
)

func (p *program) newStand(ctx context.Context, o *instance) *stand {
	s := &stand{program: p, Config: o.Config, o: o, broken: make(chan error, 1)}
	s.all, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	return s
}

// serves puts an instance there.
func (s *stand) serves(o *instance, calls http.Handler) {
	s.o, s.calls = o, calls
	if o.metrics != nil {
		s.ops = o.operations()
	}
}

// front is a handler of the instance; where that can be exchanged, of the one that is there, which stays until it has answered.
func (s *stand) front(h *http.Handler) http.Handler {
	if s.clock == nil {
		return *h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.readAhead(r)()
		on := http.NewResponseController(w)
		_ = on.SetWriteDeadline(time.Time{}) // how long a reset takes is not his time
		s.mu.RLock()
		defer s.mu.RUnlock()
		_ = on.SetWriteDeadline(time.Now().Add(writeTime))
		(*h).ServeHTTP(w, r)
	})
}

// maxAhead is as long as the body of any call may be; maxAllAhead bounds what has arrived of all.
const (
	maxAhead    = 1 << 20
	maxAllAhead = 64 << 20
)

// readAhead has the body of a request arrive: who sends it slowly holds up nobody who waits for the end of his call. What was wrong with
// the rest is told again when that is read. What is too long is refused unread, and where too much has arrived already the call itself
// reads. done is to be called when it has ended.
func (s *stand) readAhead(r *http.Request) (done func()) {
	var b bytes.Buffer
	for r.ContentLength <= maxAhead && b.Len() < maxAhead && s.ahead.Load() < maxAllAhead {
		n, err := io.CopyN(&b, r.Body, 16<<10)
		s.ahead.Add(n)
		if err != nil {
			break
		}
	}
	held := int64(b.Len())
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&b, r.Body), r.Body}
	return func() { s.ahead.Add(-held) }
}

// tend begins the work that nobody calls for.
func (s *stand) tend() {
	var ctx context.Context
	ctx, s.halt = context.WithCancel(s.all)
	o, tended := s.o, make(chan struct{})
	s.tended = tended
	go func() {
		defer close(tended)
		o.tend(ctx)
	}()
}

// ending tells the instance that it ends. Its work that nobody calls for takes a while to end, beside the calls.
func (s *stand) ending() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.o.ending.Store(true)
	s.stop()
}

// end ends what there is beside calls, and writes what was collected in memory.
func (s *stand) end(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.stop()
	<-s.tended
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return errors.Join(s.o.tokens.Flush(flush, true), s.o.clients.Flush(flush))
}

// close closes the instance that is there, once nobody is at it.
func (s *stand) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return s.o.close()
}

// reset empties the portal, with the same keys, makes it as a first start does, and seeds it. Calls under way are answered before, and
// those that come meanwhile after. The clock is the real one, unless the request says otherwise.
func (s *stand) reset(ctx context.Context, body []byte) (any, error) {
	to, err := clockIn(body)
	if err == nil {
		_, err = to.step()
	}
	if err != nil {
		return nil, err
	}
	if s.shared() {
		return nil, errors.New("the store is not the portal's alone, and others would lose it: reset is for stores in a file")
	}
	f, err := s.readSeed()
	if err != nil {
		return nil, err
	}
	begun := s.clock.real()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, errEnded
	}
	if demo, err := s.o.accounts.HasDemo(ctx); err != nil || !demo {
		return nil, cmp.Or(err, errNoDemo)
	}
	if err := s.o.checkAnew(ctx, f); err != nil {
		return nil, err
	}
	if err := s.Data.emptyStore(ctx); err != nil { // as long as nothing was ended
		return nil, err
	}
	if err := s.exchange(context.WithoutCancel(ctx), to); err != nil { // who hangs up now leaves a portal
		s.ended, s.o.close = true, func() error { return nil } // it was closed
		s.broken <- err
		return nil, err
	}
	made, err := s.o.begin(ctx, f, s.stdout)
	s.tend()
	s.o.log.Warn().Err(err).Dur("took", s.clock.real().Sub(begun)).Msg("the portal was emptied and made anew")
	return seeded{made, s.clock.state()}, err
}

// exchange puts an instance with an empty store in the place of the one that is there.
func (s *stand) exchange(ctx context.Context, to clockState) error {
	s.halt()
	<-s.tended
	if err := errors.Join(s.o.close(), s.clock.begin(to)); err != nil {
		return err
	}
	db, err := s.Data.exchange()
	if err != nil {
		return err
	}
	o, err := s.build(ctx, s.Config, db, db.Close, s.o.addresses, s.o.log)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	o.connections, o.certificate, o.clientCA = s.o.connections, s.o.certificate, s.o.clientCA
	if o.metrics = s.o.metrics; o.metrics != nil {
		o.metrics.watch(o)
	}
	h, err := o.handler()
	if err != nil {
		return errors.Join(err, db.Close())
	}
	s.serves(o, h)
	return nil
}
