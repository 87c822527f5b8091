package auth_test

import (
	"os"
	"regexp"
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
		if want := r.Name == "Enterprise Read Only" || r.Name == "MSP Business"; r.NoAPITokens != want {
			t.Errorf("%s: no API tokens %v, want %v", r.Name, r.NoAPITokens, want)
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
