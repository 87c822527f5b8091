package ship

import (
	"context"
	"errors"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Kind is what a piece of news is about.
type Kind string

const (
	Stalled  Kind = "stalled"  // a try failed, after one that did not
	Resumed  Kind = "resumed"  // a batch was taken again
	Overfull Kind = "overfull" // more events wait than are kept past their retention
	Lost     Kind = "lost"     // events were swept before they were sent
)

// News is what Run has to tell.
type News struct {
	Kind    Kind
	Err     error // of Stalled
	Waiting int64
	Lost    int64
}

// The bounds of a batch. It is smaller than the megabyte that many a server takes as a body. A single event may be larger.
const (
	maxEvents = 1000
	maxBytes  = 512 << 10
)

// The time for a batch, and between the tries of one that fails: twice as long each time, but never longer than that.
const (
	sendTime = 30 * time.Second
	maxWait  = time.Minute
	maxLater = time.Hour // a sink that asks for more is asked all the same
)

// Run ships events until ctx ends, and tells what somebody should know. Only one process of a portal should run it; where two do for
// a while, events are sent twice.
func (s *Shipper) Run(ctx context.Context, tell func(News)) {
	r := &run{Shipper: s, tell: tell, most: maxEvents, second: time.NewTicker(s.Pace)}
	defer r.end(ctx)
	for {
		wait := time.NewTimer(r.round(ctx))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// A run is what a Run knows.
type run struct {
	*Shipper
	tell     func(News)
	at       place // Shipped is what was sent
	kept     int64 // what the store knows of that
	waiting  int64 // behind it, when the last batch was read
	most     int   // events in a batch
	failed   int   // tries in a row
	overfull bool
	second   *time.Ticker // when the place may be kept
}

// round sends all there is, and answers how long to wait for more, or for the next try.
func (r *run) round(ctx context.Context) time.Duration {
	for {
		more, err := r.step(ctx)
		if !more && err == nil {
			err = r.note(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return 0
		case err != nil:
			return r.fail(ctx, err)
		}
		r.resume()
		if !more {
			return r.Pace
		}
	}
}

// step sends a batch, and says whether there was one.
func (r *run) step(ctx context.Context) (more bool, err error) {
	if r.at.ID == 0 {
		if r.at, err = r.begin(ctx); err != nil {
			return false, err
		}
		r.kept = r.at.Shipped
	}
	b, err := r.next(ctx)
	if err != nil {
		return false, err
	}
	r.warn()
	if len(b.events) == 0 {
		return false, nil
	}
	try, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err := r.sink.Send(try, b.events); err != nil {
		r.most = max(len(b.events)/2, 1) // what is too much, or too slow, gets through in parts
		return false, err
	}
	r.sent(b)
	select {
	case <-r.second.C:
		return true, r.note(ctx)
	default:
		return true, nil
	}
}

func (r *run) sent(b batch) {
	r.at.Shipped = b.events[len(b.events)-1].Number
	r.most = min(2*r.most, maxEvents)
	r.shipped.Add(int64(len(b.events)))
	if b.lost > 0 {
		r.lost.Add(b.lost)
		r.tell(News{Kind: Lost, Lost: b.lost, Waiting: r.waiting})
	}
}

// note keeps the place, if it has changed.
func (r *run) note(ctx context.Context) error {
	if r.at.Shipped == r.kept {
		return nil
	}
	err := r.keep(ctx, r.at.Shipped)
	if err == nil {
		r.kept = r.at.Shipped
	}
	return err
}

// fail counts a failure, and answers when to try again. What was sent before it is noted: the next try may be far off.
func (r *run) fail(ctx context.Context, err error) time.Duration {
	r.failures.Add(1)
	if r.failed++; r.failed == 1 {
		r.tell(News{Kind: Stalled, Err: err, Waiting: r.waiting})
	}
	_ = r.note(ctx) // tried again with the next round
	wait := min(r.Pace<<min(r.failed-1, 10), maxWait)
	var later *LaterError
	if errors.As(err, &later) {
		wait = max(wait, min(later.After, maxLater))
	}
	return wait
}

// resume tells once that it goes on.
func (r *run) resume() {
	if r.failed > 0 {
		r.failed = 0
		r.tell(News{Kind: Resumed, Waiting: r.waiting})
	}
}

// warn tells once that more events wait than are kept.
func (r *run) warn() {
	was := r.overfull
	if r.overfull = r.waiting > r.Backlog; r.overfull && !was {
		r.tell(News{Kind: Overfull, Waiting: r.waiting})
	}
}

// end notes what was sent. What cannot be noted is sent again by whoever goes on.
func (r *run) end(ctx context.Context) {
	r.second.Stop()
	if err := errors.Join(r.note(ctx), r.sink.Close()); err != nil {
		r.tell(News{Kind: Stalled, Err: err})
	}
}

// A batch is the next events to send.
type batch struct {
	events []Event
	bytes  int
	lost   int64 // how many are missing before or among them
}

// next reads a batch.
func (r *run) next(ctx context.Context) (b batch, err error) {
	err = r.accounts.Store.View(ctx, func(tx store.Tx) error {
		b = batch{}
		last, err := account.LastEvent(tx)
		if err != nil {
			return err
		}
		r.waiting = last - r.at.Shipped
		expected := r.at.Shipped + 1
		return account.EventsAfter(tx, r.at.Shipped, func(e account.StoredEvent) (bool, error) {
			line := appendLine(nil, r.Portal, e)
			if len(b.events) > 0 && b.bytes+len(line) > maxBytes {
				return false, nil
			}
			b.lost += max(0, e.ID-max(expected, r.at.Begun+1))
			expected = e.ID + 1
			b.bytes += len(line)
			b.events = append(b.events, Event{Number: e.ID, Time: e.Time, Name: e.Name, Severity: e.Severity, Line: line})
			return len(b.events) < r.most, nil
		})
	})
	return b, err
}
