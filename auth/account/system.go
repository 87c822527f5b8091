package account

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// System is the portal itself as a principal: it makes the first operator, seeds the demo and sweeps.
func System(method string) *auth.Principal {
	return &auth.Principal{
		Call: auth.Call{Method: method}, Type: auth.Portal, Username: "portico", UserType: auth.Operator,
		Role: auth.RoleByID(auth.OperatorSuperuser),
	}
}

// HasOperators says whether anybody can administrate the portal yet.
func (a *Accounts) HasOperators(ctx context.Context) (has bool, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		return usersOf.IDs(tx, store.Span{Prefix: tenantKey(auth.Operator, auth.NetworkID)}, func([]byte, int64) (bool, error) {
			has = true
			return false, nil
		})
	})
	return has, err
}

// FirstOperator makes the operator superuser of a new portal. It does nothing where there is an operator already.
func (a *Accounts) FirstOperator(ctx context.Context, name string, password secret.Text) (made bool, err error) {
	if has, err := a.HasOperators(ctx); has || err != nil {
		return false, err
	}
	by := System("portico/serve")
	_, err = a.InsertUser(ctx, by, auth.Network(), NewUser{Username: name, Password: password, RoleID: auth.OperatorSuperuser})
	return err == nil, err
}

// CheckOperator says why a name and a password cannot be those of the first operator: a new portal has the default policy.
func CheckOperator(name string, password secret.Text) error {
	p, err := parsePolicy(defaultPolicy)
	return cmp.Or(err, checkUsername(name), p.check(&User{Username: name}, password, nil))
}

// Exists says whether a username is taken.
func (a *Accounts) Exists(ctx context.Context, username string) (exists bool, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		id, err := userByName.ID(tx, usernameKey(username))
		exists = id != 0
		return err
	})
	return exists, err
}
