package secret_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

var cheap = secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestTextHidesItself(t *testing.T) {
	text := secret.Text("canary")
	for _, verb := range []string{"%v", "%s", "%q", "%+v", "%#v"} {
		for _, v := range []any{text, struct{ T secret.Text }{text}, &text, []secret.Text{text}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "canary") {
				t.Errorf("%s prints it: %s", verb, got)
			}
		}
	}
	if b, err := json.Marshal(text); err == nil {
		t.Errorf("it was written as JSON: %s", b)
	}
}

func TestMint(t *testing.T) {
	a, err := secret.Mint(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := secret.Mint(rand.Reader)
	if a == b || len(a) != 43 || strings.ContainsAny(string(a), "+/=%; ") {
		t.Errorf("minted %q and %q", string(a), string(b))
	}
	if _, err := secret.Mint(bytes.NewReader(nil)); err == nil {
		t.Error("minted without chance")
	}
	d := secret.DigestOf(a)
	if !d.Matches(a) || d.Matches(b) || (secret.Digest(nil)).Matches("") {
		t.Error("digests do not tell secrets apart")
	}
}

func TestPasswords(t *testing.T) {
	ctx := context.Background()
	p := secret.NewPasswords(cheap, rand.Reader)
	one, err := p.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	two, _ := p.Hash(ctx, "correct horse")
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hashes are %s and %s", one, two)
	}
	for _, c := range []struct {
		name, phc string
		password  secret.Text
		want      bool
	}{
		{"right", one, "correct horse", true},
		{"wrong", one, "correct horsf", false},
		{"empty", one, "", false},
		{"unknown user", "", "correct horse", false},
		{"unknown user, empty password", "", "", false},
	} {
		before := p.Hashes()
		got, err := p.Verify(ctx, c.phc, c.password)
		if err != nil || got != c.want {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
		if n := p.Hashes() - before; n != 1 {
			t.Errorf("%s: computed %d hashes, want the same work always", c.name, n)
		}
	}
	for _, phc := range []string{"x", "$argon2id$v=19$m=0,t=0,p=0$AA$AA", "$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$" + strings.Repeat("A", 43), one[:len(one)-30]} {
		if ok, err := p.Verify(ctx, phc, "correct horse"); ok || err == nil {
			t.Errorf("a damaged hash %q verified: %v, %v", phc, ok, err)
		}
	}
}

// TestQueueIsBounded: many more callers than may wait; those beyond are refused at once, and the work that was done is
// what the rest cost.
func TestQueueIsBounded(t *testing.T) {
	p := secret.NewPasswords(secret.Cost{MemoryKiB: 4096, Passes: 1, Lanes: 1}, rand.Reader)
	const callers = 2000
	var wg sync.WaitGroup
	var mu sync.Mutex
	busy := 0
	for range callers {
		wg.Go(func() {
			if _, err := p.Verify(context.Background(), "", "x"); errors.Is(err, secret.ErrBusy) {
				mu.Lock()
				busy++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if busy == 0 || int64(busy)+p.Hashes() != callers {
		t.Errorf("%d refused and %d computed of %d", busy, p.Hashes(), callers)
	}
	if got, want := p.Load(), (secret.Load{Refused: int64(busy)}); got != want {
		t.Errorf("afterwards: %+v, want %+v", got, want)
	}
}

// TestLoad: who runs and who waits are told apart.
func TestLoad(t *testing.T) {
	p := secret.NewPasswords(cheap, rand.Reader)
	end := make(chan struct{})
	var wg sync.WaitGroup
	want := secret.Load{Running: runtime.GOMAXPROCS(0), Waiting: 3}
	for range want.Running + want.Waiting {
		wg.Go(func() { _ = p.Run(context.Background(), func() { <-end }) })
	}
	for range 1000 {
		if p.Load() == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if got := p.Load(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	close(end)
	wg.Wait()
}

// TestHashesAtOnceAreBounded: a flood of logins takes the memory of as many hashes as there are processors, however many wait.
func TestHashesAtOnceAreBounded(t *testing.T) {
	p := secret.NewPasswords(cheap, rand.Reader)
	var now, most, done atomic.Int64
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			_ = p.Run(context.Background(), func() { // as hashes do
				for n := now.Add(1); ; {
					if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
						break
					}
				}
				runtime.Gosched()
				now.Add(-1)
				done.Add(1)
			})
		})
	}
	wg.Wait()
	if n, processors := most.Load(), int64(runtime.GOMAXPROCS(0)); n > processors || done.Load() < processors {
		t.Errorf("%d at once of %d, on %d processors", n, done.Load(), processors)
	}
}

func TestWaitingEndsWithTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := secret.NewPasswords(cheap, rand.Reader)
	refused := 0
	for range 64 { // of a free slot and a dead call either may be seen first
		if _, err := p.Verify(ctx, "", "x"); errors.Is(err, context.Canceled) {
			refused++
		}
	}
	if refused == 0 {
		t.Error("a dead call was always served")
	}
}

func TestKeyRing(t *testing.T) {
	old, err := secret.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now, _ := secret.NewKey(rand.Reader)
	ring, err := secret.NewRing(old.Retired(), now)
	if err != nil {
		t.Fatal(err)
	}
	text, kid, err := ring.Sign(map[string]any{"jti": "abc"})
	if err != nil || kid != now.ID() {
		t.Fatalf("signed by %s: %v", kid, err)
	}
	verify(t, ring, string(text), kid)
	if id, ok := secret.TokenID(text); !ok || id != "abc" {
		t.Errorf("jti is %q", id)
	}
	if _, err := secret.NewRing(old.Retired()); err == nil {
		t.Error("a ring without a private half signs")
	}
}

// verify checks the signature with nothing but the standard library and the published keys.
func verify(t *testing.T, ring *secret.Ring, text, kid string) {
	t.Helper()
	set, err := ring.JWKS(func(string) (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(set), `"d"`) {
		t.Fatal("a private half is published")
	}
	var jwks struct {
		Keys []struct{ Kty, Crv, X, Kid string }
	}
	if err := json.Unmarshal(set, &jwks); err != nil || len(jwks.Keys) != 2 {
		t.Fatalf("%v: %s", err, set)
	}
	parts := strings.Split(text, ".")
	head, _ := base64.RawURLEncoding.DecodeString(parts[0])
	var h struct{ Alg, Kid, Typ string }
	if json.Unmarshal(head, &h); h.Alg != "EdDSA" || h.Typ != "portico-api+jwt" || h.Kid != kid {
		t.Errorf("header is %s", head)
	}
	for _, k := range jwks.Keys {
		if k.Kid != kid {
			continue
		}
		x, _ := base64.RawURLEncoding.DecodeString(k.X)
		sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
		if !ed25519.Verify(x, []byte(parts[0]+"."+parts[1]), sig) {
			t.Error("the signature does not verify")
		}
		return
	}
	t.Errorf("key %s is not published", kid)
}

func TestKeyFile(t *testing.T) {
	k, _ := secret.NewKey(rand.Reader)
	data, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := secret.ParseKey(data)
	if err != nil || back.ID() != k.ID() || !back.Signs() || back.Retired().Signs() {
		t.Errorf("read back %v, %v", back, err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Contains(string(data), "\"d\"") && len(s) > 300 {
		t.Errorf("a key prints more than its id: %s", s)
	}
	for _, bad := range []string{"", "{}", "null", `{"kty":"oct","k":"AAAA"}`, `{"kty":"RSA","n":"AQAB","e":"AQAB"}`} {
		if _, err := secret.ParseKey([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a key", bad)
		}
	}
}

func TestTokenIDOfGarbage(t *testing.T) {
	long := strings.Repeat("A", 5000)
	for _, s := range []string{"", ".", "..", "a.b", "a.b.c", "a.!.c", "a." + base64.RawURLEncoding.EncodeToString([]byte(`{"jti":5}`)) + ".c", "a." + long + ".c", long} {
		if id, ok := secret.TokenID(secret.Text(s)); ok {
			t.Errorf("%q has id %q", s, id)
		}
	}
}

func BenchmarkDigestMatches(b *testing.B) {
	text := secret.Text(strings.Repeat("x", 460))
	d := secret.DigestOf(text)
	for b.Loop() {
		d.Matches(text)
	}
}

func BenchmarkTokenID(b *testing.B) {
	k, _ := secret.NewKey(rand.Reader)
	ring, _ := secret.NewRing(k)
	text, _, _ := ring.Sign(map[string]any{"iss": "https://portal", "aud": "portal", "sub": "user:1", "jti": "01a1ff8e-314a-7266-8a62-eb7774a3c48a", "iat": 1, "exp": 2, "nonce": strings.Repeat("n", 43)})
	for b.Loop() {
		secret.TokenID(text)
	}
}
