package main

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/secret"
)

// sealedCredentials are what the vault tells of the keys of its envelopes.
type sealedCredentials interface {
	// KeysInUse are the keys that credentials are sealed under. It looks at each key once, not at each credential.
	KeysInUse(ctx context.Context) (ids []string, err error)

	// Rewrap brings some credentials under the primary key. What is left to do the store alone knows. An error does not end it
	// when there are more: a credential that is damaged does not hold up the others.
	Rewrap(ctx context.Context) (more bool, err error)
}

// A rewrapping brings all credentials under the primary key, whenever there is another one. It remembers nothing that matters:
// whatever cut it off, the next start goes on.
type rewrapping struct {
	ring        func() (*secret.Keyring, error)
	credentials sealedCredentials
	log         zerolog.Logger
	now         func() time.Time

	under string    // the primary key of the last run
	last  time.Time // when that was
}

// rewrapEvery is how often it is looked at when the primary key is the same: a call that began before the rotation may have
// sealed under the older key after all was rewrapped.
const rewrapEvery = time.Hour

func (r *rewrapping) run(ctx context.Context) error {
	ring, err := r.ring()
	if err != nil || ring.Primary() == r.under && r.now().Sub(r.last) < rewrapEvery {
		return err
	}
	r.under, r.last = ring.Primary(), r.now()
	older, err := r.older(ctx)
	if err != nil || len(older) == 0 {
		return err
	}
	r.log.Info().Strs("from", older).Str("to", r.under).Msg("credentials are rewrapped")
	for more := true; more; {
		more, err = r.credentials.Rewrap(ctx)
	}
	if err != nil {
		return err
	}
	older, err = r.older(ctx)
	if err == nil && len(older) == 0 {
		r.log.Info().Msg("no credential needs an older vault key any more; keep the files of those keys as long as there are backups of " +
			"the store from before")
	}
	return err
}

// older are the keys that credentials are sealed under, besides what is primary now.
func (r *rewrapping) older(ctx context.Context) ([]string, error) {
	ring, err := r.ring()
	if err != nil {
		return nil, err
	}
	used, err := r.credentials.KeysInUse(ctx)
	return slices.DeleteFunc(used, func(id string) bool { return id == ring.Primary() }), err
}
