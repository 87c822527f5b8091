package portal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
)

// A directory is where logins live in these tests. Globex has nothing to ask, and Initech has configured none; all others have this
// one. What it says of a login is in its name, once the password is right: of locked, disabled, expired, change, down and busy. A
// fickle one is locked from the second time on.
type directory struct {
	mu    sync.Mutex
	tries map[string]int        // by username
	asked func(username string) // while it is asked
}

// right is the password of every login but those whose tests have others.
const right = "right horse 1"

func (d *directory) Of(_ context.Context, in auth.Tenant) (verify.Verifier, error) {
	switch in.Name {
	case "Globex":
		return unasked{}, nil
	case "Initech":
		return nil, verify.ErrNone
	}
	return d, nil
}

type unasked struct{}

func (unasked) Verify(context.Context, string, secret.Text) (verify.Outcome, error) {
	return verify.Unverified, nil
}

func (d *directory) Verify(_ context.Context, username string, password secret.Text) (verify.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tries == nil {
		d.tries = make(map[string]int)
	}
	d.tries[username]++
	if d.asked != nil {
		d.asked(username)
	}
	is := func(word string) bool { return strings.Contains(username, word) }
	switch {
	case is("down"):
		return verify.Unavailable, errors.New("dial tcp 192.0.2.53:636: connection refused")
	case is("busy"):
		return "", auth.TooMany(5e9)
	case strings.HasPrefix(string(password), "wrong"):
		return verify.Invalid, nil
	case is("disabled"):
		return verify.Disabled, nil
	case is("locked"), is("fickle") && d.tries[username] > 1:
		return verify.Locked, nil
	case is("expired"):
		return verify.Expired, nil
	case is("change"):
		return verify.MustChange, nil
	}
	return verify.OK, nil
}

// keep makes a credential of the administrator's organisation, over the wire.
func (h *house) keep(t testing.TB, admin, username string) int64 {
	t.Helper()
	var made struct{ ID int64 }
	h.good(t, h.session(t, admin), "credential/insertCredential", fmt.Sprintf(`{"username":%q,"password":%q}`, username, right), &made)
	return made.ID
}
