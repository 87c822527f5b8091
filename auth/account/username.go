package account

import (
	"strings"

	"golang.org/x/text/secure/precis"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// Usernames are compared as RFC 8265 says (profile UsernameCaseMapped): letter case, width and the ways to write one
// accented letter do not count; what cannot be told apart by eye, such as invisible characters, cannot be in them.

// serviceAccount begins the usernames of API clients; a person must not pass for one, nor for the portal itself.
const (
	serviceAccount = "service-account-"
	portalItself   = "portico"
)

func checkUsername(name string) error {
	if err := CheckName("username", name, 255); err != nil {
		return err
	}
	key, err := precis.UsernameCaseMapped.CompareKey(name)
	switch {
	case err != nil:
		return auth.BadField("username", "has characters that a username cannot have (RFC 8265)")
	case strings.HasPrefix(key, serviceAccount) || key == portalItself:
		return auth.BadField("username", "is reserved")
	}
	return nil
}

// usernameKey is what names are compared by; nil for what cannot be a username, so that nobody has it.
func usernameKey(name string) []byte {
	key, err := precis.UsernameCaseMapped.CompareKey(name)
	if err != nil {
		return nil
	}
	return store.Key(key)
}
