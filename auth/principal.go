package auth

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A PrincipalType says what kind of thing calls.
type PrincipalType uint8

const (
	Nobody         PrincipalType = iota // not signed in
	User                                // a person
	ServiceAccount                      // the user that an API client is
	App                                 // an OAuth app, in an organisation that has granted it something
	Portal                              // the portal itself; no call ever comes from it
)

var principalTypes = [...]string{"NOBODY", "USER", "SERVICE_ACCOUNT", "APP", "PORTAL"}

func (t PrincipalType) String() string { return principalTypes[t] }

// MarshalText keeps the word, not the number, in records.
func (t PrincipalType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText refuses a word that is no principal type.
func (t *PrincipalType) UnmarshalText(b []byte) error {
	i := slices.Index(principalTypes[:], string(b))
	if i < 0 {
		return Errorf(Invalid, "%q is not a principal type", b)
	}
	*t = PrincipalType(i)
	return nil
}

// Callers are the principals that make calls.
var Callers = []PrincipalType{User, ServiceAccount, App}

// A UserType says for whom a user works; it is also the type of that tenant.
type UserType uint8

const (
	NoType UserType = iota
	Operator
	MSP
	Enterprise
)

var userTypes = [...]string{"", "OPERATOR", "MSP", "ENTERPRISE"}

func (t UserType) String() string { return userTypes[t] }

// Caller is the name of the type in refusals and in the published rules.
func (t UserType) Caller() string { return userTypes[t] + "_USER" }

// MarshalText keeps the word, not the number, in records.
func (t UserType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText refuses a word that is no user type.
func (t *UserType) UnmarshalText(b []byte) error {
	u, ok := ParseUserType(string(b))
	if !ok {
		return Errorf(Invalid, "%q is not a user type", b)
	}
	*t = u
	return nil
}

// ParseUserType reads OPERATOR, MSP (or PARTNER, the same thing) and ENTERPRISE.
func ParseUserType(s string) (UserType, bool) {
	switch s {
	case "OPERATOR":
		return Operator, true
	case "MSP", "PARTNER":
		return MSP, true
	case "ENTERPRISE":
		return Enterprise, true
	}
	return NoType, s == ""
}

// A Call is what is known of a call apart from who makes it. Events bear it.
type Call struct {
	Method    string
	RequestID string
	Source    string // the caller's address, without port
	TLS       bool
	Relayed   bool // a proxy has passed it on, trusted or not
}

// Private says whether nobody on the way can read along: the call came over TLS, or never left the machine. What a proxy on the
// machine passes on may have come from anywhere.
func (c Call) Private() bool {
	a, err := netip.ParseAddr(c.Source)
	return c.TLS || !c.Relayed && err == nil && a.Unmap().IsLoopback()
}

// NoTLS refuses a call that takes TLS.
func NoTLS(p *Principal) *Error {
	e := Errorf(InTheClear, "method [%s] takes TLS; a secret that was sent without it should be replaced", p.Method)
	e.Word = "TLS_REQUIRED"
	return e
}

// Means is how a principal got in.
type Means uint8

const (
	NoMeans       Means = iota
	BySession           // a cookie after a password login
	ByAPIToken          // Authorization: Token
	ByAccessToken       // Authorization: Bearer, with an OAuth access token
)

func (m Means) String() string { return [...]string{"", "SESSION", "API_TOKEN", "ACCESS_TOKEN"}[m] }

// A Principal is the caller in one call. It is made anew for every call, so a withdrawn right is gone with the next one.
type Principal struct {
	Call
	Type         PrincipalType
	UserID       int64 // 0 for an app, which is no user
	Username     string
	ClientID     int64  // the number of the app, or of the API client whose user this is
	Client       string // its client id
	Access       Access // of a client: what its access token rests on
	UserType     UserType
	EnterpriseID int64
	ProxyID      int64
	Role         *Role
	Means        Means
	MeansID      int64 // the session's or the token's number
	Until        time.Time
	Due          Due     // of a session alone
	Unlimited    bool    // rate limits were off when he was found; unset, they are yet to be asked for
	Narrowed     bool    // by the scope of his access token, or the limits of his API token: he holds less than he could
	Limits       *Limits // of his API token; nil: none
}

// An Access is what an access token of a client rests on: a change looks in its own transaction whether that still holds.
type Access struct {
	TokenID string
	Epoch   int64
	GrantID int64 // 0 in the client's own organisation
}

// TenantID is the number of the tenant the principal belongs to.
func (p *Principal) TenantID() int64 {
	switch p.UserType {
	case Operator:
		return NetworkID
	case MSP:
		return p.ProxyID
	}
	return p.EnterpriseID
}

// Owns says whether t is the principal's own tenant.
func (p *Principal) Owns(t Tenant) bool {
	return p.UserType == t.Type && p.TenantID() == t.ID && p.Limits.reach(t)
}

// Above says whether t stands below the principal's tenant: the operator is above all, a partner above its enterprises.
func (p *Principal) Above(t Tenant) bool {
	switch p.UserType {
	case Operator:
		return t.Type != Operator && p.Limits.reach(t)
	case MSP:
		return t.Type == Enterprise && t.ProxyID == p.ProxyID && p.Limits.reach(t)
	}
	return false
}

// Sees says whether the principal may know that t exists.
func (p *Principal) Sees(t Tenant) bool { return p.Owns(t) || p.Above(t) }

// May says whether the principal holds the privilege in the tenant: his role grants it, and the tenant is his own or
// stands below his and has delegated what the grant asks for.
func (p *Principal) May(v Privilege, in Tenant) bool { return p.Weigh(v, &in).Held }

// IsSuper says whether the principal is a superuser of his kind.
func (p *Principal) IsSuper() bool { return p.Role != nil && p.Role.IsSuper }

// IsPortal says whether the portal itself acts: it needs nobody's consent, and cannot be disabled.
func (p *Principal) IsPortal() bool { return p.Type == Portal }

// Noun names the kind of principal in refusals.
func (p *Principal) Noun() string {
	switch p.Type {
	case App:
		return fmt.Sprintf("OAuth app [%d]", p.ClientID)
	case ServiceAccount:
		return fmt.Sprintf("API client [%d]", p.ClientID)
	}
	return "user"
}
