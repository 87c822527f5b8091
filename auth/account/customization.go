package account

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Customization is what a tenant has changed in a functional role.
type Customization struct {
	ID        int64         `json:"id"`
	Level     auth.UserType `json:"level"` // of the tenant
	TenantID  int64         `json:"tenantId"`
	PackageID int64         `json:"packageId,omitempty"` // that it was applied from
	Name      string        `json:"name,omitempty"`
	RoleChange
}

// A RoleChange says what of a function is allowed and denied beyond what it grants.
type RoleChange struct {
	FunctionID int64            `json:"functionId"`
	Allow      []auth.Privilege `json:"allow,omitempty"`
	Deny       []auth.Privilege `json:"deny,omitempty"`
}

var (
	customizations      = store.NewCollection("customization", func(c *Customization) *int64 { return &c.ID })
	customizationOfRole = customizations.Unique("function", func(c *Customization) []byte {
		return store.Key(int64(c.Level), c.TenantID, c.FunctionID)
	})
	customizationsOf = customizations.Index("tenant", func(c *Customization) []byte { return store.Key(int64(c.Level), c.TenantID) })
)

// Change is the customization as a role knows it.
func (c *Customization) Change() *auth.Customization {
	return &auth.Customization{
		ID: c.ID, FunctionID: c.FunctionID, Level: c.Level, TenantID: c.TenantID, PackageID: c.PackageID, Name: c.Name,
		Allow: c.Allow, Deny: c.Deny,
	}
}

// Customizable says which privileges of a function the caller may allow and deny for the users of a tenant. The superusers'
// functions cannot be changed at all: whatever is customized, they can undo it.
//
// Allowed can be what the superuser of the function's type of users holds, as long as it gives no right over rights, and the
// caller, if he is such a user, holds it himself.
func Customizable(by *auth.Principal, f *auth.Function) (allow, deny []auth.Privilege) {
	if f.IsSuper {
		return nil, nil
	}
	super := auth.FullAccess(f.UserType)
	for _, v := range auth.Privileges() {
		switch {
		case v.Object == auth.OAuthApp: // no published privilege: who shall not have it is no Developer
		case f.Grants(v):
			deny = append(deny, v)
			allow = append(allow, v) // what a level above has denied
		case super.Grants(v) && !overRights(v) && (by.UserType != f.UserType || by.Role.Grants(v)):
			allow = append(allow, v)
			deny = append(deny, v) // what a level above has allowed
		}
	}
	return allow, deny
}

// overRights says whether a privilege is one to give rights, or to change what decides them. They stay where they are.
func overRights(v auth.Privilege) bool {
	switch v.Object {
	case auth.OperatorUser, auth.ProxyUser, auth.EnterpriseUser, auth.OperatorRole, auth.MSPRole, auth.EnterpriseRole,
		auth.RolePackage, auth.SystemProperty, auth.NetworkObject:
		return v.Action != auth.Read
	case auth.EnterpriseDelegation, auth.ProxyDelegation:
		return true
	}
	return !v.HasObject() && (v == auth.EditRestricted || slices.ContainsFunc([]auth.UserType{auth.Operator, auth.MSP, auth.Enterprise},
		func(t auth.UserType) bool { return v == auth.CustomizeRoles(t) }))
}

// checkChanges says why changes cannot be made at the tenant. Path names the list as the caller wrote it.
func checkChanges(by *auth.Principal, in auth.Tenant, path string, changes []RoleChange) error {
	for i, c := range changes {
		f := auth.FunctionByID(c.FunctionID)
		switch {
		case f == nil || f.UserType < in.Type:
			return auth.BadField(path, "%d is not a functional role of the tenant's users, or of those below it", c.FunctionID)
		case f.IsSuper:
			return auth.BadField(path, "%s cannot be customized", f.Name)
		case slices.ContainsFunc(changes[:i], func(b RoleChange) bool { return b.FunctionID == c.FunctionID }):
			return auth.BadField(path, "the functional role %d is there twice", c.FunctionID)
		}
		if err := checkChange(by, f, path, c); err != nil {
			return err
		}
	}
	return nil
}

// checkChange: each privilege is named once, so that there are never more of them than the matrix has.
func checkChange(by *auth.Principal, f *auth.Function, path string, c RoleChange) error {
	allow, deny := Customizable(by, f)
	named := make(map[auth.Privilege]bool)
	for i, v := range slices.Concat(c.Allow, c.Deny) {
		switch {
		case named[v]:
			return auth.BadField(path, "%s is named twice for %s", v, f.Name)
		case i < len(c.Allow) && !slices.Contains(allow, v):
			return auth.BadField(path, "%s cannot be allowed to %s", v, f.Name)
		case i >= len(c.Allow) && !slices.Contains(deny, v):
			return auth.BadField(path, "%s cannot be denied to %s", v, f.Name)
		}
		named[v] = true
	}
	return nil
}

// setCustomizations makes the package's changes at the tenant. What it changed before and changes no more is undone.
func (a *Accounts) setCustomizations(tx store.Tx, in auth.Tenant, p *RolePackage) (made []*Customization, err error) {
	var over []int64
	err = customizationsOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, func(c *Customization) (bool, error) {
		kept := slices.ContainsFunc(p.Changes, func(ch RoleChange) bool { return ch.FunctionID == c.FunctionID })
		if c.PackageID == p.ID && !kept {
			over = append(over, c.ID)
		}
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range over {
		if _, err := customizations.Delete(tx, id); err != nil {
			return nil, err
		}
	}
	for _, ch := range p.Changes {
		c, err := setCustomization(tx, in, p.ID, p.Name, ch)
		if err != nil {
			return nil, err
		}
		made = append(made, c)
	}
	return made, a.newEdition(tx)
}

// setCustomization makes a change at the tenant, in place of the one of the same function that is there.
func setCustomization(tx store.Tx, in auth.Tenant, packageID int64, name string, ch RoleChange) (*Customization, error) {
	c, err := customizationOfRole.Get(tx, store.Key(int64(in.Type), in.ID, ch.FunctionID))
	if err != nil {
		return nil, err
	}
	put := customizations.Put
	if c == nil {
		c = &Customization{Level: in.Type, TenantID: in.ID}
		put = customizations.Insert
	}
	c.PackageID, c.Name, c.RoleChange = packageID, name, ch
	return c, put(tx, c)
}

// Customizations answers what was customized at the tenant, or a page of it, ordered by number. A tenant without a number
// stands for all of its type that the caller sees, and one without a type for all.
func (a *Accounts) Customizations(ctx context.Context, by *auth.Principal, in auth.Tenant, q PageQuery) (list []*Customization, p Page, err error) {
	page, err := q.Pager(1)
	if err != nil {
		return nil, p, err
	}
	add := func(c *Customization) (bool, error) {
		if !page.Take(c.ID) {
			return false, nil
		}
		list = append(list, c)
		return true, nil
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		if in.ID != 0 {
			return customizationsOf.Scan(tx, behind(levelOf(in).key(), page.After(0)), add)
		}
		if by.UserType == auth.Operator && in.Type != auth.MSP { // of what is read, next to all is answered
			return customizations.Scan(tx, page.After(0), func(c *Customization) (bool, error) {
				if _, ok, err := a.TenantIn(tx, c.Level, c.TenantID); err != nil || !ok || in.Type != auth.NoType && in.Type != c.Level {
					return true, err
				}
				return add(c)
			})
		}
		seen, err := seenCustomizations(tx, by, in.Type, page.After(0))
		for _, c := range seen {
			if err == nil {
				_, err = add(c)
			}
		}
		return err
	})
	return list, page.Done(), err
}

// seenCustomizations are those at the caller's tenant and at those below it, as far as they are of the type, behind a number and
// ordered by it. The tenants are asked one by one, so that nobody's few are searched for among those of all others.
func seenCustomizations(tx store.Tx, by *auth.Principal, t auth.UserType, after int64) (list []*Customization, err error) {
	at := func(l level) error {
		if t != auth.NoType && t != l.of {
			return nil
		}
		return customizationsOf.Scan(tx, behind(l.key(), after), func(c *Customization) (bool, error) {
			list = append(list, c)
			return true, nil
		})
	}
	if err := at(level{by.UserType, by.TenantID()}); err != nil {
		return nil, err
	}
	switch by.UserType {
	case auth.Operator:
		err = partners.Scan(tx, 0, func(p *Partner) (bool, error) { return true, at(level{auth.MSP, p.ID}) })
	case auth.MSP:
		err = enterprisesOf.IDs(tx, store.Span{Prefix: store.Key(by.ProxyID)}, func(_ []byte, id int64) (bool, error) {
			return true, at(level{auth.Enterprise, id})
		})
	}
	slices.SortFunc(list, func(a, b *Customization) int { return cmp.Compare(a.ID, b.ID) })
	return list, err
}

// RemoveAllCustomizations takes back what was customized at the tenant of that number, at all tenants of the type, or, without
// a type, everywhere: a tenant a step.
func (a *Accounts) RemoveAllCustomizations(ctx context.Context, by *auth.Principal, t auth.UserType, id int64) (rows int, err error) {
	all, _, err := a.Customizations(ctx, by, auth.Tenant{Type: t, ID: id}, PageQuery{})
	var done []level
	for _, c := range all {
		l := level{c.Level, c.TenantID}
		if err != nil || slices.Contains(done, l) {
			continue
		}
		done = append(done, l)
		in, ok, bad := a.Tenant(ctx, c.Level, c.TenantID)
		if bad != nil || !ok {
			err = bad
			continue
		}
		n, bad := a.RemoveCustomizations(ctx, by, in, 0)
		rows, err = rows+n, bad
	}
	return rows, err
}

// Customize makes one change at the tenant without a package, in place of the one of the same function that is there.
func (a *Accounts) Customize(ctx context.Context, by *auth.Principal, in auth.Tenant, name string, ch RoleChange) error {
	if err := checkCustomizationName(name); err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		if err := checkChanges(by, in, "privilegeIds", []RoleChange{ch}); err != nil {
			return err
		}
		if _, err := setCustomization(tx, in, 0, name, ch); err != nil {
			return err
		}
		return cmp.Or(a.newEdition(tx), a.Record(tx, by, in, Happening{
			Name: "UPDATE_ROLE_CUSTOMIZATION", Category: OfSecurity, Severity: Notice, Message: "functional role " + auth.FunctionByID(ch.FunctionID).Name,
			Detail: map[string]any{"changes": []RoleChange{ch}},
		}))
	})
}

func checkCustomizationName(name string) error { return CheckText("name", name, 255) }

// RemoveCustomizations takes back what was customized at the tenant: all of it, or that of one function.
func (a *Accounts) RemoveCustomizations(ctx context.Context, by *auth.Principal, in auth.Tenant, functionID int64) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		if rows, err = removeCustomizations(tx, in, functionID); err != nil || rows == 0 {
			return err
		}
		h := Happening{
			Name: "REMOVE_ALL_ROLE_CUSTOMIZATIONS", Category: OfSecurity, Severity: Notice, Message: "role customizations",
			Detail: map[string]any{"removed": rows},
		}
		if functionID != 0 {
			h.Name, h.Message = "ROLE_RESET", "functional role "+auth.FunctionByID(functionID).Name
			h.Detail["forRoleId"] = functionID
		}
		return cmp.Or(a.newEdition(tx), a.Record(tx, by, in, h))
	})
	return rows, err
}

// removeCustomizations needs no steps: there is at most one for each of the few functions.
func removeCustomizations(tx store.Tx, in auth.Tenant, functionID int64) (rows int, err error) {
	var ids []int64
	err = customizationsOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, func(c *Customization) (bool, error) {
		if functionID == 0 || functionID == c.FunctionID {
			ids = append(ids, c.ID)
		}
		return true, nil
	})
	for _, id := range ids {
		if err == nil {
			_, err = customizations.Delete(tx, id)
		}
	}
	return len(ids), err
}

// FunctionsFor answers the functional roles of a type of users as they stand in the tenant.
func (a *Accounts) FunctionsFor(ctx context.Context, in auth.Tenant, t auth.UserType) (parts []auth.Part, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		parts = nil
		changed, err := customizationsFor(tx, in)
		for _, f := range auth.Functions {
			if f.UserType == t {
				parts = append(parts, auth.Part{Function: f, Customizations: changed[f.ID]})
			}
		}
		return err
	})
	return parts, err
}
