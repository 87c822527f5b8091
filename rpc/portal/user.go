package portal

import (
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// User is the published user as lists show it. Password and salt are null in every answer.
type User struct {
	ID       rpc.ID   `json:"id"`
	Created  rpc.Time `json:"created"`
	UserType string   `json:"userType"`
	Username string   `json:"username"`
	Password *string  `json:"password" csv:"-" doc:"Always null."`
	account.UserFields
	IsNative            rpc.Flag `json:"isNative"`
	IsActive            rpc.Flag `json:"isActive"`
	IsLocked            rpc.Flag `json:"isLocked"`
	DisableSecondFactor rpc.Flag `json:"disableSecondFactor"`
	LastLogin           rpc.Time `json:"lastLogin"`
	Modified            rpc.Time `json:"modified"`
	Salt                *string  `json:"salt" csv:"-" doc:"Always null."`
	PasswordModified    rpc.Time `json:"passwordModified"`
	AccessLevel         string   `json:"accessLevel" enum:"BASIC|PRIVILEGED"`
	RoleID              rpc.ID   `json:"roleId"`
	RoleName            string   `json:"roleName"`
	IsSuper             rpc.Flag `json:"isSuper"`
	IsServiceAccount    bool     `json:"isServiceAccount" doc:"The user is an API client, by which alone it changes."`
	APIClientID         *rpc.ID  `json:"apiClientId"`
}

func user(u *account.User) User {
	r := u.Role
	return User{
		ID: rpc.ID(u.ID), Created: rpc.At(u.Created), UserType: u.Type.String(), Username: u.Username, UserFields: u.Fields,
		IsNative: rpc.Flag(!u.NonNative), IsActive: rpc.Flag(u.IsActive), IsLocked: rpc.Flag(u.IsLocked || u.LockedOut),
		DisableSecondFactor: rpc.Flag(u.DisableSecondFactor), LastLogin: rpc.At(u.LastLogin), Modified: rpc.At(u.Modified),
		PasswordModified: rpc.At(u.PasswordModified), AccessLevel: accessLevel(u.Privileged),
		RoleID: rpc.ID(r.ID), RoleName: r.Name, IsSuper: rpc.Flag(r.IsSuper), IsServiceAccount: u.ClientID != 0, APIClientID: ref(u.ClientID),
	}
}

// TenantUser is the published user of an enterprise or a partner, got alone.
type TenantUser struct {
	User
	EnterpriseID      *rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID *rpc.ID `json:"enterpriseProxyId"`
	NetworkID         rpc.ID  `json:"networkId"`
}

func tenantUser(u *account.User) *TenantUser {
	return &TenantUser{User: user(u), EnterpriseID: ref(u.EnterpriseID), EnterpriseProxyID: ref(u.ProxyID), NetworkID: auth.NetworkID}
}

func accessLevel(privileged bool) string {
	if privileged {
		return "PRIVILEGED"
	}
	return "BASIC"
}

// NewUser is what the params of all inserts of users have in common.
type NewUser struct {
	Username            string    `json:"username" rpc:"required"`
	Password            string    `json:"password" doc:"Required for native users; that of others is not kept."`
	Password2           *string   `json:"password2" doc:"When given, it must be the same as password."`
	RoleID              rpc.ID    `json:"roleId" rpc:"required"`
	IsActive            *rpc.Bool `json:"isActive" doc:"The default is true."`
	IsNative            *rpc.Bool `json:"isNative" doc:"The default is true."`
	DisableSecondFactor *rpc.Bool `json:"disableSecondFactor"`
	AccessLevel         *string   `json:"accessLevel" enum:"BASIC|PRIVILEGED"`
	account.UserFields
}

func (n NewUser) account() account.NewUser {
	return account.NewUser{
		Username: n.Username, Password: secret.Text(n.Password), Password2: hidden(n.Password2), RoleID: int64(n.RoleID),
		Inactive: !is(n.IsActive, true), NonNative: !is(n.IsNative, true), DisableSecondFactor: is(n.DisableSecondFactor, false),
		Privileged: n.AccessLevel != nil && *n.AccessLevel == "PRIVILEGED", Fields: n.UserFields,
	}
}

// UserUpdate is what the updates of all users have in common: it names the fields to set.
type UserUpdate struct {
	account.UserFields
	Password    *string   `json:"password"`
	Password2   *string   `json:"password2" doc:"The same as password; needed to change one's own."`
	RoleID      *rpc.ID   `json:"roleId"`
	IsActive    *rpc.Bool `json:"isActive"`
	IsNative    *rpc.Bool `json:"isNative"`
	AccessLevel *string   `json:"accessLevel" enum:"BASIC|PRIVILEGED"`
}

func (n UserUpdate) account(current string) account.UserUpdate {
	up := account.UserUpdate{
		Fields: n.UserFields, Password: hidden(n.Password), Password2: hidden(n.Password2), CurrentPassword: secret.Text(current),
		IsActive: flag(n.IsActive), NonNative: not(flag(n.IsNative)),
	}
	if s := up.Fields.SSHUsername; s != nil && *s == "" {
		up.Fields.SSHUsername = nil // who sends back a user without one must not be taken for changing it
	}
	if n.RoleID != nil {
		up.RoleID = (*int64)(n.RoleID)
	}
	if n.AccessLevel != nil && *n.AccessLevel != "" {
		privileged := *n.AccessLevel == "PRIVILEGED"
		up.Privileged = &privileged
	}
	return up
}

func not(b *bool) *bool {
	if b == nil {
		return nil
	}
	n := !*b
	return &n
}

// UserKind narrows what is read of users.
type UserKind struct {
	UserKind rpc.Strings `json:"userKind" enum:"HUMAN|SERVICE_ACCOUNT" doc:"Only users of these kinds; the default is both."`
}

// kinds are those that were asked for; none is every one.
func (k UserKind) kinds() (list []auth.PrincipalType) {
	for _, word := range k.UserKind {
		if word == "HUMAN" {
			list = append(list, auth.User)
		} else {
			list = append(list, auth.ServiceAccount)
		}
	}
	return list
}

// ReadUser names a user to read.
type ReadUser struct {
	OneUser
	UserKind
}

// readUser answers the user that a call wants to read, or nil.
func (p Portal) readUser(ctx context.Context, by *auth.Principal, in ReadUser, t auth.UserType, r auth.Rule) (*account.User, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	u, err := p.accounts.GetUser(ctx, by, t, r, int64(in.ID), in.Username)
	if kinds := in.kinds(); u != nil && len(kinds) > 0 && !slices.Contains(kinds, u.Kind()) {
		return nil, err
	}
	return u, err
}

// OneUser names a user by number, or else by name.
type OneUser struct {
	ID       rpc.ID `json:"id"`
	Username string `json:"username"`
}

func (o OneUser) check() error {
	if o.ID == 0 && o.Username == "" {
		return auth.BadField("id", "is required, or username")
	}
	return nil
}
