package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
)

// A clientCA is the authorities whose certificates callers may, or must, show before anybody listens to them. Such a certificate
// admits to the listener and proves nothing else: who calls is told by session or token. Its file is read again when it changes.
type clientCA struct {
	file string
	auth tls.ClientAuthType

	pool atomic.Pointer[x509.CertPool]
	as   time.Time // the file's time when it was read
	now  func() time.Time
}

// The words of --tls-client-auth.
var clientAuth = map[string]tls.ClientAuthType{
	"request": tls.VerifyClientCertIfGiven,
	"require": tls.RequireAndVerifyClientCert,
}

// refresh reads the file if it has changed. After an error the authorities in use stay.
func (c *clientCA) refresh() error {
	info, err := os.Stat(c.file)
	if err != nil {
		return fmt.Errorf("--tls-client-ca: %w", err)
	}
	if c.as.Equal(info.ModTime()) {
		return nil
	}
	data, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("--tls-client-ca: %w", err)
	}
	pool, err := poolOf(data)
	if err != nil {
		return fmt.Errorf("--tls-client-ca %s: %w", c.file, err)
	}
	c.as = readAs(info, c.now())
	c.pool.Store(pool)
	return nil
}

func poolOf(data []byte) (*x509.CertPool, error) {
	if err := wholePEM(data); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return pool, nil
}

// guard has a server ask for certificates. Those of a session that is resumed are held against the authorities, too.
func (c *clientCA) guard(base *tls.Config) {
	open := base.Clone()
	challenged := slices.Contains(base.NextProtos, acme.ALPNProto)
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if challenged && isChallenge(hello) {
			return open, nil
		}
		guarded := open.Clone()
		guarded.ClientAuth, guarded.ClientCAs = c.auth, c.pool.Load()
		return guarded, nil
	}
}
