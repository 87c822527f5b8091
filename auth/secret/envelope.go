package secret

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// An Envelope is a secret that is sealed under a data key of its own, and the data key, wrapped under a key of a Keyring. To
// change the key of the ring only the small wrapped key is made anew. Both texts begin with a mark of the algorithm, as those of
// a Sealer do. An envelope lies in the record whose secret it has; the length of its box tells that of the secret.
type Envelope struct {
	KeyID string `json:"keyId"` // of the key of the ring
	Key   string `json:"key"`   // the wrapped data key
	Box   string `json:"box"`   // the sealed secret
}

// A VaultKey is a key that wraps data keys, and does nothing else.
type VaultKey struct {
	id  string
	key func() []byte // a function, because every way of printing what holds a VaultKey shows no more than its address
}

// NewVaultKey makes a key.
func NewVaultKey(random io.Reader) (VaultKey, error) {
	key := make([]byte, chacha20poly1305.KeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return VaultKey{}, fmt.Errorf("make a vault key: %w", err)
	}
	return vaultKeyOf(key)
}

// vaultKeyOf names a key by 16 digits that are derived from it and do not tell it, so that none has another's name.
func vaultKeyOf(key []byte) (VaultKey, error) {
	id, err := hkdf.Key(sha256.New, key, nil, "portico vault key id", 8)
	if err != nil {
		return VaultKey{}, fmt.Errorf("vault key: %w", err)
	}
	return VaultKey{hex.EncodeToString(id), func() []byte { return key }}, nil
}

// vaultKeyMark begins the file of a vault key, so that no other key is taken for one.
const vaultKeyMark = "portico-vault-key-1 "

var errNoVaultKey = errors.New("not a vault key")

// ParseVaultKey reads what Marshal wrote. The error never holds what was read.
func ParseVaultKey(data []byte) (VaultKey, error) {
	text, marked := strings.CutPrefix(string(data), vaultKeyMark)
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimSpace(text))
	if !marked || err != nil || len(b) != chacha20poly1305.KeySize {
		return VaultKey{}, errNoVaultKey
	}
	return vaultKeyOf(b)
}

// Marshal answers the key as a line of text.
func (k VaultKey) Marshal() []byte {
	return []byte(vaultKeyMark + base64.RawStdEncoding.EncodeToString(k.key()) + "\n")
}

// ID names the key in the envelopes.
func (k VaultKey) ID() string { return k.id }

// String shows the id alone.
func (k VaultKey) String() string { return "vault key " + k.id }

// GoString keeps %#v from printing the key.
func (k VaultKey) GoString() string { return k.String() }

// wrapping seals data keys.
func (k VaultKey) wrapping() (cipher.AEAD, error) { return chacha20poly1305.NewX(k.key()) }

// wrapPurpose binds a wrapped key to the name of the key that wraps it, and to what it is for.
func (k VaultKey) wrapPurpose(purpose string) string { return k.id + "|" + purpose }

func (k VaultKey) wrap(purpose string, dataKey []byte) (string, error) {
	aead, err := k.wrapping()
	if err != nil {
		return "", err
	}
	return seal(aead, rand.Reader, k.wrapPurpose(purpose), dataKey)
}

func (k VaultKey) unwrap(purpose, wrapped string) ([]byte, error) {
	aead, err := k.wrapping()
	if err != nil {
		return nil, err
	}
	return open(aead, k.wrapPurpose(purpose), wrapped)
}

// A Keyring is the vault keys of a portal: the primary one wraps, all of them unwrap. It may be used by many at once.
//
// Data keys are wiped after use, as well as that goes: the cipher's own copy, and what the run-time has moved, wait for the
// collector.
type Keyring struct {
	keys    map[string]VaultKey
	primary string
	newer   func() (*Keyring, error)
}

// NewKeyring takes keys in the order of their making: the last one is primary.
func NewKeyring(keys ...VaultKey) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, errors.New("no vault key")
	}
	k := &Keyring{keys: map[string]VaultKey{}}
	for _, key := range keys {
		k.keys[key.id] = key
		k.primary = key.id
	}
	return k, nil
}

// AskNewer has the ring ask for a newer one whenever it lacks a key, before it says so. It is called before the ring is used.
func (k *Keyring) AskNewer(newer func() (*Keyring, error)) { k.newer = newer }

// Primary is the id of the key that wraps what is sealed now.
func (k *Keyring) Primary() string { return k.primary }

// Has says whether the ring has a key.
func (k *Keyring) Has(keyID string) bool {
	_, err := k.key(keyID)
	return err == nil
}

// ErrNoKey says that an envelope names a key that is not in the ring. What wraps it names the key.
var ErrNoKey = errors.New("a sealed secret cannot be opened: its vault key is not in the key ring")

func (k *Keyring) key(id string) (VaultKey, error) {
	if key, ok := k.keys[id]; ok {
		return key, nil
	}
	missing := fmt.Errorf("%w: key %.40q", ErrNoKey, id) // what is in a record may have been written by anybody
	if k.newer == nil {
		return VaultKey{}, missing
	}
	newer, err := k.newer()
	if err != nil {
		return VaultKey{}, fmt.Errorf("%w; %w", missing, err)
	}
	if key, ok := newer.keys[id]; ok {
		return key, nil
	}
	return VaultKey{}, missing
}

// Seal puts a secret into an envelope that opens for the same purpose alone, under a new data key. The purpose names the record,
// its owner and the version of the secret, so that neither rows nor versions can be exchanged.
func (k *Keyring) Seal(purpose string, t Text) (Envelope, error) {
	dataKey := make([]byte, chacha20poly1305.KeySize)
	defer clear(dataKey)
	rand.Read(dataKey) // never fails
	aead, err := chacha20poly1305.NewX(dataKey)
	if err != nil {
		return Envelope{}, err
	}
	box, err := seal(aead, rand.Reader, purpose, []byte(t))
	if err != nil {
		return Envelope{}, err
	}
	wrapped, err := k.keys[k.primary].wrap(purpose, dataKey)
	return Envelope{k.primary, wrapped, box}, err
}

// Open answers what Seal was given. It refuses with ErrNoKey when the ring lacks the key, and with ErrSealed when anything of the
// envelope was changed or it belongs elsewhere.
func (k *Keyring) Open(purpose string, e Envelope) (Text, error) {
	dataKey, err := k.dataKey(purpose, e)
	if err != nil {
		return "", err
	}
	defer clear(dataKey)
	aead, err := chacha20poly1305.NewX(dataKey)
	if err != nil {
		return "", ErrSealed
	}
	plain, err := open(aead, purpose, e.Box)
	defer clear(plain)
	return Text(plain), err
}

// Rewrap answers the envelope with its data key wrapped under the primary key; false, and the envelope as it is, when it
// already was. It does not look at the box.
func (k *Keyring) Rewrap(purpose string, e Envelope) (Envelope, bool, error) {
	if e.KeyID == k.primary {
		return e, false, nil
	}
	dataKey, err := k.dataKey(purpose, e)
	if err != nil {
		return e, false, err
	}
	defer clear(dataKey)
	wrapped, err := k.keys[k.primary].wrap(purpose, dataKey)
	if err != nil {
		return e, false, err
	}
	return Envelope{k.primary, wrapped, e.Box}, true, nil
}

func (k *Keyring) dataKey(purpose string, e Envelope) ([]byte, error) {
	key, err := k.key(e.KeyID)
	if err != nil {
		return nil, err
	}
	return key.unwrap(purpose, e.Key)
}
