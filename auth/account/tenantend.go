package account

import (
	"cmp"
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A tenant ends in one Update that removes its own record: every method and list reads that first, so the tenant is hidden at
// once, and its users with it (see housed). What hangs on it may be more than an Update can write. It is swept in steps, led by
// the tenant's grave, and a sweep that was cut off goes on where it was. Nothing new comes to hang on it meanwhile, because
// whoever writes in a tenant makes sure in the same Update that it is there. Its number is not given again.

// A TenantGrave marks a tenant that is not there, and on which something may hang that is to be swept.
type TenantGrave struct {
	ID       int64         `json:"id"`
	Type     auth.UserType `json:"type"`
	TenantID int64         `json:"tenantId"`
	Name     string        `json:"name"`
	Due      time.Time     `json:"due"` // when to begin: a clone that is being made has this time to be shown
	Deleter
}

var (
	tenantGraves    = store.NewCollection("tenantgrave", func(g *TenantGrave) *int64 { return &g.ID })
	tenantGravesDue = tenantGraves.Index("due", func(g *TenantGrave) []byte { return store.Key(g.Due) })
)

// Tenant is the tenant that is gone.
func (g *TenantGrave) Tenant() auth.Tenant {
	return auth.Tenant{Type: g.Type, ID: g.TenantID, Name: g.Name}
}

// tenantSweeps are what hangs on a tenant. Each removes a few of its records, as many as fit into an Update, and says how many.
var tenantSweeps = []func(a *Accounts, tx store.Tx, g *TenantGrave) (int, error){
	(*Accounts).sweepUsers,
	sweepBy(tenantProperties, tenantPropertyByName),
	sweepBy(customizations, customizationsOf),
	sweepBy(rolePackages, rolePackagesOf),
	sweepBy(customRoles, customRolesOf),
	(*Accounts).sweepSettings,
}

// DeleteEnterprise removes the tenant's enterprise; its users' sessions and tokens are refused from the next call on. It
// answers rows 0 when there is no such enterprise any more.
func (a *Accounts) DeleteEnterprise(ctx context.Context, by *auth.Principal, in auth.Tenant) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		e, err := enterprises.Get(tx, in.ID)
		if err != nil || e == nil {
			return err
		}
		gone := e.tenant()
		if err := auth.All(auth.Delete.On(auth.EnterpriseObject)).Allows(by, gone); err != nil {
			return err
		}
		rows = 1
		if _, err := enterprises.Delete(tx, e.ID); err != nil {
			return err
		}
		h := Happening{
			Name: "DELETE_ENTERPRISE", Category: OfEnterprise, Severity: Notice, Message: "enterprise " + e.Name,
			Detail: map[string]any{"enterpriseId": e.ID, "name": e.Name},
		}
		if e.ProxyID != 0 {
			if err := a.tellPartner(tx, by, e.ProxyID, e, h); err != nil {
				return err
			}
		}
		return a.bury(tx, by, gone, h)
	})
	return rows, err
}

// DeletePartner removes the tenant's partner like an enterprise. One that owns enterprises is a Conflict.
func (a *Accounts) DeletePartner(ctx context.Context, by *auth.Principal, in auth.Tenant) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		p, err := partners.Get(tx, in.ID)
		if err != nil || p == nil {
			return err
		}
		if err := auth.All(auth.Delete.On(auth.ProxyObject)).Allows(by, p.tenant()); err != nil {
			return err
		}
		if err := ownsNone(tx, p); err != nil {
			return err
		}
		rows = 1
		if _, err := partners.Delete(tx, p.ID); err != nil {
			return err
		}
		return a.bury(tx, by, p.tenant(), Happening{
			Name: "DELETE_ENTERPRISE_PROXY", Category: OfEnterprise, Severity: Notice, Message: "partner " + p.Name,
			Detail: map[string]any{"enterpriseProxyId": p.ID, "name": p.Name},
		})
	})
	return rows, err
}

func ownsNone(tx store.Tx, p *Partner) error {
	n := 0
	err := enterprisesOf.IDs(tx, store.Span{Prefix: store.Key(p.ID)}, func([]byte, int64) (bool, error) {
		n++
		return true, nil
	})
	if err == nil && n > 0 {
		err = auth.Errorf(auth.Conflict, "partner %s owns enterprises (%d of them)", p.Name, n)
	}
	return err
}

// bury leaves the grave of a tenant that was removed, and tells of it in its own record and in the network's.
func (a *Accounts) bury(tx store.Tx, by *auth.Principal, gone auth.Tenant, h Happening) error {
	for _, in := range []auth.Tenant{auth.Network(), gone} {
		if err := a.Record(tx, by, in, h); err != nil {
			return err
		}
	}
	err := tenantGraves.Insert(tx, &TenantGrave{
		Type: gone.Type, TenantID: gone.ID, Name: gone.Name, Due: a.Now(), Deleter: deleter(by),
	})
	return cmp.Or(err, a.SweepSoon(tx))
}

// A sweepWish counts how often somebody wanted the sweep to begin before its hour. It is kept in the store, for of portals that share
// one another one may sweep.
type sweepWish struct {
	ID int64 `json:"id"`
	N  int64 `json:"n"`
}

var sweepWishes = store.NewCollection("sweepwish", func(w *sweepWish) *int64 { return &w.ID })

// SweepSoon lets the sweep begin before its hour: names are free again only behind it.
func (a *Accounts) SweepSoon(tx store.Tx) error {
	n, err := sweepWished(tx)
	if err != nil {
		return err
	}
	return sweepWishes.Put(tx, &sweepWish{1, n + 1})
}

// SweepWished is another number whenever somebody wanted a sweep.
func (a *Accounts) SweepWished(ctx context.Context) (n int64, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		n, err = sweepWished(tx)
		return err
	})
	return n, err
}

func sweepWished(tx store.Tx) (int64, error) {
	w, err := sweepWishes.Get(tx, 1)
	if w == nil || err != nil {
		return 0, err
	}
	return w.N, nil
}

// SweepTenants removes a step of what hangs on the tenants that are gone.
func (a *Accounts) SweepTenants(tx store.Tx) (more bool, err error) {
	var grave *TenantGrave
	err = tenantGravesDue.Scan(tx, store.Span{To: store.Key(a.Now().Add(time.Millisecond))}, func(g *TenantGrave) (bool, error) {
		grave = g
		return false, nil
	})
	if err != nil || grave == nil {
		return false, err
	}
	for _, sweep := range a.sweepers {
		if n, err := sweep(tx, grave); err != nil || n > 0 {
			return true, err
		}
	}
	for _, sweep := range tenantSweeps {
		if n, err := sweep(a, tx, grave); err != nil || n > 0 {
			return true, err
		}
	}
	_, err = tenantGraves.Delete(tx, grave.ID)
	return true, err
}

// The steps of a sweep, kept below the store's hundred keys an Update.
const (
	sweptUsers   = 3  // see removeUser
	sweptRecords = 25 // of three keys at most
)

func (a *Accounts) sweepUsers(tx store.Tx, g *TenantGrave) (int, error) {
	var list []*User
	err := usersOf.Scan(tx, store.Span{Prefix: tenantKey(g.Type, g.TenantID)}, func(u *User) (bool, error) {
		list = append(list, u)
		return len(list) < sweptUsers, nil
	})
	for _, u := range list {
		if err == nil {
			err = a.removeUser(tx, g.By(), g.Tenant(), u)
		}
	}
	return len(list), err
}

// sweepBy removes the records of a collection by a way to them whose keys begin with the tenant's.
func sweepBy[T any](c *store.Collection[T], to store.Way) func(*Accounts, store.Tx, *TenantGrave) (int, error) {
	return func(_ *Accounts, tx store.Tx, g *TenantGrave) (int, error) {
		return c.DeleteSome(tx, to, store.Span{Prefix: tenantKey(g.Type, g.TenantID)}, sweptRecords)
	}
}

// sweepSettings is the last of the list: there are few enough of them to go with the grave.
func (a *Accounts) sweepSettings(tx store.Tx, g *TenantGrave) (int, error) {
	return 0, a.DropSettings(tx, g.Tenant())
}
