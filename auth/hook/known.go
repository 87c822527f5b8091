package hook

import (
	"context"
	"net/netip"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// signing is the secret that the messages of a new webhook are signed with.
func (k *Hooks) signing(by *auth.Principal, n *NewHook) (secret.Text, error) {
	switch {
	case n.Secret != "" && !by.IsPortal():
		return "", auth.Errorf(auth.Forbidden, "the privilege to choose secrets is the portal's alone in method [%s]", by.Method)
	case n.Secret != "":
		return n.Secret, n.checkSecret()
	case n.Channel == ByMail:
		return "", nil
	}
	return post.NewSecret(k.accounts.Random())
}

// checkSecret refuses a secret that could not be a webhook's.
func (n *NewHook) checkSecret() error {
	if n.Secret == "" {
		return nil
	}
	if n.Channel == ByMail {
		return auth.BadField("secret", "is for the channel %s", ByPost)
	}
	if _, err := post.ParseSecret(n.Secret); err != nil {
		return auth.BadField("secret", "%v", err)
	}
	return nil
}

// Check refuses what can be refused before a webhook is there, or its tenant. The networks besides public ones that it may lead to are
// those stated, or else those that the operator has allowed; one that is there may go on leading where it does, as long as it is not
// called there.
func (k *Hooks) Check(ctx context.Context, in auth.Tenant, n NewHook, was *Hook, stated *string) error {
	var allowed []netip.Prefix
	err := k.store.View(ctx, func(tx store.Tx) (err error) {
		allowed, err = k.allowed(tx)
		return err
	})
	if err != nil {
		return err
	}
	if stated != nil {
		allowed = networks(*stated)
	}
	if err := n.checkSecret(); err != nil {
		return err
	}
	if was != nil && n.URL != "" {
		if to, err := k.to(was); err == nil && to == n.URL {
			allowed = append(allowed, everywhere...)
		}
	}
	return n.hook(in, k.now()).check(n.URL, allowed)
}

var everywhere = prefixes("0.0.0.0/0", "::/0")

// CheckRoom refuses webhooks of these names in a tenant if there would be too many, with those that it has besides.
func (k *Hooks) CheckRoom(ctx context.Context, in auth.Tenant, names []string) error {
	all := make(map[string]bool)
	for _, name := range names {
		all[string(nameKey(in, name))] = true
	}
	err := k.store.View(ctx, func(tx store.Tx) error {
		return hooksOf.Scan(tx, store.Span{Prefix: tenantKey(in)}, func(h *Hook) (bool, error) {
			all[string(nameKey(in, h.Name))] = true
			return true, nil
		})
	})
	if err == nil && len(all) > maxHooks {
		err = auth.Errorf(auth.Limit, tooMany, maxHooks)
	}
	return err
}

// Find answers the webhook of that name in a tenant; nil when there is none.
func (k *Hooks) Find(ctx context.Context, in auth.Tenant, name string) (h *Hook, err error) {
	err = k.store.View(ctx, func(tx store.Tx) error {
		h, err = hookByName.Get(tx, nameKey(in, name))
		return err
	})
	return h, err
}

// Each shows f the webhooks of a tenant, ordered by number, with where they lead; "" where that cannot be unsealed.
func (k *Hooks) Each(tx store.Tx, in auth.Tenant, f func(*Hook, secret.Text) error) error {
	return hooksOf.Scan(tx, store.Span{Prefix: tenantKey(in)}, func(h *Hook) (bool, error) {
		to, _ := k.to(h)
		return true, f(h, to)
	})
}
