package main

import (
	"crypto/tls"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"
)

// answering serves a portal of this process.
func answering(t testing.TB, change func(*Config)) (o *instance, address string, log *safeBuffer) {
	t.Helper()
	o = openHere(t, func(c *Config) {
		c.PlainHTTP = false
		change(c)
	})
	log = new(safeBuffer)
	o.log = zerolog.New(log)
	srv, err := o.server()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.connections = o.bound(srv, ln, leastConnections)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = o.accept(srv) }()
	t.Cleanup(func() { _ = srv.Close(); <-ended })
	return o, ln.Addr().String(), log
}

// Handshakes that fail are counted by why they did, once each, and those that do not are not. The log tells of them, without a word of
// a caller's.
func TestHandshakesThatFail(t *testing.T) {
	t.Parallel()
	at, file := time.Now().Add(-time.Hour), filepath.Join(t.TempDir(), "ca.pem")
	ours, theirs := newIssuer(t, "ours"), newIssuer(t, "theirs forged")
	put(t, file, pemOf("CERTIFICATE", ours.cert.Raw), &at)
	guarded, address, log := answering(t, func(c *Config) { c.TLSClientCA, c.TLSClientAuth = file, "require" })
	byACME, acmeAddress, acmeLog := answering(t, func(c *Config) { c.ACMEDomain, c.ACMEDirectory = acmeName, "http://127.0.0.1:1/forged" })
	good := ours.client(time.Now().Add(time.Hour))

	shake := func(address string, config *tls.Config) {
		if config.RootCAs == nil {
			config.InsecureSkipVerify = true
		}
		conn, err := tls.Dial("tcp", address, config)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		_, _ = io.WriteString(conn, "GET /forged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") // 1.3 tells of a refusal behind the handshake
		_, _ = io.Copy(io.Discard, conn)
	}
	say := func(text string) {
		conn := dial(t, address)
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	}
	one := func(c tls.Certificate) []tls.Certificate { return []tls.Certificate{c} }
	want := map[*instance]map[string]float64{}
	for _, c := range []struct {
		name   string
		o      *instance
		do     func()
		reason string // "" of a handshake that is good
	}{
		{"a good one", guarded, func() { shake(address, &tls.Config{Certificates: one(good)}) }, ""},
		{"HTTP", guarded, func() { say("GET /forged HTTP/1.1\r\nHost: forged\r\n\r\n") }, notTLS},
		{"garbage", guarded, func() { say("forged forged forged") }, notTLS},
		{"nothing", guarded, func() { say("") }, brokenOff},
		{"half a record", guarded, func() { say("\x16\x03\x01\x02\x00\x01") }, brokenOff},
		{"no client's certificate", guarded, func() { shake(address, &tls.Config{}) }, badClientCert},
		{"none, 1.2", guarded, func() { shake(address, &tls.Config{MaxVersion: tls.VersionTLS12}) }, badClientCert},
		{"another's", guarded, func() {
			shake(address, &tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				c := theirs.client(time.Now().Add(time.Hour))
				return &c, nil
			}})
		}, badClientCert},
		{"a client who does not trust", guarded, func() { shake(address, &tls.Config{RootCAs: theirs.pool(), ServerName: "forged"}) }, refusedByClient},
		{"an old version", guarded, func() { shake(address, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}) }, noAgreement},
		{"a protocol nobody knows", guarded, func() {
			shake(address, &tls.Config{Certificates: one(good), NextProtos: []string{"forged\"\r\n\\\"forged"}})
		}, noAgreement},
		{"no name, with ACME", byACME, func() { shake(acmeAddress, &tls.Config{}) }, noCertificate},
		{"a name that is not ours", byACME, func() { shake(acmeAddress, &tls.Config{ServerName: "forged.example"}) }, noCertificate},
		{"no certificate to be had", byACME, func() { shake(acmeAddress, &tls.Config{ServerName: acmeName}) }, noCertificate},
	} {
		c.do()
		if want[c.o] == nil {
			want[c.o] = counted(nil)
		}
		if c.reason != "" {
			want[c.o][c.reason]++
		}
		for range 500 { // until net/http has closed it
			if maps.Equal(counted(c.o), want[c.o]) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := counted(c.o); !maps.Equal(got, want[c.o]) {
			t.Fatalf("%s: counted are %v, want %v", c.name, got, want[c.o])
		}
	}
	if got := handshakeFailure(os.ErrDeadlineExceeded); got != noTime {
		t.Errorf("too slow: %s", got)
	}

	// A greeting of HTTP/2 that is none.
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, Certificates: one(good), NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "forged \"forged\" forged forged\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
	conn.Close()
	for _, l := range []*safeBuffer{log, acmeLog} {
		if text := l.String(); strings.Contains(text, "forged") || !strings.Contains(text, "TLS handshake error") {
			t.Errorf("the log:\n%s", text)
		}
	}
	if !strings.Contains(acmeLog.String(), `"level":"info"`) || strings.Contains(acmeLog.String(), `"level":"warn"`) {
		t.Errorf("probes of a port are warned of:\n%s", acmeLog.String())
	}
	if !strings.Contains(log.String(), "bogus greeting ...") {
		t.Errorf("of the greeting nothing is told:\n%s", log.String())
	}
}

// counted is how many handshakes of a portal have failed, by reason; none where there is no portal.
func counted(o *instance) map[string]float64 {
	all := map[string]float64{}
	for _, reason := range handshakeFailures {
		all[reason] = 0
		if o != nil {
			all[reason] = testutil.ToFloat64(o.metrics.handshakes.WithLabelValues(reason))
		}
	}
	return all
}
