package main

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// A certificate is what the portal shows its callers. Its files are read again when they change.
type certificate struct {
	certFile, keyFile string
	host              string // that a self-signed one must name, or the domain; "" says that the certificate is not ours to make
	now               func() time.Time
	acme              *autocert.Manager // who gets the certificate; nil when it is in the files

	current atomic.Pointer[tls.Certificate]
	public  string       // by which clients reach the portal, if that is set
	as      [2]time.Time // the files' times when they were read
}

// selfSigned is the common name of the certificates that are ours to renew.
const selfSigned = "Portico (self-signed)"

const validity = 2 * 365 * 24 * time.Hour

// certificate is the one the settings name, or else the self-signed one.
func (c *Config) certificate(now func() time.Time) *certificate {
	if c.ACMEDomain != "" {
		return &certificate{host: c.ACMEDomain, now: now, acme: c.manager()}
	}
	if c.TLSCert != "" {
		return &certificate{certFile: c.TLSCert, keyFile: c.TLSKey, now: now}
	}
	host, _, _ := net.SplitHostPort(c.Listen)
	if host == "" {
		host = "localhost"
	}
	dir := c.Data.tls()
	return &certificate{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), host: host, public: hostOf(c.PublicAddress), now: now}
}

// hostOf is the host of a host or host:port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// refresh reads the files if they have changed, and makes a self-signed certificate where there is none or it has
// expired. news says what was made. After an error the certificate in use stays.
func (c *certificate) refresh() (news string, err error) {
	if c.acme != nil {
		return "", nil // it renews by itself
	}
	if c.host != "" {
		if news, err = c.sign(); err != nil {
			return "", fmt.Errorf("certificate: %w", err)
		}
	}
	is, err := c.files()
	if err != nil {
		return "", fmt.Errorf("certificate: %w", err)
	}
	if c.current.Load() != nil && c.as == [2]time.Time{is[0].ModTime(), is[1].ModTime()} {
		return news, nil
	}
	if err := private(c.keyFile, 0o007); err != nil {
		return "", err
	}
	pair, err := c.pair()
	if err != nil {
		return "", fmt.Errorf("certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	now := c.now()
	c.as = [2]time.Time{readAs(is[0], now), readAs(is[1], now)}
	if was := c.current.Swap(&pair); was == nil || !was.Leaf.Equal(pair.Leaf) {
		news = cmp.Or(news, outOfTime(pair.Leaf, now, c.certFile))
	}
	return news, nil
}

func (c *certificate) pair() (tls.Certificate, error) {
	chain, err1 := os.ReadFile(c.certFile)
	key, err2 := os.ReadFile(c.keyFile)
	if err := cmp.Or(err1, err2, wholePEM(chain)); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(chain, key)
}

// wholePEM refuses what is damaged or has its end cut off, as files have that are still being written. What reads certificates passes
// over it, and those that were to come would be missing.
func wholePEM(data []byte) error {
	blocks := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err != nil && block.Type == "CERTIFICATE" {
			return fmt.Errorf("certificate %d in it: %w", blocks+1, err)
		}
		blocks++
	}
	if blocks != bytes.Count(data, []byte("-----B")) {
		return errors.New("a part of it is no PEM: it is damaged, or still being written")
	}
	return nil
}

func (c *certificate) files() (is [2]fs.FileInfo, err error) {
	cert, err1 := os.Stat(c.certFile)
	key, err2 := os.Stat(c.keyFile)
	return [2]fs.FileInfo{cert, key}, cmp.Or(err1, err2)
}

// outOfTime tells of a certificate that clients refuse for its time. It is shown all the same: whoever gave it may know why.
func outOfTime(cert *x509.Certificate, now time.Time, file string) string {
	switch {
	case now.After(cert.NotAfter):
		return fmt.Sprintf("the certificate ended on %s, clients will refuse it: %s", cert.NotAfter.Format(time.RFC3339), file)
	case now.Before(cert.NotBefore):
		return fmt.Sprintf("the certificate begins on %s, clients will refuse it before: %s", cert.NotBefore.Format(time.RFC3339), file)
	}
	return ""
}

// ends is when the certificate in use does, if there is one yet.
func (c *certificate) ends() (at time.Time, ok bool) {
	cert := c.current.Load()
	if cert == nil {
		return at, false
	}
	return cert.Leaf.NotAfter, true
}

// config is the TLS settings of the server.
func (c *certificate) config() *tls.Config {
	protocols := []string{"h2", "http/1.1"}
	if c.acme != nil {
		protocols = append(protocols, acme.ALPNProto)
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     protocols,
		GetCertificate: c.get,
	}
}

// sign makes the self-signed certificate if it is needed. The key is written first and kept for ever after: whatever
// this is interrupted by, the two files fit.
func (c *certificate) sign() (news string, err error) {
	old, err := c.old()
	if err != nil {
		return "", err
	}
	if old != nil && (old.Subject.CommonName != selfSigned || c.now().Before(old.NotAfter)) {
		return "", nil
	}
	if err := makeFolder(filepath.Dir(c.certFile)); err != nil {
		return "", err
	}
	key, err := c.key()
	if err != nil {
		return "", err
	}
	der, err := c.template(key)
	if err != nil {
		return "", err
	}
	if err := writeFile(c.certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		return "", err
	}
	if old == nil {
		return "a self-signed certificate was made: " + c.certFile, nil
	}
	return "the self-signed certificate had expired; a new one was made: " + c.certFile, nil
}

func (c *certificate) old() (*x509.Certificate, error) {
	data, err := os.ReadFile(c.certFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate; remove it to have a new one made", c.certFile)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove it to have a new one made", c.certFile, err)
	}
	return cert, nil
}

// key is the private key of the self-signed certificate; it is made once.
func (c *certificate) key() (*ecdsa.PrivateKey, error) {
	data, err := os.ReadFile(c.keyFile)
	if err == nil {
		return parseKey(c.keyFile, data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(c.keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func parseKey(path string, data []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no private key; remove it to have a new one made", path)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := k.(*ecdsa.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, fmt.Errorf("%s holds no ECDSA key; remove it to have a new one made", path)
}

func (c *certificate) template(key *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: selfSigned},
		NotBefore:    c.now().Add(-time.Hour), // for callers whose clock is late
		NotAfter:     c.now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		BasicConstraintsValid: true,
	}
	names := []string{"localhost", "127.0.0.1", "::1", c.host, c.public}
	if h, err := os.Hostname(); err == nil {
		names = append(names, h)
	}
	for _, n := range names {
		name(t, n)
	}
	return x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
}

// name adds a name or an address once.
func name(t *x509.Certificate, s string) {
	ip := net.ParseIP(s)
	switch {
	case ip == nil && s != "" && !slices.Contains(t.DNSNames, s):
		t.DNSNames = append(t.DNSNames, s)
	case ip != nil && !ip.IsUnspecified() && !slices.ContainsFunc(t.IPAddresses, ip.Equal):
		t.IPAddresses = append(t.IPAddresses, ip)
	}
}
