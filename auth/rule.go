package auth

import (
	"slices"
	"strings"
)

// A Rule is what a method asks of its caller: privileges, user types, and whether one may do it to oneself.
// The zero Rule is no rule: a table refuses it.
type Rule struct {
	all, any []Privilege
	callers  []UserType
	kinds    []PrincipalType // none means every one
	self     UserType
	set      bool
	public   bool
	due      []Due // what may be due in the caller's session
	machines bool

	// Of API tokens with limits, see limits.go.
	whole    bool
	anywhere bool
	bound    bool
}

// Public is the rule of a method that is open to everybody, signed in or not.
var Public = Rule{set: true, public: true}

// SignedIn is the rule of a method that asks for no privilege.
var SignedIn = Rule{set: true}

// All asks for every one of the privileges.
func All(p ...Privilege) Rule { return Rule{set: true, all: p} }

// Any asks for one of the privileges.
func Any(p ...Privilege) Rule { return Rule{set: true, any: p} }

// AndAny asks for one of the privileges besides.
func (r Rule) AndAny(p ...Privilege) Rule { r.any = p; return r }

// Callers admits these user types alone.
func (r Rule) Callers(t ...UserType) Rule { r.callers = t; return r }

// Humans admits persons alone: what a person does to himself, and what is a person's.
func (r Rule) Humans() Rule { r.kinds = []PrincipalType{User}; return r }

// Users admits whoever has a user's account: persons, and the service accounts of API clients.
func (r Rule) Users() Rule { r.kinds = []PrincipalType{User, ServiceAccount}; return r }

// OrSelf lets users of type t act on themselves without the privilege.
func (r Rule) OrSelf(t UserType) Rule { r.self = t; return r }

// OrClient lets OAuth apps and API clients act on themselves without the privilege; the operation sees to it that it is
// themselves.
func (r Rule) OrClient() Rule { r.machines = true; return r }

// IsZero says whether the rule was never stated.
func (r Rule) IsZero() bool { return !r.set }

// IsPublic says whether nobody needs to be signed in.
func (r Rule) IsPublic() bool { return r.public }

// Privileges are those the rule asks for: all of the first, one of the second. For documents.
func (r Rule) Privileges() (all, any []Privilege) { return r.all, r.any }

// UserTypes are those admitted; none means every one. For documents.
func (r Rule) UserTypes() []UserType { return r.callers }

// Principals are the kinds of principals admitted. For documents.
func (r Rule) Principals() []PrincipalType {
	if len(r.kinds) == 0 {
		return Callers
	}
	return r.kinds
}

// Self is the user type that needs no privilege to act on itself. For documents.
func (r Rule) Self() UserType { return r.self }

// Admits decides what can be decided before the params are looked at: whether something else is due, the caller's type, and whether his role holds
// the privileges anywhere at all. Whom the rule lets act on himself passes; Allows decides about him.
func (r Rule) Admits(p *Principal) error {
	_, err := r.admits(p, nil)
	return err
}

// admits is Admits with its reasons: what decided, and to note, where there is one, what was found of each privilege.
func (r Rule) admits(p *Principal, note func(Verdict)) (Decider, error) {
	if r.public {
		return ByRule, nil
	}
	if p.Type == Nobody {
		return ByRule, Errorf(Unauthenticated, "expired session cookie")
	}
	if len(r.kinds) > 0 && !slices.Contains(r.kinds, p.Type) {
		return ByPrincipal, r.wrongKind(p)
	}
	if r.waits(p) {
		return ByDue, p.Overdue()
	}
	if len(r.callers) > 0 && !slices.Contains(r.callers, p.UserType) {
		return ByUserType, Errorf(WrongCaller, "method [%s] is not open to callers of type [%s]", p.Method, p.UserType.Caller())
	}
	if err := r.beyond(p); err != nil {
		return ByLimits, err
	}
	if r.self != NoType && r.self == p.UserType && p.Type != App && !p.named() || r.itself(p) {
		return BySelf, nil
	}
	return r.check(p, nil, note)
}

// WrongPrincipal is the word by which the refusal of a kind of principal is known.
const WrongPrincipal = "PRINCIPAL_TYPE_NOT_ALLOWED"

func (r Rule) wrongKind(p *Principal) error {
	needs := "a user account"
	if !slices.Contains(r.kinds, ServiceAccount) {
		needs = "a person"
	}
	e := Errorf(WrongCaller, "method [%s] needs %s; the caller is %s", p.Method, needs, p.Noun())
	e.Word = WrongPrincipal
	return e
}

func (r Rule) itself(p *Principal) bool { return r.machines && p.ClientID != 0 }

// Allows decides the rest once the tenant is known: delegation.
func (r Rule) Allows(p *Principal, in Tenant) error {
	if r.itself(p) {
		return nil
	}
	_, err := r.check(p, &in, nil)
	return err
}

// check asks for the privileges, in the tenant if there is one, else anywhere at all.
func (r Rule) check(p *Principal, in *Tenant, note func(Verdict)) (Decider, error) {
	by := ByRule
	may := func(v Privilege) bool {
		found := p.Weigh(v, in)
		by = found.Decider
		if note != nil {
			note(found)
		}
		return found.Held
	}
	for _, v := range r.all {
		if !may(v) {
			return by, Lacks(p, v)
		}
	}
	if len(r.any) > 0 && !slices.ContainsFunc(r.any, may) {
		return by, Lacks(p, r.any...)
	}
	return by, nil
}

// HoldsAll refuses a principal who does not hold in the tenant everything that he is about to give. The portal itself gives
// what it wants.
func (p *Principal) HoldsAll(in Tenant, given []Privilege) error {
	for _, v := range given {
		if !p.May(v, in) {
			return Lacks(p, v)
		}
	}
	return nil
}

// Lacks is the refusal of a caller who holds none of the privileges; one of them would do.
func Lacks(p *Principal, vs ...Privilege) *Error {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = "[" + v.String() + "]"
	}
	return Errorf(Forbidden, "privilege %s is required for method [%s]", strings.Join(names, " or "), p.Method)
}
