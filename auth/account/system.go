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

// A demo is the mark of a store that a demo was made in. Whoever shares it, or has a copy, knows by it what he has.
type demo struct {
	ID int64 `json:"id"`
}

var demos = store.NewCollection("demo", func(d *demo) *int64 { return &d.ID })

// MarkDemo marks the store as one that has a demo in it.
func (a *Accounts) MarkDemo(ctx context.Context) error {
	return a.Store.Update(ctx, func(tx store.Tx) error { return demos.Put(tx, &demo{1}) })
}

// HasDemo says whether there is a demo in the store.
func (a *Accounts) HasDemo(ctx context.Context) (has bool, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		d, err := demos.Get(tx, 1)
		has = d != nil
		return err
	})
	return has, err
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
