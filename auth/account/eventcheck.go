package account

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"math"
	"time"

	"github.com/portico-vco/portico/store"
)

// An EventCheck is what a check of the chain of events has seen so far.
type EventCheck struct {
	FirstLink, LastLink int64 // LastLink is FirstLink-1 before the first
	LastEvent           int64
	Events, Swept       int64     // that are there, and that were swept from links that are
	Latest              time.Time // of the last event; zero when that is not there, or cannot be read
	Restored            *Restoration
	store.Problems
}

const (
	checkEvents = 10_000 // that are read in one View
	notOurs     = "the chain's own record does not bear this portal's mark: it was changed by another hand, or the sealing key is another"
)

// CheckEvents follows the chain from where it begins and holds every event against it. It reads a part at a time, tells
// progress after each, and may be used while the portal runs. An error says that it could not go on; what was done to the
// record is in Problems.
func (a *Accounts) CheckEvents(ctx context.Context, progress func(EventCheck)) (EventCheck, error) {
	k := &eventCheck{a: a, step: checkEvents}
	err := k.run(ctx, progress)
	return k.EventCheck, err
}

type eventCheck struct {
	EventCheck
	a           *Accounts
	step        int64
	at          chainPlace // as far as it was followed
	begun, done bool
}

func (k *eventCheck) run(ctx context.Context, progress func(EventCheck)) error {
	for !k.done {
		if err := k.a.Store.View(ctx, k.part); err != nil {
			return err
		}
		progress(k.EventCheck)
	}
	return nil
}

// part reads the chain's record anew, for a portal that runs goes on, and sweeps.
func (k *eventCheck) part(tx store.Tx) error {
	c, err := readChain(tx)
	if err != nil {
		return err
	}
	if !k.begun || k.at.Link < c.Base.Link {
		k.at, k.FirstLink, k.LastLink = c.Base, c.Base.Link+1, c.Base.Link
	}
	if !k.begun {
		k.begun = true
		if k.Restored = c.Restored; !k.a.ours(c) {
			k.Add(notOurs)
		}
		if err := k.begin(tx, c); err != nil {
			return err
		}
	}
	for stop := k.Events + k.Swept + k.step; k.at.Link < c.Head.Link && k.Events+k.Swept < stop; {
		if err := k.link(tx, c); err != nil {
			return err
		}
	}
	if k.done = k.at.Link >= c.Head.Link; k.done {
		return k.end(tx, c)
	}
	return nil
}

// begin looks at what lies before the chain. Behind a break that is what the portal could not vouch for, and nothing
// otherwise.
func (k *eventCheck) begin(tx store.Tx, c *eventChain) error {
	if c.Broken != nil {
		k.Add("events up to number %d cannot be vouched for: on %s the portal found the chain changed by another hand, "+
			"or was given another sealing key", c.Broken.Event, c.Broken.Time.Format("2006-01-02 15:04:05 MST"))
		return nil
	}
	l, err := linkAfter(tx, math.MinInt64)
	if err != nil {
		return err
	}
	if l != nil && l.ID <= c.Base.Link {
		k.Add("link %d: the chain begins behind it", l.ID)
	}
	return k.uncovered(tx, math.MinInt64, c.Base.Event)
}

// uncovered tells of the events between two numbers, which no link has.
func (k *eventCheck) uncovered(tx store.Tx, after, upTo int64) error {
	return events.Bytes(tx, after, upTo, func(id int64, _ []byte) (bool, error) {
		k.Add("event %d: no link covers it", id)
		return true, nil
	})
}

// link follows the chain by one link.
func (k *eventCheck) link(tx store.Tx, c *eventChain) error {
	l, err := linkAfter(tx, k.at.Link)
	if err != nil {
		return err
	}
	if l == nil || l.ID > c.Head.Link {
		k.missing(c.Head.Link)
		k.at = c.Head
		return nil
	}
	if l.ID != k.at.Link+1 {
		k.missing(l.ID - 1)
		k.at = chainPlace{l.ID - 1, l.First - 1, l.Previous}
	}
	switch {
	case !l.whole():
		k.Add("link %d was changed", l.ID)
	case !bytes.Equal(l.Previous, k.at.Hash):
		k.Add("link %d does not follow link %d: one of them was replaced", l.ID, k.at.Link)
	case l.First != k.at.Event+1:
		k.Add("link %d begins with event %d, link %d ends with event %d", l.ID, l.First, k.at.Link, k.at.Event)
	}
	k.at = l.end()
	k.LastLink, k.LastEvent = l.ID, l.last()
	return k.events(tx, c, l)
}

func (k *eventCheck) missing(upTo int64) {
	if upTo == k.at.Link+1 {
		k.Add("link %d is missing", upTo)
		return
	}
	k.Add("links %d to %d are missing", k.at.Link+1, upTo)
}

// events holds the events that a link covers against it.
func (k *eventCheck) events(tx store.Tx, c *eventChain, l *eventLink) error {
	next := l.First
	absent := func(upTo int64) {
		for ; next < upTo; next++ {
			if scope, _ := l.of(next); next > c.Swept[scope].Event {
				k.Add("event %d is missing", next)
			} else {
				k.Swept++
			}
		}
	}
	err := events.Bytes(tx, l.First-1, l.last(), func(id int64, event []byte) (bool, error) {
		absent(id)
		next++
		k.Events++
		digest := sha256.Sum256(event)
		if _, want := l.of(id); !bytes.Equal(digest[:], want) {
			k.Add("event %d was changed", id)
		}
		return true, nil
	})
	absent(l.last() + 1)
	return err
}

// end looks at what lies behind the chain: nothing should, and the next numbers given should follow it.
func (k *eventCheck) end(tx store.Tx, c *eventChain) error {
	if k.at.Event != c.Head.Event || !bytes.Equal(k.at.Hash, c.Head.Hash) {
		k.Add("link %d with event %d is not the end that the chain's own record names: link %d with event %d",
			k.at.Link, k.at.Event, c.Head.Link, c.Head.Event)
	}
	last, err := events.Last(tx)
	if err != nil {
		return err
	}
	if k.Latest, err = timeOf(tx, last); err != nil {
		return err
	}
	if last != c.Head.Event {
		k.Add("the last number given to an event is %d, the chain ends with event %d", last, c.Head.Event)
	}
	l, err := linkAfter(tx, c.Head.Link)
	if err != nil {
		return err
	}
	if l != nil {
		k.Add("link %d: the chain ends before it", l.ID)
	}
	return k.uncovered(tx, c.Head.Event, math.MaxInt64)
}

// timeOf is when an event was, as far as that can be read.
func timeOf(tx store.Tx, id int64) (at time.Time, err error) {
	err = events.Bytes(tx, id-1, id, func(_ int64, event []byte) (bool, error) {
		var e Event
		_ = json.Unmarshal(event, &e)
		at = e.Time
		return false, nil
	})
	return at, err
}
