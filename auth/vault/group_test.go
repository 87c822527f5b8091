package vault_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A club is a portal with the groups of one enterprise, Acme.
type club struct {
	testing.TB
	db       *store.DB
	reads    *reads
	accounts *account.Accounts
	groups   *vault.Groups
	acme     auth.Tenant
	admin    *auth.Principal
	serial   int
}

// reads counts the keys that Updates read.
type reads struct {
	store.Engine
	n int
}

func (r *reads) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	return r.Engine.Commit(ctx, func(from store.Reader) ([]store.Write, error) { return f(countedReader{from, &r.n}) })
}

type countedReader struct {
	store.Reader
	n *int
}

func (c countedReader) Get(key []byte) ([]byte, error) {
	*c.n++
	return c.Reader.Get(key)
}

func (c countedReader) Scan(r store.Range, f func(key, value []byte) (bool, error)) error {
	return c.Reader.Scan(r, func(key, value []byte) (bool, error) {
		*c.n++
		return f(key, value)
	})
}

func openClub(t testing.TB) *club {
	t.Helper()
	c := &club{TB: t, reads: &reads{Engine: memory.New()}}
	c.db = store.Open(c.reads)
	t.Cleanup(func() { c.db.Close() })
	c.start()
	e, err := c.accounts.InsertEnterprise(t.Context(), account.System("test"), account.NewEnterprise{Name: "Acme"})
	c.must(err)
	c.acme, _, err = c.accounts.Tenant(t.Context(), auth.Enterprise, e.ID)
	c.must(err)
	c.admin = c.principal(c.user(auth.EnterpriseSuperuser))
	return c
}

// start begins with what is in the store, as a restart does.
func (c *club) start() {
	c.accounts = account.New(c.db, account.Options{PasswordCost: secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}})
	c.accounts.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	c.groups = vault.NewGroups(c.accounts)
}

func (c *club) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// user adds a user to Acme.
func (c *club) user(role int64) *account.User {
	c.Helper()
	c.serial++
	u, err := c.accounts.InsertUser(c.Context(), account.System("test"), c.acme,
		account.NewUser{Username: fmt.Sprint("user", c.serial), Password: "correct horse 1", RoleID: role})
	c.must(err)
	return u
}

// users adds so many, and answers their numbers.
func (c *club) users(n int) (ids []int64) {
	c.Helper()
	for range n {
		ids = append(ids, c.user(12).ID)
	}
	return ids
}

func (c *club) principal(u *account.User) *auth.Principal {
	return u.Principal(auth.Call{Method: "test", Source: "192.0.2.1"}, auth.BySession, 0, time.Time{})
}

func (c *club) group() int64 {
	c.Helper()
	c.serial++
	g, err := c.groups.Insert(c.Context(), c.admin, c.acme, vault.NewGroup{Name: fmt.Sprint("group ", c.serial)})
	c.must(err)
	return g.ID
}

func (c *club) add(id int64, users ...int64) (int, []vault.Failure) {
	c.Helper()
	n, failures, err := c.groups.AddMembers(c.Context(), c.admin, c.acme, id, users)
	c.must(err)
	return n, failures
}

// fill gives a group so many rows.
func (c *club) fill(id int64, n int) {
	c.Helper()
	for from := int64(1_000_000); n > 0; n, from = n-30, from+30 {
		c.update(func(tx store.Tx) error { return vault.Fill(tx, id, from, min(n, 30)) })
	}
}

func (c *club) update(f func(tx store.Tx) error) {
	c.Helper()
	c.must(c.accounts.Store.Update(c.Context(), f))
}

// count is how many members a group shows.
func (c *club) count(id int64) int {
	c.Helper()
	l, err := c.groups.Get(c.Context(), c.admin, c.acme, id, vault.ShowGroup{})
	c.must(err)
	return l.Count
}

// left is what is in the store: groups, rows, departures.
func (c *club) left() [3]int {
	c.Helper()
	var n [3]int
	c.must(c.accounts.Store.View(c.Context(), func(tx store.Tx) (err error) {
		n[0], n[1], n[2], err = vault.Left(tx)
		return err
	}))
	return n
}

func (c *club) removeUser(id int64) {
	c.Helper()
	_, rows, err := c.accounts.DeleteUser(c.Context(), c.admin, auth.Delete.On(auth.EnterpriseUser), c.acme, id, "")
	c.must(err)
	if rows != 1 {
		c.Fatalf("user %d is not there", id)
	}
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// TestGroupsAtTheLimit: of many at once as many are made as there is room for.
func TestGroupsAtTheLimit(t *testing.T) {
	c := openClub(t)
	for range vault.MaxGroups - 3 {
		c.group()
	}
	together(8, func(i int) {
		_, err := c.groups.Insert(t.Context(), c.admin, c.acme, vault.NewGroup{Name: fmt.Sprint("late ", i)})
		if err != nil && auth.KindOf(err) != auth.Limit {
			t.Error(err)
		}
	})
	list, _, err := c.groups.List(t.Context(), c.acme, account.PageQuery{})
	c.must(err)
	if len(list) != vault.MaxGroups {
		t.Errorf("%d groups, want %d", len(list), vault.MaxGroups)
	}
	rows, err := c.groups.Delete(t.Context(), c.admin, c.acme, list[0].ID, false)
	if c.must(err); rows != 1 {
		t.Error("not deleted")
	}
	c.group() // one that is deleted leaves room
}

// TestMembersAtTheLimit: of many added at once as many become members as there is room for, and each of the others is told.
func TestMembersAtTheLimit(t *testing.T) {
	c := openClub(t)
	id := c.group()
	c.fill(id, vault.MaxMembers-7)
	users := c.users(20)
	var mu sync.Mutex
	added, refused := 0, 0
	together(5, func(i int) {
		n, failures, err := c.groups.AddMembers(t.Context(), c.admin, c.acme, id, users[4*i:4*i+4])
		if err != nil {
			t.Error(err)
		}
		for _, f := range failures {
			if f.Code != vault.LimitReached {
				t.Errorf("%+v", f)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		added, refused = added+n, refused+len(failures)
	})
	if added != 7 || refused != 13 || c.count(id) != vault.MaxMembers || c.left()[1] != vault.MaxMembers {
		t.Errorf("%d added, %d refused, %d shown, %v in the store", added, refused, c.count(id), c.left())
	}
}

// TestCountsStayTrue plays what changes memberships at once, by chance. What groups show is then what they list, and after a
// sweep what they count.
func TestCountsStayTrue(t *testing.T) {
	c := openClub(t)
	ids, users := []int64{c.group(), c.group(), c.group()}, c.users(24)
	together(8, func(i int) {
		dice := mathrand.New(mathrand.NewPCG(uint64(i), 1))
		mine := users[3*i : 3*i+3]
		for range 40 {
			id, u := ids[dice.IntN(len(ids))], mine[dice.IntN(len(mine))]
			var err error
			switch dice.IntN(12) {
			case 0:
				err = c.groups.Sweep(t.Context())
			case 1, 2, 3:
				_, err = c.groups.RemoveMember(t.Context(), c.admin, c.acme, id, u)
			default:
				_, _, err = c.groups.AddMembers(t.Context(), c.admin, c.acme, id, users[:3*i+3])
			}
			if err != nil {
				t.Error(err)
			}
		}
		c.removeUser(mine[0])
	})
	rows := 0
	for _, id := range ids {
		l, err := c.groups.Get(t.Context(), c.admin, c.acme, id, vault.ShowGroup{Members: &account.PageQuery{}})
		c.must(err)
		if l.Count != len(l.Members) {
			t.Errorf("group %d shows %d members, and lists %d", id, l.Count, len(l.Members))
		}
		rows += l.Count
	}
	if rows == 0 {
		t.Error("nobody is left: nothing was tried")
	}
	c.must(c.groups.Sweep(t.Context()))
	if got, want := c.left(), [3]int{3, rows, 0}; got != want {
		t.Errorf("in the store: groups, rows, departures %v, want %v", got, want)
	}
}

// TestDepartureInSteps: who was in as many groups as he may be in leaves them all with his deletion, which writes little; what
// they show stays true while his rows are swept, over a restart too.
func TestDepartureInSteps(t *testing.T) {
	c := openClub(t)
	pair := c.users(2)
	var ids []int64
	for range vault.MaxGroupsOfUser {
		ids = append(ids, c.group())
		c.add(ids[len(ids)-1], pair...)
	}
	full := c.group()
	if n, failures := c.add(full, pair[0]); n != 0 || len(failures) != 1 || failures[0].Code != vault.LimitReached {
		t.Errorf("in one group too many: %d, %v", n, failures)
	}
	rows, err := c.groups.Delete(t.Context(), c.admin, c.acme, ids[0], true)
	if c.must(err); rows != 1 {
		t.Fatal("not deleted")
	}
	if n, _ := c.add(full, pair[0]); n != 1 { // a group that is gone is none that he is in
		t.Error("not added")
	}
	c.removeUser(pair[0])
	shown := func() {
		t.Helper()
		for _, id := range ids[1:] {
			if n := c.count(id); n != 1 {
				t.Fatalf("group %d shows %d members", id, n)
			}
		}
		if n := c.count(full); n != 0 {
			t.Fatalf("the last group shows %d members", n)
		}
	}
	shown()
	for range 2 {
		c.update(func(tx store.Tx) error {
			more, err := vault.SweepDepartures(tx)
			if !more {
				t.Error("nothing to sweep")
			}
			return err
		})
		shown()
	}
	c.start()
	c.must(c.groups.Sweep(t.Context()))
	shown()
	if got, want := c.left(), [3]int{vault.MaxGroupsOfUser, vault.MaxGroupsOfUser - 1, 0}; got != want {
		t.Errorf("in the store: groups, rows, departures %v, want %v", got, want)
	}
}

// TestDepartedCountForNothing: not yet swept, a user who was deleted takes no room, keeps no group from being deleted, and is
// nobody to remove.
func TestDepartedCountForNothing(t *testing.T) {
	c := openClub(t)
	full, lone := c.group(), c.group()
	c.fill(full, vault.MaxMembers-1)
	users := c.users(3)
	c.add(full, users[0])
	c.add(lone, users[0])
	c.removeUser(users[0])
	for _, id := range []int64{full, lone} {
		if rows, err := c.groups.RemoveMember(t.Context(), c.admin, c.acme, id, users[0]); rows != 0 || err != nil {
			t.Errorf("removed: %d, %v", rows, err)
		}
	}
	if n, failures := c.add(full, users[1:]...); n != 1 || len(failures) != 1 || failures[0].Code != vault.LimitReached {
		t.Errorf("in his place: %d, %v", n, failures)
	}
	if rows, err := c.groups.Delete(t.Context(), c.admin, c.acme, lone, false); rows != 1 || err != nil {
		t.Errorf("a group whose one member was deleted: %d, %v", rows, err)
	}
	c.must(c.groups.Sweep(t.Context()))
	if got, want := c.left(), [3]int{1, vault.MaxMembers, 0}; got != want || c.count(full) != vault.MaxMembers {
		t.Errorf("in the store: groups, rows, departures %v, want %v", got, want)
	}
}

// TestForceHidesAtOnce: a full group is gone with its deletion, its name is free, and its rows are swept in steps.
func TestForceHidesAtOnce(t *testing.T) {
	c := openClub(t)
	id := c.group()
	c.fill(id, vault.MaxMembers)
	l, err := c.groups.Get(t.Context(), c.admin, c.acme, id, vault.ShowGroup{})
	c.must(err)
	if _, err := c.groups.Delete(t.Context(), c.admin, c.acme, id, false); auth.KindOf(err) != auth.Conflict {
		t.Fatalf("without force: %v", err)
	}
	_, err = c.groups.Delete(t.Context(), c.admin, c.acme, id, true)
	c.must(err)
	if gone, err := c.groups.Get(t.Context(), c.admin, c.acme, id, vault.ShowGroup{}); gone != nil || err != nil {
		t.Errorf("still shown: %v, %v", gone, err)
	}
	again, err := c.groups.Insert(t.Context(), c.admin, c.acme, vault.NewGroup{Name: l.Name})
	c.must(err)
	c.add(again.ID, c.users(1)...)
	cut, cancel := context.WithCancel(t.Context())
	cancel()
	if c.groups.Sweep(cut) == nil {
		t.Error("a sweep that was cut off says nothing of it")
	}
	c.start()
	c.must(c.groups.Sweep(t.Context()))
	if got, want := c.left(), [3]int{1, 1, 0}; got != want || c.count(again.ID) != 1 {
		t.Errorf("in the store: groups, rows, departures %v, want %v", got, want)
	}
}

// TestDeleteAgainstAdd: whoever comes first, nobody is left in a group that is gone.
func TestDeleteAgainstAdd(t *testing.T) {
	c := openClub(t)
	users := c.users(30)
	for range 10 {
		id := c.group()
		together(3, func(i int) {
			if i == 0 {
				if _, err := c.groups.Delete(t.Context(), c.admin, c.acme, id, true); err != nil {
					t.Error(err)
				}
				return
			}
			_, _, err := c.groups.AddMembers(t.Context(), c.admin, c.acme, id, users)
			if err != nil && auth.KindOf(err) != auth.NotFound {
				t.Error(err)
			}
		})
	}
	c.must(c.groups.Sweep(t.Context()))
	if got := c.left(); got != [3]int{} {
		t.Errorf("in the store: groups, rows, departures %v", got)
	}
}

// TestTenantEnds: with an enterprise its groups are swept, those with many members too.
func TestTenantEnds(t *testing.T) {
	c := openClub(t)
	big, small := c.group(), c.group()
	c.fill(big, 100)
	users := c.users(3)
	c.add(small, users...)
	c.removeUser(users[0])
	_, err := c.groups.Delete(t.Context(), c.admin, c.acme, c.group(), false)
	c.must(err)
	by := account.System("test")
	by.UserType, by.Role = auth.Operator, auth.RoleByID(auth.OperatorSuperuser)
	if rows, err := c.accounts.DeleteEnterprise(t.Context(), by, c.acme); err != nil || rows != 1 {
		t.Fatal(rows, err)
	}
	if _, err := c.groups.Insert(t.Context(), c.admin, c.acme, vault.NewGroup{Name: "late"}); err == nil {
		t.Error("a group in an enterprise that is gone")
	}
	for more := true; more; {
		c.update(func(tx store.Tx) (err error) {
			more, err = c.accounts.SweepTenants(tx)
			return err
		})
	}
	c.must(c.groups.Sweep(t.Context()))
	if got := c.left(); got != [3]int{} {
		t.Errorf("in the store: groups, rows, departures %v", got)
	}
}

// TestAddingCostsTheSame: one more member of a large group takes no more reading than of a small one.
func TestAddingCostsTheSame(t *testing.T) {
	c := openClub(t)
	small, large := c.group(), c.group()
	c.fill(large, 1000)
	cost := func(id int64) int {
		u := c.user(12)
		before := c.reads.n
		c.add(id, u.ID)
		return c.reads.n - before
	}
	if a, b := cost(small), cost(large); a != b {
		t.Errorf("%d reads for a small group, %d for a large one", a, b)
	}
}

// TestStepsOfAdding: each step is told of, and no more than it does; the same call again adds nobody.
func TestStepsOfAdding(t *testing.T) {
	c := openClub(t)
	id, users := c.group(), c.users(60)
	if n, failures := c.add(id, users...); n != 60 || len(failures) != 0 {
		t.Fatalf("%d added, %v", n, failures)
	}
	if n, failures := c.add(id, users...); n != 0 || len(failures) != 60 || failures[59] != (vault.Failure{UserID: users[59], Code: vault.AlreadyMember}) {
		t.Errorf("again: %d added, %v", n, failures)
	}
	if _, _, err := c.groups.AddMembers(t.Context(), c.admin, c.acme, id, make([]int64, 501)); auth.KindOf(err) != auth.Invalid {
		t.Errorf("501 at once: %v", err)
	}
	page, err := c.accounts.Events(t.Context(), c.acme, account.EventQuery{Start: c.accounts.Now().Add(-time.Hour), End: c.accounts.Now().Add(time.Hour)})
	c.must(err)
	steps := 0
	for _, e := range page.Events {
		if e.Name == "USER_GROUP_MEMBERS_ADDED" {
			steps++
		}
	}
	if steps != 3 {
		t.Errorf("%d events, want 3", steps)
	}
}

// TestRightsOfTheirOwnTransaction: who has lost the right since his call began changes nothing.
func TestRightsOfTheirOwnTransaction(t *testing.T) {
	c := openClub(t)
	id, users := c.group(), c.users(1)
	other := c.user(auth.EnterpriseSuperuser)
	by := c.principal(other)
	c.removeUser(other.ID)
	for name, call := range map[string]func(*auth.Principal) error{
		"insert": func(by *auth.Principal) error {
			_, err := c.groups.Insert(t.Context(), by, c.acme, vault.NewGroup{Name: "x"})
			return err
		},
		"update": func(by *auth.Principal) error {
			_, err := c.groups.Update(t.Context(), by, c.acme, id, vault.GroupUpdate{Name: new("x")})
			return err
		},
		"delete": func(by *auth.Principal) error {
			_, err := c.groups.Delete(t.Context(), by, c.acme, id, true)
			return err
		},
		"add": func(by *auth.Principal) error {
			_, _, err := c.groups.AddMembers(t.Context(), by, c.acme, id, c.users(1))
			return err
		},
		"remove": func(by *auth.Principal) error {
			c.add(id, users...)
			_, err := c.groups.RemoveMember(t.Context(), by, c.acme, id, users[0])
			return err
		},
	} {
		if err := call(by); auth.KindOf(err) != auth.Unauthenticated {
			t.Errorf("%s by who is gone: %v", name, err)
		}
		weak := *c.admin
		weak.Role = auth.RoleByID(12)
		if err := call(&weak); auth.KindOf(err) != auth.Forbidden {
			t.Errorf("%s without the privilege: %v", name, err)
		}
	}
	if n := c.count(id); n != 1 {
		t.Errorf("%d members", n)
	}
}
