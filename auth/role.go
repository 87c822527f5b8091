package auth

import "math"

// A Role is what a user has: one or more functional roles, as they stand for him. The twelve predefined ones live in code and
// their numbers never change; tenants make others. What a customization changes in a function it changes in every role that
// the function is part of.
type Role struct {
	ID          int64
	Name        string
	UserType    UserType
	IsSuper     bool
	Precedence  int // lower is stronger, over all user types
	Description string
	Parts       []Part
	Within      *Role // a bound: what it does not grant, the role does not either. Of OAuth apps, narrowed access tokens and limited API tokens
}

// A Part of a role is a function with the customizations that hold for the role's user, the one that decides first in front:
// his enterprise's, his partner's, the operator's.
type Part struct {
	*Function
	Customizations []*Customization
}

// A Customization is what a tenant has changed in a function: for its own users, and for those of the tenants below.
type Customization struct {
	ID         int64
	FunctionID int64
	Level      UserType // of the tenant
	TenantID   int64
	PackageID  int64 // that it was applied from, or 0
	Name       string
	Allow      []Privilege
	Deny       []Privilege
}

// A Finding says whether a role holds a privilege, and what of the role decides it.
type Finding struct {
	Held          bool
	Function      *Function      // nil where no function knows the privilege
	Customization *Customization // nil where the function decides as it is
	OutOfScope    bool           // the role's bound decides
}

// Roles are the predefined roles in the order of their numbers.
var Roles = []*Role{
	predefined(1, Operator, "Operator Superuser", 1, "Full access to the portal", 101),
	predefined(2, Operator, "Operator Standard Admin", 2, "Manages customers and partners", 102, 103),
	predefined(3, Operator, "Operator Support", 4, "Reads what the operator sees", 106, 107),
	predefined(4, Operator, "Operator Business", 3, "Manages partners and customer contracts", 104, 105),
	predefined(5, MSP, "MSP Superuser", 1, "Full access to the partner", 111),
	predefined(6, MSP, "MSP Standard Admin", 2, "Manages the partner's customers", 112, 113),
	predefined(7, MSP, "MSP Support", 4, "Reads what the partner sees", 116, 117),
	predefined(8, MSP, "MSP Business", 3, "Manages customer contracts; no API tokens", 114, 115),
	predefined(9, Enterprise, "Enterprise Superuser", 1, "Full access to the enterprise", 121),
	predefined(10, Enterprise, "Enterprise Standard Admin", 2, "Manages the enterprise, except its users", 122, 123),
	predefined(11, Enterprise, "Enterprise Support", 4, "Reads the enterprise's configuration", 124, 125),
	predefined(12, Enterprise, "Enterprise Read Only", 5, "Reads the enterprise; no API tokens", 126, 127),
}

// The numbers of the three superuser roles.
const (
	OperatorSuperuser   = 1
	MSPSuperuser        = 5
	EnterpriseSuperuser = 9
)

// SuperuserOf is the number of the superusers' role of a type of users.
func SuperuserOf(t UserType) int64 {
	return [...]int64{Operator: OperatorSuperuser, MSP: MSPSuperuser, Enterprise: EnterpriseSuperuser}[t]
}

func predefined(id int64, t UserType, name string, precedence int, description string, functions ...int64) *Role {
	r := &Role{ID: id, Name: name, UserType: t, IsSuper: precedence == 1, Precedence: precedence, Description: description}
	for _, id := range functions {
		r.Parts = append(r.Parts, Part{Function: FunctionByID(id)})
	}
	return r
}

// RoleByID answers a predefined role, or nil.
func RoleByID(id int64) *Role {
	if id < 1 || id > int64(len(Roles)) {
		return nil
	}
	return Roles[id-1]
}

// NoRole is a role that grants nothing: one that is gone, or not for the user's tenant.
func NoRole(id int64, t UserType) *Role {
	return &Role{ID: id, Name: "unknown", UserType: t, Precedence: math.MaxInt}
}

// Bounded is the role as far as the bound reaches. It is nobody's superuser, and weaker than those are.
func (r *Role) Bounded(by *Role) *Role {
	out := *r
	out.IsSuper, out.Precedence, out.Within = false, max(r.Precedence, RoleByID(OperatorSuperuser).Precedence+1), by
	return &out
}

// Unbound is the role without its bound.
func (r *Role) Unbound() *Role {
	out := *r
	out.Within = nil
	return &out
}

// Holding is a role of just these privileges.
func Holding(t UserType, vs []Privilege) *Role {
	f := &Function{Name: "privileges", UserType: t, Precedence: math.MaxInt, grants: make(map[Object]Action)}
	for _, v := range vs {
		f.grants[v.Object] |= v.Action
	}
	return &Role{Name: f.Name, UserType: t, Precedence: f.Precedence, Parts: []Part{{Function: f}}}
}

// Privileges are all that the role grants.
func (r *Role) Privileges() (vs []Privilege) {
	for _, v := range privileges {
		if r.Grants(v) {
			vs = append(vs, v)
		}
	}
	return vs
}

// Find says whether the role holds the privilege, delegation left aside, and what decides it.
func (r *Role) Find(v Privilege) (found Finding) {
	if r.Within != nil && !r.Within.Grants(v) {
		return Finding{OutOfScope: true}
	}
	for _, p := range r.Parts {
		f := p.find(v)
		if f.Held {
			return f
		}
		if f.Customization != nil {
			found = f
		}
	}
	return found // denied by that customization, or unknown to all functions
}

func (p Part) find(v Privilege) Finding {
	for _, c := range p.Customizations {
		if contains(c.Deny, v) {
			return Finding{Function: p.Function, Customization: c}
		}
		if contains(c.Allow, v) {
			return Finding{Held: true, Function: p.Function, Customization: c}
		}
	}
	if !p.Function.Grants(v) {
		return Finding{}
	}
	return Finding{Held: true, Function: p.Function}
}

func contains(list []Privilege, v Privilege) bool {
	for _, p := range list {
		if p == v {
			return true
		}
	}
	return false
}

// Grants says whether the role holds the privilege at all, delegation left aside.
func (r *Role) Grants(v Privilege) bool { return r.Find(v).Held }

// TakesTokens says whether the role's users may have API tokens.
func (r *Role) TakesTokens() bool {
	o := TokenObject(r.UserType)
	return r.Grants(Create.On(o)) || r.Grants(Read.On(o)) || r.Grants(Update.On(o))
}

// Covers says whether the role holds everything that the other holds.
func (r *Role) Covers(other *Role) bool {
	for _, v := range privileges {
		if other.Grants(v) && !r.Grants(v) {
			return false
		}
	}
	return true
}

// Opens answers the privileges that a tenant of type t lets others use on it by a consent, as far as its own users can hold them.
func (d Delegation) Opens(t UserType) (vs []Privilege) {
	for _, v := range privileges {
		for _, above := range []UserType{Operator, MSP} {
			r := RoleByID(SuperuserOf(above))
			if above < t && r.Grants(v) && r.Needs(v, t) == d && FullAccess(t).Grants(v) && !contains(vs, v) {
				vs = append(vs, v)
			}
		}
	}
	return vs
}

// Needs answers the consent that the role's privilege takes on a tenant of type t below it.
func (r *Role) Needs(v Privilege, t UserType) Delegation {
	c := conditions[r.UserType][v.Object]
	switch {
	case c.sensitive && r.UserType == MSP:
		return SensitiveToProxy
	case c.sensitive:
		return SensitiveToOperator
	case !c.delegated:
		return 0
	case r.UserType == MSP:
		return ToProxy
	case t == Enterprise && (v.Object == EnterpriseUser || v.Object == EnterpriseToken || v.Object == APIClient || v.Object == UserGroup):
		return UsersToOperator
	}
	return ToOperator
}
