package account

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A PropertyQuery asks for the enterprises that have a property of that value. One that was never set has none, and a password
// is nobody's to ask for.
type PropertyQuery struct {
	Name, Value string
	IDs         []int64 // of these alone, if any are given
	Owned       bool    // of those alone that a partner owns
	ProxyID     int64   // of this partner's alone, if it is given
	PageQuery
}

// EnterprisesWithProperty answers those of them that the caller sees, or a page, ordered by number.
func (a *Accounts) EnterprisesWithProperty(ctx context.Context, by *auth.Principal, q PropertyQuery) ([]*Enterprise, Page, error) {
	list := []*Enterprise{}
	page, err := q.Pager(1)
	if err != nil {
		return list, Page{}, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		return q.each(tx, page.After(0), func(e *Enterprise) (bool, error) {
			fits, err := q.fits(tx, by, e)
			if err != nil || !fits {
				return true, err
			}
			if !page.Take(e.ID) {
				return false, nil
			}
			list = append(list, e)
			return true, nil
		})
	})
	return list, page.Done(), err
}

// each shows f the enterprises above after that may fit, by the shortest way. A partner's are looked through one by one: the
// way by the value leads past everybody's.
func (q PropertyQuery) each(tx store.Tx, after int64, f func(*Enterprise) (bool, error)) error {
	switch {
	case len(q.IDs) > 0:
		return eachEnterprise(tx, q.IDs, after, f)
	case q.ProxyID != 0:
		return enterprisesOf.Scan(tx, behind(store.Key(q.ProxyID), after), f)
	}
	key := valuedKey(auth.Enterprise, q.Name, q.Value)
	from := store.AppendKey(valuedKey(auth.Enterprise, q.Name, q.Value), after+1)
	return tenantPropertiesValued.Scan(tx, store.Span{Prefix: key, From: from}, func(p *TenantProperty) (bool, error) {
		e, err := enterprises.Get(tx, p.TenantID)
		if err != nil {
			return false, err
		}
		return f(e)
	})
}

func (q PropertyQuery) fits(tx store.Tx, by *auth.Principal, e *Enterprise) (bool, error) {
	switch {
	case e == nil || !by.Sees(e.tenant()):
		return false, nil
	case q.Owned && e.ProxyID == 0, q.ProxyID != 0 && e.ProxyID != q.ProxyID:
		return false, nil
	}
	p, err := tenantPropertyByName.Get(tx, store.Key(int64(auth.Enterprise), e.ID, q.Name))
	return p != nil && !p.IsPassword && p.Value == q.Value, err
}
