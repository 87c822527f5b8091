package hook

import (
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// What the records here lead to. What was deleted and waits for its sweep may be there longer than its tenant.
func init() {
	hooks.Leads("its tenant", func(tx store.Tx, h *Hook) (bool, error) {
		there, err := account.HasTenant(tx, h.Of, h.TenantID)
		return there || !h.Deleted.IsZero(), err
	})
	deliveries.Leads("its webhook", func(tx store.Tx, d *Delivery) (bool, error) { return hooks.Has(tx, d.HookID) })
	counts.Leads("its tenant", func(tx store.Tx, c *count) (bool, error) { return account.HasTenant(tx, c.Of, c.TenantID) })
}
