package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) systemRows() []rpc.Method {
	return []rpc.Method{
		{Name: "system/getVersionInfo", Doc: "Tells the versions of the portal and of the API it speaks.",
			Rule: auth.SignedIn.Anywhere(), Do: rpc.Func(p.getVersionInfo)},
		{Name: "system/getEventChainHead", Doc: "Tells where the chain of events ends, to be kept elsewhere and compared later.",
			Rule: auth.All(auth.Read.On(auth.OperatorEvent)).Callers(auth.Operator), Do: rpc.Func(p.getEventChainHead)},
	}
}

// VersionInfo is what the portal is.
type VersionInfo struct {
	Version    string `json:"version"`
	Build      string `json:"build"`
	APIVersion string `json:"apiVersion"`
}

// apiVersion is that of the published API document the portal follows.
const apiVersion = "5.0.0"

func (p Portal) getVersionInfo(ctx context.Context, _ *auth.Principal, _ None) (VersionInfo, error) {
	version, err := p.accounts.Setting(ctx, account.ProductVersion)
	return VersionInfo{Version: version, Build: version, APIVersion: apiVersion}, err
}
