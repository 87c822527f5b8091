package sink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth/ship"
)

// A syslog sends messages of RFC 5424 over TCP, framed by their length: RFC 6587, or RFC 5425 if over TLS.
//
// Nobody answers there. What a receiver had not kept when a connection broke is known to neither side, so a new one begins with the
// batch that the old one ended with.
type syslog struct {
	address string
	host    string
	tls     *tls.Config // nil: in the clear
	conn    net.Conn
	last    []byte // the frames of the last batch that was sent
}

// Send writes the events. The connection is let go of behind a failure.
func (s *syslog) Send(ctx context.Context, events []ship.Event) (err error) {
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	if s.conn != nil && !alive(s.conn) {
		_ = s.Close()
	}
	if s.conn == nil {
		if err := s.dial(ctx); err != nil {
			return err
		}
	}
	var frames []byte
	for _, e := range events {
		frames = appendFrame(frames, s.host, e)
	}
	if err := write(ctx, s.conn, frames); err != nil {
		return err
	}
	s.last = frames
	return nil
}

func (s *syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

func (s *syslog) dial(ctx context.Context) (err error) {
	if s.tls == nil {
		s.conn, err = new(net.Dialer).DialContext(ctx, "tcp", s.address)
	} else {
		s.conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", s.address)
	}
	if err != nil {
		s.conn = nil
		return err
	}
	return write(ctx, s.conn, s.last)
}

// write gives up when ctx ends. The connection is good for nothing then.
func write(ctx context.Context, c net.Conn, b []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := c.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("the receiver takes nothing")
	}
	return err
}

// alive says whether the other side has not closed. Receivers say nothing, so there is nothing else to read.
func alive(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// logAudit is the facility: log audit.
const logAudit = 13

// severities are those of RFC 5424, by those of events.
var severities = map[string]int{
	"EMERGENCY": 0, "ALERT": 1, "CRITICAL": 2, "ERROR": 3, "WARNING": 4, "NOTICE": 5, "INFO": 6, "DEBUG": 7,
}

// appendFrame writes an event as a message behind its length. What it is called is the MSGID; the message is the line.
func appendFrame(b []byte, host string, e ship.Event) []byte {
	severity, known := severities[e.Severity]
	if !known {
		severity = severities["NOTICE"]
	}
	m := fmt.Appendf(nil, "<%d>1 %s %s portico - %s - %s", logAudit*8+severity,
		e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), host, word(e.Name, 32), e.Line)
	return fmt.Appendf(b, "%d %s", len(m), m)
}

// word is text as a field of a header may have it: printable, not longer than that, and - for nothing.
func word(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}
