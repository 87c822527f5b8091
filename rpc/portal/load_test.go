package portal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// loaded is the authority's own collection of users, written past the authority: thousands of users who share one hash.
var loaded = store.NewCollection("user", func(u *account.User) *int64 { return &u.ID })

var (
	_ = loaded.Unique("name", func(u *account.User) []byte { return store.Key(u.Username) })
	_ = loaded.Index("tenant", func(u *account.User) []byte { return store.Key(int64(u.Type), u.TenantID()) })
)

// load writes n users like the one given, of the enterprises and with the names that the functions say.
func (h *house) load(t testing.TB, like string, enterprise func(i int) int64, n int, name func(i int) string) {
	t.Helper()
	ctx := context.Background()
	one, _, err := h.accounts.FindUser(ctx, account.System("test"), 0, like)
	must(t, err)
	const step = 25
	must(t, parallel(64, (n+step-1)/step, func(at int) error {
		return h.accounts.Store.Update(ctx, func(tx store.Tx) error {
			for i := at * step; i < min((at+1)*step, n); i++ {
				u := *one
				u.ID, u.EnterpriseID, u.Username, u.Fields.Email = 0, enterprise(i), name(i), nil
				if err := loaded.Insert(tx, &u); err != nil {
					return err
				}
			}
			return nil
		})
	}))
}

// usersEach is how many users an enterprise of a crowded network has.
const usersEach = 10

// network fills the network with n enterprises, of usersEach users each, and answers the number of one in the middle.
func (h *house) network(t testing.TB, n int) int64 {
	t.Helper()
	ctx, by := context.Background(), account.System("test")
	ids := make([]int64, n)
	must(t, parallel(64, n, func(i int) error {
		made, err := h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: fmt.Sprint("customer ", i), Delegated: auth.UsersToOperator})
		if err == nil {
			ids[i] = made.ID
		}
		return err
	}))
	h.load(t, "readonly@acme", func(i int) int64 { return ids[i/usersEach] }, n*usersEach, func(i int) string { return fmt.Sprintf("c%d", i) })
	return ids[n/2]
}

// newEnterprise makes an enterprise with a superuser of that name.
func (h *house) newEnterprise(t testing.TB, name, admin string) auth.Tenant {
	t.Helper()
	made, err := h.accounts.InsertEnterprise(context.Background(), account.System("test"), account.NewEnterprise{
		Name: name, Delegated: auth.UsersToOperator, Admin: &account.NewUser{Username: admin, Password: password},
	})
	must(t, err)
	return tenant(t, h, auth.Enterprise, made.ID)
}
