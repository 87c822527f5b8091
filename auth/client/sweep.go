package client

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// The steps of the background work, kept below the store's hundred keys an Update.
const (
	sweptRows   = 25 // of three keys
	sweptGrants = 12 // of three keys, and an event of two
)

// Sweep removes what is over: revocations and assertions past their end, and the grants of apps that were deleted. It works in
// steps, each an Update, and may be stopped between any two.
func (c *Clients) Sweep(ctx context.Context) error {
	return c.store.InSteps(ctx, c.sweepRevocations, c.sweepAssertions, c.sweepGrants)
}

func (c *Clients) sweepRevocations(tx store.Tx) (bool, error) {
	n, err := revocations.DeleteSome(tx, revocationsOver, store.Span{To: store.Key(c.now())}, sweptRows)
	return n == sweptRows, err
}

func (c *Clients) sweepAssertions(tx store.Tx) (bool, error) {
	n, err := assertions.DeleteSome(tx, assertionsOver, store.Span{To: store.Key(c.now())}, sweptRows)
	return n == sweptRows, err
}

// sweepGrants ends what organisations grant apps that are gone, and tells them.
func (c *Clients) sweepGrants(tx store.Tx) (bool, error) {
	n := 0
	err := clientsBuried.Scan(tx, store.Span{}, func(app *Client) (bool, error) {
		left, err := c.endGrants(tx, app)
		if n += left; err != nil || left == sweptGrants {
			return false, err
		}
		app.Granted = false
		n++
		return false, clients.Put(tx, app)
	})
	return n > 0, err
}

// endGrants removes a step of the grants of an app.
func (c *Clients) endGrants(tx store.Tx, app *Client) (int, error) {
	var list []*Grant
	err := grantOf.Scan(tx, store.Span{Prefix: store.Key(app.ID)}, func(g *Grant) (bool, error) {
		list = append(list, g)
		return len(list) < sweptGrants, nil
	})
	for _, g := range list {
		if err != nil {
			return 0, err
		}
		if _, err = grants.Delete(tx, g.ID); err != nil {
			return 0, err
		}
		in := auth.Tenant{Type: g.Of, ID: g.TenantID}
		err = c.accounts.Record(tx, account.System("portico/sweep"), in, g.happening(app, "UNGRANTED"))
	}
	return len(list), err
}

// sweepTenant removes a step of what hangs on a tenant that is gone: its clients, and what it granted to those of others.
func (c *Clients) sweepTenant(tx store.Tx, g *account.TenantGrave) (int, error) {
	in := g.Tenant()
	n, err := grants.DeleteSome(tx, grantsIn, store.Span{Prefix: store.Key(int64(in.Type), in.ID)}, sweptRows)
	if n > 0 || err != nil {
		return n, err
	}
	var list []*Client
	err = clientsOf.Scan(tx, store.Span{Prefix: store.Key(int64(in.Type), in.ID)}, func(cl *Client) (bool, error) {
		list = append(list, cl)
		return len(list) < sweptRows, nil
	})
	for _, cl := range list {
		if err == nil {
			err = c.bury(tx, cl)
		}
	}
	return len(list), err
}
