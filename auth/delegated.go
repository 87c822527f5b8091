package auth

import "slices"

// Delegated are the privileges that the principal has in a tenant by its consent: those which he would not have without.
// In his own they are all that he has.
func (p *Principal) Delegated(in Tenant) []Privilege {
	closed := in
	closed.Delegated = 0
	return slices.DeleteFunc(Privileges(), func(v Privilege) bool {
		return !p.May(v, in) || !p.Owns(in) && (p.May(v, closed) || !within(v, in.Type))
	})
}

// within says whether a privilege means anything in tenants of type t: their own users hold it. An enterprise's consent gives
// nobody the users of a partner.
func within(v Privilege, t UserType) bool { return FullAccess(t).Grants(v) }
