package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) enterpriseUserRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterpriseUser/getEnterpriseUser", Doc: "Gets a user of an enterprise, or null.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseUser)).OrSelf(auth.Enterprise).Anywhere(), Do: rpc.Func(p.getEnterpriseUser)},
		{Name: "enterpriseUser/updateEnterpriseUser", Doc: "Changes the named fields of a user of an enterprise.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseUser)).OrSelf(auth.Enterprise).WhileDue(auth.PasswordDue), Do: rpc.Func(p.updateEnterpriseUser)},
		{Name: "enterpriseUser/deleteEnterpriseUser", Doc: "Deletes a user of an enterprise; his sessions and API tokens end.",
			Rule: auth.All(auth.Delete.On(auth.EnterpriseUser)), Do: rpc.Func(p.deleteEnterpriseUser)},
	}
}

func (p Portal) getEnterpriseUser(ctx context.Context, by *auth.Principal, in ReadUser) (*TenantUser, error) {
	u, err := p.readUser(ctx, by, in, auth.Enterprise, auth.All(auth.Read.On(auth.EnterpriseUser)))
	if err != nil || u == nil {
		return nil, err
	}
	return tenantUser(u), nil
}

// UpdateEnterpriseUser is the params of enterpriseUser/updateEnterpriseUser.
type UpdateEnterpriseUser struct {
	OneUser
	EnterpriseID    rpc.ID                `json:"enterpriseId"`
	CurrentPassword string                `json:"currentPassword" doc:"Needed to change one's own password or e-mail address."`
	Update          *EnterpriseUserUpdate `json:"_update" rpc:"required"`
}

// EnterpriseUserUpdate names the fields to set of an enterprise's or a partner's user.
type EnterpriseUserUpdate struct {
	UserUpdate
	DisableSecondFactor *rpc.Bool `json:"disableSecondFactor"`
	IsLocked            *rpc.Bool `json:"isLocked" doc:"False ends a lock-out; nothing else is heard."`
}

func (n EnterpriseUserUpdate) account(current string, tenant int64) account.UserUpdate {
	up := n.UserUpdate.account(current)
	up.TenantID = tenant
	up.DisableSecondFactor = flag(n.DisableSecondFactor)
	if locked := flag(n.IsLocked); locked != nil && !*locked {
		up.IsLocked = locked // only operators are locked by hand
	}
	return up
}

func (p Portal) updateEnterpriseUser(ctx context.Context, by *auth.Principal, in UpdateEnterpriseUser) (Modified, error) {
	if err := in.OneUser.check(); err != nil {
		return Modified{}, err
	}
	if err := p.named(ctx, by, auth.Enterprise, "enterpriseId", in.EnterpriseID); err != nil {
		return Modified{}, err
	}
	up := in.Update.account(in.CurrentPassword, int64(in.EnterpriseID))
	rows, err := p.accounts.UpdateUser(ctx, by, auth.Update.On(auth.EnterpriseUser), int64(in.ID), in.Username, up)
	return Modified{Rows: rows}, auth.Within("_update", err, "currentPassword")
}

// DeleteEnterpriseUser is the params of enterpriseUser/deleteEnterpriseUser. Callers above the enterprise name it.
type DeleteEnterpriseUser struct {
	rpc.InEnterprise
	OneUser
}

func (p Portal) deleteEnterpriseUser(ctx context.Context, by *auth.Principal, in DeleteEnterpriseUser) (Deleted, error) {
	if err := in.OneUser.check(); err != nil {
		return Deleted{}, err
	}
	id, rows, err := p.accounts.DeleteUser(ctx, by, auth.Delete.On(auth.EnterpriseUser), in.Tenant, int64(in.ID), in.Username)
	return Deleted{ID: rpc.ID(id), Rows: rows}, err
}
