package account

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/store"
)

// This file decides which policies a call must satisfy, and who is counted together by each. Those for everyone are the
// portal's; beside them those of the caller's own tenant count, or the portal's default for such a tenant where it has none.
//
// Who signed in is counted as a user, as one of his tenant, and as one of all who signed in. Who did not is counted for the
// place that he calls from, by the policies of type SYSTEM alone, and never together with those who did: a stranger cannot
// use up what belongs to a user, nor to the strangers of another place. No type counts all users of a type together, for one
// of them would use up what belongs to the rest; of OPERATOR_USER and its like each user has a count of his own, and so has
// each app in each tenant that it works for.

var (
	rateLimited = define(Setting{id: 36, name: "vco.api.rateLimit.enabled", dataType: "BOOLEAN", value: "false", doc: "rate limits"})
	rateLogOnly = define(Setting{id: 37, name: "vco.api.rateLimit.mode.logOnly", dataType: "BOOLEAN", value: "true", doc: "only log what the rate limits would refuse"})
	globalRates = define(Setting{id: 38, name: "vco.api.rateLimit.rules.global", dataType: "JSON", value: "[]", doc: "rate limit policies for everyone", check: areRateLimits})

	enterpriseRates = define(Setting{id: 39, name: "vco.api.rateLimit.rules.enterprise.default", dataType: "JSON", value: "[]", doc: "default rate limit policies of an enterprise", check: areRateLimits})
	partnerRates    = define(Setting{id: 40, name: "vco.api.rateLimit.rules.enterpriseProxy.default", dataType: "JSON", value: "[]", doc: "default rate limit policies of a partner", check: areRateLimits})
)

// Unlimited says whether the limits are off. Who finds a caller asks in the same transaction, for another would cost each
// call more than the question.
func (a *Accounts) Unlimited(tx store.Tx) (bool, error) {
	on, err := a.Flag(tx, rateLimited)
	return !on, err
}

// RateClaims answers what the limits demand of a call; nothing while they are off. With logOnly nobody is to be refused.
func (a *Accounts) RateClaims(ctx context.Context, by *auth.Principal, method string) (claims []limit.Claim, logOnly bool, err error) {
	if by.Unlimited {
		return nil, false, nil
	}
	off := false
	var global, own string
	err = a.Store.View(ctx, func(tx store.Tx) error {
		if off, err = a.Unlimited(tx); off || err != nil {
			return err
		}
		if logOnly, err = a.Flag(tx, rateLogOnly); err != nil {
			return err
		}
		if global, err = a.Text(tx, globalRates); err != nil {
			return err
		}
		own, err = a.ownRates(tx, by)
		return err
	})
	if off || err != nil {
		return nil, false, err
	}
	claims, err = a.claim(nil, rateText{false, global}, by, method)
	if err == nil {
		claims, err = a.claim(claims, rateText{true, own}, by, method)
	}
	return claims, logOnly, err
}

// ownRates are the policies of the caller's tenant.
func (a *Accounts) ownRates(tx store.Tx, by *auth.Principal) (string, error) {
	s, ofPortal := enterpriseRateLimits, enterpriseRates
	switch by.UserType {
	case auth.MSP:
		s, ofPortal = partnerRateLimits, partnerRates
	case auth.Enterprise:
	default:
		return "[]", nil
	}
	p, err := tenantPropertyByName.Get(tx, store.Key(int64(by.UserType), by.TenantID(), s.name))
	if p == nil || err != nil {
		text, bad := a.Text(tx, ofPortal)
		return text, cmp.Or(err, bad)
	}
	return p.Value, nil
}

// claim adds what the policies of a property demand.
func (a *Accounts) claim(claims []limit.Claim, t rateText, by *auth.Principal, method string) ([]limit.Claim, error) {
	policies, err := a.rates.look(t, len(t.text), readRates)
	caller := limit.Number(rateCaller(by))
	for i := range policies {
		p := &policies[i]
		who, ok := p.counts(by)
		if !ok || !p.match.fits(method) {
			continue
		}
		claims = append(claims, limit.Claim{Policy: p.number, Counted: limit.Number(who), Caller: caller, Rule: p.rule})
	}
	return claims, err
}

// A ratePolicy is a policy in the form that is asked of each call.
type ratePolicy struct {
	of     auth.UserType // whose calls it counts; NoType: everybody's
	each   bool          // each user apart, not the tenant together
	own    bool          // of a tenant's policies: everybody is everybody there
	match  RateMatch
	rule   limit.Rule
	number uint64
}

// rateTypes are the published types.
var rateTypes = map[string]struct {
	of   auth.UserType
	each bool
}{
	"SYSTEM":          {auth.NoType, false},
	"OPERATOR_USER":   {auth.Operator, true},
	"ENTERPRISE_USER": {auth.Enterprise, true},
	"MSP_USER":        {auth.MSP, true},
	"ENTERPRISE":      {auth.Enterprise, false},
	"PROXY":           {auth.MSP, false},
}

// counted is who is counted together: a user, an app in a tenant, a place, a tenant, or everybody.
type counted struct {
	user, client, tenant int64
	of                   auth.UserType
	place                string
}

func rateCaller(by *auth.Principal) counted {
	switch by.Type {
	case auth.Nobody:
		return counted{place: Place(by.Source)}
	case auth.App:
		return counted{client: by.ClientID, of: by.UserType, tenant: by.TenantID()}
	}
	return counted{user: by.UserID}
}

// counts says with whom the policy counts the caller, if it does.
func (p *ratePolicy) counts(by *auth.Principal) (counted, bool) {
	switch {
	case p.of != auth.NoType && p.of != by.UserType:
		return counted{}, false
	case p.each || by.Type == auth.Nobody:
		return rateCaller(by), true
	case p.of == auth.NoType && !p.own:
		return counted{}, true
	}
	return counted{of: by.UserType, tenant: by.TenantID()}, true
}

func (m RateMatch) fits(method string) bool {
	switch m.Type {
	case "METHOD":
		return method == m.Value
	case "METHOD_PREFIX":
		return strings.HasPrefix(method, m.Value)
	}
	return true
}

// A rateText is the value of a property that has policies.
type rateText struct {
	own  bool // of a tenant
	text string
}

// readRates are the policies in a text, as they are asked of each call.
func readRates(t rateText) ([]ratePolicy, error) {
	var limits []RateLimit
	if err := json.Unmarshal([]byte(t.text), &limits); err != nil {
		return nil, err
	}
	return ratePolicies(limits, t.own), nil
}

// ratePolicies are those that are enabled. The number of one follows from all that it says and where it stands, so it is the
// same however often it is read, and another when it was changed: what was counted by the old one counts no more.
func ratePolicies(limits []RateLimit, own bool) []ratePolicy {
	var list []ratePolicy
	for _, l := range limits {
		if l.Enabled != nil && !*l.Enabled {
			continue
		}
		for _, p := range l.Policies {
			t := rateTypes[l.Type]
			made := ratePolicy{of: t.of, each: t.each, own: own, match: p.Match, rule: limit.Rule{
				AtOnce: int(p.Rules["maxConcurrent"]), Burst: int(p.Rules["reservoir"]), Amount: int(p.Rules["reservoirRefreshAmount"]),
				Every: time.Duration(p.Rules["reservoirRefreshInterval"]) * time.Millisecond,
			}}
			made.number = limit.Number(struct {
				ratePolicy
				place int
			}{made, len(list)})
			list = append(list, made)
		}
	}
	return list
}

// RateLimited tells of a call beyond the limits in the record of the caller's tenant; where nobody is refused, or nobody is
// signed in, in the network's. The store's error is answered when that cannot be done.
func (a *Accounts) RateLimited(ctx context.Context, by *auth.Principal, logOnly bool) error {
	in := auth.Tenant{Type: by.UserType, ID: by.TenantID()}
	if logOnly || by.Type == auth.Nobody {
		in = auth.Network()
	}
	return a.Refused(ctx, by, in, Happening{
		Name: "RATE_LIMIT_EXCEEDED", Category: OfSecurity, Message: "calls beyond the rate limits",
		Detail: map[string]any{"method": by.Method, "logOnly": logOnly},
	})
}
