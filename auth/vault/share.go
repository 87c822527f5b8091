package vault

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// A Share lets a user, or the members of a user group, use a credential of their organisation.
type Share struct {
	ID           int64         `json:"id"`
	CredentialID int64         `json:"credentialId"`
	Of           auth.UserType `json:"of"` // the type of its tenant
	TenantID     int64         `json:"tenantId"`
	Target
	Created time.Time `json:"created"`
}

// A Target is with whom a credential is shared: one of the two.
type Target struct {
	UserID  int64 `json:"userId,omitempty"`
	GroupID int64 `json:"groupId,omitempty"`
}

var (
	shares       = store.NewCollection("credentialshare", func(s *Share) *int64 { return &s.ID })
	shareWith    = shares.Unique("target", func(s *Share) []byte { return s.key(s.CredentialID) })
	sharesOfUser = shares.Index("user", func(s *Share) []byte {
		if s.UserID == 0 {
			return nil
		}
		return store.Key(s.UserID, s.CredentialID)
	})
	sharesOfGroup = shares.Index("group", func(s *Share) []byte {
		if s.GroupID == 0 {
			return nil
		}
		return store.Key(s.GroupID, s.CredentialID)
	})
)

// maxShares is with how many users and groups a credential may be shared.
const maxShares = 1000

// key is that of the share of a credential, users before groups.
func (t Target) key(credentialID int64) []byte {
	return store.Key(credentialID, t.GroupID != 0, cmp.Or(t.UserID, t.GroupID))
}

// all is where the shares of the target are found, in the order of their credentials.
func (t Target) all() (*store.Index[Share], []byte) {
	if t.GroupID != 0 {
		return sharesOfGroup, store.Key(t.GroupID)
	}
	return sharesOfUser, store.Key(t.UserID)
}

// sharedWith answers with which users, and with which groups, a credential is shared. Those that are gone do not count.
func (v *Vault) sharedWith(tx store.Tx, in auth.Tenant, id int64) (users, groups []int64, err error) {
	err = shareWith.Scan(tx, store.Span{Prefix: store.Key(id)}, func(s *Share) (bool, error) {
		ok, err := v.there(tx, in, s.Target)
		switch {
		case !ok:
		case s.GroupID != 0:
			groups = append(groups, s.GroupID)
		default:
			users = append(users, s.UserID)
		}
		return true, err
	})
	return users, groups, err
}

// there says whether the shares of a target count: what is gone has some until they are swept.
func (v *Vault) there(tx store.Tx, in auth.Tenant, t Target) (bool, error) {
	if t.GroupID != 0 {
		g, err := groupIn(tx, in, t.GroupID)
		return g != nil, err
	}
	gone, err := v.accounts.UserGone(tx, t.UserID)
	return !gone, err
}

// Share shares a credential with a user or a group of its tenant; rows is 0 where it already is, or is not there. A
// user or group of another tenant is not found, and one who cannot sign in is a Conflict.
func (v *Vault) Share(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, with Target) (rows int, err error) {
	_, err = v.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, c *Credential) error {
		rows = 0
		name, err := v.takes(tx, by, in, with)
		if err != nil {
			return err
		}
		if was, err := shareWith.ID(tx, with.key(c.ID)); err != nil || was != 0 {
			return err
		}
		if err := account.Room(tx, shareWith, store.Key(c.ID), maxShares, "a credential is shared with at most %d users and user groups"); err != nil {
			return err
		}
		rows = 1
		s := &Share{CredentialID: c.ID, Of: in.Type, TenantID: in.ID, Target: with, Created: v.now()}
		return cmp.Or(shares.Insert(tx, s), v.accounts.Record(tx, by, in, c.shared("SHARED", with, name)))
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// takes answers the name of a target with which something may be shared in the tenant.
func (v *Vault) takes(tx store.Tx, by *auth.Principal, in auth.Tenant, with Target) (string, error) {
	if with.GroupID != 0 {
		g, err := groupIn(tx, in, with.GroupID)
		if err != nil || g == nil {
			return "", cmp.Or(err, error(auth.Errorf(auth.NotFound, "no such user group")))
		}
		return g.Name, nil
	}
	u, err := v.accounts.UserIn(tx, with.UserID)
	switch {
	case err != nil || u == nil || u.Type != in.Type || u.TenantID() != in.ID:
		return "", cmp.Or(err, error(auth.Errorf(auth.NotFound, "no such user")))
	case !u.Enabled() && !by.IsPortal():
		return "", auth.Errorf(auth.Conflict, "the user %s is not active", u.Username)
	}
	return u.Username, nil
}

// Unshare ends a share; rows is 0 where there is none.
func (v *Vault) Unshare(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, with Target) (rows int, err error) {
	_, err = v.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, c *Credential) error {
		rows = 0
		s, err := shareWith.Get(tx, with.key(c.ID))
		if err != nil || s == nil {
			return err
		}
		rows = 1
		_, err = shares.Delete(tx, s.ID)
		return cmp.Or(err, v.accounts.Record(tx, by, in, c.shared("UNSHARED", with, "")))
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

func (c *Credential) shared(what string, with Target, name string) account.Happening {
	h := c.happening(what)
	if with.GroupID != 0 {
		h.Detail["userGroupId"] = with.GroupID
	} else {
		h.Detail["userId"] = with.UserID
	}
	if name != "" {
		h.Message = fmt.Sprintf("%s with %s", h.Message, name)
	}
	return h
}
