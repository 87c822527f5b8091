package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Where narrows the tokens a method is about: to owners of a type, and to a tenant. Zero is no narrowing.
type Where struct {
	OwnerType auth.UserType
	TenantID  int64
}

func (w Where) holds(t *Token) bool {
	return (w.OwnerType == auth.NoType || w.OwnerType == t.OwnerType) && (w.TenantID == 0 || w.TenantID == t.TenantID)
}

var errNoToken error = auth.Errorf(auth.NotFound, "no such API token")

// Download enables a pending token and answers its text, which is made in that moment: its owner alone, and once.
func (t *Tokens) Download(ctx context.Context, by *auth.Principal, w Where, id int64) (secret.Text, error) {
	nonce, err := secret.Mint(t.accounts.Random())
	if err != nil {
		return "", err
	}
	var text secret.Text
	_, err = t.move(ctx, by, Download, func(tx store.Tx) (*Token, error) { return byID(tx, w, id) },
		func(tx store.Tx, tok *Token) error {
			tok.Downloaded = t.now()
			text, err = t.sign(tx, tok, nonce)
			return err
		})
	if err != nil {
		return "", err // never a text whose move is not durable
	}
	return text, nil
}

// Refresh gives an enabled token a new text and its whole life anew: its owner alone; the old text dies with the call.
func (t *Tokens) Refresh(ctx context.Context, by *auth.Principal, w Where, old secret.Text) (secret.Text, error) {
	nonce, err := secret.Mint(t.accounts.Random())
	if err != nil {
		return "", err
	}
	find := func(tx store.Tx) (*Token, error) {
		tok, err := byText(tx, old)
		if err != nil || tok == nil || !w.holds(tok) {
			return nil, err
		}
		return tok, nil
	}
	var text secret.Text
	_, err = t.move(ctx, by, Refresh, find, func(tx store.Tx, tok *Token) error {
		longest, _, err := t.longestLife(tx, tok.OwnerType, tok.TenantID)
		if err != nil {
			return err
		}
		if err := t.renew(tx, tok, longest); err != nil {
			return err
		}
		text, err = t.sign(tx, tok, nonce)
		return err
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// renew gives a token its life anew, or as much of it as is allowed now. One that is to end soon anyway is not told of.
func (t *Tokens) renew(tx store.Tx, tok *Token, longest time.Duration) error {
	life := min(tok.Lifetime(), longest)
	ahead, err := t.noticeTime(tx)
	tok.Expiration, tok.Noticed = t.now().Add(life), life <= ahead
	return err
}

// Revoke ends a token for good: its owner, or who manages his tokens. rows is 0 when the caller sees no such token.
func (t *Tokens) Revoke(ctx context.Context, by *auth.Principal, w Where, id int64) (rows int, err error) {
	found, err := t.move(ctx, by, Revoke, func(tx store.Tx) (*Token, error) { return byID(tx, w, id) }, t.revoked)
	if errors.Is(err, errNoToken) {
		return 0, nil
	}
	if found {
		rows = 1
	}
	return rows, err
}

// A refused move is recorded, and only then answered.
type refusedMove struct {
	tok  *Token
	in   auth.Tenant
	what error
}

func (r *refusedMove) Error() string { return r.what.Error() }

// move makes one move of a token's life in one Update: find, decide, ask the table, change, record.
func (t *Tokens) move(ctx context.Context, by *auth.Principal, act Act, find func(store.Tx) (*Token, error), change func(store.Tx, *Token) error) (bool, error) {
	err := t.store.Update(ctx, func(tx store.Tx) error {
		tok, err := find(tx)
		if err != nil {
			return err
		}
		if tok == nil {
			return errNoToken
		}
		in, ok, err := t.accounts.TenantIn(tx, tok.OwnerType, tok.TenantID)
		if err != nil || !ok {
			return cmp.Or(err, errNoToken)
		}
		owner, err := t.accounts.UserIn(tx, tok.OwnerID)
		if err != nil || owner == nil {
			return cmp.Or(err, errNoToken) // a deleted user's tokens are gone at once
		}
		if err := t.mayMove(by, act, tok, in); err != nil {
			return &refusedMove{tok, in, err}
		}
		to, err := t.next(tx, by, tok, act)
		if auth.KindOf(err) == auth.Conflict {
			return &refusedMove{tok, in, err}
		}
		if err != nil {
			return err
		}
		return t.moved(tx, by, in, tok, act, to, change)
	})
	t.watch.move(act, err)
	var refused *refusedMove
	if !errors.As(err, &refused) {
		return err == nil, err
	}
	h := refused.tok.happening("API_TOKEN_REFUSED")
	h.Message = fmt.Sprintf("%s of API token %s refused", act, refused.tok.Name)
	h.Detail["act"], h.Detail["reason"] = string(act), refused.what.Error()
	h.Apart = fmt.Sprint(act, refused.tok.ID)
	return false, cmp.Or(t.accounts.Refused(ctx, by, refused.in, h), refused.what)
}

// moved writes a move that may be made, with its event.
func (t *Tokens) moved(
	tx store.Tx, by *auth.Principal, in auth.Tenant, tok *Token, act Act, to State, change func(store.Tx, *Token) error,
) error {
	tok.Kept, tok.Modified = to, t.now()
	if err := change(tx, tok); err != nil {
		return err
	}
	if err := tokens.Put(tx, tok); err != nil {
		return err
	}
	return t.accounts.Record(tx, by, in, tok.happening(eventOf[act]))
}

// revoked notes when a token was revoked.
func (t *Tokens) revoked(_ store.Tx, tok *Token) error {
	tok.Revoked = t.now()
	return nil
}

// next is the state that an act leads to. A token that the policy ends can be revoked, for the policy may change.
func (t *Tokens) next(tx store.Tx, by *auth.Principal, tok *Token, act Act) (State, error) {
	now := tok.State(t.now())
	if act == Revoke {
		return Moves.Next(now, act)
	}
	if err := t.lost(tx, by, tok); err != nil {
		return now, err
	}
	policy, err := t.accounts.TokenPolicy(tx, tok.OwnerType, tok.TenantID)
	if err != nil {
		return now, err
	}
	standing, err := t.standing(tx, tok, policy)
	switch {
	case err != nil:
		return now, err
	case standing == Idle:
		now = Expired
	case standing == Lacking:
		return now, auth.Errorf(auth.Conflict, "cannot %s: the policy of the organisation asks for a limit that the token lacks: %s",
			act, policy.Lacks(tok.Limits))
	case act != Download && tok.SuccessorID != 0:
		return now, auth.Errorf(auth.Conflict, "cannot %s: it was rotated, its successor is API token %d", act, tok.SuccessorID)
	}
	return Moves.Next(now, act)
}

var eventOf = map[Act]string{
	Download: "DOWNLOAD_API_TOKEN", Refresh: "REFRESH_API_TOKEN", Rotate: "ROTATE_API_TOKEN", Revoke: "REVOKE_API_TOKEN",
}

// mayMove: the owner downloads, refreshes and rotates, and nobody else; the owner and who manages his tokens revoke.
// To strangers a token is unknown; within its tenant the refusal says why.
func (t *Tokens) mayMove(by *auth.Principal, act Act, tok *Token, in auth.Tenant) error {
	v := auth.Update.On(tok.object())
	if act == Download {
		v = auth.Read.On(tok.object())
	}
	managed := manages(by, auth.Update, in)
	switch {
	case tok.OwnerID == by.UserID && !by.May(v, in):
		return auth.Lacks(by, v)
	case tok.OwnerID == by.UserID, managed && act == Revoke:
		return ownDoing(by, tok, act)
	case !managed && !by.Owns(in):
		return errNoToken
	case act == Revoke:
		return auth.Errorf(auth.Forbidden, "the privilege to revoke API tokens of others is a superuser's in method [%s]", by.Method)
	}
	return auth.Errorf(auth.Forbidden, "the privilege to %s an API token is its owner's alone in method [%s]", act, by.Method)
}

func byID(tx store.Tx, w Where, id int64) (*Token, error) {
	tok, err := tokens.Get(tx, id)
	if err != nil || tok == nil || !w.holds(tok) {
		return nil, err
	}
	return tok, nil
}

// byText answers the token whose text this is; nil for anything else.
func byText(tx store.Tx, text secret.Text) (*Token, error) {
	number, ok := NumberIn(text)
	if !ok {
		return nil, nil
	}
	tok, err := tokenByUUID.Get(tx, number[:])
	if err != nil || tok == nil || !tok.Digest.Matches(text) {
		return nil, err
	}
	return tok, nil
}

// claims are those of RFC 7519, one of 256 random bits, and one for others who verify the text: it is not all that its owner may.
type claims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Nonce    string `json:"nonce"`
	Limited  bool   `json:"limited,omitempty"`
}

// sign makes the text, keeps its digest, and notes until when its key is needed.
func (t *Tokens) sign(tx store.Tx, tok *Token, nonce secret.Text) (secret.Text, error) {
	ring, err := t.ring()
	if err != nil {
		return "", err
	}
	address, err := t.accounts.Text(tx, account.PublicAddress)
	if err != nil {
		return "", err
	}
	text, key, err := ring.Sign(claims{
		Issuer: "https://" + address, Audience: "portal", Subject: fmt.Sprintf("user:%d", tok.OwnerID),
		ID: tok.UUID.String(), IssuedAt: t.now().Unix(),
		Expires: tok.Expiration.Add(time.Second - 1).Unix(), // rounded up; the stored milliseconds decide
		Nonce:   string(nonce),
		Limited: tok.Limits != nil,
	})
	if err != nil {
		return "", err
	}
	tok.Digest = secret.DigestOf(text)
	return text, NeedKey(tx, key, tok.Expiration)
}

// NeedKey notes until when somebody needs the public half of a key, to verify what it has signed.
func NeedKey(tx store.Tx, key string, until time.Time) error {
	k, err := signedKey.Get(tx, store.Key(key))
	if err != nil {
		return err
	}
	if k == nil {
		return signed.Insert(tx, &kid{KID: key, Ends: until})
	}
	if !until.After(k.Ends) {
		return nil
	}
	k.Ends = until
	return signed.Put(tx, k)
}

// KeyNeeded says whether it is noted that a key is needed until then.
func KeyNeeded(tx store.Tx, key string, until time.Time) (bool, error) {
	k, err := signedKey.Get(tx, store.Key(key))
	return k != nil && until.Before(k.Ends), err
}

// JWKS answers the public halves of the keys: the one that signs, and each retired one until the last token of it ends.
func (t *Tokens) JWKS(ctx context.Context) (set []byte, err error) {
	ring, err := t.ring()
	if err != nil {
		return nil, err
	}
	err = t.store.View(ctx, func(tx store.Tx) error {
		set, err = ring.JWKS(func(key string) (bool, error) { return KeyNeeded(tx, key, t.now()) })
		return err
	})
	return set, err
}
