package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A told is an event, as far as the ledger looks at it.
type told struct {
	ID     int64
	Event  string
	Detail string

	detail struct {
		called
		ID, TokenID, UserID, UserGroupID int64
		Value                            string
	}
}

// wrongClocks is how far apart the clocks of several portals may be, by which the list of events is ordered.
const wrongClocks = 15 * time.Second

// events answers the events since they were looked at, in the order of their numbers.
func (l *ledger) events() []*told {
	l.t.Helper()
	from, to := l.looked.Add(-wrongClocks), time.Now().Add(wrongClocks)
	l.looked = time.Now()
	all := append(l.eventsOf(1, l.admin, from, to), l.eventsOf(2, l.globex, from, to)...)
	slices.SortFunc(all, func(a, b *told) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// eventsOf answers those of a tenant, the newest first.
func (l *ledger) eventsOf(tenant int, as header, from, to time.Time) (all []*told) {
	l.t.Helper()
	next := ""
	for more := true; more; {
		var page struct {
			MetaData struct {
				More         bool
				NextPageLink string
			}
			Data []*told
		}
		l.must(&page, as, "event/getEnterpriseEvents", `{"enterpriseId":%d,"interval":{"start":%d,"end":%d},"nextPageLink":%q}`,
			tenant, from.UnixMilli(), to.UnixMilli(), next)
		more, next = page.MetaData.More, page.MetaData.NextPageLink
		for _, e := range page.Data {
			if e.ID <= l.lastSeen {
				continue
			}
			if len(l.urls) == 1 && len(all) > 0 && e.ID >= all[len(all)-1].ID {
				l.t.Errorf("event %d comes behind event %d", all[len(all)-1].ID, e.ID)
			}
			if err := json.Unmarshal([]byte(e.Detail), &e.detail); err != nil {
				l.t.Fatal(err)
			}
			all = append(all, e)
		}
	}
	return all
}

// happenings are what the events tell.
type happenings struct {
	things     map[*thing]map[string]int
	turns      map[*thing]map[*knob][]*told
	uses       map[*thing]int
	properties map[string][]int
	firstNames map[int64]int
}

// check holds what the portal says now against what the writers were told before, and the record against both.
func (l *ledger) check() {
	l.t.Helper()
	l.asService = header{"Authorization", "Bearer " + l.accessToken(l.service.ClientID, l.service.ClientSecret)}
	h := l.read()
	for _, w := range l.writers {
		for th := range w.touched {
			l.settle(w, th, h)
			delete(h.things, th)
			delete(h.turns, th)
		}
		clear(w.touched)
		l.checkProperty(w, h.properties[w.name])
		l.checkFirstName(w, h.firstNames[w.id])
		delete(h.properties, w.name)
		delete(h.firstNames, w.id)
	}
	if len(h.things)+len(h.turns)+len(h.properties)+len(h.firstNames) > 0 {
		l.t.Errorf("events of what nobody did: %v", h)
	}
	l.checkUses(l.read()) // of the looks at credentials that were just taken
}

// read notes what the events since they were looked at tell.
func (l *ledger) read() *happenings {
	l.t.Helper()
	h := &happenings{
		map[*thing]map[string]int{}, map[*thing]map[*knob][]*told{}, map[*thing]int{}, map[string][]int{}, map[int64]int{},
	}
	for _, e := range l.events() {
		l.lastSeen = e.ID
		switch e.Event {
		case createToken, downloadToken, revokeToken:
			l.happens(h, e, e.detail.Name, e.detail.TokenID)
		case useCredential:
			h.uses[l.things[e.detail.Username]]++
		case updateUser:
			h.firstNames[e.detail.UserID]++
		case setProperty:
			n, _ := strconv.Atoi(e.detail.Value)
			h.properties[e.detail.Name] = append(h.properties[e.detail.Name], n)
		default:
			l.readOther(h, e)
		}
	}
	return h
}

func (l *ledger) readOther(h *happenings, e *told) {
	for _, k := range kinds {
		name := k.name(e.detail.called)
		if e.Event == k.created || e.Event == k.deleted {
			if !strings.HasPrefix(name, "service-account-") { // whose API client has an event of its own
				l.happens(h, e, name, cmp.Or(e.detail.ID, e.detail.UserID))
			}
		} else if d := k.turned(e); d != nil {
			th := l.things[name]
			if h.turns[th] == nil {
				h.turns[th] = map[*knob][]*told{}
			}
			h.turns[th][d] = append(h.turns[th][d], e)
		}
	}
}

// happens notes an event of a thing. Where it was made, its number must be a new one.
func (l *ledger) happens(h *happenings, e *told, name string, id int64) {
	th := l.things[name]
	if th == nil {
		l.t.Errorf("event %d, %s, is about %q, which nobody made", e.ID, e.Event, name)
		return
	}
	if e.Event == createToken || th.kind != nil && e.Event == th.kind.created {
		if id <= l.lastID[e.Event] {
			l.t.Errorf("%s has number %d, after number %d was given", name, id, l.lastID[e.Event])
		}
		l.lastID[e.Event] = id
		if th.id == 0 {
			th.id = id // it was made, and nobody was told
		}
	}
	if id != th.id {
		l.t.Errorf("event %d, %s, gives %s the number %d, its writer was told %d", e.ID, e.Event, name, id, th.id)
	}
	if h.things[th] == nil {
		h.things[th] = map[string]int{}
	}
	h.things[th][e.Event]++
}

// settle decides what was open by the events, and then there must be what they say.
func (l *ledger) settle(w *writer, th *thing, h *happenings) {
	happened := h.things[th]
	for what, known := range th.did {
		n := happened[what]
		delete(happened, what)
		switch {
		case known == open && n == 0:
			delete(th.did, what)
		case known == recorded && n == 0, known != recorded && n == 1:
			th.did[what] = recorded
		default:
			l.t.Errorf("%s of %s: %d events; its outcome was %d before", what, th.name, n, known)
		}
	}
	if len(happened) > 0 {
		l.t.Errorf("%s: events of what nobody did: %v", th.name, happened)
	}
	for d, c := range th.knobs {
		l.settleTurns(th, d, c, h.turns[th][d])
	}
	l.checkUse(th, h.uses[th])
	if th.kind != nil {
		l.checkOther(w, th)
	} else {
		l.checkToken(w, th)
	}
}

// settleTurns: each turn that was answered has its event, and so may the last, if it had no answer.
func (l *ledger) settleTurns(th *thing, d *knob, c *counter, came []*told) {
	c.settle(len(came))
	if c.is-c.looked != len(came) {
		l.t.Errorf("%s: %d turns must have been, and %d events tell of them (%v)", th.name, c.is-c.looked, len(came), d.events)
	}
	for i, e := range came {
		if want := d.events[1-(c.looked+i+1)%2]; e.Event != want {
			l.t.Errorf("event %d, %s, of %s: want %s", e.ID, e.Event, th.name, want)
		}
	}
	c.last = c.is // what was not done is done next
	c.close()
}

// settle says what there must be after so many changes came.
func (c *counter) settle(came int) {
	for n := c.looked + 1; n <= c.last; n++ {
		if c.sent[n] == done || came > n-c.looked-1 {
			c.is = n
		}
	}
}

// checkUses holds the events of uses against what was opened.
func (l *ledger) checkUses(h *happenings) {
	for _, w := range l.writers {
		for _, th := range w.made {
			l.checkUse(th, h.uses[th])
		}
	}
	if len(h.things)+len(h.turns) > 0 {
		l.t.Errorf("events while nobody did anything: %v", h)
	}
}

func (l *ledger) checkUse(th *thing, came int) {
	if came < th.used || came > th.used+th.maybeUsed {
		l.t.Errorf("%s was opened %d times, and perhaps %d times more; %d events tell of it", th.name, th.used, th.maybeUsed, came)
	}
	th.used, th.maybeUsed = 0, 0
}

func (l *ledger) checkOther(w *writer, th *thing) {
	if th.id == 0 {
		return // it was never made
	}
	var is *called
	l.must(&is, w.as, th.kind.read, `{"id":%d}`, th.id)
	there := th.did[th.kind.created] == recorded && th.did[th.kind.deleted] != recorded
	if there != (is != nil) || there && th.kind.name(*is) != th.name {
		l.t.Errorf("number %d, %s: %+v; to be there: %v", th.id, th.name, is, there)
	}
	if there && is != nil {
		th.clientID = is.ClientID
	}
	if th.kind.check != nil {
		th.kind.check(l, w, th, there)
	}
	if there && !slices.Contains(w.others, th) {
		w.others = append(w.others, th)
	}
}

// checkToken looks at a token, and tries to download it again and to use it.
func (l *ledger) checkToken(w *writer, th *thing) {
	if th.id == 0 {
		return // it was never made
	}
	state := l.checkState(w, th)
	if state != "PENDING" {
		if err := l.sure(new(any), w.as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, th.id)); !errors.Is(err, errRefused) {
			l.t.Errorf("token %s is %s and downloaded again: %v", th.name, state, err)
		}
	}
	if th.text != "" {
		err := l.sure(new(any), withToken(th.text), "apiToken/list", `{}`)
		if works := err == nil; works != (state == "ENABLED") || !works && !errors.Is(err, errRefused) {
			l.t.Errorf("token %s is %s: %v", th.name, state, err)
		}
	}
	if state != "REVOKED" && !slices.Contains(w.tokens, th) {
		w.tokens = append(w.tokens, th)
	}
}

func (l *ledger) checkState(w *writer, th *thing) string {
	state := "PENDING"
	switch {
	case th.did[revokeToken] == recorded:
		state = "REVOKED"
	case th.did[downloadToken] == recorded:
		state = "ENABLED"
	}
	var token *struct{ Name, State string }
	l.must(&token, w.as, "apiToken/get", `{"id":%d}`, th.id)
	if token == nil || token.Name != th.name || token.State != state {
		l.t.Errorf("token %d, %s: %+v, want it %s", th.id, th.name, token, state)
	}
	return state
}

// checkAll looks once more at everything that was ever made.
func (l *ledger) checkAll() {
	for _, w := range l.writers {
		for _, th := range w.made {
			switch {
			case th.id == 0:
			case th.kind != nil:
				l.checkOther(w, th)
			default:
				l.checkState(w, th)
			}
		}
	}
}

// checkProperty: all values that were answered came, in their order, and the last one that came is there.
func (l *ledger) checkProperty(w *writer, came []int) {
	c := &w.property
	for n := c.looked + 1; n <= c.last; n++ {
		if c.sent[n] == done && !slices.Contains(came, n) {
			l.t.Errorf("property %s = %d was answered, and no event tells of it", w.name, n)
		}
	}
	for _, n := range came {
		if n <= c.is || c.sent[n] == unsent {
			l.t.Errorf("an event tells of property %s = %d, behind %d; nobody set it so", w.name, n, c.is)
		}
		c.is = n
	}
	var is *struct{ Value string }
	l.must(&is, l.admin, "enterprise/getEnterpriseProperty", `{"enterpriseId":1,"name":%q}`, w.name)
	if (is != nil) != (c.is != 0) || is != nil && is.Value != strconv.Itoa(c.is) {
		l.t.Errorf("property %s is %+v, the last event says %d", w.name, is, c.is)
	}
	c.close()
}

// checkFirstName: of what was open, the value tells whether it was done, for the events do not tell values; and there are as
// many events as changes.
func (l *ledger) checkFirstName(w *writer, came int) {
	c := &w.first
	var user struct{ FirstName string }
	l.must(&user, l.admin, "enterpriseUser/getEnterpriseUser", `{"enterpriseId":1,"id":%d}`, w.id)
	is, _ := strconv.Atoi(user.FirstName)
	changes := 0
	for n := c.looked + 1; n <= c.last; n++ {
		if c.sent[n] == done || n == is {
			changes++
			c.is = n
		}
	}
	if is != c.is || came != changes {
		l.t.Errorf("the first name of %s is %d, want %d; %d events of %d changes", w.name, is, c.is, came, changes)
	}
	c.close()
}

func (c *counter) close() {
	c.looked = c.last
	clear(c.sent)
}
