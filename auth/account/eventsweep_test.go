package account

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

const week = 7 * 24 * time.Hour

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A meter is an engine that counts what is read of it.
type meter struct {
	store.Engine
	reads atomic.Int64
}

func (m *meter) View(ctx context.Context, f func(store.Reader) error) error {
	return m.Engine.View(ctx, func(r store.Reader) error { return f(metered{r, m}) })
}

func (m *meter) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	return m.Engine.Commit(ctx, func(r store.Reader) ([]store.Write, error) { return f(metered{r, m}) })
}

type metered struct {
	store.Reader
	m *meter
}

func (r metered) Get(key []byte) ([]byte, error) {
	r.m.reads.Add(1)
	return r.Reader.Get(key)
}

func (r metered) Scan(of store.Range, f func(key, value []byte) (bool, error)) error {
	return r.Reader.Scan(of, func(key, value []byte) (bool, error) {
		r.m.reads.Add(1)
		return f(key, value)
	})
}

// A record is a portal's events on a metered store, with a clock to move.
type record struct {
	*Accounts
	*meter
	db  *store.DB
	now time.Time
}

func openRecord(t testing.TB) *record {
	t.Helper()
	r := &record{meter: &meter{Engine: memory.New()}, now: noon}
	r.db = store.Open(r.meter)
	t.Cleanup(func() { r.db.Close() })
	r.restart()
	return r
}

// restart is what a new process knows: what is in the store.
func (r *record) restart() {
	r.Accounts = New(r.db, Options{Now: func() time.Time { return r.now }})
	r.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), r.Random())
}

// write puts events into the store, as many in one Update as there may be.
func (r *record) write(t testing.TB, list ...*Event) {
	t.Helper()
	for part := range slices.Chunk(list, 33) {
		r.update(t, func(tx store.Tx) error {
			for _, e := range part {
				if err := events.Insert(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (r *record) update(t testing.TB, f func(store.Tx) error) {
	t.Helper()
	if err := r.Store.Update(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func (r *record) set(t testing.TB, name, value string) {
	t.Helper()
	if _, err := r.SetProperty(context.Background(), System("test"), PropertyUpdate{Name: &name, Value: &value}); err != nil {
		t.Fatal(err)
	}
}

// step makes one step of a sweep.
func (r *record) step(t testing.TB) (more bool) {
	t.Helper()
	r.update(t, func(tx store.Tx) (err error) {
		more, err = r.SweepEvents(tx)
		return err
	})
	return more
}

func (r *record) sweep(t testing.TB) {
	t.Helper()
	for r.step(t) {
	}
	r.holds(t)
}

// holds checks the chain of events, and answers what is left of it.
func (r *record) holds(t testing.TB) EventCheck {
	t.Helper()
	k, err := r.CheckEvents(context.Background(), func(EventCheck) {})
	if err != nil || k.Count() > 0 {
		t.Errorf("the chain of events: %v, %q", err, k.Told)
	}
	return k
}

// left are all events by name, how many of each.
func (r *record) left(t testing.TB) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := r.Store.View(context.Background(), func(tx store.Tx) error {
		return events.Scan(tx, 0, func(e *Event) (bool, error) {
			out[e.Name]++
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// told are the counts of all SWEEP_EVENTS, the oldest first.
func (r *record) told(t testing.TB) (list []string) {
	t.Helper()
	page, err := r.Events(context.Background(), auth.Network(), EventQuery{Start: noon.Add(-5000 * week), End: noon.Add(5000 * week),
		Rules: []EventRule{{Field: "event", Op: "is", Values: []string{"SWEEP_EVENTS"}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(page.Events) {
		counts, _, _ := strings.Cut(string(e.Detail), `,"re`) // remoteIp and requestId, which are empty
		list = append(list, counts)
	}
	return list
}

func old(name string, of auth.UserType, tenant int64, age time.Duration) *Event {
	return &Event{Name: name, Scope: of, TenantID: tenant, Time: noon.Add(-age)}
}

// Each kind of record has a retention of its own, to the millisecond, whoever's it is.
func TestRetention(t *testing.T) {
	for _, c := range []struct {
		name                          string
		enterprise, operator, partner string
		left                          string
		told                          []string
	}{
		{"by default, a year", "", "", "", "e51 o51 p51 e2 o2 p2 p1 o1 e1", []string{`{"enterpriseEvents":3,"operatorEvents":1,"proxyEvents":1`}},
		{"enterprises' for two weeks", "2", "", "", "o51 p51 e2 o2 p2 p1 o1 e1", []string{`{"enterpriseEvents":4,"operatorEvents":1,"proxyEvents":1`}},
		{"enterprises' for a week", "1", "", "", "o51 p51 o2 p2 p1 o1 e1", []string{`{"enterpriseEvents":5,"operatorEvents":1,"proxyEvents":1`}},
		{"operators' and partners' for two weeks", "", "2", "2", "e51 e2 o2 p2 p1 o1 e1", []string{`{"enterpriseEvents":3,"operatorEvents":2,"proxyEvents":2`}},
		{"for ever", "5200", "5200", "5200", "e53 o53 p53 x53 e52 e51 o51 p51 e2 o2 p2 p1 o1 e1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := openRecord(t)
			r.write(t,
				old("e53", auth.Enterprise, 1, 53*week), old("o53", auth.Operator, 1, 53*week), old("p53", auth.MSP, 1, 53*week), old("x53", auth.Enterprise, 99, 53*week),
				old("e52", auth.Enterprise, 1, 52*week+time.Millisecond), old("e51", auth.Enterprise, 1, 52*week),
				old("o51", auth.Operator, 1, 51*week), old("p51", auth.MSP, 2, 51*week),
				old("e2", auth.Enterprise, 2, 2*week), old("o2", auth.Operator, 1, 2*week), old("p2", auth.MSP, 1, 2*week),
				old("p1", auth.MSP, 1, week), old("o1", auth.Operator, 1, week), old("e1", auth.Enterprise, 1, week))
			for name, weeks := range map[string]string{"enterpriseEvents": c.enterprise, "operatorEvents": c.operator, "proxyEvents": c.partner} {
				if weeks != "" {
					r.set(t, "retentionWeeks."+name, weeks)
				}
			}
			r.sweep(t)
			got := r.left(t)
			delete(got, "UPDATE_SYSTEM_PROPERTY")
			want := map[string]int{}
			for name := range strings.FieldsSeq(c.left) {
				want[name] = 1
			}
			if c.told != nil {
				want["SWEEP_EVENTS"] = 1
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.told, r.told(t)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A sweep may be cut off behind any step: what comes after it goes on, and tells of all that was removed. What the property
// says later holds for what is left.
func TestSweepOfEventsGoesOn(t *testing.T) {
	r := openRecord(t)
	var list []*Event
	for i := range 300 {
		of := []auth.UserType{auth.Enterprise, auth.Enterprise, auth.MSP, auth.Operator}[i%4]
		list = append(list, old("old", of, int64(1+i%7), 60*week-time.Duration(i)*time.Hour))
	}
	r.write(t, list...)
	r.write(t, old("young", auth.Enterprise, 1, week), old("young", auth.Operator, 1, week))
	steps := 0
	for r.step(t) {
		if steps++; len(r.told(t)) > 0 {
			t.Fatal("told before the sweep was over")
		}
		r.holds(t)
		r.restart()
	}
	if steps < 300/removedEvents {
		t.Errorf("%d steps", steps)
	}
	want := []string{`{"enterpriseEvents":150,"operatorEvents":75,"proxyEvents":75`}
	if d := cmp.Diff(want, r.told(t)); d != "" || r.left(t)["old"] != 0 || r.left(t)["young"] != 2 {
		t.Error(d, r.left(t))
	}
	if k := r.holds(t); k.FirstLink < 10 || k.Events != 3 || k.Swept > 33 { // links of 33 events each, but for SWEEP_EVENTS
		t.Errorf("left of the chain: %+v", k)
	}
	r.now = r.now.Add(week) // the young ones are two weeks old
	r.set(t, "retentionWeeks.operatorEvents", "1")
	r.sweep(t)
	r.sweep(t)
	want = append(want, `{"operatorEvents":1`)
	if d := cmp.Diff(want, r.told(t)); d != "" || r.left(t)["young"] != 1 {
		t.Error(d, r.left(t))
	}
}

// A sweep that finds nothing reads next to nothing, however many events there are.
func TestSweepThatFindsNothingReadsNothing(t *testing.T) {
	r := openRecord(t)
	cost := func() int64 {
		r.sweep(t) // whatever there was to do is done
		before := r.reads.Load()
		if r.step(t) {
			t.Fatal("there was more to sweep")
		}
		return r.reads.Load() - before
	}
	many := func(n int, age time.Duration) {
		var list []*Event
		for i := range n {
			list = append(list, old("x", []auth.UserType{auth.Enterprise, auth.Operator, auth.MSP}[i%3], int64(i%100), age))
		}
		r.write(t, list...)
	}
	many(10, 52*week)
	few := cost()
	many(5000, week)
	some := cost()
	r.set(t, "retentionWeeks.enterpriseEvents", "1") // the marks part
	r.now = r.now.Add(time.Hour)
	after := cost()
	if few > 30 || some > few || after > few+3 { // the property that was set is read
		t.Errorf("%d reads with a few events, %d with 5000 more, %d when the enterprises' are swept", few, some, after)
	}
}

// A clock that was once ahead does not hold the sweep up until its time has come, nor does one that is far behind, or ahead by
// little, make it remove what is young.
func TestSweepWithWrongClocks(t *testing.T) {
	ahead := func(name string) *Event { return old(name, auth.Enterprise, 1, -5000*week) }
	r := openRecord(t)
	r.write(t, old("old", auth.Enterprise, 1, 60*week))
	for range 3 * removedEvents {
		r.write(t, ahead("ahead"))
	}
	r.write(t, old("old", auth.Enterprise, 1, 59*week), ahead("late"), old("young", auth.Enterprise, 1, week), ahead("later"))
	r.sweep(t)
	if got := slices.Sorted(maps.Keys(r.left(t))); !slices.Equal(got, []string{"SWEEP_EVENTS", "late", "later", "young"}) {
		t.Error(got)
	}
	r = openRecord(t)
	r.write(t, old("young", auth.Enterprise, 1, week))
	r.now = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	r.sweep(t)
	if r.left(t)["young"] != 1 {
		t.Error("the clock went back to 1980, and the sweep removed what was young")
	}
}
