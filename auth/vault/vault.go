package vault

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
)

// Verifiers answer by what the logins of a tenant are checked. That nothing is configured is a Conflict.
type Verifiers interface {
	Of(ctx context.Context, in auth.Tenant) (verify.Verifier, error)
}

// Vault keeps the credentials of a portal.
type Vault struct {
	accounts  *account.Accounts
	store     account.Store
	verifiers Verifiers
	ring      func() (*secret.Keyring, error)
}

// New makes the keeper. ring answers the keys of the envelopes as they are now.
func New(a *account.Accounts, v Verifiers, ring func() (*secret.Keyring, error)) *Vault {
	out := &Vault{accounts: a, store: a.Store, verifiers: v, ring: ring}
	a.SweepTenant(out.sweepTenant)
	a.SweepUser(out.sweepUser)
	return out
}

func (v *Vault) now() time.Time { return v.accounts.Now() }
