package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The bounds of an assertion (RFC 7523): how far ahead it may end, since until then it is remembered, and of its jti.
const (
	maxAssertion = 10 * time.Minute
	maxJTI       = 255
	clockSkew    = 30 * time.Second // of clients' clocks, and of those of portals that share a store
	farAway      = 1 << 40          // seconds; what is beyond may not fit into a time, and would pass for long ago
)

// An assertion that was shown is kept until it ends, so that it is good for one access token.
type assertion struct {
	ID     int64         `json:"id"`
	Client int64         `json:"client"`
	JTI    secret.Digest `json:"jti"`
	Ends   time.Time     `json:"ends"`
}

var (
	assertions     = store.NewCollection("assertion", func(a *assertion) *int64 { return &a.ID })
	_              = assertions.Unique("jti", func(a *assertion) []byte { return store.Key(a.Client, []byte(a.JTI)) })
	assertionsOver = assertions.Index("end", func(a *assertion) []byte { return store.Key(a.Ends) })
)

// asserted are the claims of an assertion.
type asserted struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ID        string   `json:"jti"`
	Expires   seconds  `json:"exp"`
	NotBefore seconds  `json:"nbf"`
	IssuedAt  seconds  `json:"iat"`
}

// An audience is one or several.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		return json.Unmarshal(b, (*[]string)(a))
	}
	*a = make(audience, 1)
	return json.Unmarshal(b, &(*a)[0])
}

// Seconds are a time in a token: whole, or with a fraction.
type seconds float64

func (s seconds) time() time.Time {
	whole, part := math.Modf(min(max(float64(s), -farAway), farAway))
	return time.Unix(int64(whole), int64(part*1e9)).UTC()
}

// namedBy is the client that an assertion says it is from; "" for what is none.
func namedBy(t secret.Text) string {
	var a asserted
	payload, ok := secret.Unverified(t)
	if !ok || json.Unmarshal(payload, &a) != nil {
		return ""
	}
	return a.Subject
}

// verified answers the claims of an assertion of the client's, once all that can be told without the store holds.
func (c *Client) verified(t secret.Text, audience []string, now time.Time) (a asserted, err error) {
	keys, err := secret.ParsePublicKeys(c.Keys)
	if err != nil {
		return a, fmt.Errorf("keys of client %d: %w", c.ID, err)
	}
	payload, err := keys.Verify(t)
	if err != nil {
		return a, reason("wrong signature")
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		return a, reason("not an assertion")
	}
	return a, a.check(c.ClientID, audience, now)
}

func (a *asserted) check(clientID string, audience []string, now time.Time) error {
	ends := a.Expires.time()
	switch {
	case a.Issuer != clientID || a.Subject != clientID:
		return reason("iss or sub is another")
	case !slices.ContainsFunc(a.Audience, func(s string) bool { return slices.Contains(audience, s) }):
		return reason("aud is another")
	case a.ID == "" || len(a.ID) > maxJTI:
		return reason("jti is missing or too long")
	case a.Expires == 0 || !now.Before(ends):
		return reason("expired")
	case ends.After(now.Add(maxAssertion + clockSkew)):
		return reason("exp is too far ahead")
	case a.NotBefore.time().After(now.Add(clockSkew)) || a.IssuedAt.time().After(now.Add(clockSkew)):
		return reason("not yet valid")
	}
	return nil
}

// useUp remembers an assertion; one that was shown before is refused.
func (c *Clients) useUp(ctx context.Context, cl *Client, a asserted) error {
	err := c.store.Update(ctx, func(tx store.Tx) error {
		return assertions.Insert(tx, &assertion{Client: cl.ID, JTI: secret.DigestOf(secret.Text(a.ID)), Ends: a.Expires.time()})
	})
	if errors.Is(err, store.ErrTaken) {
		return reason("jti was used before")
	}
	return err
}
