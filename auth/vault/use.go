package vault

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

const maxPurpose = 255

// Use answers the password to somebody with whom the credential is shared, himself or by a group; to administrate it
// is not enough. Each use is told before the password leaves, with what it is for. To whom the credential is not shown, it is
// not there.
func (v *Vault) Use(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, purpose string) (c *Credential, password secret.Text, err error) {
	if err := account.CheckName("purpose", purpose, maxPurpose); err != nil {
		return nil, "", err
	}
	ring, err := v.ring()
	if err != nil {
		return nil, "", err
	}
	err = v.store.Update(ctx, func(tx store.Tx) error {
		if in, err = v.accounts.Still(tx, by, in, auth.Read.On(auth.Credential)); err != nil {
			return err
		}
		if c, err = v.used(tx, by, in, id); err != nil {
			return err
		}
		if password, err = v.open(tx, ring, c); err != nil {
			return err
		}
		h := c.happening("USED")
		h.Detail["purpose"] = purpose
		return v.accounts.Record(tx, by, in, h)
	})
	if err != nil {
		return nil, "", v.told(ctx, by, in, err) // never a password of whose use there is no event
	}
	return c, password, nil
}

// used answers the credential, if the caller may use it.
func (v *Vault) used(tx store.Tx, by *auth.Principal, in auth.Tenant, id int64) (*Credential, error) {
	if on, err := v.accounts.Flag(tx, account.EnableUse); err != nil || !on {
		return nil, cmp.Or(err, error(auth.Errorf(auth.Conflict, "the use of credentials is switched off")))
	}
	ok, err := mayUse(tx, by, id) // first, as in Get
	if err != nil || !ok && !administers(by, in) {
		return nil, cmp.Or(err, errNoCredential)
	}
	c, err := credentialIn(tx, in, id)
	if err != nil || c == nil {
		return nil, cmp.Or(err, errNoCredential)
	}
	if !ok {
		return nil, auth.Errorf(auth.Forbidden, "to use a credential takes a share in it; to administrate it is not enough")
	}
	if c.Unset {
		return nil, errUnset
	}
	return c, nil
}
