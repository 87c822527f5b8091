package account

import (
	"context"
	"errors"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// TestRolesOfFailedUpdate: a role that was put together in an Update that failed is not taken for the one there is.
func TestRolesOfFailedUpdate(t *testing.T) {
	a := New(memory.Open(), Options{})
	a.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), a.Random())
	ctx, by, in := context.Background(), System("test"), auth.Network()
	update := auth.Update.On(auth.ProxyObject)
	r, err := a.InsertCustomRole(ctx, by, in, NewCustomRole{UserType: auth.Operator, Name: "r", Functions: []int64{107}})
	if err != nil {
		t.Fatal(err)
	}
	grants := func(tx store.Tx) bool {
		role, err := a.role(tx, r.ID, auth.Operator, auth.NetworkID)
		if err != nil {
			t.Fatal(err)
		}
		return role.Grants(update)
	}
	stop := errors.New("stop")
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		changed := *r
		changed.Functions = []int64{103}
		if err := customRoles.Put(tx, &changed); err != nil {
			return err
		}
		if err := a.newEdition(tx); err != nil {
			return err
		}
		if !grants(tx) {
			t.Error("the Update does not see its own change")
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	err = a.Store.View(ctx, func(tx store.Tx) error {
		if grants(tx) {
			t.Error("a change that was never made is seen")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
