package account

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// A UserUpdate names the fields to set; nil leaves a field as it is.
type UserUpdate struct {
	TenantID            int64 // the tenant that the user must belong to; 0 is any
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
// Who holds the privilege v in the user's tenant may change everything but superusers, who are changed only by
// superusers; anybody may change his own names, phones, password and e-mail address, the last two with his current
// password.
func (a *Accounts) UpdateUser(ctx context.Context, by *auth.Principal, v auth.Privilege, id int64, name string, up UserUpdate) (rows int, err error) {
	u, in, err := a.updatable(ctx, by, v, id, name, up)
	if err != nil || u == nil {
		return 0, err
	}
	hash, err := a.newPassword(ctx, by, u, in, up)
	if err != nil {
		return 0, err
	}
	seen := u
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		u, in, err := a.findUser(tx, by, id, name)
		if err != nil || u == nil {
			return err
		}
		if !u.asProved(seen) {
			return auth.Errorf(auth.Conflict, "the user's password was changed at the same time")
		}
		before := *u
		if up.needsProof(by, u) {
			if ok, err := a.admit(tx, attempt(by, u)); err != nil || !ok {
				return cmp.Or(err, errCurrentPassword)
			}
		}
		changed := up.apply(u)
		if err := a.mayUpdate(tx, by, v, &before, in, up, changed); err != nil {
			return err
		}
		rows = 1
		return a.applyUpdate(tx, by, &before, u, in, changed, hash)
	})
	return rows, err
}

// updatable answers the user if the caller may make the update of him as he is now; nil when he sees no such user.
func (a *Accounts) updatable(ctx context.Context, by *auth.Principal, v auth.Privilege, id int64, name string, up UserUpdate) (*User, auth.Tenant, error) {
	u, in, err := a.FindUser(ctx, by, id, name)
	if err != nil || u == nil || auth.UserObject(u.Type) != v.Object || up.TenantID != 0 && up.TenantID != u.TenantID() {
		return nil, in, err
	}
	after := *u
	changed := up.apply(&after)
	err = a.Store.View(ctx, func(tx store.Tx) error { return a.mayUpdate(tx, by, v, u, in, up, changed) })
	return u, in, err
}

// ofOneself is what anybody may change of himself without the privilege, besides his password.
var ofOneself = []string{"firstName", "lastName", "officePhone", "mobilePhone", "email"}

// mayUpdate decides by the user as he is before the change, and by what the update would change of him.
func (a *Accounts) mayUpdate(tx store.Tx, by *auth.Principal, v auth.Privilege, u *User, in auth.Tenant, up UserUpdate, changed []string) error {
	self := by.UserID == u.ID
	if by.Due != auth.NothingDue && (!self || up.Password == nil || len(changed) > 0) {
		return by.Overdue()
	}
	beyond := slices.ContainsFunc(changed, func(name string) bool { return !slices.Contains(ofOneself, name) })
	switch may := by.May(v, in); {
	case !may && (!self || beyond):
		return auth.Lacks(by, v)
	case u.ClientID != 0:
		return u.Managed()
	case u.IsSuper() && !by.IsSuper() && !self:
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to change a superuser in method [%s]", by.Method)
	case slices.Contains(changed, "accessLevel") && !givesAccess(by, u.Type):
		return lacksAccess(by, u.Type)
	case slices.Contains(changed, "sshUsername"):
		return auth.Errorf(auth.Immutable, "sshUsername is generated and does not change")
	case u.NonNative && slices.Contains(changed, "roleId"):
		return auth.Errorf(auth.Conflict, "the role of a non-native user cannot be changed")
	case up.Password != nil && up.foreign(u):
		return auth.Errorf(auth.Conflict, "the password of a non-native user cannot be changed")
	case up.Password == nil && u.NonNative && !up.foreign(u):
		return auth.BadField("password", "is required for a user who becomes native")
	}
	if slices.Contains(changed, "roleId") {
		return a.mayGrant(tx, by, in, *up.RoleID)
	}
	return nil
}

// givesAccess: the access level is for superusers of the same level to decide. Consent to the management of users is none to
// that of access to devices.
func givesAccess(by *auth.Principal, to auth.UserType) bool {
	return by.IsSuper() && by.UserType == to || by.IsPortal()
}

func lacksAccess(by *auth.Principal, to auth.UserType) error {
	return auth.Errorf(auth.Forbidden, "the privilege of a superuser of %s users is required for accessLevel in method [%s]", to, by.Method)
}

// apply sets the named fields, all but the password, and answers the names of those that changed.
func (up UserUpdate) apply(u *User) []string {
	return slices.Concat(
		patch(&u.Fields, &up.Fields),
		set("username", &u.Username, up.Username),
		set("roleId", &u.RoleID, up.RoleID),
		set("isActive", &u.IsActive, up.IsActive),
		set("isLocked", &u.IsLocked, up.IsLocked),
		up.unlocks(u),
		set("isNative", &u.NonNative, up.NonNative),
		set("disableSecondFactor", &u.DisableSecondFactor, up.DisableSecondFactor),
		set("accessLevel", &u.Privileged, up.Privileged),
	)
}

// foreign says whether the user is not native after the update.
func (up UserUpdate) foreign(u *User) bool {
	if up.NonNative != nil {
		return *up.NonNative
	}
	return u.NonNative
}

// unlocks ends a lock-out: isLocked shows both, an operator's lock and that.
func (up UserUpdate) unlocks(u *User) []string {
	if up.IsLocked == nil || *up.IsLocked || !u.LockedOut {
		return nil
	}
	u.LockedOut = false
	return []string{"isLocked"}
}

// set assigns a named value and answers the name if that changed anything.
func set[T comparable](name string, to *T, from *T) []string {
	if from == nil || *from == *to {
		return nil
	}
	*to = *from
	return []string{name}
}

// newPassword checks the passwords of an update and answers the hash of the new one, or "" when it names none.
func (a *Accounts) newPassword(ctx context.Context, by *auth.Principal, u *User, in auth.Tenant, up UserUpdate) (string, error) {
	self := by.UserID == u.ID
	if up.needsProof(by, u) {
		if err := a.provePassword(ctx, by, u, in, up.CurrentPassword); err != nil {
			return "", err
		}
	}
	if up.Password == nil {
		return "", nil
	}
	if self && up.Password2 == nil || up.Password2 != nil && *up.Password2 != *up.Password {
		return "", auth.BadField("password2", "differs from password")
	}
	if self {
		return a.NewHash(ctx, u.Type, u, *up.Password, up.CurrentPassword)
	}
	return a.NewHash(ctx, u.Type, u, *up.Password)
}

var errCurrentPassword error = auth.BadField("currentPassword", "is missing or wrong")

// needsProof: one's own password and e-mail address change only with the current password; so does a username that mail
// goes to, for a link to set a new password goes there too.
func (up UserUpdate) needsProof(by *auth.Principal, u *User) bool {
	if by.UserID != u.ID {
		return false
	}
	after := *u
	up.apply(&after)
	return up.Password != nil || up.changesEmail(u) || after.MailAddress() != u.MailAddress()
}

func attempt(by *auth.Principal, u *User) Attempt {
	return Attempt{User: u, Name: u.Username, Operator: u.Type == auth.Operator, Source: by.Source}
}

// provePassword refuses a wrong current password, counts and records it: whoever holds a stolen session might be guessing.
// Of one who is locked out every password is wrong, so that it costs no more work to have found his. The Update that follows must
// ask admit whether he is by then.
func (a *Accounts) provePassword(ctx context.Context, by *auth.Principal, u *User, in auth.Tenant, current secret.Text) error {
	return a.InTurn(ctx, by, u.Username, func() error { return a.tryPassword(ctx, by, u, in, current) })
}

func (a *Accounts) tryPassword(ctx context.Context, by *auth.Principal, u *User, in auth.Tenant, current secret.Text) error {
	var out bool
	err := a.Store.View(ctx, func(tx store.Tx) (err error) {
		out, err = a.LockedOut(tx, attempt(by, u))
		return err
	})
	if err != nil {
		return err
	}
	checked := u
	if out {
		checked = nil
	}
	o, err := a.CheckPassword(ctx, checked, current)
	if o == verify.OK || err != nil {
		return err
	}
	if err := a.Failed(ctx, by, in, attempt(by, u)); err != nil {
		return err
	}
	h := Happening{Name: "UPDATE_USER_REFUSED", Category: OfSecurity, Message: "wrong current password of " + u.Username}
	h.Found(o, u.Type)
	return cmp.Or(a.Refused(ctx, by, in, h), errCurrentPassword)
}

func (up UserUpdate) changesEmail(u *User) bool {
	return up.Fields.Email != nil && *up.Fields.Email != value(u.Fields.Email)
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a *Accounts) applyUpdate(tx store.Tx, by *auth.Principal, before, u *User, in auth.Tenant, changed []string, hash string) error {
	if before.LockedOut && !u.LockedOut {
		if err := unlock(tx, u); err != nil {
			return err
		}
	}
	if hash != "" {
		if err := a.setPassword(tx, u, hash); err != nil {
			return err
		}
		changed = append(changed, "password")
	}
	if len(changed) == 0 {
		return nil
	}
	if err := checkUserFields(&u.Fields); err != nil {
		return err
	}
	if slices.Contains(changed, "username") {
		if err := checkUsername(u.Username); err != nil {
			return err
		}
	}
	if before.Enabled() && !u.Enabled() || !before.NonNative && u.NonNative {
		u.Epoch++ // ends the sessions there are; enabling the user again does not bring them back
	}
	if err := a.keepSuperuser(tx, by, before, u); err != nil {
		return err
	}
	if !before.NonNative && u.NonNative {
		if err := a.mayBeForeign(tx, in); err != nil {
			return err
		}
		u.Password, u.Earlier, u.PasswordModified = "", nil, time.Time{}
	}
	h := Happening{
		Name: userEvent("UPDATE", u.Type), Category: OfUser, Message: "user " + before.Username,
		Detail: map[string]any{"userId": u.ID, "username": before.Username, "changed": changed, "from": standing(before, changed), "to": standing(u, changed)},
	}
	// Before the user is written: he may be the actor, and disable himself.
	if err := cmp.Or(a.Record(tx, by, in, h), a.tellSuperuser(tx, by, in, before, u)); err != nil {
		return err
	}
	u.Modified = a.Now()
	return taken(users.Put(tx, u), "the username %s is taken", u.Username)
}

// standing tells those of the changed fields that decide what a user may do.
func standing(u *User, changed []string) map[string]any {
	all := map[string]any{
		"username": u.Username, "roleId": u.RoleID, "isActive": u.IsActive, "isLocked": u.IsLocked, "isNative": !u.NonNative,
		"accessLevel": u.Privileged,
	}
	maps.DeleteFunc(all, func(name string, _ any) bool { return !slices.Contains(changed, name) })
	return all
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
		return a.removeUser(tx, by, in, u)
	})
	return gone, rows, err
}

// removeUser takes away the user and what is his, but for his tokens: those are swept, led by his grave. That is at most 26
// keys, and three counters; sweptUsers rests on it.
func (a *Accounts) removeUser(tx store.Tx, by *auth.Principal, in auth.Tenant, u *User) error {
	if _, err := users.Delete(tx, u.ID); err != nil {
		return err
	}
	if err := unlock(tx, u); err != nil {
		return err
	}
	if _, err := secondFactors.Delete(tx, u.ID); err != nil {
		return err
	}
	for _, forget := range a.forgetUser {
		if err := forget(tx, u.ID); err != nil {
			return err
		}
	}
	if err := graves.Put(tx, &Grave{ID: u.ID, Type: u.Type, TenantID: u.TenantID(), Deleter: deleter(by)}); err != nil {
		return err
	}
	if _, err := a.endSSHKey(tx, by, in, u, "user deleted"); err != nil {
		return err
	}
	return a.Record(tx, by, in, Happening{
		Name: userEvent("DELETE", u.Type), Category: OfUser, Severity: Notice, Message: "user " + u.Username,
		Detail: map[string]any{"userId": u.ID, "username": u.Username},
	})
}

func (a *Accounts) mayDelete(tx store.Tx, by *auth.Principal, v auth.Privilege, u *User, in auth.Tenant) error {
	switch {
	case !by.May(v, in):
		return auth.Lacks(by, v)
	case u.ClientID != 0:
		return u.Managed()
	case u.ID == by.UserID:
		return auth.Errorf(auth.Conflict, "nobody deletes himself")
	case u.IsSuper() && !by.IsSuper():
		return auth.Errorf(auth.Forbidden, "the privilege of a superuser is required to delete a superuser in method [%s]", by.Method)
	}
	return a.keepSuperuser(tx, by, u, nil)
}

// keepSuperuser refuses a change after which no superuser of the tenant could get in any more. After is nil for a deletion.
// Operators, with consent, may lock the last one out for a time: they can let him in again. A partner may not: it may lose the
// enterprise, and nobody could.
func (a *Accounts) keepSuperuser(tx store.Tx, by *auth.Principal, before, after *User) error {
	if !opens(before) || after != nil && opens(after) {
		return nil
	}
	if after != nil && by.UserType == auth.Operator && before.Type != auth.Operator && after.IsSuper() && !after.NonNative {
		return nil
	}
	another := false
	err := usersOf.Scan(tx, store.Span{Prefix: tenantKey(before.Type, before.TenantID())}, func(u *User) (bool, error) {
		another = u.ID != before.ID && opens(u)
		return !another, nil
	})
	if err == nil && !another {
		return auth.Errorf(auth.Conflict, "%s is the last active superuser of the tenant", before.Username)
	}
	return err
}

func opens(u *User) bool { return u.IsSuper() && u.Enabled() && !u.NonNative && u.ClientID == 0 }

// Graves calls f for each deleted user whose belongings are still to be swept.
func (a *Accounts) Graves(tx store.Tx, f func(*Grave) (more bool, err error)) error {
	return graves.Scan(tx, 0, f)
}

// SweepGrave removes at most so many of the records that other packages keep of a deleted user, and says how many those were.
func (a *Accounts) SweepGrave(tx store.Tx, g *Grave, most int) (n int, err error) {
	for _, sweep := range a.userSweeps {
		swept, err := sweep(tx, g, most-n)
		if n += swept; err != nil || n >= most {
			return n, err
		}
	}
	return n, nil
}

// UserGone says whether the user was deleted, and what was his may not be swept yet.
func (a *Accounts) UserGone(tx store.Tx, id int64) (bool, error) {
	g, err := graves.Get(tx, id)
	return g != nil, err
}

// CloseGrave says that nothing is left of the user.
func (a *Accounts) CloseGrave(tx store.Tx, id int64) error {
	_, err := graves.Delete(tx, id)
	return err
}

// LoggedIn notes a login. Nil is answered when the user was changed since his password was checked, or is locked out by
// now. A hash that costs less than a new one would is replaced. The second factor is used up. With nil, nothing must be kept.
func (a *Accounts) LoggedIn(tx store.Tx, by *auth.Principal, seen *User, rehashed string, code secret.Text) (*User, error) {
	u, err := a.UserIn(tx, seen.ID)
	if err != nil || u == nil || !u.asProved(seen) || !u.Enabled() || !u.LogsIn() {
		return nil, err
	}
	if ok, err := a.admit(tx, attempt(by, u)); err != nil || !ok {
		return nil, err
	}
	checked, ok, err := a.CheckSecondFactor(tx, u, code)
	if err != nil || !ok {
		return nil, err
	}
	if err := a.useUp(tx, by, u, checked); err != nil {
		return nil, err
	}
	if rehashed != "" {
		u.Password = rehashed
	}
	u.LastLogin, u.LastSource = a.Now(), by.Source
	return u, users.Put(tx, u)
}
