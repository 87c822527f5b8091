package account

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A clone may get more records than an Update can write, and it is to be there whole or not at all. So it is made behind a
// number that no enterprise has yet: first that number is taken, with a grave that is not due; then its records are written, a
// few at a time; and the last Update puts the enterprise there in the place of the grave. If that never comes, the grave falls
// due and everything is swept like what hangs on a deleted tenant.

const (
	cloneTime    = 10 * time.Minute // until the grave is due
	copiedAtOnce = 6                // a property may have 100 KiB, the settings 60 keys
)

// A copied record is written for the clone in one of the Updates.
type copied func(tx store.Tx, to auth.Tenant) error

// tenantCopies are what a clone gets besides the enterprise itself: settings, of them nothing secret, and nothing that the
// caller may not read. Who may do what is not among them: consents, roles and what was changed in roles are the clone's own.
var tenantCopies = []func(a *Accounts, tx store.Tx, by *auth.Principal, from auth.Tenant) ([]copied, error){
	(*Accounts).copyTenantProperties,
	(*Accounts).copySettings,
}

// CloneEnterprise adds an enterprise with the settings of the one numbered from; what n names is the clone's own. Users, their
// tokens, events, consents and what identifies the source are not copied. The owner is the source's. It answers nil when the
// caller sees no such source, and else refuses like InsertEnterprise.
func (a *Accounts) CloneEnterprise(ctx context.Context, by *auth.Principal, from int64, n NewEnterprise) (*Enterprise, error) {
	source, records, err := a.cloneable(ctx, by, from)
	if err != nil || source == nil {
		return nil, err
	}
	n.ProxyID = source.ProxyID
	fields, terms := source.Fields, source.Terms
	patch(&fields, &n.Fields)
	patch(&terms, &n.Terms)
	n.Fields, n.Terms = fields, terms
	draft, err := a.draftEnterprise(&n)
	if err != nil {
		return nil, err
	}
	var grave *TenantGrave
	f := n.founding(func(tx store.Tx) (auth.Tenant, error) {
		draft.ID = grave.TenantID
		if err := a.mayShow(tx, by, source, grave); err != nil {
			return auth.Tenant{}, err
		}
		return draft.tenant(), a.addEnterprise(tx, by, draft, source)
	})
	hash, err := a.checkAdmin(ctx, f)
	if err != nil {
		return nil, err
	}
	if grave, err = a.beginClone(ctx, by, f, *draft); err != nil {
		return nil, err
	}
	if err = a.copyAll(ctx, records, grave); err == nil {
		err = a.Store.Update(ctx, func(tx store.Tx) error { return a.foundIn(tx, by, f, hash) })
	}
	if err != nil {
		a.giveUp(ctx, grave)
		return nil, err
	}
	return draft, nil
}

// giveUp lets what was copied be swept at once. If that cannot be written, or the caller has gone, its time will come.
func (a *Accounts) giveUp(ctx context.Context, g *TenantGrave) {
	_ = a.Store.Update(ctx, func(tx store.Tx) error {
		g, err := tenantGraves.Get(tx, g.ID)
		if err != nil || g == nil {
			return err
		}
		g.Due = a.Now()
		return cmp.Or(tenantGraves.Put(tx, g), a.SweepSoon(tx))
	})
}

// copyAll writes the records, a few at a time, as long as the grave is there to lead a sweep to them.
func (a *Accounts) copyAll(ctx context.Context, records []copied, g *TenantGrave) error {
	for step := range slices.Chunk(records, copiedAtOnce) {
		err := a.Store.Update(ctx, func(tx store.Tx) error {
			if now, err := tenantGraves.Get(tx, g.ID); err != nil || now == nil || !a.Now().Before(now.Due) {
				return cmp.Or(err, errCloneLate)
			}
			for _, put := range step {
				if err := put(tx, g.Tenant()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Cloning asks for the right to read, too: the clone shows what its source has.
var Cloning = auth.All(auth.Create.On(auth.EnterpriseObject), auth.Read.On(auth.EnterpriseObject))

// cloneable reads the source and its records, as they are at one moment.
func (a *Accounts) cloneable(ctx context.Context, by *auth.Principal, id int64) (source *Enterprise, records []copied, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		e, err := enterprises.Get(tx, id)
		if err != nil || e == nil || !by.Sees(e.tenant()) {
			return err
		}
		if err := Cloning.Allows(by, e.tenant()); err != nil {
			return err
		}
		for _, read := range tenantCopies {
			list, err := read(a, tx, by, e.tenant())
			if err != nil {
				return err
			}
			records = append(records, list...)
		}
		source = e
		return nil
	})
	return source, records, err
}

// beginClone takes a number, which is not given again, and lets nobody see anything of it.
func (a *Accounts) beginClone(ctx context.Context, by *auth.Principal, f founding, draft Enterprise) (g *TenantGrave, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		if err := a.open(tx, f); err != nil {
			return err
		}
		if f.admin != nil { // the last Update decides, but much is written before
			if id, err := userByName.ID(tx, usernameKey(f.admin.Username)); err != nil || id != 0 {
				return cmp.Or(err, error(auth.Errorf(auth.Conflict, "the username %s is taken", f.admin.Username)))
			}
		}
		e := draft
		if err := putEnterprise(tx, &e); err != nil {
			return err
		}
		if _, err := enterprises.Delete(tx, e.ID); err != nil {
			return err
		}
		g = &TenantGrave{Type: auth.Enterprise, TenantID: e.ID, Name: e.Name, Due: a.Now().Add(cloneTime), Deleter: deleter(by)}
		return tenantGraves.Insert(tx, g)
	})
	return g, err
}

// mayShow takes the grave away, unless the clone's time is over or the source has gone, or to somebody else.
func (a *Accounts) mayShow(tx store.Tx, by *auth.Principal, source *Enterprise, g *TenantGrave) error {
	if there, err := tenantGraves.Delete(tx, g.ID); err != nil || !there || !a.Now().Before(g.Due) {
		return cmp.Or(err, errCloneLate)
	}
	now, err := enterprises.Get(tx, source.ID)
	if err != nil || now == nil || now.ProxyID != source.ProxyID || !by.Sees(now.tenant()) {
		return cmp.Or(err, errSourceGone)
	}
	return nil
}

var (
	errCloneLate  error = auth.Errorf(auth.Conflict, "the cloning took too long")
	errSourceGone error = auth.Errorf(auth.Conflict, "the enterprise was deleted or moved while it was cloned")
)

// copyTenantProperties leaves out what the caller may not give: of the settings that others set for a tenant, only what was
// taken from it goes along.
func (a *Accounts) copyTenantProperties(tx store.Tx, by *auth.Principal, from auth.Tenant) (list []copied, err error) {
	span := store.Span{Prefix: tenantKey(from.Type, from.ID)}
	err = tenantPropertyByName.Scan(tx, span, func(p *TenantProperty) (bool, error) {
		s := tenantSettingNamed(from.Type, p.Name)
		given := s == nil || len(s.callers) == 0 || slices.Contains(s.callers, by.UserType) || p.Value == "false"
		if given && !p.IsPassword { // that is sealed for the source
			list = append(list, func(tx store.Tx, to auth.Tenant) error {
				q := *p
				q.TenantID, q.Created, q.Modified = to.ID, a.Now(), a.Now()
				return tenantProperties.Insert(tx, &q)
			})
		}
		return true, nil
	})
	return list, err
}

// copySettings leaves them out for who may not read them: their webhooks and addresses are not for everybody who may make
// enterprises. They are few, and read when they are written; so is the right to.
func (a *Accounts) copySettings(_ store.Tx, by *auth.Principal, from auth.Tenant) ([]copied, error) {
	if !by.May(auth.Read.On(auth.EnterpriseAlert), from) || !by.May(auth.Read.On(auth.EnterpriseProfile), from) {
		return nil, nil
	}
	return []copied{func(tx store.Tx, to auth.Tenant) error {
		now, ok, err := a.TenantIn(tx, from.Type, from.ID)
		if err != nil || !ok || !by.May(auth.Read.On(auth.EnterpriseAlert), now) || !by.May(auth.Read.On(auth.EnterpriseProfile), now) {
			return err
		}
		return a.CopySettings(tx, from, to)
	}}, nil
}
