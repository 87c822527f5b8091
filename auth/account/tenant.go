package account

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

var errTenantGone error = auth.Errorf(auth.NotFound, "the tenant is gone")

// Tenant answers the tenant of a type and number, as it stands now.
func (a *Accounts) Tenant(ctx context.Context, t auth.UserType, id int64) (in auth.Tenant, ok bool, err error) {
	if t == auth.Operator {
		return auth.Network(), id == auth.NetworkID, nil
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		in, ok, err = a.TenantIn(tx, t, id)
		return err
	})
	return in, ok, err
}

// TenantIn is Tenant within a transaction.
func (a *Accounts) TenantIn(tx store.Tx, t auth.UserType, id int64) (auth.Tenant, bool, error) {
	switch t {
	case auth.Operator:
		return auth.Network(), id == auth.NetworkID, nil
	case auth.MSP:
		p, err := partners.Get(tx, id)
		if p == nil || err != nil {
			return auth.Tenant{}, false, err
		}
		return p.tenant(), true, nil
	}
	e, err := enterprises.Get(tx, id)
	if e == nil || err != nil {
		return auth.Tenant{}, false, err
	}
	return e.tenant(), true, nil
}

// Still answers the tenant as it is in this transaction, and refuses a caller who no longer holds the privilege in it.
func (a *Accounts) Still(tx store.Tx, by *auth.Principal, in auth.Tenant, v auth.Privilege) (auth.Tenant, error) {
	now, ok, err := a.TenantIn(tx, in.Type, in.ID)
	if err != nil || !ok {
		return now, cmp.Or(err, errTenantGone)
	}
	return now, auth.All(v).Allows(by, now)
}

// Above answers a tenant as it is now, and whose the records are that tell of it or of what is below: its own, its partner's, the
// network's. Of a tenant that is gone there is its number alone.
func (a *Accounts) Above(tx store.Tx, t auth.UserType, id int64) (in auth.Tenant, all []auth.Tenant, err error) {
	in, ok, err := a.TenantIn(tx, t, id)
	if err != nil {
		return in, nil, err
	}
	if !ok {
		in = auth.Tenant{Type: t, ID: id}
	}
	all = append(all, in)
	if in.ProxyID != 0 {
		all = append(all, auth.Tenant{Type: auth.MSP, ID: in.ProxyID})
	}
	if t != auth.Operator {
		all = append(all, auth.Network())
	}
	return in, all, nil
}
