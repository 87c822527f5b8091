package vault

import (
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Show says what an administrator wants to see. Nobody else has a choice.
type Show struct {
	View    string // FullView, or else DefaultView
	UserID  int64  // what is shared with the user himself
	GroupID int64
	Wrong   []auth.Field // what else was asked for, and cannot be
}

// The views: all that may be shown, or the number and the username.
const (
	DefaultView = "Default"
	FullView    = "Full"
)

func (s Show) check() error {
	if len(s.Wrong) > 0 {
		return auth.BadFields(s.Wrong...)
	}
	if s.View != "" && s.View != DefaultView && s.View != FullView {
		return auth.BadField("view", "must be one of %s, %s", DefaultView, FullView)
	}
	return nil
}

// A Listed credential is a credential as its reader sees it.
type Listed struct {
	*Credential
	Full     bool
	UserIDs  []int64
	GroupIDs []int64
}

// administers says whether the caller is an administrator of the tenant's credentials.
func administers(by *auth.Principal, in auth.Tenant) bool {
	return by.May(auth.Update.On(auth.Credential), in)
}

// List answers the tenant's credentials, or a page of them, ordered by number: to administrators those that they ask for, to
// others those that they may use. What it costs is what it answers.
func (v *Vault) List(ctx context.Context, by *auth.Principal, in auth.Tenant, show Show,
	q account.PageQuery) ([]Listed, account.Page, error) {
	list := []Listed{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	err = v.store.View(ctx, func(tx store.Tx) error {
		found := func(c *Credential) (bool, error) {
			if !page.Take(c.ID) {
				return false, nil
			}
			l, err := v.listed(tx, in, c, show)
			list = append(list, l)
			return true, err
		}
		if !administers(by, in) {
			show = Show{}
			return usable(tx, by, in, page.After(0), found)
		}
		if err := show.check(); err != nil {
			return err
		}
		return v.each(tx, in, show, page, found)
	})
	return list, page.Done(), err
}

// Get answers one of the tenant's credentials, as List would; nil where there is none, or none that the caller may see.
func (v *Vault) Get(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, show Show) (l *Listed, err error) {
	err = v.store.View(ctx, func(tx store.Tx) error {
		admin := administers(by, in)
		if err := show.check(); err != nil && admin {
			return err
		}
		if !admin {
			show = Show{}
			if ok, err := mayUse(tx, by, id); err != nil || !ok { // first: the time of a no does not tell what is there
				return err
			}
		}
		c, err := credentialIn(tx, in, id)
		if err != nil || c == nil {
			return err
		}
		found, err := v.listed(tx, in, c, show)
		l = &found
		return err
	})
	return l, err
}

func (v *Vault) listed(tx store.Tx, in auth.Tenant, c *Credential, show Show) (l Listed, err error) {
	l.Credential, l.Full = c, show.View == FullView
	if l.Full {
		l.UserIDs, l.GroupIDs, err = v.sharedWith(tx, in, c.ID)
	}
	return l, err
}

// each calls f for the credentials of a page, and beyond, that an administrator asks for, in order.
func (v *Vault) each(tx store.Tx, in auth.Tenant, s Show, p *account.Pager, f func(*Credential) (bool, error)) error {
	if s.UserID == 0 && s.GroupID == 0 {
		return credentialsOf.Scan(tx, behind(tenantKey(in), p), f)
	}
	first, other := Target{UserID: s.UserID}, Target{GroupID: s.GroupID}
	for _, t := range []Target{first, other} {
		if ok, err := v.there(tx, in, t); t != (Target{}) && (err != nil || !ok) {
			return err
		}
	}
	if s.UserID == 0 {
		first, other = other, Target{}
	}
	index, key := first.all()
	return index.Scan(tx, from(key, p.After(0)), func(sh *Share) (bool, error) {
		if other != (Target{}) {
			if id, err := shareWith.ID(tx, other.key(sh.CredentialID)); err != nil || id == 0 {
				return true, err
			}
		}
		return visit(tx, in, sh.CredentialID, f)
	})
}

// visit calls f for a credential, if the tenant still has it.
func visit(tx store.Tx, in auth.Tenant, id int64, f func(*Credential) (bool, error)) (bool, error) {
	c, err := credentialIn(tx, in, id)
	if err != nil || c == nil {
		return true, err
	}
	return f(c)
}

// from is the span of a target's shares of credentials above after.
func from(key []byte, after int64) store.Span {
	return store.Span{Prefix: key, From: store.AppendKey(slices.Clone(key), after+1)}
}

// mayUse says whether the credential of that number is shared with the caller, himself or by a group, whether or not it is there. An
// app is no user, and has no share; nor has anybody in another organisation.
func mayUse(tx store.Tx, by *auth.Principal, id int64) (ok bool, err error) {
	if by.UserID == 0 {
		return false, nil
	}
	has := func(t Target) (bool, error) {
		share, err := shareWith.ID(tx, t.key(id))
		ok = share != 0
		return !ok, err
	}
	if more, err := has(Target{UserID: by.UserID}); err != nil || !more {
		return ok, err
	}
	err = groupsOfUser(tx, by.UserID, func(id int64) (bool, error) { return has(Target{GroupID: id}) })
	return ok, err
}

// usable calls f for the tenant's credentials above a number that are shared with the caller, himself or by a group, each once
// and in order. It merges what the indexes say of him and of each of his groups, and reads no further than f wants.
func usable(tx store.Tx, by *auth.Principal, in auth.Tenant, after int64, f func(*Credential) (bool, error)) error {
	if by.UserID == 0 {
		return nil
	}
	list := []queue{{Target: Target{UserID: by.UserID}}}
	err := groupsOfUser(tx, by.UserID, func(id int64) (bool, error) {
		list = append(list, queue{Target: Target{GroupID: id}})
		return true, nil
	})
	for more := true; more && err == nil; {
		if after, err = next(tx, list, after); err != nil || after == 0 {
			return err
		}
		more, err = visit(tx, in, after, f)
	}
	return err
}

// ofGroup answers what is shared with a group of the tenant, ordered by number: all of it to administrators of credentials, to
// others what they may use.
func ofGroup(tx store.Tx, by *auth.Principal, in auth.Tenant, id int64) ([]*Credential, error) {
	list := []*Credential{}
	if !by.May(auth.Read.On(auth.Credential), in) {
		return list, nil
	}
	found := func(c *Credential) (bool, error) { list = append(list, c); return true, nil }
	if !administers(by, in) { // what is hidden from him is not looked at: the time would tell how much it is
		err := usable(tx, by, in, 0, func(c *Credential) (bool, error) {
			share, err := shareWith.ID(tx, Target{GroupID: id}.key(c.ID))
			if err != nil || share == 0 {
				return true, err
			}
			return found(c)
		})
		return list, err
	}
	err := sharesOfGroup.Scan(tx, store.Span{Prefix: store.Key(id)}, func(s *Share) (bool, error) {
		return visit(tx, in, s.CredentialID, found)
	})
	return list, err
}

// A queue is the credentials that are shared with a target, from the next one on.
type queue struct {
	Target
	next int64 // 0: not asked yet
	over bool
}

// next answers the lowest number above after in any of the queues, or 0.
func next(tx store.Tx, list []queue, after int64) (lowest int64, err error) {
	for i := range list {
		q := &list[i]
		if err := q.pass(tx, after); err != nil {
			return 0, err
		}
		if !q.over && (lowest == 0 || q.next < lowest) {
			lowest = q.next
		}
	}
	return lowest, nil
}

// pass leaves behind what is not above after.
func (q *queue) pass(tx store.Tx, after int64) error {
	if q.over || q.next > after {
		return nil
	}
	q.over = true
	index, key := q.all()
	return index.Scan(tx, from(key, after), func(s *Share) (bool, error) {
		q.next, q.over = s.CredentialID, false
		return false, nil
	})
}
