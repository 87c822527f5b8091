package client

import (
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// What the records here lead to. Of a client that was deleted little more than its number is left, for ever.
func init() {
	clients.Leads("its tenant", func(tx store.Tx, c *Client) (bool, error) {
		there, err := account.HasTenant(tx, c.Of, c.TenantID)
		return there || !c.Gone.IsZero(), err
	}).Leads("its user", func(tx store.Tx, c *Client) (bool, error) {
		there, err := account.HasUser(tx, c.UserID)
		return there || c.UserID == 0, err
	}).Leads("a role of its scope", func(tx store.Tx, c *Client) (bool, error) {
		return account.HasRoles(tx, c.Scope.RoleIDs)
	})
	account.UsersLead("its API client", func(tx store.Tx, u *account.User) (bool, error) {
		if u.ClientID == 0 {
			return true, nil
		}
		c, err := clients.Get(tx, u.ClientID)
		return c != nil && (c.UserID == u.ID || !c.Gone.IsZero()), err
	})
	grants.Leads("its app", func(tx store.Tx, g *Grant) (bool, error) {
		return clients.Has(tx, g.AppID)
	}).Leads("its tenant", func(tx store.Tx, g *Grant) (bool, error) {
		return account.HasTenant(tx, g.Of, g.TenantID)
	}).Leads("its role", func(tx store.Tx, g *Grant) (bool, error) {
		return account.HasRoles(tx, g.RoleIDs)
	})
	assertions.Leads("its client", func(tx store.Tx, a *assertion) (bool, error) { return clients.Has(tx, a.Client) })
}
