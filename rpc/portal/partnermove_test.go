package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// caller is a user as he was when a call of his began.
func (h *house) caller(t *testing.T, name string) *auth.Principal {
	t.Helper()
	return h.find(t, name).Principal(auth.Call{Method: "test"}, auth.BySession, 0, time.Time{})
}

// A call of the old partner that began before the move writes nothing after it: the tenant that it has found is out of date.
func TestMoveOvertakesTheOldPartner(t *testing.T) {
	ctx := context.Background()
	for name, write := range map[string]func(a *account.Accounts, by *auth.Principal, in auth.Tenant) error{
		"property": func(a *account.Accounts, by *auth.Principal, in auth.Tenant) error {
			_, err := a.SetTenantProperty(ctx, by, in, "colour", account.TenantPropertyUpdate{Value: "red"})
			return err
		},
		"fields": func(a *account.Accounts, by *auth.Principal, in auth.Tenant) error {
			_, err := a.UpdateEnterprise(ctx, by, in, nil, account.EnterpriseFields{Timezone: new("UTC")})
			return err
		},
		"bastion": func(a *account.Accounts, by *auth.Principal, in auth.Tenant) error {
			return a.MoveEnterpriseBastion(ctx, by, in, account.Stage)
		},
		"user": func(a *account.Accounts, by *auth.Principal, in auth.Tenant) error {
			_, err := a.InsertUser(ctx, by, in, account.NewUser{Username: "late@globex", Password: password, RoleID: 12})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			h.good(t, h.session(t, "admin@globex"), "role/setEnterpriseDelegatedToEnterpriseProxy", `{"isDelegated":true}`, nil)
			by, in := h.caller(t, "admin@northwind"), tenant(t, h, auth.Enterprise, 2)
			h.good(t, h.session(t, "super"), "network/assignEnterpriseToEnterpriseProxy", `{"enterpriseId":2,"enterpriseProxyId":2}`, nil)
			if err := write(h.accounts, by, in); auth.KindOf(err) != auth.NotFound && auth.KindOf(err) != auth.Forbidden {
				t.Errorf("after the move: %v", err)
			}
			page, err := h.accounts.Events(ctx, in, account.EventQuery{Limit: 1})
			must(t, err)
			if page.Events[0].Name != "ENTERPRISE_DISABLE_PROXY_ACCESS" {
				t.Errorf("the last event is %+v", page.Events[0])
			}
		})
	}
}

// While the old partner writes, the move happens between two of his writes: none of them lies behind it.
func TestMoveWhileTheOldPartnerWrites(t *testing.T) {
	h := build(t)
	super, north := h.session(t, "super"), h.session(t, "std@northwind")
	in := tenant(t, h, auth.Enterprise, 2)
	for i, r := range together(64, func(i int) reply {
		if i == 20 {
			return h.call(super, "network/assignEnterpriseToEnterpriseProxy", `{"enterpriseId":2,"enterpriseProxyId":2}`)
		}
		return h.call(north, "enterprise/insertOrUpdateEnterpriseProperty", fmt.Sprintf(`{"enterpriseId":2,"name":"p%d","value":"x"}`, i))
	}) {
		if r.Code != 0 && (i == 20 || r.Code != -32004) {
			t.Errorf("call %d: %v", i, r)
		}
	}
	moved := h.told(t, in, "ASSIGN_ENTERPRISE_TO_PROXY")
	if len(moved) != 1 {
		t.Fatalf("%d moves", len(moved))
	}
	for _, e := range h.told(t, in, "UPDATE_ENTERPRISE_PROPERTY") {
		if e.ID > moved[0].ID {
			t.Errorf("%s wrote behind the move", e.Actor)
		}
	}
}

// Of moves at once to several owners one comes last, and the records tell of each: whoever got the enterprise lost it, but the last.
func TestManyMoves(t *testing.T) {
	h := build(t)
	super := h.session(t, "super")
	for i, r := range together(60, func(i int) reply {
		if i%3 == 0 {
			return h.call(super, "network/unassignEnterpriseFromEnterpriseProxy", `{"enterpriseId":2}`)
		}
		return h.call(super, "network/assignEnterpriseToEnterpriseProxy", fmt.Sprintf(`{"enterpriseId":2,"enterpriseProxyId":%d}`, i%3))
	}) {
		if r.Code != 0 {
			t.Fatalf("call %d: %v", i, r)
		}
	}
	owner := tenant(t, h, auth.Enterprise, 2).ProxyID
	for id := int64(1); id <= 2; id++ {
		in := tenant(t, h, auth.MSP, id)
		has := len(h.told(t, in, "ASSIGN_ENTERPRISE_TO_PROXY")) - len(h.told(t, in, "UNASSIGN_ENTERPRISE_FROM_PROXY"))
		if id == 1 {
			has++ // it was his at first
		}
		if (has == 1) != (owner == id) || has < 0 || has > 1 {
			t.Errorf("by its record partner %d has it %d times; the owner is %d", id, has, owner)
		}
	}
}

// Consent to one partner, given while the enterprise is moved, is none to the other.
func TestMoveOvertakesConsent(t *testing.T) {
	h := build(t)
	by, in := h.caller(t, "admin@globex"), tenant(t, h, auth.Enterprise, 2)
	h.good(t, h.session(t, "super"), "network/assignEnterpriseToEnterpriseProxy", `{"enterpriseId":2,"enterpriseProxyId":2}`, nil)
	for _, which := range []auth.Delegation{auth.ToProxy, auth.SensitiveToProxy} {
		if err := h.accounts.Delegate(context.Background(), by, in, which, true); auth.KindOf(err) != auth.Conflict {
			t.Errorf("consent %d: %v", which, err)
		}
	}
	must(t, h.accounts.Delegate(context.Background(), by, in, auth.ToOperator, true))
	if d := tenant(t, h, auth.Enterprise, 2).Delegated; d != auth.ToOperator {
		t.Errorf("delegated: %b", d)
	}
}

// A move withdraws both consents to the partner and tells of each; the partners' records name no other partner.
func TestMoveWithdrawsConsents(t *testing.T) {
	h := build(t)
	by, in := h.caller(t, "admin@globex"), tenant(t, h, auth.Enterprise, 2)
	all := []auth.Delegation{auth.ToOperator, auth.UsersToOperator, auth.SensitiveToOperator, auth.ToProxy, auth.SensitiveToProxy}
	for _, which := range all {
		must(t, h.accounts.Delegate(context.Background(), by, in, which, true))
	}
	h.good(t, h.session(t, "super"), "network/assignEnterpriseToEnterpriseProxy", `{"enterpriseId":2,"enterpriseProxyId":2}`, nil)
	if d := tenant(t, h, auth.Enterprise, 2).Delegated; d != auth.ToOperator|auth.UsersToOperator|auth.SensitiveToOperator {
		t.Errorf("delegated: %b", d)
	}
	for _, name := range []string{"ENTERPRISE_DISABLE_PROXY_ACCESS", "ENTERPRISE_DISABLE_VIEW_SENSITIVE_DATA"} {
		if e := h.told(t, in, name); len(e) != 1 || e[0].Actor != "super" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for id, name := range map[int64]string{1: "UNASSIGN_ENTERPRISE_FROM_PROXY", 2: "ASSIGN_ENTERPRISE_TO_PROXY"} {
		e := h.told(t, tenant(t, h, auth.MSP, id), name)
		if len(e) != 1 || e[0].EnterpriseID != 2 || e[0].EnterpriseName != "Globex" {
			t.Fatalf("%s: %+v", name, e)
		}
		var detail map[string]any
		must(t, json.Unmarshal(e[0].Detail, &detail))
		if detail["from"] != nil || detail["to"] != nil {
			t.Errorf("%s tells %s", name, e[0].Detail)
		}
	}
}
