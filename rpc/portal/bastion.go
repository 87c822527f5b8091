package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) bastionRows() []rpc.Method {
	return []rpc.Method{
		{Name: "operatorUser/setOperatorUserBastionState", Doc: "Requests that an operator user be staged to the bastion, or no longer.",
			Rule: auth.All(auth.Update.On(auth.OperatorUser)).Callers(auth.Operator).OrSelf(auth.Operator), Do: rpc.Func(p.setOperatorBastion)},
		{Name: "enterprise/setEnterpriseBastionState", Doc: "Requests that an enterprise be staged to the bastion, or no longer.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseObject)).Whole(), Do: rpc.Func(p.setEnterpriseBastion)},
	}
}

var bastionMoves = map[string]account.BastionMove{"STAGE_REQUESTED": account.Stage, "UNSTAGE_REQUESTED": account.Unstage}

// SetOperatorBastion is the params of operatorUser/setOperatorUserBastionState.
type SetOperatorBastion struct {
	OperatorUserID rpc.ID `json:"operatorUserId" rpc:"required"`
	BastionState   string `json:"bastionState" rpc:"required" enum:"STAGE_REQUESTED|UNSTAGE_REQUESTED"`
}

func (p Portal) setOperatorBastion(ctx context.Context, by *auth.Principal, in SetOperatorBastion) (Modified, error) {
	rows, err := p.accounts.MoveOperatorBastion(ctx, by, int64(in.OperatorUserID), bastionMoves[in.BastionState])
	return Modified{Rows: rows}, err
}

// SetEnterpriseBastion is the params of enterprise/setEnterpriseBastionState.
type SetEnterpriseBastion struct {
	rpc.InEnterprise
	BastionState    string `json:"bastionState" rpc:"required" enum:"STAGE_REQUESTED|UNSTAGE_REQUESTED"`
	ConfigurationID rpc.ID `json:"configurationId" doc:"Accepted, without effect: there are no configurations here."`
}

func (p Portal) setEnterpriseBastion(ctx context.Context, by *auth.Principal, in SetEnterpriseBastion) (Modified, error) {
	if err := p.accounts.MoveEnterpriseBastion(ctx, by, in.Tenant, bastionMoves[in.BastionState]); err != nil {
		return Modified{}, err
	}
	return Modified{Rows: 1}, nil
}
