package hook

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/store"
)

// News is what Run has to tell of a try: what its organisation is not told is in Err.
type News struct {
	Hook, Event int64
	Tries       int
	Err         error // nil: it was delivered
}

// How much is under way at once: in all, and of an organisation. And how many deliveries one goroutine makes before others have a turn,
// and for how long: targets that take their time have no more of it.
const (
	maxWorkers   = 16
	maxOfTenant  = 2
	maxInTurn    = 50
	turnTime     = time.Second
	firstPause   = time.Second // of a webhook that fails; twice as long each time
	longestPause = 5 * time.Minute
)

// Run makes and sends deliveries until ctx ends, tells of each, and reports what goes wrong here. Only one process of a portal should
// run it; where two do for a while, some are sent twice.
func (k *Hooks) Run(ctx context.Context, tell func(News), report func(error)) {
	r := &run{
		Hooks: k, tell: tell, report: report, busy: make(map[int64]tenant), ofTenant: make(map[tenant]int), pauses: make(map[int64]pause),
	}
	defer r.work.Wait()
	tick := time.NewTicker(k.Pace)
	defer tick.Stop()
	for {
		r.report(r.round(ctx))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-k.news:
		}
	}
}

// Wake says that there is something to send, or room to send it.
func (k *Hooks) Wake() {
	select {
	case k.news <- struct{}{}:
	default:
	}
}

// A run is what a Run knows.
type run struct {
	*Hooks
	tell     func(News)
	report   func(error)
	begun    bool
	at, kept int64 // up to which event there are deliveries, and what the store knows of that
	next     int64 // the webhook that has the first turn
	work     sync.WaitGroup

	mu       sync.Mutex
	busy     map[int64]tenant // webhooks with a delivery under way
	ofTenant map[tenant]int
	pauses   map[int64]pause // of webhooks that fail
}

type tenant struct {
	of auth.UserType
	id int64
}

type pause struct {
	failures int
	until    time.Time
}

func (r *run) round(ctx context.Context) error {
	for {
		if more, err := r.queue(ctx); err != nil || !more {
			return errors.Join(err, r.dispatch(ctx))
		}
	}
}

// dispatch begins with the webhooks that have something to send, as far as there is room. Each time another one is the first.
func (r *run) dispatch(ctx context.Context) error {
	var due []*Hook
	err := r.store.View(ctx, func(tx store.Tx) error {
		due = nil
		for _, span := range []store.Span{{From: store.Key(r.next)}, {To: store.Key(r.next)}} {
			if err := r.due(tx, span, func(h *Hook) { due = append(due, h) }); err != nil {
				return err
			}
		}
		return nil
	})
	for _, h := range due {
		if !r.take(h) {
			continue
		}
		r.next = h.ID + 1
		r.work.Go(func() {
			defer r.release(h)
			err := r.drain(ctx, h.ID)
			if err != nil {
				r.judge(h.ID, false) // or it would be tried again at once, and again
			}
			r.report(err)
		})
	}
	return err
}

// due shows f the webhooks in a span of their numbers that have something to send now. What waits behind the first delivery of each
// is passed over.
func (r *run) due(tx store.Tx, span store.Span, f func(*Hook)) error {
	now := r.now()
	for {
		first := int64(0)
		err := deliveryDue.IDs(tx, span, func(key []byte, _ int64) (bool, error) {
			first = hookOf(key)
			return false, nil
		})
		if err != nil || first == 0 {
			return err
		}
		span.From = store.Key(first + 1)
		d, err := firstDue(tx, first, now)
		if err != nil {
			return err
		}
		if d == nil || r.isBusy(first) {
			continue
		}
		h, err := hooks.Get(tx, first)
		if err != nil {
			return err
		}
		f(h)
	}
}

// hookOf reads the number of the webhook off a key of deliveryDue.
func hookOf(key []byte) int64 { return int64(binary.BigEndian.Uint64(key) & math.MaxInt64) }

// firstDue answers the delivery of a webhook that has waited longest, of those that are due; nil for none.
func firstDue(tx store.Tx, hook int64, now time.Time) (first *Delivery, err error) {
	key := store.Key(hook)
	span := store.Span{Prefix: key, To: store.AppendKey(store.Key(hook), now.Add(time.Millisecond))}
	err = deliveryDue.Scan(tx, span, func(d *Delivery) (bool, error) {
		first = d
		return false, nil
	})
	return first, err
}

// isBusy says whether a webhook has a delivery under way, or a pause behind one that failed.
func (r *run) isBusy(hook int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, busy := r.busy[hook]
	return busy || r.now().Before(r.pauses[hook].until)
}

func (r *run) take(h *Hook) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := tenant{h.Of, h.TenantID}
	if len(r.busy) >= maxWorkers || r.ofTenant[of] >= maxOfTenant {
		return false
	}
	r.busy[h.ID] = of
	r.ofTenant[of]++
	return true
}

func (r *run) release(h *Hook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.busy[h.ID]
	delete(r.busy, h.ID)
	if r.ofTenant[of]--; r.ofTenant[of] == 0 {
		delete(r.ofTenant, of)
	}
	r.Wake()
}

// judge lets a webhook that fails pause, longer each time, so that it takes little of the time of others.
func (r *run) judge(hook int64, good bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if good {
		delete(r.pauses, hook)
		return
	}
	n := r.pauses[hook].failures + 1
	r.pauses[hook] = pause{n, r.now().Add(min(firstPause<<min(n-1, 20), longestPause))}
}

// rest lets a webhook be until then: of all that it has to tell nothing could be told before.
func (r *run) rest(hook int64, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauses[hook] = pause{until: until}
}

// drain makes the deliveries of a webhook that are due, one after the other, until one fails.
func (r *run) drain(ctx context.Context, hook int64) error {
	begun := time.Now() // the portal's clock may stand still
	for range maxInTurn {
		t, more, err := r.claim(ctx, hook)
		if err != nil {
			return err
		}
		if t != nil {
			if more, err = r.try(ctx, t); err != nil {
				return err
			}
		}
		if !more || ctx.Err() != nil || time.Since(begun) > turnTime {
			return nil
		}
	}
	return nil
}

// try posts a message and writes what became of it.
func (r *run) try(ctx context.Context, t *task) (good bool, err error) {
	status, failed := t.target.post(ctx, post.Message{ID: t.id, Time: r.Wall(), Type: "application/json", Body: t.body})
	if failed != nil && ctx.Err() != nil {
		return false, nil // the portal ends; the next try is set
	}
	counted := &r.posted
	if failed != nil {
		counted = &r.failures
	}
	counted.Add(1)
	r.judge(t.delivery.HookID, failed == nil)
	err = r.settle(ctx, t, status, failed)
	r.tell(News{Hook: t.delivery.HookID, Event: t.delivery.EventID, Tries: t.delivery.Tries, Err: failed})
	return failed == nil, err
}
