package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
)

// A Text is a secret as its owner will hold it. It prints as dots, so that no log or error shows it by accident;
// who means to hand it out converts it to a string.
type Text string

func (Text) String() string { return "······" }

// GoString keeps %#v from printing it.
func (t Text) GoString() string { return t.String() }

// MarshalJSON refuses: a secret is handed out on purpose or not at all.
func (Text) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("a secret is not written as JSON") }

// Mint makes a secret of 256 random bits in 43 characters of A-Z a-z 0-9 - _.
func Mint(random io.Reader) (Text, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("mint: %w", err)
	}
	return Text(base64.RawURLEncoding.EncodeToString(b[:])), nil
}

// A Digest is what is stored of a minted secret. SHA-256 suffices because the secret has 256 random bits;
// a slow hash would only be a way to load the portal.
type Digest []byte

// DigestOf answers the digest of a secret.
func DigestOf(t Text) Digest {
	d := sha256.Sum256([]byte(t))
	return d[:]
}

// Matches compares in constant time. An empty digest matches nothing.
func (d Digest) Matches(t Text) bool {
	other := sha256.Sum256([]byte(t))
	return subtle.ConstantTimeCompare(d, other[:]) == 1
}
