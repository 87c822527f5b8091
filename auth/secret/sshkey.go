package secret

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/ssh"
)

// An SSHKey is the public half of an SSH key, which is all that is kept of one.
type SSHKey struct {
	Format      string `json:"format"` // such as ssh-ed25519
	Text        string `json:"text"`   // format and key, as in authorized_keys, without a comment
	Fingerprint string `json:"fingerprint"`
}

// NewSSHKey makes an Ed25519 key. Its private half is in OpenSSH's own form, encrypted if there is a passphrase, with the
// comment in it.
func NewSSHKey(random io.Reader, passphrase Text, comment string) (private Text, public SSHKey, err error) {
	pub, priv, err := ed25519.GenerateKey(random)
	if err != nil {
		return "", public, err
	}
	key, err := ssh.NewPublicKey(pub)
	if err != nil {
		return "", public, err
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(priv, comment)
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(priv, comment, []byte(passphrase))
	}
	if err != nil {
		return "", public, err
	}
	return Text(pem.EncodeToMemory(block)), sshKey(key), nil
}

// The sizes of RSA keys that are taken: shorter ones are weak, longer ones cost the servers more than they give.
const (
	minRSA = 2048
	maxRSA = 16384
)

// ReadSSHKey reads the public half of a key from one line as in authorized_keys. Refused are weak kinds and sizes, options,
// certificates, and a private half that was taken for the public one. An error says nothing of the line.
func ReadSSHKey(line string) (SSHKey, error) {
	if strings.Contains(line, "PRIVATE KEY") {
		return SSHKey{}, errors.New("is a private key; it must be taken for known to others now")
	}
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return SSHKey{}, errors.New("is not a public key as in authorized_keys")
	case len(options) > 0:
		return SSHKey{}, errors.New("has options, which are not taken")
	case strings.TrimSpace(string(rest)) != "":
		return SSHKey{}, errors.New("is more than one key")
	}
	return sshKey(key), strong(key)
}

// strong refuses kinds of keys that are not to be used any more, or not known.
func strong(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		c, _ := key.(ssh.CryptoPublicKey)
		k, ok := c.CryptoPublicKey().(*rsa.PublicKey)
		if !ok {
			return errors.New("is not an RSA key, though it says so")
		}
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("has %d bits; RSA keys have %d to %d", bits, minRSA, maxRSA)
		}
		return nil
	}
	return errors.New("is of a kind that is not taken; Ed25519, ECDSA and RSA keys are")
}

func sshKey(key ssh.PublicKey) SSHKey {
	return SSHKey{
		Format: key.Type(), Text: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), Fingerprint: ssh.FingerprintSHA256(key),
	}
}
