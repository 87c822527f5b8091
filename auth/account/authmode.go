package account

import (
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The authentication mode says how the users of a tenant may sign in. In mode NATIVE every one is native: the portal keeps his
// password. In any other it is chosen for each, and one who is not native gets in by API token, and by a password that the verifier
// of his tenant knows. The operator's mode is a system property; partners and enterprises have theirs.

const native = "NATIVE"

var modes = []string{native, "RADIUS", "SSO"}

func isMode(s string) bool { return slices.Contains(modes, s) }

var (
	operatorMode   = define(Setting{id: 301, name: "vco.operator.authentication.mode", dataType: "STRING", value: native, doc: "how operators sign in: NATIVE (all by password), RADIUS or SSO (chosen for each)", check: isMode, restricted: true})
	enterpriseMode = defineTenant(TenantSetting{of: auth.Enterprise, name: "vco.enterprise.authentication.mode", dataType: "STRING", value: native, check: isMode})
	partnerMode    = defineTenant(TenantSetting{of: auth.MSP, name: "vco.enterprise.proxy.authentication.mode", dataType: "STRING", value: native, check: isMode})
)

func init() {
	operatorMode.changed, enterpriseMode.changed, partnerMode.changed = modeChanged, modeChanged, modeChanged
}

// mode is the authentication mode of a tenant.
func (a *Accounts) mode(tx store.Tx, in auth.Tenant) (string, error) {
	switch in.Type {
	case auth.Operator:
		return a.Text(tx, operatorMode)
	case auth.MSP:
		return a.tenantText(tx, in, partnerMode)
	}
	return a.tenantText(tx, in, enterpriseMode)
}

// mayBeForeign refuses a non-native user where all are native.
func (a *Accounts) mayBeForeign(tx store.Tx, in auth.Tenant) error {
	mode, err := a.mode(tx, in)
	if err == nil && mode == native {
		err = auth.BadField("isNative", "is false, and the authentication mode is NATIVE")
	}
	return err
}

// modeChanged records the change. It refuses to go back to NATIVE while somebody is not: he would be neither.
func modeChanged(a *Accounts, tx store.Tx, by *auth.Principal, in auth.Tenant, mode string) error {
	if mode == native {
		err := usersOf.Scan(tx, store.Span{Prefix: tenantKey(in.Type, in.ID)}, func(u *User) (bool, error) {
			if u.NonNative {
				return false, auth.Errorf(auth.Conflict, "user %s is not native: make him so, then set the authentication mode to NATIVE", u.Username)
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return a.Record(tx, by, in, Happening{
		Name: "AUTHENTICATION_MODE_UPDATED", Category: OfSecurity, Severity: Notice, Message: "authentication mode " + mode,
		Detail: map[string]any{"mode": mode},
	})
}
