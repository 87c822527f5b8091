package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The bounds of the life of an app's access tokens, and its default, which is that of all other access tokens.
const (
	minLifetime     = time.Minute
	maxLifetime     = 5 * time.Hour
	DefaultLifetime = 30 * time.Minute
)

// A NewApp is what InsertApp makes.
type NewApp struct {
	Name        string
	Description string
	Lifetime    time.Duration // of its access tokens; 0 is the default
	Scope       Scope         // as its author asks for it
	Keys        []byte        // a JSON web key set; without, it gets a secret
	OwnerOnly   bool
	OneOfName   bool // no other app of the tenant may have the name
	Known
}

// Known is what of a client is known before it is made. The portal itself alone makes such clients.
type Known struct {
	ClientID string // of an app
	Secret   secret.Text
}

// InsertApp makes an OAuth app of the tenant. Its client id is chosen here. The secret is answered this once; an app with keys
// has none.
func (c *Clients) InsertApp(ctx context.Context, by *auth.Principal, in auth.Tenant,
	n NewApp) (app *Client, text secret.Text, err error) {
	if n.Known != (Known{}) {
		if err := cmp.Or(portalAlone(by), n.Check()); err != nil {
			return nil, "", err
		}
	}
	id, err := uuid.NewRandomFromReader(c.accounts.Random())
	if err != nil {
		return nil, "", err
	}
	text, err = c.firstSecret(App, n.Keys, n.Secret)
	if err != nil {
		return nil, "", err
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		in, err := c.may(tx, by, in, auth.Create.On(auth.OAuthApp))
		if err != nil {
			return err
		}
		app = &Client{
			Kind: App, ClientID: cmp.Or(n.ClientID, id.String()), Of: in.Type, TenantID: in.ID, Name: n.Name, Description: n.Description,
			Lifetime: cmp.Or(n.Lifetime, DefaultLifetime), OwnerOnly: n.OwnerOnly,
			Created: c.now(), Modified: c.now(),
		}
		if err := cmp.Or(app.check(), app.show(text, n.Keys), room(tx, in, App)); err != nil {
			return err
		}
		if _, err := c.setScope(tx, by, in, app, n.Scope); err != nil {
			return err
		}
		if err := cmp.Or(n.alone(tx, in), insert(tx, app)); err != nil {
			return err
		}
		h := app.happening("CREATED")
		h.Detail["scope"] = app.Scope.told()
		return c.accounts.Record(tx, by, in, h)
	})
	if err != nil {
		return nil, "", err
	}
	return app, text, nil
}

func (c *Client) check() error {
	if err := account.CheckText("description", c.Description, maxDescription); err != nil || c.Kind != App {
		return err
	}
	if c.Lifetime < minLifetime || c.Lifetime > maxLifetime {
		return auth.BadField("accessTokenTtlSec", "is not between %d and %d", minLifetime/time.Second, maxLifetime/time.Second)
	}
	return account.CheckName("name", c.Name, maxName)
}

// insert writes a new client. A client id that is taken, or was, is a Conflict.
func insert(tx store.Tx, cl *Client) error {
	err := clients.Insert(tx, cl)
	if errors.Is(err, store.ErrTaken) {
		return errClientIDTaken(cl.ClientID)
	}
	return err
}

// firstSecret makes the secret of a client that has no keys, unless it is known.
func (c *Clients) firstSecret(k Kind, keys []byte, known secret.Text) (secret.Text, error) {
	if keys != nil || known != "" {
		return known, nil
	}
	return secret.MintMarked(c.accounts.Random(), kinds[k].mark)
}

// show sets by what a new client shows who it is.
func (c *Client) show(text secret.Text, keys []byte) error {
	if keys == nil {
		c.add(text, c.Created)
		return nil
	}
	return c.setKeys(keys)
}

// setKeys gives a client other keys. They are kept as they were understood.
func (c *Client) setKeys(keys []byte) error {
	set, err := secret.ParsePublicKeys(keys)
	if err != nil {
		return auth.BadField("jwks", "%v", err)
	}
	c.Keys, err = set.Marshal()
	return err
}

// told is what events tell of a scope.
func (s *Scope) told() map[string]any {
	return map[string]any{"roleIds": s.RoleIDs, "privileges": s.Privileges, "version": s.Version}
}

// An AppUpdate names the fields to set; nil leaves a field as it is.
type AppUpdate struct {
	Name        *string
	Description *string
	Lifetime    *time.Duration
	Scope       *Scope
	Keys        []byte
	IsActive    *bool
	OwnerOnly   *bool
}

// UpdateApp changes the named fields of an app. A narrower scope acts with its next call; a wider one acts in other
// organisations when they have accepted it. rows is 0 where the tenant has no such app.
func (c *Clients) UpdateApp(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, up AppUpdate) (rows int, err error) {
	return c.change(ctx, by, in, App, id, auth.Update, func(tx store.Tx, in auth.Tenant, app *Client) error {
		h := app.happening("UPDATED")
		changed := up.apply(app)
		if err := app.check(); err != nil {
			return err
		}
		if up.Keys != nil {
			if err := app.replaceKeys(up.Keys); err != nil {
				return err
			}
			changed = append(changed, "jwks")
		}
		if up.Scope != nil {
			other, err := c.setScope(tx, by, in, app, *up.Scope)
			if err != nil {
				return err
			}
			if other {
				changed = append(changed, "scope")
				h.Detail["scope"] = app.Scope.told()
				if err := forgo(tx, app); err != nil {
					return err
				}
			}
		}
		if len(changed) > 0 {
			h.Detail["changed"] = changed
			if err := c.accounts.Record(tx, by, in, h); err != nil {
				return err
			}
		}
		return c.settle(tx, by, in, app, len(changed) > 0, up.IsActive)
	})
}

func (up *AppUpdate) apply(app *Client) (changed []string) {
	set(&changed, "name", &app.Name, up.Name)
	set(&changed, "description", &app.Description, up.Description)
	set(&changed, "accessTokenTtlSec", &app.Lifetime, up.Lifetime)
	set(&changed, "ownerOnlySecretRotation", &app.OwnerOnly, up.OwnerOnly)
	return changed
}

// set assigns a named value, and adds the name to what changed if that changed anything.
func set[T comparable](changed *[]string, name string, to *T, from *T) {
	if from == nil || *from == *to {
		return
	}
	*to = *from
	*changed = append(*changed, name)
}

// replaceKeys is for clients with keys alone: by what a client shows who it is does not change.
func (c *Client) replaceKeys(keys []byte) error {
	if c.Keys == nil {
		return auth.Errorf(auth.Conflict, "the client shows who it is by a secret, and has no keys")
	}
	return c.setKeys(keys)
}

// settle writes a client that was changed, and switches it on or off, which is told apart.
func (c *Clients) settle(tx store.Tx, by *auth.Principal, in auth.Tenant, cl *Client, changed bool, active *bool) error {
	if active != nil && *active == cl.Inactive {
		changed = true
		cl.Inactive = !*active
		h := cl.happening("ACTIVATED")
		if cl.Inactive {
			cl.Epoch++
			h = cl.happening("DEACTIVATED")
		}
		h.Severity = account.Notice
		if err := c.accounts.Record(tx, by, in, h); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	cl.Modified = c.now()
	return clients.Put(tx, cl)
}

// DeleteApp removes an app for good. That other organisations grant it something is a Conflict, unless force is given: then
// their grants end with it.
func (c *Clients) DeleteApp(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, force bool) (rows int, err error) {
	return c.change(ctx, by, in, App, id, auth.Delete, func(tx store.Tx, in auth.Tenant, app *Client) error {
		granted, err := c.organisations(tx, app)
		if err != nil {
			return err
		}
		if len(granted) > 0 && !force {
			return auth.Errorf(auth.Conflict, "organisations grant the app something: %s; with force it is deleted all the same",
				strings.Join(granted, ", "))
		}
		h := app.happening("DELETED")
		h.Severity = account.Notice
		if len(granted) > 0 {
			h.Detail["grantedBy"] = granted
		}
		return cmp.Or(c.accounts.Record(tx, by, in, h), c.bury(tx, app))
	})
}

// organisations names those that grant an app something.
func (c *Clients) organisations(tx store.Tx, app *Client) (names []string, err error) {
	err = grantOf.Scan(tx, store.Span{Prefix: store.Key(app.ID)}, func(g *Grant) (bool, error) {
		in, ok, err := c.accounts.TenantIn(tx, g.Of, g.TenantID)
		if ok {
			names = append(names, fmt.Sprintf("%s (%s)", in.Name, organisation(in)))
		}
		return true, err
	})
	return names, err
}
