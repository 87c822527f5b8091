package secret_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth/secret"
)

const (
	purpose  = "portico/credential/v1|ENTERPRISE/1|7|3"
	password = secret.Text("correct horse")
)

func vaultKey(t *testing.T) secret.VaultKey {
	t.Helper()
	k, err := secret.NewVaultKey(rand.Reader)
	need(t, err)
	return k
}

func keyring(t *testing.T, keys ...secret.VaultKey) *secret.Keyring {
	t.Helper()
	r, err := secret.NewKeyring(keys...)
	need(t, err)
	return r
}

func sealedIn(t *testing.T, r *secret.Keyring) secret.Envelope {
	t.Helper()
	e, err := r.Seal(purpose, password)
	need(t, err)
	return e
}

// The form of a key and of an envelope stays. These were made by Python's cryptography, with HChaCha20 written from the draft of
// XChaCha20 (draft-irtf-cfrg-xchacha), not by this package.
func TestEnvelopeOfAnotherHand(t *testing.T) {
	k, err := secret.ParseVaultKey([]byte("portico-vault-key-1 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n"))
	need(t, err)
	e := secret.Envelope{
		KeyID: "fcf028b9a496a5ef",
		Key:   "x1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYX8EO1BKB3bCqaEpLyZHt-SFwTXacKqAx8MrsVjyzmZVO3OMZp9iFcl5AbsGRCVxb9",
		Box:   "x1.GBkaGxwdHh8gISIjJCUmJygpKissLS4vOJz9B5sI75anNzcJhdYk8Ep4qYMz-94PnXGIsQo",
	}
	if got, err := keyring(t, k).Open(purpose, e); err != nil || got != password || k.ID() != e.KeyID {
		t.Errorf("key %s opens it to %q, %v", k.ID(), string(got), err)
	}
}

func TestEnvelope(t *testing.T) {
	old, now := vaultKey(t), vaultKey(t)
	r := keyring(t, old, now)
	e := sealedIn(t, r)
	b, err := json.Marshal(e)
	need(t, err)
	var back secret.Envelope
	need(t, json.Unmarshal(b, &back))
	if got, err := r.Open(purpose, back); err != nil || got != password || e.KeyID != now.ID() || r.Primary() != now.ID() {
		t.Errorf("sealed under %s, opened to %q, %v", e.KeyID, string(got), err)
	}
	if again := sealedIn(t, r); again.Key == e.Key || again.Box == e.Box {
		t.Error("the same secret gives the same texts twice")
	}
	if bytes.Contains(b, []byte(password)) {
		t.Errorf("it is written in the clear: %s", b)
	}
	if _, err := secret.NewKeyring(); err == nil {
		t.Error("a ring without a key was made")
	}
}

// TestEnvelopeRefused: whatever is changed of an envelope, or put where it does not belong, is found out, and nothing comes of it.
func TestEnvelopeRefused(t *testing.T) {
	old, now := vaultKey(t), vaultKey(t)
	r := keyring(t, old, now)
	e, other := sealedIn(t, r), sealedIn(t, r)
	ofOld := sealedIn(t, keyring(t, old))
	change := func(f func(*secret.Envelope)) secret.Envelope {
		changed := e
		f(&changed)
		return changed
	}
	type refusal struct {
		name    string
		ring    *secret.Keyring
		purpose string
		e       secret.Envelope
		want    error
	}
	cases := []refusal{
		{"of another version", r, strings.TrimSuffix(purpose, "3") + "2", e, secret.ErrSealed},
		{"of another row", r, strings.Replace(purpose, "|7|", "|8|", 1), e, secret.ErrSealed},
		{"no purpose", r, "", e, secret.ErrSealed},
		{"a part of the purpose moved into the key's name", r, purpose[1:], change(func(e *secret.Envelope) { e.KeyID += purpose[:1] }), secret.ErrNoKey},
		{"another's wrapped key", r, purpose, change(func(e *secret.Envelope) { e.Key = other.Key }), secret.ErrSealed},
		{"another's box", r, purpose, change(func(e *secret.Envelope) { e.Box = other.Box }), secret.ErrSealed},
		{"the texts exchanged", r, purpose, change(func(e *secret.Envelope) { e.Key, e.Box = e.Box, e.Key }), secret.ErrSealed},
		{"named after the older key", r, purpose, change(func(e *secret.Envelope) { e.KeyID = old.ID() }), secret.ErrSealed},
		{"the older one named after the primary key", r, purpose, secret.Envelope{KeyID: now.ID(), Key: ofOld.Key, Box: ofOld.Box}, secret.ErrSealed},
		{"named after an unknown key", r, purpose, change(func(e *secret.Envelope) { e.KeyID = "0123456789abcdef" }), secret.ErrNoKey},
		{"named after no key", r, purpose, change(func(e *secret.Envelope) { e.KeyID = "" }), secret.ErrNoKey},
		{"a foreign ring", keyring(t, vaultKey(t)), purpose, e, secret.ErrNoKey},
		{"a ring of the older key alone", keyring(t, old), purpose, e, secret.ErrNoKey},
		{"empty", r, purpose, secret.Envelope{}, secret.ErrNoKey},
		{"no wrapped key", r, purpose, change(func(e *secret.Envelope) { e.Key = "" }), secret.ErrSealed},
		{"no box", r, purpose, change(func(e *secret.Envelope) { e.Box = "" }), secret.ErrSealed},
		{"in the clear", r, purpose, change(func(e *secret.Envelope) { e.Box = string(password) }), secret.ErrSealed},
	}
	for part, of := range map[string]func(*secret.Envelope) *string{
		"wrapped key": func(e *secret.Envelope) *string { return &e.Key },
		"box":         func(e *secret.Envelope) *string { return &e.Box },
	} {
		whole := *of(&e)
		damage := func(name, text string) {
			cases = append(cases, refusal{part + " " + name, r, purpose, change(func(e *secret.Envelope) { *of(e) = text }), secret.ErrSealed})
		}
		damage("with a line's end", whole+"\n")
		damage("with more", whole+"AAAA")
		for i := range len(whole) {
			damage(fmt.Sprintf("cut to %d", i), whole[:i])
			letter := byte('A')
			if whole[i] == letter {
				letter = 'B'
			}
			damage(fmt.Sprintf("altered at %d", i), whole[:i]+string(letter)+whole[i+1:])
		}
	}
	for _, c := range cases {
		if got, err := c.ring.Open(c.purpose, c.e); !errors.Is(err, c.want) || got != "" {
			t.Errorf("%s: opened to %q, %v; want %v", c.name, string(got), err, c.want)
		}
	}
	if _, err := r.Open(purpose, change(func(e *secret.Envelope) { e.KeyID = "0123456789abcdef" })); !strings.Contains(err.Error(), "0123456789abcdef") {
		t.Errorf("the key is not named: %v", err)
	}
	if _, err := r.Open(purpose, change(func(e *secret.Envelope) { e.KeyID = strings.Repeat("long\n", 1000) })); len(err.Error()) > 200 || strings.Contains(err.Error(), "\n") {
		t.Errorf("a name that is none is repeated: %v", err)
	}
}

func TestRewrap(t *testing.T) {
	old, now := vaultKey(t), vaultKey(t)
	e := sealedIn(t, keyring(t, old))
	r := keyring(t, old, now)
	rewrapped, changed, err := r.Rewrap(purpose, e)
	if err != nil || !changed || rewrapped.KeyID != now.ID() || rewrapped.Key == e.Key || rewrapped.Box != e.Box {
		t.Fatalf("%+v became %+v, %v, %v", e, rewrapped, changed, err)
	}
	if got, err := keyring(t, now).Open(purpose, rewrapped); err != nil || got != password {
		t.Errorf("without the older key it opens to %q, %v", string(got), err)
	}
	if same, changed, err := r.Rewrap(purpose, rewrapped); same != rewrapped || changed || err != nil {
		t.Errorf("under the primary key already, %v, %v", changed, err)
	}
	damaged := e
	damaged.Key = e.Key[:len(e.Key)-4]
	for name, c := range map[string]struct {
		ring    *secret.Keyring
		purpose string
		e       secret.Envelope
		want    error
	}{
		"for another row": {r, purpose + "0", e, secret.ErrSealed},
		"damaged":         {r, purpose, damaged, secret.ErrSealed},
		"without the key": {keyring(t, now), purpose, e, secret.ErrNoKey},
	} {
		if same, changed, err := c.ring.Rewrap(c.purpose, c.e); !errors.Is(err, c.want) || changed || same != c.e {
			t.Errorf("%s: %+v, %v, %v", name, same, changed, err)
		}
	}
}

// A ring that lacks a key asks for a newer ring, which may have it.
func TestNewerKeyring(t *testing.T) {
	old, now := vaultKey(t), vaultKey(t)
	newer, asked, fails := keyring(t, old, now), 0, error(nil)
	r := keyring(t, old)
	r.AskNewer(func() (*secret.Keyring, error) { asked++; return newer, fails })
	e := sealedIn(t, newer)
	if got, err := r.Open(purpose, e); got != password || err != nil || !r.Has(now.ID()) || r.Primary() != old.ID() {
		t.Errorf("opened to %q, %v", string(got), err)
	}
	if before := asked; !r.Has(old.ID()) || asked != before {
		t.Error("it asks for a key that it has")
	}
	e.KeyID = "0123456789abcdef"
	if _, err := r.Open(purpose, e); !errors.Is(err, secret.ErrNoKey) {
		t.Errorf("a key that no ring has: %v", err)
	}
	fails = errors.New("no folder")
	if _, err := r.Open(purpose, e); !errors.Is(err, secret.ErrNoKey) || !errors.Is(err, fails) {
		t.Errorf("no newer ring: %v", err)
	}
}

func TestVaultKeyFile(t *testing.T) {
	k := vaultKey(t)
	line := string(k.Marshal())
	back, err := secret.ParseVaultKey([]byte(line))
	if err != nil || back.ID() != k.ID() || string(back.Marshal()) != line || len(k.ID()) != 16 {
		t.Errorf("read back %v, %v, want %v", back, err, k)
	}
	if _, err := keyring(t, back).Open(purpose, sealedIn(t, keyring(t, k))); err != nil {
		t.Errorf("the key that was read back: %v", err)
	}
	for _, bad := range []string{
		"", line[20:], strings.Replace(line, "-1 ", "-2 ", 1), line[:len(line)-3], line[:len(line)-1] + "AAAA\n", line + line,
		"portico-vault-key-1 " + strings.Repeat("!", 43),
	} {
		if _, err := secret.ParseVaultKey([]byte(bad)); err == nil || strings.Contains(err.Error(), line[20:40]) {
			t.Errorf("%q was taken for a key: %v", bad, err)
		}
	}
	if _, err := secret.NewVaultKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key was made without enough chance")
	}
}

// However a key or a ring is printed, the key itself is not.
func TestVaultKeyHidesItself(t *testing.T) {
	k, err := secret.NewVaultKey(bytes.NewReader(bytes.Repeat([]byte{0xab}, 32)))
	need(t, err)
	r := keyring(t, k)
	for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%x", "%d"} {
		for _, v := range []any{k, &k, r, *r, []any{k, r}, struct{ k secret.VaultKey }{k}} {
			got := fmt.Sprintf(verb, v)
			for _, shows := range []string{"171 171", "171, 171", "abababab", "0xab", "q6ur", "\xab\xab"} {
				if strings.Contains(strings.ReplaceAll(got, " 0xab, ", "0xab"), shows) {
					t.Errorf("%s of %T prints it: %s", verb, v, got)
				}
			}
		}
	}
}
