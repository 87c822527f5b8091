package account

import (
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The retention of events, by whose record they are in.
var retentions = []retention{
	{auth.Enterprise, "enterpriseEvents", define(Setting{id: 41, name: "retentionWeeks.enterpriseEvents", dataType: "NUMBER", value: "52", doc: "weeks after which an event in an enterprise's record is swept, 1 to 5200", restricted: true, check: between(1, 5200)})},
	{auth.Operator, "operatorEvents", define(Setting{id: 42, name: "retentionWeeks.operatorEvents", dataType: "NUMBER", value: "52", doc: "weeks after which an event in the operator's record is swept, 1 to 5200", restricted: true, check: between(1, 5200)})},
	{auth.MSP, "proxyEvents", define(Setting{id: 43, name: "retentionWeeks.proxyEvents", dataType: "NUMBER", value: "52", doc: "weeks after which an event in a partner's record is swept, 1 to 5200", restricted: true, check: between(1, 5200)})},
}

type retention struct {
	of    auth.UserType
	name  string // what they are called in SWEEP_EVENTS
	weeks *Setting
}

// The bounds of a step of a sweep, kept below the store's hundred keys an Update: how many events it removes, of two keys
// each, and how many it reads.
const (
	removedEvents = 32
	sweepReads    = 512
)

// An eventMark says how far the events in one kind of record have been swept. Their numbers grow with time, so the oldest is
// the first behind the mark, and a sweep that finds nothing to do reads one event for each mark; no index of their ages is
// needed, which every event would pay for when it is written.
type eventMark struct {
	ID        int64 `json:"id"`                  // the kind of record
	Through   int64 `json:"through"`             // no event of that kind is left up to this number
	Removed   int   `json:"removed,omitempty"`   // not told of yet
	Unshipped int   `json:"unshipped,omitempty"` // of these, that nobody was sent
}

var eventMarks = store.NewCollection("eventmark", func(m *eventMark) *int64 { return &m.ID })

// SweepEvents removes a step of the events that are past their retention, and then of the links of the chain that these leave
// empty. With the last step it tells how many events there were, also those of a sweep that was cut off.
func (a *Accounts) SweepEvents(tx store.Tx) (more bool, err error) {
	for _, r := range retentions {
		if more, err := a.sweepRecords(tx, r); more || err != nil {
			return more, err
		}
	}
	swept, err := untold(tx)
	if err != nil || len(swept) == 0 {
		return false, err
	}
	if more, err := a.trimEventLinks(tx); more || err != nil {
		return more, err
	}
	return false, a.tellSwept(tx, swept)
}

// sweepRecords removes a step of the events in one kind of record, and says whether it came to anything.
func (a *Accounts) sweepRecords(tx store.Tx, r retention) (moved bool, err error) {
	mark, err := markOf(tx, r.of)
	if err != nil {
		return false, err
	}
	keep, err := a.Duration(tx, r.weeks, 7*24*time.Hour)
	if err != nil {
		return false, err
	}
	shipping, err := a.shipping(tx)
	if err != nil {
		return false, err
	}
	over, through, err := a.overdue(tx, r.of, mark.Through, shipping.Sweep, a.Now().Add(-keep))
	if err != nil || through == mark.Through {
		return false, err
	}
	for _, id := range over {
		if _, err := events.Delete(tx, id); err != nil {
			return false, err
		}
		if id > shipping.Shipped {
			mark.Unshipped++
		}
	}
	if len(over) > 0 {
		if err := a.sweptEvents(tx, r.of, through); err != nil {
			return false, err
		}
	}
	mark.Through, mark.Removed = through, mark.Removed+len(over)
	return true, eventMarks.Put(tx, mark)
}

func markOf(tx store.Tx, of auth.UserType) (*eventMark, error) {
	m, err := eventMarks.Get(tx, int64(of))
	if m == nil {
		m = &eventMark{ID: int64(of)}
	}
	return m, err
}

// overdue answers the next events in one kind of record, up to a number, that were written before the time, and the number through
// which there are no others of that kind.
//
// An event from the future was written while the clock was wrong. It is as old as those around it: it neither ends the
// sweep, which it would hold up for years, nor is it removed before one behind it that is overdue.
func (a *Accounts) overdue(tx store.Tx, of auth.UserType, after, upTo int64, before time.Time) (over []int64, through int64, err error) {
	now, reads := a.Now(), 0
	through = after
	err = events.Scan(tx, after, func(e *Event) (bool, error) {
		old := e.Time.Before(before)
		if e.ID > upTo || !old && !e.Time.After(now) {
			return false, nil
		}
		if e.Scope == of && len(over) < removedEvents {
			over = append(over, e.ID)
		}
		if reads++; old {
			through = e.ID
		}
		enough := len(over) == removedEvents && over[removedEvents-1] <= through
		return !enough && reads < sweepReads, nil
	})
	if len(over) == removedEvents {
		through = min(through, over[removedEvents-1])
	}
	return slices.DeleteFunc(over, func(id int64) bool { return id > through }), through, err
}

// untold answers the marks of what was removed since that was told last, by what it is called.
func untold(tx store.Tx) (map[string]*eventMark, error) {
	swept := make(map[string]*eventMark)
	for _, r := range retentions {
		mark, err := markOf(tx, r.of)
		if err != nil {
			return nil, err
		}
		if mark.Removed > 0 {
			swept[r.name] = mark
		}
	}
	return swept, nil
}

// tellSwept records what was removed.
func (a *Accounts) tellSwept(tx store.Tx, swept map[string]*eventMark) error {
	removed, unshipped := make(map[string]any), make(map[string]any)
	for name, mark := range swept {
		removed[name] = mark.Removed
		if mark.Unshipped > 0 {
			unshipped[name] = mark.Unshipped
		}
		mark.Removed, mark.Unshipped = 0, 0
		if err := eventMarks.Put(tx, mark); err != nil {
			return err
		}
	}
	by := System("portico/sweep")
	err := a.Record(tx, by, auth.Network(), Happening{
		Name: "SWEEP_EVENTS", Category: OfSystem, Message: "events past their retention", Detail: removed,
	})
	if err != nil || len(unshipped) == 0 {
		return err
	}
	return a.Record(tx, by, auth.Network(), Happening{
		Name: "UNSHIPPED_EVENTS_SWEPT", Category: OfSystem, Severity: Alert, Detail: unshipped,
		Message: "events past their retention were removed before they could be shipped: more waited than the portal keeps",
	})
}
