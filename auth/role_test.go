package auth_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
)

// facts are the sentences of the product guides that the matrix must keep, in words of their own.
var facts = []struct {
	role string
	may  string // actions on the object, of C R U D
	what auth.Object
}{
	{"Operator Superuser", "CRUD", auth.OperatorUser},
	{"Operator Standard Admin", "R", auth.OperatorUser},
	{"Operator Business", "", auth.SystemProperty},
	{"Operator Support", "R", auth.SystemProperty},
	{"Operator Superuser", "CRUD", auth.SystemProperty},
	{"Operator Standard Admin", "CRUD", auth.EnterpriseObject},
	{"Operator Business", "RUD", auth.EnterpriseObject},
	{"MSP Superuser", "", auth.OperatorUser},
	{"MSP Superuser", "CRU", auth.ProxyToken},
	{"MSP Business", "", auth.ProxyToken},
	{"Enterprise Superuser", "CRU", auth.EnterpriseToken},
	{"Enterprise Standard Admin", "CRU", auth.EnterpriseToken},
	{"Enterprise Support", "CRU", auth.EnterpriseToken},
	{"Enterprise Read Only", "", auth.EnterpriseToken},
	{"Enterprise Superuser", "CRUD", auth.EnterpriseUser},
	{"Enterprise Standard Admin", "R", auth.EnterpriseUser},
	{"Enterprise Superuser", "U", auth.EnterpriseDelegation},
	{"Operator Superuser", "", auth.EnterpriseDelegation},
}

var letters = map[string]auth.Action{"C": auth.Create, "R": auth.Read, "U": auth.Update, "D": auth.Delete}

func roleNamed(t *testing.T, name string) *auth.Role {
	t.Helper()
	for _, r := range auth.Roles {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no role %q", name)
	return nil
}

func TestRolesKeepTheGuides(t *testing.T) {
	for _, f := range facts {
		r := roleNamed(t, f.role)
		for letter, action := range letters {
			if got, want := r.Grants(action.On(f.what)), strings.Contains(f.may, letter); got != want {
				t.Errorf("%s, %s: got %v, want %v", f.role, action.On(f.what), got, want)
			}
		}
	}
}

func TestRoleNumbersAndRanks(t *testing.T) {
	for i, r := range auth.Roles {
		if r.ID != int64(i+1) || auth.RoleByID(r.ID) != r {
			t.Errorf("%s has number %d at place %d", r.Name, r.ID, i+1)
		}
		if r.IsSuper != strings.HasSuffix(r.Name, "Superuser") || r.IsSuper != (r.Precedence == 1) {
			t.Errorf("%s: super %v, precedence %d", r.Name, r.IsSuper, r.Precedence)
		}
		if want := r.Name == "Enterprise Read Only" || r.Name == "MSP Business"; r.TakesTokens() == want {
			t.Errorf("%s: API tokens %v, no tokens wanted %v", r.Name, r.TakesTokens(), want)
		}
	}
	if auth.RoleByID(0) != nil || auth.RoleByID(13) != nil {
		t.Error("there are roles 0 or 13")
	}
}

// TestMatrixIsTheReference compares every cell with the reference's table, where that is at hand.
func TestMatrixIsTheReference(t *testing.T) {
	doc, err := os.ReadFile("../../shared/reference/portal.md")
	if err != nil {
		t.Skip("the reference document is not here: cells are not compared")
	}
	columns := strings.Fields("OSU OSA OBU OSP MSU MSA MBU MSP ESU ESA ESP ERO")
	order := []int64{1, 2, 4, 3, 5, 6, 8, 7, 9, 10, 11, 12}
	row := regexp.MustCompile(`(?m)^\| \(?([A-Z_]+)\)? \|((?: [^|]+ \|){12}) [^|]+\|$`)
	rows := row.FindAllStringSubmatch(string(doc), -1)
	if len(rows) < 40 {
		t.Fatalf("found %d rows in the reference", len(rows))
	}
	for _, m := range rows {
		if m[1] == "OSU" {
			continue
		}
		for i, cell := range strings.Split(strings.TrimSuffix(m[2], "|"), "|") {
			checkCell(t, auth.RoleByID(order[i]), columns[i], auth.Object(m[1]), strings.TrimSpace(cell))
		}
	}
}

func checkCell(t *testing.T, r *auth.Role, column string, o auth.Object, cell string) {
	t.Helper()
	what, when, _ := strings.Cut(cell, " ")
	for letter, action := range letters {
		want := what != "yes" && strings.Contains(what, letter)
		if got := r.Grants(action.On(o)); got != want {
			t.Errorf("%s %s: got %v, the reference says %q", column, action.On(o), got, cell)
		}
	}
	if what == "yes" != r.Grants(auth.Do(string(o))) {
		t.Errorf("%s %s: the reference says %q", column, o, cell)
	}
	v := auth.Read.On(o)
	if what == "yes" {
		v = auth.Do(string(o))
	}
	if needs := r.Needs(v, auth.Enterprise) != 0; what != "-" && needs != (when != "") {
		t.Errorf("%s %s: needs delegation %v, the reference says %q", column, o, needs, cell)
	}
}

// TestOpens holds what a consent gives away against the matrix's d columns, by hand for a few.
func TestOpens(t *testing.T) {
	for _, c := range []struct {
		consent auth.Delegation
		of      auth.UserType
		opens   auth.Privilege
		want    bool
	}{
		{auth.ToOperator, auth.Enterprise, auth.Read.On(auth.EnterpriseEvent), true},
		{auth.ToOperator, auth.Enterprise, auth.Read.On(auth.EnterpriseUser), false},
		{auth.UsersToOperator, auth.Enterprise, auth.Create.On(auth.EnterpriseUser), true},
		{auth.UsersToOperator, auth.Enterprise, auth.Update.On(auth.EnterpriseToken), true},
		{auth.UsersToOperator, auth.Enterprise, auth.Update.On(auth.UserGroup), true},
		{auth.ToOperator, auth.Enterprise, auth.Update.On(auth.Credential), true},
		{auth.ToProxy, auth.Enterprise, auth.Create.On(auth.EnterpriseUser), true},
		{auth.ToProxy, auth.Enterprise, auth.Do("VIEW_FLOW_STATS"), true},
		{auth.ToProxy, auth.Enterprise, auth.Do("VIEW_USER_IDENTIFIABLE_FLOW_STATS"), false},
		{auth.SensitiveToProxy, auth.Enterprise, auth.Do("VIEW_USER_IDENTIFIABLE_FLOW_STATS"), true},
		{auth.SensitiveToOperator, auth.Enterprise, auth.Do("VIEW_USER_IDENTIFIABLE_FLOW_STATS"), true},
		{auth.ToOperator, auth.MSP, auth.Delete.On(auth.ProxyUser), true},
		{auth.ToOperator, auth.MSP, auth.Read.On(auth.ProxyToken), false},
		{auth.ToOperator, auth.Enterprise, auth.Read.On(auth.EnterpriseObject), false},
	} {
		if got := slices.Contains(c.consent.Opens(c.of), c.opens); got != c.want {
			t.Errorf("consent %d of %s opens %s: %v, want %v", c.consent, c.of, c.opens, got, c.want)
		}
	}
}

// TestFunctionsMakeTheRoles: what a customization takes from a function is gone from every role that it is part of, so the
// functions of a predefined role must be its column of the matrix, no more and no less, and a number must stay with its
// privilege.
func TestFunctionsMakeTheRoles(t *testing.T) {
	seen := map[int64]bool{}
	for _, f := range auth.Functions {
		if seen[f.ID] || auth.FunctionByID(f.ID) != f {
			t.Errorf("function %d is there twice", f.ID)
		}
		seen[f.ID] = true
	}
	for _, r := range auth.Roles {
		for _, p := range r.Parts {
			if p.UserType != r.UserType || p.IsSuper != r.IsSuper || p.Precedence != r.Precedence {
				t.Errorf("%s has the function %s", r.Name, p.Name)
			}
		}
	}
	numbers := map[string]int64{
		"CREATE:OPERATOR_USER": 11, "READ:ENTERPRISE_USER": 202, "DELETE:EDGE": 284, "VIEW_FLOW_STATS": 390,
		"EDIT_RESTRICTED_SYSTEM_PROPERTIES": 470, "CREATE:OAUTH_APP": 481, "READ:CREDENTIAL": 502, "DELETE:USER_GROUP": 514,
		"UPDATE:WEBHOOK": 523,
	}
	for _, v := range auth.Privileges() {
		if back, ok := auth.PrivilegeByNumber(v.Number()); !ok || back != v {
			t.Errorf("%s has number %d, which is that of %s", v, v.Number(), back)
		}
		if want, ok := numbers[v.String()]; ok && want != v.Number() {
			t.Errorf("%s has number %d, want %d", v, v.Number(), want)
		}
		delete(numbers, v.String())
	}
	if len(numbers) > 0 {
		t.Errorf("not there: %v", numbers)
	}
}

// TestCustomizationsDecideInOrder: the nearest tenant decides about a privilege that it names, the next one about the others.
func TestCustomizationsDecideInOrder(t *testing.T) {
	read, update := auth.Read.On(auth.EnterpriseUser), auth.Update.On(auth.EnterpriseObject)
	far := &auth.Customization{ID: 1, Level: auth.Operator, Deny: []auth.Privilege{read, update}}
	near := &auth.Customization{ID: 2, Level: auth.Enterprise, Allow: []auth.Privilege{update}}
	r := *auth.RoleByID(10)
	r.Parts = slices.Clone(r.Parts)
	for i := range r.Parts {
		r.Parts[i].Customizations = []*auth.Customization{near, far}
	}
	if f := r.Find(update); !f.Held || f.Customization != near {
		t.Errorf("what the nearest allows: %+v", f)
	}
	if f := r.Find(read); f.Held || f.Customization != far {
		t.Errorf("what the operator denies: %+v", f)
	}
	if f := r.Find(auth.Read.On(auth.EnterpriseObject)); !f.Held || f.Customization != nil {
		t.Errorf("what nobody names: %+v", f)
	}
	if !auth.RoleByID(10).Covers(auth.RoleByID(11)) || r.Covers(auth.RoleByID(11)) {
		t.Error("a role without READ:ENTERPRISE_USER covers one with it, or the predefined one does not")
	}
}
