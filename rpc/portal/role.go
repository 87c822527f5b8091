package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) roleRows() []rpc.Method {
	return []rpc.Method{
		{Name: "role/getUserTypeRoles", Doc: "Lists the roles that users of a type may have.",
			Rule: auth.Any(auth.Read.On(auth.EnterpriseUser), auth.Read.On(auth.ProxyUser), auth.Read.On(auth.OperatorUser)),
			Do:   rpc.Func(p.getUserTypeRoles)},
	}
}

// GetUserTypeRoles is the params of role/getUserTypeRoles.
type GetUserTypeRoles struct {
	UserType          string `json:"userType" rpc:"required" enum:"OPERATOR|MSP|PARTNER|ENTERPRISE|END_USER|CUSTOM|SERVICE"`
	NetworkID         rpc.ID `json:"networkId"`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId" doc:"With the roles that this partner made. The default is the caller's own tenant."`
	EnterpriseID      rpc.ID `json:"enterpriseId" doc:"With the roles that this enterprise and its partner made."`
}

// Role is the published role.
type Role struct {
	ID                rpc.ID   `json:"id"`
	Created           rpc.Time `json:"created"`
	OperatorID        *rpc.ID  `json:"operatorId"`
	NetworkID         rpc.ID   `json:"networkId"`
	EnterpriseID      *rpc.ID  `json:"enterpriseId" doc:"The enterprise that made it."`
	EnterpriseProxyID *rpc.ID  `json:"enterpriseProxyId" doc:"The partner that made it."`
	Name              string   `json:"name"`
	UserType          string   `json:"userType" enum:"OPERATOR|MSP|PARTNER|ENTERPRISE|END_USER|CUSTOM|SERVICE"`
	FromUserType      string   `json:"fromUserType" enum:"OPERATOR|MSP|PARTNER|ENTERPRISE|END_USER|CUSTOM|SERVICE" doc:"The type of the tenant that made it."`
	RoleType          string   `json:"roleType" enum:"COMPOSITE|FUNCTIONAL"`
	IsCustom          rpc.Flag `json:"isCustom"`
	IsSuper           rpc.Flag `json:"isSuper"`
	Description       *string  `json:"description"`
	Precedence        int      `json:"precedence" doc:"Lower is stronger."`
	Modified          rpc.Time `json:"modified"`
	FunctionalRoleIDs []rpc.ID `json:"functionalRoleIds,omitempty" doc:"Of which a composite role is made."`
}

func (p Portal) getUserTypeRoles(ctx context.Context, by *auth.Principal, in GetUserTypeRoles) ([]Role, error) {
	if err := p.named(ctx, by, auth.Operator, "networkId", in.NetworkID); err != nil {
		return nil, err
	}
	tenant, err := p.oneTenant(ctx, by, in.EnterpriseID, in.EnterpriseProxyID, 0)
	if err != nil {
		return nil, err
	}
	return p.getRoles(ctx, tenant, rpc.Strings{in.UserType}, nil)
}

// oneTenant answers the one of the three that is named, or the caller's own; two are too many.
func (p Portal) oneTenant(ctx context.Context, by *auth.Principal, enterprise, proxy, network rpc.ID) (auth.Tenant, error) {
	of, id, param := by.UserType, rpc.ID(by.TenantID()), "enterpriseId"
	named := 0
	for _, t := range []struct {
		of    auth.UserType
		id    rpc.ID
		param string
	}{{auth.Enterprise, enterprise, "enterpriseId"}, {auth.MSP, proxy, "enterpriseProxyId"}, {auth.Operator, network, "networkId"}} {
		if t.id != 0 {
			of, id, param = t.of, t.id, t.param
			named++
		}
	}
	if named > 1 {
		return auth.Tenant{}, auth.BadField(param, "names a second tenant")
	}
	in, ok, err := p.accounts.Tenant(ctx, of, int64(id))
	if err == nil && (!ok || !by.Sees(in)) {
		err = auth.NoTenant(by, param)
	}
	return in, err
}

func roles(list []account.ListedRole) []Role {
	out := make([]Role, len(list))
	for i, r := range list {
		out[i] = role(r)
	}
	return out
}

func role(r account.ListedRole) Role {
	out := Role{
		ID: rpc.ID(r.ID), OperatorID: ref(operatorID), NetworkID: auth.NetworkID, Name: r.Name,
		UserType: r.UserType.String(), FromUserType: auth.Operator.String(), RoleType: "COMPOSITE",
		IsSuper: rpc.Flag(r.IsSuper), Description: text(r.Description), Precedence: r.Precedence,
	}
	for _, part := range r.Parts {
		out.FunctionalRoleIDs = append(out.FunctionalRoleIDs, rpc.ID(part.ID))
	}
	c := r.Custom
	if c == nil {
		return out
	}
	out.IsCustom, out.FromUserType = true, c.Level.String()
	out.Created, out.Modified = rpc.At(c.Created), rpc.At(c.Modified)
	switch c.Level {
	case auth.MSP:
		out.EnterpriseProxyID = ref(c.TenantID)
	case auth.Enterprise:
		out.EnterpriseID = ref(c.TenantID)
	}
	return out
}

func function(f *auth.Function) Role {
	return Role{
		ID: rpc.ID(f.ID), OperatorID: ref(operatorID), NetworkID: auth.NetworkID, Name: f.Name,
		UserType: f.UserType.String(), FromUserType: auth.Operator.String(), RoleType: "FUNCTIONAL",
		IsSuper: rpc.Flag(f.IsSuper), Description: text(f.Description), Precedence: f.Precedence,
	}
}
