package hook

import (
	"context"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A page of deliveries in a rare state costs no more than others: it ends short, and the next ones find them all.
func TestRareDeliveries(t *testing.T) {
	db := memory.Open()
	defer db.Close()
	a := account.New(db, account.Options{})
	k := New(a, mail.New(a, nil), Options{})
	const all, rare = 2*maxRead + 10, 5
	h := &Hook{Of: auth.Operator, TenantID: auth.NetworkID, Name: "x"}
	n := 0
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(a.Store.Update(t.Context(), func(tx store.Tx) error { return hooks.Insert(tx, h) }))
	must(a.Store.InSteps(t.Context(), func(tx store.Tx) (bool, error) {
		for range 20 {
			n++
			d := &Delivery{HookID: h.ID, EventID: int64(n), State: Delivered, Modified: time.Now()}
			if n == rare {
				d.State = Dead
			}
			if err := deliveries.Insert(tx, d); err != nil {
				return false, err
			}
		}
		return n < all, nil
	}))
	var found []int64
	var pages []int
	for q := (account.PageQuery{}); ; {
		list, page, err := k.Deliveries(context.Background(), auth.Network(), h.ID, Dead, q)
		must(err)
		pages = append(pages, len(list))
		for _, d := range list {
			found = append(found, d.EventID)
		}
		if q.Next = page.Next; !page.More {
			break
		}
	}
	if len(found) != 1 || found[0] != rare || len(pages) != 3 {
		t.Errorf("found %v in pages of %v", found, pages)
	}
}
