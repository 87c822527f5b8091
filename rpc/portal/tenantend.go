package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) tenantEndRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/deleteEnterprise", Doc: "Deletes an enterprise; its users, their sessions and their API tokens end with it.",
			Rule: auth.All(auth.Delete.On(auth.EnterpriseObject)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.deleteEnterprise)},
		{Name: "enterpriseProxy/deleteEnterpriseProxy", Doc: "Deletes a partner who owns no enterprises; his users, their sessions and their API tokens end with him.",
			Rule: auth.All(auth.Delete.On(auth.ProxyObject)).Callers(auth.Operator), Do: rpc.Func(p.deleteEnterpriseProxy)},
	}
}

// DeleteEnterprise is the params of enterprise/deleteEnterprise.
type DeleteEnterprise struct{ rpc.InEnterpriseOrID }

func (p Portal) deleteEnterprise(ctx context.Context, by *auth.Principal, in DeleteEnterprise) (Deleted, error) {
	rows, err := p.accounts.DeleteEnterprise(ctx, by, in.Tenant)
	return deleted(in.ID, rows), err
}

// DeleteEnterpriseProxy is the params of enterpriseProxy/deleteEnterpriseProxy.
type DeleteEnterpriseProxy struct{ rpc.InProxyOrID }

func (p Portal) deleteEnterpriseProxy(ctx context.Context, by *auth.Principal, in DeleteEnterpriseProxy) (Deleted, error) {
	rows, err := p.accounts.DeletePartner(ctx, by, in.Tenant)
	return deleted(in.ID, rows), err
}

func deleted(id rpc.ID, rows int) Deleted {
	if rows == 0 {
		return Deleted{}
	}
	return Deleted{ID: id, Rows: rows}
}
