package ldap

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Active Directory takes many things for the name of an account: DOMAIN\user, user@domain, but also a distinguished name, a SID, a
// display name. Here a name has one of the first two forms, or is bare and gets the domain of the configuration: so it is known
// which account is meant, before the directory is asked.

// maxName is the longest username, in characters.
const maxName = 256

// Account is the account that a name means, without its domain: two users of one name in two domains are counted together, and
// nobody gains by writing the domain in another way.
func (d *Directory) Account(name string) (key string, ok bool) {
	_, account, ok := d.name(name)
	return fold(account), ok
}

// name answers the name to bind with, and the part of it that names the account.
func (d *Directory) name(name string) (bind, account string, ok bool) {
	if !isName(name) {
		return "", "", false
	}
	if d.template != "" {
		return strings.Replace(d.template, username, ldap.EscapeDN(name), 1), name, true
	}
	if domain, user, ok := strings.Cut(name, `\`); ok {
		return name, user, isPart(domain) && isPart(user)
	}
	if user, domain, ok := strings.Cut(name, "@"); ok {
		return name, user, isPart(domain) && isPart(user)
	}
	return d.domain + `\` + name, name, d.domain != "" && isPart(name)
}

// isName refuses what no directory has for a name, and what cannot be seen.
func isName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// isPart says whether s can be a domain, or the name of an account in one.
func isPart(s string) bool { return isName(s) && !strings.ContainsAny(s, `"/\[]:;|=,+*?<>@`) }

// fold is the form in which directories compare names: without letter case, width and accents, as Active Directory does it, and with
// single spaces.
func fold(s string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(cases.Fold().String(s)))
	return strings.Join(strings.Fields(cases.Fold().String(bare)), " ")
}
