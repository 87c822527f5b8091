package account

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A RolePackage is a set of changes of functional roles that a tenant keeps, and applies as one.
type RolePackage struct {
	ID          int64         `json:"id"`
	LogicalID   string        `json:"logicalId"`
	Level       auth.UserType `json:"level"` // of the tenant
	TenantID    int64         `json:"tenantId"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Version     int64         `json:"version"` // counts the changes of the package
	Changes     []RoleChange  `json:"changes"`
	Created     time.Time     `json:"created"`
	Modified    time.Time     `json:"modified"`
}

// maxRolePackages is how many a tenant may keep.
const maxRolePackages = 100

var (
	rolePackages   = store.NewCollection("rolepackage", func(p *RolePackage) *int64 { return &p.ID })
	rolePackagesOf = rolePackages.Index("tenant", func(p *RolePackage) []byte { return store.Key(int64(p.Level), p.TenantID) })
)

// InsertRolePackage keeps a package for the tenant. Nothing changes before it is applied.
func (a *Accounts) InsertRolePackage(ctx context.Context, by *auth.Principal, in auth.Tenant, name, description string, changes []RoleChange) (p *RolePackage, err error) {
	logical, err := uuid.NewRandomFromReader(a.random)
	if err != nil {
		return nil, err
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		p = &RolePackage{
			LogicalID: logical.String(), Level: in.Type, TenantID: in.ID, Name: name, Description: description, Version: 1,
			Changes: changes, Created: a.Now(), Modified: a.Now(),
		}
		if err := cmp.Or(p.check(by, in), p.room(tx, in)); err != nil {
			return err
		}
		if err := rolePackages.Insert(tx, p); err != nil {
			return err
		}
		return a.Record(tx, by, in, p.happening("UPLOAD"))
	})
	return p, err
}

func (p *RolePackage) check(by *auth.Principal, in auth.Tenant) error {
	return cmp.Or(
		CheckName("name", p.Name, 255), CheckText("description", p.Description, 1024),
		checkChanges(by, in, "blobContent.roleCustomizations", p.Changes),
	)
}

func (p *RolePackage) room(tx store.Tx, in auth.Tenant) error {
	return Room(tx, rolePackagesOf, levelOf(in).key(), maxRolePackages, "a tenant has at most %d role customization packages")
}

func (p *RolePackage) happening(verb string) Happening {
	return Happening{
		Name: verb + "_ROLE_CUSTOMIZATION_PACKAGE", Category: OfSecurity, Severity: Notice, Message: "role customization package " + p.Name,
		Detail: map[string]any{"packageId": p.ID, "name": p.Name, "version": p.Version, "changes": p.Changes},
	}
}

// RolePackage answers a package with its tenant; nil unless the caller sees that.
func (a *Accounts) RolePackage(ctx context.Context, by *auth.Principal, id int64) (p *RolePackage, in auth.Tenant, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		p, in, err = a.rolePackage(tx, by, id)
		return err
	})
	return p, in, err
}

func (a *Accounts) rolePackage(tx store.Tx, by *auth.Principal, id int64) (*RolePackage, auth.Tenant, error) {
	p, err := rolePackages.Get(tx, id)
	if p == nil || err != nil {
		return nil, auth.Tenant{}, err
	}
	in, ok, err := a.TenantIn(tx, p.Level, p.TenantID)
	if err != nil || !ok || !by.Sees(in) {
		return nil, in, err
	}
	return p, in, nil
}

// RolePackages answers the packages of the tenant.
func (a *Accounts) RolePackages(ctx context.Context, in auth.Tenant) (list []*RolePackage, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		list = []*RolePackage{}
		return rolePackagesOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, func(p *RolePackage) (bool, error) {
			list = append(list, p)
			return true, nil
		})
	})
	return list, err
}

// A RolePackageUpdate names the fields to set; nil leaves a field as it is.
type RolePackageUpdate struct {
	Name        *string
	Description *string
	Changes     []RoleChange
}

var errNoPackage error = auth.Errorf(auth.NotFound, "no such role customization package")

// ApplyRolePackage changes the named fields of a package and makes its changes those of its tenant. They act with the next call
// of everybody whose role has one of the functions.
func (a *Accounts) ApplyRolePackage(ctx context.Context, by *auth.Principal, id int64, up *RolePackageUpdate) (made []*Customization, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		p, in, err := a.rolePackage(tx, by, id)
		if err != nil || p == nil {
			return cmp.Or(err, errNoPackage)
		}
		if err := a.mayCustomize(tx, by, in); err != nil {
			return err
		}
		if _, err := a.customizable(tx, by, in); err != nil {
			return err
		}
		if up != nil {
			if err := a.updateRolePackage(tx, by, in, p, up); err != nil {
				return err
			}
		}
		if err := p.check(by, in); err != nil { // it may have been made by somebody who holds more
			return err
		}
		if err := a.Record(tx, by, in, p.happening("APPLY")); err != nil {
			return err
		}
		made, err = a.setCustomizations(tx, in, p)
		return err
	})
	return made, err
}

func (a *Accounts) mayCustomize(tx store.Tx, by *auth.Principal, in auth.Tenant) error {
	if v := auth.CustomizeRoles(in.Type); !by.May(v, in) {
		return auth.Lacks(by, v)
	}
	return nil
}

func (a *Accounts) updateRolePackage(tx store.Tx, by *auth.Principal, in auth.Tenant, p *RolePackage, up *RolePackageUpdate) error {
	assign(&p.Name, up.Name)
	assign(&p.Description, up.Description)
	if up.Changes != nil {
		p.Changes = up.Changes
	}
	if err := p.check(by, in); err != nil {
		return err
	}
	p.Version++
	p.Modified = a.Now()
	return cmp.Or(rolePackages.Put(tx, p), a.Record(tx, by, in, p.happening("UPDATE")))
}

// DeleteRolePackage forgets a package. One that something is still customized by is a Conflict.
func (a *Accounts) DeleteRolePackage(ctx context.Context, by *auth.Principal, id int64) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		p, in, err := a.rolePackage(tx, by, id)
		if err != nil || p == nil {
			return err
		}
		if err := a.mayCustomize(tx, by, in); err != nil {
			return err
		}
		applied := false
		err = customizationsOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, func(c *Customization) (bool, error) {
			applied = c.PackageID == p.ID
			return !applied, nil
		})
		if err != nil {
			return err
		}
		if applied {
			return auth.Errorf(auth.Conflict, "the package %s is applied; remove the customizations first", p.Name)
		}
		if _, err := rolePackages.Delete(tx, id); err != nil {
			return err
		}
		rows = 1
		return a.Record(tx, by, in, p.happening("DELETE"))
	})
	return rows, err
}
