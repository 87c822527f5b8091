package account

import (
	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// HasTenant reports whether the tenant is there, or its grave, so that what hangs on it will be swept. Unlike TenantIn it is for
// the check of the store, and says nothing of what anybody may.
func HasTenant(tx store.Tx, t auth.UserType, id int64) (found bool, err error) {
	switch t {
	case auth.Operator:
		return true, nil
	case auth.MSP:
		found, err = partners.Has(tx, id)
	default:
		found, err = enterprises.Has(tx, id)
	}
	if found || err != nil {
		return found, err
	}
	err = tenantGraves.Scan(tx, 0, func(g *TenantGrave) (bool, error) {
		found = g.Type == t && g.TenantID == id
		return !found, nil
	})
	return found, err
}

// HasUser reports whether the user is there, or the grave of one.
func HasUser(tx store.Tx, id int64) (bool, error) {
	there, err := users.Has(tx, id)
	if there || err != nil {
		return there, err
	}
	return graves.Has(tx, id)
}

// hasRole reports whether a role or functional role of that number was ever made. It may be gone, and its users still there: a
// partner's ends with the partner, also for the enterprises that had left it.
func hasRole(tx store.Tx, id int64) (bool, error) {
	if id < firstCustomRole {
		return auth.RoleByID(id) != nil || auth.FunctionByID(id) != nil, nil
	}
	last, err := customRoles.Last(tx)
	return id <= last, err
}

// HasRoles reports whether roles and functional roles of all these numbers were ever made.
func HasRoles(tx store.Tx, ids []int64) (bool, error) {
	for _, id := range ids {
		if there, err := hasRole(tx, id); !there || err != nil {
			return false, err
		}
	}
	return true, nil
}

// UsersLead is Leads for the users, of whom other packages keep more than this one knows.
func UsersLead(to string, there func(store.Tx, *User) (bool, error)) { users.Leads(to, there) }

// What the records here lead to, apart from those collections so that these need not be made in a certain order.
func init() {
	users.Leads("its tenant", func(tx store.Tx, u *User) (bool, error) { return HasTenant(tx, u.Type, u.TenantID()) })
	users.Leads("its role", func(tx store.Tx, u *User) (bool, error) { return HasRoles(tx, u.RoleIDs()) })
	enterprises.Leads("its partner", func(tx store.Tx, e *Enterprise) (bool, error) {
		there, err := partners.Has(tx, e.ProxyID)
		return e.ProxyID == 0 || there, err
	})
	secondFactors.Leads("its user", func(tx store.Tx, f *secondFactor) (bool, error) { return users.Has(tx, f.ID) })
	sshKeys.Leads("its user", func(tx store.Tx, k *SSHKey) (bool, error) {
		u, err := users.Get(tx, k.ID)
		return u != nil && u.Type == k.Type && u.TenantID() == k.TenantID, err
	})
	tenantProperties.Leads("its tenant", func(tx store.Tx, p *TenantProperty) (bool, error) { return HasTenant(tx, p.Type, p.TenantID) })
	rolePackages.Leads("its tenant", func(tx store.Tx, p *RolePackage) (bool, error) { return HasTenant(tx, p.Level, p.TenantID) })
	customizations.Leads("its tenant", func(tx store.Tx, c *Customization) (bool, error) { return HasTenant(tx, c.Level, c.TenantID) })
	customizations.Leads("its package", func(tx store.Tx, c *Customization) (bool, error) {
		there, err := rolePackages.Has(tx, c.PackageID)
		return c.PackageID == 0 || there, err
	})
	customRoles.Leads("its tenant", func(tx store.Tx, r *CustomRole) (bool, error) { return HasTenant(tx, r.Level, r.TenantID) })
	securityPolicies.Leads("its enterprise", func(tx store.Tx, p *keptPolicy) (bool, error) {
		return HasTenant(tx, auth.Enterprise, p.ID)
	})
	alertRecipients.Leads("its enterprise", func(tx store.Tx, r *keptRecipients) (bool, error) {
		return HasTenant(tx, auth.Enterprise, r.ID)
	})
	alertConfigurations.Leads("its enterprise", func(tx store.Tx, c *AlertConfiguration) (bool, error) {
		return HasTenant(tx, auth.Enterprise, c.EnterpriseID)
	})
}
