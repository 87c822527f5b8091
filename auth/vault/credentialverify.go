package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// statuses are what the outcomes come to. What is not in the table says nothing of the login.
var statuses = map[verify.Outcome]Status{
	verify.OK:         StatusVerified,
	verify.Unverified: StatusUnverified,
	verify.Invalid:    StatusRejected,
	verify.Disabled:   StatusRejected,
	verify.Locked:     StatusLocked,
	verify.Expired:    StatusExpired,
	verify.MustChange: StatusExpired,
}

// good says whether a login of that status is kept.
func (s Status) good() bool { return s == StatusVerified || s == StatusUnverified }

// found sets the status of a credential.
func (c *Credential) found(s Status, v *Vault) {
	c.Status = s
	switch s {
	case StatusVerified:
		c.VerifiedAt = v.now()
	case StatusUnverified:
		c.VerifiedAt = time.Time{}
	}
}

// try asks once whether a login is good. It goes over the network, and never runs in a transaction.
func (v *Vault) try(ctx context.Context, by *auth.Principal, in auth.Tenant, c Credential, password secret.Text) (verify.Outcome, Status, error) {
	verifier, err := v.verifiers.Of(ctx, in)
	if err != nil {
		return "", "", err
	}
	outcome, err := verifier.Verify(ctx, c.Username, password)
	var refused *auth.Error
	if errors.As(err, &refused) {
		return "", "", err // nothing was asked
	}
	status, known := statuses[outcome]
	if err == nil && known {
		return outcome, status, nil
	}
	err = cmp.Or(err, fmt.Errorf("the verifier answers %q", outcome))
	down := auth.Because(auth.Unverifiable, err, "who could say whether the login is good does not answer; nothing was changed")
	down.Word = "VERIFIER_UNAVAILABLE"
	return "", "", cmp.Or(v.failed(ctx, by, in, c, verify.Unavailable), error(down))
}

// verified answers the status of a login that may be kept. Others are Rejected; the word says how, and who may keep logins here
// may know it. It is in its turn among the passwords that are tried from the caller's place: one on each account of a directory
// can be guessed here as at a login.
func (v *Vault) verified(ctx context.Context, by *auth.Principal, in auth.Tenant, c Credential, password secret.Text) (s Status, err error) {
	err = v.accounts.InTurn(ctx, by, c.Username, func() (err error) {
		s, err = v.good(ctx, by, in, c, password)
		return err
	})
	return s, err
}

func (v *Vault) good(ctx context.Context, by *auth.Principal, in auth.Tenant, c Credential, password secret.Text) (Status, error) {
	outcome, status, err := v.try(ctx, by, in, c, password)
	if err != nil || status.good() {
		return status, err
	}
	bad := auth.Errorf(auth.Rejected, "the login is not good; nothing was changed")
	bad.Word = string(outcome)
	return "", cmp.Or(v.failed(ctx, by, in, c, outcome), error(bad))
}

// failed records that a login which was handed in was not found good.
func (v *Vault) failed(ctx context.Context, by *auth.Principal, in auth.Tenant, c Credential, o verify.Outcome) error {
	h := c.unverified(o)
	h.Apart = by.Method + " " + folded(c.Username)
	return v.accounts.Refused(ctx, by, in, h)
}

// unverified is what is told of a login that was not found good.
func (c *Credential) unverified(o verify.Outcome) account.Happening {
	h := c.happening("VERIFY_FAILED")
	h.Severity = account.Warning
	h.Detail["outcome"] = o
	if c.ID == 0 {
		delete(h.Detail, "id")
	}
	return h
}

// A Check is what the check of a stored credential has found.
type Check struct {
	Outcome    verify.Outcome
	VerifiedAt time.Time
}

// Verify tries the stored password, once, and notes what was found. That it is another one by then is a Conflict.
func (v *Vault) Verify(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64) (found Check, err error) {
	ring, err := v.ring()
	if err != nil {
		return Check{}, err
	}
	if err := v.store.CatchUp(ctx); err != nil { // what is tried is the password that is there now
		return Check{}, err
	}
	var c *Credential
	var password secret.Text
	err = v.store.View(ctx, func(tx store.Tx) error {
		if c, in, err = v.at(tx, by, in, auth.Update, id); err != nil || c == nil {
			return cmp.Or(err, errNoCredential)
		}
		if c.Unset {
			return errUnset
		}
		password, err = v.open(tx, ring, c)
		return err
	})
	if err != nil {
		return Check{}, v.told(ctx, by, in, err)
	}
	outcome, status, err := v.try(ctx, by, in, *c, password)
	if err != nil {
		return Check{}, err
	}
	rows, err := v.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, now *Credential) error {
		if now.Version != c.Version {
			return errChanged
		}
		now.found(status, v)
		found = Check{outcome, now.VerifiedAt}
		h := now.happening("VERIFIED")
		h.Detail["outcome"] = outcome
		if !status.good() {
			h = now.unverified(outcome)
		}
		return cmp.Or(v.accounts.Record(tx, by, in, h), credentials.Put(tx, now))
	})
	if err != nil || rows == 0 {
		return Check{}, cmp.Or(err, errNoCredential)
	}
	return found, nil
}
