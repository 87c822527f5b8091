package portal_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
)

// What is done to a partner and its users stands in the partner's record; consent that is there already is no event.
func TestPartnerEvents(t *testing.T) {
	h := build(t)
	admin, in := h.session(t, "admin@northwind"), tenant(t, h, auth.MSP, 1)
	const consent = "role/setEnterpriseProxyDelegatedToOperator"
	h.good(t, admin, consent, `{"isDelegated":true}`, nil)
	h.good(t, admin, consent, `{"isDelegated":true}`, nil)
	var made struct{ ID int64 }
	h.good(t, h.session(t, "super"), "enterpriseProxy/insertEnterpriseProxyUser", `{"enterpriseProxyId":1,"username":"new@northwind","password":"correct horse 1","roleId":6}`, &made)
	h.good(t, admin, "enterpriseProxy/updateEnterpriseProxyUser", `{"username":"new@northwind","_update":{"roleId":7}}`, nil)
	h.good(t, admin, "enterpriseProxy/deleteEnterpriseProxyUser", `{"username":"new@northwind"}`, nil)
	h.good(t, admin, consent, `{"isDelegated":false}`, nil)
	for name, actor := range map[string]string{
		"PROXY_ENABLE_OPERATOR_ACCESS": "admin@northwind", "PROXY_DISABLE_OPERATOR_ACCESS": "admin@northwind",
		"UPDATE_USER": "admin@northwind", "DELETE_USER": "admin@northwind",
	} {
		if e := h.told(t, in, name); len(e) != 1 || e[0].Actor != actor {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := h.told(t, in, "CREATE_USER"); len(e) != 5 || e[0].Actor != "super" { // the others are the stage's
		t.Errorf("CREATE_USER: %+v", e)
	}
}

// Of many who make a partner, or give one enterprise a name, at once, one wins, and no loser leaves an admin behind.
func TestOnePartnerOfAName(t *testing.T) {
	h := build(t)
	super, north := h.session(t, "super"), h.session(t, "admin@northwind")
	for method, as := range map[string]http.Header{
		"enterpriseProxy/insertEnterpriseProxy": super, "enterpriseProxy/insertEnterpriseProxyEnterprise": north,
	} {
		won, kind := 0, strings.ToLower(method[len("enterpriseProxy/insert"):])
		for i, r := range together(16, func(i int) reply {
			return h.call(as, method, fmt.Sprintf(`{"name":"One","user":{"username":"admin%d@%s","password":"correct horse 1"}}`, i, kind))
		}) {
			exists, err := h.accounts.Exists(context.Background(), fmt.Sprintf("admin%d@%s", i, kind))
			must(t, err)
			switch {
			case r.Code == 0 && exists:
				won++
			case r.Code != -32006 || exists:
				t.Errorf("%s: %v, with an admin: %v", method, r, exists)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d of one name", method, won)
		}
	}
}
