package account

import (
	"cmp"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The user that an API client is. It is written in the transaction of its API client, by whom alone it changes, and whose
// event tells of it.

// A ServiceAccount is what an API client states of its user.
type ServiceAccount struct {
	ClientID  int64   // the API client's number
	Client    string  // its client id
	RoleIDs   []int64 // one role, or functional roles
	FirstName *string
	LastName  *string
}

// ServiceAccountName is the username of the API client with that client id.
func ServiceAccountName(client string) string { return serviceAccount + client }

// InsertServiceAccount adds the user of an API client to the tenant. A role above the caller's own is Forbidden.
func (a *Accounts) InsertServiceAccount(tx store.Tx, by *auth.Principal, in auth.Tenant, s ServiceAccount) (*User, error) {
	u := &User{
		Type: in.Type, Username: ServiceAccountName(s.Client), ClientID: s.ClientID, IsActive: true, Created: a.Now(), Modified: a.Now(),
	}
	switch in.Type {
	case auth.MSP:
		u.ProxyID = in.ID
	case auth.Enterprise:
		u.EnterpriseID = in.ID
	}
	patch(&u.Fields, &UserFields{FirstName: s.FirstName, LastName: s.LastName})
	if err := cmp.Or(checkUserFields(&u.Fields), a.giveRoles(tx, by, in, u, s.RoleIDs)); err != nil {
		return nil, err
	}
	if err := taken(users.Insert(tx, u), "the username %s is taken", u.Username); err != nil {
		return nil, err
	}
	if err := a.tellSuperuser(tx, by, in, nil, u); err != nil {
		return nil, err
	}
	return a.withRole(tx, u)
}

// giveRoles gives a service account its role, or its functional roles.
func (a *Accounts) giveRoles(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User, ids []int64) error {
	functional := func(id int64) bool { return auth.FunctionByID(id) != nil }
	if len(ids) > 1 && slices.ContainsFunc(ids, func(id int64) bool { return !functional(id) }) {
		return auth.BadField("roleIds", "are more than one role; several must be functional roles")
	}
	if _, err := a.MayGive(tx, by, in, ids); err != nil {
		return err
	}
	u.RoleID, u.Functions = 0, ids
	if !functional(ids[0]) {
		u.RoleID, u.Functions = ids[0], nil
	}
	return nil
}

// MayGive answers what the roles and functional roles come to in the tenant, if the caller may give them all: they are for its
// users, and not above his own.
func (a *Accounts) MayGive(tx store.Tx, by *auth.Principal, in auth.Tenant, ids []int64) (*auth.Role, error) {
	if len(ids) == 0 || len(ids) > maxFunctions {
		return nil, auth.BadField("roleIds", "must be 1 to %d", maxFunctions)
	}
	for i, id := range ids {
		r, err := a.role(tx, id, in.Type, in.ID)
		switch f := auth.FunctionByID(id); {
		case err != nil:
			return nil, err
		case r.UserType != in.Type || len(r.Parts) == 0:
			return nil, auth.BadField("roleIds", "%d is not a role of %s users", id, in.Type)
		case f != nil && f.IsSuper:
			return nil, auth.BadField("roleIds", "%s is for the predefined superuser alone", f.Name)
		case slices.Contains(ids[:i], id):
			return nil, auth.BadField("roleIds", "name %d twice", id)
		}
	}
	r, err := a.Union(tx, in.Type, in.ID, ids)
	if err != nil {
		return nil, err
	}
	return r, cmp.Or(notAbove(by, r), by.HoldsAll(in, r.Privileges()))
}

// MayAct refuses a caller who is below a user in what he may do: whoever holds the secret of a service account is that user.
func MayAct(by *auth.Principal, in auth.Tenant, as *User) error {
	return cmp.Or(notAbove(by, as.Role), by.HoldsAll(in, as.Role.Privileges()))
}

// A ServiceAccountUpdate names the fields to set; nil leaves a field as it is.
type ServiceAccountUpdate struct {
	RoleIDs   []int64
	FirstName *string
	LastName  *string
	IsActive  *bool
}

// UpdateServiceAccount changes the user of an API client as it was read, and answers the names of what changed.
// PutServiceAccount writes it, once the event is recorded: the caller may be that user, and switch himself off.
func (a *Accounts) UpdateServiceAccount(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User, up ServiceAccountUpdate) ([]string, error) {
	changed := patch(&u.Fields, &UserFields{FirstName: up.FirstName, LastName: up.LastName})
	changed = append(changed, set("isActive", &u.IsActive, up.IsActive)...)
	if err := checkUserFields(&u.Fields); err != nil {
		return nil, err
	}
	if before := *u; up.RoleIDs != nil && !slices.Equal(before.RoleIDs(), up.RoleIDs) {
		if err := a.giveRoles(tx, by, in, u, up.RoleIDs); err != nil {
			return nil, err
		}
		if err := a.tellSuperuser(tx, by, in, &before, u); err != nil {
			return nil, err
		}
		changed = append(changed, "roleIds")
	}
	if len(changed) == 0 {
		return nil, nil
	}
	u.Modified = a.Now()
	return changed, nil
}

// RoleIDs are the role of a user, or the functional roles of a service account that has no role.
func (u *User) RoleIDs() []int64 {
	if len(u.Functions) > 0 {
		return u.Functions
	}
	return []int64{u.RoleID}
}

// PutServiceAccount writes the user of an API client.
func (a *Accounts) PutServiceAccount(tx store.Tx, u *User) error { return users.Put(tx, u) }

// DeleteServiceAccount removes the user of an API client, as any other user is removed.
func (a *Accounts) DeleteServiceAccount(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User) error {
	return a.removeUser(tx, by, in, u)
}

// LogicalID is the logical id of an enterprise or a partner, by which clients name it; the network has none.
func (a *Accounts) LogicalID(tx store.Tx, in auth.Tenant) (string, error) {
	switch in.Type {
	case auth.MSP:
		p, err := partners.Get(tx, in.ID)
		if p == nil || err != nil {
			return "", err
		}
		return p.LogicalID, nil
	case auth.Enterprise:
		e, err := enterprises.Get(tx, in.ID)
		if e == nil || err != nil {
			return "", err
		}
		return e.LogicalID, nil
	}
	return "", nil
}
