package portal_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
)

// crowd gives Acme more users, each with API tokens of which some are revoked and some have expired.
func (h *house) crowd(t *testing.T, users, tokens int) {
	t.Helper()
	ctx, in := context.Background(), acme(t, h)
	for i := range users {
		u, err := h.accounts.InsertUser(ctx, account.System("test"), in, account.NewUser{Username: fmt.Sprint("crowd", i), Password: password, RoleID: 10})
		must(t, err)
		by := u.Principal(auth.Call{}, auth.BySession, 0, time.Time{})
		for j := range tokens {
			// names fall as numbers rise: the order of one is not that of the other
			n := token.NewToken{Name: fmt.Sprintf("t%03d", 999-j), LifetimeMs: 1 + int64(j%2)*1000000}
			id, err := h.tokens.Create(ctx, by, n)
			must(t, err)
			if (i+j)%3 == 0 {
				_, err := h.tokens.Revoke(ctx, by, token.Where{}, id)
				must(t, err)
			}
		}
	}
}

func (h *house) admin(t *testing.T, name string) *auth.Principal {
	t.Helper()
	u, _, err := h.accounts.FindUser(context.Background(), account.System("test"), 0, name)
	must(t, err)
	return u.Principal(auth.Call{}, auth.BySession, 0, time.Time{})
}

// Pages of any size put together are the whole list, whatever state the tokens are in.
func TestTokenPages(t *testing.T) {
	h := build(t)
	h.crowd(t, 5, 9)
	h.pass(time.Second) // half of them expire
	ctx, in, by := context.Background(), acme(t, h), h.admin(t, "admin@acme")
	whole, _, err := h.tokens.List(ctx, by, in, 0, account.PageQuery{})
	must(t, err)
	if len(whole) != 45 || !slices.IsSortedFunc(whole, func(a, b token.Listed) int { return int(a.ID - b.ID) }) {
		t.Fatalf("the whole list has %d tokens, or is not ordered by number", len(whole))
	}
	slices.SortStableFunc(whole, func(a, b token.Listed) int { return int(a.OwnerID - b.OwnerID) })
	for limit := 1; limit <= 46; limit++ {
		var got []int64
		q := account.PageQuery{Limit: &limit}
		for {
			list, page, err := h.tokens.List(ctx, by, in, 0, q)
			must(t, err)
			for _, l := range list {
				got = append(got, l.ID)
			}
			if len(list) > limit || page.More && len(list) < limit || page.More != (page.Next != "") {
				t.Fatalf("limit %d: a page of %d, %+v", limit, len(list), page)
			}
			if !page.More {
				break
			}
			q.Next = page.Next
		}
		want := make([]int64, len(whole))
		for i, l := range whole {
			want[i] = l.ID
		}
		if !slices.Equal(got, want) {
			t.Fatalf("limit %d: %v, want %v", limit, got, want)
		}
	}
}

// Where a page ended with an owner who has been deleted and swept since, the next begins with the first token of the next
// owner, although its number is lower than that at which the page ended.
func TestTokenPageBehindTheGone(t *testing.T) {
	h := build(t)
	ctx, in, by := context.Background(), acme(t, h), h.admin(t, "admin@acme")
	late, err := h.tokens.Create(ctx, h.admin(t, "support@acme"), token.NewToken{Name: "of the next owner", LifetimeMs: 1000})
	must(t, err)
	_, err = h.tokens.Create(ctx, h.admin(t, "ops@acme"), token.NewToken{Name: "of the one who goes", LifetimeMs: 1000})
	must(t, err)
	_, page, err := h.tokens.List(ctx, by, in, 0, account.PageQuery{Limit: new(1)})
	must(t, err)
	_, rows, err := h.accounts.DeleteUser(ctx, by, auth.Delete.On(auth.EnterpriseUser), in, 0, "ops@acme")
	if err != nil || rows != 1 {
		t.Fatal(rows, err)
	}
	must(t, h.tokens.Sweep(ctx))
	list, page, err := h.tokens.List(ctx, by, in, 0, account.PageQuery{Next: page.Next})
	if err != nil || len(list) != 1 || list[0].ID != late || page.More {
		t.Errorf("%v, %+v, %v", list, page, err)
	}
}

// A page costs what is in it, not what is in the list.
func TestPageCost(t *testing.T) {
	allocations := func(users int) (ofTokens, ofUsers float64) {
		h := build(t)
		h.crowd(t, users, 5)
		ctx, in, by := context.Background(), acme(t, h), h.admin(t, "admin@acme")
		limit := 10
		_, first, err := h.tokens.List(ctx, by, in, 0, account.PageQuery{Limit: &limit})
		must(t, err)
		ofTokens = testing.AllocsPerRun(20, func() {
			list, _, err := h.tokens.List(ctx, by, in, 0, account.PageQuery{Limit: &limit, Next: first.Next})
			if err != nil || len(list) != limit {
				t.Errorf("%d tokens, %v", len(list), err)
			}
		})
		ofUsers = testing.AllocsPerRun(20, func() {
			list, _, err := h.accounts.Users(ctx, in, nil, account.PageQuery{Limit: &limit})
			if err != nil || len(list) != limit {
				t.Errorf("%d users, %v", len(list), err)
			}
		})
		return ofTokens, ofUsers
	}
	fewTokens, fewUsers := allocations(10)
	manyTokens, manyUsers := allocations(80)
	if manyTokens > 2*fewTokens || manyUsers > 2*fewUsers {
		t.Errorf("allocations of a page of tokens %.0f and %.0f, of users %.0f and %.0f", fewTokens, manyTokens, fewUsers, manyUsers)
	}
}
