package account

import (
	"context"
	"strconv"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Capability is what an enterprise or a partner is able to do at all. The operator alone gives and takes it. Each is a
// property of the tenant, so that only what was set is kept.
type Capability string

// RoleCustomization is the capability to have roles of one's own.
const RoleCustomization Capability = "enableRoleCustomization"

// capabilities are the published ones. The defaults are those of the published example, except that roles may be customized.
var capabilities = []struct {
	of   auth.UserType
	name Capability
	on   bool
}{
	{auth.Enterprise, "edgeVnfs.enable", true},
	{auth.Enterprise, "edgeVnfs.securityVnf.paloAlto", true},
	{auth.Enterprise, "edgeVnfs.securityVnf.checkpoint", true},
	{auth.Enterprise, "edgeVnfs.securityVnf.fortinet", true},
	{auth.Enterprise, "edgeVnfs.securityVnf.centOS", false},
	{auth.Enterprise, "enableCosMapping", true},
	{auth.Enterprise, "enableEnterpriseAuth", true},
	{auth.Enterprise, "enableFwLogs", false},
	{auth.Enterprise, "enableStatefulFirewall", false},
	{auth.Enterprise, "enableNetworks", true},
	{auth.Enterprise, "enablePremium", true},
	{auth.Enterprise, "enableSegmentation", true},
	{auth.Enterprise, "enableServiceRateLimiting", false},
	{auth.Enterprise, RoleCustomization, true},
	{auth.Enterprise, "enableSecureEdgeAccess", false},
	{auth.MSP, RoleCustomization, true},
	{auth.MSP, "enableEdgeLicense", false},
}

func init() {
	for _, c := range capabilities {
		s := TenantSetting{
			of: c.of, name: c.name.property(), dataType: "BOOLEAN", value: strconv.FormatBool(c.on),
			callers: []auth.UserType{auth.Operator},
		}
		if c.name == RoleCustomization {
			s.event = roleCustomizationEvent
		}
		defineTenant(s)
	}
}

// property is the name of the property that a capability is kept in.
func (c Capability) property() string { return "portico.capability." + string(c) }

func roleCustomizationEvent(value string) string {
	if on, _ := parseBool(value); on {
		return "ENABLE_ROLE_CUSTOMIZATION_CAPABILITY"
	}
	return "DISABLE_ROLE_CUSTOMIZATION_CAPABILITY"
}

// CapabilitiesOf are those that tenants of a type have or lack.
func CapabilitiesOf(t auth.UserType) (list []Capability) {
	for _, c := range capabilities {
		if c.of == t {
			list = append(list, c.name)
		}
	}
	return list
}

// Capable says whether the tenant has the capability. The network has every one.
func (a *Accounts) Capable(tx store.Tx, in auth.Tenant, c Capability) (bool, error) {
	if in.Type == auth.Operator {
		return true, nil
	}
	s := tenantSettingNamed(in.Type, c.property())
	if s == nil {
		return false, nil
	}
	text, err := a.tenantText(tx, in, s)
	on, _ := parseBool(text)
	return on, err
}

// Capabilities answers for each capability whether the tenant has it.
func (a *Accounts) Capabilities(ctx context.Context, in auth.Tenant) (map[Capability]bool, error) {
	has := make(map[Capability]bool)
	err := a.Store.View(ctx, func(tx store.Tx) (err error) {
		for _, c := range CapabilitiesOf(in.Type) {
			if has[c], err = a.Capable(tx, in, c); err != nil {
				return err
			}
		}
		return nil
	})
	return has, err
}

// SetCapability gives the tenant a capability or takes it; that acts with the next call.
func (a *Accounts) SetCapability(ctx context.Context, by *auth.Principal, in auth.Tenant, c Capability, on bool) (int64, error) {
	if tenantSettingNamed(in.Type, c.property()) == nil {
		return 0, auth.BadField("name", "%q is not a capability of such a tenant", c)
	}
	return a.SetTenantProperty(ctx, by, in, c.property(), TenantPropertyUpdate{Value: strconv.FormatBool(on)})
}
