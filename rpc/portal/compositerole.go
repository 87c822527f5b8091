package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) compositeRoleRows() []rpc.Method {
	at := func(a auth.Action, t auth.UserType) auth.Rule { return auth.All(a.On(auth.RoleObject(t))) }
	operator, partner := []auth.UserType{auth.Operator}, []auth.UserType{auth.Operator, auth.MSP}
	return []rpc.Method{
		{Name: "compositeRole/createByOperator", Doc: "Makes a role for users of the operator, of all partners or of all enterprises.",
			Rule: at(auth.Create, auth.Operator).Callers(operator...), Do: rpc.Func(p.createRoleByOperator)},
		{Name: "compositeRole/createByEnterpriseProxy", Doc: "Makes a role for users of the partner, or of its enterprises.",
			Rule: at(auth.Create, auth.MSP).Callers(partner...), Do: rpc.Func(p.createRoleByProxy)},
		{Name: "compositeRole/createByEnterprise", Doc: "Makes a role for users of the enterprise.",
			Rule: at(auth.Create, auth.Enterprise), Do: rpc.Func(p.createRoleByEnterprise)},
		{Name: "compositeRole/updateByOperator", Doc: "Changes a role of the operator; it acts with the next call of everybody who has it.",
			Rule: at(auth.Update, auth.Operator).Callers(operator...), Do: rpc.Func(p.updateRoleByOperator)},
		{Name: "compositeRole/updateByEnterpriseProxy", Doc: "Changes a role of the partner; it acts with the next call of everybody who has it.",
			Rule: at(auth.Update, auth.MSP).Callers(partner...), Do: rpc.Func(p.updateRoleByProxy)},
		{Name: "compositeRole/updateByEnterprise", Doc: "Changes a role of the enterprise; it acts with the next call of everybody who has it.",
			Rule: at(auth.Update, auth.Enterprise), Do: rpc.Func(p.updateRoleByEnterprise)},
		{Name: "compositeRole/deleteByOperator", Doc: "Deletes roles of the operator that nobody has.",
			Rule: at(auth.Delete, auth.Operator).Callers(operator...), Do: rpc.Func(p.deleteRolesByOperator)},
		{Name: "compositeRole/deleteByEnterpriseProxy", Doc: "Deletes roles of the partner that nobody has.",
			Rule: at(auth.Delete, auth.MSP).Callers(partner...), Do: rpc.Func(p.deleteRolesByProxy)},
		{Name: "compositeRole/deleteByEnterprise", Doc: "Deletes roles of the enterprise that nobody has.",
			Rule: at(auth.Delete, auth.Enterprise), Do: rpc.Func(p.deleteRolesByEnterprise)},
		{Name: "compositeRole/getByOperator", Doc: "Lists the predefined roles and those that the operator made.",
			Rule: at(auth.Read, auth.Operator).Callers(operator...), Do: rpc.Func(p.getRolesByOperator)},
		{Name: "compositeRole/getByEnterpriseProxy", Doc: "Lists the predefined roles and those that the partner or the operator made.",
			Rule: at(auth.Read, auth.MSP).Callers(partner...), Do: rpc.Func(p.getRolesByProxy)},
		{Name: "compositeRole/getByEnterprise", Doc: "Lists the roles that users of the enterprise may have, whoever made them.",
			Rule: at(auth.Read, auth.Enterprise), Do: rpc.Func(p.getRolesByEnterprise)},
	}
}

// NewCompositeRole is what the params of all creations have in common.
type NewCompositeRole struct {
	Name              string  `json:"name" rpc:"required"`
	Description       string  `json:"description"`
	FunctionalRoleIDs rpc.IDs `json:"functionalRoleIds" rpc:"required" doc:"At least one of global settings, none with full access."`
}

// Created answers the number of what was made.
type Created struct {
	ID rpc.ID `json:"id"`
}

func (p Portal) createRole(ctx context.Context, by *auth.Principal, in auth.Tenant, userType string, n NewCompositeRole) (Created, error) {
	t, _ := auth.ParseUserType(userType)
	r, err := p.accounts.InsertCustomRole(ctx, by, in, account.NewCustomRole{
		UserType: t, Name: n.Name, Description: n.Description, Functions: numbers(n.FunctionalRoleIDs),
	})
	if err != nil {
		return Created{}, err
	}
	return Created{rpc.ID(r.ID)}, nil
}

// CreateRoleByOperator is the params of compositeRole/createByOperator.
type CreateRoleByOperator struct {
	rpc.InNetwork
	NewCompositeRole
	UserType string `json:"userType" rpc:"required" enum:"OPERATOR|MSP|ENTERPRISE"`
}

func (p Portal) createRoleByOperator(ctx context.Context, by *auth.Principal, in CreateRoleByOperator) (Created, error) {
	return p.createRole(ctx, by, in.Tenant, in.UserType, in.NewCompositeRole)
}

// CreateRoleByProxy is the params of compositeRole/createByEnterpriseProxy.
type CreateRoleByProxy struct {
	rpc.InProxy
	NewCompositeRole
	UserType string `json:"userType" rpc:"required" enum:"MSP|ENTERPRISE"`
}

func (p Portal) createRoleByProxy(ctx context.Context, by *auth.Principal, in CreateRoleByProxy) (Created, error) {
	return p.createRole(ctx, by, in.Tenant, in.UserType, in.NewCompositeRole)
}

// CreateRoleByEnterprise is the params of compositeRole/createByEnterprise.
type CreateRoleByEnterprise struct {
	rpc.InEnterprise
	NewCompositeRole
	UserType string `json:"userType" rpc:"required" enum:"ENTERPRISE"`
}

func (p Portal) createRoleByEnterprise(ctx context.Context, by *auth.Principal, in CreateRoleByEnterprise) (Created, error) {
	return p.createRole(ctx, by, in.Tenant, in.UserType, in.NewCompositeRole)
}

// UpdateCompositeRole is what the params of all updates have in common.
type UpdateCompositeRole struct {
	RoleID rpc.ID               `json:"roleId" rpc:"required"`
	Update *CompositeRoleUpdate `json:"_update" rpc:"required"`
}

// CompositeRoleUpdate names the fields to set.
type CompositeRoleUpdate struct {
	Name              *string `json:"name"`
	Description       *string `json:"description"`
	FunctionalRoleIDs rpc.IDs `json:"functionalRoleIds"`
}

func (p Portal) updateRole(ctx context.Context, by *auth.Principal, in auth.Tenant, u UpdateCompositeRole) (Modified, error) {
	up := account.CustomRoleUpdate{Name: u.Update.Name, Description: u.Update.Description}
	if u.Update.FunctionalRoleIDs != nil {
		up.Functions = numbers(u.Update.FunctionalRoleIDs)
	}
	rows, err := p.accounts.UpdateCustomRole(ctx, by, in, int64(u.RoleID), up)
	return Modified{Rows: rows}, auth.Within("_update", err)
}

// UpdateRoleByOperator is the params of compositeRole/updateByOperator.
type UpdateRoleByOperator struct {
	rpc.InNetwork
	UpdateCompositeRole
}

func (p Portal) updateRoleByOperator(ctx context.Context, by *auth.Principal, in UpdateRoleByOperator) (Modified, error) {
	return p.updateRole(ctx, by, in.Tenant, in.UpdateCompositeRole)
}

// UpdateRoleByProxy is the params of compositeRole/updateByEnterpriseProxy.
type UpdateRoleByProxy struct {
	rpc.InProxy
	UpdateCompositeRole
}

func (p Portal) updateRoleByProxy(ctx context.Context, by *auth.Principal, in UpdateRoleByProxy) (Modified, error) {
	return p.updateRole(ctx, by, in.Tenant, in.UpdateCompositeRole)
}

// UpdateRoleByEnterprise is the params of compositeRole/updateByEnterprise.
type UpdateRoleByEnterprise struct {
	rpc.InEnterprise
	UpdateCompositeRole
}

func (p Portal) updateRoleByEnterprise(ctx context.Context, by *auth.Principal, in UpdateRoleByEnterprise) (Modified, error) {
	return p.updateRole(ctx, by, in.Tenant, in.UpdateCompositeRole)
}

// RoleIDs names roles, ten at most.
type RoleIDs struct {
	RoleIDs rpc.IDs `json:"roleIds" rpc:"required" doc:"Ten at most; all are deleted, or none."`
}

func (p Portal) deleteRoles(ctx context.Context, by *auth.Principal, in auth.Tenant, ids rpc.IDs) (Modified, error) {
	rows, err := p.accounts.DeleteCustomRoles(ctx, by, in, numbers(ids))
	return Modified{Rows: rows}, err
}

// DeleteRolesByOperator is the params of compositeRole/deleteByOperator.
type DeleteRolesByOperator struct {
	rpc.InNetwork
	RoleIDs
}

func (p Portal) deleteRolesByOperator(ctx context.Context, by *auth.Principal, in DeleteRolesByOperator) (Modified, error) {
	return p.deleteRoles(ctx, by, in.Tenant, in.RoleIDs.RoleIDs)
}

// DeleteRolesByProxy is the params of compositeRole/deleteByEnterpriseProxy.
type DeleteRolesByProxy struct {
	rpc.InProxy
	RoleIDs
}

func (p Portal) deleteRolesByProxy(ctx context.Context, by *auth.Principal, in DeleteRolesByProxy) (Modified, error) {
	return p.deleteRoles(ctx, by, in.Tenant, in.RoleIDs.RoleIDs)
}

// DeleteRolesByEnterprise is the params of compositeRole/deleteByEnterprise.
type DeleteRolesByEnterprise struct {
	rpc.InEnterprise
	RoleIDs
}

func (p Portal) deleteRolesByEnterprise(ctx context.Context, by *auth.Principal, in DeleteRolesByEnterprise) (Modified, error) {
	return p.deleteRoles(ctx, by, in.Tenant, in.RoleIDs.RoleIDs)
}

func (p Portal) getRoles(ctx context.Context, in auth.Tenant, types rpc.Strings, ids rpc.IDs) ([]Role, error) {
	var of []auth.UserType
	for _, word := range types {
		t, _ := auth.ParseUserType(word)
		of = append(of, t)
	}
	list, err := p.accounts.RolesFor(ctx, in, of, numbers(ids))
	return roles(list), err
}

// GetRolesByOperator is the params of compositeRole/getByOperator.
type GetRolesByOperator struct {
	rpc.InNetwork
	UserTypes rpc.Strings `json:"userTypes" rpc:"required" enum:"OPERATOR|MSP|ENTERPRISE"`
	RoleIDs   rpc.IDs     `json:"roleIds" doc:"Only these."`
}

func (p Portal) getRolesByOperator(ctx context.Context, _ *auth.Principal, in GetRolesByOperator) ([]Role, error) {
	return p.getRoles(ctx, in.Tenant, in.UserTypes, in.RoleIDs)
}

// GetRolesByProxy is the params of compositeRole/getByEnterpriseProxy.
type GetRolesByProxy struct {
	rpc.InProxy
	UserTypes rpc.Strings `json:"userTypes" rpc:"required" enum:"MSP|ENTERPRISE"`
	RoleIDs   rpc.IDs     `json:"roleIds" doc:"Only these."`
}

func (p Portal) getRolesByProxy(ctx context.Context, _ *auth.Principal, in GetRolesByProxy) ([]Role, error) {
	return p.getRoles(ctx, in.Tenant, in.UserTypes, in.RoleIDs)
}

// GetRolesByEnterprise is the params of compositeRole/getByEnterprise.
type GetRolesByEnterprise struct {
	rpc.InEnterprise
	UserTypes rpc.Strings `json:"userTypes" rpc:"required" enum:"ENTERPRISE"`
	RoleIDs   rpc.IDs     `json:"roleIds" doc:"Only these."`
}

func (p Portal) getRolesByEnterprise(ctx context.Context, _ *auth.Principal, in GetRolesByEnterprise) ([]Role, error) {
	return p.getRoles(ctx, in.Tenant, in.UserTypes, in.RoleIDs)
}
