package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) delegationRows() []rpc.Method {
	delegation := auth.All(auth.Update.On(auth.EnterpriseDelegation))
	return []rpc.Method{
		{Name: "role/setEnterpriseDelegatedToOperator", Doc: "Gives or withdraws the enterprise's consent that operator users work in it.",
			Rule: delegation, Do: rpc.Func(p.delegate(auth.ToOperator))},
		{Name: "role/setEnterpriseUserManagementDelegatedToOperator", Doc: "Gives or withdraws the enterprise's consent that operator users manage its users.",
			Rule: delegation, Do: rpc.Func(p.delegate(auth.UsersToOperator))},
		{Name: "role/setEnterpriseDelegatedToEnterpriseProxy", Doc: "Gives or withdraws the enterprise's consent that its partner's users work in it.",
			Rule: delegation.Callers(auth.Enterprise), Do: rpc.Func(p.delegateToProxy)},
		{Name: "role/setEnterpriseProxyDelegatedToOperator", Doc: "Gives or withdraws the partner's consent that operator users work in it and manage its users.",
			Rule: auth.All(auth.Update.On(auth.ProxyDelegation)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.delegateProxy)},
	}
}

// Delegate is the params of the setters of an enterprise's consents.
type Delegate struct {
	rpc.InEnterprise
	IsDelegated *rpc.Bool `json:"isDelegated" rpc:"required"`
}

// Delegated answers the new state.
type Delegated struct {
	IsDelegated bool `json:"isDelegated"`
}

func (p Portal) delegate(which auth.Delegation) func(context.Context, *auth.Principal, Delegate) (Delegated, error) {
	return func(ctx context.Context, by *auth.Principal, in Delegate) (Delegated, error) {
		given := is(in.IsDelegated, false)
		return Delegated{given}, p.accounts.Delegate(ctx, by, in.Tenant, which, given)
	}
}

// DelegateToProxy is Delegate for a partner, which must be the one that owns the enterprise.
type DelegateToProxy struct {
	Delegate
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
}

func (p Portal) delegateToProxy(ctx context.Context, by *auth.Principal, in DelegateToProxy) (Delegated, error) {
	switch owner := in.Tenant.ProxyID; {
	case owner == 0:
		return Delegated{}, auth.Errorf(auth.Conflict, "the enterprise has no partner")
	case in.EnterpriseProxyID != 0 && int64(in.EnterpriseProxyID) != owner:
		return Delegated{}, auth.NoTenant(by, "enterpriseProxyId")
	}
	return p.delegate(auth.ToProxy)(ctx, by, in.Delegate)
}

// DelegateProxy is the params of role/setEnterpriseProxyDelegatedToOperator.
type DelegateProxy struct {
	rpc.InProxy
	IsDelegated *rpc.Bool `json:"isDelegated" rpc:"required"`
}

func (p Portal) delegateProxy(ctx context.Context, by *auth.Principal, in DelegateProxy) (Delegated, error) {
	given := is(in.IsDelegated, false)
	return Delegated{given}, p.accounts.Delegate(ctx, by, in.Tenant, auth.ToOperator, given)
}
