package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A TokenPolicy is what is asked of the API tokens of an organisation's users. That of those above the organisation holds, too: of
// each part the strictest. What is unset asks for nothing.
type TokenPolicy struct {
	MaxLifetime time.Duration // of a token that is made, refreshed or rotated from now on
	Idle        time.Duration // a token that was not used for so long has ended
	MaxOverlap  time.Duration // how long a token may live on beside its successor
	Require     []string      // limits that a token must have, to be made and to be used
}

// The words of what can be required.
const (
	requireSources    = "sources"
	requirePrivileges = "privileges"
	requireMethods    = "methods"
	requireRights     = "rights" // privileges or methods
)

var requirable = []string{requireSources, requirePrivileges, requireMethods, requireRights}

// Lacks answers the first of the limits that are required and not there.
func (p *TokenPolicy) Lacks(l *auth.Limits) string {
	if l == nil {
		l = new(auth.Limits)
	}
	for _, word := range p.Require {
		named := 0
		switch word {
		case requireSources:
			named = len(l.Sources)
		case requirePrivileges:
			named = len(l.Privileges)
		case requireMethods:
			named = len(l.Methods)
		case requireRights:
			named = len(l.Privileges) + len(l.Methods)
		}
		if named == 0 {
			return word
		}
	}
	return ""
}

// with is what both policies ask for.
func (p TokenPolicy) with(q TokenPolicy) TokenPolicy {
	p.MaxLifetime, p.Idle = stricter(p.MaxLifetime, q.MaxLifetime), stricter(p.Idle, q.Idle)
	p.MaxOverlap = min(p.MaxOverlap, q.MaxOverlap)
	for _, word := range q.Require {
		if !slices.Contains(p.Require, word) {
			p.Require = append(p.Require[:len(p.Require):len(p.Require)], word)
		}
	}
	return p
}

func stricter(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// MaxOverlap bounds the overlap of a rotation where no policy does.
const MaxOverlap = 30 * 24 * time.Hour

// noTokenPolicy is what holds where none is set.
var noTokenPolicy = TokenPolicy{MaxOverlap: MaxOverlap}

const (
	tokenPolicyName = "portico.apiToken.policy"
	askNothing      = "{}"
)

var (
	networkTokenPolicy    = define(Setting{id: 10, name: tokenPolicyName, dataType: "JSON", value: askNothing, doc: `what is asked of all API tokens: JSON {maxLifetimeDays 1 to 366, idleDays 1 to 366, maxOverlapHours 0 to 720, require: a list of sources, privileges, methods, rights}; organisations can ask for more`, restricted: true})
	enterpriseTokenPolicy = defineTenant(TenantSetting{of: auth.Enterprise, name: tokenPolicyName, dataType: "JSON", value: askNothing})
	partnerTokenPolicy    = defineTenant(TenantSetting{of: auth.MSP, name: tokenPolicyName, dataType: "JSON", value: askNothing})
)

// policies is there once somebody has set a policy, whoever it was: as long as it is not, a use of a token asks for nothing else.
type policies struct {
	ID int64 `json:"id"`
}

var tokenPolicies = store.NewCollection("tokenpolicies", func(p *policies) *int64 { return &p.ID }).Remember(1, nil)

func init() {
	for _, s := range []*TenantSetting{enterpriseTokenPolicy, partnerTokenPolicy} {
		s.changed = tokenPolicyChanged
	}
	networkTokenPolicy.changed = tokenPolicyChanged
}

// tokenPolicyChanged refuses what is no policy, and says why.
func tokenPolicyChanged(a *Accounts, tx store.Tx, by *auth.Principal, in auth.Tenant, text string) error {
	if _, err := readTokenPolicy(text); err != nil {
		return auth.BadField("value", "is not allowed for %s: %v", tokenPolicyName, err)
	}
	if err := tokenPolicies.Put(tx, &policies{ID: 1}); err != nil {
		return err
	}
	return a.Record(tx, by, in, Happening{
		Name: "API_TOKEN_POLICY_UPDATED", Category: OfSecurity, Severity: Notice, Message: "policy of API tokens",
		Detail: map[string]any{"policy": json.RawMessage(text)},
	})
}

// readTokenPolicy reads what an administrator wrote, and refuses what he cannot have meant.
func readTokenPolicy(value string) (TokenPolicy, error) {
	var w struct {
		MaxLifetimeDays *int64   `json:"maxLifetimeDays"`
		IdleDays        *int64   `json:"idleDays"`
		MaxOverlapHours *int64   `json:"maxOverlapHours"`
		Require         []string `json:"require"`
	}
	p := noTokenPolicy
	if value == askNothing {
		return p, nil
	}
	d := json.NewDecoder(strings.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return p, errors.New("not a policy in JSON")
	}
	if _, err := d.Token(); err != io.EOF || strings.TrimSpace(value)[0] != '{' {
		return p, errors.New("not one object")
	}
	for _, n := range []struct {
		name        string
		value       *int64
		least, most int64
		unit        time.Duration
		to          *time.Duration
	}{
		{"maxLifetimeDays", w.MaxLifetimeDays, 1, 366, 24 * time.Hour, &p.MaxLifetime},
		{"idleDays", w.IdleDays, 1, 366, 24 * time.Hour, &p.Idle},
		{"maxOverlapHours", w.MaxOverlapHours, 0, 720, time.Hour, &p.MaxOverlap},
	} {
		if n.value == nil {
			continue
		}
		if *n.value < n.least || *n.value > n.most {
			return p, fmt.Errorf("%s is not in %d to %d", n.name, n.least, n.most)
		}
		*n.to = time.Duration(*n.value) * n.unit
	}
	for i, word := range w.Require {
		if !slices.Contains(requirable, word) || slices.Contains(w.Require[:i], word) {
			return p, fmt.Errorf("require has %q, which is none of %s, or twice", word, strings.Join(requirable, ", "))
		}
	}
	p.Require = w.Require
	return p, nil
}

// TokenPolicy is what is asked of the API tokens of a tenant's users now.
func (a *Accounts) TokenPolicy(tx store.Tx, t auth.UserType, id int64) (TokenPolicy, error) {
	if set, err := tokenPolicies.Get(tx, 1); err != nil || set == nil {
		return noTokenPolicy, err
	}
	text, err := a.Text(tx, networkTokenPolicy)
	if err != nil {
		return TokenPolicy{}, err
	}
	p, err := a.asked.look(text, len(text), readTokenPolicy)
	if err != nil || t == auth.Operator {
		return p, err
	}
	in, ok, err := a.TenantIn(tx, t, id)
	if err != nil || !ok {
		return p, err
	}
	if in.ProxyID != 0 {
		if p, err = a.andTokenPolicy(tx, p, auth.Tenant{Type: auth.MSP, ID: in.ProxyID}, partnerTokenPolicy); err != nil {
			return p, err
		}
	}
	s := enterpriseTokenPolicy
	if t == auth.MSP {
		s = partnerTokenPolicy
	}
	return a.andTokenPolicy(tx, p, in, s)
}

func (a *Accounts) andTokenPolicy(tx store.Tx, p TokenPolicy, in auth.Tenant, s *TenantSetting) (TokenPolicy, error) {
	text, err := a.tenantText(tx, in, s)
	if err != nil {
		return p, err
	}
	own, err := a.asked.look(text, len(text), readTokenPolicy)
	return p.with(own), err
}
