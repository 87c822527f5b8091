package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) securityPolicyRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/updateEnterpriseSecurityPolicy", Doc: "Merges a patch into the security policy of an enterprise; null removes what it stands for.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseProfile)), Do: rpc.Func(p.updateSecurityPolicy)},
	}
}

// UpdateSecurityPolicy is the params of enterprise/updateEnterpriseSecurityPolicy, a JSON merge patch (RFC 7386).
type UpdateSecurityPolicy struct {
	rpc.InEnterprise
	IPsec                      **IPsec    `json:"ipsec"`
	SecureDefaultRouteOverride **rpc.Bool `json:"secureDefaultRouteOverride"`
}

// IPsec is the part of the patch about IPsec.
type IPsec struct {
	DisableGCM **rpc.Bool `json:"disableGCM"`
	account.Proposal
}

func (p Portal) updateSecurityPolicy(ctx context.Context, by *auth.Principal, in UpdateSecurityPolicy) (Modified, error) {
	u := account.PolicyPatch{}
	u.SecureDefaultRouteOverride = patchedFlag(in.SecureDefaultRouteOverride)
	switch {
	case in.IPsec == nil:
	case *in.IPsec == nil:
		u.RemoveIPsec = true
	default:
		u.IPsec = account.IPsec{DisableGCM: patchedFlag((**in.IPsec).DisableGCM), Proposal: (**in.IPsec).Proposal}
	}
	if err := p.accounts.UpdateSecurityPolicy(ctx, by, in.Tenant, u); err != nil {
		return Modified{}, err
	}
	return Modified{Rows: 1}, nil
}

// patchedFlag is flag for the members of a merge patch.
func patchedFlag(f **rpc.Bool) **bool {
	if f == nil {
		return nil
	}
	b := flag(*f)
	return &b
}
