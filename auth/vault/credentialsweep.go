package vault

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// The steps of the background work, kept below the store's hundred keys an Update.
const (
	sweptShares      = 25 // of three keys
	sweptCredentials = 15 // of five keys, and one of their version
)

// Sweep removes the shares of credentials that were deleted. It works in steps, each an Update, and may be stopped between any
// two.
func (v *Vault) Sweep(ctx context.Context) error {
	return v.store.InSteps(ctx, v.sweepGone)
}

// sweepGone removes a step of the shares of the first credential that was deleted, and what is left of it behind the last.
func (v *Vault) sweepGone(tx store.Tx) (more bool, err error) {
	err = credentialsGone.IDs(tx, store.Span{}, func(_ []byte, id int64) (bool, error) {
		more = true
		n, err := shares.DeleteSome(tx, shareWith, store.Span{Prefix: store.Key(id)}, sweptShares)
		if err == nil && n < sweptShares {
			_, err = credentials.Delete(tx, id)
		}
		return false, err
	})
	return more, err
}

// sweepUser removes a step of what was shared with a user who is gone.
func (v *Vault) sweepUser(tx store.Tx, g *account.Grave, most int) (int, error) {
	return shares.DeleteSome(tx, sharesOfUser, store.Span{Prefix: store.Key(g.ID)}, most)
}

// sweepTenant removes a step of the credentials of a tenant that is gone. Their shares follow them.
func (v *Vault) sweepTenant(tx store.Tx, g *account.TenantGrave) (int, error) {
	var list []*Credential
	err := credentialsOf.Scan(tx, store.Span{Prefix: tenantKey(g.Tenant())}, func(c *Credential) (bool, error) {
		list = append(list, c)
		return len(list) < sweptCredentials, nil
	})
	for _, c := range list {
		if err == nil {
			err = v.bury(tx, c)
		}
	}
	return len(list), err
}

// sharedWithGroup counts the credentials that are shared with a group of the tenant.
func sharedWithGroup(tx store.Tx, in auth.Tenant, id int64) (n int, err error) {
	err = sharesOfGroup.Scan(tx, store.Span{Prefix: store.Key(id)}, func(s *Share) (bool, error) {
		c, err := credentialIn(tx, in, s.CredentialID)
		if c != nil {
			n++
		}
		return true, err
	})
	return n, err
}

// sweepSharesOfGroup removes a step of the shares of a group that is gone.
func sweepSharesOfGroup(tx store.Tx, id int64) (int, error) {
	return shares.DeleteSome(tx, sharesOfGroup, store.Span{Prefix: store.Key(id)}, sweptShares)
}
