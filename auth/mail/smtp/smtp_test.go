package smtp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/mail/smtp"
	"github.com/portico-vco/portico/auth/mail/smtptest"
)

var message = mail.Message{
	ID: "0001@portal.example", Date: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), To: "bob@acme.example",
	Subject: "Grüße", Body: "A line.\n.\nhttps://portal.example/reset#" + "0123456789012345678901234567890123456789abc" + "\n",
}

func relayOf(r *smtptest.Relay, secure string) mail.Relay {
	return mail.Relay{Host: r.Host, Port: r.Port, Secure: secure, From: "portal@portal.example"}
}

func TestCarry(t *testing.T) {
	users := map[string]string{"u": "pass word"}
	for _, c := range []struct {
		name, secure string
		with         func(*smtptest.Relay)
		signs        bool
		tls          bool
	}{
		{"STARTTLS", "starttls", nil, false, true},
		{"STARTTLS and a user", "starttls", func(r *smtptest.Relay) { r.Users = users }, true, true},
		{"TLS from the first byte", "tls", func(r *smtptest.Relay) { r.Implicit = true }, false, true},
		{"TLS from the first byte and a user", "tls", func(r *smtptest.Relay) { r.Implicit, r.Users = true, users }, true, true},
		{"plain on this machine", "none", func(r *smtptest.Relay) { r.Plain = true }, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := smtptest.Start(t, c.with)
			to := relayOf(r, c.secure)
			if c.signs {
				to.User, to.Password = "u", "pass word"
			}
			if err := (smtp.Carrier{Roots: r.Roots}).Carry(context.Background(), to, message); err != nil {
				t.Fatal(err)
			}
			m := r.Next(t)
			if m.From != to.From || m.To != message.To || m.Secure != c.tls || (m.User == "u") != c.signs || m.Subject != message.Subject ||
				m.Body != string(message.Body) || m.Header.Get("Message-ID") != "<0001@portal.example>" ||
				m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("X-Mailer") != "" {
				t.Errorf("got %+v", m)
			}
			if at, err := m.Header.Date(); err != nil || !at.Equal(message.Date) {
				t.Errorf("date %v, %v", at, err)
			}
		})
	}
}

// What fails may mostly be tried again; never is anything said in the clear that should not be.
func TestCarryFails(t *testing.T) {
	for _, c := range []struct {
		name, secure string
		with         func(*smtptest.Relay)
		roots        bool
		to           func(*mail.Relay, *mail.Message)
		want         string
		refused      bool
	}{
		{name: "a certificate of nobody we know", secure: "starttls", want: "certificate"},
		{name: "the same from the first byte", secure: "tls", with: func(r *smtptest.Relay) { r.Implicit = true }, want: "certificate"},
		{name: "a relay without TLS", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Plain = true }, want: "STARTTLS"},
		{name: "a word that means nothing is the strict one", secure: "nonsense", roots: true, with: func(r *smtptest.Relay) { r.Plain = true }, want: "STARTTLS"},
		{name: "no sender", secure: "starttls", roots: true, to: func(r *mail.Relay, _ *mail.Message) { r.From = "" }, want: "mail.from"},
		{name: "a sender with a header in it", secure: "starttls", roots: true, to: func(r *mail.Relay, _ *mail.Message) { r.From = "a@b.c\r\nBcc: d@e.f" }, want: "mail.from"},
		{name: "a recipient with a header in it", secure: "starttls", roots: true, to: func(_ *mail.Relay, m *mail.Message) { m.To = "a@b.c\nBcc: d@e.f" }, want: "not an address", refused: true},
		{name: "a wrong password", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Users = map[string]string{"u": "p"} },
			to: func(r *mail.Relay, _ *mail.Message) { r.User, r.Password = "u", "wrong" }, want: "535"},
		{name: "a user where there is none", secure: "starttls", roots: true, to: func(r *mail.Relay, _ *mail.Message) { r.User, r.Password = "u", "p" }, want: "AUTH"},
		{name: "greylisting", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say("RCPT", "450 4.2.0 later") }, want: "450"},
		{name: "no such recipient", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say("RCPT", "550 5.1.1 nobody") }, want: "recipient", refused: true},
		{name: "a sender that may not", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say("MAIL", "550 5.7.1 not you") }, want: "sender"},
		{name: "a message that is not liked", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say(".", "554 5.6.0 spam") }, want: "message", refused: true},
		{name: "a full disk", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say(".", "452 4.3.1 full") }, want: "452"},
		{name: "an answer that is none", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Say("RCPT", "5") }, want: ""},
		{name: "a relay that hangs", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Hang("RCPT", true) }, want: "too long"},
		{name: "a relay that says nothing", secure: "starttls", roots: true, with: func(r *smtptest.Relay) { r.Hang("CONNECT", true) }, want: "too long"},
		{name: "a relay that is silent where TLS should begin", secure: "tls", roots: true, with: func(r *smtptest.Relay) { r.Hang("CONNECT", true) }, want: "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := smtptest.Start(t, c.with)
			to, m := relayOf(r, c.secure), message
			if c.to != nil {
				c.to(&to, &m)
			}
			carrier := smtp.Carrier{Roots: x509.NewCertPool(), Time: time.Second}
			if c.roots {
				carrier.Roots = r.Roots
			}
			err := carrier.Carry(context.Background(), to, m)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, mail.ErrRefused) != c.refused {
				t.Errorf("got %v, want %q, refused for good: %v", err, c.want, c.refused)
			}
			if n := len(r.Mails()); n != 0 {
				t.Errorf("%d mails were taken", n)
			}
		})
	}
}

// What the relay has taken is sent, whatever it says afterwards.
func TestTakenIsTaken(t *testing.T) {
	r := smtptest.Start(t, func(r *smtptest.Relay) {
		r.Say("RSET", "421 4.3.2 going down")
		r.Say("QUIT", "500 what?")
	})
	if err := (smtp.Carrier{Roots: r.Roots}).Carry(context.Background(), relayOf(r, "starttls"), message); err != nil {
		t.Error(err)
	}
}

// The end of the context ends everything, also in the middle of a conversation.
func TestCarryEnds(t *testing.T) {
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Hang("MAIL", true) })
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := (smtp.Carrier{Roots: r.Roots}).Carry(ctx, relayOf(r, "starttls"), message); err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}

// Plain is for this machine alone; what counts is where the connection leads, not what the relay is called.
func TestPlainElsewhere(t *testing.T) {
	ip := outside(t)
	ln, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Skip("no address but loopback")
	}
	defer ln.Close()
	to := mail.Relay{Host: ip, Port: ln.Addr().(*net.TCPAddr).Port, Secure: "none", From: "a@b.example"}
	if err := (smtp.Carrier{Time: time.Second}).Carry(context.Background(), to, message); err == nil || !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("got %v", err)
	}
}

func outside(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("no address but loopback")
	return ""
}
