package account

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// NewHash answers the hash of a new password, or says why it cannot be one: the one door for all of them. u is the user who
// gets it; of one who is still to be made he has the username. t is his type, known are passwords of his that the caller
// has shown to know.
func (a *Accounts) NewHash(ctx context.Context, t auth.UserType, u *User, password secret.Text, known ...secret.Text) (string, error) {
	var p Policy
	if err := a.Store.View(ctx, func(tx store.Tx) (err error) {
		p, err = a.policy(tx, t)
		return err
	}); err != nil {
		return "", err
	}
	if err := p.check(u, password, known); err != nil {
		return "", err
	}
	if err := a.unused(ctx, &p, u, password); err != nil {
		return "", err
	}
	return a.hash(ctx, password)
}

// unused refuses the password that the user has and, with a history, those he had. Where passwords expire nobody keeps his
// by changing it to itself.
func (a *Accounts) unused(ctx context.Context, p *Policy, u *User, password secret.Text) error {
	if u == nil || u.Password == "" || !p.History.Enable && !p.Expiry.Enable {
		return nil
	}
	for _, phc := range slices.Concat([]string{u.Password}, u.earlier(p)) {
		had, err := a.Passwords.Verify(ctx, phc, password)
		if err != nil {
			return busy(err)
		}
		if had {
			return auth.BadField("password", "was used before")
		}
	}
	return nil
}

// earlier are the earlier passwords that the policy looks at.
func (u *User) earlier(p *Policy) []string { return u.Earlier[:min(len(u.Earlier), p.kept())] }

// setPassword gives the user another password; his sessions end, and do not come back. A lock-out ends too.
func (a *Accounts) setPassword(tx store.Tx, u *User, hash string) error {
	p, err := a.policy(tx, u.Type)
	if err != nil {
		return err
	}
	if u.Password != "" {
		u.Earlier = slices.Concat([]string{u.Password}, u.Earlier)
	}
	u.Earlier = u.earlier(&p)
	u.Password, u.PasswordModified = hash, a.Now()
	u.Epoch++
	return unlock(tx, u)
}

func (a *Accounts) hash(ctx context.Context, password secret.Text) (string, error) {
	phc, err := a.Passwords.Hash(ctx, password)
	return phc, busy(err)
}

// Rehashed answers a new hash of a password whose hash costs less than a new one would, or "". A hash that stores of before keep of
// who is not native is not of the password that he showed.
func (a *Accounts) Rehashed(ctx context.Context, u *User, password secret.Text) (string, error) {
	if u.NonNative || !a.Passwords.Outdated(u.Password) {
		return "", nil
	}
	return a.hash(ctx, password)
}

// CheckPassword answers verify.OK if the password is the user's; for nil it does the same work and does not. Of a user who is not
// native the verifier is asked, once, and its outcome is for his administrators; ErrUnavailable says that nothing is known. Any
// other wrong password has no outcome.
func (a *Accounts) CheckPassword(ctx context.Context, u *User, password secret.Text) (o verify.Outcome, err error) {
	if u == nil || !u.NonNative {
		phc := ""
		if u != nil {
			phc = u.Password
		}
		ok, err := a.Passwords.Verify(ctx, phc, password)
		if ok {
			o = verify.OK
		}
		return o, busy(err)
	}
	// The verifier is asked beside the work that any other name costs, so that as long as it is the faster one the time does not
	// tell who it is asked for. It is asked here and the work done there, for a fault of what reads a stranger's answer ends the call
	// alone where the server catches it.
	worked := make(chan error, 1)
	go func() {
		_, err := a.Passwords.Verify(ctx, "", password)
		worked <- busy(err)
	}()
	o, err = a.askVerifier(ctx, u, password)
	return o, cmp.Or(<-worked, err)
}
