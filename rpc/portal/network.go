package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) networkRows() []rpc.Method {
	return []rpc.Method{
		{Name: "network/getNetworkEnterprises", Doc: "Lists the enterprises of the network.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)).Callers(auth.Operator), Do: rpc.Func(p.getNetworkEnterprises)},
		{Name: "network/getNetworkOperatorUsers", Doc: "Lists the operator users of the network.",
			Rule: auth.All(auth.Read.On(auth.OperatorUser)).Callers(auth.Operator), Do: rpc.Func(p.getNetworkOperatorUsers)},
	}
}

// GetNetworkEnterprises is the params of network/getNetworkEnterprises.
type GetNetworkEnterprises struct {
	rpc.InNetwork
	ID          rpc.ID      `json:"id" doc:"The same as networkId."`
	Enterprises rpc.IDs     `json:"enterprises" doc:"Only these; unknown ones are left out."`
	Count       rpc.Bool    `json:"_count" doc:"Accepted, without effect."`
	With        rpc.Strings `json:"with" enum:"edges|edgeCount|edgeConfigUpdate|serviceLicenses"`
	Paged
}

// NetworkEnterprise is an enterprise in the list of the network.
type NetworkEnterprise struct {
	ListedEnterprise
	EnterpriseProxyID   *rpc.ID `json:"enterpriseProxyId"`
	EnterpriseProxyName *string `json:"enterpriseProxyName"`
}

// ListedEnterprise is an enterprise as lists show it. There are no edges here, so their count is 0.
type ListedEnterprise struct {
	Enterprise
	EdgeCount       *int                     `json:"edgeCount,omitempty"`
	Edges           []Edge                   `json:"edges,omitzero"`
	ServiceLicenses *account.ServiceLicenses `json:"serviceLicenses,omitempty"`
}

func listedEnterprise(e account.Listed, with rpc.Strings) ListedEnterprise {
	out := ListedEnterprise{Enterprise: enterprise(e.Enterprise)}
	if with.Has("edgeCount") {
		out.EdgeCount = new(int)
	}
	if with.Has("serviceLicenses") {
		out.ServiceLicenses = e.Terms.ServiceLicenses
	}
	if with.Has("edges") {
		out.Edges = []Edge{}
	}
	return out
}

// Edge stands for the devices that this portal does not manage: there is never one.
type Edge struct {
	ID rpc.ID `json:"id"`
}

func (p Portal) getNetworkEnterprises(ctx context.Context, by *auth.Principal, in GetNetworkEnterprises) (List[NetworkEnterprise], error) {
	list, page, err := p.accounts.Enterprises(ctx, by, numbers(in.Enterprises), in.query())
	return listed(list, page, func(e account.Listed) NetworkEnterprise {
		return NetworkEnterprise{listedEnterprise(e, in.With), ref(e.ProxyID), text(e.ProxyName)}
	}), err
}

// GetNetworkOperatorUsers is the params of network/getNetworkOperatorUsers.
type GetNetworkOperatorUsers struct {
	rpc.InNetwork
	UserKind
	Exported
}

func (p Portal) getNetworkOperatorUsers(ctx context.Context, _ *auth.Principal, in GetNetworkOperatorUsers) (Export[ListedOperatorUser], error) {
	list, page, err := p.accounts.Users(ctx, in.Tenant, in.kinds(), in.query())
	return exported(in.Exported, list, page, listedOperatorUser), err
}
