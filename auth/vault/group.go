package vault

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Group is a user group of an organisation.
type Group struct {
	ID          int64         `json:"id"`
	Of          auth.UserType `json:"of"` // the type of its tenant
	TenantID    int64         `json:"tenantId"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Rows        int           `json:"rows,omitempty"` // of members, those of users who are gone among them
	Created     time.Time     `json:"created"`
	Modified    time.Time     `json:"modified"`      // name or description
	Gone        time.Time     `json:"gone,omitzero"` // it was deleted then; its rows are to be swept
}

var (
	groups = store.NewCollection("usergroup", func(g *Group) *int64 { return &g.ID }).
		Remember(1024, nil)
	groupByName = groups.Unique("name", func(g *Group) []byte { return g.ifThere(g.nameKey()) })
	groupsOf    = groups.Index("tenant", func(g *Group) []byte { return g.ifThere(tenantKey(g.tenant())) })
	groupsGone  = groups.Index("gone", func(g *Group) []byte {
		if g.Gone.IsZero() {
			return nil
		}
		return store.Key(g.Gone)
	})
)

// The limits of groups.
const (
	maxGroups       = 200  // of an organisation
	maxMembers      = 5000 // of a group
	maxGroupsOfUser = 100
	maxName         = 255
	maxDescription  = 255
)

func tenantKey(in auth.Tenant) []byte { return store.Key(int64(in.Type), in.ID) }

// nameKey: letter case does not count.
func (g *Group) nameKey() []byte { return store.Key(int64(g.Of), g.TenantID, strings.ToLower(g.Name)) }

// ifThere is a key by which the group is found as long as it was not deleted.
func (g *Group) ifThere(key []byte) []byte {
	if g.Gone.IsZero() {
		return key
	}
	return nil
}

func (g *Group) tenant() auth.Tenant { return auth.Tenant{Type: g.Of, ID: g.TenantID} }

func (g *Group) happening(what string) account.Happening {
	return account.Happening{
		Name: "USER_GROUP_" + what, Category: account.OfSecurity, Message: "user group " + g.Name,
		Detail: map[string]any{"id": g.ID, "name": g.Name}, Needs: auth.Read.On(auth.UserGroup),
	}
}

// Groups keeps the user groups of a portal.
type Groups struct {
	accounts *account.Accounts
	store    account.Store
}

// NewGroups makes the keeper.
func NewGroups(a *account.Accounts) *Groups {
	g := &Groups{accounts: a, store: a.Store}
	a.SweepTenant(g.sweepTenant)
	a.ForgetUser(g.forget)
	return g
}

// groupIn answers a group of the tenant by number, or nil.
func groupIn(tx store.Tx, in auth.Tenant, id int64) (*Group, error) {
	g, err := groups.Get(tx, id)
	if err != nil || g == nil || !g.Gone.IsZero() || g.Of != in.Type || g.TenantID != in.ID {
		return nil, err
	}
	return g, nil
}

// A NewGroup is what Insert makes.
type NewGroup struct {
	Name        string
	Description string
}

// Insert makes a group of the tenant, without members. A taken name is a Conflict, letter case aside.
func (g *Groups) Insert(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewGroup) (made *Group, err error) {
	err = g.store.Update(ctx, func(tx store.Tx) error {
		in, err := g.accounts.Still(tx, by, in, auth.Create.On(auth.UserGroup))
		if err != nil {
			return err
		}
		made = &Group{
			Of: in.Type, TenantID: in.ID, Name: n.Name, Description: n.Description, Created: g.accounts.Now(), Modified: g.accounts.Now(),
		}
		if err := made.check(); err != nil {
			return err
		}
		err = account.Room(tx, groupsOf, tenantKey(in), maxGroups, "an organisation has at most %d user groups")
		if err != nil {
			return err
		}
		if err := made.write(tx, groups.Insert); err != nil {
			return err
		}
		return g.accounts.Record(tx, by, in, made.happening("CREATED"))
	})
	return made, err
}

func (g *Group) check() error {
	if err := account.CheckName("name", g.Name, maxName); err != nil {
		return err
	}
	return account.CheckText("description", g.Description, maxDescription)
}

func (g *Group) write(tx store.Tx, write func(store.Tx, *Group) error) error {
	err := write(tx, g)
	if errors.Is(err, store.ErrTaken) {
		return auth.Errorf(auth.Conflict, "the name %s is taken", g.Name)
	}
	return err
}

// change is one Update of a group of the tenant. rows is 0 where there is none.
func (g *Groups) change(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, v auth.Action,
	do func(tx store.Tx, of *Group) (rows int, err error)) (rows int, err error) {
	err = g.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		in, err := g.accounts.Still(tx, by, in, v.On(auth.UserGroup))
		if err != nil {
			return err
		}
		of, err := groupIn(tx, in, id)
		if err != nil || of == nil {
			return err
		}
		rows, err = do(tx, of)
		return err
	})
	return rows, err
}

// A GroupUpdate names the fields to set; nil leaves a field as it is.
type GroupUpdate struct {
	Name        *string
	Description *string
}

// apply answers the names of the fields that changed.
func (up *GroupUpdate) apply(g *Group) (changed []string) {
	for _, f := range []struct {
		name     string
		to, from *string
	}{{"name", &g.Name, up.Name}, {"description", &g.Description, up.Description}} {
		if f.from != nil && *f.from != *f.to {
			*f.to = *f.from
			changed = append(changed, f.name)
		}
	}
	return changed
}

// Update changes the named fields of a group. rows is 0 where the tenant has no such group.
func (g *Groups) Update(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, up GroupUpdate) (int, error) {
	return g.change(ctx, by, in, id, auth.Update, func(tx store.Tx, of *Group) (int, error) {
		changed := up.apply(of)
		if len(changed) == 0 {
			return 1, nil
		}
		if err := of.check(); err != nil {
			return 0, err
		}
		of.Modified = g.accounts.Now()
		if err := of.write(tx, groups.Put); err != nil {
			return 0, err
		}
		h := of.happening("UPDATED")
		h.Detail["changed"] = changed
		return 1, g.accounts.Record(tx, by, in, h)
	})
}

// Delete removes a group. That it has members, or credentials are shared with it, is a Conflict, unless force is given: then that
// ends with it. rows is 0 where the tenant has no such group.
func (g *Groups) Delete(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, force bool) (int, error) {
	return g.change(ctx, by, in, id, auth.Delete, func(tx store.Tx, of *Group) (int, error) {
		gone, err := departed(tx, in)
		if err != nil {
			return 0, err
		}
		n := of.Rows - gone[id]
		shared, err := sharedWithGroup(tx, in, id)
		if err != nil {
			return 0, err
		}
		if (n > 0 || shared > 0) && !force {
			return 0, auth.Errorf(auth.Conflict, "the user group is in use (%d members, %d credentials); with force it is deleted all the same", n, shared)
		}
		of.Gone = g.accounts.Now()
		if err := groups.Put(tx, of); err != nil {
			return 0, err
		}
		h := of.happening("DELETED")
		h.Severity = account.Notice
		h.Detail["members"], h.Detail["credentials"], h.Detail["force"] = n, shared, force
		return 1, g.accounts.Record(tx, by, in, h)
	})
}

// A ListedGroup is a group as it is shown.
type ListedGroup struct {
	*Group
	Count       int // of members
	Members     []ListedMember
	Page        account.Page // of the members
	Credentials []*Credential
}

// A ShowGroup says what is asked for besides.
type ShowGroup struct {
	Members     *account.PageQuery // those, or a page of them, ordered by number
	Credentials bool               // what is shared with the group, as far as the caller sees that
}

// List answers the groups of the tenant, or a page of them, ordered by number.
func (g *Groups) List(ctx context.Context, in auth.Tenant, q account.PageQuery) ([]ListedGroup, account.Page, error) {
	list := []ListedGroup{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	err = g.store.View(ctx, func(tx store.Tx) error {
		gone, err := departed(tx, in)
		if err != nil {
			return err
		}
		return groupsOf.Scan(tx, behind(tenantKey(in), page), func(of *Group) (bool, error) {
			if !page.Take(of.ID) {
				return false, nil
			}
			list = append(list, ListedGroup{Group: of, Count: of.Rows - gone[of.ID]})
			return true, nil
		})
	})
	return list, page.Done(), err
}

// behind is what is left of the records with that key for a page whose places are the numbers behind the key.
func behind(key []byte, p *account.Pager) store.Span {
	return store.Span{Prefix: key, From: append(store.AppendKey(slices.Clone(key), p.After(0)), 0)}
}

// Get answers a group of the tenant, or nil.
func (g *Groups) Get(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, show ShowGroup) (l *ListedGroup, err error) {
	err = g.store.View(ctx, func(tx store.Tx) error {
		of, err := groupIn(tx, in, id)
		if err != nil || of == nil {
			return err
		}
		gone, err := departed(tx, in)
		if err != nil {
			return err
		}
		l = &ListedGroup{Group: of, Count: of.Rows - gone[id]}
		if show.Members != nil {
			if l.Members, l.Page, err = g.members(tx, of, *show.Members); err != nil {
				return err
			}
		}
		if show.Credentials {
			l.Credentials, err = ofGroup(tx, by, in, id)
		}
		return err
	})
	return l, err
}
