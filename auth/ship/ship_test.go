package ship_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/ship"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A record is a portal that has nothing but events.
type record struct {
	*account.Accounts
	t       *testing.T
	message string // of the events
	mu      sync.Mutex
	now     time.Time
}

func open(t *testing.T) *record {
	t.Helper()
	r := &record{t: t, message: "ein Gerät <&>", now: noon}
	db := store.Open(memory.New())
	t.Cleanup(func() { db.Close() })
	r.Accounts = account.New(db, account.Options{Now: func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.now
	}})
	r.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), r.Random())
	return r
}

func (r *record) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// tell records events, in transactions of up to ten.
func (r *record) tell(n int) {
	r.t.Helper()
	for n > 0 {
		some := min(n, 10)
		r.update(func(tx store.Tx) error {
			for range some {
				h := account.Happening{Name: "TEST", Category: account.OfSystem, Message: r.message}
				if err := r.Record(tx, account.System("test"), auth.Network(), h); err != nil {
					return err
				}
			}
			return nil
		})
		n -= some
	}
}

func (r *record) update(f func(store.Tx) error) {
	r.t.Helper()
	if err := r.Store.Update(context.Background(), f); err != nil {
		r.t.Fatal(err)
	}
}

func (r *record) sweep() {
	r.t.Helper()
	if err := r.Store.InSteps(context.Background(), r.SweepEvents); err != nil {
		r.t.Fatal(err)
	}
}

func (r *record) last() (n int64) {
	r.t.Helper()
	err := r.Store.View(context.Background(), func(tx store.Tx) (err error) {
		n, err = account.LastEvent(tx)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// A shelf is a sink that keeps lines, or does what fail says: it is called with each batch, of which it may keep something.
type shelf struct {
	mu      sync.Mutex
	numbers []int64
	lines   [][]byte
	batches []int
	fail    func(ctx context.Context, s *shelf, events []ship.Event) error
}

func (s *shelf) Send(ctx context.Context, events []ship.Event) error {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		if err := fail(ctx, s, events); err != nil {
			return err
		}
	}
	s.keep(events)
	return nil
}

func (s *shelf) keep(events []ship.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, len(events))
	for _, e := range events {
		s.numbers, s.lines = append(s.numbers, e.Number), append(s.lines, e.Line)
	}
}

func (s *shelf) set(f func(context.Context, *shelf, []ship.Event) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

func (s *shelf) Close() error { return nil }

func (s *shelf) has() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.numbers)
}

// A running shipper, and what it told.
type running struct {
	*ship.Shipper
	t    *testing.T
	mu   sync.Mutex
	news []string
	stop func()
}

func (r *record) ship(to ship.Sink, change func(*ship.Options)) *running {
	r.t.Helper()
	o := ship.Options{Portal: "here", Destination: "there", Pace: 5 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	s := &running{Shipper: ship.New(r.Accounts, to, o), t: r.t}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx, s.hear)
	}()
	s.stop = sync.OnceFunc(func() { cancel(); <-ended })
	r.t.Cleanup(s.stop)
	return s
}

func (s *running) hear(n ship.News) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(n.Kind)
	switch n.Kind {
	case ship.Stalled:
		text += ": " + n.Err.Error()
	case ship.Lost:
		text += fmt.Sprintf(" %d", n.Lost)
	}
	s.news = append(s.news, text)
}

func (s *running) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.news, ", ")
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// sent waits until the events up to the last one are on the shelf.
func (r *record) sent(s *shelf) {
	r.t.Helper()
	last := r.last()
	until(r.t, fmt.Sprintf("event %d sent", last), func() bool { return slices.Contains(s.has(), last) })
}

func upTo(n int64) (all []int64) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// unique drops what comes again, and fails when something new comes behind something newer.
func unique(t *testing.T, numbers []int64) (all []int64) {
	t.Helper()
	for _, n := range numbers {
		if len(all) == 0 || n > all[len(all)-1] {
			all = append(all, n)
		} else if !slices.Contains(all, n) {
			t.Fatalf("event %d comes too late: %v", n, numbers)
		}
	}
	return all
}

// What was there before and what happens while it runs arrives once, in order, over orderly restarts.
func TestShipping(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{}
	r.tell(25)
	for range 3 {
		s := r.ship(to, nil)
		r.tell(25)
		r.sent(to)
		s.stop()
		r.tell(5)
		if news := s.told(); news != "" {
			t.Errorf("told %s", news)
		}
	}
	r.ship(to, nil)
	r.sent(to)
	if got := to.has(); !slices.Equal(got, upTo(115)) {
		t.Errorf("got %v", got)
	}
}

// A portal that dies between a batch and its note of it sends the batch again; one that still runs beside its successor does no harm.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.tell(10)
	taken, first := make(chan bool, 1), &shelf{}
	first.fail = func(ctx context.Context, s *shelf, events []ship.Event) error {
		s.keep(events)
		taken <- true
		<-ctx.Done() // nobody hears that it was taken
		return ctx.Err()
	}
	dying := r.ship(first, nil)
	<-taken
	second := &shelf{}
	r.ship(second, nil)
	r.tell(10)
	r.sent(second)
	if !slices.Equal(first.has(), upTo(10)) || !slices.Equal(second.has(), upTo(20)) {
		t.Errorf("%v, then %v", first.has(), second.has())
	}
	dying.stop()
}

// What was sent is noted at the end; who ends last, and has come less far, does not set the place back.
func TestPlaceNeverGoesBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.tell(10)
	// begin ships ten events and is left with ten more, of which nothing is heard. It notes nothing meanwhile.
	begin := func() *running {
		hangs, to := make(chan bool, 1), &shelf{}
		to.fail = func(ctx context.Context, s *shelf, events []ship.Event) error {
			if len(s.has()) == 0 {
				r.tell(10)
				return nil
			}
			hangs <- true
			<-ctx.Done()
			return ctx.Err()
		}
		s := r.ship(to, func(o *ship.Options) { o.Pace = time.Hour })
		<-hangs
		return s
	}
	s := begin()
	s.stop()
	if n, err := s.Waiting(t.Context()); n != 10 || err != nil {
		t.Errorf("%d wait at the end, %v", n, err)
	}
	slow, to := begin(), &shelf{}
	fast := r.ship(to, nil)
	r.sent(to)
	fast.stop()
	slow.stop()
	if n, err := s.Waiting(t.Context()); n != 0 || err != nil {
		t.Errorf("%d wait again, %v", n, err)
	}
}

// One shipper may run again and again, as a leader does who lost his place and found it: it goes on from where others have come.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	r, mine, others := open(t), &shelf{}, &shelf{}
	s := ship.New(r.Accounts, mine, ship.Options{Portal: "here", Destination: "there", Pace: 5 * time.Millisecond})
	lead := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.Run(ctx, func(n ship.News) { t.Error(n) })
		}()
		return func() { cancel(); <-ended }
	}
	r.tell(3)
	stop := lead()
	r.sent(mine)
	stop()
	r.tell(3)
	other := r.ship(others, nil)
	r.sent(others)
	other.stop()
	r.tell(3)
	stop = lead()
	r.sent(mine)
	stop()
	if got := fmt.Sprint(mine.has(), others.has()); got != "[1 2 3 7 8 9] [4 5 6]" {
		t.Errorf("got %s", got)
	}
}

// A sink that is down holds everything up, and nothing is lost; that it is, and that it is over, is told once.
func TestSinkDown(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{}
	tries := 0
	down := func(context.Context, *shelf, []ship.Event) error { tries++; return errors.New("down") }
	to.fail = down
	s := r.ship(to, nil)
	r.tell(30)
	until(t, "three tries", func() bool { _, failures, _ := s.Counts(); return failures >= 3 })
	if n, err := s.Waiting(t.Context()); n != 30 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	to.set(nil)
	r.sent(to)
	until(t, "told", func() bool { return s.told() == "stalled: down, resumed" })
	if got := to.has(); !slices.Equal(got, upTo(30)) {
		t.Errorf("got %v", got)
	}
	until(t, "noted", func() bool { n, _ := s.Waiting(t.Context()); return n == 0 })
	if shipped, _, lost := s.Counts(); shipped != 30 || lost != 0 {
		t.Errorf("shipped %d, lost %d", shipped, lost)
	}
}

// A sink that takes no more than seven at once, or fails in the middle of a batch, gets all in the end.
func TestSinkTakesLittle(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{}
	to.fail = func(_ context.Context, s *shelf, events []ship.Event) error {
		if len(events) > 7 {
			s.keep(events[:3])
			return errors.New("too many")
		}
		return nil
	}
	r.tell(100)
	r.ship(to, nil)
	r.sent(to)
	if got := unique(t, to.has()); !slices.Equal(got, upTo(100)) {
		t.Errorf("got %v", got)
	}
}

// A sink that says when is asked then, and not before.
func TestSinkLater(t *testing.T) {
	t.Parallel()
	const after = 300 * time.Millisecond
	r, to := open(t), &shelf{}
	var at []time.Time
	to.fail = func(context.Context, *shelf, []ship.Event) error {
		if at = append(at, time.Now()); len(at) == 1 {
			return &ship.LaterError{Err: errors.New("busy"), After: after}
		}
		return nil
	}
	r.tell(1)
	r.ship(to, nil)
	r.sent(to)
	if d := at[1].Sub(at[0]); d < after || d > 20*after {
		t.Errorf("asked again after %v", d)
	}
}

// However much waits, it is sent in parts.
func TestHugeBacklog(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{}
	r.tell(2000) // as many as fit, by number
	r.message = strings.Repeat("x", 2000)
	r.tell(1000) // and by size
	r.ship(to, nil)
	r.sent(to)
	if !slices.Equal(to.has(), upTo(3000)) {
		t.Error("something is missing, or twice")
	}
	lines := to.lines
	for _, n := range to.batches {
		size := len(slices.Concat(lines[:n]...))
		if lines = lines[n:]; n > 1000 || size > 512<<10 {
			t.Errorf("%d events of %d bytes at once", n, size)
		}
	}
}

// Each destination has a place of its own, and one that comes back goes on where it was.
func TestDestinations(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.tell(10)
	for i, c := range []struct {
		to   string
		want []int64
	}{{"a", upTo(10)}, {"b", upTo(11)}, {"a", []int64{11, 12}}} {
		to := &shelf{}
		s := r.ship(to, func(o *ship.Options) { o.Destination = c.to })
		r.sent(to)
		s.stop()
		if got := to.has(); !slices.Equal(got, c.want) {
			t.Errorf("%d: %s got %v, want %v", i, c.to, got, c.want)
		}
		r.tell(1)
	}
}

const year = 366 * 24 * time.Hour

// What waits is not swept, whatever its age; what was shipped is.
func TestSweepWaits(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{fail: func(context.Context, *shelf, []ship.Event) error { return errors.New("down") }}
	s := r.ship(to, nil)
	r.tell(100)
	until(t, "stalled", func() bool { return s.told() == "stalled: down" })
	r.pass(year)
	r.sweep()
	if n := r.last(); n != 100 {
		t.Fatalf("event %d tells of a sweep", n)
	}
	to.set(nil)
	r.sent(to)
	until(t, "noted", func() bool { n, _ := s.Waiting(t.Context()); return n == 0 })
	r.sweep()
	r.tell(1)
	r.sent(to)
	if got := to.has(); !slices.Equal(got, upTo(102)) || !bytes.Contains(to.lines[100], []byte(`"SWEEP_EVENTS"`)) {
		t.Errorf("got %v", got)
	}
	until(t, "told", func() bool { return s.told() == "stalled: down, resumed" })
}

// Beyond the bound what is past its retention goes. It is told when the bound is reached, when it happens, and when the gap is met.
func TestBacklogIsBounded(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{fail: func(context.Context, *shelf, []ship.Event) error { return errors.New("down") }}
	r.tell(1)
	s := r.ship(to, func(o *ship.Options) { o.Backlog = 40 })
	until(t, "a try", func() bool { _, failures, _ := s.Counts(); return failures > 0 })
	r.tell(99)
	until(t, "overfull", func() bool { return s.told() == "stalled: down, overfull" })
	r.sweep()
	if n := r.last(); n != 100 {
		t.Fatalf("event %d tells that young events were swept", n)
	}
	r.pass(year)
	r.sweep() // 60 of the 100, and two tell of it
	to.set(nil)
	r.sent(to)
	var want []int64
	for i := int64(61); i <= 102; i++ {
		want = append(want, i)
	}
	if got := to.has(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	loss := string(to.lines[len(to.lines)-1])
	if !strings.Contains(loss, `"UNSHIPPED_EVENTS_SWEPT"`) || !strings.Contains(loss, `"operatorEvents":60`) || !strings.Contains(loss, `"ALERT"`) {
		t.Errorf("the last event is %s", loss)
	}
	// The first event was there before the destination was: that it is gone is no loss to it.
	until(t, "told", func() bool { return s.told() == "stalled: down, overfull, lost 59, resumed" })
	if _, _, lost := s.Counts(); lost != 59 {
		t.Errorf("lost %d", lost)
	}
}

// With the lines alone the head of the chain of events can be made, by whoever reads the package's comments.
func TestLinesMakeTheHead(t *testing.T) {
	t.Parallel()
	r, to := open(t), &shelf{}
	for i := range 40 {
		r.tell(1 + i%7)
	}
	r.ship(to, nil)
	r.sent(to)
	head, err := r.EventHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var (
		link     int64
		number   int64
		first    int64
		hash     = make([]byte, 32)
		digests  []byte
		previous []byte
	)
	seal := func() {
		b := append([]byte("portico event link\n"), binary.BigEndian.AppendUint64(nil, uint64(link))...)
		b = binary.BigEndian.AppendUint64(append(b, previous...), uint64(first))
		sum := sha256.Sum256(append(b, digests...))
		hash = sum[:]
	}
	for _, text := range to.lines {
		var line struct {
			Portal, Digest string
			Number, Link   int64
			Event          json.RawMessage
		}
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		_, event, _ := bytes.Cut(text, []byte(`"event":`))
		digest := sha256.Sum256(event[:len(event)-1])
		if number++; line.Number != number || line.Portal != "here" || line.Digest != hex.EncodeToString(digest[:]) {
			t.Fatalf("event %d: %s", number, text)
		}
		if line.Link != link {
			if link > 0 {
				seal()
			}
			link, first, previous, digests = line.Link, number, hash, nil
		}
		digests = append(append(digests, byte(auth.Operator)), digest[:]...)
	}
	seal()
	if head.Link != link || head.Events != number || !bytes.Equal(head.Hash, hash) {
		t.Errorf("link %d, event %d, %x; the head is link %d, event %d, %x", link, number, hash, head.Link, head.Events, head.Hash)
	}
}
