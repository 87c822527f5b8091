package client_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
)

// A call that was under way when the secret was regenerated rotated it, and had the new one.
func TestRegenerationOvertakesCalls(t *testing.T) {
	for _, k := range []client.Kind{client.App, client.APIClient} {
		h := build(t)
		var c *client.Client
		var cred client.Credential
		if k == client.App {
			c, cred = h.newApp("x", 10)
		} else {
			c, cred = h.newClient("xyz", 10)
		}
		p, why := h.use(h.issue(cred, client.Request{}))
		if why != "" {
			t.Fatal(why)
		}
		if _, err := h.clients.Rotate(ctx, p, h.acme, k, c.ID, 0); err != nil {
			t.Fatalf("%v cannot rotate its secret: %v", k, err)
		}
		_, err := h.clients.Regenerate(ctx, h.admin, h.acme, k, c.ID)
		h.must(err)
		if s, err := h.clients.Rotate(ctx, p, h.acme, k, c.ID, 0); err == nil || s != "" {
			t.Errorf("%v rotated its secret after it was regenerated", k)
		}
	}
}

// An app that a partner granted something rotated its secret with a token of that grant, for its own enterprise is the partner's.
func TestRotationThroughAGrant(t *testing.T) {
	h := build(t)
	system := account.System("test")
	partner, err := h.accounts.InsertPartner(ctx, system, account.NewPartner{Name: "Northwind"})
	h.must(err)
	above, _, err := h.accounts.Tenant(ctx, auth.MSP, partner.ID)
	h.must(err)
	boss, err := h.accounts.InsertUser(ctx, system, above, account.NewUser{Username: "admin@northwind", Password: password, RoleID: auth.MSPSuperuser})
	h.must(err)
	e, err := h.accounts.InsertEnterprise(ctx, system, account.NewEnterprise{Name: "Initech", ProxyID: partner.ID})
	h.must(err)
	in, _, err := h.accounts.Tenant(ctx, auth.Enterprise, e.ID)
	h.must(err)
	app, text, err := h.clients.InsertApp(ctx, system, in, client.NewApp{Name: "x", Scope: client.Scope{RoleIDs: []int64{9}}})
	h.must(err)
	_, err = h.clients.InsertGrant(ctx, boss.Principal(call, auth.BySession, 0, time.Time{}), above, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{5}})
	h.must(err)
	cred := client.Credential{ClientID: app.ClientID, Secret: text}
	p, why := h.use(h.issue(cred, client.Request{Organisation: fmt.Sprint("partner/", partner.ID)}))
	if why != "" || !p.Sees(in) {
		t.Fatalf("%+v: %s", p, why)
	}
	if s, err := h.clients.Rotate(ctx, p, in, client.App, app.ID, 0); auth.KindOf(err) != auth.Forbidden || s != "" {
		t.Errorf("with a token of the partner's: %v", err)
	}
	p, _ = h.use(h.issue(cred, client.Request{}))
	if _, err := h.clients.Rotate(ctx, p, in, client.App, app.ID, 0); err != nil {
		t.Errorf("with one of its own organisation: %v", err)
	}
}

// An operator with an enterprise's consent made a client that could do there what he could not, and gave himself the rest.
func TestNobodyMakesMoreThanHimself(t *testing.T) {
	h := build(t)
	u, err := h.accounts.InsertUser(ctx, account.System("test"), auth.Network(), account.NewUser{Username: "op@example.com", Password: password, RoleID: auth.OperatorSuperuser})
	h.must(err)
	h.must(h.accounts.Delegate(ctx, h.admin, h.acme, auth.UsersToOperator, true))
	h.must(h.accounts.Delegate(ctx, h.admin, h.acme, auth.ToOperator, true))
	in, _, err := h.accounts.Tenant(ctx, auth.Enterprise, h.acme.ID)
	h.must(err)
	op := u.Principal(call, auth.BySession, 0, time.Time{})
	if _, _, err := h.clients.InsertAPIClient(ctx, op, in, client.NewAPIClient{ClientID: "mine", RoleIDs: []int64{9}}); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("a superuser of the enterprise, made by an operator: %v", err)
	}
	if _, _, err := h.clients.InsertAPIClient(ctx, op, in, client.NewAPIClient{ClientID: "less", RoleIDs: []int64{12}}); err != nil {
		t.Errorf("one that may less than he: %v", err)
	}
}
