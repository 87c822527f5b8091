package account

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The limits of one page of events.
const (
	DefaultEvents = 2048  // the published default of filter.limit, and our maximum
	maxEventReads = 20000 // a page whose filter drops more than this ends short, with More set
)

// An EventQuery asks for a tenant's events, newest first.
type EventQuery struct {
	Start, End  time.Time // Start inclusive, End exclusive; zero: the last 12 hours, until now
	Rules       []EventRule
	Enterprises []int64 // of a partner's record: only what is about these; none given: all of it
	Limit       int
	Next        string // where the page before ended
}

// An EventPage is an answer to a query. Next is stable while new events arrive.
type EventPage struct {
	Page
	Events []*Event
}

// Events answers one page of a tenant's events.
func (a *Accounts) Events(ctx context.Context, in auth.Tenant, q EventQuery) (EventPage, error) {
	page := EventPage{Page: Page{Limit: q.Limit}, Events: []*Event{}}
	if page.Limit <= 0 || page.Limit > DefaultEvents {
		page.Limit = DefaultEvents
	}
	span, err := a.span(in, q)
	if err != nil {
		return page, err
	}
	match, err := q.matcher()
	if err != nil {
		return page, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		reads := 0
		return eventsAt.Scan(tx, span, func(e *Event) (bool, error) {
			if len(page.Events) == page.Limit || reads == maxEventReads {
				page.More = true
				return false, nil
			}
			if reads++; reads%256 == 0 && ctx.Err() != nil {
				return false, ctx.Err()
			}
			page.Next = cursor(e)
			if match(e) {
				page.Events = append(page.Events, e)
			}
			return true, nil
		})
	})
	if !page.More {
		page.Next = ""
	}
	return page, err
}

// matcher joins the rules and the enterprises. A partner's record is about its own enterprises alone, so the number of another's
// finds nothing, whoever asks.
func (q EventQuery) matcher() (func(*Event) bool, error) {
	fits, err := matcher(q.Rules)
	if err != nil || len(q.Enterprises) == 0 {
		return fits, err
	}
	if len(q.Enterprises) > maxNumbers {
		return nil, auth.BadField("enterpriseId", "are more than %d", maxNumbers)
	}
	return func(e *Event) bool { return slices.Contains(q.Enterprises, e.EnterpriseID) && fits(e) }, nil
}

func (a *Accounts) span(in auth.Tenant, q EventQuery) (store.Span, error) {
	if q.End.IsZero() {
		q.End = a.Now().Add(time.Millisecond)
	}
	if q.Start.IsZero() {
		q.Start = q.End.Add(-12 * time.Hour)
	}
	at := func(t time.Time) []byte { return store.Key(int64(in.Type), in.ID, t) }
	s := store.Span{Prefix: store.Key(int64(in.Type), in.ID), From: at(q.Start), To: at(q.End), Reverse: true}
	if q.Next == "" {
		return s, nil
	}
	to, err := base64.RawURLEncoding.DecodeString(q.Next)
	if err != nil || len(to) != cursorLen {
		return s, auth.BadField("nextPageLink", "is not from an earlier answer")
	}
	s.To = append(store.Key(int64(in.Type), in.ID), to...)
	return s, nil
}

// cursorLen: a time and a number, eight bytes each.
const cursorLen = 16

// cursor points at an event by its time and number alone: whose events are read is decided by the call.
func cursor(e *Event) string {
	return base64.RawURLEncoding.EncodeToString(store.Key(e.Time, e.ID))
}
