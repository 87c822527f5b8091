package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Grant lets an app of another organisation act in the tenant, within the roles and within what was accepted of its scope.
type Grant struct {
	ID       int64         `json:"id"` // in the access tokens for the tenant: a new grant does not revive those of an old one
	AppID    int64         `json:"appId"`
	Of       auth.UserType `json:"of"` // the type of the tenant
	TenantID int64         `json:"tenantId"`
	RoleIDs  []int64       `json:"roleIds"`
	Version  int64         `json:"version"`  // of the scope that was accepted
	Accepted []int64       `json:"accepted"` // what it reached, and has reached ever since, by number
	Created  time.Time     `json:"created"`
	Modified time.Time     `json:"modified"`
}

var (
	grants  = store.NewCollection("grant", func(g *Grant) *int64 { return &g.ID })
	grantOf = grants.Unique("app", func(g *Grant) []byte { return store.Key(g.AppID, int64(g.Of), g.TenantID) })
	// By the tenant that grants.
	grantsIn = grants.Index("tenant", func(g *Grant) []byte { return store.Key(int64(g.Of), g.TenantID) })
)

// maxGrants is how many organisations may grant an app something.
const maxGrants = 50

// organisation is how a tenant is named in access tokens and at the token endpoint.
func organisation(in auth.Tenant) string {
	return fmt.Sprintf("%s/%d", strings.ToLower(in.Type.String()), in.ID)
}

func grantIn(tx store.Tx, app *Client, in auth.Tenant) (*Grant, error) {
	return grantOf.Get(tx, store.Key(app.ID, int64(in.Type), in.ID))
}

// NeedsReview are the privileges that the app's scope has come to reach and that are not accepted yet.
func (g *Grant) NeedsReview(app *Client) []auth.Privilege {
	return slices.DeleteFunc(app.Scope.reaches(), func(v auth.Privilege) bool { return slices.Contains(g.Accepted, v.Number()) })
}

// grantor answers the tenant as it is now, if the caller grants there: its own superuser, who holds the privilege. What others
// may do in a tenant does not come to giving it away.
func (c *Clients) grantor(tx store.Tx, by *auth.Principal, in auth.Tenant, v auth.Action) (auth.Tenant, error) {
	now, err := c.may(tx, by, in, v.On(auth.OAuthApp))
	if err == nil && (!by.IsSuper() || !by.Owns(now)) {
		err = auth.Errorf(auth.Forbidden,
			"the privilege to grant OAuth apps something is that of the organisation's own superusers in method [%s]", by.Method)
	}
	return now, err
}

// appNamed answers the app with that client id. To those who do not know it, it is not there.
func appNamed(tx store.Tx, clientID string) (*Client, error) {
	app, err := clientByID.Get(tx, store.Key(clientID))
	if err == nil && (app == nil || app.Kind != App || !app.Gone.IsZero()) {
		return nil, errGone(App)
	}
	return app, err
}

// A NewGrant is what InsertGrant makes.
type NewGrant struct {
	ClientID     string
	RoleIDs      []int64
	ScopeVersion int64 // of the app's scope that was agreed to; 0 is any
}

// InsertGrant lets an app of another organisation act in the tenant, with its scope as it is now. That it is not the one that was
// agreed to is a Conflict.
func (c *Clients) InsertGrant(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewGrant) (g *Grant, err error) {
	err = c.store.Update(ctx, func(tx store.Tx) error {
		in, err := c.grantor(tx, by, in, auth.Create)
		if err != nil {
			return err
		}
		app, err := appNamed(tx, n.ClientID)
		if err != nil {
			return err
		}
		if n.ScopeVersion != 0 {
			if err := app.Scope.mustBe(n.ScopeVersion); err != nil {
				return err
			}
		}
		if app.Of == in.Type && app.TenantID == in.ID {
			return auth.Errorf(auth.Conflict, "the app is the organisation's own, and acts in it by its scope")
		}
		if _, err := c.accounts.MayGive(tx, by, in, n.RoleIDs); err != nil {
			return err
		}
		if was, err := grantIn(tx, app, in); err != nil || was != nil {
			return cmp.Or(err, error(auth.Errorf(auth.Conflict, "the organisation grants the app something already")))
		}
		if err := roomForGrant(tx, app); err != nil {
			return err
		}
		g = &Grant{AppID: app.ID, Of: in.Type, TenantID: in.ID, RoleIDs: n.RoleIDs, Created: c.now()}
		return c.put(tx, by, in, app, g.accept(app), "GRANTED")
	})
	return g, err
}

func roomForGrant(tx store.Tx, app *Client) error {
	return account.Room(tx, grantOf, store.Key(app.ID), maxGrants, "at most %d organisations grant an app something")
}

// accept takes the app's scope as it is.
func (g *Grant) accept(app *Client) *Grant {
	g.Version, g.Accepted = app.Scope.Version, app.Scope.Reaches
	return g
}

// forgo ends what organisations have accepted of an app's scope and that no longer reaches: should it reach that again, they are
// asked again. There is a key to write for each, and no more of them than maxGrants.
func forgo(tx store.Tx, app *Client) error {
	var cut []*Grant
	err := grantOf.Scan(tx, store.Span{Prefix: store.Key(app.ID)}, func(g *Grant) (bool, error) {
		was := len(g.Accepted)
		g.Accepted = slices.DeleteFunc(g.Accepted, func(n int64) bool { return !slices.Contains(app.Scope.Reaches, n) })
		if len(g.Accepted) < was {
			cut = append(cut, g)
		}
		return true, nil
	})
	for _, g := range cut {
		if err == nil {
			err = grants.Put(tx, g)
		}
	}
	return err
}

// put writes a grant, and tells of it in the tenant's record.
func (c *Clients) put(tx store.Tx, by *auth.Principal, in auth.Tenant, app *Client, g *Grant, what string) error {
	g.Modified = c.now()
	write := grants.Put
	if g.ID == 0 {
		write = grants.Insert
	}
	if err := write(tx, g); err != nil {
		return err
	}
	return c.accounts.Record(tx, by, in, g.happening(app, what))
}

func (g *Grant) happening(app *Client, what string) account.Happening {
	h := app.happening(what)
	h.Severity = account.Notice
	h.Detail["grantId"], h.Detail["roleIds"], h.Detail["scopeVersion"] = g.ID, g.RoleIDs, g.Version
	return h
}

// changeGrant is one Update of the tenant's grant of an app. rows is 0 where there is none.
func (c *Clients) changeGrant(ctx context.Context, by *auth.Principal, in auth.Tenant, clientID string, v auth.Action,
	do func(tx store.Tx, in auth.Tenant, app *Client, g *Grant) error) (rows int, err error) {
	err = c.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		in, err := c.grantor(tx, by, in, v)
		if err != nil {
			return err
		}
		app, err := appNamed(tx, clientID)
		if auth.KindOf(err) == auth.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		g, err := grantIn(tx, app, in)
		if err != nil || g == nil {
			return err
		}
		rows = 1
		return do(tx, in, app, g)
	})
	return rows, err
}

// UpdateGrant gives an app other roles in the tenant. It accepts nothing.
func (c *Clients) UpdateGrant(ctx context.Context, by *auth.Principal, in auth.Tenant,
	clientID string, roleIDs []int64) (int, error) {
	return c.changeGrant(ctx, by, in, clientID, auth.Update, func(tx store.Tx, in auth.Tenant, app *Client, g *Grant) error {
		if _, err := c.accounts.MayGive(tx, by, in, roleIDs); err != nil {
			return err
		}
		g.RoleIDs = roleIDs
		return c.put(tx, by, in, app, g, "GRANT_UPDATED")
	})
}

// AcceptScope accepts an app's scope as it is in that version. That it has changed since is a Conflict.
func (c *Clients) AcceptScope(ctx context.Context, by *auth.Principal, in auth.Tenant,
	clientID string, version int64) (int, error) {
	return c.changeGrant(ctx, by, in, clientID, auth.Update, func(tx store.Tx, in auth.Tenant, app *Client, g *Grant) error {
		if err := app.Scope.mustBe(version); err != nil {
			return err
		}
		return c.put(tx, by, in, app, g.accept(app), "SCOPE_ACCEPTED")
	})
}

// DeleteGrant ends what the tenant grants an app, and the access tokens that the app has for it.
func (c *Clients) DeleteGrant(ctx context.Context, by *auth.Principal, in auth.Tenant, clientID string) (int, error) {
	return c.changeGrant(ctx, by, in, clientID, auth.Delete, func(tx store.Tx, in auth.Tenant, app *Client, g *Grant) error {
		if _, err := grants.Delete(tx, g.ID); err != nil {
			return err
		}
		return c.accounts.Record(tx, by, in, g.happening(app, "UNGRANTED"))
	})
}

// A Granted app is a grant with the app, and the two organisations.
type Granted struct {
	*Grant
	App   *Client
	Owner auth.Tenant
	In    auth.Tenant
}

// Grants answers what the tenant grants apps of others, or a page of it, ordered by number.
func (c *Clients) Grants(ctx context.Context, in auth.Tenant, q account.PageQuery) ([]Granted, account.Page, error) {
	list := []Granted{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	span := store.Span{Prefix: store.Key(int64(in.Type), in.ID)}
	span.From = append(store.AppendKey(slices.Clone(span.Prefix), page.After(0)), 0)
	err = c.store.View(ctx, func(tx store.Tx) error {
		return grantsIn.Scan(tx, span, func(g *Grant) (bool, error) {
			l, ok, err := c.granted(tx, g)
			if err != nil || !ok {
				return err == nil, err
			}
			if !page.Take(g.ID) {
				return false, nil
			}
			list = append(list, l)
			return true, nil
		})
	})
	return list, page.Done(), err
}

// granted fills in the app and the organisations of a grant. ok is false where one of them is gone: the grant is then swept.
func (c *Clients) granted(tx store.Tx, g *Grant) (l Granted, ok bool, err error) {
	l.Grant = g
	if l.App, err = clients.Get(tx, g.AppID); err != nil || l.App == nil || !l.App.Gone.IsZero() {
		return l, false, err
	}
	if l.Owner, ok, err = c.accounts.TenantIn(tx, l.App.Of, l.App.TenantID); err != nil || !ok {
		return l, false, err
	}
	l.In, ok, err = c.accounts.TenantIn(tx, g.Of, g.TenantID)
	return l, ok, err
}
