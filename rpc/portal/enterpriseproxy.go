package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) enterpriseProxyRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterpriseProxy/getEnterpriseProxyUsers", Doc: "Lists the users of a partner.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject), auth.Read.On(auth.ProxyUser)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxyUsers)},
		{Name: "enterpriseProxy/insertEnterpriseProxyUser", Doc: "Creates a user of a partner.",
			Rule: auth.All(auth.Create.On(auth.ProxyUser)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.insertEnterpriseProxyUser)},
		{Name: "enterpriseProxy/getEnterpriseProxyUser", Doc: "Gets a user of a partner, or null.",
			Rule: readProxyUser.OrSelf(auth.MSP), Do: rpc.Func(p.getEnterpriseProxyUser)},
		{Name: "enterpriseProxy/updateEnterpriseProxyUser", Doc: "Changes the named fields of a user of a partner.",
			Rule: auth.All(auth.Update.On(auth.ProxyUser)).Callers(auth.Operator, auth.MSP).OrSelf(auth.MSP).WhileDue(auth.PasswordDue), Do: rpc.Func(p.updateEnterpriseProxyUser)},
		{Name: "enterpriseProxy/deleteEnterpriseProxyUser", Doc: "Deletes a user of a partner; his sessions and API tokens end.",
			Rule: auth.All(auth.Delete.On(auth.ProxyUser)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.deleteEnterpriseProxyUser)},
	}
}

var readProxyUser = auth.All(auth.Read.On(auth.ProxyUser), auth.Read.On(auth.ProxyObject))

// GetEnterpriseProxyUsers is the params of enterpriseProxy/getEnterpriseProxyUsers.
type GetEnterpriseProxyUsers struct {
	rpc.InProxyOrID
	UserKind
	Exported
}

func (p Portal) getEnterpriseProxyUsers(ctx context.Context, _ *auth.Principal, in GetEnterpriseProxyUsers) (Export[User], error) {
	list, page, err := p.accounts.Users(ctx, in.Tenant, in.kinds(), in.query())
	return exported(in.Exported, list, page, user), err
}

// InsertEnterpriseProxyUser is the params of enterpriseProxy/insertEnterpriseProxyUser.
type InsertEnterpriseProxyUser struct {
	rpc.InProxy
	NewUser
	UserType *string `json:"userType" enum:"MSP"`
}

func (p Portal) insertEnterpriseProxyUser(ctx context.Context, by *auth.Principal, in InsertEnterpriseProxyUser) (Inserted, error) {
	u, err := p.accounts.InsertUser(ctx, by, in.Tenant, in.NewUser.account())
	if err != nil {
		return Inserted{}, err
	}
	return Inserted{ID: rpc.ID(u.ID), Rows: 1}, nil
}

func (p Portal) getEnterpriseProxyUser(ctx context.Context, by *auth.Principal, in ReadUser) (*TenantUser, error) {
	u, err := p.readUser(ctx, by, in, auth.MSP, readProxyUser)
	if err != nil || u == nil {
		return nil, err
	}
	return tenantUser(u), nil
}

// UpdateEnterpriseProxyUser is the params of enterpriseProxy/updateEnterpriseProxyUser.
type UpdateEnterpriseProxyUser struct {
	OneUser
	EnterpriseProxyID rpc.ID                `json:"enterpriseProxyId"`
	CurrentPassword   string                `json:"currentPassword" doc:"Needed to change one's own password or e-mail address."`
	Update            *EnterpriseUserUpdate `json:"_update" rpc:"required"`
}

func (p Portal) updateEnterpriseProxyUser(ctx context.Context, by *auth.Principal, in UpdateEnterpriseProxyUser) (Modified, error) {
	if err := in.OneUser.check(); err != nil {
		return Modified{}, err
	}
	if err := p.named(ctx, by, auth.MSP, "enterpriseProxyId", in.EnterpriseProxyID); err != nil {
		return Modified{}, err
	}
	up := in.Update.account(in.CurrentPassword, int64(in.EnterpriseProxyID))
	rows, err := p.accounts.UpdateUser(ctx, by, auth.Update.On(auth.ProxyUser), int64(in.ID), in.Username, up)
	return Modified{Rows: rows}, auth.Within("_update", err, "currentPassword")
}

// DeleteEnterpriseProxyUser is the params of enterpriseProxy/deleteEnterpriseProxyUser. Operators name the partner.
type DeleteEnterpriseProxyUser struct {
	rpc.InProxy
	OneUser
}

func (p Portal) deleteEnterpriseProxyUser(ctx context.Context, by *auth.Principal, in DeleteEnterpriseProxyUser) (Modified, error) {
	if err := in.OneUser.check(); err != nil {
		return Modified{}, err
	}
	_, rows, err := p.accounts.DeleteUser(ctx, by, auth.Delete.On(auth.ProxyUser), in.Tenant, int64(in.ID), in.Username)
	return Modified{Rows: rows}, err
}
