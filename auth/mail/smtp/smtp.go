// Package smtp owns the handing over of messages to an SMTP relay (RFC 5321). It must not know a letter's life.
//
// It alone imports go-mail, and uses as little of it as it can: go-mail speaks the protocol and writes the message, while
// the connection is opened here. go-mail looks at its context while dialling only, and leaves the connection open when
// what follows fails; a connection of our own ends with the context, whatever it is waiting for.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/portico-vco/portico/auth/mail"
)

// A Carrier hands messages to relays. The zero Carrier trusts the system's certificate authorities.
type Carrier struct {
	Roots *x509.CertPool
	Time  time.Duration // for one message, from the dial to the relay's last word; the default is 30 seconds
}

const defaultTime = 30 * time.Second

// Carry hands one message over. Unless the relay is on this machine and the property says so, nothing is said to it before
// TLS is up and its certificate verified. mail.ErrRefused is answered for what the relay will never take: this recipient,
// or this message. Everything else, a wrong password for instance, may be mended.
func (c Carrier) Carry(ctx context.Context, r mail.Relay, m mail.Message) (err error) {
	defer func() {
		if v := recover(); v != nil { // go-mail indexes into answers without looking how long they are
			err = fmt.Errorf("the relay's answer cannot be understood")
		}
	}()
	msg, err := compose(r, m)
	if err != nil {
		return err
	}
	limit := c.Time
	if limit <= 0 {
		limit = defaultTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l := &line{relay: r, tls: &tls.Config{ServerName: r.Host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}}
	defer l.close()
	stop := context.AfterFunc(ctx, l.close)
	defer stop()
	client, err := gomail.NewClient(r.Host, options(r, l, limit)...)
	if err != nil {
		return err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // what fails after the relay has taken the message is not worth a second one
	}
	return explained(ctx, err)
}

func options(r mail.Relay, l *line, limit time.Duration) []gomail.Option {
	all := []gomail.Option{
		gomail.WithPort(r.Port), gomail.WithTimeout(limit), gomail.WithTLSConfig(l.tls), gomail.WithDialContextFunc(l.dial),
		gomail.WithTLSPolicy(policies[r.Secure]),
	}
	if r.User != "" {
		all = append(all, gomail.WithUsername(r.User), gomail.WithPassword(string(r.Password)),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return all
}

// policies say what go-mail does about TLS. An unknown word is the zero, TLSMandatory. With tls the line is secure before
// go-mail has it, and go-mail only needs to find that out.
var policies = map[string]gomail.TLSPolicy{"none": gomail.NoTLS, "tls": gomail.TLSOpportunistic}

// A line is the connection to a relay.
type line struct {
	relay mail.Relay
	tls   *tls.Config

	mu   sync.Mutex
	conn net.Conn
}

var errPlain = errors.New("mail.smtp.secure is none, and the relay is not on this machine: nothing was sent")

// dial connects. go-mail puts host and port together wrongly when the host is an IPv6 address, so its word is not taken. Where TLS begins with the first byte it is up, and the certificate verified, when dial answers.
func (l *line) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	address := net.JoinHostPort(l.relay.Host, strconv.Itoa(l.relay.Port))
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.keep(conn)
	switch l.relay.Secure {
	case "none":
		if a, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return nil, errPlain
		}
	case "tls":
		secure := tls.Client(conn, l.tls)
		return secure, secure.HandshakeContext(ctx)
	}
	return conn, nil
}

func (l *line) keep(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = c
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
