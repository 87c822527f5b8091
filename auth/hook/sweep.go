package hook

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// sweptDeliveries is a step of a sweep, kept below the store's hundred keys an Update.
const sweptDeliveries = 25

// Sweep forgets deliveries that ended longer ago than the property says, and removes what is left of webhooks that were deleted.
func (k *Hooks) Sweep(ctx context.Context) error {
	return k.store.InSteps(ctx, k.sweepEnded, sweepGone)
}

func (k *Hooks) sweepEnded(tx store.Tx) (more bool, err error) {
	keep, err := k.accounts.Duration(tx, account.WebhookRetainDays, 24*time.Hour)
	if err != nil {
		return false, err
	}
	n, err := deliveries.DeleteSome(tx, deliveryEnded, store.Span{To: store.Key(k.now().Add(-keep))}, sweptDeliveries)
	return n == sweptDeliveries, err
}

func sweepGone(tx store.Tx) (bool, error) {
	n, err := sweepFirst(tx, hooksGone, store.Span{})
	return n > 0, err
}

// sweepTenant removes a step of the webhooks of a tenant that is gone.
func (k *Hooks) sweepTenant(tx store.Tx, g *account.TenantGrave) (int, error) {
	n, err := sweepFirst(tx, hooksOf, store.Span{Prefix: tenantKey(g.Tenant())})
	if err != nil || n > 0 {
		return n, err
	}
	return counts.DeleteSome(tx, countOf, store.Span{Prefix: tenantKey(g.Tenant())}, 1)
}

// sweepFirst removes a few deliveries of the first webhook in a span, or the webhook when it has none left. It says how much that is.
func sweepFirst(tx store.Tx, by store.Way, s store.Span) (int, error) {
	first, err := store.First(tx, by, s)
	if err != nil || first == 0 {
		return 0, err
	}
	if n, err := deliveries.DeleteSome(tx, deliveryOf, store.Span{Prefix: store.Key(first)}, sweptDeliveries); err != nil || n > 0 {
		return n, err
	}
	_, err = hooks.Delete(tx, first)
	return 1, err
}
