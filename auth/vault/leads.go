package vault

import (
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// What the records here lead to. What was deleted and waits for its sweep may be there longer than its tenant.
func init() {
	credentials.Leads("its tenant", func(tx store.Tx, c *Credential) (bool, error) {
		there, err := account.HasTenant(tx, c.Of, c.TenantID)
		return there || c.gone(), err
	}).Leads("its version", func(tx store.Tx, c *Credential) (bool, error) {
		v, err := versions.Get(tx, c.ID)
		return c.gone() == (v == nil) && (v == nil || v.Version == c.Version), err
	})
	versions.Leads("its credential", func(tx store.Tx, v *version) (bool, error) { return credentials.Has(tx, v.ID) })
	shares.Leads("its credential", func(tx store.Tx, s *Share) (bool, error) {
		return credentials.Has(tx, s.CredentialID)
	}).Leads("its target", func(tx store.Tx, s *Share) (bool, error) {
		if s.GroupID != 0 {
			return groups.Has(tx, s.GroupID)
		}
		return account.HasUser(tx, s.UserID)
	})
	groups.Leads("its tenant", func(tx store.Tx, g *Group) (bool, error) {
		there, err := account.HasTenant(tx, g.Of, g.TenantID)
		return there || !g.Gone.IsZero(), err
	}).Leads("a count of all its rows", func(tx store.Tx, g *Group) (bool, error) {
		n := 0
		err := memberOf.IDs(tx, store.Span{Prefix: store.Key(g.ID)}, func([]byte, int64) (bool, error) {
			n++
			return true, nil
		})
		return n <= g.Rows, err // fewer while a sweep of its tenant is under way
	})
	members.Leads("its group", func(tx store.Tx, m *Member) (bool, error) {
		return groups.Has(tx, m.GroupID)
	}).Leads("its user", func(tx store.Tx, m *Member) (bool, error) {
		there, err := account.HasUser(tx, m.UserID)
		if there || err != nil {
			return there, err
		}
		return departures.Has(tx, m.UserID)
	})
}
