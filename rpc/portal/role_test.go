package portal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// customize denies a privilege to a function for Acme's users.
func (h *house) customize(t *testing.T, function int64, deny auth.Privilege) {
	t.Helper()
	in := tenant(t, h, auth.Enterprise, 1)
	must(t, h.accounts.Customize(context.Background(), h.caller(t, "admin@acme"), in, "",
		account.RoleChange{FunctionID: function, Deny: []auth.Privilege{deny}}))
}

// TestChangeRestsOnRightsOfItsOwnTransaction: a call that began before a privilege was withdrawn changes nothing after it.
func TestChangeRestsOnRightsOfItsOwnTransaction(t *testing.T) {
	h := build(t)
	ctx, in := context.Background(), tenant(t, h, auth.Enterprise, 1)
	by := h.caller(t, "ops@acme")
	city := "Basel"
	update := func() error {
		_, err := h.accounts.UpdateEnterprise(ctx, by, in, nil, account.EnterpriseFields{Contact: account.Contact{City: &city}})
		return err
	}
	must(t, update())
	h.customize(t, 125, auth.Read.On(auth.EnterpriseUser)) // not a function of his
	city = "Bern"
	must(t, update())
	h.customize(t, 123, auth.Update.On(auth.EnterpriseObject))
	city = "Chur"
	if err := update(); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("after the privilege was withdrawn: %v", err)
	}
	e, _, err := h.accounts.Enterprise(ctx, by, 1)
	must(t, err)
	if *e.Fields.City != "Bern" {
		t.Errorf("the city is %s", *e.Fields.City)
	}
}

// TestCustomizationsThatAreSeen: who names no tenant has those of his own and of those below it, by number and in pages, whatever
// others have between them.
func TestCustomizationsThatAreSeen(t *testing.T) {
	h := build(t)
	ctx := context.Background()
	for i, in := range []auth.Tenant{tenant(t, h, auth.Enterprise, 2), tenant(t, h, auth.Enterprise, 3), tenant(t, h, auth.MSP, 1),
		tenant(t, h, auth.MSP, 2), tenant(t, h, auth.Enterprise, 1), tenant(t, h, auth.Enterprise, 2), auth.Network()} {
		must(t, h.accounts.Customize(ctx, h.caller(t, "super"), in, "", account.RoleChange{
			FunctionID: 123 + 2*int64(i%3), Deny: []auth.Privilege{auth.Read.On(auth.EnterpriseUser)},
		}))
	}
	for _, c := range []struct{ who, level, want string }{
		{"admin@northwind", "ALL", "[1 3 6]"}, {"admin@northwind", "ENTERPRISE", "[1 6]"}, {"admin@northwind", "PARTNER", "[3]"},
		{"admin@southwind", "ALL", "[2 4]"}, {"admin@globex", "ALL", "[1 6]"}, {"admin@globex", "PARTNER", "[]"},
		{"super", "ALL", "[1 2 3 4 5 6 7]"}, {"super", "ENTERPRISE", "[1 2 5 6]"}, {"super", "PARTNER", "[3 4]"}, {"super", "NETWORK", "[7]"},
	} {
		as := h.session(t, c.who)
		ids, next := []int64{}, ""
		for more := true; more; {
			var page struct {
				MetaData struct {
					More         bool
					NextPageLink string
				}
				Data []struct{ ID int64 }
			}
			h.good(t, as, "role/getRoleCustomizations", fmt.Sprintf(`{"roleCustomizationLevel":%q,"limit":1,"nextPageLink":%q}`, c.level, next), &page)
			for _, row := range page.Data {
				ids = append(ids, row.ID)
			}
			more, next = page.MetaData.More, page.MetaData.NextPageLink
		}
		if got := fmt.Sprint(ids); got != c.want {
			t.Errorf("%s sees %s of %s, want %s", c.who, got, c.level, c.want)
		}
	}
}

// A partner's role could not be deleted as long as the users of a customer who had it, and had gone himself, were not swept.
func TestRoleOfUsersInAGrave(t *testing.T) {
	h := build(t)
	ctx, in := context.Background(), tenant(t, h, auth.MSP, 1)
	by := h.caller(t, "admin@northwind")
	r, err := h.accounts.InsertCustomRole(ctx, by, in, account.NewCustomRole{UserType: auth.Enterprise, Name: "r", Functions: []int64{127}})
	must(t, err)
	globex := tenant(t, h, auth.Enterprise, 2)
	_, err = h.accounts.InsertUser(ctx, h.caller(t, "admin@globex"), globex, account.NewUser{Username: "clerk@globex", Password: password, RoleID: r.ID})
	must(t, err)
	if _, err := h.accounts.DeleteCustomRoles(ctx, by, in, []int64{r.ID}); auth.KindOf(err) != auth.Conflict {
		t.Errorf("somebody has it: %v", err)
	}
	_, err = h.accounts.DeleteEnterprise(ctx, account.System("test"), globex)
	must(t, err)
	if n, err := h.accounts.DeleteCustomRoles(ctx, by, in, []int64{r.ID}); n != 1 || err != nil {
		t.Errorf("he is in a grave: %d, %v", n, err)
	}
	must(t, h.tokens.Sweep(ctx))
}

// TestRoleIsDeletedOrHad: of the deletion of a role and its being given to somebody at the same time, one is refused.
func TestRoleIsDeletedOrHad(t *testing.T) {
	h := build(t)
	ctx, in := context.Background(), tenant(t, h, auth.Enterprise, 1)
	by := h.caller(t, "admin@acme")
	for i := range 50 {
		r, err := h.accounts.InsertCustomRole(ctx, by, in, account.NewCustomRole{UserType: auth.Enterprise, Name: fmt.Sprint("r", i), Functions: []int64{127}})
		must(t, err)
		var gone, had error
		var wg sync.WaitGroup
		wg.Go(func() { _, gone = h.accounts.DeleteCustomRoles(ctx, by, in, []int64{r.ID}) })
		wg.Go(func() {
			_, had = h.accounts.UpdateUser(ctx, by, auth.Update.On(auth.EnterpriseUser), 0, "support@acme", account.UserUpdate{RoleID: &r.ID})
		})
		wg.Wait()
		if (gone == nil) == (had == nil) {
			t.Fatalf("deleted: %v; given: %v", gone, had)
		}
		if role := h.find(t, "support@acme").Role; len(role.Parts) == 0 {
			t.Fatalf("he has a role that is gone: %d", role.ID)
		}
	}
}
