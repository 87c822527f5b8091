package client

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Secret is one of a client's. Of its text only the digest is kept, and the beginning, by which its owner knows it.
type Secret struct {
	Number   int64         `json:"number"`
	Shown    string        `json:"shown"`
	Digest   secret.Digest `json:"digest"`
	Created  time.Time     `json:"created"`
	Ends     time.Time     `json:"ends,omitzero"`     // of one that was rotated out
	LastUsed time.Time     `json:"lastUsed,omitzero"` // to the minute
}

// maxSecrets is how many secrets of a client live at once.
const maxSecrets = 2

// MaxOverlap is the longest time for which a secret lives on behind a new one.
const MaxOverlap = 7 * 24 * time.Hour

// Live says whether the secret opens anything.
func (s *Secret) Live(now time.Time) bool { return s.Ends.IsZero() || now.Before(s.Ends) }

// noDigest is that of no secret.
var noDigest = make(secret.Digest, len(secret.DigestOf("")))

// matching is the number of the client's secret with that text; 0 for none. It is the same work for every client, and for none.
func (c *Client) matching(t secret.Text, now time.Time) (number int64) {
	for i := range maxSecrets {
		s := Secret{Digest: noDigest}
		if c != nil && i < len(c.Secrets) && c.Secrets[i].Live(now) {
			s = c.Secrets[i]
		}
		if s.Digest.Matches(t) {
			number = s.Number
		}
	}
	return number
}

// add gives the client a secret.
func (c *Client) add(t secret.Text, now time.Time) {
	c.LastNumber++
	c.Secrets = append(c.Secrets, Secret{
		Number: c.LastNumber, Shown: secret.Shown(t, c.mark()), Digest: secret.DigestOf(t), Created: now,
	})
}

// living removes the secrets that are over.
func (c *Client) living(now time.Time) {
	c.Secrets = slices.DeleteFunc(c.Secrets, func(s Secret) bool { return !s.Live(now) })
}

var errKeys error = auth.Errorf(auth.Conflict, "the client shows who it is by its keys (PRIVATE_KEY_JWT) and has no secret")

// Regenerate gives a client a new secret. All that it had, and its access tokens, are dead with it.
func (c *Clients) Regenerate(ctx context.Context, by *auth.Principal, in auth.Tenant, k Kind, id int64) (secret.Text, error) {
	return c.renew(ctx, by, in, k, id, c.handlesToUpdate, func(cl *Client, t secret.Text) (account.Happening, error) {
		cl.Secrets = nil
		cl.add(t, c.now())
		cl.Epoch++
		return cl.happening("SECRET_REGENERATED"), nil
	})
}

// Rotate gives a client a new secret beside the one that it has, which lives on for the overlap. A client may do so for itself,
// unless it is an app whose owner has kept that to himself. That a rotation is under way is a Conflict.
func (c *Clients) Rotate(ctx context.Context, by *auth.Principal, in auth.Tenant,
	k Kind, id int64, overlap time.Duration) (secret.Text, error) {
	if overlap < 0 || overlap > MaxOverlap {
		return "", auth.BadField("overlapSec", "is not between 0 and %d", MaxOverlap/time.Second)
	}
	return c.renew(ctx, by, in, k, id, c.mayRotate, func(cl *Client, t secret.Text) (account.Happening, error) {
		cl.living(c.now())
		if len(cl.Secrets) >= maxSecrets {
			return account.Happening{}, auth.Errorf(auth.Conflict, "a rotation is under way: two secrets live; end it first")
		}
		for i := range cl.Secrets {
			cl.Secrets[i].Ends = c.now().Add(overlap)
		}
		cl.living(c.now())
		cl.add(t, c.now())
		h := cl.happening("SECRET_ROTATED")
		h.Detail["overlapSec"] = int64(overlap / time.Second)
		return h, nil
	})
}

// A permit says whether the caller may do something to a client, if there is one, and answers its tenant as it is now.
type permit func(tx store.Tx, by *auth.Principal, in auth.Tenant, k Kind, cl *Client) (auth.Tenant, error)

// renew is what a new secret takes; do changes the client.
func (c *Clients) renew(ctx context.Context, by *auth.Principal, in auth.Tenant, k Kind, id int64, may permit,
	do func(*Client, secret.Text) (account.Happening, error)) (secret.Text, error) {
	text, err := secret.MintMarked(c.accounts.Random(), kinds[k].mark)
	if err != nil {
		return "", err
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		cl, err := at(tx, by, in, k, id)
		if err != nil {
			return err
		}
		in, err := may(tx, by, in, k, cl)
		if err != nil || cl == nil {
			return cmp.Or(err, errGone(k))
		}
		if cl.Keys != nil {
			return errKeys
		}
		h, err := do(cl, text)
		if err != nil {
			return err
		}
		h.Severity = account.Notice
		cl.Modified = c.now()
		return cmp.Or(c.accounts.Record(tx, by, in, h), clients.Put(tx, cl))
	})
	if err != nil {
		return "", err // never a secret that is not durable
	}
	return text, nil
}

func (c *Clients) handlesToUpdate(tx store.Tx, by *auth.Principal, in auth.Tenant, k Kind, cl *Client) (auth.Tenant, error) {
	return c.handles(tx, by, in, k, cl, auth.Update)
}

// mayRotate: who handles the client, and the client itself. A token of less than the client's rights, or for another organisation
// than its own, must not lead to its secret, which is worth all of them.
func (c *Clients) mayRotate(tx store.Tx, by *auth.Principal, in auth.Tenant, k Kind, cl *Client) (auth.Tenant, error) {
	if by.ClientID == 0 || cl == nil || by.ClientID != cl.ID {
		return c.handlesToUpdate(tx, by, in, k, cl)
	}
	now, ok, err := c.accounts.TenantIn(tx, in.Type, in.ID)
	switch {
	case err != nil || !ok:
		return now, cmp.Or(err, errTenantGone)
	case cl.OwnerOnly:
		return now, auth.Errorf(auth.Forbidden, "the privilege to rotate its secret is its owner's alone in method [%s]", by.Method)
	case by.Narrowed || !by.Owns(cl.tenant()):
		return now, auth.Errorf(auth.Forbidden,
			"the privilege to rotate its secret is not in the scope of this access token in method [%s]", by.Method)
	}
	return now, nil
}

// EndRotation ends the overlap of a rotation early. That none is under way changes nothing: rows is 0.
func (c *Clients) EndRotation(ctx context.Context, by *auth.Principal, in auth.Tenant, k Kind, id int64) (rows int, err error) {
	_, err = c.change(ctx, by, in, k, id, auth.Update, func(tx store.Tx, in auth.Tenant, cl *Client) error {
		rows = 0
		cl.living(c.now())
		if len(cl.Secrets) < maxSecrets {
			return nil
		}
		cl.Secrets = cl.Secrets[len(cl.Secrets)-1:]
		cl.Modified, rows = c.now(), 1
		h := cl.happening("SECRET_ROTATION_ENDED")
		h.Severity = account.Notice
		return cmp.Or(c.accounts.Record(tx, by, in, h), clients.Put(tx, cl))
	})
	return rows, err
}
