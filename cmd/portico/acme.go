package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// acmeTime is how long a request to the certificate authority may take.
const acmeTime = 30 * time.Second

// manager gets the certificate of a domain from an authority that speaks ACME (RFC 8555), keeps it in the data folder, and renews it.
func (c *Config) manager() *autocert.Manager {
	return &autocert.Manager{
		Prompt:     autocert.AcceptTOS, // by giving --acme-domain, as the manual says
		Cache:      acmeCache(c.Data.acme()),
		HostPolicy: autocert.HostWhitelist(c.ACMEDomain),
		Email:      c.ACMEEmail,
		Client:     &acme.Client{DirectoryURL: c.ACMEDirectory, HTTPClient: &http.Client{Timeout: acmeTime}, UserAgent: "portico/" + buildVersion()},
	}
}

// get answers the certificate of a handshake, and remembers that of the domain, for the metrics.
func (c *certificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.acme == nil {
		return c.current.Load(), nil
	}
	cert, err := c.acme.GetCertificate(hello)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoCertificate, err)
	}
	if !isChallenge(hello) {
		c.current.Store(cert)
	}
	return cert, nil
}

// fetch gets the certificate before the first caller wants it. autocert takes no context: when ctx ends, it has a moment left to keep
// what it got, for authorities give only so many a week.
func (c *certificate) fetch(ctx context.Context) error {
	got := make(chan error, 1)
	go func() {
		_, err := c.get(&tls.ClientHelloInfo{ServerName: c.host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
		got <- err
	}()
	late := make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.Sleep(flushTime); close(late) })()
	select {
	case err := <-got:
		if err != nil {
			return fmt.Errorf("certificate of %s: %w; it is asked for again in an hour, or by a caller who needs it", c.host, err)
		}
		return nil
	case <-late:
		return ctx.Err()
	}
}

// isChallenge says whether a handshake is the authority's, who looks whether the domain is ours (RFC 8737). net/http answers nothing on
// its connection.
func isChallenge(hello *tls.ClientHelloInfo) bool {
	return slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto})
}

// listenChallenges opens the listener of serveChallenges; nil when there is to be none.
func (c *Config) listenChallenges() (net.Listener, error) {
	if c.ACMEHTTP == "" {
		return nil, nil
	}
	ln, err := net.Listen("tcp", c.ACMEHTTP)
	if err != nil {
		return nil, fmt.Errorf("--acme-http: %w", err)
	}
	return ln, nil
}

// serveChallenges answers the authority's look over plain HTTP (HTTP-01), and nothing else, until stop is called.
func (o *instance) serveChallenges(ln net.Listener) (stop func()) {
	if ln == nil {
		return func() {}
	}
	return o.beside(o.httpServer(o.certificate.acme.HTTPHandler(http.NotFoundHandler())), ln, "ACME challenges")
}

// An acmeCache is the folder of what autocert keeps: the account's key, and certificates with their keys.
type acmeCache string

// Get answers autocert.ErrCacheMiss for what is not there.
func (d acmeCache) Get(_ context.Context, name string) ([]byte, error) {
	data, err := os.ReadFile(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, autocert.ErrCacheMiss
	}
	return data, err
}

// Put writes a file that nobody else may read, whole or not at all.
func (d acmeCache) Put(_ context.Context, name string, data []byte) error {
	if err := makeFolder(string(d)); err != nil {
		return err
	}
	return writeFile(d.path(name), data)
}

// Delete removes a file, if it is there.
func (d acmeCache) Delete(_ context.Context, name string) error {
	if err := os.Remove(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// path is a file of the folder, whatever the name.
func (d acmeCache) path(name string) string {
	return filepath.Join(string(d), filepath.Base(filepath.Clean("/"+name)))
}
