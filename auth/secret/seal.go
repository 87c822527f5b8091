package secret

import (
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// A Sealer keeps secrets that must be read again, such as the seed of a second factor: sealed with XChaCha20-Poly1305
// under one key, which lies apart from the store. What was sealed for one purpose and record opens for no other.
type Sealer struct {
	aead   cipher.AEAD
	random io.Reader
	marks  []byte // see Mark
}

// SealKeyLen is the length of a sealing key in bytes.
const SealKeyLen = chacha20poly1305.KeySize

// NewSealer makes a sealer of a key.
func NewSealer(key []byte, random io.Reader) (*Sealer, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	marks, err := markKey(key)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	return &Sealer{aead, random, marks}, nil
}

// sealed begins every sealed text, and says how it was sealed.
const sealed = "x1."

// Seal answers t as text that only Open with the same purpose reads. The purpose names the record and the field, such as
// "user/7/totp".
func (s *Sealer) Seal(purpose string, t Text) (string, error) {
	return seal(s.aead, s.random, purpose, []byte(t))
}

// ErrSealed says that a sealed text cannot be opened: it was changed, belongs elsewhere, or the key is another.
var ErrSealed = errors.New("a sealed secret cannot be opened: it was changed or moved, or the sealing key is another")

// Open answers what Seal was given.
func (s *Sealer) Open(purpose, box string) (Text, error) {
	plain, err := open(s.aead, purpose, box)
	return Text(plain), err
}

func seal(aead cipher.AEAD, random io.Reader, purpose string, plain []byte) (string, error) {
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	box := aead.Seal(nonce, nonce, plain, []byte(purpose))
	return sealed + base64.RawURLEncoding.EncodeToString(box), nil
}

func open(aead cipher.AEAD, purpose, box string) ([]byte, error) {
	text, ok := strings.CutPrefix(box, sealed)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b) < aead.NonceSize() || base64.RawURLEncoding.EncodeToString(b) != text { // one text, one form
		return nil, ErrSealed
	}
	n := aead.NonceSize()
	plain, err := aead.Open(nil, b[:n], b[n:], []byte(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
