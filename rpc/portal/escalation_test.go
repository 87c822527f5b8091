package portal_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
)

var givesRights = regexp.MustCompile(`(?i)(role|privilege)(id)?s?$`)

// raising says what the params of such names give, the first pattern that fits. "-" gives nothing: it says what is looked at.
var raising = [][2]string{
	{"*/get*.*", "-"}, {"*/*.limits.privileges", "-"}, {"apiToken/revokeMany.roleId", "-"}, // limits take, and give nothing
	{"compositeRole/delete*.roleIds", "-"}, {"compositeRole/*.roleId", "-"}, {"*/*.forRoleId", "-"},
	{"*/*.removePrivileges*", "-"}, {"*/*.privilege", "-"}, // the latter is within addPrivileges
	{"*/*.functionalRoleIds", "function"}, {"*/*.roleId", "role"}, {"*/*.roleIds", "role"},
	{"*/*.privileges", "word"}, {"*/*.privilegeIds", "number"}, {"*/*.addPrivileges", "change"},
}

// values are those of a kind that give something which a role has not, as the reference has it, and those that do not.
func values(kind string, role int) (above, within []string) {
	add := func(value string, isAbove bool) {
		if isAbove {
			above = append(above, value)
		} else {
			within = append(within, value)
		}
	}
	switch kind {
	case "role":
		for other := range 12 {
			add(fmt.Sprint(other+1), isAbove(other+1, role))
		}
	case "function":
		for _, r := range auth.Roles {
			for _, part := range r.Parts {
				add(fmt.Sprint(part.ID), lacks(role, &auth.Role{Parts: []auth.Part{part}}))
			}
		}
	default:
		for _, v := range auth.RoleByID(auth.OperatorSuperuser).Privileges() {
			held, _ := granted.holds(role, v.String())
			add(map[string]string{
				"word": fmt.Sprintf("%q", v), "number": fmt.Sprint(v.Number()),
				"change": fmt.Sprintf(`[{"object":%q,"action":%q}]`, v.Object, v.ActionName()),
			}[kind], !held)
		}
	}
	return above, within
}

func lacks(role int, of *auth.Role) bool {
	return slices.ContainsFunc(of.Privileges(), func(v auth.Privilege) bool {
		held, _ := granted.holds(role, v.String())
		return !held
	})
}

// isAbove: a role of a type above, a stronger one of a type below, one of the same type that holds what this one does not.
func isAbove(other, role int) bool {
	a, b := auth.RoleByID(int64(other)), auth.RoleByID(int64(role))
	if a.UserType == b.UserType {
		return lacks(role, a)
	}
	return a.UserType < b.UserType || a.Precedence < b.Precedence
}

// TestEscalation: no role, through no param of no method, gives anybody, himself least of all, what he has not himself.
func TestEscalation(t *testing.T) {
	t.Parallel()
	s := buildStreet(t)
	all := params(t, s.house, func(path string, _ schema) bool { return givesRights.MatchString(path) })
	serial, tried := 0, 0
	for _, r := range all {
		if r.first(raising) == "" {
			t.Fatalf("%s: nobody says what its param %s gives", r.method, r.path)
		}
	}
	for _, role := range columns {
		caller := s.as(t, role)
		for _, r := range all {
			kind := r.first(raising)
			if kind == "-" {
				continue
			}
			above, _ := values(kind, role)
			if d := doorways[r.method]; !d.admits(caller.kind) || !d.has(granted, role, true) {
				above = above[:min(len(above), 1)] // he is stopped before
			}
			for _, value := range above {
				for _, params := range s.targets(t, caller, r, &serial) {
					tried++
					got := s.call(caller.as, r.method, r.into(t, params, value))
					if got.Code == 0 && !isNothing(exactly(got.Result)) {
						t.Errorf("%s gives %s %s by %s of %s: %v", actors[role-1], kind, value, r.path, r.method, got)
					}
				}
			}
		}
	}
	t.Logf("%d calls", tried)
	for _, r := range all { // and what he has himself he may give, or nothing was seen above
		if kind := r.first(raising); kind != "-" && !s.gives(t, r, kind, &serial) {
			t.Errorf("nobody can give a %s by %s of %s", kind, r.path, r.method)
		}
	}
}

// as is a party of somebody of that role.
func (s *street) as(t *testing.T, role int) *party {
	t.Helper()
	p := *s.callers[map[string]string{"OPERATOR": "network", "MSP": "northwind", "ENTERPRISE": "acme"}[kindOf(role)]]
	p.as = s.session(t, actors[role-1])
	p.owns = maps.Clone(p.owns)
	p.owns["self"] = fmt.Sprint(s.find(t, actors[role-1]).ID)
	return &p
}

// targets are the params of calls about several users, where they are about one.
func (s *street) targets(t *testing.T, p *party, r mention, serial *int) (all []string) {
	t.Helper()
	params := p.params(r, serial)
	if (mention{r.method, "id"}).leadsTo() != "user" || strings.Contains(r.method, "insert") {
		return []string{params}
	}
	for _, target := range []string{p.owns["self"], p.owns["user"], p.at["user"]} {
		all = append(all, mention{r.method, "id"}.into(t, params, target))
	}
	return all
}

func (s *street) gives(t *testing.T, r mention, kind string, serial *int) bool {
	t.Helper()
	for _, role := range []int{1, 5, 9} {
		caller := s.as(t, role)
		_, within := values(kind, role)
		for _, value := range within {
			got := s.call(caller.as, r.method, r.into(t, caller.params(r, serial), value))
			if got.Code == 0 && !isNothing(exactly(got.Result)) {
				return true
			}
		}
	}
	return false
}
