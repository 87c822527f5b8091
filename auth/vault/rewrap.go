package vault

import (
	"context"
	"errors"
	"math"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// rewrapped is how many envelopes are given another key in an Update: three keys each.
const rewrapped = 20

// Rewrap is a step of giving the envelopes the primary key of the ring; it changes no password. more says that there may be others.
// What is to be done is read off the store, so it may be stopped between any two steps. An envelope whose key cannot be opened
// stays as it is, is told in the error, and does not hold up the others.
func (v *Vault) Rewrap(ctx context.Context) (more bool, err error) {
	ring, err := v.ring()
	if err != nil {
		return false, err
	}
	var lost []error
	err = v.store.Update(ctx, func(tx store.Tx) error {
		more, lost = false, nil
		list, err := toRewrap(tx, ring, &lost)
		for _, c := range list {
			if err == nil {
				err = credentials.Put(tx, c)
			}
		}
		more = len(list) == rewrapped
		return err
	})
	if err != nil {
		return false, err
	}
	return more, errors.Join(lost...)
}

// toRewrap answers the next credentials, with their envelopes under the primary key.
func toRewrap(tx store.Tx, ring *secret.Keyring, lost *[]error) (list []*Credential, err error) {
	take := func(c *Credential) (bool, error) {
		e, changed, err := ring.Rewrap(c.purpose(), c.Envelope)
		switch {
		case err != nil:
			*lost = append(*lost, &damage{c, err})
		case changed:
			c.Envelope = e
			list = append(list, c)
		}
		return len(list) < rewrapped, nil
	}
	before, after := store.Span{To: store.Key(ring.Primary())}, store.Span{From: keyBehind(ring.Primary())}
	if err := credentialsUnder.Scan(tx, before, take); err != nil || len(list) == rewrapped {
		return list, err
	}
	return list, credentialsUnder.Scan(tx, after, take)
}

// keyBehind is where the index goes on behind the envelopes under a key of the ring.
func keyBehind(id string) []byte { return append(store.Key(id, int64(math.MaxInt64)), 0) }

// KeysInUse answers the ids of the keys of the ring that envelopes are under. It reads one record for each.
func (v *Vault) KeysInUse(ctx context.Context) (ids []string, err error) {
	err = v.store.View(ctx, func(tx store.Tx) error {
		for s, more := (store.Span{}), true; more; {
			more = false
			err := credentialsUnder.Scan(tx, s, func(c *Credential) (bool, error) {
				ids, more = append(ids, c.Envelope.KeyID), true
				s.From = keyBehind(c.Envelope.KeyID)
				return false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// CountUnder counts the envelopes under a key of the ring. It reads none of them.
func (v *Vault) CountUnder(ctx context.Context, keyID string) (n int, err error) {
	err = v.store.View(ctx, func(tx store.Tx) error {
		return credentialsUnder.IDs(tx, store.Span{Prefix: store.Key(keyID)}, func([]byte, int64) (bool, error) {
			n++
			return true, nil
		})
	})
	return n, err
}
