package portal

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) partnerRows() []rpc.Method {
	read, update := auth.All(auth.Read.On(auth.ProxyObject)), auth.All(auth.Update.On(auth.ProxyObject))
	create, list := auth.All(auth.Create.On(auth.EnterpriseObject)), auth.All(auth.Read.On(auth.EnterpriseObject))
	move := auth.All(auth.Update.On(auth.EnterpriseObject), auth.Update.On(auth.ProxyObject)).Callers(auth.Operator).Whole()
	return []rpc.Method{
		{Name: "enterpriseProxy/insertEnterpriseProxy", Doc: "Creates a partner, with its first superuser if one is given.",
			Rule: auth.All(auth.Create.On(auth.ProxyObject)).Callers(auth.Operator), Do: rpc.Func(p.insertEnterpriseProxy)},
		{Name: "enterpriseProxy/getEnterpriseProxy", Doc: "Gets a partner, or null for one that does not exist or is not the caller's to see.",
			Rule: read.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxy)},
		{Name: "enterpriseProxy/updateEnterpriseProxy", Doc: "Changes the named fields of a partner.",
			Rule: update.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.updateEnterpriseProxy)},
		{Name: "network/getNetworkEnterpriseProxies", Doc: "Lists the partners of the network.",
			Rule: read.Callers(auth.Operator), Do: rpc.Func(p.getNetworkEnterpriseProxies)},

		{Name: "enterpriseProxy/insertEnterpriseProxyEnterprise", Doc: "Creates an enterprise of a partner, with its first superuser if one is given.",
			Rule: create.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.insertEnterpriseProxyEnterprise)},
		{Name: "enterpriseProxy/getEnterpriseProxyEnterprises", Doc: "Lists the enterprises of a partner.",
			Rule: list.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxyEnterprises)},
		{Name: "network/assignEnterpriseToEnterpriseProxy", Doc: "Gives an enterprise to a partner; what it consented to of another partner is withdrawn.",
			Rule: move, Do: rpc.Func(p.assignEnterprise)},
		{Name: "network/unassignEnterpriseFromEnterpriseProxy", Doc: "Takes an enterprise from its partner; what it consented to of him is withdrawn.",
			Rule: move, Do: rpc.Func(p.unassignEnterprise)},
	}
}

// EnterpriseProxy is the published partner.
type EnterpriseProxy struct {
	ID              rpc.ID   `json:"id"`
	Created         rpc.Time `json:"created"`
	NetworkID       rpc.ID   `json:"networkId"`
	ProxyType       string   `json:"proxyType" enum:"PARTNER|MSP"`
	OperateGateways bool     `json:"operateGateways"`
	LogicalID       string   `json:"logicalId"`
	Name            string   `json:"name"`
	Domain          string   `json:"domain"`
	Prefix          string   `json:"prefix"`
	account.Contact
	Modified rpc.Time `json:"modified"`
}

func enterpriseProxy(o *account.Partner) *EnterpriseProxy {
	return &EnterpriseProxy{
		ID: rpc.ID(o.ID), Created: rpc.At(o.Created), NetworkID: auth.NetworkID, ProxyType: o.Kind(), OperateGateways: o.OperateGateways,
		LogicalID: o.LogicalID, Name: o.Name, Domain: o.Domain, Prefix: o.Domain, Contact: o.Fields, Modified: rpc.At(o.Modified),
	}
}

// NamedAdmin is an Admin with names and phones.
type NamedAdmin struct {
	Admin
	FirstName   *string `json:"firstName"`
	LastName    *string `json:"lastName"`
	OfficePhone *string `json:"officePhone"`
	MobilePhone *string `json:"mobilePhone"`
}

// account is the user to make, or nil when none was named.
func (a *NamedAdmin) account() *account.NewUser {
	if a == nil {
		return nil
	}
	n := a.Admin.account()
	n.Fields.FirstName, n.Fields.LastName, n.Fields.OfficePhone, n.Fields.MobilePhone = a.FirstName, a.LastName, a.OfficePhone, a.MobilePhone
	return n
}

// PartnerFields are what callers may set of a partner besides its name. Nil is unset, or not named in an update.
type PartnerFields struct {
	Domain          *string   `json:"domain" doc:"The default is made of the name."`
	ProxyType       *string   `json:"proxyType" enum:"PARTNER|MSP" doc:"The default is MSP."`
	OperateGateways *rpc.Bool `json:"operateGateways" doc:"Whether the partner may manage gateways; there are none here yet."`
	account.Contact
}

func (f PartnerFields) account() account.PartnerFields {
	return account.PartnerFields{
		Contact: f.Contact, Domain: f.Domain, ProxyType: f.ProxyType, OperateGateways: flag(f.OperateGateways),
	}
}

// InsertEnterpriseProxy is the params of enterpriseProxy/insertEnterpriseProxy.
type InsertEnterpriseProxy struct {
	rpc.InNetwork
	Name string `json:"name" rpc:"required"`
	PartnerFields
	User                       *NamedAdmin `json:"user"`
	EnableDelegationToOperator rpc.Bool    `json:"enableDelegationToOperator"`
	ReturnData                 rpc.Bool    `json:"returnData" doc:"Answer the whole partner."`
}

func (p Portal) insertEnterpriseProxy(ctx context.Context, by *auth.Principal, in InsertEnterpriseProxy) (out Either[Inserted, EnterpriseProxy], err error) {
	made, err := p.accounts.InsertPartner(ctx, by, account.NewPartner{
		Name: in.Name, Fields: in.PartnerFields.account(), Admin: in.User.account(),
		Delegated: auth.Delegation(0).With(auth.ToOperator, bool(in.EnableDelegationToOperator)),
	})
	if err != nil {
		return out, err
	}
	out.A = Inserted{ID: rpc.ID(made.ID), Rows: 1}
	if in.ReturnData {
		out.B = enterpriseProxy(made)
	}
	return out, nil
}

// GetEnterpriseProxy is the params of enterpriseProxy/getEnterpriseProxy. It reads the tenant itself, so it names it without a
// scope.
type GetEnterpriseProxy struct {
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId" doc:"The partner; callers of a partner may leave it out."`
	ID                rpc.ID `json:"id" doc:"The same as enterpriseProxyId."`
}

func (p Portal) getEnterpriseProxy(ctx context.Context, by *auth.Principal, in GetEnterpriseProxy) (*EnterpriseProxy, error) {
	id, err := oneOf("enterpriseProxyId", in.EnterpriseProxyID, in.ID, by.ProxyID)
	if err != nil {
		return nil, err
	}
	found, err := p.accounts.Partner(ctx, by, id)
	if err != nil || found == nil {
		return nil, err
	}
	return enterpriseProxy(found), nil
}

// UpdateEnterpriseProxy is the params of enterpriseProxy/updateEnterpriseProxy.
type UpdateEnterpriseProxy struct {
	EnterpriseProxyID rpc.ID                 `json:"enterpriseProxyId" doc:"The partner; callers of a partner may leave it out."`
	ID                rpc.ID                 `json:"id" doc:"The same as enterpriseProxyId."`
	Name              string                 `json:"name" doc:"The partner's name, instead of enterpriseProxyId."`
	Update            *EnterpriseProxyUpdate `json:"_update" rpc:"required"`
}

// EnterpriseProxyUpdate names the fields to set.
type EnterpriseProxyUpdate struct {
	Name *string `json:"name"`
	PartnerFields
	ReturnData rpc.Bool `json:"returnData" doc:"Answer the whole partner."`
}

func (p Portal) updateEnterpriseProxy(ctx context.Context, by *auth.Principal, in UpdateEnterpriseProxy) (out Either[Modified, EnterpriseProxy], err error) {
	id := cmp.Or(in.EnterpriseProxyID, in.ID)
	if in.ID != 0 && in.ID != id {
		return out, auth.NoTenant(by, "enterpriseProxyId")
	}
	tenant, err := p.tenantNamed(ctx, by, auth.MSP, id, in.Name)
	if err != nil {
		return out, err
	}
	changed, err := p.accounts.UpdatePartner(ctx, by, tenant, in.Update.Name, in.Update.PartnerFields.account())
	if err != nil || changed == nil {
		return out, auth.Within("_update", err)
	}
	out.A.Rows = 1
	if in.Update.ReturnData {
		out.B = enterpriseProxy(changed)
	}
	return out, nil
}

// GetNetworkEnterpriseProxies is the params of network/getNetworkEnterpriseProxies.
type GetNetworkEnterpriseProxies struct {
	rpc.InNetwork
	Paged
}

func (p Portal) getNetworkEnterpriseProxies(ctx context.Context, _ *auth.Principal, in GetNetworkEnterpriseProxies) (List[*EnterpriseProxy], error) {
	list, page, err := p.accounts.Partners(ctx, in.query())
	return listed(list, page, enterpriseProxy), err
}

// InsertEnterpriseProxyEnterprise is the params of enterpriseProxy/insertEnterpriseProxyEnterprise.
type InsertEnterpriseProxyEnterprise struct {
	rpc.InProxy
	InsertEnterprise
}

func (p Portal) insertEnterpriseProxyEnterprise(ctx context.Context, by *auth.Principal, in InsertEnterpriseProxyEnterprise) (Either[Inserted, Enterprise], error) {
	return p.insertEnterpriseOf(ctx, by, in.EnterpriseProxyID, in.InsertEnterprise)
}

// GetEnterpriseProxyEnterprises is the params of enterpriseProxy/getEnterpriseProxyEnterprises.
type GetEnterpriseProxyEnterprises struct {
	rpc.InProxy
	With rpc.Strings `json:"with" enum:"edges|edgeCount|serviceLicenses"`
	Paged
}

func (p Portal) getEnterpriseProxyEnterprises(ctx context.Context, by *auth.Principal, in GetEnterpriseProxyEnterprises) (List[ListedEnterprise], error) {
	list, page, err := p.accounts.EnterprisesOf(ctx, by, in.Tenant, in.query())
	return listed(list, page, func(e account.Listed) ListedEnterprise { return listedEnterprise(e, in.With) }), err
}

// AssignEnterprise is the params of network/assignEnterpriseToEnterpriseProxy.
type AssignEnterprise struct {
	UnassignEnterprise
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId" rpc:"required" doc:"The partner that gets it."`
}

func (p Portal) assignEnterprise(ctx context.Context, by *auth.Principal, in AssignEnterprise) (Modified, error) {
	if err := p.named(ctx, by, auth.MSP, "enterpriseProxyId", in.EnterpriseProxyID); err != nil {
		return Modified{}, err
	}
	return Modified{Rows: 1}, p.accounts.MoveEnterprise(ctx, by, in.Tenant, int64(in.EnterpriseProxyID))
}

// UnassignEnterprise is the params of network/unassignEnterpriseFromEnterpriseProxy.
type UnassignEnterprise struct {
	rpc.InEnterprise
}

func (p Portal) unassignEnterprise(ctx context.Context, by *auth.Principal, in UnassignEnterprise) (Modified, error) {
	return Modified{Rows: 1}, p.accounts.MoveEnterprise(ctx, by, in.Tenant, 0)
}
