package auth_test

import (
	"testing"

	"github.com/portico-vco/portico/auth"
)

func caller(role int64) *auth.Principal {
	r := auth.RoleByID(role)
	p := &auth.Principal{Call: auth.Call{Method: "m"}, Type: auth.User, UserID: 7, UserType: r.UserType, Role: r}
	switch r.UserType {
	case auth.MSP:
		p.ProxyID = 1
	case auth.Enterprise:
		p.EnterpriseID = 1
	}
	return p
}

var (
	acme    = auth.Tenant{Type: auth.Enterprise, ID: 1}
	globex  = auth.Tenant{Type: auth.Enterprise, ID: 2, ProxyID: 1}
	foreign = auth.Tenant{Type: auth.Enterprise, ID: 3, ProxyID: 2}
	partner = auth.Tenant{Type: auth.MSP, ID: 1}
)

func with(t auth.Tenant, d auth.Delegation) auth.Tenant {
	t.Delegated = d
	return t
}

func TestMay(t *testing.T) {
	for _, c := range []struct {
		name string
		by   int64
		what auth.Privilege
		in   auth.Tenant
		want bool
	}{
		{"a superuser in his own enterprise", 9, auth.Create.On(auth.EnterpriseUser), acme, true},
		{"a superuser in another enterprise", 9, auth.Read.On(auth.EnterpriseUser), globex, false},
		{"a partner in his customer that did not delegate", 5, auth.Read.On(auth.EnterpriseUser), globex, false},
		{"a partner in his customer that delegated", 5, auth.Create.On(auth.EnterpriseUser), with(globex, auth.ToProxy), true},
		{"a partner in his customer that delegated to the operator", 5, auth.Read.On(auth.EnterpriseUser), with(globex, auth.ToOperator|auth.UsersToOperator), false},
		{"a partner in another partner's customer", 5, auth.Read.On(auth.EnterpriseObject), with(foreign, auth.ToProxy), false},
		{"a partner reads his customer itself without delegation", 5, auth.Read.On(auth.EnterpriseObject), globex, true},
		{"the operator's users privilege takes user management", 1, auth.Read.On(auth.EnterpriseUser), with(acme, auth.ToOperator), false},
		{"the operator with user management", 1, auth.Delete.On(auth.EnterpriseUser), with(acme, auth.UsersToOperator), true},
		{"the operator's events privilege takes access", 1, auth.Read.On(auth.EnterpriseEvent), with(acme, auth.UsersToOperator), false},
		{"the operator with access", 1, auth.Read.On(auth.EnterpriseEvent), with(acme, auth.ToOperator), true},
		{"tokens take user management", 1, auth.Create.On(auth.EnterpriseToken), with(acme, auth.UsersToOperator), true},
		{"partners' tokens take no delegation", 1, auth.Create.On(auth.ProxyToken), partner, true},
		{"partners' users take delegation", 1, auth.Read.On(auth.ProxyUser), partner, false},
		{"partners' users with delegation", 1, auth.Read.On(auth.ProxyUser), with(partner, auth.ToOperator), true},
		{"delegation gives no more than the role has", 3, auth.Create.On(auth.EnterpriseUser), with(acme, auth.UsersToOperator), false},
		{"sensitive data take their own consent", 1, auth.Do("VIEW_USER_IDENTIFIABLE_FLOW_STATS"), with(acme, auth.ToOperator), false},
		{"sensitive data with it", 1, auth.Do("VIEW_USER_IDENTIFIABLE_FLOW_STATS"), with(acme, auth.SensitiveToOperator), true},
		{"an enterprise user in his partner", 9, auth.Read.On(auth.ProxyUser), partner, false},
	} {
		if got := caller(c.by).May(c.what, c.in); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRuleAdmits(t *testing.T) {
	read := auth.Read.On(auth.EnterpriseUser)
	nobody := &auth.Principal{Call: auth.Call{Method: "m"}}
	for _, c := range []struct {
		name string
		rule auth.Rule
		by   *auth.Principal
		want auth.Kind // Internal: no error
	}{
		{"a public method, and something is due", auth.Public, overdue(9, auth.PasswordDue), auth.Internal},
		{"a method for all, and something is due", auth.SignedIn, overdue(9, auth.PasswordDue), auth.Forbidden},
		{"a privilege held, and something is due", auth.All(read), overdue(9, auth.SecondFactorDue), auth.Forbidden},
		{"open while that is due", auth.SignedIn.WhileDue(auth.PasswordDue), overdue(9, auth.PasswordDue), auth.Internal},
		{"open while something else is due", auth.SignedIn.WhileDue(auth.PasswordDue), overdue(9, auth.SecondFactorDue), auth.Forbidden},
		{"open while that is due, but not held", auth.All(auth.Create.On(auth.EnterpriseUser)).WhileDue(auth.PasswordDue), overdue(12, auth.PasswordDue), auth.Forbidden},
		{"a public method and nobody", auth.Public, nobody, auth.Internal},
		{"a signed-in method and nobody", auth.SignedIn, nobody, auth.Unauthenticated},
		{"a privilege and nobody", auth.All(read), nobody, auth.Unauthenticated},
		{"held by the role, delegation left aside", auth.All(read), caller(1), auth.Internal},
		{"not held", auth.All(auth.Create.On(auth.EnterpriseUser)), caller(12), auth.Forbidden},
		{"one of two required ones missing", auth.All(read, auth.Create.On(auth.EnterpriseUser)), caller(12), auth.Forbidden},
		{"one of two sufficient ones held", auth.Any(auth.Read.On(auth.ProxyUser), read), caller(12), auth.Internal},
		{"none of the sufficient ones", auth.Any(auth.Read.On(auth.ProxyUser), auth.Read.On(auth.OperatorUser)), caller(12), auth.Forbidden},
		{"a user type that is not admitted", auth.All(read).Callers(auth.Operator), caller(9), auth.WrongCaller},
		{"oneself, for now", auth.All(auth.Update.On(auth.EnterpriseUser)).OrSelf(auth.Enterprise), caller(12), auth.Internal},
		{"oneself, of another kind", auth.All(auth.Update.On(auth.OperatorUser)).OrSelf(auth.Operator), caller(12), auth.Forbidden},
	} {
		err := c.rule.Admits(c.by)
		if got := auth.KindOf(err); err == nil && c.want != auth.Internal || err != nil && got != c.want {
			t.Errorf("%s: got %v, want kind %d", c.name, err, c.want)
		}
	}
	if !(auth.Rule{}).IsZero() || auth.Public.IsZero() || auth.SignedIn.IsZero() {
		t.Error("a stated rule must not pass for none")
	}
}

func overdue(role int64, d auth.Due) *auth.Principal {
	p := caller(role)
	p.Due = d
	return p
}

func TestRefusalNamesThePrivilege(t *testing.T) {
	err := auth.All(auth.Create.On(auth.EnterpriseUser)).Allows(caller(12), acme)
	if got, want := err.Error(), "privilege [CREATE:ENTERPRISE_USER] is required for method [m]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
