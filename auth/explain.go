package auth

// A Decider is what a decision rested on.
type Decider string

// What can decide. Of several that agree the last one looked at is named.
const (
	ByRule          Decider = "RULE"          // open to everybody, or to whoever is signed in
	ByDue           Decider = "DUE"           // something else must be done first
	ByPrincipal     Decider = "PRINCIPAL"     // the method is for other kinds of principals
	ByUserType      Decider = "USER_TYPE"     // the method is for other types of users
	BySelf          Decider = "SELF"          // users may do it to themselves
	ByRole          Decider = "ROLE"          // a function of the role grants the privilege, or none does
	ByCustomization Decider = "CUSTOMIZATION" // a tenant has changed the function
	ByScope         Decider = "SCOPE"         // beyond the scope of the OAuth app, or of its access token
	ByLimits        Decider = "LIMITS"        // beyond the limits of the API token
	ByTenant        Decider = "TENANT"        // the tenant is neither the caller's nor below his
	ByDelegation    Decider = "DELEGATION"    // the tenant has consented, or not
)

// A Verdict says whether a principal holds a privilege, and why.
type Verdict struct {
	Privilege Privilege
	Held      bool
	Decider   Decider
	Finding   Finding    // in the role
	Needs     Delegation // the consent that it takes on the tenant
}

// Weigh says whether the principal holds the privilege in the tenant, and what decides it. Without a tenant: whether he
// holds it anywhere at all.
func (p *Principal) Weigh(v Privilege, in *Tenant) Verdict {
	out := Verdict{Privilege: v, Decider: ByRole}
	if p.IsPortal() { // it needs nobody's consent
		out.Held = true
		return out
	}
	if p.Role == nil {
		return out
	}
	out.Finding = p.Role.Find(v)
	out.Held = out.Finding.Held
	if out.Finding.Customization != nil {
		out.Decider = ByCustomization
	}
	switch {
	case out.Finding.OutOfScope && p.Limits != nil:
		out.Decider = ByLimits
	case out.Finding.OutOfScope:
		out.Decider = ByScope
	}
	switch {
	case !out.Held || in == nil || p.Owns(*in):
	case !p.Above(*in):
		out.Held, out.Decider = false, ByTenant
	default:
		if out.Needs = p.Role.Needs(v, in.Type); out.Needs != 0 {
			out.Held, out.Decider = in.Delegated.Has(out.Needs), ByDelegation
		}
	}
	return out
}

// A Ruling is a decision with its reasons.
type Ruling struct {
	Err      error // nil: allowed
	Decider  Decider
	Self     bool      // users of the caller's type may do it to themselves, whatever is decided about others
	Verdicts []Verdict // what was found of each privilege that was looked at
}

// Explain asks Admits, and Allows where there is a tenant, for their reasons.
func (r Rule) Explain(p *Principal, in *Tenant) (out Ruling) {
	note := func(v Verdict) { out.Verdicts = append(out.Verdicts, v) }
	out.Decider, out.Err = r.admits(p, note)
	out.Self = out.Decider == BySelf
	if out.Err != nil || r.public {
		return out
	}
	if in != nil && !p.Sees(*in) {
		out.Decider, out.Err = ByTenant, Errorf(NotFound, "the tenant is neither the caller's nor below his")
		return out
	}
	if in != nil || out.Self {
		out.Verdicts = nil
		out.Decider, out.Err = r.check(p, in, note)
	}
	return out
}
