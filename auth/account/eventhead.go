package account

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// An EventHead is where the chain of events ended at a time, to be kept where the portal's administrators cannot change it.
// Whoever has it can tell later whether the record still has that end in it.
type EventHead struct {
	Link   int64
	Events int64 // how many there have been, which is the number of the last
	Hash   []byte
	Time   time.Time
	Mark   []byte
	KeyID  string // of the key of the mark
}

const headMark = "eventhead"

func (h *EventHead) message() []byte {
	return fmt.Appendf(nil, "link %d\nevents %d\nhash %x\ntime %s\n", h.Link, h.Events, h.Hash, h.Time.UTC().Format(time.RFC3339Nano))
}

// EventHead answers the end of the chain. A chain that is not ours is a Conflict.
func (a *Accounts) EventHead(ctx context.Context) (*EventHead, error) {
	h := &EventHead{Time: a.Now(), KeyID: a.Sealer.MarkID()}
	err := a.Store.View(ctx, func(tx store.Tx) error {
		c, err := a.ourChain(tx)
		if err == nil {
			h.Link, h.Events, h.Hash = c.Head.Link, c.Head.Event, bytes.Clone(c.Head.Hash)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	h.Mark = a.Sealer.Mark(headMark, h.message())
	return h, nil
}

// An EventChain is how the chain of events stands.
type EventChain struct {
	Links, Events int64 // how many there have been
	Trusted       bool  // it is ours, and nothing of what is in the record cannot be vouched for
}

// EventChain answers how the chain stands, by its own record alone.
func (a *Accounts) EventChain(ctx context.Context) (is EventChain, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		c, err := readChain(tx)
		if err == nil {
			is = EventChain{Links: c.Head.Link, Events: c.Head.Event, Trusted: a.ours(c) && c.Broken == nil}
		}
		return err
	})
	return is, err
}

// CompareHead says in words how a head that was exported lies in the chain. One that has no place in it is a Conflict, and so
// is one that the portal did not make. That the chain itself holds is CheckEvents' to say.
func (a *Accounts) CompareHead(ctx context.Context, h *EventHead) (verdict string, err error) {
	if h.KeyID != a.Sealer.MarkID() {
		return "", auth.Errorf(auth.Conflict, "the head is of another portal, or of this one before it had another sealing key")
	}
	if !a.Sealer.Marked(headMark, h.message(), h.Mark) {
		return "", auth.Errorf(auth.Conflict, "the head was changed since the portal made it")
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		c, err := readChain(tx)
		if err != nil {
			return err
		}
		if verdict, err = c.compare(tx, h); auth.KindOf(err) == auth.Conflict && c.lost(h) {
			err = auth.Errorf(auth.Conflict, "%v. On %s the store was restored from a backup of %s, and the head is of a time between: what "+
				"happened up to it was lost with the store that was replaced", err, c.Restored.Time.Format(time.RFC3339), c.Restored.From.Format(time.RFC3339))
		}
		return err
	})
	return verdict, err
}

// lost says whether a head is of a time that a restored store knows nothing of.
func (c *eventChain) lost(h *EventHead) bool {
	return c.Restored != nil && h.Time.After(c.Restored.From) && h.Time.Before(c.Restored.Time)
}

func (c *eventChain) compare(tx store.Tx, h *EventHead) (string, error) {
	place := c.Base
	switch l, err := eventLinks.Get(tx, h.Link); {
	case err != nil:
		return "", err
	case l != nil:
		place = l.end()
	case h.Link > c.Head.Link:
		return "", auth.Errorf(auth.Conflict, "the store was rolled back or its end cut off: the head is link %d with event %d, the chain ends with "+
			"link %d with event %d", h.Link, h.Events, c.Head.Link, c.Head.Event)
	case h.Link < c.Base.Link:
		return fmt.Sprintf("older than the chain, which was swept up to link %d: nothing to compare it with", c.Base.Link), nil
	}
	if place.Link != h.Link || !bytes.Equal(place.Hash, h.Hash) {
		return "", auth.Errorf(auth.Conflict, "link %d is another one than in the head: the record was written anew, from there or from before", h.Link)
	}
	return "it is in the chain", nil
}
