package auth_test

import (
	"net/netip"
	"testing"

	"github.com/portico-vco/portico/auth"
)

// TestLimitsTake: each limit takes something from a superuser, and gives nothing to somebody who has less.
func TestLimitsTake(t *testing.T) {
	acme := auth.Tenant{Type: auth.Enterprise, ID: 7, Delegated: auth.ToOperator | auth.UsersToOperator}
	globex := auth.Tenant{Type: auth.Enterprise, ID: 8, Delegated: auth.ToOperator | auth.UsersToOperator}
	partner := auth.Tenant{Type: auth.MSP, ID: 7}
	read, users, property := auth.Read.On(auth.EnterpriseObject), auth.Read.On(auth.EnterpriseUser), auth.Read.On(auth.SystemProperty)
	for name, c := range map[string]struct {
		role int64
		l    *auth.Limits
		v    auth.Privilege
		in   auth.Tenant
		may  bool
	}{
		"none":                            {1, nil, property, auth.Network(), true},
		"sources leave rights alone":      {1, &auth.Limits{Sources: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, property, auth.Network(), true},
		"a privilege that is named":       {1, &auth.Limits{Privileges: []auth.Privilege{read}}, read, acme, true},
		"one that is not":                 {1, &auth.Limits{Privileges: []auth.Privilege{read}}, users, acme, false},
		"one that nobody knows any more":  {1, &auth.Limits{Privileges: []auth.Privilege{{}}}, read, acme, false},
		"one that the role has not":       {12, &auth.Limits{Privileges: []auth.Privilege{property}}, property, auth.Network(), false},
		"the enterprise":                  {1, &auth.Limits{EnterpriseID: 7}, users, acme, true},
		"another one":                     {1, &auth.Limits{EnterpriseID: 7}, users, globex, false},
		"a partner of the same number":    {1, &auth.Limits{EnterpriseID: 7}, auth.Read.On(auth.ProxyObject), partner, false},
		"what no enterprise has":          {1, &auth.Limits{EnterpriseID: 7}, property, auth.Network(), false},
		"a privilege in the enterprise":   {1, &auth.Limits{EnterpriseID: 7, Privileges: []auth.Privilege{read, property}}, read, acme, true},
		"and not beyond what is both":     {1, &auth.Limits{EnterpriseID: 7, Privileges: []auth.Privilege{read, property}}, users, acme, false},
		"nor outside, where it has a use": {1, &auth.Limits{EnterpriseID: 7, Privileges: []auth.Privilege{read, property}}, property, auth.Network(), false},
	} {
		p := &auth.Principal{Type: auth.User, UserType: auth.Operator, Role: auth.RoleByID(c.role)}
		p.Limit(c.l)
		if got := p.May(c.v, c.in); got != c.may {
			t.Errorf("%s: %v", name, got)
		}
		if anywhere := c.v == property && c.in == auth.Network(); anywhere && auth.All(c.v).Admits(p) == nil && !c.may {
			t.Errorf("%s: admitted where no tenant is asked", name)
		}
		if narrows := c.l != nil && (len(c.l.Privileges) > 0 || c.l.EnterpriseID != 0); p.IsSuper() == narrows && c.role == 1 {
			t.Errorf("%s: superuser %v", name, p.IsSuper())
		}
	}
}

// TestLimitsOfMethods: names are whole, and a family is what stands before the slash.
func TestLimitsOfMethods(t *testing.T) {
	for _, c := range []struct {
		limit, method string
		calls         bool
	}{
		{"enterprise/getEnterprise", "enterprise/getEnterprise", true}, {"enterprise/getEnterprise", "enterprise/getEnterpriseUsers", false},
		{"enterprise/*", "enterprise/getEnterprise", true}, {"enterprise/*", "enterpriseUser/getEnterpriseUser", false},
		{"enterprise/*", "enterprise", false}, {"*/*", "enterprise/getEnterprise", false}, {"*", "logout", false}, {"./*", "logout", false},
		{"enterprise/get*", "enterprise/getEnterprise", false}, {"ENTERPRISE/*", "enterprise/getEnterprise", false}, {"event/*", "", false},
	} {
		p := &auth.Principal{Call: auth.Call{Method: c.method}, Limits: &auth.Limits{Methods: []string{c.limit}}}
		if got := p.Calls() == nil; got != c.calls {
			t.Errorf("%s for %s: %v", c.limit, c.method, got)
		}
	}
}

// TestLimitsOfSources: an address that cannot be read is none of them.
func TestLimitsOfSources(t *testing.T) {
	l := &auth.Limits{Sources: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}}
	for source, from := range map[string]bool{
		"10.1.2.3": true, "10.2.0.0": false, "::ffff:10.1.2.3": true, "::ffff:10.2.2.3": false, "2001:db8::1": true, "2001:db8::1%eth0": true,
		"2001:db9::1": false, "::10.1.2.3": false, "": false, "@": false, "10.1.2.3:80": false,
	} {
		if got := l.From(source); got != from {
			t.Errorf("%q: %v", source, got)
		}
	}
	if none := (*auth.Limits)(nil); !none.From("") || !(&auth.Limits{}).From("") {
		t.Error("no limit is one")
	}
}

// TestRulesClosedToLimits: by what a rule asks for alone, so that a method that is made tomorrow is closed, too.
func TestRulesClosedToLimits(t *testing.T) {
	read, write := auth.Read.On(auth.EnterpriseUser), auth.Update.On(auth.EnterpriseUser)
	for name, c := range map[string]struct {
		r     auth.Rule
		whole bool
	}{
		"reads":            {auth.All(read), false},
		"reads, or writes": {auth.Any(read, write), true},
		"writes":           {auth.All(read, write), true},
		"a new privilege":  {auth.All(auth.Create.On("WEBHOOK")), true},
		"a bare privilege": {auth.All(auth.EditRestricted), true},
		"a tame change":    {auth.All(auth.Update.On(auth.EnterpriseObject)), false},
		"said otherwise":   {auth.All(auth.Update.On(auth.EnterpriseObject)).Whole(), true},
		"nothing":          {auth.SignedIn, true},
		"nothing, to all":  {auth.SignedIn.Anywhere(), false},
		"everybody":        {auth.Public, false},
	} {
		if got := c.r.IsWhole(); got != c.whole {
			t.Errorf("%s: %v", name, got)
		}
	}
}
