package account

import (
	"bytes"
	"encoding/json"
	"math"

	"github.com/portico-vco/portico/store"
)

// Shipping says how far the events have left for where they are kept beside the store, and up to which number a sweep may remove
// those that are past their retention.
type Shipping struct{ Shipped, Sweep int64 }

// everything is what may be swept where nothing is shipped: nobody waits for it.
var everything = Shipping{math.MaxInt64, math.MaxInt64}

func (a *Accounts) shipping(tx store.Tx) (Shipping, error) {
	if a.Shipping == nil {
		return everything, nil
	}
	return a.Shipping(tx)
}

// A StoredEvent is an event with its place in the record.
type StoredEvent struct {
	Event
	Link   int64  // of the chain, that covers it; 0 for none
	Stored []byte // the text that the link has the digest of
}

// LastEvent is the number of the last event, or 0.
func LastEvent(tx store.Tx) (int64, error) { return events.Last(tx) }

// EventsAfter shows f all events with numbers above after, in order, until f wants no more or fails; it returns f's error.
func EventsAfter(tx store.Tx, after int64, f func(StoredEvent) (more bool, err error)) error {
	var link *eventLink
	return events.Bytes(tx, after, math.MaxInt64, func(id int64, b []byte) (_ bool, err error) {
		e := StoredEvent{Stored: bytes.Clone(b)}
		if err = json.Unmarshal(b, &e.Event); err != nil {
			return false, err
		}
		e.ID = id
		if link, err = coveredBy(tx, link, id); err != nil {
			return false, err
		}
		if link != nil {
			e.Link = link.ID
		}
		return f(e)
	})
}

// coveredBy answers the link that covers an event, nil for none. It is mostly the one that covers the event before, or the next.
func coveredBy(tx store.Tx, l *eventLink, id int64) (_ *eventLink, err error) {
	if l != nil && l.last() < id {
		l, err = eventLinks.Get(tx, l.ID+1)
	}
	if err != nil || l != nil && l.covers(id) {
		return l, err
	}
	l, err = findLink(tx, id)
	if l != nil && !l.covers(id) {
		l = nil
	}
	return l, err
}

func (l *eventLink) covers(id int64) bool { return l.First <= id && id <= l.last() }

// findLink answers the first link that ends with the event or behind it. Links are in the order of their events: it halves its way.
func findLink(tx store.Tx, id int64) (*eventLink, error) {
	high, err := eventLinks.Last(tx)
	if err != nil {
		return nil, err
	}
	first, err := linkAfter(tx, math.MinInt64)
	if err != nil || first == nil {
		return nil, err
	}
	low := first.ID
	for low < high {
		middle := low + (high-low)/2
		l, err := eventLinks.Get(tx, middle)
		if err != nil {
			return nil, err
		}
		if l != nil && l.last() < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return eventLinks.Get(tx, low)
}

// EventNumbered answers an event, or nil when it is past its retention.
func EventNumbered(tx store.Tx, id int64) (e *StoredEvent, err error) {
	err = EventsAfter(tx, id-1, func(first StoredEvent) (bool, error) {
		if first.ID == id {
			e = &first
		}
		return false, nil
	})
	return e, err
}
