package vault

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A credential can be there before its password: a fixture that was exported has none. What is sealed until then is of chance, so that
// everything else holds of it as of any other, and nobody is handed it: an update with a password makes it good.

var errUnset error = auth.Errorf(auth.Conflict, "the credential has no password yet")

// InsertUnset adds a credential without a password to the tenant. Nobody is asked about the login.
func (v *Vault) InsertUnset(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewCredential) (c *Credential, err error) {
	if n.Password, err = secret.Mint(v.accounts.Random()); err != nil {
		return nil, err
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	ring, err := v.ring()
	if err != nil {
		return nil, err
	}
	err = v.store.Update(ctx, func(tx store.Tx) error {
		c, err = v.insert(tx, by, in, ring, n, StatusExpired)
		if err != nil {
			return err
		}
		c.Unset = true
		return credentials.Put(tx, c)
	})
	return c, err
}
