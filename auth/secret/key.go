package secret

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// A Key is an Ed25519 key that signs API tokens, or access tokens, and nothing else. A retired one has only its public half.
type Key struct {
	jwk jose.JSONWebKey
}

// NewKey makes a key; its id is the RFC 7638 thumbprint of its public half.
func NewKey(random io.Reader) (Key, error) {
	_, private, err := ed25519.GenerateKey(random)
	if err != nil {
		return Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	return keyOf(jose.JSONWebKey{Key: private, Algorithm: string(jose.EdDSA), Use: "sig"})
}

func keyOf(j jose.JSONWebKey) (Key, error) {
	thumb, err := j.Thumbprint(crypto.SHA256)
	if err != nil {
		return Key{}, fmt.Errorf("signing key: %w", err)
	}
	j.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	return Key{j}, nil
}

// ParseKey reads what Marshal wrote. The error never holds what was read.
func ParseKey(data []byte) (Key, error) {
	var j jose.JSONWebKey
	if err := json.Unmarshal(data, &j); err != nil {
		return Key{}, errors.New("signing key: not a JSON web key")
	}
	switch j.Key.(type) {
	case ed25519.PrivateKey, ed25519.PublicKey:
		return keyOf(j)
	}
	return Key{}, errors.New("signing key: not an Ed25519 key")
}

// Marshal answers the key as a JSON web key, with the private half if it has one.
func (k Key) Marshal() ([]byte, error) { return json.MarshalIndent(k.jwk, "", "  ") }

// ID is the kid of the tokens it signs.
func (k Key) ID() string { return k.jwk.KeyID }

// Signs says whether the key still has its private half.
func (k Key) Signs() bool { return !k.jwk.IsPublic() }

// Retired answers the key without its private half.
func (k Key) Retired() Key { return Key{k.jwk.Public()} }

// String shows the id alone.
func (k Key) String() string { return "key " + k.ID() }

// GoString keeps %#v from printing the private half.
func (k Key) GoString() string { return k.String() }

// A Ring is the keys of a portal for one type of tokens: the last one that can sign does.
type Ring struct {
	typ    string
	keys   []Key
	signer jose.Signer
	kid    string
}

const apiToken = "portico-api+jwt" // the type of API tokens

// NewRing takes the keys of API tokens in the order of their making.
func NewRing(keys ...Key) (*Ring, error) { return newRing(apiToken, keys) }

// NewAccessRing takes the keys of access tokens (RFC 9068) in the order of their making.
func NewAccessRing(keys ...Key) (*Ring, error) { return newRing("at+jwt", keys) }

func newRing(typ string, keys []Key) (*Ring, error) {
	r := &Ring{typ: typ, keys: keys}
	for _, k := range keys {
		if !k.Signs() {
			continue
		}
		opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: k.jwk}, opts)
		if err != nil {
			return nil, fmt.Errorf("signing key: %w", err)
		}
		r.signer, r.kid = s, k.ID()
	}
	if r.signer == nil {
		return nil, errors.New("no key can sign")
	}
	return r, nil
}

// Sign answers a compact JWT of the claims, with the ring's typ and kid in its header, and the kid it was signed with.
func (r *Ring) Sign(claims any) (t Text, kid string, err error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", "", fmt.Errorf("sign: %w", err)
	}
	jws, err := r.signer.Sign(payload)
	if err != nil {
		return "", "", fmt.Errorf("sign: %w", err)
	}
	text, err := jws.CompactSerialize()
	return Text(text), r.kid, err
}

// maxSigned bounds a text that is verified.
const maxSigned = 4096

var errNotSigned = errors.New("not a token that a key of this ring has signed")

// An UnknownKeyError says that a token names a key that is not in the ring.
type UnknownKeyError struct{ ID string }

func (*UnknownKeyError) Error() string { return errNotSigned.Error() }

// Verify answers the claims of a token that a key of the ring has signed. The key decides the algorithm, the ring the type;
// what is in the token is a JSON object and no other token (RFC 8725). Of a key that it lacks it says so with an UnknownKeyError.
func (r *Ring) Verify(t Text) (claims []byte, err error) {
	if len(t) > maxSigned {
		return nil, errNotSigned
	}
	jws, err := jose.ParseSignedCompact(string(t), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, errNotSigned
	}
	h := jws.Signatures[0].Protected
	if _, nested := h.ExtraHeaders[jose.HeaderContentType]; nested || h.ExtraHeaders[jose.HeaderType] != r.typ {
		return nil, errNotSigned
	}
	i := slices.IndexFunc(r.keys, func(k Key) bool { return k.ID() == h.KeyID })
	if i < 0 {
		return nil, &UnknownKeyError{h.KeyID}
	}
	if claims, err = jws.Verify(r.keys[i].jwk.Public()); err != nil {
		return nil, errNotSigned
	}
	return claims, nil
}

// JWKS answers the public halves (RFC 7517) of the signing key and of those retired ones that keep says are needed.
func (r *Ring) JWKS(keep func(kid string) (bool, error)) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range r.keys {
		needed := k.ID() == r.kid
		if !needed {
			var err error
			if needed, err = keep(k.ID()); err != nil {
				return nil, err
			}
		}
		if needed {
			set.Keys = append(set.Keys, k.jwk.Public())
		}
	}
	return json.Marshal(set)
}

// IsAPIToken says whether a text calls itself an API token. Nothing is verified.
func IsAPIToken(t Text) bool {
	head, _, _ := strings.Cut(string(t), ".")
	if len(head) > maxText {
		return false
	}
	var h struct {
		Type string `json:"typ"`
	}
	text, err := base64.RawURLEncoding.DecodeString(head)
	return err == nil && json.Unmarshal(text, &h) == nil && h.Type == apiToken
}

// TokenID finds the jti in a JWT's text. Nothing is verified, and nothing needs to be parsed: the caller compares the
// digest of the whole text, so whatever a forger writes for a jti finds at most a token that is not his.
func TokenID(t Text) (string, bool) {
	payload, ok := payloadOf(string(t))
	if !ok {
		return "", false
	}
	_, rest, ok := bytes.Cut(payload, []byte(`"jti":"`))
	id, _, closed := bytes.Cut(rest, []byte{'"'})
	return string(id), ok && closed && len(id) > 0
}

// maxText is longer than any token of ours; longer ones are refused before they cost anything.
const maxText = 2048

func payloadOf(t string) ([]byte, bool) {
	if len(t) > maxText {
		return nil, false
	}
	first := -1
	for i := range len(t) {
		if t[i] != '.' {
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		payload, err := base64.RawURLEncoding.DecodeString(t[first+1 : i])
		return payload, err == nil
	}
	return nil, false
}
