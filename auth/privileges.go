package auth

import (
	"slices"
	"strings"
)

// Privileges are all that a role may hold: of every object of the matrix, in its order, each action that some predefined role
// has on it. They are made anew for each call, and are the caller's.
func Privileges() (all []Privilege) {
	for line := range strings.Lines(strings.TrimSpace(matrix)) {
		o := Object(strings.Fields(line)[0])
		for _, a := range []Action{Create, Read, Update, Delete, do} {
			if v := a.On(o); slices.ContainsFunc(Roles, func(r *Role) bool { return r.Grants(v) }) {
				all = append(all, v)
			}
		}
	}
	return all
}

// Words are the privilege as its action and its object, or else as a name that has neither.
func (p Privilege) Words() (action string, object Object, name string) {
	if p.Action == do {
		return "", "", string(p.Object)
	}
	return actions[p.Action], p.Object, ""
}

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
func within(v Privilege, t UserType) bool {
	return slices.ContainsFunc(Roles, func(r *Role) bool { return r.UserType == t && r.Grants(v) })
}
