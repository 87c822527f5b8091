package client

import (
	"cmp"
	"context"
	"regexp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A NewAPIClient is what InsertAPIClient makes.
type NewAPIClient struct {
	ClientID    string
	RoleIDs     []int64 // one role, or functional roles
	FirstName   *string
	LastName    *string
	Description string
	Keys        []byte      // a JSON web key set; without, it gets a secret
	Legacy      bool        // of an import alone
	Secret      secret.Text // known before; the portal itself alone makes such clients
}

// clientIDs are what may be chosen for a client id. With what stands before it the username has at most 255 characters.
var clientIDs = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{2,238}$`)

// InsertAPIClient makes an API client of the tenant together with its user. The secret is answered this once; one with keys has
// none. A client id that is taken, or was, is a Conflict.
func (c *Clients) InsertAPIClient(ctx context.Context, by *auth.Principal, in auth.Tenant,
	n NewAPIClient) (cl *Client, text secret.Text, err error) {
	if err := n.checkID(); err != nil {
		return nil, "", err
	}
	if n.Secret != "" {
		if err := cmp.Or(portalAlone(by), n.Check()); err != nil {
			return nil, "", err
		}
	}
	text, err = c.firstSecret(APIClient, n.Keys, n.Secret)
	if err != nil {
		return nil, "", err
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		in, err := c.may(tx, by, in, auth.Create.On(auth.APIClient))
		if err != nil {
			return err
		}
		cl = &Client{
			Kind: APIClient, ClientID: n.ClientID, Of: in.Type, TenantID: in.ID, Description: n.Description, Legacy: n.Legacy,
			Created: c.now(), Modified: c.now(),
		}
		if err := cmp.Or(cl.check(), cl.show(text, n.Keys), room(tx, in, APIClient)); err != nil {
			return err
		}
		return c.insertAPIClient(tx, by, in, cl, n)
	})
	if err != nil {
		return nil, "", err
	}
	return cl, text, nil
}

func (n *NewAPIClient) checkID() error {
	if !clientIDs.MatchString(n.ClientID) {
		return auth.BadField("clientId", "is not 3 to 239 of a-z, 0-9, dot, underline and hyphen, the first a letter or a digit")
	}
	if n.ClientID == portalClient { // access tokens of persons name it
		return errClientIDTaken(n.ClientID)
	}
	return nil
}

func errClientIDTaken(id string) error {
	return auth.Errorf(auth.Conflict, "the client id %s is taken, or was: none is given twice", id)
}

// insertAPIClient writes the client, its user, which bears the client's number, and the client again, with the user's.
func (c *Clients) insertAPIClient(tx store.Tx, by *auth.Principal, in auth.Tenant, cl *Client, n NewAPIClient) error {
	if err := insert(tx, cl); err != nil {
		return err
	}
	u, err := c.accounts.InsertServiceAccount(tx, by, in, account.ServiceAccount{
		ClientID: cl.ID, Client: cl.ClientID, RoleIDs: n.RoleIDs, FirstName: n.FirstName, LastName: n.LastName,
	})
	if err != nil {
		return err
	}
	cl.UserID = u.ID
	h := cl.happening("CREATED")
	h.Detail["username"], h.Detail["roleIds"] = u.Username, n.RoleIDs
	return cmp.Or(clients.Put(tx, cl), c.accounts.Record(tx, by, in, h))
}

// An APIClientUpdate names the fields to set; nil leaves a field as it is.
type APIClientUpdate struct {
	Description *string
	Keys        []byte
	account.ServiceAccountUpdate
}

// UpdateAPIClient changes the named fields of an API client and of its user. Switching it off kills its access tokens; switching
// it on again does not revive them. rows is 0 where the tenant has no such client.
func (c *Clients) UpdateAPIClient(ctx context.Context, by *auth.Principal, in auth.Tenant,
	id int64, up APIClientUpdate) (rows int, err error) {
	return c.change(ctx, by, in, APIClient, id, auth.Update, func(tx store.Tx, in auth.Tenant, cl *Client) error {
		u, err := c.userOf(tx, cl)
		if err != nil {
			return err
		}
		var changed []string
		set(&changed, "description", &cl.Description, up.Description)
		if err := cl.check(); err != nil {
			return err
		}
		if up.Keys != nil {
			if err := cl.replaceKeys(up.Keys); err != nil {
				return err
			}
			changed = append(changed, "jwks")
		}
		ofUser := up.ServiceAccountUpdate
		ofUser.IsActive = nil // told apart
		more, err := c.accounts.UpdateServiceAccount(tx, by, in, u, ofUser)
		if err != nil {
			return err
		}
		if changed = append(changed, more...); len(changed) > 0 {
			h := cl.happening("UPDATED")
			h.Detail["changed"], h.Detail["roleIds"] = changed, u.RoleIDs()
			if err := c.accounts.Record(tx, by, in, h); err != nil {
				return err
			}
		}
		switched := up.IsActive != nil && *up.IsActive == cl.Inactive
		if err := c.settle(tx, by, in, cl, len(changed) > 0, up.IsActive); err != nil || len(changed) == 0 && !switched {
			return err
		}
		u.IsActive = !cl.Inactive
		return c.accounts.PutServiceAccount(tx, u)
	})
}

// userOf answers the user that an API client is.
func (c *Clients) userOf(tx store.Tx, cl *Client) (*account.User, error) {
	u, err := c.accounts.UserIn(tx, cl.UserID)
	if err == nil && u == nil {
		err = errGone(APIClient)
	}
	return u, err
}

// DeleteAPIClient removes an API client and its user for good. No client deletes itself. That its user holds something is a
// Conflict, unless somebody is named who gets it: in steps, and what was handed over stays so if the client stays.
func (c *Clients) DeleteAPIClient(ctx context.Context, by *auth.Principal, in auth.Tenant, id, heir int64) (rows int, err error) {
	for more := heir != 0 && c.Estate != nil; more; {
		rows, err = c.removeAPIClient(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, cl *Client) error {
			n, err := c.Estate.HandOver(tx, by, in, cl.UserID, heir)
			more = n > 0
			return err
		})
		if err != nil || rows == 0 {
			return 0, err
		}
	}
	return c.removeAPIClient(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, cl *Client) error {
		u, err := c.userOf(tx, cl)
		if err != nil {
			return err
		}
		if n, err := c.held(tx, u.ID); err != nil || n > 0 {
			return cmp.Or(err, error(auth.Errorf(auth.Conflict,
				"credentials are shared with the user of the API client (%d of them); reassignToUserId says who gets its shares", n)))
		}
		h := cl.happening("DELETED")
		h.Severity = account.Notice
		return cmp.Or(c.accounts.DeleteServiceAccount(tx, by, in, u), c.accounts.Record(tx, by, in, h), c.bury(tx, cl))
	})
}

func (c *Clients) held(tx store.Tx, userID int64) (int, error) {
	if c.Estate == nil {
		return 0, nil
	}
	return c.Estate.Holds(tx, userID)
}

// removeAPIClient is one Update of what it takes to remove an API client.
func (c *Clients) removeAPIClient(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64,
	do func(tx store.Tx, in auth.Tenant, cl *Client) error) (int, error) {
	return c.change(ctx, by, in, APIClient, id, auth.Delete, func(tx store.Tx, in auth.Tenant, cl *Client) error {
		if by.ClientID == cl.ID {
			return auth.Errorf(auth.Conflict, "nobody deletes himself")
		}
		return do(tx, in, cl)
	})
}
