package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

const acmeName = "portal.example"

// An acmeCA is an authority that speaks as much of RFC 8555 as one order of one name needs. It looks at the portal as a real one does,
// but believes whoever signs.
type acmeCA struct {
	*issuer
	url    string
	offers string // the kind of challenge
	look   func(keyAuthorization, token string) error
	mu     sync.Mutex
	print  string // the thumbprint of the account's key
	valid  bool
	leaf   *x509.Certificate
	orders int
	failed error // of the last look
}

func newACME(t testing.TB, offers string) *acmeCA {
	t.Helper()
	ca := &acmeCA{issuer: newIssuer(t, "ACME CA"), offers: offers}
	srv := httptest.NewServer(ca)
	t.Cleanup(srv.Close)
	ca.url = srv.URL
	return ca
}

const acmeToken = "token-of-a-challenge"

func (ca *acmeCA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	w.Header().Set("Replay-Nonce", fmt.Sprint("nonce", time.Now().UnixNano()))
	jwk, payload := opened(r)
	if jwk != nil {
		ca.print = thumbprint(jwk)
	}
	answer := func(status int, location string, v any) {
		w.Header().Set("Location", ca.url+location)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	type object = map[string]any
	state := map[bool]string{false: "pending", true: "valid"}[ca.valid]
	switch r.URL.Path {
	case "/directory":
		answer(200, "", object{"newNonce": ca.url + "/nonce", "newAccount": ca.url + "/account", "newOrder": ca.url + "/order"})
	case "/nonce":
	case "/account":
		answer(201, "/account/1", object{"status": "valid"})
	case "/order":
		ca.orders++
		answer(201, "/order/1", ca.order())
	case "/order/1":
		answer(200, "/order/1", ca.order())
	case "/authorization":
		answer(200, "", object{"status": state, "identifier": object{"type": "dns", "value": acmeName},
			"challenges": []any{object{"type": ca.offers, "url": ca.url + "/challenge", "token": acmeToken, "status": state}}})
	case "/challenge":
		ca.failed = ca.look(acmeToken+"."+ca.print, acmeToken)
		ca.valid = ca.failed == nil
		answer(200, "", object{"type": ca.offers, "url": ca.url + "/challenge", "token": acmeToken, "status": "processing"})
	case "/finalize":
		var in struct{ CSR string }
		_ = json.Unmarshal(payload, &in)
		der, _ := base64.RawURLEncoding.DecodeString(in.CSR)
		if req, err := x509.ParseCertificateRequest(der); err == nil && ca.valid {
			ca.leaf = ca.sign(&x509.Certificate{DNSNames: req.DNSNames, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, req.PublicKey)
		}
		answer(200, "/order/1", ca.order())
	case "/certificate":
		_, _ = io.WriteString(w, pemOf("CERTIFICATE", ca.leaf.Raw)+pemOf("CERTIFICATE", ca.cert.Raw))
	default:
		w.WriteHeader(404)
	}
}

func (ca *acmeCA) order() map[string]any {
	o := map[string]any{
		"status": "pending", "identifiers": []any{map[string]any{"type": "dns", "value": acmeName}},
		"authorizations": []string{ca.url + "/authorization"}, "finalize": ca.url + "/finalize",
	}
	if ca.valid {
		o["status"] = "ready"
	}
	if ca.leaf != nil {
		o["status"], o["certificate"] = "valid", ca.url+"/certificate"
	}
	return o
}

// opened is the account's key, where a request brings it, and what it says.
func opened(r *http.Request) (jwk map[string]string, payload []byte) {
	var in struct{ Protected, Payload string }
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		return nil, nil
	}
	head, _ := base64.RawURLEncoding.DecodeString(in.Protected)
	var h struct{ JWK map[string]string }
	_ = json.Unmarshal(head, &h)
	payload, _ = base64.RawURLEncoding.DecodeString(in.Payload)
	return h.JWK, payload
}

// thumbprint is that of RFC 7638.
func thumbprint(jwk map[string]string) string {
	digest := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// lookByTLS is what an authority does for TLS-ALPN-01 (RFC 8737).
func lookByTLS(address, keyAuthorization string) error {
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: acmeName, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	digest := sha256.Sum256([]byte(keyAuthorization))
	want, _ := asn1.Marshal(digest[:])
	for _, e := range conn.ConnectionState().PeerCertificates[0].Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && bytes.Equal(e.Value, want) {
			return calledOnChallenge(conn)
		}
	}
	return errors.New("the certificate does not answer the challenge")
}

// calledOnChallenge makes a call on a connection for which nobody asked for a certificate.
func calledOnChallenge(conn *tls.Conn) error {
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", acmeName)
	got, _ := io.ReadAll(conn)
	if len(got) > 0 {
		return fmt.Errorf("a call on the connection of a challenge is answered: %s", got)
	}
	return nil
}

// lookByHTTP is what it does for HTTP-01.
func lookByHTTP(address, keyAuthorization, token string) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/.well-known/acme-challenge/"+token, nil)
	if err != nil {
		return err
	}
	req.Host = acmeName
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != keyAuthorization {
		return fmt.Errorf("%s %q", res.Status, body)
	}
	return nil
}

// A portal gets its certificate by itself, in both ways, also where callers must show one; keeps it over a restart; and shows it for
// its own name alone.
func TestACME(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"tls-alpn-01", "http-01"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir, ca := t.TempDir(), newACME(t, kind)
			callers, at := newIssuer(t, "callers"), time.Now().Add(-time.Hour)
			caFile := filepath.Join(t.TempDir(), "ca.pem")
			put(t, caFile, pemOf("CERTIFICATE", callers.cert.Raw), &at)
			args := serveArgs(dir, "--acme-domain", acmeName, "--acme-directory", ca.url+"/directory", "--acme-http", "127.0.0.1:0",
				"--tls-client-ca", caFile)
			ca.mu.Lock() // it answers when it knows where the portal is
			p := serving(t, args...)
			web := p.logged(`"listen":"([^"]+)",[^\n]*"message":"ACME challenges"`)
			address := strings.TrimPrefix(p.url, "https://")
			ca.look = func(keyAuthorization, token string) error {
				if kind == "http-01" {
					return lookByHTTP(web, keyAuthorization, token)
				}
				return lookByTLS(address, keyAuthorization)
			}
			ca.mu.Unlock()

			call := func(name string, certs ...tls.Certificate) (*http.Response, error) {
				c := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
					DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: ca.pool(), ServerName: name, Certificates: certs}}}
				return c.Post("https://"+address+"/portal", "", strings.NewReader(`{}`))
			}
			caller := callers.client(time.Now().Add(time.Hour))
			res, err := call(acmeName, caller)
			if err != nil {
				t.Fatalf("%v; the authority: %v\n%s", err, ca.failed, p.stderr.String())
			}
			if got := res.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
				t.Errorf("Strict-Transport-Security is %q", got)
			}
			if _, err := call("other.example", caller); err == nil {
				t.Error("another name is served")
			}
			if _, err := call(acmeName); err == nil {
				t.Error("a caller without a certificate is let in")
			}
			if status, _ := get(t, "http://"+web+"/portal"); status != 404 {
				t.Errorf("the listener of challenges answers %d", status)
			}
			p.stop()
			checkModes(t, dir)
			names, err := filesLike(folder(dir).acme(), "*")
			if err != nil || len(names) != 2 || !slices.Contains(names, filepath.Join(folder(dir).acme(), acmeName)) {
				t.Errorf("kept are %v, %v: want the account's key and the certificate", names, err)
			}

			orders := ca.orders
			p = serving(t, args...)
			address = strings.TrimPrefix(p.url, "https://")
			if _, err := call(acmeName, caller); err != nil || ca.orders != orders || orders != 1 {
				t.Errorf("after a restart: %v, %d orders, before %d", err, ca.orders, orders)
			}
			p.stop()
		})
	}
}

// An authority that does not answer keeps the portal neither from starting nor from ending.
func TestACMEOutOfReach(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	p := serving(t, serveArgs(t.TempDir(), "--acme-domain", acmeName, "--acme-directory", silent.URL)...)
	begun := time.Now()
	p.stop()
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v to end", took)
	}
	silent.CloseClientConnections()
}

// Names cannot lead out of the folder.
func TestACMECache(t *testing.T) {
	t.Parallel()
	ctx, outside := context.Background(), t.TempDir()
	d := acmeCache(filepath.Join(outside, "tls", "acme"))
	if _, err := d.Get(ctx, "x"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("no folder: %v", err)
	}
	if err := d.Delete(ctx, "x"); err != nil {
		t.Errorf("nothing to delete: %v", err)
	}
	for _, name := range []string{"portal.example+rsa", "../../x", "/etc/x", "a/../../../b"} {
		if err := d.Put(ctx, name, []byte(name)); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Get(ctx, name); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 1 {
		t.Errorf("outside of the folder: %v, %v", left, err)
	}
	checkModes(t, filepath.Join(outside, "tls", "acme"))
	if err := d.Delete(ctx, "portal.example+rsa"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(ctx, "portal.example+rsa"); !errors.Is(err, autocert.ErrCacheMiss) {
		t.Errorf("deleted: %v", err)
	}
}
