package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/mail/smtptest"
)

var resetLink = regexp.MustCompile(`https://(\S+)/reset#(\S+)`)

// A mail of the operators' list.
type listedMail struct {
	ID        int64
	MessageID string
	State     string
	Tries     int
}

func (p *process) mail(as header) (all []listedMail) {
	p.t.Helper()
	var page struct{ Data []listedMail }
	p.call(&page, "system/getMail", `{}`, as)
	return page.Data
}

// until waits for something that the background work does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
	}
}

func (p *process) relay(r *smtptest.Relay, as header) {
	p.t.Helper()
	for name, value := range map[string]string{
		"mail.smtp.port": fmt.Sprint(r.Port), "mail.smtp.secure": "none", "mail.from": "portal@portal.example", "mail.smtp.host": r.Host,
	} {
		var any any
		p.call(&any, "systemProperty/updateSystemProperty", fmt.Sprintf(`{"name":%q,"_update":{"value":%q}}`, name, value), as)
	}
}

func (p *process) sendReset(who string, as header) {
	p.t.Helper()
	var sent struct{ Rows int }
	p.call(&sent, "enterpriseUser/sendEnterpriseUserPasswordResetEmail", fmt.Sprintf(`{"username":%q}`, who), as)
	if sent.Rows != 1 {
		p.t.Fatalf("%s: rows %d", who, sent.Rows)
	}
}

// Mail is sent by the running program, by itself, and soon.
func TestMailIsSent(t *testing.T) {
	t.Parallel()
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	p := serving(t, demoArgs(t.TempDir(), "--public-address", "portal.example")...)
	p.relay(r, p.mustLogin("super@portico.local", operatorPassword))
	p.sendReset("ops@acme.example", p.mustLogin("admin@acme.example", demoPassword))
	link := resetLink.FindStringSubmatch(r.Next(t).Body)
	if link == nil || link[1] != "portal.example" {
		t.Fatalf("the mail is\n%s", r.Last().Raw)
	}
	const password = "a new password 4"
	var changed any
	p.call(&changed, "login/redeemPasswordReset", fmt.Sprintf(`{"token":%q,"password":%q,"password2":%[2]q}`, link[2], password))
	p.mustLogin("ops@acme.example", password)
	p.stop()
	if s := p.stdout() + p.stderr.String(); strings.Contains(s, link[2]) || strings.Contains(s, password) {
		t.Error("a secret is logged")
	}
}

// A relay that never answers does not hold up the end of the portal.
func TestEndWhileSending(t *testing.T) {
	t.Parallel()
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	r.Hang(".", true)
	p := serving(t, demoArgs(t.TempDir())...)
	p.relay(r, p.mustLogin("super@portico.local", operatorPassword))
	p.sendReset("ops@acme.example", p.mustLogin("admin@acme.example", demoPassword))
	r.Next(t)
	begun := time.Now()
	p.stop()
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
}

// The portal is killed when the relay has taken two mails and not said so yet: it cannot know. After the restart one link
// is redeemed, and its mail does not go out again; the other's does, under the same number.
func TestMailQueueKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	p := serving(t, demoArgs(dir)...)
	operator, admin := p.mustLogin("super@portico.local", operatorPassword), p.mustLogin("admin@acme.example", demoPassword)
	p.relay(r, operator)
	r.Hang(".", true)
	links := map[string]string{}
	numbers := map[string]string{}
	for _, who := range []string{"ops@acme.example", "support@acme.example"} {
		p.sendReset(who, admin)
		m := r.Next(t)
		links[who], numbers[who] = resetLink.FindStringSubmatch(m.Body)[2], m.Header.Get("Message-ID")
		p.signal(syscall.SIGKILL)
		p.wait()
		p = serving(t, serveArgs(dir)...)
	}
	for _, m := range p.mail(operator) {
		if m.State != "QUEUED" || m.Tries != 1 {
			t.Fatalf("after the kills: %+v", m)
		}
	}
	const password = "a new password 4"
	redeem := fmt.Sprintf(`{"token":%q,"password":%q,"password2":%[2]q}`, links["ops@acme.example"], password)
	var changed any
	p.call(&changed, "login/redeemPasswordReset", redeem)
	p.signal(syscall.SIGKILL) // also directly after that
	p.wait()
	p = serving(t, serveArgs(dir)...)
	p.mustLogin("ops@acme.example", password)

	r.Hang(".", false)
	before := len(r.Mails())
	all := p.mail(operator)
	if len(all) != 2 || all[1].State != "DROPPED" || all[0].State != "QUEUED" {
		t.Fatalf("got %+v", all)
	}
	p.call(&changed, "system/retryMail", fmt.Sprintf(`{"id":%d}`, all[0].ID), operator)
	if _, body := p.post("/portal/rest/system/retryMail", fmt.Sprintf(`{"id":%d}`, all[1].ID), operator); !strings.Contains(body, "DROPPED") {
		t.Errorf("the mail of a redeemed link can be retried: %s", body)
	}
	until(t, "sent", func() bool { return p.mail(operator)[0].State == "SENT" })
	again := r.Mails()[before:]
	if len(again) != 1 || again[0].To != "support@acme.example" || again[0].Header.Get("Message-ID") != numbers["support@acme.example"] {
		t.Errorf("%d mails went out again, the last to %s", len(again), r.Last().To)
	}
	p.stop()
}

// The background work ended only after the calls under way had, up to ten seconds later, and only then began to let go of a
// relay that hung: together more than a service manager waits.
func TestMailEndsBesideCalls(t *testing.T) {
	t.Parallel()
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	p := serving(t, demoArgs(t.TempDir(), "--plain-http")...)
	super := p.mustLogin("super@portico.local", operatorPassword)
	p.relay(&smtptest.Relay{Host: "127.0.0.1", Port: relay.Addr().(*net.TCPAddr).Port}, super)
	p.sendReset("ops@acme.example", p.mustLogin("admin@acme.example", demoPassword))
	letter, err := relay.Accept() // and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer letter.Close()
	slow, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprintf(slow, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	time.Sleep(200 * time.Millisecond)
	p.signal(syscall.SIGTERM)
	_ = letter.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := letter.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the relay is held while a call is under way: %v", err)
	}
	slow.Close()
	if status := p.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
