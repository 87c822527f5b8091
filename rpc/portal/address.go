package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) addressRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/getEnterpriseAddresses", Doc: "Lists what manages an enterprise, with its public address: the portal, and nothing else here.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)), Do: rpc.Func(p.getEnterpriseAddresses)},
	}
}

// EnterpriseAddress is the published one. The address is the one that was configured, not what a name resolves to.
type EnterpriseAddress struct {
	Address string `json:"address"`
	Entity  string `json:"entity" enum:"ACTIVE_VCO|STANDBY_VCO|GATEWAY|DATACENTER"`
}

func (p Portal) getEnterpriseAddresses(ctx context.Context, _ *auth.Principal, _ rpc.InEnterprise) ([]EnterpriseAddress, error) {
	host, err := p.accounts.PublicHostName(ctx)
	return []EnterpriseAddress{{Address: host, Entity: "ACTIVE_VCO"}}, err
}
