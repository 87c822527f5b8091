package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) rateLimitRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/getEnterpriseRateLimits", Doc: "Gets the property that has the rate limits of an enterprise, or null.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)), Do: rpc.Func(p.getEnterpriseRateLimits)},
		{Name: "enterprise/insertOrUpdateEnterpriseRateLimits", Doc: "Sets the rate limits of an enterprise.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseObject)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.setEnterpriseRateLimits)},
		{Name: "enterprise/insertOrUpdateEnterpriseProxyRateLimits", Doc: "Sets the rate limits of a partner.",
			Rule: auth.All(auth.Update.On(auth.ProxyObject)).Callers(auth.Operator), Do: rpc.Func(p.setEnterpriseProxyRateLimits)},
		{Name: "enterpriseProxy/getEnterpriseProxyRateLimits", Doc: "Gets the property that has the rate limits of a partner, or null.",
			Rule: auth.All(auth.Read.On(auth.ProxyObject)), Do: rpc.Func(p.getEnterpriseProxyRateLimits)},
	}
}

func (p Portal) getEnterpriseRateLimits(ctx context.Context, _ *auth.Principal, in rpc.InEnterprise) (*EnterpriseProperty, error) {
	found, err := p.accounts.RateLimits(ctx, in.Tenant)
	return enterpriseProperty(found), err
}

func (p Portal) getEnterpriseProxyRateLimits(ctx context.Context, _ *auth.Principal, in rpc.InProxy) (*EnterpriseProxyProperty, error) {
	found, err := p.accounts.RateLimits(ctx, in.Tenant)
	return enterpriseProxyProperty(found), err
}

// SetEnterpriseRateLimits is the params of enterprise/insertOrUpdateEnterpriseRateLimits.
type SetEnterpriseRateLimits struct {
	rpc.InEnterprise
	Value []account.RateLimit `json:"value" rpc:"required"`
}

func (p Portal) setEnterpriseRateLimits(ctx context.Context, by *auth.Principal, in SetEnterpriseRateLimits) (Inserted, error) {
	id, err := p.accounts.SetRateLimits(ctx, by, in.Tenant, in.Value)
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}

// SetEnterpriseProxyRateLimits is the params of enterprise/insertOrUpdateEnterpriseProxyRateLimits.
type SetEnterpriseProxyRateLimits struct {
	rpc.InProxy
	Value []account.RateLimit `json:"value" rpc:"required"`
}

func (p Portal) setEnterpriseProxyRateLimits(ctx context.Context, by *auth.Principal, in SetEnterpriseProxyRateLimits) (Inserted, error) {
	id, err := p.accounts.SetRateLimits(ctx, by, in.Tenant, in.Value)
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}
