package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
)

// InTurn makes the check of a password, and of what comes with it, when it is the turn of the place that the caller is at. So who
// tries names there is slowed down, and others of his place wait for a bounded time. It stands before anything is looked up:
// it tells nothing of the name, and what waits has neither a snapshot nor a place among the hashes. What is not good counts,
// whatever the reason, unless nobody was asked about it.
func (a *Accounts) InTurn(ctx context.Context, by *auth.Principal, name string, check func() error) error {
	trial, err := a.trials.Begin(ctx, limit.Number(Place(by.Source)), limit.Number(string(countedName(name))))
	if errors.Is(err, limit.ErrCrowded) {
		return cmp.Or(a.Refused(ctx, by, auth.Network(), slowedDown), errSlowDown)
	}
	if err != nil {
		return err
	}
	failed := true
	defer func() { trial.End(failed) }()
	err = check()
	kind := auth.KindOf(err)
	failed = err != nil && kind != auth.Busy && kind != auth.Unverifiable
	return err
}

var slowedDown = Happening{
	Name: "LOGINS_SLOWED_DOWN", Category: OfSecurity, Severity: Warning,
	Message: "too many wrong passwords from one address: some of its logins were refused",
}

var errSlowDown = comeAgain(limit.MostWaiting * limit.Pause)

func comeAgain(after time.Duration) error {
	e := auth.Errorf(auth.Busy, "too many wrong passwords from your address: come again in %d seconds", after/time.Second)
	e.After = after
	return e
}
