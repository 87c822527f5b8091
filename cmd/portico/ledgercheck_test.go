package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// A told is an event, as far as the ledger looks at it.
type told struct {
	ID     int64
	Event  string
	Detail string

	detail struct {
		ID, TokenID, UserID   int64
		Name, Value, Username string
	}
}

// events answers the events since they were looked at, the newest first.
func (l *ledger) events() []*told {
	l.t.Helper()
	var all []*told
	next := ""
	for more := true; more; {
		var page struct {
			MetaData struct {
				More         bool
				NextPageLink string
			}
			Data []*told
		}
		l.must(&page, l.admin, "event/getEnterpriseEvents", `{"enterpriseId":1,"nextPageLink":%q}`, next)
		more, next = page.MetaData.More, page.MetaData.NextPageLink
		for _, e := range page.Data {
			if e.ID <= l.lastSeen {
				return all
			}
			if err := json.Unmarshal([]byte(e.Detail), &e.detail); err != nil {
				l.t.Fatal(err)
			}
			all = append(all, e)
		}
	}
	return all
}

// check holds what the portal says now against what the writers were told before, and the record against both.
func (l *ledger) check() {
	l.t.Helper()
	news := l.events()
	slices.Reverse(news)
	happened := map[*thing]map[string]int{}
	properties, firstNames := map[string][]int{}, map[int64]int{}
	for _, e := range news {
		if e.ID <= l.lastSeen {
			l.t.Errorf("event %d comes behind event %d", e.ID, l.lastSeen)
		}
		l.lastSeen = e.ID
		switch e.Event {
		case createToken, downloadToken, revokeToken:
			l.happens(happened, e, e.detail.Name, e.detail.TokenID)
		case kinds[0].created, kinds[0].deleted:
			l.happens(happened, e, e.detail.Username, e.detail.UserID)
		case kinds[1].created, kinds[1].deleted:
			l.happens(happened, e, e.detail.Name, e.detail.ID)
		case updateUser:
			firstNames[e.detail.UserID]++
		case setProperty:
			n, _ := strconv.Atoi(e.detail.Value)
			properties[e.detail.Name] = append(properties[e.detail.Name], n)
		}
	}
	for _, w := range l.writers {
		for th := range w.touched {
			l.settle(w, th, happened[th])
			delete(happened, th)
		}
		clear(w.touched)
		l.checkProperty(w, properties[w.name])
		l.checkFirstName(w, firstNames[w.id])
		delete(properties, w.name)
		delete(firstNames, w.id)
	}
	if len(happened)+len(properties)+len(firstNames) > 0 {
		l.t.Errorf("events of what nobody did: %v, %v, %v", happened, properties, firstNames)
	}
}

// happens notes an event of a thing. Where it was made, its number must be a new one.
func (l *ledger) happens(happened map[*thing]map[string]int, e *told, name string, id int64) {
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
	if happened[th] == nil {
		happened[th] = map[string]int{}
	}
	happened[th][e.Event]++
}

// settle decides what was open by the events, and then there must be what they say.
func (l *ledger) settle(w *writer, th *thing, happened map[string]int) {
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
	if th.kind != nil {
		l.checkOther(w, th)
	} else {
		l.checkToken(w, th)
	}
}

func (l *ledger) checkOther(w *writer, th *thing) {
	if th.id == 0 {
		return // it was never made
	}
	var is *struct{ Username, Name string }
	l.must(&is, w.as, th.kind.read, `{"id":%d}`, th.id)
	there := th.did[th.kind.created] == recorded && th.did[th.kind.deleted] != recorded
	if there != (is != nil) || there && is.Username+is.Name != th.name {
		l.t.Errorf("number %d, %s: %+v; to be there: %v", th.id, th.name, is, there)
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
		if err := l.call(new(any), w.as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, th.id)); !errors.Is(err, errRefused) {
			l.t.Errorf("token %s is %s and downloaded again: %v", th.name, state, err)
		}
	}
	if th.text != "" {
		err := l.call(new(any), withToken(th.text), "apiToken/list", `{}`)
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
