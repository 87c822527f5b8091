package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) delegationRows() []rpc.Method {
	update := auth.All(auth.Update.On(auth.EnterpriseDelegation))
	users := update.Callers(auth.Operator, auth.MSP, auth.Enterprise)
	read := auth.All(auth.Read.On(auth.EnterpriseObject))
	return []rpc.Method{
		{Name: "role/setEnterpriseDelegatedToOperator", Doc: "Gives or withdraws the enterprise's consent that operator users work in it.",
			Rule: update, Do: rpc.Func(p.delegate(auth.ToOperator))},
		{Name: "role/setEnterpriseUserManagementDelegatedToOperator", Doc: "Gives or withdraws the enterprise's consent that operator users manage its users.",
			Rule: users, Do: rpc.Func(p.delegate(auth.UsersToOperator))},
		{Name: "role/setEnterpriseDelegatedToEnterpriseProxy", Doc: "Gives or withdraws the enterprise's consent that its partner's users work in it.",
			Rule: update.Callers(auth.Enterprise), Do: rpc.Func(p.delegateToProxy(auth.ToProxy))},
		{Name: "role/setEnterpriseViewSensitiveDataDelegatedToOperator", Doc: "Gives or withdraws the enterprise's consent that operator users see its sensitive data.",
			Rule: users, Do: rpc.Func(p.delegate(auth.SensitiveToOperator))},
		{Name: "role/setEnterpriseViewSensitiveDataDelegatedToEnterpriseProxy", Doc: "Gives or withdraws the enterprise's consent that its partner's users see its sensitive data.",
			Rule: users, Do: rpc.Func(p.delegateToProxy(auth.SensitiveToProxy))},
		{Name: "role/setEnterpriseProxyDelegatedToOperator", Doc: "Gives or withdraws the partner's consent that operator users work in it and manage its users.",
			Rule: auth.All(auth.Update.On(auth.ProxyDelegation)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.delegateProxy)},

		{Name: "role/isEnterpriseDelegatedToOperator", Doc: "Says whether operator users may work in the enterprise.",
			Rule: read, Do: rpc.Func(isDelegated(auth.ToOperator))},
		{Name: "role/isEnterpriseUserManagementDelegatedToOperator", Doc: "Says whether operator users may manage the enterprise's users.",
			Rule: read, Do: rpc.Func(isDelegated(auth.UsersToOperator))},
		{Name: "role/isEnterpriseDelegatedToEnterpriseProxy", Doc: "Says whether the users of the enterprise's partner may work in it.",
			Rule: read, Do: rpc.Func(isDelegated(auth.ToProxy))},
		{Name: "role/isEnterpriseViewSensitiveDataDelegatedToOperator", Doc: "Says whether operator users may see the enterprise's sensitive data.",
			Rule: read, Do: rpc.Func(isDelegated(auth.SensitiveToOperator))},
		{Name: "role/isEnterpriseViewSensitiveDataDelegatedToEnterpriseProxy", Doc: "Says whether the users of the enterprise's partner may see its sensitive data.",
			Rule: read, Do: rpc.Func(isDelegated(auth.SensitiveToProxy))},
		{Name: "role/isEnterpriseProxyDelegatedToOperator", Doc: "Says whether operator users may work in the partner and manage its users.",
			Rule: auth.All(auth.Read.On(auth.ProxyObject)), Do: rpc.Func(isProxyDelegated)},
		{Name: "role/getEnterpriseDelegatedPrivileges", Doc: "Lists the privileges that the caller has in an enterprise by its consent; in his own, all that he has.",
			Rule: read, Do: rpc.Func(getDelegatedPrivileges)},
	}
}

// Delegate is the params of the setters of an enterprise's consents.
type Delegate struct {
	rpc.InEnterprise
	IsDelegated *rpc.Bool `json:"isDelegated" rpc:"required"`
}

// Delegated answers the state; a setter's answer is the new one.
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

func (p Portal) delegateToProxy(which auth.Delegation) func(context.Context, *auth.Principal, DelegateToProxy) (Delegated, error) {
	return func(ctx context.Context, by *auth.Principal, in DelegateToProxy) (Delegated, error) {
		switch owner := in.Tenant.ProxyID; {
		case owner == 0:
			return Delegated{}, auth.Errorf(auth.Conflict, "the enterprise has no partner")
		case in.EnterpriseProxyID != 0 && int64(in.EnterpriseProxyID) != owner:
			return Delegated{}, auth.NoTenant(by, "enterpriseProxyId")
		}
		return p.delegate(which)(ctx, by, in.Delegate)
	}
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

func isDelegated(which auth.Delegation) func(context.Context, *auth.Principal, rpc.InEnterprise) (Delegated, error) {
	return func(_ context.Context, _ *auth.Principal, in rpc.InEnterprise) (Delegated, error) {
		return Delegated{in.Tenant.Delegated.Has(which)}, nil
	}
}

func isProxyDelegated(_ context.Context, _ *auth.Principal, in rpc.InProxy) (Delegated, error) {
	return Delegated{in.Tenant.Delegated.Has(auth.ToOperator)}, nil
}

// Clients take an empty list for "no privileges on this customer".
func getDelegatedPrivileges(_ context.Context, by *auth.Principal, in rpc.InEnterprise) ([]RolePrivilege, error) {
	return rolePrivileges(by.Delegated(in.Tenant), false), nil
}
