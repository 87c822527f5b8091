package portal

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) withPropertyRows() []rpc.Method {
	read := auth.All(auth.Read.On(auth.EnterpriseObject))
	return []rpc.Method{
		{Name: "enterprise/getEnterprisesWithProperty", Doc: "Lists the enterprises that have a property of a value.",
			Rule: read.Callers(auth.Operator), Do: rpc.Func(p.getEnterprisesWithProperty)},
		{Name: "enterprise/getEnterpriseProxyEnterprisesWithProperty", Doc: "Lists the enterprises of a partner, or of all partners, that have a property of a value.",
			Rule: read.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxyEnterprisesWithProperty)},
	}
}

// WithProperty is the params of enterprise/getEnterprisesWithProperty.
type WithProperty struct {
	Name          string  `json:"name" rpc:"required"`
	Value         string  `json:"value" rpc:"required"`
	EnterpriseIDs rpc.IDs `json:"enterpriseIds" doc:"Only these; unknown ones are left out."`
	Paged
}

func (w WithProperty) query() account.PropertyQuery {
	return account.PropertyQuery{Name: w.Name, Value: w.Value, IDs: numbers(w.EnterpriseIDs), PageQuery: w.Paged.query()}
}

func (p Portal) getEnterprisesWithProperty(ctx context.Context, by *auth.Principal, in WithProperty) (List[Enterprise], error) {
	list, page, err := p.accounts.EnterprisesWithProperty(ctx, by, in.query())
	return listed(list, page, enterprise), err
}

// ProxyWithProperty is the params of enterprise/getEnterpriseProxyEnterprisesWithProperty.
type ProxyWithProperty struct {
	WithProperty
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId" doc:"The partner; for operators, who else see those of all partners."`
}

func (p Portal) getEnterpriseProxyEnterprisesWithProperty(ctx context.Context, by *auth.Principal, in ProxyWithProperty) (List[Enterprise], error) {
	if err := p.named(ctx, by, auth.MSP, "enterpriseProxyId", in.EnterpriseProxyID); err != nil {
		return List[Enterprise]{}, err
	}
	q := in.query()
	q.Owned, q.ProxyID = true, cmp.Or(int64(in.EnterpriseProxyID), by.ProxyID)
	list, page, err := p.accounts.EnterprisesWithProperty(ctx, by, q)
	return listed(list, page, enterprise), err
}
