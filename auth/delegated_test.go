package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
)

func names(vs []auth.Privilege) []string {
	out := []string{}
	for _, v := range vs {
		out = append(out, v.String())
	}
	return out
}

func TestPrivilegesAreThoseOfTheMatrix(t *testing.T) {
	all := names(auth.Privileges())
	for _, name := range []string{
		"CREATE:OPERATOR_USER", "UPDATE:ENTERPRISE_DELEGATION", "READ:GATEWAY_MIGRATION", "VIEW_FLOW_STATS", "EDIT_RESTRICTED_SYSTEM_PROPERTIES",
	} {
		if !slices.Contains(all, name) {
			t.Errorf("%s is missing", name)
		}
	}
	for _, name := range []string{"DELETE:OPERATOR_TOKEN", "CREATE:ENTERPRISE_DELEGATION", "READ:VIEW_FLOW_STATS"} {
		if slices.Contains(all, name) {
			t.Errorf("%s is nobody's", name)
		}
	}
	if first := all[0]; first != "CREATE:OPERATOR_USER" {
		t.Errorf("the first is %s", first)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Error("one is there twice")
	}
	if diff := cmp.Diff(all, names(auth.Privileges())); diff != "" {
		t.Error("the order changes:", diff)
	}
}

func TestDelegated(t *testing.T) {
	support := &auth.Principal{Type: auth.User, UserType: auth.Operator, Role: auth.RoleByID(3)}
	standard := &auth.Principal{Type: auth.User, UserType: auth.Operator, Role: auth.RoleByID(2)}
	partner := &auth.Principal{Type: auth.User, UserType: auth.MSP, ProxyID: 1, Role: auth.RoleByID(7)}
	own := &auth.Principal{Type: auth.User, UserType: auth.Enterprise, EnterpriseID: 1, Role: auth.RoleByID(12)}
	access := "READ:ENTERPRISE_EVENT READ:ENTERPRISE_ALERT READ:ENTERPRISE_PROFILE READ:EDGE READ:NETWORK_SERVICE READ:NETWORK_ALLOCATION READ:OBJECT_GROUP " +
		"VIEW_FLOW_STATS VIEW_PATH_STATS VIEW_FIREWALL_LOGS READ:CREDENTIAL READ:WEBHOOK"
	for _, c := range []struct {
		name  string
		by    *auth.Principal
		given auth.Delegation
		want  string
	}{
		{"nothing is delegated", standard, 0, ""},
		{"what needs no consent is not delegated", support, auth.ToProxy | auth.SensitiveToProxy, ""},
		{"access, without a partner's users", support, auth.ToOperator, access},
		{"users alone", support, auth.UsersToOperator, "READ:ENTERPRISE_USER READ:ENTERPRISE_TOKEN"},
		{"sensitive data is not for support", support, auth.SensitiveToOperator, ""},
		{"sensitive data", standard, auth.SensitiveToOperator, "VIEW_USER_IDENTIFIABLE_FLOW_STATS"},
		{"the partner", partner, auth.ToProxy, "READ:ENTERPRISE_USER READ:ENTERPRISE_TOKEN " + access},
		{"the operator's consents are not the partner's", partner, auth.ToOperator | auth.UsersToOperator | auth.SensitiveToOperator, ""},
		{"one's own", own, 0, "READ:ENTERPRISE READ:ENTERPRISE_USER READ:ENTERPRISE_EVENT READ:ENTERPRISE_ALERT READ:ENTERPRISE_SCOPED_ROLE READ:ENTERPRISE_PROFILE " +
			"READ:EDGE READ:INVENTORY READ:NETWORK_SERVICE READ:NETWORK_ALLOCATION READ:OBJECT_GROUP VIEW_FLOW_STATS VIEW_FIREWALL_LOGS READ:CREDENTIAL"},
	} {
		got := names(c.by.Delegated(auth.Tenant{Type: auth.Enterprise, ID: 1, ProxyID: 1, Delegated: c.given}))
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	stranger := auth.Tenant{Type: auth.Enterprise, ID: 2, ProxyID: 2, Delegated: auth.ToProxy}
	if got := partner.Delegated(stranger); len(got) > 0 {
		t.Errorf("another partner's enterprise: %v", got)
	}
}
