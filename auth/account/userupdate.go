package account

import (
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A UserUpdate names the fields to set; nil leaves a field as it is.
type UserUpdate struct {
	Fields              UserFields
	Username            *string
	Password            *secret.Text
	Password2           *secret.Text
	CurrentPassword     secret.Text // needed to change one's own password or e-mail address
	RoleID              *int64
	IsActive            *bool
	IsLocked            *bool
	NonNative           *bool
	DisableSecondFactor *bool
	Privileged          *bool
}

// UpdateUser changes the named fields of a user by number, or else by name. rows is 0 when the caller sees no such user.
//
// Who holds the privilege v in the user's tenant may change what is below his own rank; anybody may change his own names,
// phones, password and e-mail address, the last two with his current password.
func (a *Accounts) UpdateUser(ctx context.Context, by *auth.Principal, v auth.Privilege, id int64, name string, up UserUpdate) (rows int, err error) {
	u, in, err := a.FindUser(ctx, by, id, name)
	if err != nil || u == nil || auth.UserObject(u.Type) != v.Object {
		return 0, err
	}
	if err := a.mayUpdate(by, v, u, in, up); err != nil {
		return 0, err
	}
	hash, err := a.newPassword(ctx, by, u, up)
	if err != nil {
		return 0, err
	}
	seen := u.Password
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := a.findUser(tx, by, id, name)
		if err != nil || u == nil {
			return err
		}
		if u.Password != seen {
			return auth.Errorf(auth.Conflict, "the user's password was changed at the same time")
		}
		if err := a.mayUpdate(by, v, u, in, up); err != nil {
			return err
		}
		rows = 1
		return a.applyUpdate(tx, by, u, in, up, hash)
	})
	return rows, err
}

// mayUpdate decides by the user as he is before the change.
func (a *Accounts) mayUpdate(by *auth.Principal, v auth.Privilege, u *User, in auth.Tenant, up UserUpdate) error {
	self := by.UserID == u.ID
	may := by.May(v, in)
	switch {
	case !may && !self, !may && up.beyondSelf():
		return auth.Lacks(by, v)
	case u.Role().IsSuper && !by.IsSuper() && !self:
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to change a superuser in method [%s]", by.Method)
	case up.Privileged != nil && *up.Privileged != u.Privileged && !by.IsSuper():
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required for accessLevel in method [%s]", by.Method)
	case up.RoleID != nil && u.NonNative:
		return auth.Errorf(auth.Conflict, "the role of a non-native user cannot be changed")
	case up.Password != nil && u.NonNative:
		return auth.Errorf(auth.Conflict, "the password of a non-native user cannot be changed")
	}
	if up.RoleID != nil && *up.RoleID != u.RoleID {
		return mayGrant(by, in, *up.RoleID)
	}
	return nil
}

// beyondSelf says whether the update names what nobody may change of himself without the privilege.
func (up UserUpdate) beyondSelf() bool {
	return up.Username != nil || up.RoleID != nil || up.IsActive != nil || up.IsLocked != nil || up.NonNative != nil ||
		up.DisableSecondFactor != nil || up.Privileged != nil || up.Fields.Domain != nil || up.Fields.SSHUsername != nil
}

// newPassword checks the passwords of an update and answers the hash of the new one, or "" when it names none.
func (a *Accounts) newPassword(ctx context.Context, by *auth.Principal, u *User, up UserUpdate) (string, error) {
	self := by.UserID == u.ID
	if self && (up.Password != nil || up.changesEmail(u)) {
		ok, err := a.CheckPassword(ctx, u, up.CurrentPassword)
		if err != nil {
			return "", err
		}
		if !ok {
			return "", auth.BadField("currentPassword", "is missing or wrong")
		}
	}
	if up.Password == nil {
		return "", nil
	}
	if err := checkPassword(*up.Password); err != nil {
		return "", err
	}
	if self && up.Password2 == nil || up.Password2 != nil && *up.Password2 != *up.Password {
		return "", auth.BadField("_update.password2", "differs from password")
	}
	return a.hash(ctx, *up.Password)
}

func (up UserUpdate) changesEmail(u *User) bool {
	return up.Fields.Email != nil && (u.Fields.Email == nil || *up.Fields.Email != *u.Fields.Email)
}

func (a *Accounts) applyUpdate(tx store.Tx, by *auth.Principal, u *User, in auth.Tenant, up UserUpdate, hash string) error {
	before := *u
	changed := patch(&u.Fields, &up.Fields)
	changed = append(changed, set("username", &u.Username, up.Username)...)
	changed = append(changed, set("roleId", &u.RoleID, up.RoleID)...)
	changed = append(changed, set("isActive", &u.IsActive, up.IsActive)...)
	changed = append(changed, set("isLocked", &u.IsLocked, up.IsLocked)...)
	changed = append(changed, set("isNative", &u.NonNative, up.NonNative)...)
	changed = append(changed, set("disableSecondFactor", &u.DisableSecondFactor, up.DisableSecondFactor)...)
	changed = append(changed, set("accessLevel", &u.Privileged, up.Privileged)...)
	if hash != "" {
		u.Password, u.PasswordModified = hash, a.Now()
		changed = append(changed, "password")
	}
	if err := checkUserFields(&u.Fields); err != nil {
		return err
	}
	if slices.Contains(changed, "username") {
		if err := checkUsername(u.Username); err != nil {
			return err
		}
	}
	if before.Enabled() && !u.Enabled() || hash != "" {
		u.Epoch++ // ends the sessions there are; enabling the user again does not bring them back
	}
	if err := a.keepSuperuser(tx, &before, u); err != nil {
		return err
	}
	u.Modified = a.Now()
	if err := taken(users.Put(tx, u), "the username %s is taken", u.Username); err != nil {
		return err
	}
	return a.Record(tx, by, in, Happening{
		Name: userEvent("UPDATE", u.Type), Category: OfUser, Message: "user " + before.Username,
		Detail: map[string]any{"userId": u.ID, "username": before.Username, "changed": changed},
	})
}

// set assigns a named value and answers the name if that changed anything.
func set[T comparable](name string, to *T, from *T) []string {
	if from == nil || *from == *to {
		return nil
	}
	*to = *from
	return []string{name}
}

// DeleteUser removes a user of the tenant by number, or else by name; he and everything that is his stop working with it.
// The number is answered with rows 1, or 0 and rows 0 when there is no such user there.
func (a *Accounts) DeleteUser(ctx context.Context, by *auth.Principal, v auth.Privilege, of auth.Tenant, id int64, name string) (gone int64, rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		gone, rows = 0, 0
		u, in, err := a.findUser(tx, by, id, name)
		if err != nil || u == nil || in.Type != of.Type || in.ID != of.ID {
			return err
		}
		if err := a.mayDelete(tx, by, v, u, in); err != nil {
			return err
		}
		gone, rows = u.ID, 1
		if _, err := users.Delete(tx, u.ID); err != nil {
			return err
		}
		if err := graves.Put(tx, &Grave{ID: u.ID, Name: u.Username, In: in}); err != nil {
			return err
		}
		return a.Record(tx, by, in, Happening{
			Name: userEvent("DELETE", u.Type), Category: OfUser, Severity: Notice, Message: "user " + u.Username,
			Detail: map[string]any{"userId": u.ID, "username": u.Username},
		})
	})
	return gone, rows, err
}

func (a *Accounts) mayDelete(tx store.Tx, by *auth.Principal, v auth.Privilege, u *User, in auth.Tenant) error {
	switch {
	case !by.May(v, in):
		return auth.Lacks(by, v)
	case u.ID == by.UserID:
		return auth.Errorf(auth.Conflict, "nobody deletes himself")
	case u.Role().IsSuper && !by.IsSuper():
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to delete a superuser in method [%s]", by.Method)
	}
	return a.keepSuperuser(tx, u, nil)
}

// keepSuperuser refuses a change after which no operator superuser could get in any more. After is nil for a deletion.
func (a *Accounts) keepSuperuser(tx store.Tx, before, after *User) error {
	if !opens(before) || after != nil && opens(after) {
		return nil
	}
	another := false
	err := usersOf.Scan(tx, store.Span{Prefix: tenantKey(auth.Operator, auth.NetworkID)}, func(u *User) (bool, error) {
		another = u.ID != before.ID && opens(u)
		return !another, nil
	})
	if err == nil && !another {
		return auth.Errorf(auth.Conflict, "%s is the last active operator superuser", before.Username)
	}
	return err
}

func opens(u *User) bool { return u.RoleID == auth.OperatorSuperuser && u.Enabled() && !u.NonNative }

// Graves calls f for each deleted user whose belongings are still to be swept.
func (a *Accounts) Graves(tx store.Tx, f func(*Grave) (more bool, err error)) error {
	return graves.Scan(tx, 0, f)
}

// CloseGrave says that nothing is left of the user.
func (a *Accounts) CloseGrave(tx store.Tx, id int64) error {
	_, err := graves.Delete(tx, id)
	return err
}

// LoggedIn notes a login. It is refused when the user was changed since his password was checked.
func (a *Accounts) LoggedIn(tx store.Tx, seen *User) (*User, error) {
	u, err := users.Get(tx, seen.ID)
	if err != nil {
		return nil, err
	}
	if u == nil || u.Password != seen.Password || !u.Enabled() {
		return nil, nil
	}
	u.LastLogin = a.Now()
	return u, users.Put(tx, u)
}
