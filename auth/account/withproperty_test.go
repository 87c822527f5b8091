package account

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// Whatever the query says, nobody finds an enterprise that he does not see, or a password by the form in which it is kept.
func TestWithPropertyShowsWhatIsSeen(t *testing.T) {
	e, ctx := newEstate(t), context.Background()
	owner, err := e.InsertPartner(ctx, System("test"), NewPartner{Name: "Owner"})
	must(t, err)
	owned, err := e.InsertEnterprise(ctx, System("test"), NewEnterprise{Name: "Owned", ProxyID: owner.ID})
	must(t, err)
	tenants := append(e.in[:], owned.tenant())
	for _, in := range tenants {
		_, err := e.SetTenantProperty(ctx, System("test"), in, "tier", TenantPropertyUpdate{Value: "gold"})
		must(t, err)
		_, err = e.SetTenantProperty(ctx, System("test"), in, "word", TenantPropertyUpdate{Value: "gold", IsPassword: ptr(true)})
		must(t, err)
	}
	var sealed *TenantProperty
	must(t, e.Store.View(ctx, func(tx store.Tx) error {
		sealed, err = tenantPropertyByName.Get(tx, store.Key(int64(auth.Enterprise), owned.ID, "word"))
		return err
	}))
	operator := &auth.Principal{Type: auth.User, UserType: auth.Operator, Role: auth.RoleByID(1)}
	partner := &auth.Principal{Type: auth.User, UserType: auth.MSP, ProxyID: owner.ID, Role: auth.RoleByID(5)}
	ids := []int64{e.in[0].ID, e.in[1].ID, owned.ID}
	for _, c := range []struct {
		name string
		by   *auth.Principal
		q    PropertyQuery
		want []int64
	}{
		{"the operator sees all", operator, PropertyQuery{Name: "tier", Value: "gold"}, ids},
		{"a partner its own, by value", partner, PropertyQuery{Name: "tier", Value: "gold"}, []int64{owned.ID}},
		{"and by number", partner, PropertyQuery{Name: "tier", Value: "gold", IDs: ids}, []int64{owned.ID}},
		{"a sealed word by value", operator, PropertyQuery{Name: "word", Value: sealed.Value}, nil},
		{"by number", operator, PropertyQuery{Name: "word", Value: sealed.Value, IDs: ids}, nil},
		{"of a partner", operator, PropertyQuery{Name: "word", Value: sealed.Value, ProxyID: owner.ID}, nil},
	} {
		list, _, err := e.EnterprisesWithProperty(ctx, c.by, c.q)
		must(t, err)
		var got []int64
		for _, e := range list {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
