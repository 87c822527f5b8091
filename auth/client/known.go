package client

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// Check refuses what can be refused without looking at the tenant, the scope aside.
func (n *NewApp) Check() error {
	draft := Client{Kind: App, Name: n.Name, Description: n.Description, Lifetime: cmp.Or(n.Lifetime, DefaultLifetime)}
	if err := cmp.Or(draft.check(), checkTwice(n.Scope.Privileges), checkKnown(App, n.Secret, n.Keys)); err != nil || n.ClientID == "" {
		return err
	}
	if id, err := uuid.Parse(n.ClientID); err != nil || id.String() != n.ClientID {
		return auth.BadField("clientId", "is not a UUID, in lower case")
	}
	return nil
}

// Check refuses what can be refused without looking at the tenant.
func (n *NewAPIClient) Check() error {
	draft := Client{Kind: APIClient, Description: n.Description}
	return cmp.Or(n.checkID(), draft.check(), checkKnown(APIClient, n.Secret, n.Keys))
}

// portalAlone refuses others to choose what nobody but the portal does.
func portalAlone(by *auth.Principal) error {
	if by.IsPortal() {
		return nil
	}
	return auth.Errorf(auth.Forbidden, "the privilege to choose client ids and secrets is the portal's alone in method [%s]", by.Method)
}

// checkKnown refuses a secret that could not be a client's, and keys that are none.
func checkKnown(k Kind, text secret.Text, keys []byte) error {
	switch {
	case text == "":
	case keys != nil:
		return auth.BadField("secret", "is there beside jwks: a client has one of the two")
	case !secret.Marked(text, kinds[k].mark):
		return auth.BadField("secret", "is not %s, 43 letters and digits, and the 6 of their checksum, as the portal makes them", kinds[k].mark)
	}
	if keys == nil {
		return nil
	}
	return new(Client).setKeys(keys)
}

// alone refuses a second app of the name, to those who want one.
func (n *NewApp) alone(tx store.Tx, in auth.Tenant) error {
	if !n.OneOfName {
		return nil
	}
	return clientsOf.Scan(tx, store.Span{Prefix: tenantKey(in, App)}, func(cl *Client) (bool, error) {
		if cl.Name == n.Name {
			return false, auth.Errorf(auth.Conflict, "there is an app named %s", n.Name)
		}
		return true, nil
	})
}

// Each shows f the clients of a kind in a tenant, ordered by number, legacy ones among them.
func (c *Clients) Each(tx store.Tx, in auth.Tenant, k Kind, f func(Listed) error) error {
	return clientsOf.Scan(tx, store.Span{Prefix: tenantKey(in, k)}, func(cl *Client) (bool, error) {
		l, err := c.listed(tx, cl, Show{})
		if err != nil {
			return false, err
		}
		return true, f(l)
	})
}

// Find answers the client of a kind in a tenant with that client id, or the app of that name if there is just one; nil otherwise. Of
// several apps of a name it says so, as a Conflict.
func (c *Clients) Find(ctx context.Context, in auth.Tenant, k Kind, clientID, name string) (found *Listed, err error) {
	err = c.store.View(ctx, func(tx store.Tx) error {
		found = nil
		return c.Each(tx, in, k, func(l Listed) error {
			switch {
			case clientID != "" && l.ClientID != clientID, clientID == "" && l.Name != name:
				return nil
			case found != nil:
				return auth.Errorf(auth.Conflict, "there are several apps named %s: say which by its clientId", name)
			}
			found = &l
			return nil
		})
	})
	return found, err
}

// Taken says whether the client id is somebody's, or was.
func (c *Clients) Taken(ctx context.Context, clientID string) (taken bool, err error) {
	err = c.store.View(ctx, func(tx store.Tx) error {
		id, err := clientByID.ID(tx, store.Key(clientID))
		taken = id != 0
		return err
	})
	return taken, err
}
