package ship

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// An Event is one that is sent.
type Event struct {
	Number   int64
	Time     time.Time
	Name     string
	Severity string
	Line     []byte // all of it, as JSON without a line break
}

// A Sink takes events. It is used by one goroutine at a time.
type Sink interface {
	// Send hands events over, in their order, and must give up when ctx ends. Nil says that they are kept, as far as the sink can
	// know. After an error any of them may be kept; they are sent again.
	Send(ctx context.Context, events []Event) error

	// Close lets go of what is held. Send may be called after it.
	Close() error
}

// A LaterError is a failure of a sink that says when it wants to be asked again.
type LaterError struct {
	Err   error
	After time.Duration
}

func (e *LaterError) Error() string { return e.Err.Error() }
func (e *LaterError) Unwrap() error { return e.Err }

// DefaultBacklog is how many events that wait are kept although they are past their retention. With their indexes and links they take
// about a gigabyte.
const DefaultBacklog = 1_000_000

// Options are how events are shipped.
type Options struct {
	Portal      string // names the store that the events are of
	Destination string // by which the place is found again; without secrets
	Backlog     int64
	Pace        time.Duration // between two looks, and after the first failure; the default is a second
}

// A Shipper ships the events of a portal to one destination.
type Shipper struct {
	Options
	accounts *account.Accounts
	sink     Sink

	shipped, failures, lost atomic.Int64
}

// New makes the shipper, without which nothing that waits is kept from the sweep. It belongs to the wiring.
func New(a *account.Accounts, to Sink, o Options) *Shipper {
	if o.Backlog == 0 {
		o.Backlog = DefaultBacklog
	}
	if o.Pace == 0 {
		o.Pace = time.Second
	}
	s := &Shipper{Options: o, accounts: a, sink: to}
	a.Shipping = s.shipping
	return s
}

// Counts is what this process has done: events sent, tries that failed, events that were found missing.
func (s *Shipper) Counts() (shipped, failures, lost int64) {
	return s.shipped.Load(), s.failures.Load(), s.lost.Load()
}

// Waiting is how many events are yet to be shipped, at most: of those behind a new destination some may be swept. It lags by a second.
func (s *Shipper) Waiting(ctx context.Context) (n int64, err error) {
	err = s.accounts.Store.View(ctx, func(tx store.Tx) error {
		p, err := s.place(tx)
		if err != nil {
			return err
		}
		last, err := account.LastEvent(tx)
		n = last - p.Shipped
		return err
	})
	return n, err
}

// shipping is what a sweep asks.
func (s *Shipper) shipping(tx store.Tx) (account.Shipping, error) {
	p, err := s.place(tx)
	if err != nil {
		return account.Shipping{}, err
	}
	last, err := account.LastEvent(tx)
	return account.Shipping{Shipped: p.Shipped, Sweep: max(p.Shipped, last-s.Backlog)}, err
}
