package secret_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/portico-vco/portico/auth/secret"
)

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestNewSSHKey(t *testing.T) {
	for _, pass := range []secret.Text{"", "a passphrase"} {
		private, public, err := secret.NewSSHKey(rand.Reader, pass, "ann@acme")
		need(t, err)
		_, err = ssh.ParsePrivateKey([]byte(private))
		if (err == nil) != (pass == "") {
			t.Fatalf("with %d letters of passphrase: %v", len(pass), err)
		}
		var signer ssh.Signer
		if pass == "" {
			signer, err = ssh.ParsePrivateKey([]byte(private))
		} else {
			signer, err = ssh.ParsePrivateKeyWithPassphrase([]byte(private), []byte(pass))
		}
		need(t, err)
		if got := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))); got != public.Text {
			t.Errorf("the halves differ: %s and %s", got, public.Text)
		}
		read, err := secret.ReadSSHKey(public.Text + " ann@acme")
		if err != nil || read != public || public.Format != "ssh-ed25519" || !strings.HasPrefix(public.Fingerprint, "SHA256:") {
			t.Errorf("%+v, %v, want %+v", read, err, public)
		}
	}
}

func TestReadSSHKey(t *testing.T) {
	line := func(key any) string {
		k, err := ssh.NewPublicKey(key)
		need(t, err)
		return string(ssh.MarshalAuthorizedKey(k))
	}
	odd := func(bits uint) *big.Int { n := new(big.Int).Lsh(big.NewInt(1), bits-1); return n.Add(n, big.NewInt(1)) }
	rsaOf := func(bits uint) string {
		return line(&rsa.PublicKey{N: odd(bits), E: 65537})
	}
	ecdsaOn := func(c elliptic.Curve) string {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		need(t, err)
		return line(&k.PublicKey)
	}
	ed, private, err := ed25519.GenerateKey(rand.Reader)
	need(t, err)
	one := line(ed)
	signer, err := ssh.NewSignerFromKey(private)
	need(t, err)
	cert := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.UserCert}
	need(t, cert.SignCert(rand.Reader, signer))
	old := "ssh-dss " + base64.StdEncoding.EncodeToString(ssh.Marshal(struct { // crypto/dsa is deprecated, and rightly so
		Name       string
		P, Q, G, Y *big.Int
	}{"ssh-dss", odd(1024), odd(160), odd(1023), odd(1023)}))
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(old)); err != nil {
		t.Fatalf("the DSA key is refused for another reason: %v", err)
	}
	own, _, err := secret.NewSSHKey(rand.Reader, "", "")
	need(t, err)
	for name, c := range map[string]struct {
		line string
		good bool
	}{
		"Ed25519":               {one, true},
		"with a comment":        {strings.TrimSpace(one) + " ann at home", true},
		"P-256":                 {ecdsaOn(elliptic.P256()), true},
		"P-384":                 {ecdsaOn(elliptic.P384()), true},
		"P-521":                 {ecdsaOn(elliptic.P521()), true},
		"RSA 2048":              {rsaOf(2048), true},
		"RSA 4096":              {rsaOf(4096), true},
		"RSA 2047":              {rsaOf(2047), false},
		"RSA 1024":              {rsaOf(1024), false},
		"DSA":                   {old, false},
		"nothing":               {"", false},
		"nonsense":              {"ssh-ed25519 AAAA", false},
		"another kind in front": {strings.Replace(one, "ssh-ed25519", "ssh-rsa", 1), false},
		"options":               {`command="sh" ` + one, false},
		"two keys":              {one + one, false},
		"a certificate":         {string(ssh.MarshalAuthorizedKey(cert)), false},
		"a private key":         {string(own), false},
		"a comment line":        {"# " + one, false},
	} {
		read, err := secret.ReadSSHKey(c.line)
		if (err == nil) != c.good {
			t.Errorf("%s: %+v, %v", name, read, err)
		}
		if err != nil && len(c.line) > 40 && bytes.Contains([]byte(err.Error()), []byte(c.line[20:40])) {
			t.Errorf("%s: the error tells the line: %v", name, err)
		}
	}
}
