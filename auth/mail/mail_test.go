package mail_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

const (
	link = "0123456789012345678901234567890123456789abc"
	body = "https://portal.example/reset#" + link
)

// An office is a box on the memory store, with a clock of its own and a carrier that does as the test says.
type office struct {
	t        *testing.T
	db       *store.DB
	accounts *account.Accounts
	box      *mail.Box

	mu      sync.Mutex
	now     time.Time
	carry   func(mail.Relay, mail.Message) error
	carried []mail.Message
	gone    map[int64]bool // what is no longer wanted
}

func (o *office) Carry(_ context.Context, r mail.Relay, m mail.Message) error {
	o.mu.Lock()
	o.carried = append(o.carried, m)
	carry := o.carry
	o.mu.Unlock()
	if carry == nil {
		return nil
	}
	return carry(r, m)
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, db: memory.Open(), now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), gone: map[int64]bool{}}
	t.Cleanup(func() { o.db.Close() })
	o.accounts = account.New(o.db, account.Options{Now: func() time.Time { return o.now }, PublicAddress: "portal.example:8443"})
	o.accounts.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	o.box = o.boxOf()
	o.set("mail.smtp.host", "relay.example")
	o.set("mail.from", "portal@portal.example")
	return o
}

func (o *office) boxOf() *mail.Box {
	b := mail.New(o.accounts, o)
	b.Answer("test", func(_ store.Tx, ref int64) (bool, error) { return !o.gone[ref], nil })
	return b
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) set(name, value string) {
	o.t.Helper()
	_, err := o.accounts.SetProperty(context.Background(), account.System("test"), account.PropertyUpdate{Name: &name, Value: &value})
	o.must(err)
}

func (o *office) queue(ref int64) (id int64) {
	o.t.Helper()
	o.must(o.accounts.Store.Update(context.Background(), func(tx store.Tx) error {
		l, err := o.box.Queue(tx, mail.Order{
			Kind: "test", Ref: ref, To: "bob@acme.example", Tenant: auth.Network(), Subject: "S", Body: body, Until: o.now.Add(1000 * time.Hour),
		})
		if err == nil {
			id = l.ID
		}
		return err
	}))
	return id
}

func (o *office) deliver() {
	o.t.Helper()
	o.must(o.box.Deliver(context.Background()))
}

// letter looks at a letter as it is stored.
func (o *office) letter(id int64) (l *mail.Letter) {
	o.t.Helper()
	o.must(o.accounts.Store.View(context.Background(), func(tx store.Tx) (err error) {
		l, err = o.box.Find(tx, id)
		return err
	}))
	return l
}

func (o *office) want(id int64, state mail.State, tries, carried int) {
	o.t.Helper()
	l := o.letter(id)
	if l == nil || l.State != state || l.Tries != tries || len(o.carried) != carried {
		o.t.Fatalf("got %+v, carried %d; want %s after %d tries, carried %d", l, len(o.carried), state, tries, carried)
	}
	if (l.Body == "") != (state != mail.Queued) {
		o.t.Errorf("%s: body %q", state, l.Body)
	}
}

func (o *office) told(name string) (n int) {
	o.t.Helper()
	page, err := o.accounts.Events(context.Background(), auth.Network(), account.EventQuery{Start: o.now.Add(-1000 * time.Hour), End: o.now.Add(time.Hour)})
	o.must(err)
	for _, e := range page.Events {
		if e.Name == name {
			n++
		}
		if strings.Contains(fmt.Sprintf("%+v %s", e, e.Detail), link) || strings.Contains(string(e.Detail), "bob@") {
			o.t.Errorf("an event tells too much: %s", e.Detail)
		}
	}
	return n
}

// The whole life: what is not in the table is refused.
func TestMoves(t *testing.T) {
	acts := []mail.Act{mail.Try, mail.Retry, mail.Send, mail.GiveUp, mail.Drop}
	want := map[mail.State][]mail.State{mail.Queued: {mail.Queued, mail.Queued, mail.Sent, mail.Dead, mail.Dropped}}
	for _, s := range []mail.State{mail.Queued, mail.Sent, mail.Dead, mail.Dropped} {
		for i, a := range acts {
			to, err := mail.Moves.Next(s, a)
			if want[s] == nil && auth.KindOf(err) != auth.Conflict || want[s] != nil && (err != nil || to != want[s][i]) {
				t.Errorf("%s %s: %s, %v", s, a, to, err)
			}
		}
	}
}

func TestSent(t *testing.T) {
	o := open(t)
	id := o.queue(1)
	o.deliver()
	o.want(id, mail.Sent, 1, 1)
	m := o.carried[0]
	if m.To != "bob@acme.example" || m.Subject != "S" || string(m.Body) != body || !strings.HasSuffix(m.ID, "@portal.example") {
		t.Errorf("got %+v %s", m, string(m.Body))
	}
	o.deliver()
	o.want(id, mail.Sent, 1, 1)
}

// In the store the body is sealed as long as it waits, and gone afterwards.
func TestBodyInTheStore(t *testing.T) {
	o := open(t)
	id := o.queue(1)
	look := func() {
		t.Helper()
		o.must(o.db.View(context.Background(), func(tx store.Tx) error {
			return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
				if bytes.Contains(value, []byte(link)) || bytes.Contains(key, []byte(link)) {
					t.Errorf("the link is in clear at %q", key)
				}
				return true, nil
			})
		}))
	}
	look()
	if l := o.letter(id); !strings.HasPrefix(l.Body, "x1.") {
		t.Errorf("body %q", l.Body)
	}
	o.deliver()
	look()
	o.want(id, mail.Sent, 1, 1)
}

// The tries come after 1, 2, 4 ... minutes, at most two hours apart, and no sooner; the last one is the end.
func TestTries(t *testing.T) {
	o := open(t)
	o.carry = func(mail.Relay, mail.Message) error {
		return errors.New("450 later, " + link + " for bob@acme.example")
	}
	id := o.queue(1)
	o.deliver()
	var waits []time.Duration
	for try := 1; try < 15; try++ {
		o.want(id, mail.Queued, try, try)
		l := o.letter(id)
		waits = append(waits, l.Due.Sub(o.now).Round(time.Minute))
		if strings.Contains(l.LastError, link) || strings.Contains(l.LastError, "bob@") || !strings.Contains(l.LastError, "450 later") {
			t.Errorf("last error %q", l.LastError)
		}
		o.now = l.Due.Add(-time.Millisecond)
		o.deliver()
		o.want(id, mail.Queued, try, try)
		o.now = l.Due
		o.deliver()
	}
	o.want(id, mail.Dead, 15, 15)
	h := 2 * time.Hour
	m := time.Minute
	if want := []time.Duration{m, 2 * m, 4 * m, 8 * m, 16 * m, 32 * m, 64 * m, h, h, h, h, h, h, h}; !slices.Equal(waits, want) {
		t.Errorf("got %v, want %v", waits, want)
	}
	for _, m := range o.carried {
		if m.ID != o.carried[0].ID {
			t.Error("the Message-ID has changed")
		}
	}
	if n := o.told("MAIL_FAILED"); n != 1 {
		t.Errorf("%d events of its death", n)
	}
}

func TestRefusedForGood(t *testing.T) {
	o := open(t)
	o.carry = func(mail.Relay, mail.Message) error { return fmt.Errorf("550 nobody: %w", mail.ErrRefused) }
	id := o.queue(1)
	o.deliver()
	o.want(id, mail.Dead, 1, 1)
}

// What is no longer wanted, or too late, is not sent, nor is what nobody answers for any more.
func TestNotWanted(t *testing.T) {
	o := open(t)
	gone, late := o.queue(1), o.queue(2)
	o.gone[1] = true
	o.set("mail.smtp.host", "")
	o.deliver()
	o.want(gone, mail.Dropped, 0, 0)
	o.want(late, mail.Queued, 0, 0)
	o.now = o.now.Add(1000 * time.Hour)
	o.deliver()
	o.want(late, mail.Dropped, 0, 0)
}

// Without a relay letters wait, and no try is counted. A change of the properties acts with the next look.
func TestNoRelay(t *testing.T) {
	o := open(t)
	o.set("mail.smtp.host", "")
	id := o.queue(1)
	for range 3 {
		o.now = o.now.Add(time.Hour)
		o.deliver()
	}
	o.want(id, mail.Queued, 0, 0)
	var got mail.Relay
	o.carry = func(r mail.Relay, _ mail.Message) error { got = r; return nil }
	for name, value := range map[string]string{"mail.smtp.host": "r.example", "mail.smtp.port": "465", "mail.smtp.secure": "tls", "mail.smtp.user": "u", "mail.smtp.password": "p w"} {
		o.set(name, value)
	}
	o.deliver()
	o.want(id, mail.Sent, 1, 1)
	if want := (mail.Relay{Host: "r.example", Port: 465, Secure: "tls", User: "u", Password: "p w", From: "portal@portal.example"}); got != want {
		t.Errorf("got %+v", got)
	}
}

// Killed between the claim and the outcome: the letter goes out again, later, under the same number; and two who deliver
// at once do not both send it.
func TestOutcomeLost(t *testing.T) {
	o := open(t)
	id := o.queue(1)
	ctx, kill := context.WithCancel(context.Background())
	o.carry = func(mail.Relay, mail.Message) error {
		if kill != nil {
			o.must(o.boxOf().Deliver(context.Background())) // another one at the same time finds nothing to do
			kill()
			return ctx.Err()
		}
		return nil
	}
	o.must(o.box.Deliver(ctx))
	o.want(id, mail.Queued, 1, 1)
	kill = nil
	o.deliver()
	o.want(id, mail.Queued, 1, 1)
	o.now = o.now.Add(time.Minute)
	o.deliver()
	o.want(id, mail.Sent, 2, 2)
	if o.carried[0].ID != o.carried[1].ID {
		t.Error("the Message-ID has changed")
	}
}

// A letter that was taken while the portal was ending counts as sent.
func TestSentWhileEnding(t *testing.T) {
	o := open(t)
	id := o.queue(1)
	ctx, end := context.WithCancel(context.Background())
	o.carry = func(mail.Relay, mail.Message) error { end(); return nil }
	o.must(o.box.Deliver(ctx))
	o.want(id, mail.Sent, 1, 1)
}

// A seal that does not open, because the key is another, ends the letter instead of stopping all others.
func TestUnsealable(t *testing.T) {
	o := open(t)
	lost := o.queue(1)
	o.accounts.Sealer, _ = secret.NewSealer(bytes.Repeat([]byte{1}, secret.SealKeyLen), rand.Reader)
	id := o.queue(2)
	o.deliver()
	o.want(lost, mail.Dead, 1, 1)
	o.want(id, mail.Sent, 1, 1)
}

func TestRun(t *testing.T) {
	o := open(t)
	ctx, end := context.WithCancel(context.Background())
	ended, sent := make(chan struct{}), make(chan struct{}, 2)
	o.carry = func(mail.Relay, mail.Message) error { sent <- struct{}{}; return nil }
	o.queue(1)
	go func() {
		defer close(ended)
		o.box.Run(ctx, func(err error) {
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}()
	<-sent // what was there at the start
	o.queue(2)
	o.box.Wake()
	<-sent
	end()
	<-ended
}

// A list of one state read all letters of all states; and a limit that made no sense was taken for none.
func TestListOfAState(t *testing.T) {
	ctx, by := context.Background(), account.System("test")
	o := open(t)
	var queued []int64
	for ref := range int64(9) {
		id := o.queue(ref)
		if o.gone[ref] = ref%3 == 0; !o.gone[ref] {
			queued = append([]int64{id}, queued...)
		}
	}
	o.set("mail.smtp.host", "")
	o.deliver()
	var got []int64
	two, next := 2, ""
	for {
		page, err := o.box.List(ctx, by, mail.Queued, &two, next)
		o.must(err)
		for _, l := range page.Letters {
			got = append(got, l.ID)
		}
		if next = page.Next; !page.More {
			break
		}
	}
	if !slices.Equal(got, queued) {
		t.Errorf("got %v, want %v", got, queued)
	}
	for _, limit := range []int{-1, 0, account.MaxPage + 1} {
		if _, err := o.box.List(ctx, by, "", &limit, ""); auth.KindOf(err) != auth.Invalid {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// A letter about which nobody could say whether it is wanted ended the pass: those behind it waited, for ever.
func TestOneFaultIsNotOfAll(t *testing.T) {
	o := open(t)
	bad := errors.New("cannot be told")
	o.box.Answer("test", func(_ store.Tx, ref int64) (bool, error) {
		if ref == 1 {
			return false, bad
		}
		return true, nil
	})
	first, second := o.queue(1), o.queue(2)
	if err := o.box.Deliver(context.Background()); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	o.want(first, mail.Queued, 0, 1)
	o.want(second, mail.Sent, 1, 1)
}

// One letter for which the relay hangs held up all others.
func TestHangingRelay(t *testing.T) {
	o := open(t)
	hang, others := make(chan struct{}), make(chan struct{}, 20)
	o.carry = func(_ mail.Relay, m mail.Message) error {
		if m.To == o.letter(1).To && m.ID == o.letter(1).MessageID {
			<-hang
			return nil
		}
		others <- struct{}{}
		return nil
	}
	for ref := range int64(20) {
		o.queue(ref)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = o.box.Deliver(context.Background()) }()
	for range 19 {
		select {
		case <-others:
		case <-time.After(10 * time.Second):
			t.Fatal("the others wait")
		}
	}
	close(hang)
	<-done
}

// The relay was read once for a pass: after a change of the host the rest of it still went to the old one. And what was
// tried before went before what was not.
func TestRelayOfEachTry(t *testing.T) {
	o := open(t)
	o.carry = func(mail.Relay, mail.Message) error { return errors.New("later") }
	for ref := range int64(8) {
		o.queue(ref)
	}
	o.deliver()
	o.now = o.now.Add(time.Hour)
	fresh := o.queue(9)
	var hosts []string
	var firsts []string
	var mu sync.Mutex
	four := make(chan struct{}) // closed when four are on their way: none of them ends before
	o.carry = func(r mail.Relay, m mail.Message) error {
		mu.Lock()
		hosts, firsts = append(hosts, r.Host), append(firsts, m.ID)
		if len(hosts) == 4 {
			o.set("mail.smtp.host", "second.example")
			close(four)
		}
		mu.Unlock()
		<-four
		return nil
	}
	o.deliver()
	if i := slices.Index(firsts, o.letter(fresh).MessageID); i < 0 || i > 3 { // four are on their way at once
		t.Errorf("the new letter came at %d", i)
	}
	if len(hosts) != 9 || hosts[8] != "second.example" || hosts[4] != "second.example" {
		t.Errorf("hosts %q", hosts)
	}
}

// With no relay set each look wrote the store once for each letter that waits.
func TestNoRelayNoWrites(t *testing.T) {
	o := open(t)
	o.set("mail.smtp.host", "")
	writes := 0
	o.box.Answer("test", func(tx store.Tx, _ int64) (bool, error) {
		if tx.Put([]byte("x"), []byte("x")) == nil {
			writes++
		}
		return true, nil
	})
	id := o.queue(1)
	_ = o.box.Deliver(context.Background()) // a View in which somebody tried to write has failed
	if writes != 0 {
		t.Errorf("%d writes", writes)
	}
	o.now = o.letter(id).Until
	o.deliver()
	o.want(id, mail.Dropped, 0, 0)
}

func TestOperators(t *testing.T) {
	o := open(t)
	ctx, by := context.Background(), account.System("test")
	o.carry = func(mail.Relay, mail.Message) error { return errors.New("450") }
	first, second := o.queue(1), o.queue(2)
	o.deliver()
	if rows, err := o.box.RetryLetter(ctx, by, 999); rows != 0 || err != nil {
		t.Errorf("an unknown letter: %d, %v", rows, err)
	}
	o.carry = nil
	rows, err := o.box.RetryLetter(ctx, by, first)
	o.must(err)
	o.deliver()
	o.want(first, mail.Sent, 2, 3)
	o.want(second, mail.Queued, 1, 3)
	if _, err := o.box.RetryLetter(ctx, by, first); auth.KindOf(err) != auth.Conflict || rows != 1 {
		t.Errorf("a letter that was sent: %d, %v", rows, err)
	}
	one := 1
	page, err := o.box.List(ctx, by, "", &one, "")
	o.must(err)
	if len(page.Letters) != 1 || !page.More || page.Letters[0].ID != second || page.Letters[0].Body != "" {
		t.Errorf("got %+v", page)
	}
	page, err = o.box.List(ctx, by, "", &one, page.Next)
	o.must(err)
	if len(page.Letters) != 1 || page.More || page.Letters[0].ID != first {
		t.Errorf("got %+v", page)
	}
	if _, err := o.box.List(ctx, by, "", &one, "x"); auth.KindOf(err) != auth.Invalid {
		t.Errorf("a page that is none: %v", err)
	}
	rows, err = o.box.DeleteLetter(ctx, by, second)
	o.must(err)
	if o.letter(second) != nil || rows != 1 || o.told("DELETE_MAIL") != 1 || o.told("RETRY_MAIL") != 1 {
		t.Error("not deleted, or not told")
	}
	o.now = o.now.Add(time.Hour)
	o.deliver()
	o.now = o.now.Add(30*24*time.Hour - time.Hour)
	o.must(o.box.Sweep(ctx))
	if o.letter(first) == nil {
		t.Error("swept too early")
	}
	o.now = o.now.Add(time.Hour)
	o.must(o.box.Sweep(ctx))
	if o.letter(first) != nil {
		t.Error("not swept")
	}
}

// What somebody else typed cannot end a header and begin another.
func TestAddresses(t *testing.T) {
	o := open(t)
	for _, to := range []string{"", "bob", "bob@", "a@b.c\r\nBcc: d@e.f", "a@b.c\n", "a@b.c, d@e.f", "<a@b.c>", "Bob <a@b.c>", "a b@c.d", `"a b"@c.d`, "a@b.c\x00", "(x)a@b.c", strings.Repeat("a", 251) + "@b.c"} {
		err := o.accounts.Store.Update(context.Background(), func(tx store.Tx) error {
			_, err := o.box.Queue(tx, mail.Order{Kind: "test", To: to, Body: body, Until: o.now.Add(time.Hour)})
			return err
		})
		if auth.KindOf(err) != auth.Invalid || err == nil {
			t.Errorf("%q: %v", to, err)
		}
	}
}
