package account

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-vco/portico/auth"
)

// A RateLimit is the policies for one kind of caller, as published. Those of a tenant are a property of it.
type RateLimit struct {
	Type     string       `json:"type" enum:"SYSTEM|OPERATOR_USER|ENTERPRISE_USER|MSP_USER|ENTERPRISE|PROXY"`
	Policies []RatePolicy `json:"policies"`
	Enabled  *bool        `json:"enabled,omitempty" doc:"Left out it is true."`
}

// A RatePolicy is rules for the methods that match.
type RatePolicy struct {
	Match RateMatch        `json:"match"`
	Rules map[string]int64 `json:"rules" doc:"maxConcurrent, or reservoir and its refresh (interval in ms), or both."`
}

// A RateMatch says which methods.
type RateMatch struct {
	Type  string `json:"type" enum:"ALL|METHOD|METHOD_PREFIX"`
	Value string `json:"value,omitempty" doc:"The method, or how it begins."`
}

// maxRatePolicies is how many policies a tenant may have, of all kinds together.
const maxRatePolicies = 100

// rateRules are the published rules and their bounds.
var rateRules = map[string]struct{ least, most, step int64 }{
	"maxConcurrent":            {1, 10_000, 1},
	"reservoir":                {1, 1_000_000, 1},
	"reservoirRefreshAmount":   {1, 1_000_000, 1},
	"reservoirRefreshInterval": {250, 3_600_000, 250},
}

var (
	rateKinds   = wordsOf[RateLimit]("Type")
	rateMatches = wordsOf[RateMatch]("Type")
)

// The limits of tenants are not theirs to set.
var (
	enterpriseRateLimits = defineTenant(TenantSetting{
		of: auth.Enterprise, name: "vco.api.rateLimit.rules.enterprise", dataType: "JSON", value: "[]",
		callers: []auth.UserType{auth.Operator, auth.MSP}, check: areRateLimits,
	})
	partnerRateLimits = defineTenant(TenantSetting{
		of: auth.MSP, name: "vco.api.rateLimit.rules.enterpriseProxy", dataType: "JSON", value: "[]",
		callers: []auth.UserType{auth.Operator}, check: areRateLimits,
	})
)

func rateLimitsOf(t auth.UserType) *TenantSetting {
	if t == auth.MSP {
		return partnerRateLimits
	}
	return enterpriseRateLimits
}

// RateLimits answers the property that has the tenant's limits; nil when none were set.
func (a *Accounts) RateLimits(ctx context.Context, in auth.Tenant) (*TenantProperty, error) {
	return a.TenantProperty(ctx, in, 0, rateLimitsOf(in.Type).name)
}

// SetRateLimits sets the tenant's limits in the place of those that it had.
func (a *Accounts) SetRateLimits(ctx context.Context, by *auth.Principal, in auth.Tenant, limits []RateLimit) (int64, error) {
	if err := checkRateLimits(limits); err != nil {
		return 0, err
	}
	text, err := json.Marshal(limits)
	if err != nil {
		return 0, err
	}
	return a.SetTenantProperty(ctx, by, in, rateLimitsOf(in.Type).name, TenantPropertyUpdate{Value: string(text)})
}

// areRateLimits says whether the value of a property is limits, and nothing besides.
func areRateLimits(value string) bool {
	var limits []RateLimit
	d := json.NewDecoder(bytes.NewReader([]byte(value)))
	d.DisallowUnknownFields()
	return d.Decode(&limits) == nil && limits != nil && checkRateLimits(limits) == nil
}

func checkRateLimits(limits []RateLimit) error {
	policies := 0
	for _, l := range limits {
		policies += len(l.Policies)
	}
	if len(limits) > maxRatePolicies || policies > maxRatePolicies {
		return auth.BadField("value", "has more than %d policies", maxRatePolicies)
	}
	for i, l := range limits {
		path := fmt.Sprintf("value[%d]", i)
		if err := checkWord(path+".type", l.Type, rateKinds); err != nil {
			return err
		}
		for j, p := range l.Policies {
			if err := p.check(fmt.Sprintf("%s.policies[%d]", path, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p RatePolicy) check(path string) error {
	if err := p.Match.check(path + ".match"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Rules)) {
		bound, ok := rateRules[name]
		if n := p.Rules[name]; !ok {
			return auth.BadField(path+".rules", "%q is not a rule", name)
		} else if n < bound.least || n > bound.most || n%bound.step != 0 {
			return auth.BadField(path+".rules."+name, "is not between %d and %d in steps of %d", bound.least, bound.most, bound.step)
		}
	}
	filled := 0
	for _, name := range []string{"reservoir", "reservoirRefreshAmount", "reservoirRefreshInterval"} {
		if p.Rules[name] != 0 {
			filled++
		}
	}
	switch {
	case len(p.Rules) == 0:
		return auth.BadField(path+".rules", "is required")
	case filled == 1 || filled == 2: // one that is not filled again is empty for ever
		return auth.BadField(path+".rules", "has a part of reservoir, reservoirRefreshAmount and reservoirRefreshInterval")
	}
	return nil
}

func (m RateMatch) check(path string) error {
	if err := checkWord(path+".type", m.Type, rateMatches); err != nil {
		return err
	}
	if m.Type == "ALL" {
		return checkLength(path+".value", m.Value, 0, 0)
	}
	return CheckName(path+".value", m.Value, 255)
}
