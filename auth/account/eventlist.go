package account

import (
	"bytes"
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
	Start, End  time.Time       // Start inclusive, End exclusive; zero: the last 12 hours, until now
	Reader      *auth.Principal // who is shown the events; nil: the portal itself, which may know all
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
	match, err := q.matcher(in)
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
			page.Next = cursor(e, span)
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

// matcher joins the rules, the enterprises and what the reader may know. A partner's record is about its own enterprises alone, so
// the number of another's finds nothing, whoever asks.
func (q EventQuery) matcher(in auth.Tenant) (func(*Event) bool, error) {
	fits, err := matcher(q.Rules)
	if err != nil {
		return nil, err
	}
	if len(q.Enterprises) > maxNumbers {
		return nil, auth.BadField("enterpriseId", "are more than %d", maxNumbers)
	}
	return func(e *Event) bool {
		about := len(q.Enterprises) == 0 || slices.Contains(q.Enterprises, e.EnterpriseID)
		return about && fits(e) && (q.Reader == nil || e.Needs == auth.Privilege{} || q.Reader.May(e.Needs, in))
	}, nil
}

// span is the part of the index that a query is about.
func (a *Accounts) span(in auth.Tenant, q EventQuery) (store.Span, error) {
	if q.End.IsZero() {
		q.End = a.Now().Add(time.Millisecond)
	}
	start := q.Start
	if start.IsZero() {
		start = q.End.Add(-12 * time.Hour)
	}
	from, to := store.Key(start), store.Key(q.End)
	if q.Next != "" {
		place, err := base64.RawURLEncoding.DecodeString(q.Next)
		if err != nil || len(place) != cursorLen {
			return store.Span{}, auth.BadField("nextPageLink", "is not from an earlier answer")
		}
		if bytes.Compare(place[:placeLen], to) < 0 { // else the call names an interval that ends before
			to = place[:placeLen]
		}
		if q.Start.IsZero() {
			from = place[placeLen:]
		}
	}
	prefix := store.Key(int64(in.Type), in.ID)
	return store.Span{Prefix: prefix, From: slices.Concat(prefix, from), To: slices.Concat(prefix, to), Reverse: true}, nil
}

// A cursor is a place, which is an event's time and number, and where the interval starts, eight bytes each.
const (
	placeLen  = 16
	cursorLen = placeLen + 8
)

// cursor points at an event, but not at whose it is: whose events are read is decided by the call. It keeps the start of the
// interval, for where the call names none the next page would be of another: the last 12 hours are others with every call.
func cursor(e *Event, s store.Span) string {
	return base64.RawURLEncoding.EncodeToString(append(store.Key(e.Time, e.ID), s.From[len(s.Prefix):]...))
}
