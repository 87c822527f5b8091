package client

import (
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Listed client is a client with what belongs to it: the user of an API client, the grants of an app.
type Listed struct {
	*Client
	User   *account.User
	Grants []Granted // where they were asked for
}

// A Show says what is asked for besides.
type Show struct {
	Legacy bool // clients from before this portal, as far as they are shown to the caller
	Grants bool
}

// List answers the tenant's clients of a kind, or a page of them, ordered by number.
func (c *Clients) List(ctx context.Context, by *auth.Principal, in auth.Tenant, k Kind, show Show,
	q account.PageQuery) ([]Listed, account.Page, error) {
	list := []Listed{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	span := store.Span{Prefix: tenantKey(in, k)}
	span.From = append(store.AppendKey(slices.Clone(span.Prefix), page.After(0)), 0)
	err = c.store.View(ctx, func(tx store.Tx) error {
		return clientsOf.Scan(tx, span, func(cl *Client) (bool, error) {
			if cl.Legacy && !show.Legacy || !cl.shownTo(by) {
				return true, nil
			}
			if !page.Take(cl.ID) {
				return false, nil
			}
			l, err := c.listed(tx, cl, show)
			list = append(list, l)
			return true, err
		})
	})
	return list, page.Done(), err
}

// Get answers one of the tenant's clients of a kind, as List would; nil where there is none.
func (c *Clients) Get(ctx context.Context, by *auth.Principal, in auth.Tenant,
	k Kind, id int64, show Show) (l *Listed, err error) {
	err = c.store.View(ctx, func(tx store.Tx) error {
		cl, err := at(tx, by, in, k, id)
		if err != nil || cl == nil || cl.Legacy && !show.Legacy {
			return err
		}
		found, err := c.listed(tx, cl, show)
		l = &found
		return err
	})
	return l, err
}

func (c *Clients) listed(tx store.Tx, cl *Client, show Show) (l Listed, err error) {
	cl.living(c.now())
	c.uses.show(cl)
	l.Client = cl
	if cl.Kind == APIClient {
		l.User, err = c.accounts.UserIn(tx, cl.UserID)
		return l, err
	}
	if !show.Grants {
		return l, nil
	}
	return l, grantOf.Scan(tx, store.Span{Prefix: store.Key(cl.ID)}, func(g *Grant) (bool, error) {
		granted, ok, err := c.granted(tx, g)
		if ok {
			l.Grants = append(l.Grants, granted)
		}
		return true, err
	})
}
