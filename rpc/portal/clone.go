package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) cloneRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/cloneEnterpriseV2", Doc: "Creates an enterprise with the settings of another, and its first superuser.",
			Rule: account.Cloning.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.cloneEnterprise)},
		{Name: "network/getNetworkCloneableEnterprises", Doc: "Lists the enterprises of the network as far as a clone would be like them.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)).Callers(auth.Operator), Do: rpc.Func(p.getNetworkCloneable)},
		{Name: "enterpriseProxy/getEnterpriseProxyCloneableEnterprises", Doc: "Lists the enterprises of a partner as far as a clone would be like them.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getProxyCloneable)},
	}
}

// CloneEnterprise is the params of enterprise/cloneEnterpriseV2. What they name is the clone's own; what they do not name it has
// from the source, but for the consents.
type CloneEnterprise struct {
	ID            rpc.ID `json:"id" rpc:"required" doc:"The enterprise to clone."`
	Name          string `json:"name" rpc:"required"`
	NetworkID     rpc.ID `json:"networkId"`
	AccountNumber string `json:"accountNumber" doc:"The default is made of the name."`
	account.EnterpriseFields
	account.Terms
	User *NamedAdmin `json:"user" rpc:"required"`
	Consents
	With rpc.Strings `json:"with" enum:"enterpriseProxy"`
}

func (p Portal) cloneEnterprise(ctx context.Context, by *auth.Principal, in CloneEnterprise) (Enterprise, error) {
	if err := p.named(ctx, by, auth.Operator, "networkId", in.NetworkID); err != nil {
		return Enterprise{}, err
	}
	e, err := p.accounts.CloneEnterprise(ctx, by, int64(in.ID), account.NewEnterprise{
		Name: in.Name, AccountNumber: in.AccountNumber, Fields: in.EnterpriseFields, Terms: in.Terms, Delegated: in.delegated(),
		Admin: in.User.account(),
	})
	if err == nil && e == nil {
		err = auth.NoTenant(by, "id")
	}
	if err != nil {
		return Enterprise{}, err
	}
	out, err := p.getEnterprise(ctx, by, GetEnterprise{EnterpriseID: rpc.ID(e.ID), With: in.With})
	if err != nil || out == nil { // it may be deleted again already
		return enterprise(e), err
	}
	return *out, nil
}

// CloneableEnterprise is an enterprise with what a clone would get or must be told.
type CloneableEnterprise struct {
	ID                                                 rpc.ID  `json:"id"`
	Name                                               string  `json:"name"`
	GatewayPoolID                                      *int64  `json:"gatewayPoolId"`
	ConfigurationID                                    *int64  `json:"configurationId"`
	EnableEnterpriseDelegationToOperator               bool    `json:"enableEnterpriseDelegationToOperator"`
	EnableEnterpriseUserManagementDelegationToOperator bool    `json:"enableEnterpriseUserManagementDelegationToOperator"`
	EndpointPkiMode                                    string  `json:"endpointPkiMode" enum:"CERTIFICATE_DISABLED|CERTIFICATE_OPTIONAL|CERTIFICATE_REQUIRED"`
	EnableExportRestriction                            *bool   `json:"enableExportRestriction"`
	EdgeLicenseIDs                                     []int64 `json:"edgeLicenseIds"`
}

// ProxyCloneableEnterprise is one of a partner's.
type ProxyCloneableEnterprise struct {
	CloneableEnterprise
	EnableEnterpriseDelegationToProxy bool `json:"enableEnterpriseDelegationToProxy"`
}

func cloneable(e account.Listed) CloneableEnterprise {
	out := CloneableEnterprise{
		ID: rpc.ID(e.ID), Name: e.Name, GatewayPoolID: e.Fields.GatewayPoolID, ConfigurationID: e.Terms.ConfigurationID,
		EnableEnterpriseDelegationToOperator:               e.Delegated.Has(auth.ToOperator),
		EnableEnterpriseUserManagementDelegationToOperator: e.Delegated.Has(auth.UsersToOperator),
		EndpointPkiMode: endpointPkiMode, EnableExportRestriction: e.Terms.EnableExportRestriction, EdgeLicenseIDs: []int64{},
	}
	if e.Terms.Licenses != nil {
		out.EdgeLicenseIDs = append(out.EdgeLicenseIDs, e.Terms.Licenses.IDs...)
	}
	return out
}

// GetNetworkCloneableEnterprises is the params of network/getNetworkCloneableEnterprises.
type GetNetworkCloneableEnterprises struct {
	rpc.InNetwork
	Paged
}

func (p Portal) getNetworkCloneable(ctx context.Context, by *auth.Principal, in GetNetworkCloneableEnterprises) (List[CloneableEnterprise], error) {
	list, page, err := p.accounts.Enterprises(ctx, by, nil, in.query())
	return listed(list, page, cloneable), err
}

// GetProxyCloneableEnterprises is the params of enterpriseProxy/getEnterpriseProxyCloneableEnterprises.
type GetProxyCloneableEnterprises struct {
	rpc.InProxy
	Paged
}

func (p Portal) getProxyCloneable(ctx context.Context, by *auth.Principal, in GetProxyCloneableEnterprises) (List[ProxyCloneableEnterprise], error) {
	list, page, err := p.accounts.EnterprisesOf(ctx, by, in.Tenant, in.query())
	return listed(list, page, func(e account.Listed) ProxyCloneableEnterprise {
		return ProxyCloneableEnterprise{cloneable(e), e.Delegated.Has(auth.ToProxy)}
	}), err
}
