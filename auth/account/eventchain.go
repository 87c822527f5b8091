package account

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The events form a chain: whoever can write the store, but not read the keys folder, cannot change, drop, reorder or add one
// without a trace. He can only put back what was there before, and that an exported head shows (eventhead.go).
//
// The events of a group of Updates that share a commit become a link, in that commit. A link has the digest of each of its
// events, and the hash of the link before. The chain's own record knows where it begins and ends and what was swept from it,
// under a mark that takes the sealing key. The mark is on that one record and not on each link, so that an end that was cut off
// has none; and it is looked at before each link, so that nobody's changes are continued as if they were the portal's.
//
// A sweep takes the events of each scope at an age of their own, and leaves their digests in the links: an event may be missing
// up to the number at which its scope was swept. Links of which nothing is left are removed from the front.

// An eventLink covers the events that one group wrote, or a part of them.
type eventLink struct {
	ID       int64  `json:"id"`
	Previous []byte `json:"previous"` // the hash of the link before; zeros for none
	First    int64  `json:"first"`    // the number of the first event
	Events   []byte `json:"events"`   // of each, in the order of their numbers: its scope in a byte, and its digest
	Hash     []byte `json:"hash"`
}

// An eventChain is where the chain begins and ends. There is one.
type eventChain struct {
	ID     int64                          `json:"id"`
	Base   chainPlace                     `json:"base"` // the link behind which the chain begins
	Head   chainPlace                     `json:"head"` // the last link
	Swept  map[auth.UserType]sweptThrough `json:"swept,omitempty"`
	Broken *chainBreak                    `json:"broken,omitempty"`

	Restored *Restoration `json:"restored,omitempty"` // the last one
	Mark     []byte       `json:"mark,omitempty"`
}

// A chainPlace is the end of a link.
type chainPlace struct {
	Link  int64  `json:"link"`
	Event int64  `json:"event"` // the last one it covers
	Hash  []byte `json:"hash"`
}

// sweptThrough says up to which number events may be missing.
type sweptThrough struct {
	Event int64     `json:"event"`
	Time  time.Time `json:"time"`
}

// A chainBreak says that the portal found a chain that was not its own, and began anew behind it.
type chainBreak struct {
	Event int64     `json:"event"` // up to this one nothing is vouched for
	Time  time.Time `json:"time"`
}

// A Restoration says that the store was a backup. What happened between the two times is not in the record.
type Restoration struct {
	From time.Time `json:"from"` // when the backup was made
	Time time.Time `json:"time"`
}

var (
	eventLinks  = store.NewCollection("eventlink", func(l *eventLink) *int64 { return &l.ID })
	eventChains = store.NewCollection("eventchain", func(c *eventChain) *int64 { return &c.ID })
)

const (
	theChain      = 1    // the number of the one record
	maxLinkEvents = 1024 // a link has some 45 bytes for each
	linkEvent     = 1 + sha256.Size
	chainMark     = "eventchain"
)

func (l *eventLink) hash() []byte {
	b := []byte("portico event link\n")
	b = binary.BigEndian.AppendUint64(b, uint64(l.ID))
	b = append(b, l.Previous...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.First))
	h := sha256.Sum256(append(b, l.Events...))
	return h[:]
}

// whole says whether the link is what its hash was made of, and has events.
func (l *eventLink) whole() bool {
	return bytes.Equal(l.Hash, l.hash()) && len(l.Events)%linkEvent == 0 && l.last() >= l.First
}

// last is the number of the last event.
func (l *eventLink) last() int64 { return l.First + int64(len(l.Events)/linkEvent) - 1 }

func (l *eventLink) end() chainPlace { return chainPlace{l.ID, l.last(), l.Hash} }

// of is the scope and the digest of an event that the link covers.
func (l *eventLink) of(id int64) (auth.UserType, []byte) {
	b := l.Events[(id-l.First)*linkEvent:][:linkEvent]
	return auth.UserType(b[0]), b[1:]
}

func (l *eventLink) add(id int64, event []byte) error {
	scope, err := scopeOf(event)
	if err != nil || id != l.last()+1 {
		return cmp.Or(err, fmt.Errorf("event %d: it does not follow event %d", id, l.last()))
	}
	digest := sha256.Sum256(event)
	l.Events = append(append(l.Events, byte(scope)), digest[:]...)
	return nil
}

// scopeOf reads the scope off a stored event, which begins with it: to decode all of it would cost ten times its digest.
func scopeOf(event []byte) (auth.UserType, error) {
	word, begins := bytes.CutPrefix(event, []byte(`{"scope":"`))
	word, _, ends := bytes.Cut(word, []byte{'"'})
	scope, known := auth.ParseUserType(string(word))
	if !begins || !ends || !known {
		return 0, errors.New("an event does not begin with its scope")
	}
	return scope, nil
}

// chainEvents has the last word in every group of Updates: what events the group wrote become links.
func (a *Accounts) chainEvents(before, tx store.Tx) error {
	was, err := events.Last(before)
	if err != nil {
		return err
	}
	last, err := events.Last(tx)
	if err != nil || last == was {
		return err
	}
	c, err := a.chainTo(tx, was)
	if err != nil {
		return err
	}
	if last, err = events.Last(tx); err != nil { // a break is told, too
		return err
	}
	for c.Head.Event < last {
		if err := c.extend(tx, min(c.Head.Event+maxLinkEvents, last)); err != nil {
			return err
		}
	}
	return a.putChain(tx, c)
}

// chainFrom is a chain without links that begins behind a link and an event.
func chainFrom(link, event int64) *eventChain {
	at := chainPlace{link, event, make([]byte, sha256.Size)}
	return &eventChain{ID: theChain, Base: at, Head: at}
}

// readChain answers the chain, an empty one where nothing has happened yet.
func readChain(tx store.Tx) (*eventChain, error) {
	c, err := eventChains.Get(tx, theChain)
	if c == nil && err == nil {
		c = chainFrom(0, 0)
	}
	return c, err
}

// chainTo answers the chain if it is ours and ends with the event of that number, which is where the group began. A portal
// must go on with any other chain, too, because a lost sealing key is no reason to keep it down; it then begins a new one.
func (a *Accounts) chainTo(tx store.Tx, event int64) (*eventChain, error) {
	link, err := eventLinks.Last(tx)
	if err != nil {
		return nil, err
	}
	c, err := readChain(tx)
	if err != nil || a.ours(c) && c.Head.Link == link && c.Head.Event == event {
		return c, err
	}
	fresh := chainFrom(link, event)
	fresh.Broken = &chainBreak{Event: event, Time: a.Now()}
	return fresh, a.tell(tx, System("portico/serve"), auth.Network(), Happening{
		Name: "EVENT_CHAIN_BROKEN", Category: OfSecurity, Severity: Alert,
		Message: fmt.Sprintf("events up to number %d cannot be vouched for: the chain of events was changed by another hand, "+
			"or the sealing key is another", event),
	})
}

// extend adds a link that goes up to the event of that number.
func (c *eventChain) extend(tx store.Tx, upTo int64) error {
	l := &eventLink{ID: c.Head.Link + 1, Previous: c.Head.Hash, First: c.Head.Event + 1}
	err := events.Bytes(tx, c.Head.Event, upTo, func(id int64, event []byte) (bool, error) { return true, l.add(id, event) })
	if err != nil {
		return err
	}
	if l.last() != upTo {
		return fmt.Errorf("event %d: it is not there", upTo)
	}
	l.Hash = l.hash()
	c.Head = l.end()
	return eventLinks.Insert(tx, l)
}

// message is what the mark is on: all of the record.
func (c eventChain) message() ([]byte, error) {
	c.Mark = nil
	return json.Marshal(c)
}

// ours says whether the chain bears our mark. An empty one needs none: there is nothing to go on from.
func (a *Accounts) ours(c *eventChain) bool {
	if c.Head.Link == 0 && c.Head.Event == 0 && len(c.Swept) == 0 && c.Broken == nil && c.Restored == nil {
		return true
	}
	m, err := c.message()
	return err == nil && a.Sealer.Marked(chainMark, m, c.Mark)
}

func (a *Accounts) putChain(tx store.Tx, c *eventChain) error {
	m, err := c.message()
	if err != nil {
		return err
	}
	c.Mark = a.Sealer.Mark(chainMark, m)
	return eventChains.Put(tx, c)
}

// ourChain refuses to answer a chain that is not ours: whoever writes it back would put the portal's mark on it.
func (a *Accounts) ourChain(tx store.Tx) (*eventChain, error) {
	c, err := readChain(tx)
	if err == nil && !a.ours(c) {
		err = auth.Errorf(auth.Conflict, "the chain of events was changed by another hand, or the sealing key is another; run portico check")
	}
	return c, err
}

// NoteRestored notes in the chain, and tells in the record, that the store was a backup. A chain that is not ours is broken by that
// event as by any other, and bears no note.
func (a *Accounts) NoteRestored(tx store.Tx, r Restoration, detail map[string]any) error {
	c, err := readChain(tx)
	if err != nil {
		return err
	}
	if a.ours(c) {
		c.Restored = &r
		err = a.putChain(tx, c)
	}
	detail["from"], detail["to"] = r.From, r.Time
	return cmp.Or(err, a.tell(tx, System("portico/restore"), auth.Network(), Happening{
		Name: "RESTORE_BACKUP", Category: OfSecurity, Severity: Alert, Detail: detail,
		Message: fmt.Sprintf("the store is a backup of %s, restored on %s: what was revoked, disabled, deleted or changed between is not known to it",
			r.From.Format(time.RFC3339), r.Time.Format(time.RFC3339)),
	}))
}

// sweptEvents notes that events of the scope are missing up to that number, in the transaction that removes them. It takes one
// key of that transaction.
func (a *Accounts) sweptEvents(tx store.Tx, scope auth.UserType, upTo int64) error {
	c, err := a.ourChain(tx)
	if err != nil {
		return err
	}
	if c.Swept == nil {
		c.Swept = make(map[auth.UserType]sweptThrough)
	}
	c.Swept[scope] = sweptThrough{max(upTo, c.Swept[scope].Event), a.Now()}
	return a.putChain(tx, c)
}

// trimLinks is how many links are removed at once.
const trimLinks = 50

// trimEventLinks removes the links of which a sweep has left nothing, from the front, up to the last one. It is a step of a
// sweep.
func (a *Accounts) trimEventLinks(tx store.Tx) (more bool, err error) {
	c, err := a.ourChain(tx)
	if err != nil {
		return false, err
	}
	removed, err := c.trim(tx)
	if err != nil || removed == 0 {
		return false, err
	}
	return removed == trimLinks, a.putChain(tx, c)
}

// trim moves the beginning of the chain.
func (c *eventChain) trim(tx store.Tx) (removed int, err error) {
	oldest, err := oldestEvent(tx)
	if err != nil {
		return 0, err
	}
	for ; removed < trimLinks; removed++ {
		l, err := linkAfter(tx, math.MinInt64)
		if err != nil || l == nil || l.last() >= oldest || !c.spent(l) {
			return removed, err
		}
		if _, err := eventLinks.Delete(tx, l.ID); err != nil {
			return removed, err
		}
		if l.ID > c.Base.Link {
			c.Base, c.Broken = l.end(), nil // what could not be vouched for is gone
		}
	}
	return removed, nil
}

// spent says whether the first link of which no event is left may go. One that the check would not pass stays: that is the
// check's to tell.
func (c *eventChain) spent(l *eventLink) bool {
	switch {
	case l.ID <= c.Base.Link:
		return c.Broken != nil // it is of the chain before that
	case l.ID == c.Head.Link:
		return false
	}
	return c.swept(l) && bytes.Equal(l.Previous, c.Base.Hash) && l.whole()
}

// swept says whether all events of a link may be missing.
func (c *eventChain) swept(l *eventLink) bool {
	for id := l.First; id <= l.last(); id++ {
		if scope, _ := l.of(id); id > c.Swept[scope].Event {
			return false
		}
	}
	return true
}

func linkAfter(tx store.Tx, after int64) (l *eventLink, err error) {
	err = eventLinks.Scan(tx, after, func(next *eventLink) (bool, error) {
		l = next
		return false, nil
	})
	return l, err
}

// oldestEvent is the lowest number of all events that are left, or the largest there is when none is.
func oldestEvent(tx store.Tx) (oldest int64, err error) {
	oldest = math.MaxInt64
	err = events.Bytes(tx, math.MinInt64, math.MaxInt64, func(id int64, _ []byte) (bool, error) {
		oldest = id
		return false, nil
	})
	return oldest, err
}
