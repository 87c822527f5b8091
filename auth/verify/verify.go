package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
)

// An Outcome is what came of the question.
type Outcome string

// The outcomes. All but OK are alike to those who may not know more.
const (
	OK          Outcome = "OK"
	Invalid     Outcome = "INVALID"     // no such login, or not its password
	Disabled    Outcome = "DISABLED"    // switched off, or not admitted at this time
	Locked      Outcome = "LOCKED"      // by too many wrong passwords, or by somebody
	Expired     Outcome = "EXPIRED"     // the password, or the account
	MustChange  Outcome = "MUST_CHANGE" // the password must be changed first
	Unavailable Outcome = "UNAVAILABLE" // no answer, or none that can be relied on: nothing is known
	Unverified  Outcome = "UNVERIFIED"  // nobody was asked, as the configuration wants it
)

// A Verifier says whether a login exists and has that password. An error that comes with Unavailable explains it to the log. Any
// other is a refusal to ask at all, of the kind Busy. No error has the password in it.
type Verifier interface {
	Verify(ctx context.Context, username string, password secret.Text) (Outcome, error)
}

// A Directory is what a Kind makes of a configuration. Its Verify makes one attempt and ends with the context; an error that is
// ErrNotAsked says that the attempt did not reach the directory.
type Directory interface {
	Verifier
	// Address tells directories apart, and is shown in the log.
	Address() string
	// Account is the same for all names that mean one account there; not ok is a name that none can have.
	Account(username string) (key string, ok bool)
}

// ErrNotAsked is in an error that explains Unavailable when the directory never saw the password.
var ErrNotAsked = errors.New("not asked")

// A Kind makes the directory of a configuration, a JSON object whose member kind is its name. It refuses unknown members.
type Kind func(config []byte) (Directory, error)

const (
	usual = "ldap" // the kind of a configuration that names none
	none  = "none" // asks nobody
)

// patience is how long a question may take, the wait for its turn included.
const patience = 5 * time.Second

// maxPassword is the longest password that is sent.
const maxPassword = 256

// Configs answers the configuration of a tenant; a tenant without one has {}.
type Configs interface {
	VerifierConfig(ctx context.Context, in auth.Tenant) (string, error)
}

// An Asked question is what the log may know of one.
type Asked struct {
	Address string
	Outcome Outcome
	Took    time.Duration
	Err     error
}

// Options are what Verifiers are made with.
type Options struct {
	Kinds map[string]Kind
	Now   func() time.Time // the default is time.Now
	Told  func(Asked)      // hears of each question; may be nil
}

// Verifiers finds the verifier of a tenant, and counts what each account was asked.
type Verifiers struct {
	configs Configs
	Options
	counts counts
}

// New makes the verifiers of those configurations.
func New(configs Configs, o Options) *Verifiers {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Told == nil {
		o.Told = func(Asked) {}
	}
	return &Verifiers{configs: configs, Options: o, counts: counts{of: make(map[string]map[string]*count)}}
}

var (
	// ErrNone refuses where a tenant has no verifier.
	ErrNone error = auth.Errorf(auth.Conflict, "no verifier is configured: an operator sets one in the property portico.verifier")
	// ErrUnavailable is what a caller is told of Unavailable.
	ErrUnavailable error = &auth.Error{
		Kind: auth.Unverifiable, Word: "VERIFIER_UNAVAILABLE",
		Text: "the directory that keeps the login cannot be asked now: come again later",
	}
)

// Of answers the verifier of a tenant, as it is configured now; ErrNone when there is none.
func (v *Verifiers) Of(ctx context.Context, in auth.Tenant) (Verifier, error) {
	config, err := v.configs.VerifierConfig(ctx, in)
	if err != nil {
		return nil, err
	}
	return v.read(config)
}

// Check says what is wrong with a configuration.
func (v *Verifiers) Check(config string) error {
	_, err := v.read(config)
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

func (v *Verifiers) read(config string) (Verifier, error) {
	var head map[string]json.RawMessage
	if err := json.Unmarshal([]byte(config), &head); err != nil || head == nil {
		return nil, errors.New("is not a JSON object")
	}
	if len(head) == 0 {
		return nil, ErrNone
	}
	name := usual
	if k, ok := head["kind"]; ok && json.Unmarshal(k, &name) != nil {
		return nil, errors.New("kind is not a string")
	}
	if name == none {
		if len(head) > 1 {
			return nil, errors.New("kind none has no other members")
		}
		return unverified{}, nil
	}
	kind := v.Kinds[name]
	if kind == nil {
		return nil, fmt.Errorf("there is no such verifier of kind %q", name)
	}
	d, err := kind([]byte(config))
	if err != nil {
		return nil, err
	}
	return asking{v, d}, nil
}

// unverified asks nobody.
type unverified struct{}

func (unverified) Verify(context.Context, string, secret.Text) (Outcome, error) {
	return Unverified, nil
}

// asking is a directory behind the throttle.
type asking struct {
	*Verifiers
	directory Directory
}

// Verify makes one attempt. What cannot be right is not sent: a directory takes an empty password for no password at all, and
// says yes (RFC 4513, 5.1.2), and some read a password no further than its first NUL.
func (a asking) Verify(ctx context.Context, username string, password secret.Text) (Outcome, error) {
	account, ok := a.directory.Account(username)
	if !ok || password == "" || len(password) > maxPassword || strings.ContainsRune(string(password), 0) {
		return Invalid, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := a.counts.begin(ctx, a.directory.Address(), account, username, a.Now)
	if err != nil {
		return "", err
	}
	defer a.counts.end(c)
	began := a.Now()
	outcome, err := a.directory.Verify(ctx, username, password)
	ended := a.Now()
	a.counts.answered(c, username, outcome, err, ended)
	a.Told(Asked{a.directory.Address(), outcome, ended.Sub(began), err})
	return outcome, err
}
