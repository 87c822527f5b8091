package account

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// An edition marks the roles and customizations of the portal as they are. Each change of one of them makes a new edition, of a
// name that was never used before: what was put together for an edition stays true as long as the store names it.
type edition struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

var editions = store.NewCollection("roleedition", func(e *edition) *int64 { return &e.ID }).Remember(1, nil)

// newEdition is part of every change of a role or a customization.
func (a *Accounts) newEdition(tx store.Tx) error {
	name, err := uuid.NewRandomFromReader(a.random)
	if err != nil {
		return err
	}
	return editions.Put(tx, &edition{ID: 1, Name: name.String()})
}

// A roleKey says whose role it is: the same role can be customized by one tenant and not by another.
type roleKey struct {
	id       int64
	of       auth.UserType
	tenantID int64
	proxyID  int64 // of an enterprise: its partner
}

// A roleBook keeps the roles of one edition that were put together already. It is no source of truth: an edition's roles
// never change.
type roleBook struct {
	mu      sync.RWMutex
	edition string
	roles   map[roleKey]*auth.Role
}

// maxBook bounds the book; a full one is begun anew.
const maxBook = 4096

func (b *roleBook) get(edition string, k roleKey) *auth.Role {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.edition != edition {
		return nil
	}
	return b.roles[k]
}

func (b *roleBook) put(edition string, k roleKey, r *auth.Role) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.edition != edition || len(b.roles) >= maxBook {
		b.edition, b.roles = edition, make(map[roleKey]*auth.Role)
	}
	b.roles[k] = r
}

// role answers a role, or a functional role alone, as it stands now for users of a type in a tenant, customizations and all. One that is gone, or not for
// the tenant, grants nothing.
func (a *Accounts) role(tx store.Tx, id int64, t auth.UserType, tenantID int64) (*auth.Role, error) {
	e, err := editions.Get(tx, 1)
	if err != nil {
		return nil, err
	}
	if e == nil { // nobody has made or customized a role yet
		return cmp.Or(auth.RoleByID(id), functionAlone(id), auth.NoRole(id, t)), nil
	}
	in, ok, err := a.TenantIn(tx, t, tenantID)
	if err != nil || !ok {
		return auth.NoRole(id, t), err
	}
	k := roleKey{id, t, tenantID, in.ProxyID}
	if r := a.book.get(e.Name, k); r != nil {
		return r, nil
	}
	r, err := a.compose(tx, id, in)
	if err == nil {
		a.book.put(e.Name, k, r)
	}
	return r, err
}

// compose puts a role together as it stands for the users of a tenant.
func (a *Accounts) compose(tx store.Tx, id int64, in auth.Tenant) (*auth.Role, error) {
	r, err := a.plainRole(tx, id, in)
	if err != nil || r.UserType != in.Type {
		return auth.NoRole(id, in.Type), err
	}
	return customized(tx, r, in)
}

// roleOf answers the role of a user. That of an API client's may be functional roles of its own.
func (a *Accounts) roleOf(tx store.Tx, u *User) (*auth.Role, error) {
	if len(u.Functions) == 0 {
		return a.role(tx, u.RoleID, u.Type, u.TenantID())
	}
	return a.Union(tx, u.Type, u.TenantID(), u.Functions)
}

// Union is what several roles and functional roles come to, as they stand now for users of a type in a tenant. Those that are
// gone grant nothing.
func (a *Accounts) Union(tx store.Tx, t auth.UserType, tenantID int64, ids []int64) (*auth.Role, error) {
	out, names := auth.NoRole(0, t), []string{}
	for _, id := range ids {
		r, err := a.role(tx, id, t, tenantID)
		if err != nil {
			return nil, err
		}
		if r.UserType != t || len(r.Parts) == 0 {
			continue
		}
		names = append(names, r.Name)
		out.Precedence, out.Parts = min(out.Precedence, r.Precedence), append(out.Parts, r.Parts...)
	}
	if len(names) > 0 {
		out.Name = strings.Join(names, ", ")
	}
	return out, nil
}

// functionAlone is a functional role as the only part of a role; nil if there is none of that number.
func functionAlone(id int64) *auth.Role {
	f := auth.FunctionByID(id)
	if f == nil {
		return nil
	}
	return &auth.Role{ID: f.ID, Name: f.Name, UserType: f.UserType, Precedence: f.Precedence, Parts: []auth.Part{{Function: f}}}
}

// customized is a role with what was changed in its functions for the tenant's users.
func customized(tx store.Tx, r *auth.Role, in auth.Tenant) (*auth.Role, error) {
	changed, err := customizationsFor(tx, in)
	if err != nil || len(changed) == 0 {
		return r, err
	}
	whole := *r
	whole.Parts = slices.Clone(r.Parts)
	for i, p := range whole.Parts {
		whole.Parts[i].Customizations = changed[p.ID]
	}
	return &whole, nil
}

// plainRole answers a role that users of the tenant may have, without customizations: a predefined one, a functional role alone,
// or one that was made at the tenant or above it.
func (a *Accounts) plainRole(tx store.Tx, id int64, in auth.Tenant) (*auth.Role, error) {
	if r := cmp.Or(auth.RoleByID(id), functionAlone(id)); r != nil {
		return r, nil
	}
	c, err := customRoles.Get(tx, id)
	if err != nil || c == nil || !c.offeredTo(in) {
		return auth.NoRole(id, in.Type), err
	}
	return c.Role(), nil
}

// A level is a tenant that may make and customize roles.
type level struct {
	of auth.UserType
	id int64
}

// levels are those that decide on the roles of a tenant's users, the tenant itself first and the operator last.
func levels(in auth.Tenant) []level {
	all := []level{}
	if in.Type == auth.Enterprise {
		all = append(all, level{auth.Enterprise, in.ID})
		if in.ProxyID != 0 {
			all = append(all, level{auth.MSP, in.ProxyID})
		}
	}
	if in.Type == auth.MSP {
		all = append(all, level{auth.MSP, in.ID})
	}
	return append(all, level{auth.Operator, auth.NetworkID})
}

func levelOf(in auth.Tenant) level { return level{in.Type, in.ID} }

func (l level) key() []byte { return store.Key(int64(l.of), l.id) }

// customizationsFor answers what was changed for the tenant's users, by function, the level that decides first in front.
func customizationsFor(tx store.Tx, in auth.Tenant) (map[int64][]*auth.Customization, error) {
	var all map[int64][]*auth.Customization
	for _, l := range levels(in) {
		err := customizationsOf.Scan(tx, store.Span{Prefix: l.key()}, func(c *Customization) (bool, error) {
			if all == nil {
				all = make(map[int64][]*auth.Customization)
			}
			all[c.FunctionID] = append(all[c.FunctionID], c.Change())
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sameRights says whether the caller's role is the one that his call began with, what bounds it aside: that never changes. A
// change rests on the rights that its actor has in its own transaction.
func (a *Accounts) sameRights(tx store.Tx, by *auth.Principal, u *User) error {
	now, err := a.roleOf(tx, u)
	then := by.Role
	if then.Within != nil {
		then = then.Unbound()
	}
	switch {
	case err != nil:
		return err
	case now == then, now.Covers(then) && then.Covers(now):
		return nil
	}
	return auth.Errorf(auth.Forbidden, "the privileges of your role changed during method [%s]", by.Method)
}
