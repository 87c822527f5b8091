package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An outcome is what a client knows of a change that it asked for.
type outcome int

const (
	unsent   outcome = iota
	open             // there was no answer, or one that says neither yes nor no
	done             // it was answered with yes
	recorded         // and an event of it was seen
)

// The changes, by the names of their events.
const (
	createToken   = "CREATE_API_TOKEN"
	downloadToken = "DOWNLOAD_API_TOKEN"
	revokeToken   = "REVOKE_API_TOKEN"
	updateUser    = "UPDATE_USER"
	setProperty   = "UPDATE_ENTERPRISE_PROPERTY"
	useCredential = "CREDENTIAL_USED"
)

// A thing is what a writer made, and what became of it.
type thing struct {
	kind     *kind // nil for a token
	name     string
	id       int64  // 0 until it is known
	text     string // of a token, once it was downloaded; of a client, the last secret that was told
	before   string // of a client: the secret that was told before it
	toldAt   int    // of a client: how often its secret was changed by then
	clientID string // of an app
	did      map[string]outcome
	knobs    map[*knob]*counter

	used, maybeUsed int // of a credential, since the events were looked at
}

// A counter is something that a writer sets to 1, 2, 3 and so on.
type counter struct {
	last   int             // that was sent
	sent   map[int]outcome // since it was looked at
	looked int             // the last that was sent by then
	is     int             // and what was there
}

// A writer is a client that changes its own, one after the other, so that it knows what there must be.
type writer struct {
	name     string
	at       int   // which of several portals it asks, so that it is told what it has just changed
	id       int64 // of the user that it is
	group    int64 // of the service account alone
	as       header
	made     []*thing
	tokens   []*thing
	others   []*thing
	touched  map[*thing]bool // since they were looked at
	property counter
	first    counter // the user's first name
}

// A ledger is what the writers know, and what was seen of the record. It outlives the processes of a portal.
type ledger struct {
	t         *testing.T
	urls      []string // of the processes that live now, any of which is asked
	client    *http.Client
	super     header
	admin     header
	globex    header   // the admin of another tenant
	service   inserted // an API client, by groups alone a user of credentials
	asService header
	writers   []*writer
	byUser    map[int64]*writer
	acked     atomic.Int64 // changes that were answered with yes
	rest      atomic.Bool  // nobody is to make changes
	head      string       // a file with the last head of the chain of events that was seen
	looked    time.Time    // when events were looked at
	lastSeen  int64        // event
	lastID    map[string]int64
	mu        sync.Mutex
	things    map[string]*thing
}

// openLedger gives each of n writers a user of its own, with an API token.
func openLedger(t *testing.T, p *process, n int) *ledger {
	t.Helper()
	l := &ledger{
		t: t, byUser: map[int64]*writer{}, lastID: map[string]int64{}, things: map[string]*thing{},
		head: filepath.Join(t.TempDir(), "head.json"), looked: time.Now(),
	}
	l.serves(p)
	admin := p.mustLogin("admin@acme.example", demoPassword)
	l.admin = withToken(p.newToken("ledger", admin))
	l.globex = withToken(p.newToken("ledger", p.mustLogin("admin@globex.example", demoPassword)))
	l.super = withToken(p.newToken("ledger", p.mustLogin("super@portico.local", operatorPassword)))
	p.call(&l.service, apiClients.insert, fmt.Sprintf(apiClients.params, "service"), admin)
	for i := range n {
		w := &writer{name: fmt.Sprintf("w%d", i), at: i, touched: map[*thing]bool{}}
		w.property.sent, w.first.sent = map[int]outcome{}, map[int]outcome{}
		user := w.name + "@acme.example"
		var made struct{ ID int64 }
		p.call(&made, "enterprise/insertEnterpriseUser",
			fmt.Sprintf(`{"enterpriseId":1,"username":%q,"password":%q,"roleId":9}`, user, demoPassword), admin)
		w.id = made.ID
		w.as = withToken(p.newToken("own", p.mustLogin(user, demoPassword)))
		p.call(&made, userGroups.insert, fmt.Sprintf(userGroups.params, w.name), admin)
		w.group = made.ID
		params := fmt.Sprintf(`{"id":%d,"userIds":[%d]}`, w.group, l.service.UserID)
		p.call(new(any), "userGroup/addUserGroupMembers", params, admin)
		l.writers = append(l.writers, w)
		l.byUser[w.id] = w
	}
	all := l.events()
	l.lastSeen = all[len(all)-1].ID
	return l
}

// serves says which processes have the portal now. A connection is never used for two of them.
func (l *ledger) serves(ps ...*process) {
	if l.client != nil {
		l.client.CloseIdleConnections()
	}
	l.urls = nil
	for _, p := range ps {
		l.urls = append(l.urls, p.url)
	}
	l.client = &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 32, TLSClientConfig: browser.Transport.(*http.Transport).TLSClientConfig},
		Timeout:   20 * time.Second,
	}
}

// keepHead exports the head of the chain of events, which must stay in it.
func (l *ledger) keepHead() {
	l.t.Helper()
	var head json.RawMessage
	l.must(&head, l.super, "system/getEventChainHead", `{}`)
	write(l.t, l.head, string(head))
}

// errRefused is a no. Every other error leaves open what became of the call.
var errRefused = errors.New("refused")

func (l *ledger) call(out any, as header, method, params string) error {
	return l.callAt(l.anyURL(), out, as, method, params)
}

func (l *ledger) anyURL() string { return l.urls[rand.IntN(len(l.urls))] }

func (l *ledger) urlOf(w *writer) string { return l.urls[w.at%len(l.urls)] }

func (l *ledger) callAt(url string, out any, as header, method, params string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/portal/rest/"+method, strings.NewReader(params))
	if err != nil {
		return err
	}
	req.Header.Set(as[0], as[1])
	res, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var no struct{ Error *struct{ Message string } }
	if json.Unmarshal(body, &no) == nil && no.Error != nil {
		if res.StatusCode >= 500 {
			return fmt.Errorf("%s: %s", res.Status, no.Error.Message)
		}
		return fmt.Errorf("%w: %s", errRefused, no.Error.Message)
	}
	return json.Unmarshal(body, out)
}

// must is a call that must be answered with yes.
func (l *ledger) must(out any, as header, method, params string, args ...any) {
	l.t.Helper()
	if err := l.sure(out, as, method, fmt.Sprintf(params, args...)); err != nil {
		l.t.Fatalf("%s: %v", method, err)
	}
}

// sure is a call that is known to be answered with yes or no, and may be made twice.
func (l *ledger) sure(out any, as header, method, params string) error {
	return l.insist(func() error { return l.call(out, as, method, params) })
}

// patience is how long is waited for what has no time of its own.
const patience = 2 * time.Minute

// insist asks until the answer is yes or no. Of portals that share a store one may not know for a moment, though nothing is done to
// it: a busy machine is enough to lose etcd its leader.
func (l *ledger) insist(ask func() error) error {
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		err := ask()
		if err == nil || errors.Is(err, errRefused) || len(l.urls) == 1 || time.Now().After(end) {
			return err
		}
	}
}

// change makes a change of a thing and notes its outcome. What a writer asks for is never refused.
func (l *ledger) change(w *writer, th *thing, what string, out any, method, params string, args ...any) bool {
	th.did[what] = open
	w.touched[th] = true
	return l.noted(l.callAt(l.urlOf(w), out, w.as, method, fmt.Sprintf(params, args...)), method, func() { th.did[what] = done })
}

func (l *ledger) noted(err error, method string, acked func()) bool {
	if errors.Is(err, errRefused) {
		l.t.Errorf("%s: %v", method, err)
	}
	if err != nil {
		return false
	}
	acked()
	l.acked.Add(1)
	return true
}

// write makes changes until one has no answer, or nobody is to make any.
func (l *ledger) write(w *writer, chance *rand.Rand) {
	for going := true; going && !l.rest.Load(); {
		switch n := chance.IntN(100); {
		case len(w.tokens) < 2, n < 18 && len(w.tokens) < 40:
			going = l.createToken(w)
		case n < 36:
			going = l.downloadToken(w, pick(chance, w.tokens))
		case n < 50:
			going = l.revokeToken(w, chance.IntN(len(w.tokens)))
		case n < 56:
			going = l.setProperty(w)
		case n < 62:
			going = l.setFirstName(w)
		case len(w.others) < 3, n < 72 && len(w.others) < 6:
			going = l.create(w, pick(chance, kinds))
		case n < 94:
			going = l.turnOne(w, pick(chance, w.others), chance)
		default:
			going = l.remove(w)
		}
	}
}

func pick[T any](chance *rand.Rand, list []T) T { return list[chance.IntN(len(list))] }

func (l *ledger) thing(w *writer, k *kind) *thing {
	th := &thing{kind: k, name: fmt.Sprintf("%s-%d", w.name, len(w.made)), did: map[string]outcome{}}
	if k != nil {
		th.name += k.suffix
		th.knobs = map[*knob]*counter{}
		for _, d := range k.knobs {
			th.knobs[d] = &counter{sent: map[int]outcome{}}
		}
	}
	w.made = append(w.made, th)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.things[th.name] = th
	return th
}

type inserted struct {
	ID, UserID             int64
	ClientID, ClientSecret string
}

func (l *ledger) createToken(w *writer) bool {
	var in inserted
	th := l.thing(w, nil)
	ok := l.change(w, th, createToken, &in, "apiToken/create", `{"name":%q,"lifetimeMs":3600000}`, th.name)
	if ok {
		th.id = in.ID
		w.tokens = append(w.tokens, th)
	}
	return ok
}

// downloadToken asks twice at once: one is told the text, at most.
func (l *ledger) downloadToken(w *writer, th *thing) bool {
	if th.did[downloadToken] != unsent {
		return true
	}
	th.did[downloadToken] = open
	w.touched[th] = true
	var texts [2]struct{ Token string }
	var errs [2]error
	var both sync.WaitGroup
	for i := range texts {
		both.Go(func() {
			errs[i] = l.callAt(l.urlOf(w), &texts[i], w.as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, th.id))
		})
	}
	both.Wait()
	if errs[0] == nil && errs[1] == nil {
		l.t.Errorf("token %s was downloaded twice", th.name)
	}
	if errors.Is(errs[0], errRefused) && errors.Is(errs[1], errRefused) {
		l.t.Errorf("token %s: %v, %v", th.name, errs[0], errs[1])
	}
	for i, err := range errs {
		if err == nil {
			th.text, th.did[downloadToken] = texts[i].Token, done
			l.acked.Add(1)
		}
	}
	return th.did[downloadToken] == done
}

func (l *ledger) revokeToken(w *writer, i int) bool {
	th := w.tokens[i]
	w.tokens = append(w.tokens[:i], w.tokens[i+1:]...)
	return l.change(w, th, revokeToken, new(any), "apiToken/revoke", `{"id":%d}`, th.id)
}

func (l *ledger) create(w *writer, k *kind) bool {
	var in inserted
	th := l.thing(w, k)
	ok := l.change(w, th, k.created, &in, k.insert, k.params, th.name)
	if ok {
		th.id, th.clientID, th.text = in.ID, in.ClientID, in.ClientSecret
		w.others = append(w.others, th)
	}
	return ok
}

// remove deletes the thing that is there longest, or ends first what must have ended by then.
func (l *ledger) remove(w *writer) bool {
	th := w.others[0]
	for d, c := range th.knobs {
		if d.keeps && (c.isOn() || !c.known()) {
			return l.turn(w, th, d)
		}
	}
	w.others = w.others[1:]
	return l.change(w, th, th.kind.deleted, new(any), th.kind.remove, `{"id":%d,"force":true}`, th.id)
}

func (l *ledger) setProperty(w *writer) bool {
	c := &w.property
	return l.count(w, c, w.as, new(any), "enterprise/insertOrUpdateEnterpriseProperty",
		`{"enterpriseId":1,"name":%q,"value":"%d"}`, w.name, c.last+1)
}

func (l *ledger) setFirstName(w *writer) bool {
	c := &w.first
	return l.count(w, c, w.as, new(any), "enterpriseUser/updateEnterpriseUser",
		`{"enterpriseId":1,"id":%d,"_update":{"firstName":"%d"}}`, w.id, c.last+1)
}

// count waits with the next number until it is known what became of the last one.
func (l *ledger) count(w *writer, c *counter, as header, out any, method, params string, args ...any) bool {
	if !c.known() {
		return true
	}
	c.last++
	c.sent[c.last] = open
	return l.noted(l.callAt(l.urlOf(w), out, as, method, fmt.Sprintf(params, args...)), method, func() { c.sent[c.last] = done })
}
