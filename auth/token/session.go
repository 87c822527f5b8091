package token

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// A Session is what a password login starts. It ends by its expiry, by logout, and by its user: gone, disabled, or of a
// later epoch.
type Session struct {
	ID      int64         `json:"id"`
	Digest  secret.Digest `json:"digest"`
	UserID  int64         `json:"userId"`
	Epoch   int64         `json:"epoch,omitempty"`
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires"`
}

var (
	sessions        = store.NewCollection("session", func(s *Session) *int64 { return &s.ID })
	sessionByDigest = sessions.Unique("digest", func(s *Session) []byte { return s.Digest })
	sessionsEnding  = sessions.Index("expires", func(s *Session) []byte { return store.Key(s.Expires) })
)

var (
	errBadLogin    error = auth.Errorf(auth.Unauthenticated, "Invalid username or password")
	errSession     error = auth.Errorf(auth.Unauthenticated, "expired session cookie")
	errNotActive   error = auth.Errorf(auth.Unauthenticated, "user not active")
	errInvalid     error = auth.Errorf(auth.Unauthenticated, "invalid token")
	errRevoked     error = auth.Errorf(auth.Unauthenticated, "revoked token")
	errExpired     error = auth.Errorf(auth.Unauthenticated, "expired token")
	errSwitchedOff error = auth.Errorf(auth.Unauthenticated, "API tokens are switched off")
)

// A Started session is handed out once.
type Started struct {
	Value    secret.Text
	Lifetime time.Duration
}

// Login starts a session for an operator user, or for a partner's or enterprise's. An unknown user, a wrong password and
// a wrong second factor, a user who may not get in, whoever says so, and one who is locked out read the same and cost the same
// work. So does one whose directory cannot be asked, but for the account nothing is counted then.
func (t *Tokens) Login(ctx context.Context, by *auth.Principal, operator bool, username string, password, code secret.Text) (s Started, err error) {
	var why Outcome
	err = t.accounts.InTurn(ctx, by, username, func() (err error) {
		s, why, err = t.login(ctx, by, operator, username, password, code)
		return err
	})
	t.watch.login(err, why)
	return s, err
}

func (t *Tokens) login(ctx context.Context, by *auth.Principal, operator bool, username string, password, code secret.Text) (Started, Outcome, error) {
	if err := t.store.CatchUp(ctx); err != nil { // a failure is counted: not one of a password that is the new one elsewhere
		return Started{}, "", err
	}
	u, in, out, err := t.candidate(ctx, by, operator, username)
	if err != nil {
		return Started{}, "", err
	}
	checked := u
	if out || u != nil && (!u.Enabled() || !u.LogsIn()) {
		checked = nil // he gets in in no case: a directory need not hear of it
	}
	o, err := t.accounts.CheckPassword(ctx, checked, password)
	switch {
	case errors.Is(err, verify.ErrUnavailable):
		return Started{}, NoDirectory, t.refused(ctx, by, operator, username, u, in, verify.Unavailable)
	case err != nil:
		return Started{}, "", err
	}
	if o != verify.OK {
		return Started{}, refusal(u, out, o), t.failed(ctx, by, operator, username, u, in, o)
	}
	ok, err := t.secondFactor(ctx, u, code)
	if err != nil {
		return Started{}, "", err
	}
	if !ok {
		return Started{}, WrongFactor, t.failed(ctx, by, operator, username, u, in, "")
	}
	rehashed, err := t.accounts.Rehashed(ctx, u, password)
	if err != nil {
		return Started{}, "", err
	}
	s, err := t.start(ctx, by, u, in, rehashed, code)
	if errors.Is(err, errBadLogin) {
		err = t.failed(ctx, by, operator, username, u, in, "")
	}
	return s, Overtaken, err
}

// refusal is why a password opens nothing.
func refusal(u *account.User, out bool, o verify.Outcome) Outcome {
	switch {
	case out:
		return LockedOut
	case u == nil:
		return UnknownUser
	case u.Enabled() && u.LogsIn() && (o == "" || o == verify.Invalid):
		return WrongPassword
	}
	return NotActive
}

// secondFactor looks at the code before anything is written; start decides.
func (t *Tokens) secondFactor(ctx context.Context, u *account.User, code secret.Text) (ok bool, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		_, ok, err = t.accounts.CheckSecondFactor(tx, u, code)
		return err
	})
	return ok, err
}

// candidate answers the user of that name if this login is for his kind, with his tenant, and whether he is locked out.
func (t *Tokens) candidate(ctx context.Context, by *auth.Principal, operator bool, username string) (u *account.User, in auth.Tenant, out bool, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		if u, err = t.accounts.UserNamed(tx, username); err != nil {
			return err
		}
		if u != nil && (u.Type == auth.Operator) != operator {
			u = nil
		}
		if out, err = t.accounts.LockedOut(tx, attempt(by, operator, username, u)); err != nil || u == nil {
			return err
		}
		in, _, err = t.accounts.TenantIn(tx, u.Type, u.TenantID())
		return err
	})
	return u, in, out, err
}

func attempt(by *auth.Principal, operator bool, name string, u *account.User) account.Attempt {
	return account.Attempt{User: u, Name: name, Operator: operator, Source: by.Source}
}

func (t *Tokens) start(ctx context.Context, by *auth.Principal, seen *account.User, in auth.Tenant, rehashed string, code secret.Text) (s Started, err error) {
	if s.Value, err = secret.Mint(t.accounts.Random()); err != nil {
		return s, err
	}
	err = t.store.Update(ctx, func(tx store.Tx) error {
		u, err := t.accounts.LoggedIn(tx, by, seen, rehashed, code)
		if err != nil || u == nil {
			return cmp.Or(err, errBadLogin)
		}
		if s.Lifetime, err = t.accounts.Duration(tx, account.SessionSeconds, time.Second); err != nil {
			return err
		}
		session := &Session{
			Digest: secret.DigestOf(s.Value), UserID: u.ID, Epoch: u.Epoch,
			Created: t.now(), Expires: t.now().Add(s.Lifetime),
		}
		if err := sessions.Insert(tx, session); err != nil {
			return err
		}
		who := u.Principal(by.Call, auth.NoMeans, 0, session.Expires)
		return t.accounts.Record(tx, who, in, loginEvent(u.Type == auth.Operator, "LOGIN", u))
	})
	return s, err
}

// failed counts and records the refusal.
func (t *Tokens) failed(ctx context.Context, by *auth.Principal, operator bool, typed string, u *account.User, in auth.Tenant, found verify.Outcome) error {
	if u == nil {
		in = auth.Network()
	}
	if err := t.accounts.Failed(ctx, by, in, attempt(by, operator, typed, u)); err != nil {
		return err
	}
	return t.refused(ctx, by, operator, typed, u, in, found)
}

// refused records the refusal. The name that was typed is told only if it is a user's: it may have been a password. But failures are
// counted apart by it, known or not, so that both cost the same work. What a verifier found is for administrators.
func (t *Tokens) refused(ctx context.Context, by *auth.Principal, operator bool, typed string, u *account.User, in auth.Tenant, found verify.Outcome) error {
	h := loginEvent(operator, "LOGIN_FAILURE", u)
	h.Severity, h.Apart = account.Warning, string(secret.DigestOf(secret.Text(strings.ToLower(typed))))
	h.Found(found, in.Type)
	return cmp.Or(t.accounts.Refused(ctx, by, in, h), errBadLogin)
}

func loginEvent(operator bool, what string, u *account.User) account.Happening {
	name, kind := "USER_"+what, "user"
	if operator {
		name, kind = "OPERATOR_"+what, "operator user"
	}
	h := account.Happening{Name: name, Category: account.OfUser, Message: "unknown " + kind, Detail: map[string]any{}}
	if u != nil {
		h.Message = u.Username
		h.Detail["username"], h.Detail["userId"], h.Detail["userType"] = u.Username, u.ID, u.Type.String()
	}
	return h
}

// Logout ends the session that the caller came by, if he came by one.
func (t *Tokens) Logout(ctx context.Context, by *auth.Principal) error {
	if by.Means != auth.BySession {
		return nil
	}
	return t.store.Update(ctx, func(tx store.Tx) error {
		_, err := sessions.Delete(tx, by.MeansID)
		return err
	})
}

// BySession answers the caller whose session has that secret.
func (t *Tokens) BySession(ctx context.Context, c auth.Call, value string) (p *auth.Principal, err error) {
	digest := secret.DigestOf(secret.Text(value))
	err = t.store.View(ctx, func(tx store.Tx) error {
		s, err := sessionByDigest.Get(tx, digest)
		if err != nil {
			return err
		}
		if s == nil || !s.Digest.Matches(secret.Text(value)) || !t.now().Before(s.Expires) {
			return errSession
		}
		u, err := t.accounts.UserIn(tx, s.UserID)
		if err != nil {
			return err
		}
		if u == nil || !u.Enabled() || u.Epoch != s.Epoch {
			return errSession
		}
		p = u.Principal(c, auth.BySession, s.ID, s.Expires)
		if p.Unlimited, err = t.accounts.Unlimited(tx); err != nil {
			return err
		}
		p.Due, err = t.accounts.Due(tx, u)
		return err
	})
	return p, err
}
