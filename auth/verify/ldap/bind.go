package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
)

// maxAnswer is how much is read of a server, certificates and all. The answer to a bind is some hundred bytes.
const maxAnswer = 256 << 10

// Verify binds once. All of it, from the name server to the answer, ends with the context.
func (d *Directory) Verify(ctx context.Context, name string, password secret.Text) (verify.Outcome, error) {
	bind, _, ok := d.name(name)
	if !ok || password == "" {
		return verify.Invalid, nil
	}
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return notAsked(err)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Unix(1, 0)) }) // whatever waits for the server ends
	defer stop()
	conn, err := d.secure(ctx, raw)
	if err != nil {
		return notAsked(err)
	}
	defer conn.Close()
	return ask(conn, bind, password)
}

// ask makes the one bind. Without the control a server does not say why it refuses, and says yes to a user who must change his
// password first.
func ask(conn *ldap.Conn, bind string, password secret.Text) (verify.Outcome, error) {
	r, err := conn.SimpleBind(ldap.NewSimpleBindRequest(bind, string(password), []ldap.Control{ldap.NewControlBeheraPasswordPolicy()}))
	return outcome(r, err)
}

func notAsked(err error) (verify.Outcome, error) {
	return verify.Unavailable, fmt.Errorf("%w: %w", verify.ErrNotAsked, err)
}

// secure answers the connection once it is one with the server that is meant.
func (d *Directory) secure(ctx context.Context, raw net.Conn) (*ldap.Conn, error) {
	raw = &bounded{raw, maxAnswer}
	if d.startTLS {
		conn := ldap.NewConn(raw, false)
		conn.Start()
		if err := conn.StartTLS(d.tls); err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
	over := tls.Client(raw, d.tls)
	if err := over.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	conn := ldap.NewConn(over, true)
	conn.Start()
	return conn, nil
}

// bounded is a connection that ends when too much was read.
type bounded struct {
	net.Conn
	left int
}

var errTooMuch = errors.New("the server's answer is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := io.LimitReader(b.Conn, int64(b.left)).Read(p)
	b.left -= n
	return n, err
}
