package portal_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// A fieldGroup is what one row of the table of who changes whom is about: what is sent, and what changes by it.
type fieldGroup struct {
	update func(of *account.User) string // the members of _update
	fields string
	alone  bool // what changes decides what else can be changed, or ends sessions
}

func always(update string) func(*account.User) string {
	return func(*account.User) string { return update }
}

var fieldGroups = map[string]fieldGroup{
	"names":     {always(`"firstName":"F","lastName":"L","officePhone":"1","mobilePhone":"2"`), "firstName lastName officePhone mobilePhone", false},
	"domain":    {always(`"domain":"d.example"`), "domain", false},
	"email":     {always(`"email":"e@mail.example"`), "email", false},
	"password":  {always(`"password":"another horse 2","password2":"another horse 2"`), "password", true},
	"role":      {func(u *account.User) string { return fmt.Sprintf(`"roleId":%d`, weakest(u)) }, "role", true},
	"superrole": {func(u *account.User) string { return fmt.Sprintf(`"roleId":%d`, strengths[u.Type][0]) }, "role", true},
	"active":    {always(`"isActive":false`), "active", true},
	"locked":    {always(`"isLocked":true`), "locked", true},
	"username":  {func(u *account.User) string { return fmt.Sprintf(`"username":"another%d"`, u.ID) }, "username", true},
	"native":    {always(`"isNative":0`), "password native", true},
	"factor":    {always(`"disableSecondFactor":1`), "factor", false},
	"access":    {always(`"accessLevel":"PRIVILEGED"`), "access", false},
	"ssh":       {always(`"sshUsername":"root"`), "ssh", false},
	"bastion":   {always(""), "bastion", false},
}

// strengths are the roles of each type of user, the strongest first.
var strengths = map[auth.UserType][]int64{auth.Operator: {1, 2, 4, 3}, auth.MSP: {5, 6, 8, 7}, auth.Enterprise: {9, 10, 11, 12}}

// weakest is the weakest role that is not the user's.
func weakest(u *account.User) int64 {
	all := strengths[u.Type]
	if u.RoleID == all[3] {
		return all[2]
	}
	return all[3]
}

// whatChanged names the fields in which two states of a user differ.
func whatChanged(a, b *account.User) string {
	var out []string
	add := func(name string, differs bool) {
		if differs {
			out = append(out, name)
		}
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	add("firstName", text(a.Fields.FirstName) != text(b.Fields.FirstName))
	add("lastName", text(a.Fields.LastName) != text(b.Fields.LastName))
	add("officePhone", text(a.Fields.OfficePhone) != text(b.Fields.OfficePhone))
	add("mobilePhone", text(a.Fields.MobilePhone) != text(b.Fields.MobilePhone))
	add("domain", text(a.Fields.Domain) != text(b.Fields.Domain))
	add("email", text(a.Fields.Email) != text(b.Fields.Email))
	add("password", a.Password != b.Password)
	add("role", a.RoleID != b.RoleID)
	add("active", a.IsActive != b.IsActive)
	add("locked", a.IsLocked != b.IsLocked)
	add("username", a.Username != b.Username)
	add("native", a.NonNative != b.NonNative)
	add("factor", a.DisableSecondFactor != b.DisableSecondFactor)
	add("access", a.Privileged != b.Privileged)
	add("ssh", text(a.Fields.SSHUsername) != text(b.Fields.SSHUsername))
	add("bastion", a.Bastion != b.Bastion)
	return strings.Join(out, " ")
}

// second is the other user of a role in its tenant.
func second(who string) string {
	name, tenant, at := strings.Cut(who, "@")
	if !at {
		return name + "2"
	}
	return name + "2@" + tenant
}

// targets are whom the columns of the table mean for a caller of that role, "" for nobody.
func targets(role int) map[string]string {
	who, t := actors[role-1], auth.RoleByID(int64(role)).UserType
	all := strengths[t]
	rank := slices.Index(all, int64(role))
	to := map[string]string{"self": who, "same": second(who), "below": "clerk@hooli", "given": "clerk@globex", "boss": "admin@globex"}
	if rank > 0 {
		to["higher"] = actors[all[rank-1]-1]
	}
	if rank < 3 {
		to["lower"] = actors[all[rank+1]-1]
	}
	switch t {
	case auth.MSP:
		to["foreign"] = "admin@southwind"
	case auth.Enterprise:
		to["foreign"] = "admin@globex"
		delete(to, "below")
		delete(to, "given")
		delete(to, "boss")
	}
	return to
}

// neighbourhood is the stage with a second user of the role, Globex's consent to everything, and Hooli, another customer of
// Northwind's, which has consented to nothing.
func neighbourhood(t *testing.T, role int) *house {
	t.Helper()
	h := build(t)
	ctx, by := context.Background(), account.System("test")
	add := func(in auth.Tenant, name string, role int64) {
		_, err := h.accounts.InsertUser(ctx, by, in, account.NewUser{Username: name, Password: password, RoleID: role})
		must(t, err)
	}
	who := h.find(t, actors[role-1])
	add(tenant(t, h, who.Type, who.TenantID()), second(who.Username), who.RoleID)
	add(auth.Network(), "super3", auth.OperatorSuperuser) // the last one of a tenant could not be changed
	add(tenant(t, h, auth.Enterprise, 1), "admin3@acme", auth.EnterpriseSuperuser)
	add(tenant(t, h, auth.Enterprise, 2), "admin3@globex", auth.EnterpriseSuperuser)
	add(tenant(t, h, auth.MSP, 1), "admin3@northwind", auth.MSPSuperuser)
	hooli, err := h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: "Hooli", ProxyID: 1})
	must(t, err)
	add(tenant(t, h, auth.Enterprise, hooli.ID), "clerk@hooli", 12)
	add(tenant(t, h, auth.Enterprise, 2), "clerk@globex", 11)
	for _, d := range []auth.Delegation{auth.ToOperator, auth.UsersToOperator, auth.ToProxy} {
		must(t, h.accounts.Delegate(ctx, h.admin(t, "admin@globex"), tenant(t, h, auth.Enterprise, 2), d, true))
	}
	h.anyMode(t) // in which users need not be native
	return h
}

func (h *house) find(t *testing.T, name string) *account.User {
	t.Helper()
	u, _, err := h.accounts.FindUser(context.Background(), account.System("test"), 0, name)
	if err != nil || u == nil {
		t.Fatalf("%s: %v, %v", name, u, err)
	}
	return u
}

// try makes one call that would change the fields of a user and answers the cell that this is in the table.
func (h *house) try(t *testing.T, as http.Header, field string, of *account.User) string {
	t.Helper()
	group := fieldGroups[field]
	cell := h.change(t, as, field, group, of, "")
	if cell != "-32602" {
		return cell
	}
	if cell = h.change(t, as, field, group, of, `"currentPassword":"wrong horse 1",`); cell != "-32602" {
		return "a wrong current password: " + cell
	}
	if cell = h.change(t, as, field, group, of, `"currentPassword":"`+password+`",`); cell != "y" {
		return "with the current password: " + cell
	}
	return "c"
}

func (h *house) change(t *testing.T, as http.Header, field string, group fieldGroup, of *account.User, proof string) string {
	t.Helper()
	method := map[auth.UserType]string{
		auth.Operator: "operatorUser/updateOperatorUser", auth.MSP: "enterpriseProxy/updateEnterpriseProxyUser", auth.Enterprise: "enterpriseUser/updateEnterpriseUser",
	}[of.Type]
	params := fmt.Sprintf(`{"id":%d,%s"_update":{%s}}`, of.ID, proof, group.update(of))
	if field == "bastion" {
		method, params = "operatorUser/setOperatorUserBastionState", fmt.Sprintf(`{"operatorUserId":%d,"bastionState":"STAGE_REQUESTED"}`, of.ID)
	}
	r := h.call(as, method, params)
	after, _, err := h.accounts.FindUser(context.Background(), account.System("test"), of.ID, "")
	must(t, err)
	changed := whatChanged(of, after)
	cell, known := map[int]string{-32002: "p", -32007: "i", -32003: "t", -32602: "-32602"}[r.Code]
	switch {
	case r.Code != 0 && changed != "":
		return fmt.Sprintf("%v, and yet %s changed", r, changed)
	case known:
		return cell
	case r.Code != 0:
		return r.String()
	case string(r.Result) == `{"rows":0}` && changed == "":
		return "0"
	case string(r.Result) == `{"rows":1}` && changed == "":
		return "."
	case string(r.Result) == `{"rows":1}` && changed == group.fields:
		return "y"
	}
	return fmt.Sprintf("%v, and %q changed", r, changed)
}

// TestWhoChangesWhat holds what happens over the wire against the table that was written by hand.
func TestWhoChangesWhat(t *testing.T) {
	b, err := os.ReadFile("testdata/whochanges.table")
	must(t, err)
	seen := 0
	for block := range strings.SplitSeq(string(b), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		if strings.HasPrefix(lines[0], "#") {
			continue
		}
		const left = 27 // the width of the first column
		name := strings.TrimSpace(lines[0][:left])
		role := 1 + slices.IndexFunc(auth.Roles, func(r *auth.Role) bool { return r.Name == name })
		rows := map[string][]string{}
		for _, line := range lines[1:] {
			for _, field := range strings.Fields(line[:left]) {
				rows[field] = strings.Fields(line[left:])
				seen += len(rows[field])
			}
		}
		if !maps.EqualFunc(rows, fieldGroups, func([]string, fieldGroup) bool { return true }) {
			t.Errorf("%s: the table has not the rows of the test", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRows(t, role, strings.Fields(lines[0][left:]), rows)
		})
	}
	if want := len(auth.Roles) * len(fieldGroups) * 8; seen != want {
		t.Errorf("the table has %d cells, want %d", seen, want)
	}
}

func checkRows(t *testing.T, role int, columns []string, rows map[string][]string) {
	h := neighbourhood(t, role)
	as := h.session(t, actors[role-1])
	for field, cells := range rows {
		if !fieldGroups[field].alone {
			h.checkRow(t, as, role, field, columns, cells)
			continue
		}
		apart := neighbourhood(t, role)
		apart.checkRow(t, apart.session(t, actors[role-1]), role, field, columns, cells)
	}
}

func (h *house) checkRow(t *testing.T, as http.Header, role int, field string, columns, cells []string) {
	t.Helper()
	to := targets(role)
	for i, column := range slices.Backward(columns) { // himself last: that may end his session
		got := "-"
		if who := to[column]; who != "" {
			got = h.try(t, as, field, h.find(t, who))
		}
		if got != cells[i] {
			t.Errorf("%s of %s (%s): %s, want %s", field, column, to[column], got, cells[i])
		}
	}
}
