package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// portalClient is the client id in the access tokens of persons: there is no other client than the portal itself.
const portalClient = "portico"

// Exchange makes an access token of a person for his API token. It ends with it, and with its text.
func (c *Clients) Exchange(ctx context.Context, call auth.Call, apiToken secret.Text) (AccessToken, error) {
	if err := c.store.CatchUp(ctx); err != nil {
		return AccessToken{}, err
	}
	p, err := c.tokens.ByAPIToken(ctx, call, string(apiToken))
	if err != nil {
		return AccessToken{}, err
	}
	in := auth.Tenant{Type: p.UserType, ID: p.TenantID()}
	t := claims{
		Subject: fmt.Sprint(ofUser, ":", p.UserID), ClientID: portalClient, Type: auth.User.String(), Org: organisation(in),
		From: fmt.Sprintf("%d.%s", p.MeansID, textMark(secret.DigestOf(apiToken))),
	}
	if p.Limits == nil {
		t.Roles = []int64{p.Role.ID}
	} else { // who goes by the token alone shall not take it for all that its owner may do
		t.Limited, t.Scope = true, scopeOf(p.Limits.Privileges)
	}
	life := min(DefaultLifetime, p.Until.Sub(c.now())).Truncate(time.Second)
	if life <= 0 {
		return AccessToken{}, errExpired
	}
	out, err := c.sign(ctx, &t, life)
	if err != nil {
		return out, err
	}
	return out, c.accounts.Counted(ctx, p, in, account.Happening{
		Name: "ACCESS_TOKEN_ISSUED", Category: account.OfSecurity, Message: "user " + p.Username,
		Detail: map[string]any{"tokenId": p.MeansID}, Apart: fmt.Sprint(p.MeansID),
	})
}

// textMark tells the texts of an API token apart without telling anything of them, not even their digest.
func textMark(d secret.Digest) string {
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte("portico access token"), d}, []byte{0}))
	return hex.EncodeToString(sum[:8])
}

// person answers the owner of the API token that a token was exchanged for, within its limits, as long as that is good and has the
// same text.
func (c *Clients) person(tx store.Tx, call auth.Call, t *claims) (*auth.Principal, error) {
	number, mark, _ := strings.Cut(t.From, ".")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, errInvalid
	}
	tok, p, err := c.tokens.ByTextOf(tx, call, auth.ByAccessToken, id)
	switch {
	case err != nil:
		return nil, err
	case textMark(tok.Digest) != mark:
		return nil, errRevoked
	case p.UserID != t.number(ofUser):
		return nil, errInvalid
	}
	return p, nil
}

// scopeOf are privileges as a token names them.
func scopeOf(vs []auth.Privilege) string {
	words := make([]string, len(vs))
	for i, v := range vs {
		words[i] = v.String()
	}
	return strings.Join(words, " ")
}
