package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

const audiencePortal = "portal"

// claims are those of RFC 9068, and what the portal needs to find out what the token is worth now.
type claims struct {
	Issuer    string  `json:"iss"`
	Audience  string  `json:"aud"`
	Subject   string  `json:"sub"` // app:N, svc:N (a client's number) or user:N: none is another's
	ClientID  string  `json:"client_id"`
	Party     string  `json:"azp"` // the client id, where clients of other systems look for it
	Type      string  `json:"ptype"`
	Org       string  `json:"org"`
	Roles     []int64 `json:"roles,omitempty"`
	Scope     string  `json:"scope,omitempty"`
	Limited   bool    `json:"limited,omitempty"` // of a person: by his API token, as nobody sees who does not ask the portal
	IssuedAt  int64   `json:"iat"`
	NotBefore int64   `json:"nbf"`
	Expires   int64   `json:"exp"`
	ID        string  `json:"jti"`
	Epoch     int64   `json:"ver"`
	Grant     int64   `json:"grant,omitempty"` // of an app in another's organisation
	From      string  `json:"from,omitempty"`  // of a person: the API token, and a mark of its text
}

func (t *claims) expires() time.Time { return time.Unix(t.Expires, 0).UTC() }

// number is that behind the kind in the subject.
func (t *claims) number(kind string) int64 {
	text, ok := strings.CutPrefix(t.Subject, kind+":")
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil {
		return 0
	}
	return n
}

// The kinds of subjects.
const (
	ofApp     = "app"
	ofService = "svc"
	ofUser    = "user"
)

func (c *Client) subject() string {
	if c.Kind == App {
		return fmt.Sprint(ofApp, ":", c.ID)
	}
	return fmt.Sprint(ofService, ":", c.ID)
}

func (c *Client) principalType() auth.PrincipalType {
	if c.Kind == App {
		return auth.App
	}
	return auth.ServiceAccount
}

// username is by what name events and others know the client as a caller.
func (c *Client) username() string {
	if c.Kind == App {
		return c.Name
	}
	return account.ServiceAccountName(c.ClientID)
}

var (
	errInvalid   error = auth.Errorf(auth.Unauthenticated, "invalid token")
	errExpired   error = auth.Errorf(auth.Unauthenticated, "expired token")
	errRevoked   error = auth.Errorf(auth.Unauthenticated, "revoked token")
	errNotActive error = auth.Errorf(auth.Unauthenticated, "user not active")
)

// ByAccessToken answers who calls with an access token. What it may do is looked up now.
func (c *Clients) ByAccessToken(ctx context.Context, call auth.Call, text string) (p *auth.Principal, err error) {
	t, err := c.read(ctx, secret.Text(text))
	if err != nil {
		return nil, err
	}
	err = c.store.View(ctx, func(tx store.Tx) error {
		p, err = c.worth(tx, call, t)
		return err
	})
	if err != nil {
		return nil, c.misused(ctx, call, t, err)
	}
	return p, nil
}

// worth answers who calls with a token that was signed here, if it is good for anything now.
func (c *Clients) worth(tx store.Tx, call auth.Call, t *claims) (p *auth.Principal, err error) {
	if err := c.timely(tx, t); err != nil {
		return nil, err
	}
	if t.Type == auth.User.String() {
		p, err = c.person(tx, call, t)
	} else {
		p, err = c.machine(tx, call, t)
	}
	if err != nil {
		return nil, err
	}
	p.Until = t.expires()
	p.Access = auth.Access{TokenID: t.ID, Epoch: t.Epoch, GrantID: t.Grant}
	narrow(p, t.Scope)
	p.Unlimited, err = c.accounts.Unlimited(tx)
	return p, err
}

// timely: the token is for this portal under its name of today, by the clock, and was not revoked.
func (c *Clients) timely(tx store.Tx, t *claims) error {
	address, err := c.accounts.Text(tx, account.PublicAddress)
	switch now := c.now(); {
	case err != nil:
		return err
	case t.Issuer != "https://"+address || t.Audience != audiencePortal || t.ID == "":
		return errInvalid
	case !now.Before(t.expires()):
		return errExpired
	case max(t.NotBefore, t.IssuedAt) > now.Add(clockSkew).Unix(): // the clock of another portal may be a little ahead
		return errInvalid
	}
	if gone, err := revokedByID.ID(tx, store.Key(t.ID)); err != nil || gone != 0 {
		return cmp.Or(err, errRevoked)
	}
	return nil
}

// machine answers the client of a token: as it is now, of the epoch in which the token was made, and by the same grant.
func (c *Clients) machine(tx store.Tx, call auth.Call, t *claims) (*auth.Principal, error) {
	cl, err := clients.Get(tx, cmp.Or(t.number(ofApp), t.number(ofService)))
	switch {
	case err != nil:
		return nil, err
	case cl == nil || cl.subject() != t.Subject || cl.ClientID != t.ClientID:
		return nil, errInvalid
	}
	if err := c.serves(tx, cl); errors.Is(err, errInactive) {
		return nil, errNotActive
	} else if err != nil {
		return nil, err
	}
	if cl.Epoch != t.Epoch {
		return nil, errRevoked
	}
	g, err := c.grantOfToken(tx, cl, t)
	if err != nil {
		return nil, err
	}
	return c.clientPrincipal(tx, call, cl, g)
}

// grantOfToken is the grant that a token names; nil for one that is for the client's own organisation.
func (c *Clients) grantOfToken(tx store.Tx, cl *Client, t *claims) (*Grant, error) {
	if t.Grant == 0 {
		return nil, nil
	}
	g, err := grants.Get(tx, t.Grant)
	if err != nil || g == nil || g.AppID != cl.ID {
		return nil, cmp.Or(err, errRevoked)
	}
	return g, nil
}

// clientPrincipal is a client as a caller: an app in its own organisation, or in that of a grant.
func (c *Clients) clientPrincipal(tx store.Tx, call auth.Call, cl *Client, g *Grant) (*auth.Principal, error) {
	if cl.Kind == APIClient {
		u, err := c.accounts.UserIn(tx, cl.UserID)
		if err != nil || u == nil {
			return nil, cmp.Or(err, errNotActive)
		}
		p := u.Principal(call, auth.ByAccessToken, 0, time.Time{})
		p.Access.Epoch = cl.Epoch
		return p, nil
	}
	where, access := cl.tenant(), auth.Access{Epoch: cl.Epoch}
	if g != nil {
		where, access.GrantID = auth.Tenant{Type: g.Of, ID: g.TenantID}, g.ID
	}
	in, ok, err := c.accounts.TenantIn(tx, where.Type, where.ID)
	if err != nil || !ok {
		return nil, cmp.Or(err, errNotActive)
	}
	p := &auth.Principal{
		Call: call, Type: auth.App, Username: cl.Name, ClientID: cl.ID, Client: cl.ClientID, UserType: in.Type,
		Means: auth.ByAccessToken, Access: access,
	}
	switch in.Type {
	case auth.MSP:
		p.ProxyID = in.ID
	case auth.Enterprise:
		p.EnterpriseID = in.ID
	}
	p.Role, err = c.roleOf(tx, cl, g)
	return p, err
}

// narrow leaves the caller what the scope of his token names, if it names anything.
func narrow(p *auth.Principal, scope string) {
	if scope == "" {
		return
	}
	var vs []auth.Privilege
	for _, word := range strings.Fields(scope) {
		if v, ok := auth.ParsePrivilege(word); ok {
			vs = append(vs, v)
		}
	}
	bound := auth.Holding(p.UserType, vs)
	bound.Within = p.Role.Within
	p.Role, p.Narrowed = p.Role.Bounded(bound), true
}

// stands refuses a client that may no longer do what it could when its call began: its token, or what that rests on, is gone.
func (c *Clients) stands(tx store.Tx, by *auth.Principal) error {
	cl, err := clients.Get(tx, by.ClientID)
	if err != nil || cl == nil || cl.principalType() != by.Type {
		return cmp.Or(err, errNotActive)
	}
	if err := c.serves(tx, cl); errors.Is(err, errInactive) {
		return errNotActive
	} else if err != nil {
		return err
	}
	if gone, err := revokedByID.ID(tx, store.Key(by.Access.TokenID)); err != nil || gone != 0 || cl.Epoch != by.Access.Epoch {
		return cmp.Or(err, errRevoked)
	}
	if cl.Kind == APIClient {
		return nil // its user stands or falls by himself
	}
	g, err := c.grantOfToken(tx, cl, &claims{Grant: by.Access.GrantID})
	if err != nil {
		return err
	}
	now, err := c.roleOf(tx, cl, g)
	if err == nil && !now.Covers(by.Role) {
		err = auth.Errorf(auth.Forbidden, "the privileges of the app changed during method [%s]", by.Method)
	}
	return err
}

// misused records that a token was used which was signed here and is good for nothing now. One that has expired is no news.
func (c *Clients) misused(ctx context.Context, call auth.Call, t *claims, why error) error {
	in, ok := tenantNamed(t.Org)
	if auth.KindOf(why) != auth.Unauthenticated || errors.Is(why, errExpired) || !ok || account.Doubted(ctx) {
		return why
	}
	h := account.Happening{
		Name: "ACCESS_TOKEN_REFUSED", Category: account.OfSecurity, Message: "use of an access token of " + t.ClientID + " refused",
		Detail: map[string]any{"client": t.ClientID, "subject": t.Subject, "jti": t.ID, "reason": auth.Reason(why)}, Apart: t.Subject,
	}
	return cmp.Or(c.accounts.Refused(ctx, &auth.Principal{Call: call}, in, h), why)
}

// tenantNamed reads what organisation wrote.
func tenantNamed(org string) (in auth.Tenant, ok bool) {
	word, number, _ := strings.Cut(org, "/")
	t, known := auth.ParseUserType(strings.ToUpper(word))
	id, err := strconv.ParseInt(number, 10, 64)
	return auth.Tenant{Type: t, ID: id}, known && err == nil
}

// Signatures remembers tokens whose signature was found to be good: that does not change as long as the keys are the same. What
// does change, with time or by a write, is looked up whenever a token is used.
type signatures struct {
	mu   sync.Mutex
	ring *secret.Ring
	good map[[sha256.Size]byte]*claims
}

// maxKnown bounds what is remembered; when it is full, it is begun anew.
const maxKnown = 4096

func (s *signatures) get(ring *secret.Ring, key [sha256.Size]byte) *claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring != ring {
		return nil
	}
	return s.good[key]
}

func (s *signatures) put(ring *secret.Ring, key [sha256.Size]byte, t *claims) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring != ring || len(s.good) >= maxKnown {
		s.ring, s.good = ring, make(map[[sha256.Size]byte]*claims)
	}
	s.good[key] = t
}

// read answers the claims of a token that was signed here, or by another portal that shares the store.
func (c *Clients) read(ctx context.Context, text secret.Text) (*claims, error) {
	ring, err := c.ring()
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256([]byte(text))
	if t := c.known.get(ring, key); t != nil {
		return t, nil
	}
	payload, err := ring.Verify(text)
	if err != nil {
		return nil, c.unread(ctx, err)
	}
	t := new(claims)
	if err := json.Unmarshal(payload, t); err != nil {
		return nil, errInvalid
	}
	c.known.put(ring, key, t)
	return t, nil
}

// unread is why a token cannot be read. By a key that is in use elsewhere and missing here it may be a good one.
func (c *Clients) unread(ctx context.Context, why error) error {
	var unknown *secret.UnknownKeyError
	if c.KeyInUse == nil || !errors.As(why, &unknown) {
		return errInvalid
	}
	used, err := c.KeyInUse(ctx, unknown.ID)
	if err != nil || !used {
		return cmp.Or(err, errInvalid)
	}
	return auth.Because(auth.Unavailable, errors.New("the key that signs access tokens is missing in this portal: copy the folder keys"), "unavailable")
}
