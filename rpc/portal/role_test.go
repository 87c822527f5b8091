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
