package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The words that events and rules are drawn from: few, so that rules fit often, and one within the other.
var (
	someNames  = []string{"CREATE_USER", "CREATE", "USER", "DELETE_USER", "X"}
	someActors = []string{"", "ops", "ops@acme", "acme"}
	someTexts  = []string{"", "user", "user ops", "API token ci", "ops"}
	allOps     = []string{"is", "is not", "isNot", "isNull", "isNotNull", "startsWith", "notStartsWith", "endsWith", "notEndsWith",
		"contains", "notContains", "greaterOrEquals", "lesserOrEquals", "in", "notIn"}
	allFields = []string{"event", "user", "severity", "message", "detail", "edgeName", "gatewayName", "segmentName"}
	ranks     = []string{"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}
)

func drawEvent(t *rapid.T) *Event {
	pick := func(from []string, what string) string { return rapid.SampledFrom(from).Draw(t, what) }
	return &Event{
		Name: pick(someNames, "name"), Actor: pick(someActors, "actor"), Severity: pick(ranks, "severity"), Message: pick(someTexts, "message"),
		Detail:       fmt.Appendf(nil, `{"of":%q}`, pick(someActors, "detail")),
		Scope:        rapid.SampledFrom([]auth.UserType{auth.Enterprise, auth.MSP}).Draw(t, "scope"),
		TenantID:     rapid.Int64Range(1, 2).Draw(t, "tenant"),
		EnterpriseID: rapid.Int64Range(0, 2).Draw(t, "about"),
		Time:         noon.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "time")) * time.Second), // some at the same time, some out of turn
	}
}

func drawRule(t *rapid.T) EventRule {
	r := EventRule{Field: rapid.SampledFrom(allFields).Draw(t, "field"), Op: rapid.SampledFrom(allOps).Draw(t, "op")}
	if r.Field == "severity" && strings.HasSuffix(r.Op, "Equals") {
		r.Values = []string{rapid.SampledFrom(ranks).Draw(t, "rank")}
		return r
	}
	word := rapid.SampledFrom(slices.Concat(someNames, someActors, someTexts, ranks))
	r.Values = rapid.SliceOfN(word, 1, 3).Draw(t, "values")
	return r
}

// fits is the model of a rule: what portal.md 9.1 says of each relation, said naively.
func (r EventRule) fits(e *Event) bool {
	have := map[string]string{"event": e.Name, "user": e.Actor, "severity": e.Severity, "message": e.Message, "detail": string(e.Detail)}[r.Field]
	any := func(f func(want string) bool) bool { return slices.ContainsFunc(r.Values, f) }
	is := func(w string) bool { return have == w }
	begins := func(w string) bool { return len(have) >= len(w) && have[:len(w)] == w }
	ends := func(w string) bool { return len(have) >= len(w) && have[len(have)-len(w):] == w }
	holds := func(w string) bool { return len(strings.SplitN(have, w, 2)) == 2 || w == "" }
	rank := func(s string) string {
		if r.Field == "severity" {
			return fmt.Sprint(slices.Index(ranks, s))
		}
		return s
	}
	switch r.Op {
	case "is", "in":
		return any(is)
	case "is not", "isNot", "notIn":
		return !any(is)
	case "isNull":
		return have == ""
	case "isNotNull":
		return have != ""
	case "startsWith":
		return any(begins)
	case "notStartsWith":
		return !any(begins)
	case "endsWith":
		return any(ends)
	case "notEndsWith":
		return !any(ends)
	case "contains":
		return any(holds)
	case "notContains":
		return !any(holds)
	case "greaterOrEquals":
		return any(func(w string) bool { return rank(have) >= rank(w) })
	case "lesserOrEquals":
		return any(func(w string) bool { return rank(have) <= rank(w) })
	}
	panic(r.Op)
}

// Every rule says of every event what the model says.
func TestRulesOfEventsAreTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(drawEvent), 5, 10).Draw(t, "events")
		for _, r := range rapid.SliceOfN(rapid.Custom(drawRule), 10, 10).Draw(t, "rules") {
			match, err := matcher([]EventRule{r})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range all {
				if match(e) != r.fits(e) {
					t.Fatalf("%+v of %+v: %v, the model says %v", r, e, match(e), r.fits(e))
				}
			}
		}
	})
}

// model is the whole list that a query's pages must be.
func model(all []*Event, in auth.Tenant, q EventQuery) (ids []int64) {
	list := slices.Clone(all)
	slices.SortFunc(list, func(a, b *Event) int {
		if d := b.Time.Compare(a.Time); d != 0 {
			return d
		}
		return int(b.ID - a.ID)
	})
	for _, e := range list {
		fits := e.Scope == in.Type && e.TenantID == in.ID && !e.Time.Before(q.Start) && e.Time.Before(q.End)
		for _, r := range q.Rules {
			fits = fits && r.fits(e)
		}
		if fits && (len(q.Enterprises) == 0 || slices.Contains(q.Enterprises, e.EnterpriseID)) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// pages reads all pages of a query, with between called between any two.
func (r *record) pages(t failer, in auth.Tenant, q EventQuery, between func()) (ids []int64) {
	for {
		page, err := r.Events(context.Background(), in, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		switch {
		case page.Limit != q.Limit || len(page.Events) > q.Limit || page.More != (page.Next != ""):
			t.Fatal(page.Page, len(page.Events))
		case !page.More:
			return ids
		}
		q.Next = page.Next
		between()
	}
}

type failer interface{ Fatal(...any) }

// Whatever events, rules and limit there are, the pages one after the other are the model's list, and what is written between
// two of them changes nothing about that, if it is younger than the first one.
func TestPagesOfEventsAreTheModels(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := openRecord(t)
		all := rapid.SliceOfN(rapid.Custom(drawEvent), 0, 25).Draw(rt, "events")
		r.write(t, all...)
		in := auth.Tenant{Type: rapid.SampledFrom([]auth.UserType{auth.Enterprise, auth.MSP}).Draw(rt, "scope"), ID: rapid.Int64Range(1, 2).Draw(rt, "tenant")}
		q := EventQuery{
			Start:       noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "start")) * time.Second),
			End:         noon.Add(time.Duration(rapid.IntRange(3, 10).Draw(rt, "end")) * time.Second),
			Rules:       rapid.SliceOfN(rapid.Custom(drawRule), 0, 3).Draw(rt, "rules"),
			Enterprises: rapid.SliceOfN(rapid.Int64Range(0, 2), 0, 2).Draw(rt, "enterprises"),
			Limit:       rapid.IntRange(1, 12).Draw(rt, "limit"),
		}
		want := model(all, in, q)
		got := r.pages(rt, in, q, func() {
			r.write(t, &Event{Name: "CREATE_USER", Scope: in.Type, TenantID: in.ID, Time: noon.Add(9 * time.Second)})
		})
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatal(d)
		}
	})
}

// Pages that are read while others write have every event that there was at the first one, once, and none from after it.
func TestPagesOfEventsWhileOthersWrite(t *testing.T) {
	r := openRecord(t)
	in := auth.Tenant{Type: auth.Enterprise, ID: 1}
	var want []int64
	for range 200 {
		e := old("x", in.Type, in.ID, 0)
		r.write(t, e)
		want = append(want, e.ID)
	}
	slices.Reverse(want)
	stop, written := make(chan struct{}), make(chan struct{}, 1)
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = r.Store.Update(context.Background(), func(tx store.Tx) error {
					return events.Insert(tx, old("x", in.Type, in.ID, -time.Duration(n)*time.Millisecond))
				})
				select {
				case written <- struct{}{}:
				default:
				}
			}
		})
	}
	// The interval ends now, as it does for a call that names none: what is written later is not in it.
	got := r.pages(t, in, EventQuery{Limit: 7}, func() { <-written })
	close(stop)
	writers.Wait()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The interval of a call that names none is the last 12 hours, and that of its next page is where it began.
func TestNextPageKeepsTheInterval(t *testing.T) {
	r := openRecord(t)
	in := auth.Tenant{Type: auth.Operator, ID: 1}
	r.write(t, old("too old", in.Type, 1, 12*time.Hour), old("oldest", in.Type, 1, 12*time.Hour-2*time.Millisecond), old("x", in.Type, 1, time.Hour), old("x", in.Type, 1, 0))
	got := r.pages(t, in, EventQuery{Limit: 1}, func() { r.now = r.now.Add(time.Hour) })
	if d := cmp.Diff([]int64{4, 3, 2}, got); d != "" {
		t.Error(d)
	}
}

// A call reads 20,000 events and no more. Where the filter drops them the page ends short, and the next one goes on there.
func TestPagesEndShort(t *testing.T) {
	r := openRecord(t)
	in := auth.Tenant{Type: auth.Enterprise, ID: 1}
	list := []*Event{old("wanted", in.Type, 1, time.Hour)}
	for range maxEventReads - 1 {
		list = append(list, old("x", in.Type, 1, time.Minute))
	}
	r.write(t, list...)
	q := EventQuery{Limit: 1, Rules: []EventRule{{Field: "event", Op: "is", Values: []string{"wanted"}}}}
	pages := 1
	if got := r.pages(t, in, q, func() { pages++ }); !slices.Equal(got, []int64{1}) || pages != 1 {
		t.Errorf("%v in %d pages", got, pages)
	}
	r.write(t, old("x", in.Type, 1, 0))
	before := r.reads.Load()
	page, err := r.Events(context.Background(), in, q)
	if err != nil || len(page.Events) != 0 || !page.More || r.reads.Load()-before > 2*maxEventReads+2 {
		t.Errorf("%+v, %v, %d reads", page, err, r.reads.Load()-before)
	}
	if got := r.pages(t, in, q, func() { pages++ }); !slices.Equal(got, []int64{1}) || pages != 2 {
		t.Errorf("%v in %d pages", got, pages)
	}
}

// A page costs what is in it: as many reads among a hundred times as many events.
func TestPageOfEventsReads(t *testing.T) {
	cost := func(tenants int) int64 {
		r := openRecord(t)
		var list []*Event
		for i := range 60 * tenants {
			list = append(list, old("x", auth.Enterprise, int64(1+i%tenants), time.Minute))
		}
		r.write(t, list...)
		before := r.reads.Load()
		page, err := r.Events(context.Background(), auth.Tenant{Type: auth.Enterprise, ID: 1}, EventQuery{Limit: 50})
		if err != nil || len(page.Events) != 50 || !page.More {
			t.Fatal(page.Page, err)
		}
		return r.reads.Load() - before
	}
	if few, many := cost(1), cost(100); few != 102 || many != few {
		t.Errorf("%d reads of a page among 60 events, %d among 6000; want those of 51 events, one more than the page has", few, many)
	}
}
