package hook

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A State is where a delivery is in its life.
type State string

// An Act moves a delivery.
type Act string

const (
	Pending   State = "PENDING"
	Delivered State = "DELIVERED" // the target has taken it, or the letters are queued
	Dead      State = "DEAD"      // refused for good, tried too often, or no longer to be told

	Try       Act = "try"
	Deliver   Act = "deliver"
	GiveUp    Act = "give up"
	Redeliver Act = "redeliver" // by somebody who wants it: at once
)

// Moves is the life of a delivery.
var Moves = auth.Lifecycle[State, Act]{
	Pending:   {Try: Pending, Deliver: Delivered, GiveUp: Dead, Redeliver: Pending},
	Delivered: {Redeliver: Pending},
	Dead:      {Redeliver: Pending},
}

// A Delivery is an event that a webhook is to tell of.
type Delivery struct {
	ID        int64     `json:"id"`
	HookID    int64     `json:"hookId"`
	EventID   int64     `json:"eventId"`
	Event     string    `json:"event"` // what it is called
	State     State     `json:"state"`
	Tries     int       `json:"tries,omitempty"`
	Due       time.Time `json:"due"`   // of the next try
	Until     time.Time `json:"until"` // from then on it is not tried any more
	Status    int       `json:"status,omitempty"`
	LastError string    `json:"lastError,omitempty"`
	Created   time.Time `json:"created"`
	Modified  time.Time `json:"modified"`
}

var (
	deliveries  = store.NewCollection("webhookdelivery", func(d *Delivery) *int64 { return &d.ID })
	deliveryOf  = deliveries.Unique("event", func(d *Delivery) []byte { return store.Key(d.HookID, d.EventID) })
	deliveryDue = deliveries.Index("due", func(d *Delivery) []byte {
		if d.State != Pending {
			return nil
		}
		return store.Key(d.HookID, d.Due)
	})
	deliveryEnded = deliveries.Index("ended", func(d *Delivery) []byte {
		if d.State == Pending {
			return nil
		}
		return store.Key(d.Modified)
	})
)

const (
	maxWaiting = 1000               // deliveries of a webhook
	maxAge     = 3 * 24 * time.Hour // of a delivery that waits
)

// move takes the delivery to its next state.
func (d *Delivery) move(tx store.Tx, by Act, now time.Time) error {
	to, err := Moves.Next(d.State, by)
	if err != nil {
		return err
	}
	d.State, d.Modified = to, now
	return deliveries.Put(tx, d)
}

// end gives a delivery up, and says why.
func (d *Delivery) end(tx store.Tx, why string, now time.Time) error {
	d.LastError = why
	return d.move(tx, GiveUp, now)
}

// waited is for how long a delivery has waited, since it was asked for last.
func (d *Delivery) waited(now time.Time) time.Duration { return now.Sub(d.Until.Add(-maxAge)) }

// waiting counts what a webhook still has to tell.
func waiting(tx store.Tx, hook int64) (n int, err error) {
	err = deliveryDue.IDs(tx, store.Span{Prefix: store.Key(hook)}, func([]byte, int64) (bool, error) {
		n++
		return n < maxWaiting, nil
	})
	return n, err
}

// add writes a delivery, unless there is that one. Of a webhook for which too much waits it is dead at once.
func (k *Hooks) add(tx store.Tx, h *Hook, event int64, name string) (*Delivery, error) {
	there, err := deliveryOf.Get(tx, store.Key(h.ID, event))
	if err != nil || there != nil {
		return there, err
	}
	n, err := waiting(tx, h.ID)
	if err != nil {
		return nil, err
	}
	d := &Delivery{
		HookID: h.ID, EventID: event, Event: name, State: Pending, Due: k.now(), Until: k.now().Add(maxAge), Created: k.now(), Modified: k.now(),
	}
	if n >= maxWaiting {
		d.State, d.LastError = Dead, "too many deliveries wait"
	}
	return d, deliveries.Insert(tx, d)
}

// usuallyListed is how many deliveries a page has where the caller does not say, and maxRead how many are read for one: there may be
// millions that are in another state.
const (
	usuallyListed = 500
	maxRead       = 5000
)

// Deliveries answers a page of the deliveries of a webhook in that state, or in any, newest first. It may end short, with more
// behind it. There is none where the tenant has no such webhook.
func (k *Hooks) Deliveries(ctx context.Context, in auth.Tenant, id int64, state State, q account.PageQuery) ([]*Delivery, account.Page, error) {
	list, usual := []*Delivery{}, usuallyListed
	q.Limit = cmp.Or(q.Limit, &usual)
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	err = k.store.View(ctx, func(tx store.Tx) error {
		h, err := hookIn(tx, in, id)
		if err != nil || h == nil {
			return err
		}
		read := 0
		return deliveryOf.Scan(tx, before(h.ID, page.After(0)), func(d *Delivery) (bool, error) {
			if read++; state != "" && d.State != state {
				if read >= maxRead {
					page.Stop(d.EventID)
				}
				return read < maxRead, nil
			}
			if !page.Take(d.EventID) {
				return false, nil
			}
			list = append(list, d)
			return true, nil
		})
	})
	return list, page.Done(), err
}

// before is the span of the deliveries of a webhook of events before one; 0 is none.
func before(hook, event int64) store.Span {
	key := store.Key(hook)
	span := store.Span{Prefix: key, Reverse: true}
	if event > 0 {
		span.To = store.AppendKey(slices.Clone(key), event)
	}
	return span
}

// Redeliver tells of an event once more, whatever became of that, and lets a delivery that waits begin at once. rows is 0 where there is
// no such delivery; that the webhook is disabled is a Conflict.
func (k *Hooks) Redeliver(ctx context.Context, by *auth.Principal, in auth.Tenant, id, delivery int64) (rows int, err error) {
	found := false
	rows, err = k.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, h *Hook) error {
		d, err := deliveries.Get(tx, delivery)
		if found = d != nil && d.HookID == h.ID; err != nil || !found {
			return err
		}
		if err := h.mustBeEnabled(); err != nil {
			return err
		}
		d.Tries, d.Due, d.Until = 0, k.now(), k.now().Add(maxAge)
		if err := d.move(tx, Redeliver, k.now()); err != nil {
			return err
		}
		told := h.happening("REDELIVER_WEBHOOK")
		told.Severity, told.Detail["deliveryId"], told.Detail["eventId"] = account.Info, d.ID, d.EventID
		return k.accounts.Record(tx, by, in, told)
	})
	k.Wake()
	if !found {
		rows = 0
	}
	return rows, err
}

// Test makes an event that the webhook is told of, whatever it tells of otherwise, and answers the delivery.
func (k *Hooks) Test(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64) (d *Delivery, rows int, err error) {
	rows, err = k.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, h *Hook) error {
		if err := h.mustBeEnabled(); err != nil {
			return err
		}
		told := h.happening("TEST_WEBHOOK")
		told.Severity = account.Info
		if err := k.accounts.Record(tx, by, in, told); err != nil {
			return err
		}
		event, err := account.LastEvent(tx)
		if err != nil {
			return err
		}
		d, err = k.add(tx, h, event, told.Name)
		return err
	})
	k.Wake()
	return d, rows, err
}

func (h *Hook) mustBeEnabled() error {
	if h.Enabled {
		return nil
	}
	return auth.Errorf(auth.Conflict, "the webhook %s is disabled", h.Name)
}
