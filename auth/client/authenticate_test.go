package client_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
)

const refusal = "the client is unknown, or did not show who it is"

// TestWhoIsRefused: whatever is wrong has one answer, and the event says what it was.
func TestWhoIsRefused(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	svc, svcCred := h.newClient("backup", 12)
	off, offCred := h.newClient("off", 12)
	_, err := h.clients.UpdateAPIClient(ctx, h.admin, h.acme, off.ID, inactive)
	h.must(err)
	gone, goneCred := h.newClient("gone", 12)
	_, err = h.clients.DeleteAPIClient(ctx, h.admin, h.acme, gone.ID, 0)
	h.must(err)
	for what, c := range map[string]client.Credential{
		"nothing":                 {},
		"no secret":               {ClientID: "backup"},
		"not the form of one":     {ClientID: "backup", Secret: "x"},
		"another's secret":        {ClientID: "backup", Secret: cred.Secret},
		"another's client id":     {ClientID: app.ClientID, Secret: svcCred.Secret},
		"unknown":                 {ClientID: "nobody", Secret: svcCred.Secret},
		"in another letter case":  {ClientID: "Backup", Secret: svcCred.Secret},
		"the number for the id":   {ClientID: fmt.Sprint(svc.ID), Secret: svcCred.Secret},
		"the username for the id": {ClientID: "service-account-backup", Secret: svcCred.Secret},
		"white space":             {ClientID: "backup ", Secret: svcCred.Secret},
		"a very long id":          {ClientID: strings.Repeat("x", 1<<16), Secret: svcCred.Secret},
		"zero bytes":              {ClientID: "backup\x00", Secret: svcCred.Secret},
		"switched off":            offCred,
		"deleted":                 goneCred,
		"a secret and more":       {ClientID: "backup", Secret: svcCred.Secret, Assertion: "x.y.z"},
	} {
		h.pass(time.Minute) // who fails often is answered otherwise
		if _, err := h.clients.Issue(ctx, call, c, client.Request{}); kind(err) != fmt.Sprintf("%d: %s", auth.Unauthenticated, refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, org := range []string{"2", "enterprise/2", "999", "x", "operator/1", "partner/1"} {
		for _, c := range []client.Credential{cred, svcCred} {
			if _, err := h.clients.Issue(ctx, call, c, client.Request{Organisation: org}); word(err) != "invalid_target" {
				t.Errorf("%s in %q: %v", c.ClientID, org, err)
			}
		}
	}
	for _, org := range []string{"1", "enterprise/1", ""} {
		h.issue(svcCred, client.Request{Organisation: org})
	}
}

// TestWorkOfARefusal: garbage costs no look into the store, and that a client is unknown as much as that the secret is wrong.
func TestWorkOfARefusal(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	_, other := h.newClient("other", 12)
	work := func(c client.Credential) string {
		h.pass(time.Hour)
		h.must(h.accounts.FlushRefusals(ctx, true))
		h.engine.take()
		_, _ = h.clients.Issue(ctx, call, c, client.Request{})
		views, commits := h.engine.take()
		return fmt.Sprintf("%d views, %d commits", views, commits)
	}
	wrong, unknown := work(client.Credential{ClientID: "backup", Secret: other.Secret}), work(client.Credential{ClientID: "nobody", Secret: other.Secret})
	if wrong != unknown || wrong != "1 views, 1 commits" { // to look, and to tell
		t.Errorf("wrong secret: %s; unknown client: %s", wrong, unknown)
	}
	other.Secret = cred.Secret[:56] + map[bool]secret.Text{true: "y", false: "x"}[cred.Secret[56:] == "x"]
	if got := work(client.Credential{ClientID: "backup", Secret: other.Secret}); got != "0 views, 1 commits" {
		t.Errorf("garbage: %s", got)
	}
}

// TestNobodyIsLockedOut: who fails is slowed down where he is; the client itself is served, from there too.
func TestNobodyIsLockedOut(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	_, other := h.newClient("other", 12)
	fail := func(id, from string) string {
		c := call
		c.Source = from
		_, err := h.clients.Issue(ctx, c, client.Credential{ClientID: id, Secret: other.Secret}, client.Request{})
		return map[auth.Kind]string{auth.Unauthenticated: "refused", auth.Busy: "slow"}[auth.KindOf(err)]
	}
	for i := range 10 {
		if got := fail("backup", "192.0.2.7"); got != "refused" {
			t.Fatalf("failure %d: %s", i, got)
		}
	}
	if got := fail("backup", "192.0.2.7"); got != "slow" {
		t.Errorf("the eleventh failure: %s", got)
	}
	c := call
	c.Source = "192.0.2.7"
	if _, err := h.clients.Issue(ctx, c, cred, client.Request{}); err != nil {
		t.Errorf("the right secret from there: %v", err)
	}
	if got := fail("backup", "192.0.2.8"); got != "refused" {
		t.Errorf("from elsewhere: %s", got)
	}
	if got := fail("nobody", "192.0.2.7"); got != "refused" {
		t.Errorf("for another client from there: %s", got)
	}
	h.pass(6 * time.Second)
	if a, b := fail("backup", "192.0.2.7"), fail("backup", "192.0.2.7"); a != "refused" || b != "slow" {
		t.Errorf("six seconds later: %s, %s", a, b)
	}
	// Many ids from one place, of which no more is kept than the bound.
	slow := 0
	for i := range 5000 {
		if fail(fmt.Sprint("id", i), "198.51.100.1") == "slow" {
			slow++
		}
	}
	if slow != 5000-60 {
		t.Errorf("of 5000 failures from one place %d were slowed down, want all but 60", slow)
	}
	if _, err := h.clients.Issue(ctx, call, cred, client.Request{}); err != nil {
		t.Errorf("after a flood: %v", err)
	}
	if got := fail("backup", "203.0.113.1"); got != "refused" {
		t.Errorf("a new place after a flood: %s", got)
	}
	if n := len(h.events(h.acme)); n > 40 {
		t.Errorf("a flood of failures leaves %d events", n)
	}
}

// A signer is a key that a client may have.
type signer struct {
	name string
	jwk  object
	alg  string
	sign func(text []byte) []byte
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func digest(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:]
}

func signers(t *testing.T) []signer {
	t.Helper()
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ec.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	rsaKey := object{"kty": "RSA", "n": b64(r.N.Bytes()), "e": b64(big.NewInt(int64(r.E)).Bytes())}
	return []signer{
		{"Ed25519", object{"kty": "OKP", "crv": "Ed25519", "x": b64(public)}, "EdDSA", func(text []byte) []byte { return ed25519.Sign(ed, text) }},
		{"P-256", object{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}, "ES256", func(text []byte) []byte {
			x, y, err := ecdsa.Sign(rand.Reader, ec, digest(text))
			if err != nil {
				t.Fatal(err)
			}
			return append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...)
		}},
		{"RSA, PKCS", rsaKey, "RS256", func(text []byte) []byte {
			out, err := rsa.SignPKCS1v15(nil, r, crypto.SHA256, digest(text))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}},
		{"RSA, PSS", rsaKey, "PS256", func(text []byte) []byte {
			out, err := rsa.SignPSS(rand.Reader, r, crypto.SHA256, digest(text), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}},
	}
}

func (s signer) token(header, claims object) secret.Text {
	text := part(with(object{"alg": s.alg, "typ": "JWT"}, header)) + "." + part(claims)
	return secret.Text(text + "." + b64(s.sign([]byte(text))))
}

func keySet(keys ...object) []byte {
	b, _ := json.Marshal(object{"keys": keys})
	return b
}

const tokenEndpoint = "https://portal.example/oauth2/token"

func (h *house) asserted(id string, token secret.Text) error {
	_, err := h.clients.Issue(ctx, call, client.Credential{
		ClientID: id, Assertion: token, Audience: []string{"https://portal.example", tokenEndpoint},
	}, client.Request{})
	return err
}

// TestAssertions: private_key_jwt with each kind of key (RFC 7523), and everything that is wrong with one.
func TestAssertions(t *testing.T) {
	h := build(t)
	all := signers(t)
	for _, s := range all {
		app, text, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{Name: s.name, Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keySet(s.jwk)})
		h.must(err)
		if text != "" {
			t.Errorf("%s: it got a secret", s.name)
		}
		now := h.clock().Unix()
		good := func() object {
			return object{"iss": app.ClientID, "sub": app.ClientID, "aud": tokenEndpoint, "iat": now, "exp": now + 60, "jti": fmt.Sprint("j", h.next())}
		}
		for what, claims := range map[string]object{
			"plain":               good(),
			"the issuer as aud":   with(good(), object{"aud": "https://portal.example"}),
			"several aud":         with(good(), object{"aud": []string{"x", tokenEndpoint}}),
			"a fraction":          with(good(), object{"exp": float64(now) + 60.5}),
			"a clock that is off": with(good(), object{"iat": now + 20, "nbf": now + 20}),
		} {
			token := s.token(nil, claims)
			if err := h.asserted("", token); err != nil {
				t.Errorf("%s, %s: %v", s.name, what, err)
			}
			if err := h.asserted(app.ClientID, token); auth.KindOf(err) != auth.Unauthenticated {
				t.Errorf("%s, %s, shown again: %v", s.name, what, err)
			}
		}
		text64 := part(object{"alg": "HS256"}) + "." + part(good())
		mac := hmac.New(sha256.New, keySet(s.jwk))
		mac.Write([]byte(text64))
		for what, token := range map[string]secret.Text{
			"another iss":        s.token(nil, with(good(), object{"iss": "backup"})),
			"another sub":        s.token(nil, with(good(), object{"sub": "backup"})),
			"another aud":        s.token(nil, with(good(), object{"aud": "https://other.example/token"})),
			"no aud":             s.token(nil, with(good(), object{"aud": nil})),
			"an empty aud":       s.token(nil, with(good(), object{"aud": []string{}})),
			"no exp":             s.token(nil, with(good(), object{"exp": nil})),
			"expired":            s.token(nil, with(good(), object{"exp": now})),
			"far ahead":          s.token(nil, with(good(), object{"exp": now + 1000})),
			"absurdly far ahead": s.token(nil, with(good(), object{"exp": 1e300})),
			"not yet valid":      s.token(nil, with(good(), object{"nbf": now + 100})),
			"from the future":    s.token(nil, with(good(), object{"iat": now + 100})),
			"no jti":             s.token(nil, with(good(), object{"jti": nil})),
			"a long jti":         s.token(nil, with(good(), object{"jti": strings.Repeat("x", 256)})),
			"nested":             s.token(object{"cty": "JWT"}, good()),
			"another kid":        s.token(object{"kid": "x"}, good()),
			"too long":           s.token(nil, with(good(), object{"x": strings.Repeat("x", 5000)})),
			"alg none":           secret.Text(part(object{"alg": "none"}) + "." + part(good()) + "."),
			"HS256":              secret.Text(text64 + "." + b64(mac.Sum(nil))),
			"no token":           "x",
		} {
			if err := h.asserted("", token); auth.KindOf(err) != auth.Unauthenticated && auth.KindOf(err) != auth.Busy {
				t.Errorf("%s, %s: %v", s.name, what, err)
			}
		}
		for _, o := range all {
			if o.name != s.name && o.jwk["kty"] != s.jwk["kty"] {
				if err := h.asserted("", o.token(nil, good())); err == nil {
					t.Errorf("%s: signed with the key %s", s.name, o.name)
				}
			}
		}
		if err := h.asserted("backup", s.token(nil, good())); err == nil {
			t.Errorf("%s: in another's name", s.name)
		}
		h.pass(time.Hour)
	}
	// Of one that is shown many times at once, one opens.
	app, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{Name: "x", Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keySet(all[0].jwk)})
	h.must(err)
	token := all[0].token(nil, object{"iss": app.ClientID, "sub": app.ClientID, "aud": tokenEndpoint, "exp": h.clock().Unix() + 60, "jti": "once"})
	var opened atomic.Int64
	atOnce(8, func(int) {
		if h.asserted("", token) == nil {
			opened.Add(1)
		}
	})
	if n := opened.Load(); n != 1 {
		t.Errorf("shown 8 times at once it opened %d times", n)
	}
	h.pass(time.Hour)
	_, cred := h.newClient("backup", 12)
	now := h.clock().Unix()
	claims := object{"iss": "backup", "sub": "backup", "aud": tokenEndpoint, "exp": now + 60, "jti": "x"}
	if err := h.asserted("backup", all[0].token(nil, claims)); err == nil {
		t.Error("an assertion of a client with a secret")
	}
	h.issue(cred, client.Request{})
	h.pass(time.Hour)
	h.must(h.clients.Sweep(ctx))
	if left := h.keys("assertion/r"); len(left) > 0 {
		t.Errorf("assertions that are over are kept: %q", left)
	}
}

// Whether a client is there, and by what it shows who it is, could be told by the time of a refusal: signatures were verified of
// clients with such a key alone, and those of P-521 are slow.
func TestAssertionsCostTheSameWork(t *testing.T) {
	h := build(t)
	ec, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	h.must(err)
	point, err := ec.PublicKey.Bytes()
	h.must(err)
	slow := signer{"P-521", object{"kty": "EC", "crv": "P-521", "x": b64(point[1:67]), "y": b64(point[67:])}, "ES512", func(text []byte) []byte {
		sum := sha512.Sum512(append(text, 'x'))
		x, y, err := ecdsa.Sign(rand.Reader, ec, sum[:])
		h.must(err)
		return append(x.FillBytes(make([]byte, 66)), y.FillBytes(make([]byte, 66))...)
	}}
	ids := map[string]string{"unknown": "nobody", "with a secret": "backup"}
	h.newClient("backup", 12)
	for what, jwk := range map[string]object{
		"with such a key": with(slow.jwk, object{"kid": "k"}), "with another key": signers(t)[0].jwk, "with another kid": with(slow.jwk, object{"kid": "x"}),
	} {
		app, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{Name: what, Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keySet(jwk)})
		h.must(err)
		ids[what] = app.ClientID
	}
	for what, id := range ids {
		h.pass(time.Hour)
		h.must(h.accounts.FlushRefusals(ctx, true))
		token := slow.token(object{"kid": "k"}, object{"iss": id, "sub": id})
		before := secret.Verifications()
		if err := h.asserted("", token); auth.KindOf(err) != auth.Unauthenticated {
			t.Fatalf("%s: %v", what, err)
		}
		if n := secret.Verifications() - before; n != 1 {
			t.Errorf("a client %s: %d signatures verified, want 1", what, n)
		}
	}
}

// An assertion of a client that was switched off was used up all the same: a write for everyone that it had signed.
func TestAssertionsOfInactiveClients(t *testing.T) {
	h := build(t)
	s := signers(t)[0]
	svc, _, err := h.clients.InsertAPIClient(ctx, h.admin, h.acme, client.NewAPIClient{ClientID: "keyed", RoleIDs: []int64{12}, Keys: keySet(s.jwk)})
	h.must(err)
	_, err = h.clients.UpdateAPIClient(ctx, h.admin, h.acme, svc.ID, inactive)
	h.must(err)
	text := s.token(nil, object{"iss": "keyed", "sub": "keyed", "aud": tokenEndpoint, "exp": h.clock().Unix() + 60, "jti": "j"})
	if err := h.asserted("", text); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("switched off: %v", err)
	}
	if kept := h.keys("assertion/"); len(kept) > 0 {
		t.Errorf("kept: %q", kept)
	}
	_, err = h.clients.UpdateAPIClient(ctx, h.admin, h.acme, svc.ID, active)
	h.must(err)
	h.must(h.asserted("", text))
}

// TestKeysOfClients: what may be registered to verify with.
func TestKeysOfClients(t *testing.T) {
	h := build(t)
	all := signers(t)
	edKey, ecKey, rsaKey := all[0].jwk, all[1].jwk, all[2].jwk
	private, _ := rsa.GenerateKey(rand.Reader, 2048)
	for what, keys := range map[string][]byte{
		"nothing":        []byte(`{}`),
		"no keys":        keySet(),
		"no JSON":        []byte(`x`),
		"a key, no set":  []byte(part(edKey)),
		"symmetric":      keySet(object{"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}),
		"private":        keySet(with(edKey, object{"d": edKey["x"]})),
		"private RSA":    keySet(object{"kty": "RSA", "n": b64(private.N.Bytes()), "e": "AQAB", "d": b64(private.D.Bytes()), "p": b64(private.Primes[0].Bytes()), "q": b64(private.Primes[1].Bytes())}),
		"short RSA":      keySet(with(rsaKey, object{"n": b64(private.N.Bytes()[:128])})),
		"for encryption": keySet(with(edKey, object{"use": "enc"})),
		"another alg":    keySet(with(ecKey, object{"alg": "RS256"})),
		"alg none":       keySet(with(ecKey, object{"alg": "none"})),
		"HS256":          keySet(with(ecKey, object{"alg": "HS256"})),
		"twice a kid":    keySet(with(edKey, object{"kid": "a"}), with(ecKey, object{"kid": "a"})),
		"two of none":    keySet(edKey, ecKey),
		"six":            keySet(with(edKey, object{"kid": "1"}), with(edKey, object{"kid": "2"}), with(edKey, object{"kid": "3"}), with(edKey, object{"kid": "4"}), with(edKey, object{"kid": "5"}), with(edKey, object{"kid": "6"})),
		"a long kid":     keySet(with(edKey, object{"kid": strings.Repeat("k", 129)})),
		"too long":       append(keySet(edKey), []byte(strings.Repeat(" ", 17000))...),
	} {
		_, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{Name: "x", Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keys})
		if auth.KindOf(err) != auth.Invalid || strings.Contains(err.Error(), fmt.Sprint(edKey["x"])) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Keys are changed one beside the other, and the one in use is found by its kid.
	app, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{
		Name: "x", Scope: client.Scope{RoleIDs: []int64{10}}, Keys: keySet(with(edKey, object{"kid": "old"}), with(ecKey, object{"kid": "new", "alg": "ES256"})),
	})
	h.must(err)
	claims := func() object {
		return object{"iss": app.ClientID, "sub": app.ClientID, "aud": tokenEndpoint, "exp": h.clock().Unix() + 60, "jti": fmt.Sprint(h.next())}
	}
	h.must(h.asserted("", all[0].token(object{"kid": "old"}, claims())))
	h.must(h.asserted("", all[1].token(object{"kid": "new"}, claims())))
	_, err = h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{Keys: keySet(ecKey)})
	h.must(err)
	if err := h.asserted("", all[0].token(object{"kid": "old"}, claims())); err == nil {
		t.Error("the old key still opens")
	}
	h.must(h.asserted("", all[1].token(nil, claims())))
}
