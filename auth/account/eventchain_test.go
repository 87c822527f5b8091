package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// chained is a portal on a store, which it and another hand write.
type chained struct {
	*Accounts
	t  *testing.T
	db *store.DB
}

func newChained(t *testing.T) *chained {
	t.Helper()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	return (&chained{t: t, db: db}).restart(0)
}

// restart is the portal again, with a sealing key that begins with the byte.
func (r *chained) restart(key byte) *chained {
	a := New(r.db, Options{})
	a.Sealer, _ = secret.NewSealer(append([]byte{key}, make([]byte, secret.SealKeyLen-1)...), a.Random())
	return &chained{a, r.t, r.db}
}

func (r *chained) update(f func(store.Tx) error) {
	r.t.Helper()
	if err := r.Store.Update(context.Background(), f); err != nil {
		r.t.Fatal(err)
	}
}

// happen writes events of a scope, one a group.
func (r *chained) happen(scope auth.UserType, n int) {
	r.t.Helper()
	for range n {
		r.update(r.tells(scope, 1))
	}
}

func (r *chained) tells(scope auth.UserType, n int) func(store.Tx) error {
	return func(tx store.Tx) error {
		for range n {
			if err := r.tell(tx, System("test"), auth.Tenant{Type: scope, ID: 1}, Happening{Name: "TEST"}); err != nil {
				return err
			}
		}
		return nil
	}
}

// by another hand changes the store without the portal's having a last word.
func (r *chained) byAnotherHand(f func(store.Tx) error) {
	r.t.Helper()
	r.db.OnCommit(func(_, _ store.Tx) error { return nil })
	r.update(f)
	r.db.OnCommit(r.chainEvents)
}

func (r *chained) trim() {
	r.t.Helper()
	r.update(func(tx store.Tx) error {
		_, err := r.trimEventLinks(tx)
		return err
	})
}

func (r *chained) check() EventCheck {
	r.t.Helper()
	k, err := r.CheckEvents(context.Background(), func(EventCheck) {})
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

// wants holds a check against the links and numbers that it should tell, and the problems by how they begin.
func (r *chained) wants(want EventCheck, problems ...string) {
	r.t.Helper()
	got := r.check()
	found := got.Told
	got.Latest = time.Time{} // the wall clock's
	if got.Told = nil; !cmp.Equal(want, got) {
		r.t.Error(cmp.Diff(want, got))
	}
	if !slices.EqualFunc(problems, found, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
		r.t.Errorf("problems %q, want %q", found, problems)
	}
}

// No snapshot shows an event that no link covers, however many write at once, and whoever serves.
func TestChainIsNeverBehind(t *testing.T) {
	r := newChained(t)
	const writers, each = 16, 20
	for round := range int64(2) {
		refused := errors.New("refused")
		var writing, looking sync.WaitGroup
		for i := range writers {
			writing.Go(func() {
				for n := range each {
					err := r.Store.Update(context.Background(), func(tx store.Tx) error {
						if err := r.tells(auth.Enterprise, 1+n%3)(tx); err != nil || i%4 > 0 {
							return err
						}
						return refused
					})
					if err != nil && err != refused {
						t.Error(err)
					}
				}
			})
		}
		stop := make(chan struct{})
		looking.Go(func() {
			for done := false; !done; {
				select {
				case <-stop:
					done = true
				default:
				}
				must(t, r.Store.View(context.Background(), func(tx store.Tx) error {
					last, err := events.Last(tx)
					if c, _ := eventChains.Get(tx, theChain); last > 0 && (c == nil || c.Head.Event != last) {
						t.Errorf("the last event is %d, the chain ends with %+v", last, c)
						done = true
					}
					return err
				}))
			}
		})
		writing.Wait()
		close(stop)
		looking.Wait()
		k := r.check()
		if want := (round + 1) * 12 * (20 + 7 + 2*6); k.Count() > 0 || k.Events != want || k.LastEvent != want {
			t.Errorf("round %d: %d events, up to %d, want %d: %q", round, k.Events, k.LastEvent, want, k.Told)
		}
		r = r.restart(0)
	}
}

// A group with more events than a link may have makes several links.
func TestChainOfLargeGroup(t *testing.T) {
	r := newChained(t)
	for try := 0; ; try++ {
		begun, release := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		once := sync.OnceFunc(func() { close(begun); <-release })
		all.Go(func() { r.update(func(store.Tx) error { once(); return nil }) })
		<-begun
		for range 30 {
			all.Go(func() { r.update(r.tells(auth.Operator, 45)) })
		}
		time.Sleep(10 * time.Millisecond) // for them to queue
		close(release)
		all.Wait()
		longest := 0
		must(t, r.Store.View(context.Background(), func(tx store.Tx) error {
			return eventLinks.Scan(tx, 0, func(l *eventLink) (bool, error) {
				longest = max(longest, len(l.Events)/linkEvent)
				return true, nil
			})
		}))
		if longest > maxLinkEvents || longest < maxLinkEvents && try == 10 {
			t.Fatalf("the longest link has %d events", longest)
		}
		if longest == maxLinkEvents {
			break
		}
	}
	if k := r.check(); k.Count() > 0 || k.Events%(30*45) != 0 {
		t.Errorf("%+v", k)
	}
}

// take removes events as a sweep does, but for what it leaves in the chain.
func take(tx store.Tx, ids ...int64) error {
	for _, id := range ids {
		if there, err := events.Delete(tx, id); err != nil || !there {
			return fmt.Errorf("event %d: %v, %w", id, there, err)
		}
	}
	return nil
}

func TestChainIsSwept(t *testing.T) {
	r := newChained(t)
	ctx := context.Background()
	r.happen(auth.Operator, 2)     // 1, 2
	r.happen(auth.Enterprise, 3)   // 3, 4, 5
	r.update(r.tells(auth.MSP, 2)) // 6, 7, in one link
	r.happen(auth.Enterprise, 1)   // 8
	heads := make(map[int64]*EventHead)
	head := func() {
		h, err := r.EventHead(ctx)
		must(t, err)
		heads[h.Link] = h
	}
	head()
	sweep := func(scope auth.UserType, ids ...int64) {
		t.Helper()
		r.update(func(tx store.Tx) error {
			if err := take(tx, ids...); err != nil {
				return err
			}
			return r.sweptEvents(tx, scope, ids[len(ids)-1])
		})
		r.trim()
	}
	sweep(auth.Enterprise, 3, 4)
	r.wants(EventCheck{FirstLink: 1, LastLink: 7, LastEvent: 8, Events: 6, Swept: 2})
	sweep(auth.Operator, 1)
	r.wants(EventCheck{FirstLink: 2, LastLink: 7, LastEvent: 8, Events: 5, Swept: 2})
	r = r.restart(0)
	r.happen(auth.Operator, 1) // 9
	sweep(auth.Operator, 2)
	r.wants(EventCheck{FirstLink: 5, LastLink: 8, LastEvent: 9, Events: 5})
	sweep(auth.MSP, 6)
	r.wants(EventCheck{FirstLink: 5, LastLink: 8, LastEvent: 9, Events: 4, Swept: 1})

	// The marks let nothing else be missing, nor anything come back.
	kept := r.state()
	r.byAnotherHand(func(tx store.Tx) error { return take(tx, 5, 7) })
	r.wants(EventCheck{FirstLink: 5, LastLink: 8, LastEvent: 9, Events: 2, Swept: 1}, "event 5 is missing", "event 7 is missing")
	r.trim() // must not remove what tells it
	r.wants(EventCheck{FirstLink: 5, LastLink: 8, LastEvent: 9, Events: 2, Swept: 1}, "event 5 is missing", "event 7 is missing")
	r.restore(kept)
	r.byAnotherHand(func(tx store.Tx) error {
		return errors.Join(events.Put(tx, &Event{ID: 2, Scope: auth.Operator}), events.Put(tx, &Event{ID: 6, Scope: auth.MSP}))
	})
	r.wants(EventCheck{FirstLink: 5, LastLink: 8, LastEvent: 9, Events: 5}, "event 2: no link covers it", "event 6 was changed")
	r.restore(kept)

	sweep(auth.Enterprise, 5, 8)
	sweep(auth.MSP, 7)
	sweep(auth.Operator, 9) // the last link stays
	r.wants(EventCheck{FirstLink: 8, LastLink: 8, LastEvent: 9, Swept: 1})
	head()
	r.happen(auth.Operator, 1)
	r.trim()
	r.wants(EventCheck{FirstLink: 9, LastLink: 9, LastEvent: 10, Events: 1})
	for link, want := range map[int64]string{7: "older than the chain, which was swept up to link 8", 8: "it is in the chain"} {
		if got, err := r.CompareHead(ctx, heads[link]); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("the head at link %d: %q, %v; want %q", link, got, err, want)
		}
	}
}

// The ends of the chain, and where it begins after a sweep, told one by one.
func TestCheckTellsWhat(t *testing.T) {
	r := newChained(t)
	r.happen(auth.Operator, 6)
	all := r.state()
	sweep := func(ids ...int64) {
		r.update(func(tx store.Tx) error {
			return errors.Join(take(tx, ids...), r.sweptEvents(tx, auth.Operator, ids[len(ids)-1]))
		})
	}
	sweep(1, 2)
	r.trim()
	swept := r.state()
	relink := func(n int64, f func(*eventLink)) func(store.Tx) error {
		return func(tx store.Tx) error {
			l, err := eventLinks.Get(tx, n)
			if err != nil {
				return err
			}
			f(l)
			return eventLinks.Put(tx, l)
		}
	}
	rehashed := func(f func(*eventLink)) func(*eventLink) {
		return func(l *eventLink) { f(l); l.Hash = l.hash() }
	}
	for _, c := range []struct {
		name string
		hand func(store.Tx) error
		want []string
	}{
		{"nothing", func(store.Tx) error { return nil }, nil},
		{"a link is put back", func(tx store.Tx) error {
			key := append([]byte("eventlink/r"), store.Key(int64(1))...)
			return tx.Put(key, all[string(key)])
		}, []string{"link 1: the chain begins behind it"}},
		{"the last link begins later", relink(6, rehashed(func(l *eventLink) { l.First++ })),
			[]string{"link 6 begins with event 7, link 5 ends with event 5", "event 7 is missing", "link 6 with event 7 is not the end"}},
		{"the last link has another scope", relink(6, rehashed(func(l *eventLink) { l.Events[0]++ })),
			[]string{"link 6 with event 6 is not the end that the chain's own record names: link 6 with event 6"}},
		{"a link is cut", relink(4, rehashed(func(l *eventLink) { l.Events = l.Events[:9] })),
			[]string{"link 4 was changed", "link 5 does not follow link 4"}},
		{"links are dropped", func(tx store.Tx) error {
			_, err := eventLinks.Delete(tx, 3)
			_, err2 := eventLinks.Delete(tx, 4)
			return errors.Join(err, err2)
		}, []string{"links 3 to 4 are missing"}},
		{"the first link that is left is changed", relink(3, func(l *eventLink) { l.Hash[0] ^= 1 }), []string{"link 3 was changed", "link 4 does not follow"}},
		{"it is another chain's", relink(3, rehashed(func(l *eventLink) { l.Previous[0] ^= 1 })), []string{"link 3 does not follow link 2", "link 4 does not follow"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			r.restore(swept)
			r.byAnotherHand(c.hand)
			told := func() {
				t.Helper()
				found := r.check().Told
				if !slices.EqualFunc(c.want, found, func(want, got string) bool { return strings.HasPrefix(got, want) }) {
					t.Errorf("problems %q, want %q", found, c.want)
				}
			}
			told()
			if c.want != nil && !strings.HasPrefix(c.name, "the last") { // nor is it forgotten when it could be swept
				r.update(func(tx store.Tx) error { return errors.Join(take(tx, 3), r.sweptEvents(tx, auth.Operator, 3)) })
				r.trim()
				told()
			}
		})
	}

	// A mark never goes back.
	r.t = t
	r.restore(swept)
	sweep(3, 4)
	r.update(func(tx store.Tx) error { return r.sweptEvents(tx, auth.Operator, 2) })
	r.wants(EventCheck{FirstLink: 3, LastLink: 6, LastEvent: 6, Events: 2, Swept: 2})
}

// A check of a portal that runs: between its parts events come and go.
func TestCheckWhileItChanges(t *testing.T) {
	r := newChained(t)
	ctx := context.Background()
	r.happen(auth.Operator, 12)
	k := &eventCheck{a: r.Accounts, step: 2}
	parts := 0
	err := k.run(ctx, func(EventCheck) {
		switch parts++; parts {
		case 1:
			r.update(func(tx store.Tx) error {
				return errors.Join(take(tx, 1, 2, 3, 4, 5, 6), r.sweptEvents(tx, auth.Operator, 6))
			})
			r.trim()
		case 3:
			r.happen(auth.MSP, 3)
		}
	})
	if err != nil || k.Count() > 0 || k.FirstLink != 7 || k.LastEvent != 15 || k.Events != 2+6+3 || parts < 6 {
		t.Errorf("after %d parts: %+v, %v", parts, k.EventCheck, err)
	}
}

// state is all that the store has; restore puts it back.
func (r *chained) state() map[string][]byte {
	all := make(map[string][]byte)
	must(r.t, r.Store.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			all[string(key)] = slices.Clone(value)
			return true, nil
		})
	}))
	return all
}

func (r *chained) restore(all map[string][]byte) {
	r.t.Helper()
	r.byAnotherHand(func(tx store.Tx) error {
		err := tx.Scan(store.Range{}, func(key, _ []byte) (bool, error) { return true, tx.Delete(key) })
		for key, value := range all {
			err = errors.Join(err, tx.Put([]byte(key), value))
		}
		return err
	})
}

// What another hand did to the chain's end is not continued as if the portal had done it: it is told for good, and the portal
// goes on.
func TestBrokenChain(t *testing.T) {
	change := func(f func(*eventChain)) func(store.Tx) error {
		return func(tx store.Tx) error {
			c, err := eventChains.Get(tx, theChain)
			if err != nil {
				return err
			}
			f(c)
			return eventChains.Put(tx, c)
		}
	}
	for name, hand := range map[string]func(store.Tx) error{
		"the chain is removed": func(tx store.Tx) error {
			_, err := eventChains.Delete(tx, theChain)
			for id := range int64(4) {
				_, err2 := eventLinks.Delete(tx, id+1)
				err = errors.Join(err, err2)
			}
			return errors.Join(err, tx.Delete([]byte("eventlink/n")))
		},
		"a sweep is forged":       change(func(c *eventChain) { c.Swept = map[auth.UserType]sweptThrough{auth.Operator: {Event: 3}} }),
		"the beginning is forged": change(func(c *eventChain) { c.Base.Link, c.Base.Event = 1, 1 }),
		"the end is forged":       change(func(c *eventChain) { c.Head.Hash[0] ^= 1 }),
		"an event is added":       func(tx store.Tx) error { return events.Insert(tx, &Event{Scope: auth.Operator}) },
		"a link is added":         func(tx store.Tx) error { return eventLinks.Insert(tx, &eventLink{First: 5}) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newChained(t)
			r.happen(auth.Operator, 4)
			if is, err := r.EventChain(context.Background()); err != nil || is != (EventChain{4, 4, true}) {
				t.Errorf("the chain: %+v, %v", is, err)
			}
			r.byAnotherHand(hand)
			if k := r.check(); k.Count() == 0 {
				t.Error("the check does not find it")
			}
			r = r.restart(0)
			r.happen(auth.Operator, 1)
			r.happen(auth.Operator, 2)
			if is, err := r.EventChain(context.Background()); err != nil || is.Trusted {
				t.Errorf("the chain after that: %+v, %v", is, err)
			}
			k := r.check()
			if k.Count() != 1 || !strings.HasPrefix(k.Told[0], "events up to number ") || k.Events != 4 {
				t.Errorf("after more events: %+v", k)
			}
			page, err := r.Events(context.Background(), auth.Tenant{Type: auth.Operator, ID: auth.NetworkID}, EventQuery{})
			must(t, err)
			page.Events = slices.DeleteFunc(page.Events, func(e *Event) bool { return e.Name != "EVENT_CHAIN_BROKEN" })
			if len(page.Events) != 1 || page.Events[0].Severity != Alert {
				t.Errorf("it is told %d times", len(page.Events))
			}
		})
	}
}

// The portal puts its mark on no record but its own.
func TestNotOurChain(t *testing.T) {
	r := newChained(t)
	ctx := context.Background()
	r.happen(auth.Operator, 2)
	r = r.restart(1)
	_, err := r.EventHead(ctx)
	for what, err := range map[string]error{
		"a head": err, "the end of a sweep": r.Store.Update(ctx, func(tx store.Tx) error { _, err := r.trimEventLinks(tx); return err }),
		"a sweep": r.Store.Update(ctx, func(tx store.Tx) error { return r.sweptEvents(tx, auth.Operator, 1) }),
	} {
		if auth.KindOf(err) != auth.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.wants(EventCheck{FirstLink: 1, LastLink: 2, LastEvent: 2, Events: 2}, notOurs)
	r.happen(auth.Operator, 1) // 3, and the break, 4
	r.wants(EventCheck{FirstLink: 3, LastLink: 3, LastEvent: 4, Events: 2}, "events up to number 2 cannot be vouched for")

	// When what cannot be vouched for is too old to be kept, nothing is left to tell.
	r.update(func(tx store.Tx) error { return errors.Join(take(tx, 1, 2, 3, 4), r.sweptEvents(tx, auth.Operator, 4)) })
	r.happen(auth.Operator, 1)
	r.trim()
	r.wants(EventCheck{FirstLink: 4, LastLink: 4, LastEvent: 5, Events: 1})
}

func TestCompareHead(t *testing.T) {
	r := newChained(t)
	ctx := context.Background()
	r.happen(auth.Operator, 3)
	old := r.state()
	r.happen(auth.Operator, 2)
	h, err := r.EventHead(ctx)
	must(t, err)
	r.happen(auth.Operator, 1)
	now := r.state()
	edited := *h
	edited.Link, edited.Events = 3, 3
	for _, c := range []struct {
		name string
		head *EventHead
		on   func()
		want string
	}{
		{"as it was", h, func() {}, "it is in the chain"},
		{"of another key", h, func() { r = r.restart(1) }, "the head is of another portal"},
		{"edited", &edited, func() {}, "the head was changed"},
		{"after an older store was put back", h, func() { r.restore(old) }, "the store was rolled back or its end cut off: the head is link 5 with event 5, the chain ends with link 3"},
		{"after the portal went on with an older store", h, func() { r.restore(old); r.happen(auth.Enterprise, 4) }, "link 5 is another one"},
		{"of an empty store", h, func() { r.restore(nil) }, "the store was rolled back"},
	} {
		r.restore(now)
		r = r.restart(0)
		c.on()
		got, err := r.CompareHead(ctx, c.head)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.want) || (err == nil) != (c.name == "as it was") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Where nothing has happened there is nothing to find, and nothing to sweep.
func TestEmptyChain(t *testing.T) {
	r := newChained(t)
	r.wants(EventCheck{FirstLink: 1})
	r.trim()
	if h, err := r.EventHead(context.Background()); err != nil || h.Link != 0 || h.Events != 0 {
		t.Errorf("%+v, %v", h, err)
	}
}
