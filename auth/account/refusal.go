package account

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// maxRefusals bounds the callers that are counted apart; those beyond share one count a kind of refusal.
const maxRefusals = 1000

// refusals counts the refusals worth an event per caller and minute, so that they cannot flood the store:
// the first of a minute is an event at once, the rest of that minute become one event with their number.
type refusals struct {
	mu    sync.Mutex
	since map[string]*refused
}

type refused struct {
	minute time.Time
	more   int // refusals after the first
	by     auth.Principal
	in     auth.Tenant
	h      Happening
}

func newRefusals() refusals { return refusals{since: make(map[string]*refused)} }

// Refused records a refusal. An error of the store is answered; the refusal itself stands whatever happens here.
func (a *Accounts) Refused(ctx context.Context, by *auth.Principal, in auth.Tenant, h Happening) error {
	if h.Severity == "" {
		h.Severity = Warning
	}
	if !a.refusals.first(a.Now().Truncate(time.Minute), by, in, h) {
		return nil
	}
	return a.Store.Update(ctx, func(tx store.Tx) error { return a.Record(tx, by, in, h) })
}

// first says whether the refusal is the first of its caller, kind and minute.
func (r *refusals) first(minute time.Time, by *auth.Principal, in auth.Tenant, h Happening) bool {
	who := by.Source
	if by.UserID != 0 {
		who = fmt.Sprint(by.UserID)
	}
	key := h.Name + "/" + who + "/" + h.Apart + "/" + minute.Format(time.RFC3339)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.since) >= maxRefusals && r.since[key] == nil {
		key = h.Name + "///" + minute.Format(time.RFC3339)
	}
	if seen := r.since[key]; seen != nil {
		seen.more++
		return false
	}
	r.since[key] = &refused{minute: minute, by: *by, in: in, h: h}
	return true
}

// take removes what lies before the minute and answers those that have more to tell.
func (r *refusals) take(minute time.Time) []*refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	var told []*refused
	for key, seen := range r.since {
		if !seen.minute.Before(minute) {
			continue
		}
		delete(r.since, key)
		if seen.more > 0 {
			told = append(told, seen)
		}
	}
	return told
}

// FlushRefusals writes the counts of the minutes that are over, or of all when the portal ends.
func (a *Accounts) FlushRefusals(ctx context.Context, all bool) error {
	minute := a.Now().Truncate(time.Minute)
	if all {
		minute = minute.Add(time.Minute)
	}
	for _, seen := range a.refusals.take(minute) {
		h := seen.h
		h.Message = fmt.Sprintf("%s (and %d more in that minute)", h.Message, seen.more)
		h.Detail = map[string]any{"count": seen.more, "minute": seen.minute.Format(time.RFC3339)}
		if err := a.Store.Update(ctx, func(tx store.Tx) error { return a.Record(tx, &seen.by, seen.in, h) }); err != nil {
			return err
		}
	}
	return nil
}
