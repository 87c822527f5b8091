package token

import (
	"errors"

	"github.com/portico-vco/portico/auth"
)

// An Outcome is how a login ended. The caller is told less.
type Outcome string

const (
	LoggedIn      Outcome = "ok"
	UnknownUser   Outcome = "unknown_user"
	WrongPassword Outcome = "wrong_password"
	WrongFactor   Outcome = "wrong_second_factor"
	LockedOut     Outcome = "locked_out"
	NotActive     Outcome = "not_active"   // here, or where his password is kept
	NoDirectory   Outcome = "no_directory" // that could be asked
	Overtaken     Outcome = "overtaken"    // by a change of the user, or by another use of the same code
	LoginBusy     Outcome = "busy"
	LoginFailed   Outcome = "error" // for nothing that the caller did
)

// Outcomes are all that there are.
var Outcomes = []Outcome{
	LoggedIn, UnknownUser, WrongPassword, WrongFactor, LockedOut, NotActive, NoDirectory, Overtaken, LoginBusy, LoginFailed,
}

// A Watch is what is told to those who count. Its functions must be quick.
type Watch struct {
	Login func(Outcome)
	Move  func(a Act, moved bool) // a creation too; a call that found no token moves none
}

// Watch lets w be told. It belongs to the wiring.
func (t *Tokens) Watch(w Watch) { t.watch = w }

// login tells how a login ended: with err, or for why if that is the answer which says nothing.
func (w Watch) login(err error, why Outcome) {
	if w.Login == nil {
		return
	}
	switch {
	case err == nil:
		why = LoggedIn
	case auth.KindOf(err) == auth.Busy:
		why = LoginBusy
	case !errors.Is(err, errBadLogin):
		why = LoginFailed
	}
	w.Login(why)
}

func (w Watch) move(a Act, err error) {
	if w.Move != nil {
		w.Move(a, err == nil)
	}
}
