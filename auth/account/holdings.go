package account

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// What fixtures are made of: all that a tenant has, within one transaction, and what can be said of a thing before it is made.

// EachPartner shows f all partners, ordered by number.
func (a *Accounts) EachPartner(tx store.Tx, f func(*Partner) error) error {
	return partners.Scan(tx, 0, all(f))
}

// EachEnterprise shows f all enterprises, ordered by number.
func (a *Accounts) EachEnterprise(tx store.Tx, f func(*Enterprise) error) error {
	return enterprises.Scan(tx, 0, all(f))
}

// EachUser shows f the users of a tenant, with their roles, ordered by number.
func (a *Accounts) EachUser(tx store.Tx, in auth.Tenant, f func(*User) error) error {
	return usersOf.Scan(tx, store.Span{Prefix: tenantKey(in.Type, in.ID)}, all(func(u *User) error {
		u, err := a.withRole(tx, u)
		if err != nil {
			return err
		}
		return f(u)
	}))
}

// EachCustomRole shows f the roles that a tenant has made, ordered by number.
func (a *Accounts) EachCustomRole(tx store.Tx, in auth.Tenant, f func(*CustomRole) error) error {
	return customRolesOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, all(f))
}

// EachCustomization shows f what was customized at a tenant, ordered by number.
func (a *Accounts) EachCustomization(tx store.Tx, in auth.Tenant, f func(*Customization) error) error {
	return customizationsOf.Scan(tx, store.Span{Prefix: levelOf(in).key()}, all(f))
}

// CustomizationOf answers what was customized in a functional role at a tenant; nil when that is nothing.
func (a *Accounts) CustomizationOf(ctx context.Context, in auth.Tenant, functionID int64) (c *Customization, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		c, err = customizationOfRole.Get(tx, store.Key(int64(in.Type), in.ID, functionID))
		return err
	})
	return c, err
}

// CheckCustomization refuses what cannot be customized at a tenant of that type.
func CheckCustomization(by *auth.Principal, in auth.Tenant, name string, ch RoleChange) error {
	return cmp.Or(checkCustomizationName(name), checkChanges(by, in, "function", []RoleChange{ch}))
}

// EachSetProperty shows f the system properties that were set or added, ordered by number.
func (a *Accounts) EachSetProperty(tx store.Tx, f func(*Property) error) error {
	return properties.Scan(tx, 0, all(f))
}

// IsPredefined says whether the portal reads the property by name.
func IsPredefined(p *Property) bool { return settingNumbered(p.ID) != nil }

// IsDefault says whether a property that was set is as if it had not been.
func (a *Accounts) IsDefault(p *Property) bool {
	s := settingNumbered(p.ID)
	return s != nil && p.Value == a.defaultOf(s)
}

// EachTenantProperty shows f the properties of a tenant, ordered by name.
func (a *Accounts) EachTenantProperty(tx store.Tx, in auth.Tenant, f func(*TenantProperty) error) error {
	return tenantPropertyByName.Scan(tx, store.Span{Prefix: tenantKey(in.Type, in.ID)}, all(f))
}

// all makes of f what scans to the end.
func all[T any](f func(T) error) func(T) (bool, error) {
	return func(one T) (bool, error) { return true, f(one) }
}

// RoleNamed answers the number of the role of that name that users of the tenant may have, letter case aside: a predefined one, or one
// that was made at the tenant, at its partner or by the operator, the nearest first; 0 when there is none.
func (a *Accounts) RoleNamed(ctx context.Context, in auth.Tenant, name string) (id int64, err error) {
	for _, r := range auth.Roles {
		if r.UserType == in.Type && fold(r.Name) == fold(name) {
			return r.ID, nil
		}
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		for _, l := range levels(in) {
			if id, err = customRoleByName.ID(tx, store.Key(int64(l.of), l.id, int64(in.Type), fold(name))); err != nil || id != 0 {
				return err
			}
		}
		return nil
	})
	return id, err
}

// CustomRoleNamed answers the role of that name that a tenant has made for users of a type; nil when there is none.
func (a *Accounts) CustomRoleNamed(ctx context.Context, in auth.Tenant, t auth.UserType, name string) (r *CustomRole, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		r, err = customRoleByName.Get(tx, store.Key(int64(in.Type), in.ID, int64(t), fold(name)))
		return err
	})
	return r, err
}

// SameUsername is the form in which usernames are compared; names that differ in it are two.
func SameUsername(name string) string { return string(usernameKey(name)) }

// Check refuses what can be refused without looking at other partners.
func (n *NewPartner) Check() error {
	draft := Partner{Name: n.Name, Domain: slug(n.Name)}
	draft.set(n.Fields)
	return draft.check()
}

// WebhookNetworksName is the name of the system property with the networks that webhooks may lead to besides public ones.
func WebhookNetworksName() string { return WebhookNetworks.name }

// PolicyName is the name of the property with the policy of passwords of users of a type.
func PolicyName(t auth.UserType) string { return policyOf(t).name }

// MayBePassword refuses a password that a user of that name could not be given: by the policy in force, or by the one that is stated.
func (a *Accounts) MayBePassword(ctx context.Context, t auth.UserType, username string, password secret.Text, stated *string) error {
	var p Policy
	err := a.Store.View(ctx, func(tx store.Tx) (err error) {
		p, err = a.policy(tx, t)
		return err
	})
	if stated != nil {
		p, err = parsePolicy(*stated)
	}
	if err != nil {
		return err
	}
	return p.check(&User{Username: username}, password, nil)
}

// Hash answers the hash of a password that was checked, for a user whom the portal itself makes.
func (a *Accounts) Hash(ctx context.Context, password secret.Text) (string, error) {
	return a.hash(ctx, password)
}

// IsPassword says whether the tenant has a property of that name that is a password.
func (a *Accounts) IsPassword(ctx context.Context, in auth.Tenant, name string) (bool, error) {
	if in.Type == auth.Operator {
		p, err := a.Property(ctx, 0, name)
		return p != nil && p.IsPassword, err
	}
	p, err := a.TenantProperty(ctx, in, 0, name)
	return p != nil && p.IsPassword, err
}

// CheckProperty refuses a value that a property of a tenant, or of the system, could not be given. Its type is said where it is a new one.
func CheckProperty(in auth.UserType, name, value string, dataType *string) error {
	p := Property{Name: name, Value: value, DataType: "STRING"}
	allowed := func(string) bool { return true }
	if s := settingNamed(name); in == auth.Operator && s != nil {
		if s.readOnly {
			return auth.Errorf(auth.Immutable, "it is read-only")
		}
		p.DataType, allowed = s.dataType, s.allows
	} else if s := tenantSettingNamed(in, name); s != nil {
		p.DataType, allowed = s.dataType, s.allows
	} else {
		assign(&p.DataType, dataType)
	}
	if differs(dataType, p.DataType) {
		return auth.BadField("dataType", "is %s of %s", p.DataType, name)
	}
	if err := p.check(); err != nil {
		return err
	}
	if !allowed(value) {
		return auth.BadField("value", "is not allowed for %s", name)
	}
	return nil
}
