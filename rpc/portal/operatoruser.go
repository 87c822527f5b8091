package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) operatorUserRows() []rpc.Method {
	return []rpc.Method{
		{Name: "operatorUser/getOperatorUser", Doc: "Gets an operator user, or null.",
			Rule: auth.All(auth.Read.On(auth.OperatorUser)).Callers(auth.Operator).OrSelf(auth.Operator), Do: rpc.Func(p.getOperatorUser)},
		{Name: "operatorUser/insertOperatorUser", Doc: "Creates an operator user and answers it.",
			Rule: auth.All(auth.Create.On(auth.OperatorUser)).Callers(auth.Operator), Do: rpc.Func(p.insertOperatorUser)},
		{Name: "operatorUser/updateOperatorUser", Doc: "Changes the named fields of an operator user.",
			Rule: auth.All(auth.Update.On(auth.OperatorUser)).Callers(auth.Operator).OrSelf(auth.Operator).WhileDue(auth.PasswordDue), Do: rpc.Func(p.updateOperatorUser)},
		{Name: "operatorUser/deleteOperatorUser", Doc: "Deletes an operator user; his sessions and API tokens end.",
			Rule: auth.All(auth.Delete.On(auth.OperatorUser)).Callers(auth.Operator), Do: rpc.Func(p.deleteOperatorUser)},
	}
}

// ListedOperatorUser is the published operator user as lists show it.
type ListedOperatorUser struct {
	User
	OperatorID   rpc.ID `json:"operatorId"`
	BastionState string `json:"bastionState" enum:"UNCONFIGURED|STAGE_REQUESTED|UNSTAGE_REQUESTED|STAGED|UNSTAGED"`
}

// OperatorUser is the published operator user, got alone.
type OperatorUser struct {
	ListedOperatorUser
	NetworkID rpc.ID `json:"networkId"`
}

// operatorID: there is one operator, as there is one network.
const operatorID = 1

func listedOperatorUser(u *account.User) ListedOperatorUser {
	return ListedOperatorUser{User: user(u), OperatorID: operatorID, BastionState: string(u.BastionState())}
}

func operatorUser(u *account.User) *OperatorUser {
	return &OperatorUser{ListedOperatorUser: listedOperatorUser(u), NetworkID: auth.NetworkID}
}

func (p Portal) getOperatorUser(ctx context.Context, by *auth.Principal, in ReadUser) (*OperatorUser, error) {
	u, err := p.readUser(ctx, by, in, auth.Operator, auth.All(auth.Read.On(auth.OperatorUser)))
	if err != nil || u == nil {
		return nil, err
	}
	return operatorUser(u), nil
}

// InsertOperatorUser is the params of operatorUser/insertOperatorUser.
type InsertOperatorUser struct {
	rpc.InNetwork
	NewUser
}

func (p Portal) insertOperatorUser(ctx context.Context, by *auth.Principal, in InsertOperatorUser) (OperatorUser, error) {
	u, err := p.accounts.InsertUser(ctx, by, in.Tenant, in.NewUser.account())
	if err != nil {
		return OperatorUser{}, err
	}
	return *operatorUser(u), nil
}

// UpdateOperatorUser is the params of operatorUser/updateOperatorUser.
type UpdateOperatorUser struct {
	OneUser
	NetworkID       rpc.ID              `json:"networkId"`
	CurrentPassword string              `json:"currentPassword" doc:"Needed to change one's own password or e-mail address."`
	Update          *OperatorUserUpdate `json:"_update" rpc:"required"`
}

// OperatorUserUpdate names the fields to set.
type OperatorUserUpdate struct {
	UserUpdate
	Username   *string   `json:"username"`
	IsLocked   *rpc.Bool `json:"isLocked"`
	OperatorID *rpc.ID   `json:"operatorId" doc:"It does not change."`
	UserType   *string   `json:"userType" doc:"It does not change."`
}

func (p Portal) updateOperatorUser(ctx context.Context, by *auth.Principal, in UpdateOperatorUser) (Modified, error) {
	if err := in.OneUser.check(); err != nil {
		return Modified{}, err
	}
	if err := p.named(ctx, by, auth.Operator, "networkId", in.NetworkID); err != nil {
		return Modified{}, err
	}
	switch up := in.Update; {
	case up.OperatorID != nil && *up.OperatorID != operatorID:
		return Modified{}, auth.Errorf(auth.Immutable, "operatorId does not change")
	case up.UserType != nil && *up.UserType != "" && *up.UserType != auth.Operator.String():
		return Modified{}, auth.Errorf(auth.Immutable, "userType does not change")
	}
	up := in.Update.UserUpdate.account(in.CurrentPassword)
	up.IsLocked = flag(in.Update.IsLocked)
	if name := in.Update.Username; name != nil && *name != "" {
		up.Username = name
	}
	rows, err := p.accounts.UpdateUser(ctx, by, auth.Update.On(auth.OperatorUser), int64(in.ID), in.Username, up)
	return Modified{Rows: rows}, auth.Within("_update", err, "currentPassword")
}

func (p Portal) deleteOperatorUser(ctx context.Context, by *auth.Principal, in OneUser) (Deleted, error) {
	if err := in.check(); err != nil {
		return Deleted{}, err
	}
	id, rows, err := p.accounts.DeleteUser(ctx, by, auth.Delete.On(auth.OperatorUser), auth.Network(), int64(in.ID), in.Username)
	return Deleted{ID: rpc.ID(id), Rows: rows}, err
}
