package portal

import (
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) customizationRows() []rpc.Method {
	updateNetwork := auth.All(auth.Update.On(auth.NetworkObject)).Callers(auth.Operator)
	return []rpc.Method{
		{Name: "role/getRoleCustomizations", Doc: "Lists what is customized at a level: of the named tenant, or of all that the caller sees.",
			Rule: readRolePackage, Do: rpc.Func(p.getCustomizations)},
		{Name: "role/getEligiblePrivilegesForCustomization", Doc: "Tells what the caller may allow and deny to a functional role.",
			Rule: readRolePackage, Do: rpc.Func(p.getEligible)},
		{Name: "role/removeCustomRoles", Doc: "Takes back what is customized at a level.",
			Rule: auth.Any(auth.CustomizeRoles(auth.Operator)).Callers(auth.Operator), Do: rpc.Func(p.removeCustomRoles)},
		{Name: "role/removeEnterpriseProxyCustomRoles", Doc: "Takes back what is customized at a partner.",
			Rule: auth.Any(auth.CustomizeRoles(auth.MSP)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.removeProxyCustomRoles)},
		{Name: "role/removeEnterpriseCustomRoles", Doc: "Takes back what is customized at an enterprise.",
			Rule: auth.Any(auth.CustomizeRoles(auth.Enterprise)), Do: rpc.Func(p.removeEnterpriseCustomRoles)},
		{Name: "role/createRoleCustomization", Doc: "Allows the privileges that a functional role lacks and denies those that it has.",
			Deprecated: toPackages, Rule: updateNetwork, Do: rpc.Func(p.createCustomization)},
		{Name: "role/deleteRoleCustomization", Doc: "Takes back what is customized in a functional role.",
			Deprecated: toPackages, Rule: updateNetwork, Do: rpc.Func(p.deleteCustomization)},
	}
}

// toPackages: the published document deprecates these methods without a date, so they bear the one of their making here.
var toPackages = rpc.Deprecation{Since: "2026-11-21", Use: "use the packages of role/insertRoleCustomizationPackage and role/applyRoleCustomizationPackage"}

// CustomizationLevel names where something is customized.
type CustomizationLevel struct {
	RoleCustomizationLevel string `json:"roleCustomizationLevel" rpc:"required" enum:"NETWORK|PARTNER|ENTERPRISE|USER|ALL"`
	NetworkID              rpc.ID `json:"networkId"`
	EnterpriseProxyID      rpc.ID `json:"enterpriseProxyId"`
	EnterpriseID           rpc.ID `json:"enterpriseId"`
	OperatorID             rpc.ID `json:"operatorId" doc:"There is one operator."`
	UserID                 rpc.ID `json:"userId" doc:"Nothing is customized for single users."`
}

// id is the tenant that the level asks for, or 0 where none is named.
func (l CustomizationLevel) id() (auth.UserType, rpc.ID) {
	switch l.RoleCustomizationLevel {
	case "NETWORK":
		return auth.Operator, auth.NetworkID
	case "PARTNER":
		return auth.MSP, l.EnterpriseProxyID
	case "ENTERPRISE":
		return auth.Enterprise, l.EnterpriseID
	}
	return auth.NoType, 0
}

// GetCustomizations is the params of role/getRoleCustomizations.
type GetCustomizations struct {
	CustomizationLevel
	Paged
}

// Customization is what is customized in a functional role at one tenant.
type Customization struct {
	ID                    rpc.ID   `json:"id"`
	ForRoleID             rpc.ID   `json:"forRoleId"`
	RoleName              string   `json:"roleName"`
	RoleID                rpc.ID   `json:"roleId"`
	Name                  *string  `json:"name" doc:"That of the package."`
	IsSystemCustomization rpc.Flag `json:"isSystemCustomization"`
	EnterpriseProxyID     *rpc.ID  `json:"enterpriseProxyId"`
	EnterpriseID          *rpc.ID  `json:"enterpriseId"`
}

func customization(c *account.Customization) Customization { return changed(c.Change()) }

func changed(c *auth.Customization) Customization {
	out := Customization{ID: rpc.ID(c.ID), ForRoleID: rpc.ID(c.FunctionID), RoleID: rpc.ID(c.FunctionID), Name: text(c.Name)}
	if f := auth.FunctionByID(c.FunctionID); f != nil {
		out.RoleName = f.Name
	}
	switch c.Level {
	case auth.MSP:
		out.EnterpriseProxyID = ref(c.TenantID)
	case auth.Enterprise:
		out.EnterpriseID = ref(c.TenantID)
	}
	return out
}

func (p Portal) getCustomizations(ctx context.Context, by *auth.Principal, in GetCustomizations) (List[Customization], error) {
	t, id := in.id()
	tenant, seen := auth.Tenant{Type: t}, in.RoleCustomizationLevel != "USER"
	if seen && id != 0 {
		var err error
		if tenant, seen, err = p.accounts.Tenant(ctx, t, int64(id)); err != nil {
			return List[Customization]{}, err
		}
		seen = seen && by.Sees(tenant)
	}
	if !seen {
		none, err := in.query().Pager(1)
		if err != nil {
			return List[Customization]{}, err
		}
		return listed(nil, none.Done(), customization), nil
	}
	list, page, err := p.accounts.Customizations(ctx, by, tenant, in.query())
	return listed(list, page, customization), err
}

// GetEligible is the params of role/getEligiblePrivilegesForCustomization.
type GetEligible struct {
	RoleID rpc.ID `json:"roleId" rpc:"required" doc:"A functional role."`
}

// Eligible tells what may be customized.
type Eligible struct {
	AllowPrivileges []EligiblePrivilege `json:"allowPrivileges"`
	DenyPrivileges  []EligiblePrivilege `json:"denyPrivileges"`
}

// EligiblePrivilege is a privilege that may be allowed or denied.
type EligiblePrivilege struct {
	ID rpc.ID `json:"id"`
	RolePrivilege
	IsAssociated rpc.Flag `json:"isAssociated" doc:"1 where the caller's own tenant has done it."`
}

func (p Portal) getEligible(ctx context.Context, by *auth.Principal, in GetEligible) (out Eligible, err error) {
	f := auth.FunctionByID(int64(in.RoleID))
	own, ok, err := p.accounts.Tenant(ctx, by.UserType, by.TenantID())
	if err != nil {
		return out, err
	}
	if f == nil || !ok || f.UserType < by.UserType {
		return out, auth.BadField("roleId", "is not a functional role of your users, or of those below you")
	}
	part, err := p.part(ctx, own, f.ID)
	if err != nil {
		return out, err
	}
	var done auth.Customization
	for _, c := range part.Customizations {
		if c.Level == own.Type {
			done = *c
		}
	}
	allow, deny := account.Customizable(by, f)
	return Eligible{eligible(allow, done.Allow, false), eligible(deny, done.Deny, true)}, nil
}

func eligible(vs, done []auth.Privilege, deny bool) []EligiblePrivilege {
	out := make([]EligiblePrivilege, len(vs))
	for i, v := range vs {
		out[i] = EligiblePrivilege{
			ID: rpc.ID(v.Number()), RolePrivilege: rolePrivilege(v, deny), IsAssociated: rpc.Flag(slices.Contains(done, v)),
		}
	}
	return out
}

func (p Portal) removeCustomRoles(ctx context.Context, by *auth.Principal, in CustomizationLevel) (Deleted, error) {
	t, id := in.id()
	switch {
	case in.RoleCustomizationLevel == "USER":
		return Deleted{}, nil
	case in.RoleCustomizationLevel != "ALL" && id == 0:
		return Deleted{}, auth.BadField("roleCustomizationLevel", "%s needs the id of one; ALL is everywhere", in.RoleCustomizationLevel)
	}
	rows, err := p.accounts.RemoveAllCustomizations(ctx, by, t, int64(id))
	return Deleted{Rows: rows}, err
}

// RemoveProxyCustomRoles is the params of role/removeEnterpriseProxyCustomRoles.
type RemoveProxyCustomRoles struct {
	rpc.InProxy
	NetworkID rpc.ID `json:"networkId"`
}

func (p Portal) removeProxyCustomRoles(ctx context.Context, by *auth.Principal, in RemoveProxyCustomRoles) (Deleted, error) {
	rows, err := p.accounts.RemoveCustomizations(ctx, by, in.Tenant, 0)
	return Deleted{Rows: rows}, err
}

// RemoveEnterpriseCustomRoles is the params of role/removeEnterpriseCustomRoles.
type RemoveEnterpriseCustomRoles struct {
	rpc.InEnterprise
	NetworkID rpc.ID `json:"networkId"`
}

func (p Portal) removeEnterpriseCustomRoles(ctx context.Context, by *auth.Principal, in RemoveEnterpriseCustomRoles) (Deleted, error) {
	rows, err := p.accounts.RemoveCustomizations(ctx, by, in.Tenant, 0)
	return Deleted{Rows: rows}, err
}

// OneCustomization names what is customized in a functional role: for all, or for one enterprise.
type OneCustomization struct {
	ForRoleID    rpc.ID `json:"forRoleId" rpc:"required" doc:"A functional role."`
	Name         string `json:"name"`
	EnterpriseID rpc.ID `json:"enterpriseId" doc:"The default is the network."`
	NetworkID    rpc.ID `json:"networkId"`
	OperatorID   rpc.ID `json:"operatorId" doc:"There is one operator."`
	UserID       rpc.ID `json:"userId" doc:"Refused: nothing is customized for single users."`
}

func (p Portal) place(ctx context.Context, by *auth.Principal, in OneCustomization) (auth.Tenant, error) {
	if in.UserID != 0 {
		return auth.Tenant{}, auth.BadField("userId", "is refused: nothing is customized for single users")
	}
	if in.EnterpriseID != 0 {
		in.NetworkID = 0 // clients name both
	}
	return p.oneTenant(ctx, by, in.EnterpriseID, 0, in.NetworkID)
}

// CreateCustomization is the params of role/createRoleCustomization.
type CreateCustomization struct {
	OneCustomization
	Description  string  `json:"description"`
	PrivilegeIDs rpc.IDs `json:"privilegeIds" rpc:"required" doc:"From role/getEligiblePrivilegesForCustomization."`
}

func (p Portal) createCustomization(ctx context.Context, by *auth.Principal, in CreateCustomization) (Modified, error) {
	tenant, err := p.place(ctx, by, in.OneCustomization)
	if err != nil {
		return Modified{}, err
	}
	change := account.RoleChange{FunctionID: int64(in.ForRoleID)}
	f := auth.FunctionByID(change.FunctionID)
	if len(in.PrivilegeIDs) == 0 {
		return Modified{}, auth.BadField("privilegeIds", "are none")
	}
	for _, id := range in.PrivilegeIDs {
		switch v, ok := auth.PrivilegeByNumber(int64(id)); {
		case !ok:
			return Modified{}, auth.BadField("privilegeIds", "%d is not a privilege", id)
		case f != nil && f.Grants(v):
			change.Deny = append(change.Deny, v)
		default:
			change.Allow = append(change.Allow, v)
		}
	}
	return Modified{Rows: 1}, p.accounts.Customize(ctx, by, tenant, in.Name, change)
}

func (p Portal) deleteCustomization(ctx context.Context, by *auth.Principal, in OneCustomization) (Deleted, error) {
	tenant, err := p.place(ctx, by, in)
	if err != nil {
		return Deleted{}, err
	}
	rows, err := p.accounts.RemoveCustomizations(ctx, by, tenant, int64(in.ForRoleID))
	return Deleted{Rows: rows}, err
}
