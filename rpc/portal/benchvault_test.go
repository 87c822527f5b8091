package portal_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/vault"
)

// BenchmarkVault: a page of ten of the credentials that a user may use, among 1,000 of his organisation and in a group of 5,000
// members: when all of them are shared with it, and when one in a hundred is.
func BenchmarkVault(b *testing.B) {
	const members, credentials, clients = 5_000, 1_000, 4
	s := openSite(b, 5*(members-1))
	ctx, acme := context.Background(), tenant(b, s.house, auth.Enterprise, 1)
	admin := s.supers[0]
	group := func(name string, reader *auth.Principal) int64 {
		g, err := s.groups.Insert(ctx, admin, acme, vault.NewGroup{Name: name})
		must(b, err)
		for some := range slices.Chunk(append(slices.Clone(s.owners), reader.UserID), 500) {
			_, failures, err := s.groups.AddMembers(ctx, admin, acme, g.ID, some)
			if must(b, err); len(failures) > 0 {
				b.Fatal(failures)
			}
		}
		return g.ID
	}
	share := func(id, group int64) {
		_, err := s.vault.Share(ctx, admin, acme, id, vault.Target{GroupID: group})
		must(b, err)
	}
	readers := [2]*account.User{}
	for i := range readers {
		var err error
		readers[i], err = s.accounts.InsertUser(ctx, account.System("bench"), acme,
			account.NewUser{Username: fmt.Sprint("reader", i), Password: password, RoleID: 10})
		must(b, err)
	}
	all, some := group("all", caller(readers[0])), group("some", caller(readers[1]))
	for i := range credentials {
		c, err := s.vault.Insert(ctx, admin, acme, vault.NewCredential{Username: fmt.Sprint("login", i), Password: secret.Text(right)})
		must(b, err)
		share(c.ID, all)
		if i%100 == 0 {
			share(c.ID, some)
		}
	}
	post := client(clients)
	page := func(u *account.User, more string) func(int) error {
		text := "Token " + s.ready(b, u)
		return func(int) error {
			return post(s.url, text, `{"jsonrpc":"2.0","id":1,"method":"credential/getCredentials","params":{"limit":10}}`, []byte(more))
		}
	}
	race(b, clients, contestant{"some", page(readers[1], `"limit":10,"more":false`)}, contestant{"all", page(readers[0], `"limit":10,"more":true`)})
}
