package client

import (
	"cmp"
	"context"
	"errors"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// errClient is the one answer to whoever does not show who he is, whatever is wrong.
var errClient error = auth.Errorf(auth.Unauthenticated, "the client is unknown, or did not show who it is")

// invalid refuses a request with a word of RFC 6749, section 5.2, or RFC 8707.
func invalid(word, format string, args ...any) *auth.Error {
	e := auth.Errorf(auth.Invalid, format, args...)
	e.Word = word
	return e
}

// A reason is why a client did not show who it is. It is for the event; the caller hears errClient.
type reason string

func (r reason) Error() string { return string(r) }

// authenticate answers the client that shows who it is. The text of the refusal says nothing of what was wrong; the event does.
func (c *Clients) authenticate(ctx context.Context, call auth.Call, cred Credential) (*Client, error) {
	cl, number, err := c.shown(ctx, cred)
	var why reason
	if errors.As(err, &why) {
		return nil, c.refused(ctx, call, cred, cl, why)
	}
	if err != nil {
		return nil, err
	}
	c.uses.note(cl.ID, number, c.now())
	return cl, nil
}

// shown answers the client that a credential names, if there is one, and by which of its secrets. That it does not show who it
// is is a reason.
func (c *Clients) shown(ctx context.Context, cred Credential) (cl *Client, secretNumber int64, err error) {
	id := cred.ClientID
	switch {
	case cred.Secret != "" && cred.Assertion != "":
		return nil, 0, reason("a secret and an assertion")
	case cred.Assertion != "":
		id = namedBy(cred.Assertion)
		if cred.ClientID != "" && cred.ClientID != id {
			return nil, 0, reason("the assertion is from another client")
		}
	case !secret.Marked(cred.Secret, kinds[App].mark) && !secret.Marked(cred.Secret, kinds[APIClient].mark):
		return nil, 0, reason("not the form of a secret")
	}
	cl, err = c.named(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	if cred.Assertion != "" {
		return cl, 0, c.assertedBy(ctx, cl, cred)
	}
	number := cl.matching(cred.Secret, c.now()) // of no client, too: an unknown one costs the same
	if cl != nil && number == 0 {
		return cl, 0, reason("wrong secret")
	}
	return cl, number, c.active(ctx, cl)
}

// named answers the client with that id, whatever its state; nil when there is none, or none any more.
func (c *Clients) named(ctx context.Context, id string) (cl *Client, err error) {
	if id == "" || len(id) > 255 {
		return nil, nil
	}
	if err := c.store.CatchUp(ctx); err != nil { // a failure is counted: not that of a client that was just made elsewhere
		return nil, err
	}
	err = c.store.View(ctx, func(tx store.Tx) error {
		cl, err = clientByID.Get(tx, store.Key(id))
		return err
	})
	if cl != nil && !cl.Gone.IsZero() {
		cl = nil
	}
	return cl, err
}

// assertedBy: an assertion of no client, or of one without keys, costs the same as one with a wrong signature. One is used up by
// a client that is active: who is not fills no store.
func (c *Clients) assertedBy(ctx context.Context, cl *Client, cred Credential) error {
	if cl == nil || cl.Keys == nil {
		secret.VerifyForNobody(cred.Assertion)
		return reason("the client is unknown, or has no keys")
	}
	a, err := cl.verified(cred.Assertion, cred.Audience, c.now())
	if err != nil {
		return err
	}
	if err := c.active(ctx, cl); err != nil {
		return err
	}
	return c.useUp(ctx, cl, a)
}

// active says why the client gets no access tokens, although it has shown who it is.
func (c *Clients) active(ctx context.Context, cl *Client) error {
	if cl == nil {
		return reason("the client is unknown")
	}
	return c.store.View(ctx, func(tx store.Tx) error { return c.serves(tx, cl) })
}

const errInactive = reason("the client is not active")

// serves: a client that is switched on, in a tenant that is there, and its user, if it is one.
func (c *Clients) serves(tx store.Tx, cl *Client) error {
	if cl.Inactive || !cl.Gone.IsZero() {
		return errInactive
	}
	if cl.Kind == APIClient {
		u, err := c.accounts.UserIn(tx, cl.UserID)
		if err == nil && (u == nil || !u.Enabled()) {
			err = errInactive
		}
		return err
	}
	_, ok, err := c.accounts.TenantIn(tx, cl.Of, cl.TenantID)
	if err == nil && !ok {
		err = errInactive
	}
	return err
}

// refused counts and records that a client did not show who it is.
func (c *Clients) refused(ctx context.Context, call auth.Call, cred Credential, cl *Client, why reason) error {
	typed := string(secret.DigestOf(secret.Text(cred.ClientID))) // it may be long, and it may be a secret
	if err := c.failures.failed(typed, call.Source, c.now()); err != nil {
		return err
	}
	by, in := &auth.Principal{Call: call}, auth.Network()
	h := account.Happening{
		Name: "ACCESS_TOKEN_REFUSED", Category: account.OfSecurity, Message: "unknown client",
		Detail: map[string]any{"reason": why.Error()},
	}
	if cl != nil { // what was typed as an id is told only where it is one: it may have been a secret
		in = cl.tenant()
		h.Message = cl.noun()
		h.Detail["id"], h.Detail["client"] = cl.ID, cl.ClientID
	}
	h.Apart = "client" + typed
	return cmp.Or(c.accounts.Refused(ctx, by, in, h), errClient)
}
