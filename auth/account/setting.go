package account

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Setting is a predefined system property: what the portal reads by name, with its default. Numbers never change.
type Setting struct {
	id         int64
	name       string
	dataType   string
	value      string
	doc        string
	readOnly   bool
	password   bool
	restricted bool
	check      func(string) bool
	changed    func(a *Accounts, tx store.Tx, by *auth.Principal, in auth.Tenant, value string) error // may refuse
	left       func(a *Accounts, tx store.Tx, by *auth.Principal) error                               // another value than "" was given up
}

// settings are the predefined properties in the order of their definition.
var settings []*Setting

var (
	settingsByNumber = make(map[int64]*Setting)
	settingsByName   = make(map[string]*Setting)
)

// define adds a predefined property. A number or a name twice is a programmer's mistake.
func define(s Setting) *Setting {
	if settingsByNumber[s.id] != nil || settingsByName[s.name] != nil || s.id < 1 || s.id >= firstOwn {
		panic("account: setting " + s.name + " clashes with another")
	}
	settings = append(settings, &s)
	settingsByNumber[s.id], settingsByName[s.name] = &s, &s
	return &s
}

// The settings that code reads today.
var (
	EnableAPITokens  = define(Setting{id: 1, name: "session.options.enableApiTokenAuth", dataType: "BOOLEAN", value: "true", doc: "false refuses every API token at once; sessions go on", restricted: true})
	TokenDays        = define(Setting{id: 2, name: "session.options.tokenDayValue", dataType: "NUMBER", value: "366", doc: "longest lifetime of an API token in days, 1 to 366", check: between(1, 366)})
	PublicAddress    = define(Setting{id: 3, name: "network.public.address", dataType: "STRING", doc: "the portal's public address, host or host:port", restricted: true, check: PublicHost})
	ProductVersion   = define(Setting{id: 4, name: "product.version", dataType: "STRING", doc: "the portal's version", readOnly: true})
	Unauthorized     = define(Setting{id: 5, name: "portico.http.unauthorizedStatus", dataType: "NUMBER", value: "200", doc: "HTTP status of calls that are not signed in: 200 as in the original, or 401", check: func(s string) bool { return s == "200" || s == "401" }, restricted: true})
	SessionSeconds   = define(Setting{id: 6, name: "portico.session.lifetimeSeconds", dataType: "NUMBER", value: "86400", doc: "life of a session in seconds, 60 to 2592000", check: between(60, 2592000)})
	TokensPerUser    = define(Setting{id: 7, name: "portico.apiToken.maxPerUser", dataType: "NUMBER", value: "50", doc: "living API tokens a user may have, 0 to 1000000", check: between(0, 1000000)})
	TokenRetainDays  = define(Setting{id: 8, name: "portico.apiToken.retentionDays", dataType: "NUMBER", value: "30", doc: "days after which a revoked or expired API token is swept, 0 to 3650", check: between(0, 3650)})
	ExpiryNoticeDays = define(Setting{id: 9, name: "portico.apiToken.expiryNoticeDays", dataType: "NUMBER", value: "7", doc: "days before its end at which an event tells that an API token is about to expire, 0 (never) to 365", check: between(0, 365)})
	EnableUse        = define(Setting{id: 80, name: "portico.credentials.enableUse", dataType: "BOOLEAN", value: "true", doc: "false hands no password of a credential out any more", restricted: true})
	NoNewEnterprises = define(Setting{id: 34, name: "session.options.disableCreateEnterprise", dataType: "BOOLEAN", value: "false", doc: "true switches the creation of customers off, clones among them"})
	NoNewPartners    = define(Setting{id: 35, name: "session.options.disableCreateEnterpriseProxy", dataType: "BOOLEAN", value: "false", doc: "true switches the creation of partners off"})
)

func (s *Setting) allows(value string) bool { return s.check == nil || s.check(value) }

func settingNumbered(id int64) *Setting { return settingsByNumber[id] }
func settingNamed(name string) *Setting { return settingsByName[name] }

// PublicHost says whether s is a host, or host:port, by which clients may reach the portal.
func PublicHost(s string) bool {
	u, err := url.Parse("https://" + s)
	return err == nil && u.Hostname() != "" && u.Host == s && !strings.ContainsAny(s, " /?#@%")
}

func between(low, high int64) func(string) bool {
	return func(s string) bool {
		n, err := strconv.ParseInt(s, 10, 64)
		return err == nil && low <= n && n <= high
	}
}

// parseBool takes true and false in any letter case.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

func (a *Accounts) defaultOf(s *Setting) string {
	if v, ok := a.defaults[s.id]; ok {
		return v
	}
	return s.value
}

// Text reads a setting: what was set, or the default.
func (a *Accounts) Text(tx store.Tx, s *Setting) (string, error) {
	if s.readOnly {
		return a.defaultOf(s), nil
	}
	p, err := a.unsealed(properties.Get(tx, s.id))
	if p == nil || err != nil {
		return a.defaultOf(s), err
	}
	return p.Value, nil
}

// Setting reads a setting outside of a transaction.
func (a *Accounts) Setting(ctx context.Context, s *Setting) (text string, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		text, err = a.Text(tx, s)
		return err
	})
	return text, err
}

// Flag reads a BOOLEAN setting.
func (a *Accounts) Flag(tx store.Tx, s *Setting) (bool, error) {
	text, err := a.Text(tx, s)
	v, _ := parseBool(text)
	return v, err
}

// Number reads a NUMBER setting.
func (a *Accounts) Number(tx store.Tx, s *Setting) (int64, error) {
	text, err := a.Text(tx, s)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// Duration reads a NUMBER setting as a count of units.
func (a *Accounts) Duration(tx store.Tx, s *Setting, unit time.Duration) (time.Duration, error) {
	n, err := a.Number(tx, s)
	return time.Duration(n) * unit, err
}
