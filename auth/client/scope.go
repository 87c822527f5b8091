package client

import (
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Scope is what an app may do at most, wherever it acts: roles and functional roles of its organisation, and single privileges.
type Scope struct {
	RoleIDs    []int64  `json:"roleIds,omitempty"`
	Privileges []string `json:"privileges,omitempty"` // ACTION:OBJECT
	Version    int64    `json:"version"`              // counts the changes
	Reaches    []int64  `json:"reaches"`              // all privileges that it came to when it was set, by number
}

const maxScope = 200 // privileges that are named one by one

// mustBe: nobody agrees to a scope that he has not read.
func (s *Scope) mustBe(version int64) error {
	if s.Version != version {
		return auth.Errorf(auth.Conflict, "the scope's version is %d by now", s.Version)
	}
	return nil
}

func (s *Scope) reaches() []auth.Privilege { return byNumber(s.Reaches) }

// byNumber are the privileges of those numbers; one of another version of the portal is none.
func byNumber(numbers []int64) []auth.Privilege {
	vs := make([]auth.Privilege, 0, len(numbers))
	for _, n := range numbers {
		if v, ok := auth.PrivilegeByNumber(n); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// setScope gives an app what its author asks for, if he may give it. It says whether that is something else than before.
func (c *Clients) setScope(tx store.Tx, by *auth.Principal, in auth.Tenant, app *Client, s Scope) (changed bool, err error) {
	if len(s.RoleIDs) == 0 && len(s.Privileges) == 0 {
		return false, auth.BadField("scope", "names no role and no privilege")
	}
	if len(s.RoleIDs) > 0 {
		if _, err := c.accounts.MayGive(tx, by, in, s.RoleIDs); err != nil {
			return false, auth.Within("scope", err)
		}
	}
	if err := checkPrivileges(in, s.Privileges); err != nil {
		return false, err
	}
	whole, err := c.wholeScope(tx, in, &s)
	if err != nil {
		return false, err
	}
	s.Reaches = nil
	for _, v := range whole.Privileges() {
		s.Reaches = append(s.Reaches, v.Number())
	}
	if err := by.HoldsAll(in, s.reaches()); err != nil {
		return false, err
	}
	was := app.Scope
	if slices.Equal(was.RoleIDs, s.RoleIDs) && slices.Equal(was.Privileges, s.Privileges) && slices.Equal(was.Reaches, s.Reaches) {
		return false, nil
	}
	s.Version = was.Version + 1
	app.Scope = s
	return true, nil
}

// checkPrivileges: single privileges are those that users of the tenant can hold.
func checkPrivileges(in auth.Tenant, words []string) error {
	if len(words) > maxScope {
		return auth.BadField("scope.privileges", "are more than %d", maxScope)
	}
	for _, word := range words {
		if v, ok := auth.ParsePrivilege(word); !ok || !auth.FullAccess(in.Type).Grants(v) {
			return auth.BadField("scope.privileges", "%q is not a privilege of %s users", word, in.Type)
		}
	}
	return checkTwice(words)
}

func checkTwice(words []string) error {
	for i, word := range words {
		if slices.Contains(words[:i], word) {
			return auth.BadField("scope.privileges", "name %s twice", word)
		}
	}
	return nil
}

// wholeScope is what the roles of a scope come to now, and its privileges.
func (c *Clients) wholeScope(tx store.Tx, in auth.Tenant, s *Scope) (*auth.Role, error) {
	r, err := c.accounts.Union(tx, in.Type, in.ID, s.RoleIDs)
	if err != nil || len(s.Privileges) == 0 {
		return r, err
	}
	var vs []auth.Privilege
	for _, word := range s.Privileges {
		if v, ok := auth.ParsePrivilege(word); ok {
			vs = append(vs, v)
		}
	}
	named := auth.Holding(in.Type, vs)
	r.Parts = append(r.Parts, named.Parts...)
	if len(s.RoleIDs) == 0 {
		r.Name = named.Name
	}
	return r, nil
}

// roleOf is what an app may do in an organisation now. In its own that is its scope; in another, what the grant and the scope
// have in common.
func (c *Clients) roleOf(tx store.Tx, app *Client, g *Grant) (*auth.Role, error) {
	scope, err := c.wholeScope(tx, app.tenant(), &app.Scope)
	if err != nil {
		return nil, err
	}
	scope = scope.Bounded(auth.Holding(app.Of, app.Scope.reaches()))
	if g == nil {
		return scope, nil
	}
	granted, err := c.accounts.Union(tx, g.Of, g.TenantID, g.RoleIDs)
	if err != nil {
		return nil, err
	}
	return granted.Bounded(auth.Holding(app.Of, byNumber(g.Accepted)).Bounded(scope)), nil
}
