package account

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// Options are what an authority is made with. The zero of each is a sensible default.
type Options struct {
	Now           func() time.Time
	Random        io.Reader
	PasswordCost  secret.Cost // the default is secret.OWASP
	PublicAddress string      // default of network.public.address
	Version       string      // product.version
	Verify        verify.Options

	// Sleep is how a check of a password pauses that comes behind too many wrong ones.
	Sleep func(context.Context, time.Duration) error
}

// Accounts keeps the people and tenants of a portal.
type Accounts struct {
	Store     Store
	Passwords *secret.Passwords
	Verifiers *verify.Verifiers
	Sealer    *secret.Sealer                        // set before the first use; its key lies apart from the store
	AppStands func(store.Tx, *auth.Principal) error // refuses an OAuth app, or an API client, that may not act as it did when its call began
	Shipping  func(store.Tx) (Shipping, error)      // how far events were shipped; nil when nobody ships them
	now       func() time.Time
	random    io.Reader
	trials    *limit.Trials
	refusals  refusals
	uses      refusals // no refusals, but counted as those are
	book      roleBook
	rates     textBook[rateText, []ratePolicy]
	asked     textBook[string, TokenPolicy] // of API tokens
	defaults  map[int64]string              // of the properties that only the start of the program knows

	forgetUser []func(tx store.Tx, id int64) error
	userSweeps []func(tx store.Tx, g *Grave, most int) (int, error)
	sweepers   []func(tx store.Tx, g *TenantGrave) (int, error)
}

// New makes the keeper of a store's accounts.
func New(db *store.DB, o Options) *Accounts {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.PasswordCost == (secret.Cost{}) {
		o.PasswordCost = secret.OWASP
	}
	if o.PublicAddress == "" {
		o.PublicAddress = "localhost"
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	a := &Accounts{
		Store:     Store{db},
		Passwords: secret.NewPasswords(o.PasswordCost, o.Random),
		now:       o.Now,
		random:    o.Random,
		trials:    limit.NewTrials(o.Now, o.Sleep),
		refusals:  newRefusals("refusals"),
		uses:      newRefusals("uses"),
		defaults:  map[int64]string{PublicAddress.id: o.PublicAddress, ProductVersion.id: o.Version},
	}
	if o.Verify.Now == nil {
		o.Verify.Now = o.Now
	}
	a.Verifiers = verify.New(a, o.Verify)
	db.OnCommit(a.chainEvents)
	return a
}

// SweepTenant adds what other packages keep of a tenant: f removes a few of its records, as many as fit into an Update, once the
// tenant is gone, and says how many. It belongs to the wiring.
func (a *Accounts) SweepTenant(f func(tx store.Tx, g *TenantGrave) (int, error)) {
	a.sweepers = append(a.sweepers, f)
}

// ForgetUser adds what other packages keep of a user: f removes it in the Update that removes him. It belongs to the wiring.
func (a *Accounts) ForgetUser(f func(tx store.Tx, id int64) error) {
	a.forgetUser = append(a.forgetUser, f)
}

// SweepUser adds what other packages keep of a user, if that may be more than fits into the Update that removes him: f removes
// at most so many of its records, of three keys each, once he is gone, and says how many. It belongs to the wiring.
func (a *Accounts) SweepUser(f func(tx store.Tx, g *Grave, most int) (int, error)) {
	a.userSweeps = append(a.userSweeps, f)
}

// Now is the authority's clock, in UTC and in the milliseconds that the wire shows.
func (a *Accounts) Now() time.Time { return a.now().UTC().Truncate(time.Millisecond) }

// Random is the authority's source of chance.
func (a *Accounts) Random() io.Reader { return a.random }

// A Store is the authority's way to its records: what the store cannot answer for becomes Unavailable,
// because an authority that does not know must not say yes.
type Store struct{ db *store.DB }

// View shows f a snapshot.
func (s Store) View(ctx context.Context, f func(store.Tx) error) error {
	return explained(s.db.View(ctx, f))
}

// Update makes what f writes durable, or nothing of it. f may run more than once.
func (s Store) Update(ctx context.Context, f func(store.Tx) error) error {
	err := s.db.Update(ctx, f)
	if err == nil {
		settled(ctx)
	}
	return explained(err)
}

// InSteps makes each of the steps an Update, and once more as long as it says that there is more to do. It may be stopped between
// any two.
func (s Store) InSteps(ctx context.Context, steps ...func(store.Tx) (more bool, err error)) error {
	for _, step := range steps {
		for more := true; more; {
			err := s.Update(ctx, func(tx store.Tx) (err error) {
				more, err = step(tx)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// explained turns what the store cannot do into a refusal.
func explained(err error) error {
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return auth.Because(auth.Unavailable, err, "unavailable")
	case errors.Is(err, store.ErrLimit):
		return auth.Because(auth.Limit, err, "this is more than the portal writes at once")
	}
	return err
}

// busy turns a full queue of password checks into a refusal.
func busy(err error) error {
	if errors.Is(err, secret.ErrBusy) {
		return auth.Because(auth.Busy, err, "too many password checks at once")
	}
	return err
}
