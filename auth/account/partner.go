package account

import (
	"cmp"
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Partner (enterprise proxy, MSP) owns enterprises.
type Partner struct {
	ID              int64           `json:"id"`
	Name            string          `json:"name"`
	LogicalID       string          `json:"logicalId"`
	Domain          string          `json:"domain"`
	ProxyType       string          `json:"proxyType,omitempty"`
	OperateGateways bool            `json:"operateGateways,omitempty"` // may manage gateways, once there are any
	Delegated       auth.Delegation `json:"delegated,omitempty"`
	Fields          Contact         `json:"fields"`
	Created         time.Time       `json:"created"`
	Modified        time.Time       `json:"modified"`
}

var (
	partners      = store.NewCollection("partner", func(p *Partner) *int64 { return &p.ID })
	partnerByName = partners.Unique("name", func(p *Partner) []byte { return store.Key(fold(p.Name)) })
)

func (p *Partner) tenant() auth.Tenant {
	return auth.Tenant{Type: auth.MSP, ID: p.ID, Delegated: p.Delegated, Name: p.Name}
}

// Kind is the published proxyType.
func (p *Partner) Kind() string { return cmp.Or(p.ProxyType, "MSP") }

// Partner answers a partner that the caller sees; nil otherwise.
func (a *Accounts) Partner(ctx context.Context, by *auth.Principal, id int64) (p *Partner, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		if p, err = partners.Get(tx, id); p != nil && !by.Sees(p.tenant()) {
			p = nil
		}
		return err
	})
	return p, err
}

// Partners answers the partners of the network, or a page of them, ordered by number.
func (a *Accounts) Partners(ctx context.Context, q PageQuery) ([]*Partner, Page, error) {
	list := []*Partner{}
	page, err := q.Pager(1)
	if err != nil {
		return list, Page{}, err
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		return partners.Scan(tx, page.After(0), func(p *Partner) (bool, error) {
			if !page.Take(p.ID) {
				return false, nil
			}
			list = append(list, p)
			return true, nil
		})
	})
	return list, page.Done(), err
}

// PartnerNamed answers the number of the partner of that name, if the caller sees it; 0 otherwise.
func (a *Accounts) PartnerNamed(ctx context.Context, by *auth.Principal, name string) (id int64, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		id = 0
		p, err := partnerByName.Get(tx, store.Key(fold(name)))
		if p != nil && by.Sees(p.tenant()) {
			id = p.ID
		}
		return err
	})
	return id, err
}

// partnerName answers a partner's name, remembered in names for the length of a list.
func partnerName(tx store.Tx, names map[int64]string, id int64) (string, error) {
	if name, ok := names[id]; ok || id == 0 {
		return name, nil
	}
	p, err := partners.Get(tx, id)
	if p == nil || err != nil {
		return "", err
	}
	names[id] = p.Name
	return p.Name, nil
}

// tellPartner writes into a partner's record what happened to an enterprise of his.
func (a *Accounts) tellPartner(tx store.Tx, by *auth.Principal, id int64, e *Enterprise, h Happening) error {
	in, ok, err := a.TenantIn(tx, auth.MSP, id)
	if err != nil || !ok {
		return cmp.Or(err, error(auth.NoTenant(by, "enterpriseProxyId")))
	}
	h.About = e.tenant()
	return a.Record(tx, by, in, h)
}
