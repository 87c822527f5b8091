package auth

import (
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
)

// Limits are what an API token leaves of its owner's rights, whatever these are when it is used. They only narrow: nothing in
// them gives anything, and what is left empty narrows nothing.
type Limits struct {
	Privileges   []Privilege    `json:"privileges,omitempty"`   // what is not named is not held
	Methods      []string       `json:"methods,omitempty"`      // such as enterprise/getEnterprise, or enterprise/* for the family
	Sources      []netip.Prefix `json:"sources,omitempty"`      // where calls may come from
	EnterpriseID int64          `json:"enterpriseId,omitempty"` // the only one, of those below the owner's tenant
}

// Family is the pattern that stands for all methods with the same first word.
func Family(method string) string { return path.Dir(method) + "/*" }

// calls says whether a method may be called.
func (l *Limits) calls(method string) bool {
	return len(l.Methods) == 0 || slices.Contains(l.Methods, method) ||
		strings.Contains(method, "/") && slices.Contains(l.Methods, Family(method))
}

// From says whether a call may come from an address. One that is not known may not.
func (l *Limits) From(source string) bool {
	if l == nil || len(l.Sources) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(l.Sources, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// reach says whether a tenant is within the limits.
func (l *Limits) reach(t Tenant) bool {
	return l == nil || l.EnterpriseID == 0 || t.Type == Enterprise && t.ID == l.EnterpriseID
}

// ofEnterprises is a role of all privileges that have a meaning within one enterprise.
var ofEnterprises = sync.OnceValue(func() *Role {
	return Holding(Enterprise, slices.DeleteFunc(Privileges(), func(v Privilege) bool { return !within(v, Enterprise) }))
})

// bound is the role beyond which the limits let nobody go; nil where they leave rights as they are.
func (l *Limits) bound(t UserType) (r *Role) {
	if l.EnterpriseID != 0 {
		r = ofEnterprises()
	}
	if len(l.Privileges) > 0 {
		named := Holding(t, l.Privileges)
		named.Within = r
		r = named
	}
	return r
}

// Limit puts a principal under limits. Where these take rights from him he is nobody's superuser, as behind the scope of an
// access token.
func (p *Principal) Limit(l *Limits) {
	if l == nil {
		return
	}
	p.Limits = l
	if bound := l.bound(p.UserType); bound != nil {
		p.Role, p.Narrowed = p.Role.Bounded(bound), true
	}
}

// named says whether the caller holds no more than his token names: not even what users may do to themselves.
func (p *Principal) named() bool { return p.Limits != nil && p.Narrowed }

// BeyondLimits is the word by which refusals for the limits of an API token are known.
const BeyondLimits = "API_TOKEN_LIMITS"

// Calls says whether the caller's API token may be used for the method of the call.
func (p *Principal) Calls() error {
	if p.Limits == nil || p.Limits.calls(p.Method) {
		return nil
	}
	return p.beyond("they do not name it")
}

func (p *Principal) beyond(why string) error {
	e := Errorf(Forbidden, "method [%s] is beyond the limits of this API token: %s", p.Method, why)
	e.Word = BeyondLimits
	return e
}

// tame are the changes that give nobody a way in, nor more rights. With any other a token with limits could make itself, or its owner,
// something without: a user, a password, a token, a client, a role. A new privilege is none of these until somebody says so. Of API
// tokens, who refreshes, rotates or revokes one decides by which token he came.
var tame = []Privilege{
	Update.On(OperatorToken), Update.On(ProxyToken), Update.On(EnterpriseToken),
	Update.On(EnterpriseObject), Update.On(ProxyObject), Update.On(EnterpriseProfile),
	Create.On(EnterpriseAlert), Update.On(EnterpriseAlert), Create.On(EnterpriseKeys),
}

func isWild(v Privilege) bool { return v.Action != Read && !slices.Contains(tame, v) }

// Whole closes a method to API tokens with limits, though the rule does not say so by its privileges: it can open a way in.
func (r Rule) Whole() Rule { r.whole = true; return r }

// Anywhere opens a method to API tokens with limits, those for one enterprise too: it makes nothing, and what it tells is decided by
// what the caller may see.
func (r Rule) Anywhere() Rule { r.anywhere = true; return r }

// Bound says that the params of the method name a tenant, in which the rule is asked for.
func (r Rule) Bound() Rule { r.bound = true; return r }

// IsWhole says whether API tokens with limits are refused, whatever their limits are.
func (r Rule) IsWhole() bool {
	if r.public || r.anywhere {
		return false
	}
	return r.whole || len(r.all)+len(r.any) == 0 || slices.ContainsFunc(r.all, isWild) || slices.ContainsFunc(r.any, isWild)
}

// beyond refuses a caller for the limits of his API token.
func (r Rule) beyond(p *Principal) error {
	switch {
	case p.Limits == nil:
		return nil
	case !p.Limits.calls(p.Method):
		return p.Calls()
	case r.IsWhole():
		return p.beyond("it takes one without any")
	case p.Limits.EnterpriseID != 0 && !r.bound && !r.anywhere:
		return p.beyond("it is not about their one enterprise")
	}
	return nil
}
