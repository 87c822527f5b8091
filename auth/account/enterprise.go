package account

import (
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// An Enterprise is a customer.
type Enterprise struct {
	ID            int64            `json:"id"`
	ProxyID       int64            `json:"proxyId,omitempty"` // the partner that owns it
	Name          string           `json:"name"`
	LogicalID     string           `json:"logicalId"`
	AccountNumber string           `json:"accountNumber"`
	Domain        string           `json:"domain"`
	Delegated     auth.Delegation  `json:"delegated,omitempty"`
	Fields        EnterpriseFields `json:"fields"`
	Terms         Terms            `json:"terms,omitzero"`
	Bastion       BastionState     `json:"bastion,omitempty"`
	Created       time.Time        `json:"created"`
	Modified      time.Time        `json:"modified"`
}

// EnterpriseFields are what callers may set of an enterprise besides its name. Nil is unset, or not named in an update.
type EnterpriseFields struct {
	Contact
	Timezone               *string `json:"timezone"`
	Locale                 *string `json:"locale"`
	ShippingSameAsLocation *int64  `json:"shippingSameAsLocation" enum:"0|1"`
	ShippingContactName    *string `json:"shippingContactName"`
	ShippingAddress        *string `json:"shippingAddress"`
	ShippingAddress2       *string `json:"shippingAddress2"`
	ShippingCity           *string `json:"shippingCity"`
	ShippingState          *string `json:"shippingState"`
	ShippingCountry        *string `json:"shippingCountry"`
	ShippingPostalCode     *string `json:"shippingPostalCode"`
	GatewayPoolID          *int64  `json:"gatewayPoolId"`
}

var (
	enterprises = store.NewCollection("enterprise", func(e *Enterprise) *int64 { return &e.ID }).
			Remember(1024, func(e Enterprise) Enterprise { return e }) // its fields are replaced, never written into
	enterpriseByName = enterprises.Unique("name", func(e *Enterprise) []byte { return store.Key(fold(e.Name), e.ProxyID) })
	enterprisesNamed = enterprises.Index("named", func(e *Enterprise) []byte { return store.Key(fold(e.Name)) })
	enterprisesOf    = enterprises.Index("proxy", func(e *Enterprise) []byte { return store.Key(e.ProxyID) })
)

func (e *Enterprise) tenant() auth.Tenant {
	return auth.Tenant{Type: auth.Enterprise, ID: e.ID, ProxyID: e.ProxyID, Delegated: e.Delegated, Name: e.Name}
}

// Enterprise answers an enterprise that the caller sees, with the partner that owns it; nil otherwise.
func (a *Accounts) Enterprise(ctx context.Context, by *auth.Principal, id int64) (e *Enterprise, owner *Partner, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		e, err = enterprises.Get(tx, id)
		if err != nil || e == nil {
			return err
		}
		if !by.Sees(e.tenant()) {
			e = nil
			return nil
		}
		if e.ProxyID != 0 {
			owner, err = partners.Get(tx, e.ProxyID)
		}
		return err
	})
	return e, owner, err
}

// EnterpriseNamed answers the number of the enterprise of that name among those the caller sees; 0 when there is none
// or more than one.
func (a *Accounts) EnterpriseNamed(ctx context.Context, by *auth.Principal, name string) (id int64, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		return enterprisesNamed.Scan(tx, store.Span{Prefix: store.Key(fold(name))}, func(e *Enterprise) (bool, error) {
			if !by.Sees(e.tenant()) {
				return true, nil
			}
			if id != 0 {
				id = 0
				return false, nil
			}
			id = e.ID
			return true, nil
		})
	})
	return id, err
}

// EnterpriseOf answers the number of the enterprise of that name that a partner owns, or nobody if that is 0; 0 when there is none.
func (a *Accounts) EnterpriseOf(ctx context.Context, proxyID int64, name string) (id int64, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		id, err = enterpriseByName.ID(tx, store.Key(fold(name), proxyID))
		return err
	})
	return id, err
}

// A Listed enterprise is an enterprise with the name of the partner that owns it.
type Listed struct {
	*Enterprise
	ProxyName string
}

// Enterprises answers the enterprises that the caller sees, or a page of them, ordered by number. Only the ids are kept, if
// any are given.
func (a *Accounts) Enterprises(ctx context.Context, by *auth.Principal, ids []int64, q PageQuery) ([]Listed, Page, error) {
	return a.listEnterprises(ctx, by, q, func(tx store.Tx, after int64, add func(*Enterprise) (bool, error)) error {
		if len(ids) > 0 {
			return eachEnterprise(tx, ids, after, add)
		}
		if by.UserType == auth.MSP {
			return enterprisesOf.Scan(tx, behind(store.Key(by.ProxyID), after), add)
		}
		return enterprises.Scan(tx, after, add)
	})
}

// EnterprisesOf is Enterprises for those of one partner.
func (a *Accounts) EnterprisesOf(ctx context.Context, by *auth.Principal, in auth.Tenant, q PageQuery) ([]Listed, Page, error) {
	return a.listEnterprises(ctx, by, q, func(tx store.Tx, after int64, add func(*Enterprise) (bool, error)) error {
		return enterprisesOf.Scan(tx, behind(store.Key(in.ID), after), add)
	})
}

// listEnterprises reads a list of those that each shows in order, from behind a number on, as far as the caller sees them.
func (a *Accounts) listEnterprises(ctx context.Context, by *auth.Principal, q PageQuery,
	each func(tx store.Tx, after int64, add func(*Enterprise) (bool, error)) error) ([]Listed, Page, error) {
	list := []Listed{}
	page, err := q.Pager(1)
	if err != nil {
		return list, Page{}, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		names := make(map[int64]string)
		return each(tx, page.After(0), func(e *Enterprise) (bool, error) {
			if e == nil || !by.Sees(e.tenant()) {
				return true, nil
			}
			if !page.Take(e.ID) {
				return false, nil
			}
			name, err := partnerName(tx, names, e.ProxyID)
			list = append(list, Listed{e, name})
			return true, err
		})
	})
	return list, page.Done(), err
}

// eachEnterprise shows f those of the ids above after, in order.
func eachEnterprise(tx store.Tx, ids []int64, after int64, f func(*Enterprise) (bool, error)) error {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if id <= after {
			continue
		}
		e, err := enterprises.Get(tx, id)
		if err != nil {
			return err
		}
		if more, err := f(e); err != nil || !more {
			return err
		}
	}
	return nil
}
