package client

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
)

// A Kind says what a client is.
type Kind string

const (
	App       Kind = "APP"
	APIClient Kind = "API_CLIENT"
)

// kinds say what differs between them by word alone.
var kinds = map[Kind]struct {
	object auth.Object
	noun   string // in texts
	event  string // what the names of its events begin with
	mark   string // what its secrets begin with
}{
	App:       {auth.OAuthApp, "OAuth app", "OAUTH_APP_", "ptc_app_"},
	APIClient: {auth.APIClient, "API client", "API_CLIENT_", "ptc_svc_"},
}

// A Client is an OAuth app or an API client.
type Client struct {
	ID          int64         `json:"id"`
	Kind        Kind          `json:"kind"`
	ClientID    string        `json:"clientId"`
	Of          auth.UserType `json:"of"` // the type of its tenant
	TenantID    int64         `json:"tenantId"`
	Gone        time.Time     `json:"gone,omitzero"`     // it was deleted then; nothing else is left of it
	Granted     bool          `json:"granted,omitempty"` // but grants may be, which are to be swept
	Description string        `json:"description,omitempty"`
	Inactive    bool          `json:"inactive,omitempty"`
	Epoch       int64         `json:"epoch,omitempty"` // an access token of an earlier epoch is dead
	Created     time.Time     `json:"created,omitzero"`
	Modified    time.Time     `json:"modified,omitzero"`
	LastUsed    time.Time     `json:"lastUsed,omitzero"` // to the minute

	// How it shows who it is: by at most two secrets, the newest last, or by its keys.
	Secrets    []Secret        `json:"secrets,omitempty"`
	LastNumber int64           `json:"lastNumber,omitempty"` // of its secrets
	Keys       json.RawMessage `json:"keys,omitempty"`       // a JSON web key set

	// Of an app.
	Name      string        `json:"name,omitempty"`
	Lifetime  time.Duration `json:"lifetime,omitempty"` // of its access tokens
	Scope     Scope         `json:"scope,omitzero"`
	OwnerOnly bool          `json:"ownerOnly,omitempty"` // it does not rotate its own secret

	// Of an API client.
	UserID int64 `json:"userId,omitempty"`
	Legacy bool  `json:"legacy,omitempty"` // from before this portal; the operator runs it
}

var (
	clients = store.NewCollection("client", func(c *Client) *int64 { return &c.ID }).Remember(1024, func(c Client) Client {
		c.Secrets = append([]Secret(nil), c.Secrets...)
		return c // what else it points to is replaced, never written into
	})
	clientByID = clients.Unique("client", func(c *Client) []byte { return store.Key(c.ClientID) })
	clientsOf  = clients.Index("tenant", func(c *Client) []byte {
		if !c.Gone.IsZero() {
			return nil
		}
		return tenantKey(c.tenant(), c.Kind)
	})
	clientsBuried = clients.Index("buried", func(c *Client) []byte {
		if !c.Granted {
			return nil
		}
		return store.Key(c.Gone)
	})
)

// maxClients is how many apps, and how many API clients, a tenant may have.
const maxClients = 100

// The bounds of texts, as of those of other records.
const (
	maxName        = 128
	maxDescription = 255
)

func tenantKey(in auth.Tenant, k Kind) []byte { return store.Key(int64(in.Type), in.ID, k) }

func (c *Client) tenant() auth.Tenant { return auth.Tenant{Type: c.Of, ID: c.TenantID} }

func (c *Client) noun() string { return kinds[c.Kind].noun + " " + c.ClientID }

func (c *Client) mark() string { return kinds[c.Kind].mark }

func (c *Client) happening(what string) account.Happening {
	h := account.Happening{
		Name: kinds[c.Kind].event + what, Category: account.OfSecurity, Message: c.noun(),
		Detail: map[string]any{"id": c.ID, "client": c.ClientID},
	}
	if c.Kind == App {
		h.Detail["name"] = c.Name
	} else {
		h.Detail["userId"] = c.UserID
	}
	return h
}

// An Estate is what users have of other packages, and what does not go with the user of an API client unasked.
type Estate interface {
	// Holds counts it.
	Holds(tx store.Tx, userID int64) (int, error)
	// HandOver is a step of giving it to another active user of the tenant; n is 0 when nothing is left.
	HandOver(tx store.Tx, by *auth.Principal, in auth.Tenant, from, to int64) (n int, err error)
}

// Clients keeps the OAuth apps and API clients of a portal.
type Clients struct {
	Estate   Estate                                             // set before the first use; nil: users have nothing
	KeyInUse func(ctx context.Context, id string) (bool, error) // whether access tokens are signed with it; nil where no other portal signs any
	accounts *account.Accounts
	tokens   *token.Tokens
	store    account.Store
	ring     func() (*secret.Ring, error)
	uses     uses
	failures throttle
	known    signatures
}

// New makes the keeper. ring answers the keys of access tokens as they are now; they are not those of API tokens.
func New(a *account.Accounts, t *token.Tokens, ring func() (*secret.Ring, error)) *Clients {
	c := &Clients{
		accounts: a, tokens: t, store: a.Store, ring: ring,
		uses: uses{last: make(map[used]time.Time)}, failures: newThrottle(),
	}
	a.AppStands = c.stands
	a.SweepTenant(c.sweepTenant)
	return c
}

func (c *Clients) now() time.Time { return c.accounts.Now() }

// errGone answers for a client that is not there, or not the caller's to see.
func errGone(k Kind) error { return auth.Errorf(auth.NotFound, "no such %s", kinds[k].noun) }

var errTenantGone error = auth.Errorf(auth.NotFound, "the tenant is gone")

// may answers the tenant as it is now, if the caller holds the privilege in it.
func (c *Clients) may(tx store.Tx, by *auth.Principal, in auth.Tenant, v auth.Privilege) (auth.Tenant, error) {
	now, ok, err := c.accounts.TenantIn(tx, in.Type, in.ID)
	switch {
	case err != nil || !ok:
		return now, cmp.Or(err, errTenantGone)
	case !by.May(v, now):
		return now, auth.Lacks(by, v)
	}
	return now, nil
}

// at answers a client of the tenant by number, or nil.
func at(tx store.Tx, by *auth.Principal, in auth.Tenant, k Kind, id int64) (*Client, error) {
	c, err := clients.Get(tx, id)
	if err != nil || c == nil || c.Kind != k || !c.Gone.IsZero() || c.Of != in.Type || c.TenantID != in.ID || !c.shownTo(by) {
		return nil, err
	}
	return c, nil
}

// shownTo: a legacy client is the operator's to run; nobody else learns that it is there.
func (c *Client) shownTo(by *auth.Principal) bool {
	return !c.Legacy || by.UserType == auth.Operator && (by.IsSuper() || by.IsPortal())
}

// room holds the limit of clients of a kind in a tenant.
func room(tx store.Tx, in auth.Tenant, k Kind) error {
	return account.Room(tx, clientsOf, tenantKey(in, k), maxClients, "an organisation has at most %d "+kinds[k].noun+"s")
}

// bury removes a client. Its client id is not given again, so that nobody inherits what others still hold of it. That needs a
// record, for ever, and no end of them: a hundred bytes and a key, which is less than the events keep of the same client for a
// year. How many there can be in a time is for the rate limits to bound.
func (c *Clients) bury(tx store.Tx, gone *Client) error {
	return clients.Put(tx, &Client{ID: gone.ID, Kind: gone.Kind, ClientID: gone.ClientID, Gone: c.now(), Granted: gone.Kind == App})
}

// change is one Update of a client: find it, see that the caller may, do it, write it. rows is 0 where there is none.
func (c *Clients) change(ctx context.Context, by *auth.Principal, in auth.Tenant, k Kind, id int64, v auth.Action,
	do func(tx store.Tx, in auth.Tenant, cl *Client) error) (rows int, err error) {
	err = c.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		cl, err := at(tx, by, in, k, id)
		if err != nil {
			return err
		}
		in, err := c.handles(tx, by, in, k, cl, v)
		if err != nil || cl == nil {
			return err
		}
		rows = 1
		return do(tx, in, cl)
	})
	return rows, err
}

// handles: who holds the privilege, unless the client may do what he may not: then he could give himself what it has.
func (c *Clients) handles(tx store.Tx, by *auth.Principal, in auth.Tenant,
	k Kind, cl *Client, v auth.Action) (auth.Tenant, error) {
	now, err := c.may(tx, by, in, v.On(kinds[k].object))
	if err != nil || cl == nil || by.IsPortal() {
		return now, err
	}
	if k == App {
		return now, by.HoldsAll(now, cl.Scope.reaches())
	}
	u, err := c.accounts.UserIn(tx, cl.UserID)
	if err != nil || u == nil {
		return now, err
	}
	return now, account.MayAct(by, now, u)
}
