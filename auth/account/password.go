package account

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
)

// NewHash answers the hash of a new password, or says why it cannot be one. u is the user who gets it, nil for one who is
// still to be made; t is his type.
func (a *Accounts) NewHash(ctx context.Context, t auth.UserType, u *User, password secret.Text) (string, error) {
	if err := checkPassword(password); err != nil {
		return "", err
	}
	return a.hash(ctx, password)
}

func checkPassword(password secret.Text) error {
	switch {
	case password == "":
		return auth.BadField("password", "is required")
	case len(password) < 8:
		return auth.BadField("password", "has fewer than 8 characters")
	case len(password) > 256:
		return auth.BadField("password", "has more than 256 bytes")
	}
	return nil
}

// setPassword gives the user another password; his sessions end, and do not come back.
func (a *Accounts) setPassword(u *User, hash string) {
	u.Password, u.PasswordModified = hash, a.Now()
	u.Epoch++
}

func (a *Accounts) hash(ctx context.Context, password secret.Text) (string, error) {
	phc, err := a.Passwords.Hash(ctx, password)
	return phc, busy(err)
}

// Rehashed answers a new hash of a password whose hash costs less than a new one would, or "".
func (a *Accounts) Rehashed(ctx context.Context, u *User, password secret.Text) (string, error) {
	if !a.Passwords.Outdated(u.Password) {
		return "", nil
	}
	return a.hash(ctx, password)
}

// CheckPassword says whether the password is the user's; for nil it does the same work and says no.
func (a *Accounts) CheckPassword(ctx context.Context, u *User, password secret.Text) (bool, error) {
	phc := ""
	if u != nil {
		phc = u.Password
	}
	ok, err := a.Passwords.Verify(ctx, phc, password)
	return ok, busy(err)
}
