package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The lock-out: so many wrong passwords for one account from one place, and passwords from there open that account no more
// for a time. It stops passwords alone: never a token, never a session, and nobody elsewhere. Whether it holds follows from
// what is counted here and from the properties as they are now, so that a changed property acts with the next call.
//
// Failures are counted in the store, in an Update of their own, and success asks the count in its own Update: so it survives
// a restart, and of any number of passwords tried at once no more than the allowed number are of use. Names that nobody has
// are counted just the same, in a fixed number of records, so that the work tells nothing.

// A lockoutRule is the three properties of a kind of user.
type lockoutRule struct{ enabled, attempts, seconds *Setting }

var tenantLockout = lockoutRule{
	define(Setting{id: 20, name: "enterprise.user.lockout.enabled", dataType: "BOOLEAN", value: "true", doc: "lock-out of customer and partner users after failed logins"}),
	define(Setting{id: 21, name: "enterprise.user.lockout.defaultAttempts", dataType: "NUMBER", value: "5", doc: "failed logins before the lock-out, 1 to 1000", check: between(1, 1000)}),
	define(Setting{id: 22, name: "enterprise.user.lockout.defaultDurationSeconds", dataType: "NUMBER", value: "900", doc: "duration of the lock-out, 1 to 604800", check: between(1, 604800)}),
}

var operatorLockout = lockoutRule{
	define(Setting{id: 23, name: "operator.user.lockout.enabled", dataType: "BOOLEAN", value: "true", doc: "lock-out of operator users after failed logins"}),
	define(Setting{id: 24, name: "operator.user.lockout.defaultAttempts", dataType: "NUMBER", value: "5", doc: "failed logins before the lock-out, 1 to 1000", check: between(1, 1000)}),
	define(Setting{id: 25, name: "operator.user.lockout.defaultDurationSeconds", dataType: "NUMBER", value: "900", doc: "duration of the lock-out, 1 to 604800", check: between(1, 604800)}),
}

const (
	maxPlaces     = 32      // counted apart for one account; those beyond are counted together
	unknownNames  = 1 << 40 // the first number of the records of names that nobody has
	unknownCounts = 1024    // how many of them there are
)

// A lockout is the failures of one account.
type lockout struct {
	ID     int64     `json:"id"` // the user's
	Places []place   `json:"places"`
	Last   time.Time `json:"last"`
}

// A place is where failures came from; "" is all places beyond the bound.
type place struct {
	From     string    `json:"from,omitempty"`
	Failures int64     `json:"failures"`
	Last     time.Time `json:"last"`
}

var (
	lockouts = store.NewCollection("lockout", func(l *lockout) *int64 { return &l.ID }).
			Remember(256, func(l lockout) lockout { l.Places = slices.Clone(l.Places); return l }) // a flood asks for the same
	lockoutsLast = lockouts.Index("last", func(l *lockout) []byte { return store.Key(l.Last) })
)

// A bound is what the properties say now.
type bound struct {
	on       bool
	attempts int64
	duration time.Duration
}

func (a *Accounts) lockoutBound(tx store.Tx, operator bool) (b bound, err error) {
	r := tenantLockout
	if operator {
		r = operatorLockout
	}
	if b.on, err = a.Flag(tx, r.enabled); err != nil {
		return b, err
	}
	if b.attempts, err = a.Number(tx, r.attempts); err != nil {
		return b, err
	}
	b.duration, err = a.Duration(tx, r.seconds, time.Second)
	return b, err
}

// An Attempt is somebody's who says he is a user: a password or a second factor was given.
type Attempt struct {
	User     *User // nil: nobody has the name
	Name     string
	Operator bool // it is, or would be, an operator
	Source   string
}

// key is the record that counts the attempt, and the place in it.
func (t Attempt) key() (id int64, from string) {
	from = Place(t.Source)
	if t.User != nil {
		return t.User.ID, from
	}
	name := countedName(t.Name)
	d := sha256.Sum256(name)
	id = unknownNames + int64(binary.BigEndian.Uint16(d[:]))%unknownCounts
	d = sha256.Sum256(append(name, from...))
	return id, base64.RawStdEncoding.EncodeToString(d[:12])
}

// countedName is what tries of a name are counted by, whether it is a user's or not.
func countedName(name string) []byte {
	if key := usernameKey(name); key != nil {
		return key
	}
	return []byte(name)
}

// atHome: the place of the last good login is always counted apart, so that a crowd elsewhere cannot shut its owner out.
func (t Attempt) atHome(from string) bool {
	return t.User != nil && t.User.LastSource != "" && Place(t.User.LastSource) == from
}

// recent removes what no longer counts.
func (l *lockout) recent(now time.Time, b bound) {
	l.Places = slices.DeleteFunc(l.Places, func(p place) bool { return !now.Before(p.Last.Add(b.duration)) })
}

// at is the place that counts for the attempt; nil when it has none yet, and room for one.
func (l *lockout) at(from string, home bool) *place {
	for _, name := range []string{from, ""} {
		if i := slices.IndexFunc(l.Places, func(p place) bool { return p.From == name }); i >= 0 {
			return &l.Places[i]
		}
		if home || len(l.Places) < maxPlaces {
			return nil
		}
	}
	return nil
}

// LockedOut says whether passwords from there open the account no more for now.
func (a *Accounts) LockedOut(tx store.Tx, t Attempt) (bool, error) {
	id, from := t.key()
	l, b, err := a.counted(tx, id, t.Operator)
	if l == nil || err != nil {
		return false, err
	}
	p := l.at(from, t.atHome(from))
	return p != nil && p.Failures >= b.attempts, nil
}

// counted answers what counts now of a record; nil when there is none, or the lock-out is off.
func (a *Accounts) counted(tx store.Tx, id int64, operator bool) (*lockout, bound, error) {
	l, err := lockouts.Get(tx, id)
	if l == nil || err != nil {
		return nil, bound{}, err
	}
	b, err := a.lockoutBound(tx, operator)
	if err != nil || !b.on {
		return nil, b, err
	}
	l.recent(a.Now(), b)
	return l, b, nil
}

// Failed counts a wrong password or second factor. With the one that reaches the bound the account is locked out for that
// place, and USER_LOCKOUT tells so. While it is, nothing more is counted and nothing written.
func (a *Accounts) Failed(ctx context.Context, by *auth.Principal, in auth.Tenant, t Attempt) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime) // who hangs up early is counted too
	defer cancel()
	return a.Store.Update(ctx, func(tx store.Tx) error {
		b, err := a.lockoutBound(tx, t.Operator)
		if err != nil || !b.on {
			return err
		}
		id, from := t.key()
		l, err := lockouts.Get(tx, id)
		if err != nil {
			return err
		}
		if l == nil {
			l = &lockout{ID: id}
		}
		counted, full := l.count(from, t.atHome(from), a.Now(), b)
		if !counted {
			return nil
		}
		if err := lockouts.Put(tx, l); err != nil || !full || t.User == nil {
			return err
		}
		return a.Record(tx, &auth.Principal{Call: by.Call}, in, lockoutEvent(t.User, b, a.Now()))
	})
}

// count adds a failure, unless the place has enough of them; full says that it was the last that was missing.
func (l *lockout) count(from string, home bool, now time.Time, b bound) (counted, full bool) {
	l.recent(now, b)
	p := l.at(from, home)
	if p == nil {
		if !home && len(l.Places) >= maxPlaces {
			from = ""
		}
		l.Places = append(l.Places, place{From: from})
		p = &l.Places[len(l.Places)-1]
	}
	if p.Failures >= b.attempts {
		return false, false
	}
	p.Failures++
	p.Last, l.Last = now, now
	return true, p.Failures >= b.attempts
}

func lockoutEvent(u *User, b bound, now time.Time) Happening {
	return Happening{
		Name: "USER_LOCKOUT", Category: OfSecurity, Severity: Warning, Message: u.Username + " is locked out",
		Detail: map[string]any{
			"username": u.Username, "userId": u.ID, "userType": u.Type.String(), "attempts": b.attempts,
			"until": now.Add(b.duration).Format(time.RFC3339),
		},
	}
}

// admit is asked in the Update that a proven password leads to: it says no to a user who is locked out there by now, and
// else forgets the failures of the place.
func (a *Accounts) admit(tx store.Tx, t Attempt) (bool, error) {
	if out, err := a.LockedOut(tx, t); err != nil || out {
		return false, err
	}
	l, err := lockouts.Get(tx, t.User.ID)
	if l == nil || err != nil {
		return err == nil, err
	}
	_, from := t.key()
	kept := slices.DeleteFunc(slices.Clone(l.Places), func(p place) bool { return p.From == from })
	if len(kept) == len(l.Places) {
		return true, nil
	}
	if l.Places = kept; len(kept) == 0 {
		_, err = lockouts.Delete(tx, l.ID)
	} else {
		err = lockouts.Put(tx, l)
	}
	return err == nil, err
}

// unlock forgets every failure of a user.
func unlock(tx store.Tx, u *User) error {
	_, err := lockouts.Delete(tx, u.ID)
	return err
}

// tellLockout sets LockedOut: the user is locked out somewhere.
func (a *Accounts) tellLockout(tx store.Tx, u *User) error {
	l, b, err := a.counted(tx, u.ID, u.Type == auth.Operator)
	if l != nil {
		u.LockedOut = slices.ContainsFunc(l.Places, func(p place) bool { return p.Failures >= b.attempts })
	}
	return err
}

// sweptLockouts is a step of SweepLockouts; a record has two keys.
const sweptLockouts = 40

// SweepLockouts removes a step of the records in which nothing counts any more.
func (a *Accounts) SweepLockouts(tx store.Tx) (more bool, err error) {
	var keep time.Duration
	for _, operator := range []bool{false, true} {
		b, err := a.lockoutBound(tx, operator)
		if err != nil {
			return false, err
		}
		keep = max(keep, b.duration)
	}
	n, err := lockouts.DeleteSome(tx, lockoutsLast, store.Span{To: store.Key(a.Now().Add(-keep))}, sweptLockouts)
	return n == sweptLockouts, err
}
