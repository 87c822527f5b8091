package hook

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A progress is up to which event there are deliveries. There is one, from the first webhook on.
type progress struct {
	ID      int64 `json:"id"`
	Through int64 `json:"through"`
}

var places = store.NewCollection("webhookplace", func(p *progress) *int64 { return &p.ID })

const thePlace = 1

// begin sees to it that events behind that one are looked at, if none were so far.
func begin(tx store.Tx, last int64) error {
	p, err := places.Get(tx, thePlace)
	if err != nil || p != nil {
		return err
	}
	return places.Put(tx, &progress{thePlace, last})
}

// The bounds of a step: how many events it reads, how many deliveries it writes, of four keys each, and behind how many events that
// nobody wanted it is kept how far that is.
const (
	readEvents   = 256
	queuedAtOnce = 3 * maxHooks
	unwanted     = 1000
)

// A wish is an event that a webhook is to be told of.
type wish struct {
	hook  int64
	event *account.Event
}

// queue writes the deliveries of a step of the events behind the last one that was looked at, and says whether there may be more.
func (r *run) queue(ctx context.Context) (more bool, err error) {
	through, wishes := r.at, []wish(nil)
	err = r.store.View(ctx, func(tx store.Tx) error {
		if !r.begun {
			if through, err = startAt(tx); err != nil {
				return err
			}
		}
		through, wishes, err = r.wishesBehind(tx, through)
		return err
	})
	if err != nil || r.begun && through == r.at {
		return false, err
	}
	if !r.begun {
		r.begun, r.kept = true, through
	}
	if len(wishes) > 0 || through-r.kept >= unwanted {
		if err := r.keep(ctx, wishes, through); err != nil {
			return false, err
		}
		r.kept = through
	}
	r.at = through
	return true, nil
}

// startAt answers up to which event there are deliveries. Before the first webhook nobody wants any.
func startAt(tx store.Tx) (int64, error) {
	p, err := places.Get(tx, thePlace)
	if err != nil || p != nil {
		return p.through(), err
	}
	return account.LastEvent(tx)
}

func (p *progress) through() int64 {
	if p == nil {
		return 0
	}
	return p.Through
}

// keep writes deliveries and how far that came. That never goes back: another process may have come further.
func (r *run) keep(ctx context.Context, wishes []wish, through int64) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		p, err := places.Get(tx, thePlace)
		if err != nil || p == nil || p.Through >= through {
			return err
		}
		for _, w := range wishes {
			h, err := hooks.Get(tx, w.hook)
			if err != nil {
				return err
			}
			if h == nil || !h.wants(w.event) { // it was changed, or is gone, in this very moment
				continue
			}
			if _, err := r.add(tx, h, w.event.ID, w.event.Name); err != nil {
				return err
			}
		}
		return places.Put(tx, &progress{thePlace, through})
	})
}

// wishesBehind reads events behind one, and answers how far it read and who wants which.
func (k *Hooks) wishesBehind(tx store.Tx, after int64) (through int64, wishes []wish, err error) {
	through = after
	if first, err := store.First(tx, hooksOf, store.Span{}); err != nil || first == 0 { // nobody wants any
		last, lastErr := account.LastEvent(tx)
		return max(after, last), nil, cmp.Or(err, lastErr)
	}
	n := 0
	err = account.EventsAfter(tx, after, func(e account.StoredEvent) (bool, error) {
		wanted, err := k.wishesFor(tx, &e.Event)
		if err != nil || len(wishes)+len(wanted) > queuedAtOnce {
			return false, err
		}
		through, wishes = e.ID, append(wishes, wanted...)
		n++
		return n < readEvents, nil
	})
	return through, wishes, err
}

// wishesFor answers the webhooks that are to be told of an event: of the tenant in whose record it is, and of those above it.
func (k *Hooks) wishesFor(tx store.Tx, e *account.Event) (wishes []wish, err error) {
	in, above, err := k.accounts.Above(tx, e.Scope, e.TenantID)
	if err != nil {
		return nil, err
	}
	for _, of := range above {
		err := hooksOf.Scan(tx, store.Span{Prefix: tenantKey(of)}, func(h *Hook) (bool, error) {
			if h.wants(e) && h.reads(e, in) {
				wishes = append(wishes, wish{h.ID, e})
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return wishes, nil
}
