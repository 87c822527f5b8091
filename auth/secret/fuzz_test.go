package secret

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"
)

// FuzzTexts gives anything to all that reads a text from outside: nothing panics, and nothing passes for what was made here.
func FuzzTexts(f *testing.F) {
	key, err := NewKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	ring, err := NewRing(key)
	if err != nil {
		f.Fatal(err)
	}
	vaultKey, err := NewVaultKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	vault, err := NewKeyring(vaultKey)
	if err != nil {
		f.Fatal(err)
	}
	sealer, err := NewSealer(make([]byte, SealKeyLen), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	const mark = "portico_cs_"
	for _, s := range []string{
		"", ".", "..", "e30.e30.", "eyJhbGciOiJub25lIn0.eyJqdGkiOiJ4In0.", mark, mark + strings.Repeat("0", bodyLen+checkLen),
		`eyJhbGciOiJFUzI1NiIsInR5cCI6InBvcnRpY28tYXBpK2p3dCIsImp3ayI6e319.e30.AAAA`, `{"protected":"e30","payload":"e30","signature":""}`,
		"$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAA$AAAA", `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, "ssh-ed25519 AAAA",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		text := Text(s)
		if _, err := ring.Verify(text); err == nil {
			t.Errorf("%q is one of our tokens", s)
		}
		if Marked(text, mark) && string(text[len(text)-checkLen:]) != checkOf(string(text[:len(text)-checkLen])) {
			t.Errorf("%q has the form of a secret", s)
		}
		TokenID(text)
		Unverified(text)
		if _, err := sealer.Open(other, s); err == nil {
			t.Errorf("%q is sealed", s)
		}
		if _, err := vault.Open(s, Envelope{KeyID: vaultKey.ID(), Key: s, Box: other}); err == nil {
			t.Errorf("%q, %q is an envelope", s, other)
		}
		if step := MatchCode(text, Text(other), time.Unix(1_700_000_000, 0), 0); step > 0 && len(other) != 6 {
			t.Errorf("%q is a code of %q", other, s)
		}
		keys, err := ParsePublicKeys([]byte(s))
		if err != nil {
			return
		}
		once, err := keys.Marshal()
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		again, err := ParsePublicKeys(once)
		if err != nil {
			t.Fatalf("%q, once more: %v", s, err)
		}
		if twice, err := again.Marshal(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s became %s, %v", once, twice, err)
		}
	})
}

// FuzzSSHKey: what is taken for a key is one line, and is taken for the same key again.
func FuzzSSHKey(f *testing.F) {
	_, public, err := NewSSHKey(rand.Reader, "", "a comment")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(public.Text + " a comment")
	f.Add("ssh-ed25519 AAAA")
	f.Add(`command="x" ` + public.Text)
	f.Fuzz(func(t *testing.T, line string) {
		key, err := ReadSSHKey(line)
		if err != nil {
			return
		}
		if again, err := ReadSSHKey(key.Text); err != nil || again != key || strings.ContainsAny(key.Text, "\r\n") {
			t.Errorf("%q: %v became %v, %v", line, key, again, err)
		}
	})
}

// FuzzHash: what is read as a hash costs no more than a hash may, and is written as it is read.
func FuzzHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$AAAA$AAAA")
	f.Fuzz(func(t *testing.T, phc string) {
		c, salt, key, err := decode(phc)
		if err != nil {
			return
		}
		again, salt2, key2, err := decode(encode(c, salt, key))
		if err != nil || again != c || !bytes.Equal(salt, salt2) || !bytes.Equal(key, key2) {
			t.Errorf("%q: %v", phc, err)
		}
		if c.MemoryKiB > 1<<21 || c.Passes > 1<<10 || c.Lanes == 0 || len(key) == 0 {
			t.Errorf("%q costs %+v", phc, c)
		}
	})
}

// FuzzKeys: what is read as the file of a key is one, is written as it was read, and its name tells nothing of it.
func FuzzKeys(f *testing.F) {
	key, err := NewKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	text, err := key.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}`))
	f.Add([]byte(`{"kty":"oct","k":"AA"}`))
	f.Add([]byte(vaultKeyMark + strings.Repeat("A", 43) + "\n"))
	f.Add([]byte(vaultKeyMark + "AA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if key, err := ParseKey(data); err == nil {
			once, err := key.Marshal()
			if err != nil {
				t.Fatalf("%q: %v", data, err)
			}
			if again, err := ParseKey(once); err != nil || again.ID() != key.ID() || again.Signs() != key.Signs() {
				t.Errorf("%q became %s, %v", data, once, err)
			}
			if _, err := NewRing(key); err != nil && key.Signs() {
				t.Errorf("%q signs, and there is no ring of it: %v", data, err)
			}
		}
		if key, err := ParseVaultKey(data); err == nil {
			again, err := ParseVaultKey(key.Marshal())
			if err != nil || again.ID() != key.ID() || !bytes.Equal(again.key(), key.key()) || len(key.ID()) != 16 {
				t.Errorf("%q is %v, and then %v, %v", data, key, again, err)
			}
		}
	})
}
