package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A town is a portal with Northwind, a partner; Globex, its customer; Acme, the operator's own. Its clock is the test's to move.
type town struct {
	testing.TB
	db       *store.DB
	accounts *account.Accounts
	hooks    *hook.Hooks
	roots    *x509.CertPool
	network  auth.Tenant

	mu     sync.Mutex
	now    time.Time
	mailed []mail.Message
	tries  int // that were told
}

func (w *town) Carry(_ context.Context, _ mail.Relay, m mail.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mailed = append(w.mailed, m)
	return nil
}

func open(t testing.TB) *town {
	t.Helper()
	w := &town{TB: t, db: memory.Open(), now: noon, roots: x509.NewCertPool(), network: auth.Network()}
	t.Cleanup(func() {
		k, err := w.db.Check(context.Background(), func(store.Check) {})
		if err != nil || k.Count() > 0 {
			t.Errorf("the store: %v, %q", err, k.Told)
		}
		w.db.Close()
	})
	w.accounts, w.hooks, _ = w.portal()
	w.set("portico.webhook.allowedNetworks", "127.0.0.0/8")
	return w
}

// portal is one on the town's store, as another that shares it, or one after a restart.
func (w *town) portal() (*account.Accounts, *hook.Hooks, *mail.Box) {
	a := account.New(w.db, account.Options{Now: w.clock, PasswordCost: secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	a.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	b := mail.New(a, w)
	return a, hook.New(a, b, hook.Options{Roots: w.roots, Pace: 5 * time.Millisecond}), b
}

func (w *town) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *town) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) set(name, value string) {
	w.Helper()
	_, err := w.accounts.SetProperty(w.Context(), by(), account.PropertyUpdate{Name: &name, Value: &value})
	w.must(err)
}

// by is somebody who may everything in his own tenant, the network.
func by() *auth.Principal { return as(auth.Network()) }

// as is a superuser of a tenant. The records do not know him, so nobody can take anything from him.
func as(in auth.Tenant) *auth.Principal {
	p := &auth.Principal{Type: auth.Portal, Username: "test", UserType: in.Type, Role: auth.RoleByID(auth.SuperuserOf(in.Type))}
	switch in.Type {
	case auth.MSP:
		p.ProxyID = in.ID
	case auth.Enterprise:
		p.EnterpriseID = in.ID
	}
	return p
}

// tell records an event in the tenant's record, and answers its number.
func (w *town) tell(in auth.Tenant, name string) (id int64) {
	w.Helper()
	w.must(w.accounts.Store.Update(w.Context(), func(tx store.Tx) error {
		err := w.accounts.Record(tx, account.System("test"), in, account.Happening{Name: name, Category: account.OfUser, Message: "told:\n" + name})
		if err == nil {
			id, err = account.LastEvent(tx)
		}
		return err
	}))
	return id
}

func (w *town) tried(hook.News) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
}

// waitTries waits until so many tries are over.
func (w *town) waitTries(n int) {
	w.Helper()
	w.until(fmt.Sprint(n, " tries"), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.tries >= n
	})
}

// run lets a portal deliver until the test ends, or stop is called.
func (w *town) run(k *hook.Hooks) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		k.Run(ctx, w.tried, func(err error) {
			if err != nil && ctx.Err() == nil {
				w.Error(err)
			}
		})
	})
	stop = sync.OnceFunc(func() { cancel(); all.Wait() })
	w.Cleanup(stop)
	return stop
}

// A receiver takes messages.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request)
	got    []message
}

type message struct {
	path, id, stamp, signature string
	body                       []byte
	Type                       string
	Timestamp                  time.Time
	Data                       struct {
		ID                                      int64
		UserType, Organisation, Message, Detail any
		EnterpriseID, EnterpriseProxyID         int64
	}
}

// receiver starts one with a certificate that the town trusts.
func (w *town) receiver() *receiver {
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.StartTLS()
	w.roots.AddCert(r.Certificate())
	w.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	m := message{path: q.URL.Path, id: q.Header.Get("webhook-id"), stamp: q.Header.Get("webhook-timestamp"), signature: q.Header.Get("webhook-signature")}
	m.body, _ = io.ReadAll(q.Body)
	_ = json.Unmarshal(m.body, &m)
	r.mu.Lock()
	r.got = append(r.got, m)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
	}
}

func (r *receiver) answers(f func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) all() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func status(n int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
}

// until waits for something to be so.
func (w *town) until(what string, so func() bool) {
	w.Helper()
	for end := time.Now().Add(10 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("%s: not so", what)
		}
	}
}

func (r *receiver) wait(w *town, n int) []message {
	w.Helper()
	w.until(fmt.Sprint(n, " messages"), func() bool { return len(r.all()) >= n })
	return r.all()
}

// insert makes a webhook to the receiver.
func (w *town) insert(in auth.Tenant, to string, change ...func(*hook.NewHook)) (*hook.Hook, secret.Text) {
	w.Helper()
	n := hook.NewHook{Name: fmt.Sprintf("to %q", to), Channel: hook.ByPost, URL: secret.Text(to), Events: []string{"A", "B"}}
	for _, f := range change {
		f(&n)
	}
	h, signing, err := w.hooks.Insert(w.Context(), as(in), in, n)
	w.must(err)
	return h, signing
}

// failing is a webhook of the network whose target has failed once, at the event A, and what stops the work on it.
func (w *town) failing() (r *receiver, h *hook.Hook, stop func()) {
	r = w.receiver()
	r.answers(status(500))
	h, _ = w.insert(w.network, r.URL)
	stop = w.run(w.hooks)
	w.tell(w.network, "A")
	w.waitState(w.network, h.ID, "A PENDING 1 500 the target answered 500")
	return r, h, stop
}

// state is what became of the deliveries of a webhook, newest first: EVENT STATE tries status error.
func (w *town) state(in auth.Tenant, id int64) (all []string) {
	w.Helper()
	list, _, err := w.hooks.Deliveries(w.Context(), in, id, "", account.PageQuery{})
	w.must(err)
	for _, d := range list {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %d %d %s", d.Event, d.State, d.Tries, d.Status, d.LastError)))
	}
	return all
}

func (w *town) waitState(in auth.Tenant, id int64, want ...string) {
	w.Helper()
	end := time.Now().Add(10 * time.Second)
	for got := w.state(in, id); !slices.Equal(got, want); got = w.state(in, id) {
		if time.Now().After(end) {
			w.Fatalf("deliveries:\ngot  %q\nwant %q", got, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func signed(t testing.TB, m message, signing secret.Text) string {
	t.Helper()
	key, err := post.ParseSecret(signing)
	if err != nil {
		t.Fatal(err)
	}
	s := hmac.New(sha256.New, key)
	fmt.Fprintf(s, "%s.%s.%s", m.id, m.stamp, m.body)
	return "v1," + base64.StdEncoding.EncodeToString(s.Sum(nil))
}

// The store does not tell where webhooks lead, nor what their messages are signed with; nor do events.
func TestNothingIsKeptInTheClear(t *testing.T) {
	w := open(t)
	h, first := w.insert(w.network, "https://hooks.example/services/T0/B0/a-key-in-the-path", func(n *hook.NewHook) { n.Name = "pager" })
	second, _, err := w.hooks.Rotate(t.Context(), by(), w.network, h.ID)
	w.must(err)
	other := secret.Text("https://hooks.example/another-key")
	_, err = w.hooks.Update(t.Context(), by(), w.network, h.ID, hook.Update{URL: &other})
	w.must(err)
	keys := 0
	w.must(w.accounts.Store.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			keys++
			for _, text := range []string{string(first), string(second), string(first)[6:], "a-key-in-the-path", "another-key"} {
				if strings.Contains(string(key)+string(value), text) {
					t.Errorf("%q has %q in it", key, text)
				}
			}
			return true, nil
		})
	}))
	if keys < 10 {
		t.Errorf("only %d keys were looked through", keys)
	}
}

// What is wanted is posted once, signed, and nothing else; a new secret is beside the old one for a day.
func TestEventsArrive(t *testing.T) {
	w := open(t)
	r := w.receiver()
	w.tell(w.network, "A")
	h, first := w.insert(w.network, r.URL+"/here?k=1")
	w.run(w.hooks)
	w.tell(w.network, "C")
	id := w.tell(w.network, "B")
	w.waitState(w.network, h.ID, "B DELIVERED 1 200")
	m := r.all()[0]
	if m.Type != "B" || !m.Timestamp.Equal(noon) || m.Data.ID != id || m.Data.UserType != "OPERATOR" || m.Data.Organisation != "Network" || m.Data.Message != "told:\nB" {
		t.Errorf("got %s", m.body)
	}
	if m.signature != signed(t, m, first) || m.stamp != fmt.Sprint(noon.Unix()) || !strings.HasPrefix(m.id, "msg_") {
		t.Errorf("signed %q at %q", m.signature, m.stamp)
	}

	second, until, err := w.hooks.Rotate(t.Context(), by(), w.network, h.ID)
	w.must(err)
	if !until.Equal(noon.Add(24 * time.Hour)) {
		t.Errorf("both until %v", until)
	}
	w.tell(w.network, "A")
	m = r.wait(w, 2)[1]
	if m.signature != signed(t, m, second)+" "+signed(t, m, first) {
		t.Errorf("behind a rotation: %q", m.signature)
	}
	w.pass(24 * time.Hour)
	w.tell(w.network, "A")
	m = r.wait(w, 3)[2]
	if m.signature != signed(t, m, second) {
		t.Errorf("a day later: %q", m.signature)
	}
}

// Each organisation is told of its own events, and of those below which it may read; of what not all readers may know nobody is told.
func TestWhoIsTold(t *testing.T) {
	w := open(t)
	northwind, globex := w.partner("Northwind"), auth.Tenant{}
	globex = w.enterprise("Globex", northwind.ID)
	acme := w.enterprise("Acme", 0)
	r := w.receiver()
	below := func(n *hook.NewHook) { n.IncludeBelow = true }
	for name, in := range map[string]auth.Tenant{"network": w.network, "northwind": northwind} {
		w.insert(in, r.URL+"/"+name)
		w.insert(in, r.URL+"/"+name+"/below", below)
	}
	w.insert(globex, r.URL+"/globex")
	w.run(w.hooks)

	told := func(in auth.Tenant, want ...string) {
		t.Helper()
		n := len(r.all())
		w.tell(in, "A")
		var got []string
		w.until(fmt.Sprint("told: ", want), func() bool {
			got = nil
			for _, m := range r.all()[n:] {
				got = append(got, strings.TrimPrefix(m.path, "/"))
			}
			slices.Sort(got)
			return len(got) >= len(want)
		})
		time.Sleep(20 * time.Millisecond)
		if got := len(r.all()) - n; got != len(want) {
			t.Errorf("%d were told, not %q", got, want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("told %q, not %q", got, want)
		}
	}
	told(w.network, "network", "network/below")
	told(northwind, "network/below", "northwind", "northwind/below")
	told(globex, "globex")
	told(acme)
	w.consent(globex, auth.ToProxy)
	told(globex, "globex", "northwind/below")
	w.consent(globex, auth.ToOperator)
	told(globex, "globex", "network/below", "northwind/below")

	w.must(w.accounts.Store.Update(t.Context(), func(tx store.Tx) error {
		h := account.Happening{Name: "A", Category: account.OfSecurity, Needs: auth.Read.On(auth.Credential)}
		return w.accounts.Record(tx, account.System("test"), globex, h)
	}))
	told(w.network, "network", "network/below")
}

func (w *town) partner(name string) auth.Tenant {
	w.Helper()
	p, err := w.accounts.InsertPartner(w.Context(), account.System("test"), account.NewPartner{Name: name})
	w.must(err)
	return w.tenant(auth.MSP, p.ID)
}

func (w *town) enterprise(name string, of int64) auth.Tenant {
	w.Helper()
	e, err := w.accounts.InsertEnterprise(w.Context(), account.System("test"), account.NewEnterprise{Name: name, ProxyID: of})
	w.must(err)
	return w.tenant(auth.Enterprise, e.ID)
}

func (w *town) tenant(t auth.UserType, id int64) auth.Tenant {
	w.Helper()
	in, _, err := w.accounts.Tenant(w.Context(), t, id)
	w.must(err)
	return in
}

func (w *town) consent(in auth.Tenant, to auth.Delegation) {
	w.Helper()
	w.must(w.accounts.Delegate(w.Context(), as(in), in, to, true))
}

// A consent that is withdrawn while a delivery waits counts.
func TestConsentIsWithdrawn(t *testing.T) {
	w := open(t)
	globex := w.enterprise("Globex", w.partner("Northwind").ID)
	northwind := w.tenant(auth.MSP, globex.ProxyID)
	w.consent(globex, auth.ToProxy)
	r := w.receiver()
	r.answers(status(500))
	h, _ := w.insert(northwind, r.URL, func(n *hook.NewHook) { n.IncludeBelow = true })
	w.run(w.hooks)
	w.tell(globex, "A")
	w.waitState(northwind, h.ID, "A PENDING 1 500 the target answered 500")
	w.must(w.accounts.Delegate(t.Context(), as(globex), globex, auth.ToProxy, false))
	w.pass(time.Minute)
	w.waitState(northwind, h.ID, "A DEAD 1 500 the organisation may not read the event any more")
}

// What fails is tried less and less often, then given up, and can be told once more. Nothing but that webhook waits for it.
func TestTries(t *testing.T) {
	w := open(t)
	bad, good := w.receiver(), w.receiver()
	bad.answers(status(503))
	h, _ := w.insert(w.network, bad.URL)
	g, _ := w.insert(w.network, good.URL)
	stop := w.run(w.hooks)
	w.tell(w.network, "A")
	w.waitState(w.network, g.ID, "A DELIVERED 1 200")
	var last time.Duration
	for try, after := range []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 8 * time.Hour, 8 * time.Hour} {
		if after > 0 {
			w.pass(after - time.Second)
			time.Sleep(20 * time.Millisecond)
			if n := len(bad.all()); n != try {
				t.Fatalf("try %d came before its time", n)
			}
			w.pass(after/10 + time.Second)
		}
		w.waitTries(try + 2)
		want := fmt.Sprintf("A PENDING %d 503 the target answered 503", try+1)
		if try == 7 {
			want = "A DEAD 8 503 the target answered 503"
		}
		w.waitState(w.network, h.ID, want)
		last = after
	}
	if ids := bad.all(); last == 0 || ids[0].id != ids[7].id || string(ids[0].body) != string(ids[7].body) {
		t.Error("the tries are not of one message")
	}
	bad.answers(nil)
	list, _, err := w.hooks.Deliveries(t.Context(), w.network, h.ID, hook.Dead, account.PageQuery{})
	w.must(err)
	w.pass(time.Hour)
	if rows, err := w.hooks.Redeliver(t.Context(), by(), w.network, h.ID, list[0].ID); rows != 1 || err != nil {
		t.Fatal(rows, err)
	}
	w.waitState(w.network, h.ID, "A DELIVERED 1 200")
	if rows, err := w.hooks.Redeliver(t.Context(), by(), w.network, g.ID, list[0].ID); rows != 0 || err != nil {
		t.Errorf("another webhook's delivery: %d, %v", rows, err)
	}
	stop()
	w.pass(31 * 24 * time.Hour)
	w.must(w.hooks.Sweep(t.Context()))
	w.waitState(w.network, h.ID)
}

// A target that says when is asked then; one that is gone, and one that fails for days, is asked no more.
func TestTargetsThatSayMore(t *testing.T) {
	w := open(t)
	r := w.receiver()
	h, _ := w.insert(w.network, r.URL)
	stop := w.run(w.hooks)
	r.answers(func(a http.ResponseWriter, _ *http.Request) {
		a.Header().Set("Retry-After", "3600")
		a.WriteHeader(429)
	})
	w.tell(w.network, "A")
	w.waitState(w.network, h.ID, "A PENDING 1 429 the target answered 429")
	w.pass(50 * time.Minute)
	time.Sleep(20 * time.Millisecond)
	if n := len(r.all()); n != 1 {
		t.Errorf("%d tries", n)
	}
	r.answers(status(410))
	w.pass(10 * time.Minute)
	w.waitState(w.network, h.ID, "A DEAD 2 410 the target answered 410")
	w.isDisabled(h, hook.Gone)
	w.tell(w.network, "A")
	if _, _, err := w.hooks.Test(t.Context(), by(), w.network, h.ID); auth.KindOf(err) != auth.Conflict {
		t.Errorf("a test of a disabled webhook: %v", err)
	}

	on := true
	if rows, err := w.hooks.Update(t.Context(), by(), w.network, h.ID, hook.Update{Enabled: &on}); rows != 1 || err != nil {
		t.Fatal(rows, err)
	}
	r.answers(status(500))
	w.pass(time.Minute)
	w.tell(w.network, "A")
	for try := range 8 {
		w.waitTries(try + 3)
		w.pass(9 * time.Hour)
	}
	w.waitState(w.network, h.ID, "A DEAD 8 500 the target answered 500", "A DEAD 2 410 the target answered 410")
	w.isEnabled(h)
	w.tell(w.network, "B")
	for try := range 8 {
		w.waitTries(try + 11)
		w.pass(9 * time.Hour)
	}
	w.until("it is disabled", func() bool { return !w.listed(h).Enabled })
	w.isDisabled(h, hook.Failing)
	stop()
}

func (w *town) listed(h *hook.Hook) hook.Listed {
	w.Helper()
	list, _, err := w.hooks.List(w.Context(), by(), auth.Tenant{Type: h.Of, ID: h.TenantID}, account.PageQuery{})
	w.must(err)
	i := slices.IndexFunc(list, func(l hook.Listed) bool { return l.ID == h.ID })
	return list[i]
}

func (w *town) isEnabled(h *hook.Hook) {
	w.Helper()
	if l := w.listed(h); !l.Enabled || l.FailingSince.IsZero() {
		w.Errorf("enabled %v, failing since %v", l.Enabled, l.FailingSince)
	}
}

func (w *town) isDisabled(h *hook.Hook, why hook.Reason) {
	w.Helper()
	if l := w.listed(h); l.Enabled || l.Disabled != why {
		w.Errorf("enabled %v, because of %q", l.Enabled, l.Disabled)
	}
	page, err := w.accounts.Events(w.Context(), w.network, account.EventQuery{Start: noon, Rules: []account.EventRule{{Field: "event", Op: "is", Values: []string{"WEBHOOK_DISABLED"}}}})
	w.must(err)
	if len(page.Events) == 0 || !strings.Contains(string(page.Events[0].Detail), string(why)) {
		w.Errorf("%d events tell that it was disabled", len(page.Events))
	}
}

// Portals end and begin anew while events come in, and two lead at once for a while: each event arrives, and what arrives twice has one
// id.
func TestRestarts(t *testing.T) {
	w := open(t)
	r := w.receiver()
	h, _ := w.insert(w.network, r.URL)
	var told []int64
	for range 5 {
		stops := []func(){}
		for range 2 {
			_, k, _ := w.portal()
			stops = append(stops, w.run(k))
		}
		for range 10 {
			told = append(told, w.tell(w.network, "A"))
		}
		for _, stop := range stops {
			stop()
		}
		told = append(told, w.tell(w.network, "B"))
		w.pass(10 * time.Second)
	}
	_, k, _ := w.portal()
	w.run(k)
	w.until("all have arrived", func() bool {
		w.pass(time.Second)
		return !slices.ContainsFunc(w.state(w.network, h.ID), func(s string) bool { return !strings.Contains(s, "DELIVERED") }) &&
			len(w.state(w.network, h.ID)) == len(told)
	})
	ids, events := make(map[int64]string), make(map[string]bool)
	for _, m := range r.all() {
		if was := ids[m.Data.ID]; was != "" && was != m.id {
			t.Errorf("event %d came as %s and as %s", m.Data.ID, was, m.id)
		}
		ids[m.Data.ID], events[m.id] = m.id, true
	}
	for _, id := range told {
		if ids[id] == "" {
			t.Errorf("event %d was lost", id)
		}
	}
	if len(events) != len(told) {
		t.Errorf("%d ids for %d events", len(events), len(told))
	}
}

// A portal that is cut off in a try leaves it for the next. What it hears of it later, when another one has gone on, counts no more.
func TestCutOff(t *testing.T) {
	w := open(t)
	r := w.receiver()
	late := make(chan int)
	r.answers(func(a http.ResponseWriter, _ *http.Request) { a.WriteHeader(<-late) })
	h, _ := w.insert(w.network, r.URL)
	stop := w.run(w.hooks)
	w.tell(w.network, "A")
	r.wait(w, 1)
	w.pass(10 * time.Second)
	r.answers(nil)
	_, other, _ := w.portal()
	stopOther := w.run(other)
	w.waitState(w.network, h.ID, "A DELIVERED 2 200")
	late <- 500
	w.waitTries(2)
	stop()
	w.waitState(w.network, h.ID, "A DELIVERED 2 200")

	r.answers(func(a http.ResponseWriter, _ *http.Request) { a.WriteHeader(<-late) })
	w.tell(w.network, "A")
	r.wait(w, 3)
	w.pass(10 * time.Second)
	stop = w.run(w.hooks)
	r.wait(w, 4)
	late <- 500 // to the first of them
	w.waitTries(3)
	w.waitState(w.network, h.ID, "A PENDING 2 0", "A DELIVERED 2 200")
	late <- 204
	w.waitState(w.network, h.ID, "A DELIVERED 2 204", "A DELIVERED 2 200")
	stopOther()
	stop()
	_, err := w.hooks.Delete(t.Context(), by(), w.network, h.ID)
	w.must(err)
	h, _ = w.insert(w.network, r.URL)

	r.answers(status(500))
	stop = w.run(w.hooks)
	w.tell(w.network, "B")
	for try := range 7 {
		w.waitTries(try + 5)
		if try == 6 {
			r.answers(func(_ http.ResponseWriter, q *http.Request) {
				<-q.Context().Done()
				panic(http.ErrAbortHandler)
			})
		}
		w.pass(9 * time.Hour)
	}
	r.wait(w, 12)
	stop()
	w.waitState(w.network, h.ID, "B PENDING 8 500 the target answered 500")
	w.pass(9 * time.Hour)
	_, next, _ := w.portal()
	w.run(next)
	w.waitState(w.network, h.ID, "B DEAD 8 500 tried too often")
}

// What a target puts off again and again is given up after three days.
func TestPutOff(t *testing.T) {
	w := open(t)
	r := w.receiver()
	r.answers(func(a http.ResponseWriter, _ *http.Request) {
		a.Header().Set("Retry-After", "10000000")
		a.WriteHeader(503)
	})
	h, _ := w.insert(w.network, r.URL)
	w.run(w.hooks)
	w.tell(w.network, "A")
	for day := range 3 {
		w.waitTries(day + 1)
		w.pass(24 * time.Hour)
	}
	w.waitState(w.network, h.ID, "A DEAD 3 503 it has waited too long")
}

// Targets that hang hold up two deliveries of their organisation at once, and nobody else.
func TestTargetsThatHang(t *testing.T) {
	w := open(t)
	acme := w.enterprise("Acme", 0)
	bad, good := w.receiver(), w.receiver()
	hang := make(chan bool)
	bad.answers(func(http.ResponseWriter, *http.Request) { <-hang })
	var all []*hook.Hook
	for i := range 5 {
		h, _ := w.insert(w.network, fmt.Sprint(bad.URL, "/", i))
		all = append(all, h)
	}
	h, _ := w.insert(acme, good.URL)
	w.run(w.hooks)
	w.tell(w.network, "A")
	bad.wait(w, 2)
	w.tell(acme, "A")
	w.waitState(acme, h.ID, "A DELIVERED 1 200")
	time.Sleep(20 * time.Millisecond)
	if n := len(bad.all()); n != 2 {
		t.Errorf("%d deliveries of one organisation at once", n)
	}
	close(hang)
	for _, h := range all {
		w.waitState(w.network, h.ID, "A DELIVERED 1 200")
	}
}

// Whatever a receiver does, its webhook alone suffers, and nothing of what it says is kept.
func TestHostileReceivers(t *testing.T) {
	w := open(t)
	elsewhere := w.receiver()
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		"leads elsewhere": {func(a http.ResponseWriter, q *http.Request) {
			http.Redirect(a, q, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "307 the target leads elsewhere, where nobody follows"},
		"a huge header": {func(a http.ResponseWriter, _ *http.Request) { a.Header().Set("X", strings.Repeat("secret", 2<<20)) },
			"0 the target's answer cannot be understood"},
		"an endless body": {func(a http.ResponseWriter, q *http.Request) {
			for q.Context().Err() == nil {
				if _, err := a.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}, "200"},
		"hangs up": {func(a http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "0 the target's answer cannot be understood"},
		"garbage": {func(a http.ResponseWriter, _ *http.Request) {
			c, _, _ := a.(http.Hijacker).Hijack()
			_, _ = c.Write([]byte("secret secret\r\n\r\n"))
			c.Close()
		}, "0 the target's answer cannot be understood"},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.roots.AddCert(elsewhere.Certificate())
			r, good := w.receiver(), w.receiver()
			r.answers(c.answer)
			h, _ := w.insert(w.network, r.URL)
			g, _ := w.insert(w.network, good.URL)
			w.run(w.hooks)
			w.tell(w.network, "A")
			state := "PENDING"
			if c.want == "200" {
				state = "DELIVERED"
			}
			w.waitState(w.network, h.ID, "A "+state+" 1 "+c.want)
			w.waitState(w.network, g.ID, "A DELIVERED 1 200")
		})
	}
	if len(elsewhere.all()) > 0 {
		t.Error("a redirect was followed")
	}
}

// A target that nobody vouches for, and one that speaks no TLS, is told nothing.
func TestCertificates(t *testing.T) {
	w := open(t)
	stranger := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was told") }))
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	clear := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("told in the clear") }))
	defer clear.Close()
	h, _ := w.insert(w.network, stranger.URL)
	g, _ := w.insert(w.network, strings.Replace(clear.URL, "http:", "https:", 1))
	w.run(w.hooks)
	w.tell(w.network, "A")
	w.waitState(w.network, h.ID, "A PENDING 1 0 the target's certificate is not good")
	w.waitState(w.network, g.ID, "A PENDING 1 0 the target's answer cannot be understood")
}

// A network that the operator has taken back, a port where nobody listens and a name that nobody has read the same to a tenant.
func TestNothingIsLearned(t *testing.T) {
	w := open(t)
	r := w.receiver()
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "https://"), ":")
	closed := httptest.NewServer(nil)
	closed.Close()
	var all []*hook.Hook
	for _, to := range []string{r.URL, "https://localhost:" + port, strings.Replace(closed.URL, "http:", "https:", 1), "https://name.invalid"} {
		h, _ := w.insert(w.network, to)
		all = append(all, h)
	}
	w.set("portico.webhook.allowedNetworks", "")
	w.run(w.hooks)
	w.tell(w.network, "A")
	for _, h := range all {
		w.waitState(w.network, h.ID, "A PENDING 1 0 no answer in time, or none that the portal may ask for")
	}
	if len(r.all()) > 0 {
		t.Error("an address that is not allowed was called")
	}
	w.set("portico.webhook.allowedNetworks", "127.0.0.1/32,::1/128")
	w.pass(time.Minute)
	r.wait(w, 1)
}

// Mail is queued for each recipient, as many as an hour may have. What others have named breaks no line.
func TestMail(t *testing.T) {
	w := open(t)
	w.set("mail.smtp.host", "relay.example")
	w.set("mail.from", "portal@portal.example")
	w.set("portico.webhook.mailsPerHour", "3")
	h, signing := w.insert(w.network, "", func(n *hook.NewHook) {
		n.Channel, n.Recipients, n.Events = hook.ByMail, []string{"a@x.example", "b@x.example"}, []string{"A", mail.Failed}
	})
	if signing != "" {
		t.Error("a webhook of the channel MAIL has a secret")
	}
	if _, _, err := w.hooks.Rotate(t.Context(), by(), w.network, h.ID); auth.KindOf(err) != auth.Conflict {
		t.Errorf("its secret can be rotated: %v", err)
	}
	stop := w.run(w.hooks)
	w.tell(w.network, mail.Failed) // of a letter about a letter about a letter
	for range 3 {
		w.tell(w.network, "A")
	}
	const later = "so many letters were sent in this hour as the portal allows"
	w.waitState(w.network, h.ID, "A PENDING 0 0", "A PENDING 0 0 "+later, "A DELIVERED 1 0")
	w.pass(time.Hour)
	w.waitState(w.network, h.ID, "A PENDING 0 0 "+later, "A DELIVERED 1 0", "A DELIVERED 1 0")
	w.set("mail.smtp.host", "")
	w.pass(time.Hour)
	w.waitState(w.network, h.ID, "A PENDING 0 0 the portal sends no mail", "A DELIVERED 1 0", "A DELIVERED 1 0")
	w.set("mail.smtp.host", "relay.example")
	w.pass(time.Hour)
	w.waitState(w.network, h.ID, "A DELIVERED 1 0", "A DELIVERED 1 0", "A DELIVERED 1 0")
	stop()
	_, _, b := w.portal()
	w.must(b.Deliver(t.Context()))
	if len(w.mailed) != 6 {
		t.Fatalf("%d letters", len(w.mailed))
	}
	m := w.mailed[0]
	if m.Subject != "Portico: A" || !strings.Contains(string(m.Body), "\nWhat:         told: A\n") {
		t.Errorf("%q, %q", m.Subject, m.Body)
	}
}

// What nobody can be told of any more does not wait for ever, and what waits is bounded.
func TestBounds(t *testing.T) {
	w := open(t)
	r, h, stop := w.failing()
	for range 1005 {
		w.tell(w.network, "B")
	}
	w.until("all are queued", func() bool { return len(w.state(w.network, h.ID)) == 500 && w.listed(h).Waiting == 1000 })
	w.until("those beyond the bound are dead", func() bool {
		list, _, err := w.hooks.Deliveries(t.Context(), w.network, h.ID, hook.Dead, account.PageQuery{})
		w.must(err)
		return len(list) == 6 && list[0].LastError == "too many deliveries wait"
	})
	if n := len(r.all()); n > 3 {
		t.Errorf("a webhook that fails was called %d times in a second", n)
	}
	r.answers(nil)
	w.pass(4 * 24 * time.Hour)
	w.until("nothing waits", func() bool { return w.listed(h).Waiting == 0 })
	stop()
	for i := range 7 {
		w.insert(w.network, fmt.Sprint(r.URL, "/", i))
	}
	_, _, err := w.hooks.Insert(t.Context(), by(), w.network, hook.NewHook{Name: "one more", Channel: hook.ByPost, URL: "https://a.example", Events: []string{"A"}})
	if auth.KindOf(err) != auth.Limit {
		t.Errorf("a ninth webhook: %v", err)
	}
}

// With a webhook, and with its tenant, goes what it has not told.
func TestTheEnd(t *testing.T) {
	w := open(t)
	acme := w.enterprise("Acme", 0)
	r := w.receiver()
	r.answers(status(500))
	for _, in := range []auth.Tenant{acme, w.network} {
		h, _ := w.insert(in, r.URL)
		stop := w.run(w.hooks)
		for range 30 {
			w.tell(in, "A")
		}
		w.until("all wait", func() bool { return w.listed(h).Waiting == 30 })
		stop()
		if in == acme {
			_, err := w.accounts.DeleteEnterprise(t.Context(), by(), in)
			w.must(err)
		} else if rows, err := w.hooks.Delete(t.Context(), by(), in, h.ID); rows != 1 || err != nil {
			t.Fatal(rows, err)
		}
		time.Sleep(20 * time.Millisecond) // what was on its way arrives
		n := len(r.all())
		stop = w.run(w.hooks)
		w.pass(time.Hour)
		time.Sleep(20 * time.Millisecond)
		stop()
		if len(r.all()) > n {
			t.Errorf("%s: told behind the end", in.Name)
		}
		w.must(w.accounts.Store.InSteps(t.Context(), w.accounts.SweepTenants))
		w.must(w.hooks.Sweep(t.Context()))
		w.must(w.accounts.Store.View(t.Context(), func(tx store.Tx) error {
			for _, name := range []string{"webhook/r", "webhookdelivery/r"} {
				err := tx.Scan(store.Prefix([]byte(name)), func(key, _ []byte) (bool, error) { return true, fmt.Errorf("%q is left", key) })
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// What no webhook can be is refused.
func TestRefused(t *testing.T) {
	w := open(t)
	acme := w.enterprise("Acme", 0)
	w.set("portico.webhook.allowedNetworks", "10.1.0.0/16,fd00::/64")
	good := hook.NewHook{Name: "good", Channel: hook.ByPost, URL: "https://hooks.example/x?y", Events: []string{"A"}}
	w.must(second(w.hooks.Insert(t.Context(), as(acme), acme, good)))
	long := "https://hooks.example/" + strings.Repeat("x", 2048)
	for name, c := range map[string]struct {
		change func(*hook.NewHook)
		want   string
	}{
		"no name":           {func(n *hook.NewHook) { n.Name = "" }, "name: is required"},
		"a taken name":      {func(n *hook.NewHook) { n.Name = "GOOD" }, "the name GOOD is taken"},
		"no event":          {func(n *hook.NewHook) { n.Events = nil }, "events: must be 1 to 32"},
		"a strange event":   {func(n *hook.NewHook) { n.Events = []string{"*", "A\r\nB: c"} }, "events[1]: "},
		"below nobody":      {func(n *hook.NewHook) { n.IncludeBelow = true }, "includeBelow: "},
		"recipients":        {func(n *hook.NewHook) { n.Recipients = []string{"a@x.example"} }, "recipients: "},
		"no address":        {func(n *hook.NewHook) { n.URL = "" }, "url: "},
		"a long one":        {func(n *hook.NewHook) { n.URL = secret.Text(long) }, "url: "},
		"in the clear":      {func(n *hook.NewHook) { n.URL = "http://10.2.0.1" }, "url: has an address"},
		"another scheme":    {func(n *hook.NewHook) { n.URL = "file:///etc/passwd" }, "url: "},
		"a user":            {func(n *hook.NewHook) { n.URL = "https://a:b@hooks.example" }, "url: "},
		"a fragment":        {func(n *hook.NewHook) { n.URL = "https://hooks.example/#x" }, "url: "},
		"a line":            {func(n *hook.NewHook) { n.URL = "https://hooks.example/a b" }, "url: "},
		"a small port":      {func(n *hook.NewHook) { n.URL = "https://hooks.example:25" }, "url: has a port"},
		"loopback":          {func(n *hook.NewHook) { n.URL = "https://127.0.0.1:8443" }, "url: has an address"},
		"the metadata":      {func(n *hook.NewHook) { n.URL = "https://169.254.169.254/latest" }, "url: has an address"},
		"a mapped one":      {func(n *hook.NewHook) { n.URL = "https://[::ffff:10.2.0.1]" }, "url: has an address"},
		"mail to nobody":    {func(n *hook.NewHook) { n.Channel, n.URL = hook.ByMail, "" }, "recipients: must be 1 to 10"},
		"mail and a target": {func(n *hook.NewHook) { n.Channel, n.Recipients = hook.ByMail, []string{"a@x.example"} }, "url: "},
		"a header in mail": {func(n *hook.NewHook) {
			n.Channel, n.URL, n.Recipients = hook.ByMail, "", []string{"a@x.example\r\nBcc: b@y.example"}
		}, "recipients[0]: "},
	} {
		n := good
		n.Name = name
		c.change(&n)
		err := second(w.hooks.Insert(t.Context(), as(acme), acme, n))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, to := range []secret.Text{"http://10.1.2.3:8080/x", "http://[fd00::1]", "https://10.1.255.255", "https://HOOKS.example:8443"} {
		n := good
		n.Name, n.URL = string(to), to
		w.must(second(w.hooks.Insert(t.Context(), as(acme), acme, n)))
	}
}

func second(_ *hook.Hook, _ secret.Text, err error) error { return err }

// Who may not read the events himself has none sent, and what may be changed of a webhook is held to the same.
func TestRights(t *testing.T) {
	w := open(t)
	northwind := w.partner("Northwind")
	w.accounts.AppStands = func(store.Tx, *auth.Principal) error { return nil }
	holding := func(vs ...auth.Privilege) *auth.Principal {
		p := as(northwind)
		p.Type, p.Role = auth.App, auth.Holding(auth.MSP, vs) // the portal itself may everything
		return p
	}
	create, change := auth.Create.On(auth.Webhook), auth.Update.On(auth.Webhook)
	own, below := auth.Read.On(auth.ProxyEvent), auth.Read.On(auth.EnterpriseEvent)
	n := hook.NewHook{Name: "x", Channel: hook.ByPost, URL: "https://hooks.example", Events: []string{"A"}}
	deep := n
	deep.Name, deep.IncludeBelow = "deep", true
	for name, c := range map[string]struct {
		by   *auth.Principal
		n    hook.NewHook
		want auth.Kind
	}{
		"without events":       {holding(create), n, auth.Forbidden},
		"without webhooks":     {holding(change, own), n, auth.Forbidden},
		"without those below":  {holding(create, own), deep, auth.Forbidden},
		"with all that it may": {holding(create, own), n, 0},
		"and below":            {holding(create, own, below), deep, 0},
	} {
		err := second(w.hooks.Insert(t.Context(), c.by, northwind, c.n))
		if err != nil && auth.KindOf(err) != c.want || err == nil && c.want != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, _, err := w.hooks.List(t.Context(), holding(auth.Read.On(auth.Webhook)), northwind, account.PageQuery{})
	w.must(err)
	on := true
	for _, l := range list {
		if l.To != "https://hooks.example" {
			t.Errorf("leads to %s", l.To)
		}
		if l.IncludeBelow {
			continue
		}
		if _, err := w.hooks.Update(t.Context(), holding(change, own), northwind, l.ID, hook.Update{IncludeBelow: &on}); auth.KindOf(err) != auth.Forbidden {
			t.Errorf("of those below by an update: %v", err)
		}
	}
	if _, err := w.hooks.Redeliver(t.Context(), holding(change), northwind, list[0].ID, 1); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("once more without events: %v", err)
	}
	operator := as(w.network)
	operator.Type = auth.App
	if _, _, err := w.hooks.Test(t.Context(), operator, northwind, list[0].ID); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("by the operator without consent: %v", err)
	}
}

// A webhook that nothing could be delivered to for three days is disabled, also when so much waits that nothing is tried eight times.
func TestBusyAndFailing(t *testing.T) {
	w := open(t)
	r := w.receiver()
	r.answers(status(500))
	h, _ := w.insert(w.network, r.URL)
	w.run(w.hooks)
	for range 100 {
		w.tell(w.network, "A")
	}
	for hour := range 72 {
		w.waitTries(hour + 1)
		w.tell(w.network, "B")
		w.pass(time.Hour)
	}
	w.until("it is disabled", func() bool { return !w.listed(h).Enabled })
	w.isDisabled(h, hook.Failing)
}

// That the portal itself was off for days is no fault of a target that failed once before.
func TestOffForDays(t *testing.T) {
	w := open(t)
	_, h, stop := w.failing()
	stop()
	w.pass(4 * 24 * time.Hour)
	_, k, _ := w.portal()
	w.run(k)
	w.waitState(w.network, h.ID, "A DEAD 1 500 it has waited too long")
	w.tell(w.network, "B")
	w.waitState(w.network, h.ID, "B PENDING 1 500 the target answered 500", "A DEAD 1 500 it has waited too long")
	w.isEnabled(h)
}

// Targets that take their time have no more of that than others.
func TestSlowTargetsTakeTurns(t *testing.T) {
	w := open(t)
	slow, good := w.receiver(), w.receiver()
	slow.answers(func(http.ResponseWriter, *http.Request) { time.Sleep(100 * time.Millisecond) })
	for i := range 8 {
		in := w.enterprise(fmt.Sprint("Slow ", i), 0)
		w.insert(in, slow.URL+"/1")
		w.insert(in, slow.URL+"/2")
		for range 50 {
			w.tell(in, "A")
		}
	}
	acme := w.enterprise("Acme", 0)
	h, _ := w.insert(acme, good.URL)
	w.run(w.hooks)
	slow.wait(w, 16)
	w.tell(acme, "A")
	w.waitState(acme, h.ID, "A DELIVERED 1 200")
	if n := len(slow.all()); n > 400 {
		t.Errorf("%d messages went to slow targets before", n)
	}
}

// What is changed of a webhook but for what it tells of loses nothing that happened just before; what it tells of anew happens after.
func TestChangedMeanwhile(t *testing.T) {
	w := open(t)
	r := w.receiver()
	h, _ := w.insert(w.network, r.URL+"/before")
	change := func(up hook.Update) {
		t.Helper()
		_, err := w.hooks.Update(t.Context(), by(), w.network, h.ID, up)
		w.must(err)
	}
	w.tell(w.network, "A")
	name, to := "another", secret.Text(r.URL+"/after")
	change(hook.Update{Name: &name, URL: &to})
	stop := w.run(w.hooks)
	w.waitState(w.network, h.ID, "A DELIVERED 1 200")
	stop()
	w.tell(w.network, "C")
	change(hook.Update{Events: &[]string{"A", "C"}})
	w.run(w.hooks)
	w.tell(w.network, "A")
	w.waitState(w.network, h.ID, "A DELIVERED 1 200", "A DELIVERED 1 200")
}

// A letter that still waits for its relay is not sent when the consent it rests on is withdrawn.
func TestConsentIsWithdrawnFromMail(t *testing.T) {
	w := open(t)
	w.set("mail.smtp.host", "relay.example")
	w.set("mail.from", "portal@portal.example")
	globex := w.enterprise("Globex", w.partner("Northwind").ID)
	northwind := w.tenant(auth.MSP, globex.ProxyID)
	w.consent(globex, auth.ToProxy)
	h, _ := w.insert(northwind, "", func(n *hook.NewHook) {
		n.Channel, n.Recipients, n.IncludeBelow = hook.ByMail, []string{"a@x.example"}, true
	})
	stop := w.run(w.hooks)
	w.tell(northwind, "A")
	w.tell(globex, "A")
	w.waitState(northwind, h.ID, "A DELIVERED 1 0", "A DELIVERED 1 0")
	stop()
	w.must(w.accounts.Delegate(t.Context(), as(globex), globex, auth.ToProxy, false))
	_, _, b := w.portal()
	w.must(b.Deliver(t.Context()))
	if len(w.mailed) != 1 || !strings.Contains(string(w.mailed[0].Body), "Northwind") {
		t.Errorf("%d letters were sent", len(w.mailed))
	}
}

// A webhook that leads where somebody from above has said ends with the consent by which he could say so, and when its organisation is
// given to another partner, until somebody of its own says so.
func TestLedFromAbove(t *testing.T) {
	w := open(t)
	northwind, other := w.partner("Northwind"), w.partner("Other")
	globex := w.enterprise("Globex", northwind.ID)
	r := w.receiver()
	n := hook.NewHook{Name: "planted", Channel: hook.ByPost, URL: secret.Text(r.URL), Events: []string{"A", "B"}}
	w.consent(globex, auth.ToProxy)
	globex = w.tenant(auth.Enterprise, globex.ID)
	h, _, err := w.hooks.Insert(t.Context(), as(northwind), globex, n)
	w.must(err)
	own, _ := w.insert(globex, r.URL, func(n *hook.NewHook) { n.Name = "own" })
	w.run(w.hooks)
	const told, gone = "A DELIVERED 1 200", "A DEAD 0 0 the organisation may not read the event any more"
	event := func(id int64, want ...string) {
		t.Helper()
		w.tell(globex, "A")
		w.until("the other is told", func() bool { s := w.state(globex, own.ID); return len(s) > 0 && !strings.Contains(s[0], "PENDING") })
		w.waitState(globex, id, want...)
	}
	event(h.ID, told)
	name := "renamed"
	_, err = w.hooks.Update(t.Context(), as(northwind), globex, own.ID, hook.Update{Name: &name})
	w.must(err)
	w.must(w.accounts.Delegate(t.Context(), as(globex), globex, auth.ToProxy, false))
	event(own.ID, told, told)
	w.waitState(globex, h.ID, told)
	if _, _, err := w.hooks.Test(t.Context(), as(globex), globex, h.ID); err != nil {
		t.Fatal(err)
	}
	w.waitState(globex, h.ID, strings.Replace(gone, "A", "TEST_WEBHOOK", 1), told)

	w.consent(globex, auth.ToProxy)
	event(h.ID, told, strings.Replace(gone, "A", "TEST_WEBHOOK", 1), told)
	w.must(w.accounts.MoveEnterprise(t.Context(), by(), globex, other.ID))
	globex = w.tenant(auth.Enterprise, globex.ID)
	w.consent(globex, auth.ToProxy)
	event(own.ID, told, told, told, told)
	for _, on := range []bool{false, true} {
		_, err := w.hooks.Update(t.Context(), as(globex), globex, h.ID, hook.Update{Enabled: &on})
		w.must(err)
	}
	event(h.ID, told, told, strings.Replace(gone, "A", "TEST_WEBHOOK", 1), told)
}
