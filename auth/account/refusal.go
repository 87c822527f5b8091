package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The bounds of events of refusals: told apart at once for each caller and minute, and kept count of at all in a minute.
// What goes beyond the first is counted together for the caller; what goes beyond the second, for all, in the network's
// record.
const (
	maxTold     = 10
	maxRefusals = 1000
)

// recordTime is how long a refusal may take to be recorded after its caller has gone.
const recordTime = 5 * time.Second

// refusals counts the refusals worth an event per caller, tenant and minute, so that they cannot flood the store:
// the first of a minute is an event at once, the rest of that minute become one event with their number.
type refusals struct {
	noun  string // what is counted, in the texts of those that are counted together
	mu    sync.Mutex
	since map[refusal]*refused
	told  map[refusal]int // by caller and minute alone
}

// A refusal is what is counted together.
type refusal struct {
	name, who, apart string
	in               auth.UserType
	tenant           int64
	minute           time.Time
}

type refused struct {
	more int // refusals after the first
	by   auth.Principal
	in   auth.Tenant
	h    Happening
}

func newRefusals(noun string) refusals {
	return refusals{noun: noun, since: make(map[refusal]*refused), told: make(map[refusal]int)}
}

// Refused records a refusal, also of a caller who does not wait for his answer. The store's error is answered when that
// cannot be done; the refusal itself stands whatever happens here.
func (a *Accounts) Refused(ctx context.Context, by *auth.Principal, in auth.Tenant, h Happening) error {
	if h.Severity == "" {
		h.Severity = Warning
	}
	return a.told(ctx, &a.refusals, by, in, h)
}

// Counted records what happens so often that its events are counted as those of refusals are.
func (a *Accounts) Counted(ctx context.Context, by *auth.Principal, in auth.Tenant, h Happening) error {
	return a.told(ctx, &a.uses, by, in, h)
}

func (a *Accounts) told(ctx context.Context, r *refusals, by *auth.Principal, in auth.Tenant, h Happening) error {
	settled(ctx) // it would be counted twice
	key := refusal{h.Name, by.Source, h.Apart, in.Type, in.ID, a.Now().Truncate(time.Minute)}
	if by.UserID != 0 || by.ClientID != 0 {
		key.who = fmt.Sprintf("%d/%d", by.UserID, by.ClientID)
	}
	if !r.first(key, by, in, h) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	err := a.Store.Update(ctx, func(tx store.Tx) error { return a.tell(tx, by, in, h) })
	if err != nil {
		r.forget(key)
	}
	return err
}

// RefusedInTheClear records that a secret was sent without TLS. Whose it was is not looked at.
func (a *Accounts) RefusedInTheClear(ctx context.Context, c auth.Call, why error) error {
	return a.Refused(ctx, &auth.Principal{Call: c}, auth.Network(), Happening{
		Name: "TLS_REFUSED", Category: OfSecurity, Message: why.Error(), Detail: map[string]any{"method": c.Method}, Apart: c.Method,
	})
}

// first says whether the refusal is to be told at once: the first of its kind, as long as its caller has not had too many.
func (r *refusals) first(key refusal, by *auth.Principal, in auth.Tenant, h Happening) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seen := r.since[key]; seen != nil {
		seen.more++
		return false
	}
	caller := refusal{who: key.who, minute: key.minute}
	if r.told[caller] < maxTold && len(r.since) < maxRefusals {
		r.told[caller]++
		r.since[key] = &refused{by: *by, in: in, h: h}
		return true
	}
	r.count(key, by, in, h)
	return false
}

// count adds a refusal to what is told together: of the caller, or of everybody, for whoever came first is then no more to
// blame than the rest.
func (r *refusals) count(key refusal, by *auth.Principal, in auth.Tenant, h Happening) {
	together := Happening{Name: h.Name, Category: h.Category, Severity: h.Severity, Message: r.noun + " of one caller", Needs: h.Needs}
	rest := &refused{by: *by, in: in, h: together}
	key.apart = ""
	if r.since[key] == nil && len(r.since) >= maxRefusals {
		together.Message = r.noun + " of many callers"
		key, rest = refusal{name: h.Name, minute: key.minute}, &refused{in: auth.Network(), h: together}
	}
	if r.since[key] == nil {
		r.since[key] = rest
	}
	r.since[key].more++
}

func (r *refusals) forget(key refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.since, key)
}

// take removes what lies before the minute and answers those that have more to tell.
func (r *refusals) take(minute time.Time) map[refusal]*refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.told, func(key refusal, _ int) bool { return key.minute.Before(minute) })
	told := make(map[refusal]*refused)
	for key, seen := range r.since {
		if !key.minute.Before(minute) {
			continue
		}
		delete(r.since, key)
		if seen.more > 0 {
			told[key] = seen
		}
	}
	return told
}

func (r *refusals) restore(left map[refusal]*refused) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(r.since, left)
}

// FlushRefusals writes the counts of the minutes that are over, or of all when the portal ends.
func (a *Accounts) FlushRefusals(ctx context.Context, all bool) error {
	minute := a.Now().Truncate(time.Minute)
	if all {
		minute = minute.Add(time.Minute)
	}
	return errors.Join(a.flush(ctx, &a.refusals, minute), a.flush(ctx, &a.uses, minute))
}

// flushing is how many are written at once: the store makes them durable together, so that a thousand are told while a portal ends.
const flushing = 256

func (a *Accounts) flush(ctx context.Context, r *refusals, minute time.Time) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	left := make(map[refusal]*refused)
	free := make(chan struct{}, flushing)
	for key, seen := range r.take(minute) {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			if err := a.flushOne(ctx, key, seen); err != nil {
				mu.Lock()
				defer mu.Unlock()
				left[key] = seen
				first = cmp.Or(first, err)
			}
		})
	}
	all.Wait()
	r.restore(left)
	return first
}

func (a *Accounts) flushOne(ctx context.Context, key refusal, seen *refused) error {
	h := seen.h
	h.Message = fmt.Sprintf("%s (and %d more in that minute)", h.Message, seen.more)
	h.Detail = maps.Clone(h.Detail)
	if h.Detail == nil {
		h.Detail = make(map[string]any)
	}
	h.Detail["count"], h.Detail["minute"] = seen.more, key.minute.Format(time.RFC3339)
	return a.Store.Update(ctx, func(tx store.Tx) error { return a.tell(tx, &seen.by, seen.in, h) })
}
