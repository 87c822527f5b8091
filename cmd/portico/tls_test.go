package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	stdlog "log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// An issuer is an authority of certificates for tests.
type issuer struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newIssuer(t testing.TB, name string) *issuer {
	t.Helper()
	i := &issuer{t: t}
	i.key = newECKey(t)
	i.cert = i.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, i.key.Public())
	return i
}

func newECKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (i *issuer) sign(c *x509.Certificate, pub any) *x509.Certificate {
	i.t.Helper()
	i.n++
	c.SerialNumber, c.BasicConstraintsValid = big.NewInt(i.n), true
	if c.NotBefore.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(90*24*time.Hour)
	}
	parent := i.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return made
}

// pair is a certificate with its key.
func (i *issuer) pair(c *x509.Certificate) tls.Certificate {
	i.t.Helper()
	key := newECKey(i.t)
	leaf := i.sign(c, key.Public())
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func (i *issuer) server(name string) tls.Certificate {
	return i.pair(&x509.Certificate{DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

func (i *issuer) client(until time.Time) tls.Certificate {
	return i.pair(&x509.Certificate{
		Subject: pkix.Name{CommonName: "caller"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
	})
}

func (i *issuer) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(i.cert)
	return p
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// put writes a file and gives it a time of its own.
func put(t testing.TB, path, text string, at *time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	*at = at.Add(time.Second)
	if err := os.Chtimes(path, *at, *at); err != nil {
		t.Fatal(err)
	}
}

// listening serves h with the settings, as the portal does.
func listening(t testing.TB, config *tls.Config, h http.HandlerFunc) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, TLSConfig: config, ErrorLog: stdlog.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = srv.ServeTLS(ln, "", "") }()
	t.Cleanup(func() { _ = srv.Close(); <-ended })
	return ln.Addr().String()
}

// Certificates are exchanged again and again, each time one file before the other, while callers come and go: none of them fails, and
// all get a certificate that fits its key.
func TestCertificateChangesUnderLoad(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Now().Add(-time.Hour)
	ca := newIssuer(t, "CA")
	given := &Config{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	c := given.certificate(time.Now)
	change := func(between func()) string {
		pair := ca.server("portal.example")
		der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		put(t, given.TLSCert, pemOf("CERTIFICATE", pair.Certificate[0]), &at)
		between()
		put(t, given.TLSKey, pemOf("PRIVATE KEY", der), &at)
		if _, err := c.refresh(); err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.String()
	}
	change(func() {})
	address := listening(t, c.config(), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })

	config := &tls.Config{RootCAs: ca.pool(), ServerName: "portal.example"}
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	var calls atomic.Int64
	for i := range 4 {
		callers.Go(func() {
			tr := &http.Transport{TLSClientConfig: config.Clone(), DisableKeepAlives: i%2 == 0, ForceAttemptHTTP2: i%2 == 1}
			defer tr.CloseIdleConnections()
			for ctx.Err() == nil {
				res, err := (&http.Client{Transport: tr}).Get("https://" + address)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				calls.Add(1)
			}
		})
	}
	serial := ""
	for range 25 {
		serial = change(func() {
			if _, err := c.refresh(); err == nil {
				t.Error("a certificate with another's key is taken")
			}
			for want := calls.Load() + 4; calls.Load() < want && !t.Failed(); {
				time.Sleep(time.Millisecond)
			}
		})
	}
	stop()
	callers.Wait()
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().PeerCertificates[0].SerialNumber.String(); got != serial {
		t.Errorf("certificate %s is shown, want the last, %s", got, serial)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	c := (&Config{place: place{Data: folder(t.TempDir())}, Listen: "127.0.0.1:0"}).certificate(time.Now)
	if _, err := c.refresh(); err != nil {
		t.Fatal(err)
	}
	address := listening(t, c.config(), func(http.ResponseWriter, *http.Request) {})
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// Files that are still being written, in a part or behind the portal's back within one tick of the disk's clock, are not mistaken for
// whole ones: neither a chain nor authorities are missing afterwards.
func TestHalfWrittenCertificates(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	clock := func() time.Time { return now }
	ca := newIssuer(t, "CA")
	pair := ca.server("portal.example")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, chain := pemOf("CERTIFICATE", pair.Certificate[0]), pemOf("CERTIFICATE", pair.Certificate[0])+pemOf("CERTIFICATE", ca.cert.Raw)
	cert, key, callers := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")
	write := func(path, text string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, now, now)); err != nil {
			t.Fatal(err)
		}
	}
	write(key, pemOf("PRIVATE KEY", der))
	c := (&Config{TLSCert: cert, TLSKey: key}).certificate(clock)
	a := &clientCA{file: callers, now: clock}
	refresh := func(text string) error {
		t.Helper()
		write(cert, text)
		write(callers, text)
		_, err := c.refresh()
		if err2 := a.refresh(); (err == nil) != (err2 == nil) {
			t.Fatalf("as a chain: %v; as authorities: %v", err, err2)
		}
		return err
	}
	for n := 0; n < len(chain)-1; n += 13 {
		if err := refresh(chain[:n]); err == nil && (n < len(leaf)-1 || n > len(leaf)+len("-----")) {
			t.Fatalf("%d of %d bytes are taken", n, len(chain))
		}
	}
	if err := refresh(strings.Replace(chain, "\nM", "\nN", 1)); err == nil {
		t.Error("a damaged certificate before a good one is passed over")
	}
	if err := refresh(leaf); err != nil || len(c.current.Load().Certificate) != 1 {
		t.Fatal(err)
	}
	both := ca.pool()
	both.AddCert(pair.Leaf)
	if err := refresh(chain); err != nil || len(c.current.Load().Certificate) != 2 || !a.pool.Load().Equal(both) {
		t.Errorf("what was added within the tick is missing: %v", err)
	}
	was := c.current.Load()
	now = now.Add(time.Minute)
	if err := errors.Join(second(c.refresh()), second(c.refresh())); err != nil {
		t.Fatal(err)
	}
	if is := c.current.Load(); is == was {
		t.Error("it is not read again")
	} else if _, err := c.refresh(); err != nil || c.current.Load() != is {
		t.Errorf("it is read again and again: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// Who may connect is said by the authorities of the file as it is now.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), time.Now().Add(-time.Hour)
	file := filepath.Join(dir, "ca.pem")
	ours, theirs := newIssuer(t, "ours"), newIssuer(t, "theirs")
	put(t, file, pemOf("CERTIFICATE", ours.cert.Raw), &at)
	certs := map[string][]tls.Certificate{
		"none": nil, "ours": {ours.client(time.Now().Add(time.Hour))}, "theirs": {theirs.client(time.Now().Add(time.Hour))},
		"expired": {ours.client(time.Now().Add(-time.Hour))}, "a server's": {ours.server("caller")},
	}
	server := newIssuer(t, "server")
	shown := server.server("portal.example")
	resumed := false // the last call that got in
	open := func(how string) (*clientCA, func(who string, cache tls.ClientSessionCache, max uint16) bool) {
		c := &clientCA{file: file, auth: clientAuth[how], now: time.Now}
		if err := c.refresh(); err != nil {
			t.Fatal(err)
		}
		base := &tls.Config{Certificates: []tls.Certificate{shown}, NextProtos: []string{"h2", "http/1.1"}}
		c.guard(base)
		address := listening(t, base, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
		return c, func(who string, cache tls.ClientSessionCache, max uint16) bool {
			tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
				RootCAs: server.pool(), ServerName: "portal.example", ClientSessionCache: cache, MaxVersion: max,
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { // also one that was not asked for
					if certs[who] == nil {
						return new(tls.Certificate), nil
					}
					return &certs[who][0], nil
				},
			}}
			defer tr.CloseIdleConnections()
			res, err := (&http.Client{Transport: tr}).Get("https://" + address)
			if err != nil {
				return false
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			resumed = res.TLS.DidResume
			return string(body) == "in"
		}
	}
	for how, in := range map[string]string{"require": "ours", "request": "none ours"} {
		_, call := open(how)
		for who := range certs {
			for _, max := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				if got, want := call(who, nil, max), strings.Contains(" "+in+" ", " "+who+" "); got != want {
					t.Errorf("%s, %s, %s: in %v, want %v", how, who, tls.VersionName(max), got, want)
				}
			}
		}
	}
	c, call := open("require")
	for _, max := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		put(t, file, pemOf("CERTIFICATE", ours.cert.Raw), &at)
		if err := c.refresh(); err != nil {
			t.Fatal(err)
		}
		sessions := tls.NewLRUClientSessionCache(4)
		if !call("ours", sessions, max) || call("theirs", nil, max) {
			t.Fatal("before the change")
		}
		put(t, file, "nonsense", &at)
		if err := c.refresh(); err == nil || !call("ours", sessions, max) || !resumed {
			t.Errorf("a file without certificates: %v; resumed: %v", err, resumed)
		}
		put(t, file, pemOf("CERTIFICATE", theirs.cert.Raw), &at)
		if err := c.refresh(); err != nil {
			t.Fatal(err)
		}
		if call("ours", sessions, max) || !call("theirs", nil, max) {
			t.Errorf("%s: the file that was is still what counts", tls.VersionName(max))
		}
	}
	if err := (&clientCA{file: filepath.Join(dir, "missing"), now: time.Now}).refresh(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}
