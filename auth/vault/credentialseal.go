package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A version says which password of a credential is the present one. Its mark is made under a key that lies apart from the store.
type version struct {
	ID      int64  `json:"id"` // the credential's
	Version int64  `json:"version"`
	Mark    []byte `json:"mark"`
}

var versions = store.NewCollection("credentialversion", func(v *version) *int64 { return &v.ID })

const versionPurpose = "portico/credential-version/v1"

// marked is what the mark of a credential's present version is of. The box does not change when its key is wrapped anew.
func (c *Credential) marked() []byte {
	return fmt.Appendf(nil, "%s|%x", c.purpose(), sha256.Sum256([]byte(c.Envelope.Box)))
}

// keep writes a credential with a new password, which was found as status says.
func (v *Vault) keep(tx store.Tx, ring *secret.Keyring, c *Credential, password secret.Text, status Status) (err error) {
	was, err := versions.Get(tx, c.ID)
	if err != nil {
		return err
	}
	if was != nil {
		c.Version = max(c.Version, was.Version) // they differ where somebody wrote past the portal
	}
	c.Version++
	c.Unset = false
	if c.Envelope, err = ring.Seal(c.purpose(), password); err != nil {
		return err
	}
	c.found(status, v)
	now := &version{c.ID, c.Version, v.accounts.Sealer.Mark(versionPurpose, c.marked())}
	if err := versions.Put(tx, now); err != nil {
		return err
	}
	return credentials.Put(tx, c)
}

// The reasons for which a password does not open, besides those of the envelope.
var (
	errNoVersion  = errors.New("which version is the present one was removed from the store")
	errOldVersion = errors.New("another version of it was put into the store")
	errMark       = errors.New("what the store says of its present version was not written by this portal, or it was altered")
)

// open answers the password of a credential, if all that the store says of it agrees.
func (v *Vault) open(tx store.Tx, ring *secret.Keyring, c *Credential) (secret.Text, error) {
	now, err := versions.Get(tx, c.ID)
	switch {
	case err != nil:
		return "", err
	case now == nil:
		return "", &damage{c, errNoVersion}
	case now.Version != c.Version:
		return "", &damage{c, errOldVersion}
	case !v.accounts.Sealer.Marked(versionPurpose, c.marked(), now.Mark):
		return "", &damage{c, errMark}
	}
	password, err := ring.Open(c.purpose(), c.Envelope)
	if err != nil {
		return "", &damage{c, err}
	}
	return password, nil
}

// A damage is why a credential cannot be read.
type damage struct {
	*Credential
	why error
}

func (d *damage) Error() string {
	return fmt.Sprintf("credential %d of %s %d: %v", d.ID, d.Of, d.TenantID, d.why)
}
func (d *damage) Unwrap() error { return d.why }

// told makes an event of damage, for administrators, and answers what the caller may know of it; the log has the rest.
func (v *Vault) told(ctx context.Context, by *auth.Principal, in auth.Tenant, err error) error {
	var d *damage
	if !errors.As(err, &d) {
		return err
	}
	h := d.happening("DAMAGED")
	h.Severity, h.Apart = account.Alert, fmt.Sprint(d.ID)
	h.Detail["reason"] = d.why.Error()
	if err := v.accounts.Refused(ctx, by, in, h); err != nil {
		return err
	}
	out := auth.Because(auth.Conflict, d, "the credential cannot be read")
	out.Word = "CREDENTIAL_UNREADABLE"
	return out
}
