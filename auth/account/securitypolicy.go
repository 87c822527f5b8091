package account

import (
	"context"
	"reflect"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A SecurityPolicy says what the tunnels of an enterprise shall use. There are none here: it is checked, kept and told of. Nil
// is unset; in a patch it is what is not named, and a pointer to nil what is removed (RFC 7386).
type SecurityPolicy struct {
	IPsec
	SecureDefaultRouteOverride **bool `json:"secureDefaultRouteOverride,omitempty"`
}

// IPsec is the policy of IPsec.
type IPsec struct {
	DisableGCM **bool `json:"disableGCM,omitempty"`
	Proposal
}

// A Proposal is what an end of a tunnel offers the other.
type Proposal struct {
	Hash                  *string `json:"hash,omitempty" enum:"SHA_1|SHA_256|SHA_384|SHA_512"`
	Encryption            *string `json:"encryption,omitempty" enum:"AES_128_CBC|AES_256_CBC|DES_CBC"`
	DiffieHellmanGroup    *string `json:"diffieHellmanGroup,omitempty" enum:"GROUP_2|GROUP_5|GROUP_14|GROUP_15|GROUP_16"`
	PerfectForwardSecrecy *string `json:"perfectForwardSecrecy,omitempty" enum:"DISABLED|GROUP_2|GROUP_5|GROUP_14|GROUP_15|GROUP_16"`
	IPsecLifeMin          **int64 `json:"ipsecLifeMin,omitempty" doc:"Life of an IPsec association in minutes, 3 to 480."`
	ISAKMPLifeMin         **int64 `json:"isakmpLifeMin,omitempty" doc:"Life of an IKE association in minutes, 10 to 1440."`
	ISAKMPReauthMin       **int64 `json:"isakmpReauthMin,omitempty" doc:"Minutes between two authentications, 0 (never) to 1440."`
}

// A keptPolicy has the number of its enterprise.
type keptPolicy struct {
	ID       int64          `json:"id"`
	Policy   SecurityPolicy `json:"policy"`
	Modified time.Time      `json:"modified"`
}

var securityPolicies = store.NewCollection("securitypolicy", func(p *keptPolicy) *int64 { return &p.ID })

// A PolicyPatch names what changes of a policy.
type PolicyPatch struct {
	SecurityPolicy
	RemoveIPsec bool // all of it, before anything is set
}

// UpdateSecurityPolicy merges the patch into the policy of the enterprise.
func (a *Accounts) UpdateSecurityPolicy(ctx context.Context, by *auth.Principal, in auth.Tenant, u PolicyPatch) error {
	if err := u.IPsec.check(); err != nil {
		return auth.Within("ipsec", err)
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		now, err := a.Still(tx, by, in, auth.Update.On(auth.EnterpriseProfile))
		if err != nil {
			return err
		}
		p, err := securityPolicies.Get(tx, in.ID)
		if err != nil {
			return err
		}
		if p == nil {
			p = &keptPolicy{ID: in.ID}
		}
		was := p.Policy
		if u.RemoveIPsec {
			p.Policy.IPsec = IPsec{}
		}
		patch(&p.Policy, &u.SecurityPolicy)
		if reflect.DeepEqual(was, p.Policy) {
			return nil
		}
		p.Modified = a.Now()
		if err := securityPolicies.Put(tx, p); err != nil {
			return err
		}
		return a.Record(tx, by, now, Happening{
			Name: "UPDATE_ENTERPRISE_SECURITY_POLICY", Category: OfConfiguration, Message: "security policy of " + now.Name,
			Detail: map[string]any{"enterpriseId": in.ID, "from": was, "to": p.Policy},
		})
	})
}

// check refuses times that are out of range. The words have been checked by their reader.
func (p *Proposal) check() error {
	for _, f := range []struct {
		name        string
		minutes     **int64
		least, most int64
	}{
		{"ipsecLifeMin", p.IPsecLifeMin, 3, 480},
		{"isakmpLifeMin", p.ISAKMPLifeMin, 10, 1440},
		{"isakmpReauthMin", p.ISAKMPReauthMin, 0, 1440},
	} {
		if f.minutes == nil || *f.minutes == nil {
			continue
		}
		if n := **f.minutes; n < f.least || n > f.most {
			return auth.BadField(f.name, "is not between %d and %d", f.least, f.most)
		}
	}
	return nil
}
