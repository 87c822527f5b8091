package secret

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// assertionAlgorithms are those by which others may have signed what they show.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.PS256}

// AssertionAlgorithms are their names.
func AssertionAlgorithms() (names []string) {
	for _, a := range assertionAlgorithms {
		names = append(names, string(a))
	}
	return names
}

// PublicKeys are the keys by which a client shows who it is: their public halves alone.
type PublicKeys struct {
	keys []jose.JSONWebKey
}

// The bounds of what a client may register.
const (
	maxKeySet     = 16 << 10 // bytes
	maxPublicKeys = 5
	maxKeyID      = 128
	minClientRSA  = 2048
	maxClientRSA  = 8192 // each use of the token endpoint verifies with it
)

// ParsePublicKeys reads a JSON web key set (RFC 7517) of 1 to 5 keys to verify signatures with. It refuses private and
// symmetric keys, and those that are too weak. The error says what is wrong and never holds what was read.
func ParsePublicKeys(data []byte) (PublicKeys, error) {
	var set jose.JSONWebKeySet
	if len(data) > maxKeySet {
		return PublicKeys{}, fmt.Errorf("is longer than %d bytes", maxKeySet)
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return PublicKeys{}, errors.New("is not a JSON web key set")
	}
	if n := len(set.Keys); n == 0 || n > maxPublicKeys {
		return PublicKeys{}, fmt.Errorf("must have 1 to %d keys", maxPublicKeys)
	}
	out := PublicKeys{}
	for _, j := range set.Keys {
		if err := checkPublicKey(j); err != nil {
			return PublicKeys{}, err
		}
		if slices.ContainsFunc(out.keys, func(k jose.JSONWebKey) bool { return k.KeyID == j.KeyID }) {
			return PublicKeys{}, errors.New("has two keys without a kid, or with the same")
		}
		out.keys = append(out.keys, jose.JSONWebKey{Key: j.Key, KeyID: j.KeyID, Algorithm: j.Algorithm, Use: "sig"})
	}
	return out, nil
}

func checkPublicKey(j jose.JSONWebKey) error {
	allowed := algorithmsOf(j.Key)
	switch {
	case len(allowed) == 0:
		return errors.New("has a key that is not the public half of Ed25519, ECDSA (P-256 to P-521) or RSA (2048 to 8192 bits)")
	case j.Use != "" && j.Use != "sig":
		return errors.New("has a key that is not for signatures")
	case len(j.KeyID) > maxKeyID:
		return fmt.Errorf("has a kid longer than %d bytes", maxKeyID)
	case j.Algorithm != "" && !slices.Contains(allowed, jose.SignatureAlgorithm(j.Algorithm)):
		return errors.New("has a key with an alg that is not the key's")
	}
	return nil
}

// algorithmsOf are those that a key may be used with; none for what is no public key.
func algorithmsOf(key any) []jose.SignatureAlgorithm {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA}
	case *ecdsa.PublicKey:
		return map[int][]jose.SignatureAlgorithm{256: {jose.ES256}, 384: {jose.ES384}, 521: {jose.ES512}}[k.Curve.Params().BitSize]
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n >= minClientRSA && n <= maxClientRSA {
			return []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
		}
	}
	return nil
}

// Marshal answers the keys as a JSON web key set.
func (p PublicKeys) Marshal() ([]byte, error) { return json.Marshal(jose.JSONWebKeySet{Keys: p.keys}) }

var errAssertion = errors.New("not a token that one of these keys has signed")

// Verify answers the claims of a token that one of the keys has signed. The key decides the algorithm.
func (p PublicKeys) Verify(t Text) (claims []byte, err error) {
	if len(t) > maxSigned {
		return nil, errAssertion
	}
	jws, err := jose.ParseSignedCompact(string(t), assertionAlgorithms)
	if err != nil {
		return nil, errAssertion
	}
	h := jws.Signatures[0].Protected
	if _, nested := h.ExtraHeaders[jose.HeaderContentType]; nested {
		return nil, errAssertion
	}
	tried := false
	for _, k := range p.keys {
		alg := jose.SignatureAlgorithm(h.Algorithm)
		if h.KeyID != "" && k.KeyID != h.KeyID || !slices.Contains(algorithmsOf(k.Key), alg) || k.Algorithm != "" && k.Algorithm != h.Algorithm {
			continue
		}
		tried = true
		verifications.Add(1)
		if claims, err := jws.Verify(k.Key); err == nil {
			return claims, nil
		}
	}
	if !tried {
		verifications.Add(1)
		_, _ = jws.Verify(standIns[jose.SignatureAlgorithm(h.Algorithm)]) // for its cost: anybody can have signed with it
	}
	return nil, errAssertion
}

var verifications atomic.Int64

// Verifications tells how many signatures were verified by public keys of clients; tests count the work by it.
func Verifications() int64 { return verifications.Load() }

// standIns are a key for each algorithm, for what none of a client's keys can have signed. Anybody can have signed with them.
var standIns = func() map[jose.SignatureAlgorithm]any {
	n := new(big.Int).Lsh(big.NewInt(1), minClientRSA)
	ofRSA := &rsa.PublicKey{N: n.Sub(n, big.NewInt(1)), E: 65537}
	return map[jose.SignatureAlgorithm]any{
		jose.EdDSA: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public(), jose.RS256: ofRSA, jose.PS256: ofRSA,
		jose.ES256: basePoint(elliptic.P256()), jose.ES384: basePoint(elliptic.P384()), jose.ES512: basePoint(elliptic.P521()),
	}
}()

// basePoint is the public half of the private key 1.
func basePoint(c elliptic.Curve) *ecdsa.PublicKey {
	one := make([]byte, (c.Params().BitSize+7)/8)
	one[len(one)-1] = 1
	k, err := ecdsa.ParseRawPrivateKey(c, one)
	if err != nil {
		panic(err)
	}
	return &k.PublicKey
}

// nobodysKeys are a set to read, as every client with keys has one.
var nobodysKeys = func() []byte {
	text, err := PublicKeys{keys: []jose.JSONWebKey{{Key: standIns[jose.ES256], Use: "sig"}}}.Marshal()
	if err != nil {
		panic(err)
	}
	return text
}()

// VerifyForNobody does the work of a verification by the keys of a client, for who has none.
func VerifyForNobody(t Text) {
	if keys, err := ParsePublicKeys(nobodysKeys); err == nil {
		_, _ = keys.Verify(t)
	}
}

// Unverified answers the claims of a token whose signature nobody has looked at: good for finding out by which keys to verify.
func Unverified(t Text) ([]byte, bool) { return payloadOf(string(t)) }
