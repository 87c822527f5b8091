package vault

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
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

// Check refuses what can be refused without looking at the tenant. A password may be missing.
func (n *NewCredential) Check() error {
	with := *n
	with.Password = cmp.Or(n.Password, "not yet")
	return with.check()
}

// Each shows f the credentials of a tenant, and with whom they are shared, ordered by number.
func (v *Vault) Each(tx store.Tx, in auth.Tenant, f func(Listed) error) error {
	return credentialsOf.Scan(tx, store.Span{Prefix: tenantKey(in)}, func(c *Credential) (bool, error) {
		l, err := v.listed(tx, in, c, Show{View: FullView})
		if err != nil {
			return false, err
		}
		return true, f(l)
	})
}

// Find answers the credential of the tenant for that username; nil where there is none.
func (v *Vault) Find(ctx context.Context, in auth.Tenant, username string) (c *Credential, err error) {
	err = v.store.View(ctx, func(tx store.Tx) error {
		c, err = credentialByName.Get(tx, store.AppendKey(tenantKey(in), folded(username)))
		return err
	})
	return c, err
}

// SameUsername is the form in which usernames of credentials are compared.
func SameUsername(username string) string { return folded(username) }

// Check refuses what can be refused without looking at the tenant.
func (n *NewGroup) Check() error { return (&Group{Name: n.Name, Description: n.Description}).check() }

// Each shows f the user groups of a tenant with their members, ordered by number.
func (g *Groups) Each(tx store.Tx, in auth.Tenant, f func(*Group, []*account.User) error) error {
	return groupsOf.Scan(tx, store.Span{Prefix: tenantKey(in)}, func(of *Group) (bool, error) {
		var list []*account.User
		err := memberOf.Scan(tx, store.Span{Prefix: store.Key(of.ID)}, func(m *Member) (bool, error) {
			u, err := g.accounts.UserIn(tx, m.UserID)
			if u != nil {
				list = append(list, u)
			}
			return true, err
		})
		if err != nil {
			return false, err
		}
		return true, f(of, list)
	})
}

// Name is the name of a user group of the tenant; "" of one that is gone.
func (g *Groups) Name(tx store.Tx, in auth.Tenant, id int64) (string, error) {
	of, err := groupIn(tx, in, id)
	if of == nil || err != nil {
		return "", err
	}
	return of.Name, nil
}

// Find answers the user group of that name of the tenant, letter case aside; nil where there is none.
func (g *Groups) Find(ctx context.Context, in auth.Tenant, name string) (of *Group, err error) {
	err = g.store.View(ctx, func(tx store.Tx) error {
		of, err = groupByName.Get(tx, (&Group{Of: in.Type, TenantID: in.ID, Name: name}).nameKey())
		return err
	})
	return of, err
}
