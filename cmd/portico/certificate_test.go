package main

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func leaf(t *testing.T, c *certificate) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(c.current.Load().Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSelfSigned(t *testing.T) {
	t.Parallel()
	now := time.Now()
	config := &Config{place: place{Data: folder(t.TempDir())}, Listen: "portal.example:8443"}
	c := config.certificate(func() time.Time { return now })
	if news, err := c.refresh(); err != nil || news == "" {
		t.Fatalf("%q, %v", news, err)
	}
	first := leaf(t, c)
	roots := x509.NewCertPool()
	roots.AddCert(first)
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "portal.example"} {
		if _, err := first.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if news, err := c.refresh(); err != nil || news != "" || !leaf(t, c).Equal(first) {
		t.Errorf("a second start: %q, %v", news, err)
	}

	now = first.NotAfter.Add(time.Second)
	news, err := c.refresh()
	if err != nil || !strings.Contains(news, "expired") {
		t.Fatalf("%q, %v", news, err)
	}
	second := leaf(t, c)
	if second.Equal(first) || !second.NotAfter.After(now) || string(second.RawSubjectPublicKeyInfo) != string(first.RawSubjectPublicKeyInfo) {
		t.Error("want a new certificate of the same key")
	}
}

// What is interrupted between the two files is made good, and what somebody put there himself is left alone.
func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	config := &Config{place: place{Data: folder(t.TempDir())}, Listen: "127.0.0.1:0"}
	if _, err := config.certificate(time.Now).refresh(); err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(config.Data.tls(), "cert.pem"), filepath.Join(config.Data.tls(), "key.pem")
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	if _, err := config.certificate(time.Now).refresh(); err != nil {
		t.Errorf("a key without a certificate: %v", err)
	}

	given := &Config{place: place{Data: folder(t.TempDir())}, Listen: "127.0.0.1:0", TLSCert: cert, TLSKey: key}
	c := given.certificate(func() time.Time { return time.Now().Add(10 * validity) })
	if news, err := c.refresh(); err != nil || !strings.Contains(news, "ended on") {
		t.Errorf("a given certificate, expired: %q, %v", news, err)
	}
	if news, err := c.refresh(); err != nil || news != "" {
		t.Errorf("it is told again: %q, %v", news, err)
	}
	was := leaf(t, c)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	if _, err := c.refresh(); err == nil || !leaf(t, c).Equal(was) {
		t.Errorf("a given certificate, removed: %v", err)
	}
	if _, err := config.certificate(time.Now).refresh(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.refresh(); err != nil || leaf(t, c).Equal(was) {
		t.Errorf("a given certificate, replaced: %v", err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := given.certificate(time.Now).refresh(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that everybody can read: %v", err)
	}
}
