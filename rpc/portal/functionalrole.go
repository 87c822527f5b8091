package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) functionalRoleRows() []rpc.Method {
	return []rpc.Method{
		{Name: "functionalRole/getByOperator", Doc: "Lists the functional roles of a type of users, of which roles are made.",
			Rule: auth.All(auth.Read.On(auth.OperatorRole)).Callers(auth.Operator), Do: rpc.Func(p.getFunctionsByOperator)},
		{Name: "functionalRole/getByEnterpriseProxy", Doc: "Lists the functional roles of a type of users, of which roles are made.",
			Rule: auth.All(auth.Read.On(auth.MSPRole)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getFunctionsByProxy)},
		{Name: "functionalRole/getByEnterprise", Doc: "Lists the functional roles of which roles of enterprise users are made.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseRole)), Do: rpc.Func(p.getFunctionsByEnterprise)},
	}
}

// functions lists the functional roles of a type of users.
func functions(userType string, withoutSuper rpc.Bool) []Role {
	t, _ := auth.ParseUserType(userType)
	out := []Role{}
	for _, f := range auth.Functions {
		if f.UserType == t && !(f.IsSuper && bool(withoutSuper)) {
			out = append(out, function(f))
		}
	}
	return out
}

// GetFunctionsByOperator is the params of functionalRole/getByOperator.
type GetFunctionsByOperator struct {
	UserType          string   `json:"userType" rpc:"required" enum:"OPERATOR|MSP|ENTERPRISE"`
	ExcludeSuperRoles rpc.Bool `json:"excludeSuperRoles"`
}

func (p Portal) getFunctionsByOperator(_ context.Context, _ *auth.Principal, in GetFunctionsByOperator) ([]Role, error) {
	return functions(in.UserType, in.ExcludeSuperRoles), nil
}

// GetFunctionsByProxy is the params of functionalRole/getByEnterpriseProxy.
type GetFunctionsByProxy struct {
	rpc.InProxy
	UserType          string   `json:"userType" rpc:"required" enum:"MSP|ENTERPRISE"`
	ExcludeSuperRoles rpc.Bool `json:"excludeSuperRoles"`
}

func (p Portal) getFunctionsByProxy(_ context.Context, _ *auth.Principal, in GetFunctionsByProxy) ([]Role, error) {
	return functions(in.UserType, in.ExcludeSuperRoles), nil
}

// GetFunctionsByEnterprise is the params of functionalRole/getByEnterprise.
type GetFunctionsByEnterprise struct {
	rpc.InEnterprise
	UserType          string   `json:"userType" rpc:"required" enum:"ENTERPRISE"`
	ExcludeSuperRoles rpc.Bool `json:"excludeSuperRoles"`
}

func (p Portal) getFunctionsByEnterprise(_ context.Context, _ *auth.Principal, in GetFunctionsByEnterprise) ([]Role, error) {
	return functions(in.UserType, in.ExcludeSuperRoles), nil
}
