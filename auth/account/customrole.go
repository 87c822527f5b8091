package account

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A CustomRole is a composite role that a tenant has made of functional roles, for its own users or for those of the tenants
// below it.
type CustomRole struct {
	ID          int64         `json:"id"`
	Level       auth.UserType `json:"level"` // of the tenant
	TenantID    int64         `json:"tenantId"`
	UserType    auth.UserType `json:"userType"` // whose users may have it
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Functions   []int64       `json:"functions"`
	Created     time.Time     `json:"created"`
	Modified    time.Time     `json:"modified"`
}

const (
	firstCustomRole = 1001 // below are the predefined roles and functions
	maxCustomRoles  = 100  // of a tenant
	maxFunctions    = 32   // of a role
)

var (
	customRoles      = store.NewCollection("role", func(r *CustomRole) *int64 { return &r.ID }).First(firstCustomRole)
	customRoleByName = customRoles.Unique("name", func(r *CustomRole) []byte {
		return store.Key(int64(r.Level), r.TenantID, int64(r.UserType), fold(r.Name))
	})
	customRolesOf = customRoles.Index("tenant", func(r *CustomRole) []byte { return store.Key(int64(r.Level), r.TenantID) })

	usersWithRole = users.Index("role", func(u *User) []byte { // of custom roles alone: the others are never deleted
		if u.RoleID < firstCustomRole {
			return nil
		}
		return store.Key(u.RoleID, int64(u.Type), u.TenantID())
	})
)

// offeredTo says whether users of the tenant may have the role.
func (r *CustomRole) offeredTo(in auth.Tenant) bool {
	return r.UserType == in.Type && slices.Contains(levels(in), level{r.Level, r.TenantID})
}

// Role is the role without customizations. It is as strong as the strongest of its functions.
func (r *CustomRole) Role() *auth.Role {
	out := &auth.Role{ID: r.ID, Name: r.Name, UserType: r.UserType, Description: r.Description}
	for _, id := range r.Functions {
		f := auth.FunctionByID(id)
		if f == nil {
			continue
		}
		out.Parts = append(out.Parts, auth.Part{Function: f})
		if out.Precedence == 0 || f.Precedence < out.Precedence {
			out.Precedence = f.Precedence
		}
	}
	return out
}

// A NewCustomRole is what InsertCustomRole makes.
type NewCustomRole struct {
	UserType    auth.UserType
	Name        string
	Description string
	Functions   []int64
}

// InsertCustomRole makes a role at the tenant. Nobody makes one that is above his own, or that holds what he does not.
func (a *Accounts) InsertCustomRole(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewCustomRole) (r *CustomRole, err error) {
	if n.UserType < in.Type {
		return nil, errRoleAbove
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		if err := Room(tx, customRolesOf, levelOf(in).key(), maxCustomRoles, "a tenant has at most %d roles of its own"); err != nil {
			return err
		}
		r = &CustomRole{
			Level: in.Type, TenantID: in.ID, UserType: n.UserType, Name: n.Name, Description: n.Description,
			Functions: n.Functions, Created: a.Now(), Modified: a.Now(),
		}
		if err := a.checkCustomRole(by, r); err != nil {
			return err
		}
		if err := taken(customRoles.Insert(tx, r), "a role named %s exists", n.Name); err != nil {
			return err
		}
		return a.roleChanged(tx, by, in, "CREATE", r)
	})
	return r, err
}

// customizable answers the tenant as it is now, if the caller may make and customize roles there: the operator always may.
func (a *Accounts) customizable(tx store.Tx, by *auth.Principal, in auth.Tenant) (auth.Tenant, error) {
	now, ok, err := a.TenantIn(tx, in.Type, in.ID)
	if err != nil || !ok || !by.Sees(now) {
		return now, cmp.Or(err, errTenantGone)
	}
	if by.UserType == auth.Operator {
		return now, nil
	}
	own := auth.Tenant{Type: by.UserType, ID: by.TenantID()}
	for _, t := range []auth.Tenant{now, own} {
		if on, err := a.Capable(tx, t, RoleCustomization); err != nil || !on {
			return now, cmp.Or(err, errNoRoleCustomization)
		}
	}
	return now, nil
}

var errNoRoleCustomization error = auth.Errorf(auth.Conflict, "roles are not customized here: the operator has taken the capability %s", RoleCustomization)

// checkCustomRole: a role has functions of its own type of users, one of them of global settings, and none with full access,
// which is for the predefined superusers.
func (a *Accounts) checkCustomRole(by *auth.Principal, r *CustomRole) error {
	if err := CheckName("name", r.Name, 255); err != nil {
		return err
	}
	if err := CheckText("description", r.Description, 255); err != nil {
		return err
	}
	for _, p := range auth.Roles {
		if p.UserType == r.UserType && fold(p.Name) == fold(r.Name) {
			return auth.Errorf(auth.Conflict, "a role named %s exists", p.Name)
		}
	}
	if len(r.Functions) > maxFunctions {
		return auth.BadField("functionalRoleIds", "are more than %d", maxFunctions)
	}
	global := false
	for i, id := range r.Functions {
		f := auth.FunctionByID(id)
		switch {
		case f == nil || f.UserType != r.UserType:
			return auth.BadField("functionalRoleIds", "%d is not a functional role of %s users", id, r.UserType)
		case f.IsSuper:
			return auth.BadField("functionalRoleIds", "%s is for the predefined superuser alone", f.Name)
		case slices.Contains(r.Functions[:i], id):
			return auth.BadField("functionalRoleIds", "name %d twice", id)
		}
		global = global || f.Global
	}
	if !global {
		return auth.BadField("functionalRoleIds", "need one of global settings")
	}
	return notAbove(by, r.Role())
}

// notAbove: nobody grants a role above his own, nor, among users of his own type, one that holds what he does not.
func notAbove(by *auth.Principal, r *auth.Role) error {
	if by.Role == nil || r.Precedence < by.Role.Precedence || by.UserType == r.UserType && !by.Role.Covers(r) {
		return auth.Errorf(auth.Forbidden, "the privilege to grant the role [%s] is above your own role in method [%s]", r.Name, by.Method)
	}
	return nil
}

func (a *Accounts) roleChanged(tx store.Tx, by *auth.Principal, in auth.Tenant, verb string, r *CustomRole) error {
	h := Happening{
		Name: verb + "_COMPOSITE_ROLE", Category: OfSecurity, Severity: Notice, Message: "role " + r.Name,
		Detail: map[string]any{"roleId": r.ID, "name": r.Name, "userType": r.UserType.String(), "functionalRoleIds": r.Functions},
	}
	return cmp.Or(a.newEdition(tx), a.Record(tx, by, in, h)) // in this order: the actor's role is looked at in the new one
}

// CheckCustomRole refuses a role of the tenant that could not be made, whatever other roles there are.
func (a *Accounts) CheckCustomRole(by *auth.Principal, in auth.Tenant, n NewCustomRole) error {
	if n.UserType < in.Type {
		return errRoleAbove
	}
	return a.checkCustomRole(by, &CustomRole{Name: n.Name, UserType: n.UserType, Description: n.Description, Functions: n.Functions})
}

var errRoleAbove error = auth.BadField("userType", "is not one of the tenant's users, or of those below it")

// A CustomRoleUpdate names the fields to set; nil leaves a field as it is.
type CustomRoleUpdate struct {
	Name        *string
	Description *string
	Functions   []int64
}

// UpdateCustomRole changes the named fields of a role that was made at the tenant. It acts with the next call of everybody who
// has the role. rows is 0 where the tenant has no such role.
func (a *Accounts) UpdateCustomRole(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, up CustomRoleUpdate) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		r, err := customRoleAt(tx, in, id)
		if err != nil || r == nil {
			return err
		}
		if err := notAbove(by, r.Role()); err != nil {
			return err
		}
		rows = 1
		if !up.apply(r) {
			return nil
		}
		if err := a.checkCustomRole(by, r); err != nil {
			return err
		}
		r.Modified = a.Now()
		if err := taken(customRoles.Put(tx, r), "a role named %s exists", r.Name); err != nil {
			return err
		}
		return a.roleChanged(tx, by, in, "UPDATE", r)
	})
	return rows, err
}

// apply sets the named fields and says whether that changed anything.
func (up CustomRoleUpdate) apply(r *CustomRole) bool {
	was := *r
	assign(&r.Name, up.Name)
	assign(&r.Description, up.Description)
	if up.Functions != nil {
		r.Functions = up.Functions
	}
	return r.Name != was.Name || r.Description != was.Description || !slices.Equal(r.Functions, was.Functions)
}

func customRoleAt(tx store.Tx, in auth.Tenant, id int64) (*CustomRole, error) {
	r, err := customRoles.Get(tx, id)
	if r != nil && (level{r.Level, r.TenantID} != levelOf(in)) {
		r = nil
	}
	return r, err
}

// maxDeletedRoles bounds what one call deletes: each role takes several keys of its transaction.
const maxDeletedRoles = 10

// DeleteCustomRoles removes roles that were made at the tenant, all or none. One that somebody has is a Conflict.
func (a *Accounts) DeleteCustomRoles(ctx context.Context, by *auth.Principal, in auth.Tenant, ids []int64) (rows int, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) > maxDeletedRoles {
		return 0, auth.BadField("roleIds", "are more than %d", maxDeletedRoles)
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		in, err := a.customizable(tx, by, in)
		if err != nil {
			return err
		}
		for _, id := range ids {
			r, err := customRoleAt(tx, in, id)
			if err != nil {
				return err
			}
			if r == nil {
				continue
			}
			if err := a.deleteCustomRole(tx, by, in, r); err != nil {
				return err
			}
			rows++
		}
		return nil
	})
	return rows, err
}

func (a *Accounts) deleteCustomRole(tx store.Tx, by *auth.Principal, in auth.Tenant, r *CustomRole) error {
	if err := notAbove(by, r.Role()); err != nil {
		return err
	}
	n, err := a.usersOfRole(tx, r)
	if err != nil {
		return err
	}
	if n > 0 {
		return auth.Errorf(auth.Conflict, "the role %s is that of %d users", r.Name, n)
	}
	if _, err := customRoles.Delete(tx, r.ID); err != nil {
		return err
	}
	return a.roleChanged(tx, by, in, "DELETE", r)
}

// usersOfRole counts who has a role, up to a page. Users of a tenant that is gone only wait to be swept.
func (a *Accounts) usersOfRole(tx store.Tx, r *CustomRole) (n int, err error) {
	var of level
	there := false
	err = usersWithRole.Scan(tx, store.Span{Prefix: store.Key(r.ID)}, func(u *User) (bool, error) {
		if in := (level{u.Type, u.TenantID()}); in != of { // they come by tenant
			of = in
			if _, there, err = a.TenantIn(tx, u.Type, u.TenantID()); err != nil {
				return false, err
			}
		}
		if there {
			n++
		}
		return n < MaxPage, nil
	})
	return n, err
}

// A ListedRole is a role with the tenant that made it; the predefined ones have none.
type ListedRole struct {
	*auth.Role
	Custom *CustomRole
}

// RolesFor answers the roles that users of a type may have in the tenant or, made there or above, in those below it: the
// predefined ones first. Only the ids are kept, if any are given.
func (a *Accounts) RolesFor(ctx context.Context, in auth.Tenant, types []auth.UserType, ids []int64) (list []ListedRole, err error) {
	wanted := func(r *auth.Role) bool {
		return slices.Contains(types, r.UserType) && (len(ids) == 0 || slices.Contains(ids, r.ID))
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		list = []ListedRole{}
		for _, r := range auth.Roles {
			if wanted(r) {
				list = append(list, ListedRole{Role: r})
			}
		}
		for _, l := range slices.Backward(levels(in)) {
			err := customRolesOf.Scan(tx, store.Span{Prefix: l.key()}, func(c *CustomRole) (bool, error) {
				if r := c.Role(); wanted(r) && r.UserType >= in.Type { // what those above make for themselves is not shown
					list = append(list, ListedRole{Role: r, Custom: c})
				}
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}
