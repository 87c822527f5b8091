package account

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A founding makes a tenant below the network together with its first admin: both or neither. That admin is a superuser,
// whoever makes the tenant: it is the one role granted above the maker's own.
type founding struct {
	of     auth.UserType
	off    *Setting // true switches it off
	role   int64    // of the first admin
	admin  *NewUser // optional
	insert func(tx store.Tx) (auth.Tenant, error)
}

// found makes the tenant. A username taken is a Conflict, and so is a creation that is switched off.
func (a *Accounts) found(ctx context.Context, by *auth.Principal, f founding) error {
	hash, err := a.checkAdmin(ctx, f)
	if err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx store.Tx) error { return a.foundIn(tx, by, f, hash) })
}

// foundIn is found within a transaction, with what checkAdmin answered.
func (a *Accounts) foundIn(tx store.Tx, by *auth.Principal, f founding, hash string) error {
	if err := a.open(tx, f); err != nil {
		return err
	}
	in, err := f.insert(tx)
	if err != nil || f.admin == nil {
		return err
	}
	_, err = a.addUser(tx, by, in, *f.admin, hash)
	return err
}

// open refuses a creation that is switched off.
func (a *Accounts) open(tx store.Tx, f founding) error {
	off, err := a.Flag(tx, f.off)
	if err == nil && off {
		err = auth.Errorf(auth.Conflict, "the creation of %s is switched off", plural[f.of])
	}
	return err
}

var plural = map[auth.UserType]string{auth.MSP: "partners", auth.Enterprise: "customers"}

// checkAdmin answers the hash of the first admin's password, or "" when there is no admin.
func (a *Accounts) checkAdmin(ctx context.Context, f founding) (string, error) {
	if f.admin == nil {
		return "", nil
	}
	f.admin.RoleID = f.role
	if err := f.admin.Check(); err != nil {
		return "", err
	}
	return a.NewHash(ctx, f.of, &User{Username: f.admin.Username}, f.admin.Password)
}
