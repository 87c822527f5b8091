package token

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// The bounds of a new token. The published API says "less than or equal to 12 months"; a leap year has 366 days.
const (
	maxName        = 128
	maxDescription = 255
	maxLifetime    = 366 * 24 * time.Hour
)

// A NewToken is what Create makes.
type NewToken struct {
	Owner       int64         // a user's number; 0 is the caller
	OwnerType   auth.UserType // what kind of user the owner must be; NoType is any
	TenantID    int64         // what tenant he must belong to; 0 is any
	Name        string
	Description string
	LifetimeMs  int64
	Limits      *NewLimits

	// Text is one that is known before, of a token that is enabled at once. The portal itself alone makes such tokens, in demos.
	Text secret.Text
}

// Create makes a pending token: no secret exists yet. Everybody may for himself, superusers for those they manage.
// A name in use among the owner's living tokens is a Conflict, one token too many a Limit.
func (t *Tokens) Create(ctx context.Context, by *auth.Principal, n NewToken) (id int64, err error) {
	if err := n.Check(); err != nil {
		return 0, err
	}
	limits, err := n.Limits.read()
	if err != nil {
		return 0, err
	}
	if n.Owner == 0 {
		n.Owner = by.UserID
	}
	number, err := t.numberOf(by, n)
	if err != nil {
		return 0, err
	}
	err = t.store.Update(ctx, func(tx store.Tx) error {
		owner, in, err := t.mayCreate(tx, by, n)
		if err != nil {
			return err
		}
		if err := cmp.Or(t.mayLive(tx, by, owner, n, limits), t.mayLimit(tx, by, owner, limits)); err != nil {
			return err
		}
		made := t.fresh(by, owner, n, number)
		made.Limits = limits
		if err := insert(tx, made); err != nil {
			return err
		}
		id = made.ID
		h := made.happening("CREATE_API_TOKEN")
		h.Detail["lifetimeMs"], h.Detail["ownerName"] = n.LifetimeMs, owner.Username
		if limits != nil {
			h.Detail["limits"] = limits
		}
		if made.Kept != Pending {
			h.Detail["state"] = made.Kept
		}
		return t.accounts.Record(tx, by, in, h)
	})
	t.watch.move(Create, err)
	return id, err
}

// numberOf is the number of a new token: a new one, or that which a text names.
func (t *Tokens) numberOf(by *auth.Principal, n NewToken) (uuid.UUID, error) {
	if n.Text == "" {
		return newNumber(t.now(), t.accounts.Random())
	}
	number, ok := NumberIn(n.Text)
	if !ok || !by.IsPortal() {
		return number, auth.BadField("text", "is for the portal to make")
	}
	return number, nil
}

// CheckText refuses a text that could not be a token's: what calls itself one has a number, and whatever else there is in it only its
// digest is held against it.
func CheckText(text secret.Text) error {
	if _, ok := NumberIn(text); !ok || !secret.IsAPIToken(text) || !textual.MatchString(string(text)) {
		return auth.BadField("text", `is not HEADER.PAYLOAD.SIGNATURE in base64url, with {"typ":"portico-api+jwt"} as the header, `+
			`{"jti":"and a UUID"} as the payload, and any word as the signature`)
	}
	return nil
}

var textual = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)

// Check refuses what can be refused without looking at the owner.
func (n *NewToken) Check() error {
	if err := account.CheckName("name", n.Name, maxName); err != nil {
		return err
	}
	if err := account.CheckText("description", n.Description, maxDescription); err != nil {
		return err
	}
	if n.LifetimeMs <= 0 || n.LifetimeMs > maxLifetime.Milliseconds() {
		return auth.BadField("lifetimeMs", "is not between 1 and %d (366 days)", maxLifetime.Milliseconds())
	}
	_, err := n.Limits.read()
	return err
}

var errNoUser error = auth.Errorf(auth.NotFound, "no such user")

// mayCreate answers the owner and his tenant if the caller may create a token for him.
func (t *Tokens) mayCreate(tx store.Tx, by *auth.Principal, n NewToken) (*account.User, auth.Tenant, error) {
	owner, err := t.accounts.UserIn(tx, n.Owner)
	if err != nil {
		return nil, auth.Tenant{}, err
	}
	if owner == nil || n.OwnerType != auth.NoType && owner.Type != n.OwnerType || n.TenantID != 0 && owner.TenantID() != n.TenantID {
		return nil, auth.Tenant{}, errNoUser
	}
	in, ok, err := t.accounts.TenantIn(tx, owner.Type, owner.TenantID())
	if err != nil || !ok || !by.Sees(in) {
		return nil, in, cmp.Or(err, errNoUser)
	}
	v := auth.Create.On(auth.TokenObject(owner.Type))
	switch {
	case by.Limits != nil:
		return nil, in, auth.Errorf(auth.Forbidden, "an API token with limits may not create others in method [%s]", by.Method)
	case !by.May(v, in):
		return nil, in, auth.Lacks(by, v)
	case owner.ClientID != 0: // it has secrets of its own
		return nil, in, owner.Managed()
	case owner.ID != by.UserID && !by.IsSuper():
		return nil, in, auth.Errorf(auth.Forbidden, "the privilege to create API tokens of others is a superuser's in method [%s]", by.Method)
	case !owner.Role.TakesTokens():
		return nil, in, auth.Errorf(auth.Conflict, "users with the role %s have no API tokens", owner.Role.Name)
	}
	return owner, in, nil
}

// mayLive holds the bounds: how long, under which limits, how many, one name once. The portal itself makes what was there before the first
// and the third were set.
func (t *Tokens) mayLive(tx store.Tx, by *auth.Principal, owner *account.User, n NewToken, l *auth.Limits) error {
	longest, policy, err := t.longestLife(tx, owner.Type, owner.TenantID())
	if err != nil {
		return err
	}
	if n.LifetimeMs > longest.Milliseconds() && !by.IsPortal() {
		return auth.BadField("lifetimeMs", "is longer than the portal allows (%d)", longest.Milliseconds())
	}
	if lacks := policy.Lacks(l); lacks != "" {
		return auth.BadField("limits", "lack what the policy of the organisation asks for: %s", lacks)
	}
	if !by.IsPortal() {
		if err := t.freePlace(tx, owner, policy); err != nil {
			return err
		}
	}
	return t.freeName(tx, owner, n.Name, policy)
}

// Policy is what is asked of the tokens of a tenant's users, and how long a new one may live at most.
func (t *Tokens) Policy(ctx context.Context, in auth.Tenant) (longest time.Duration, p account.TokenPolicy, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		longest, p, err = t.longestLife(tx, in.Type, in.ID)
		return err
	})
	return longest, p, err
}

func (t *Tokens) longestLife(tx store.Tx, of auth.UserType, tenantID int64) (time.Duration, account.TokenPolicy, error) {
	longest, err := t.accounts.Duration(tx, account.TokenDays, 24*time.Hour)
	if err != nil {
		return 0, account.TokenPolicy{}, err
	}
	policy, err := t.accounts.TokenPolicy(tx, of, tenantID)
	if policy.MaxLifetime > 0 {
		longest = min(longest, policy.MaxLifetime)
	}
	return longest, policy, err
}

// maxReleased is how many expired tokens a creation takes out of the way at most; each costs three keys.
const maxReleased = 5

// freePlace holds the limit of living tokens. As long as there are fewer entries than that, no record is read; then those
// that have expired are taken out of the way.
func (t *Tokens) freePlace(tx store.Tx, owner *account.User, p account.TokenPolicy) error {
	most, err := t.accounts.Number(tx, account.TokensPerUser)
	if err != nil {
		return err
	}
	span := store.Span{Prefix: livingKey(owner.Type, owner.TenantID(), owner.ID)}
	n := int64(0)
	err = tokensOf.IDs(tx, span, func([]byte, int64) (bool, error) {
		n++
		return n < most, nil
	})
	if err != nil || n < most {
		return err
	}
	n = 0
	var expired []*Token
	err = tokensOf.Scan(tx, span, func(tok *Token) (bool, error) {
		switch over, err := t.over(tx, tok, p); {
		case err != nil:
			return false, err
		case !over:
			n++
		case len(expired) < maxReleased:
			expired = append(expired, tok)
		}
		return n < most, nil
	})
	if err != nil {
		return err
	}
	if n >= most {
		return auth.Errorf(auth.Limit, "the user has %d living API tokens, the most there may be (system property portico.apiToken.maxPerUser)", most)
	}
	for _, tok := range expired {
		if err := release(tx, tok); err != nil {
			return err
		}
	}
	return nil
}

// freeName takes the name from a token that has expired; one that lives keeps it.
func (t *Tokens) freeName(tx store.Tx, owner *account.User, name string, p account.TokenPolicy) error {
	holder, err := tokensOf.Get(tx, nameKey(owner.Type, owner.TenantID(), owner.ID, name))
	if err != nil || holder == nil {
		return err
	}
	over, err := t.over(tx, holder, p)
	if err != nil {
		return err
	}
	if !over {
		return auth.Errorf(auth.Conflict, "a living API token of the user is named %s", name)
	}
	return release(tx, holder)
}

// over says whether a token has ended by the clock, or by the policy. One that makes way for another never comes back.
func (t *Tokens) over(tx store.Tx, tok *Token, p account.TokenPolicy) (bool, error) {
	if tok.State(t.now()) == Expired {
		return true, nil
	}
	standing, err := t.standing(tx, tok, p)
	return standing == Idle, err
}

func release(tx store.Tx, expired *Token) error {
	expired.Released = true
	return tokens.Put(tx, expired)
}

// fresh is a pending token.
func (t *Tokens) fresh(by *auth.Principal, owner *account.User, n NewToken, number uuid.UUID) *Token {
	now := t.now()
	made := &Token{
		UUID: number, Name: n.Name, Description: n.Description,
		OwnerID: owner.ID, OwnerType: owner.Type, TenantID: owner.TenantID(),
		CreatorID: by.UserID, CreatorType: by.UserType,
		LifetimeMs: n.LifetimeMs, Kept: Pending,
		Created: now, Modified: now, Expiration: now.Add(time.Duration(n.LifetimeMs) * time.Millisecond),
	}
	if n.Text != "" {
		made.Kept, made.Downloaded, made.Digest = Enabled, now, secret.DigestOf(n.Text)
	}
	return made
}

// insert writes a new token. Of one whose text is known the number may be taken; the name is free.
func insert(tx store.Tx, made *Token) error {
	err := tokens.Insert(tx, made)
	if errors.Is(err, store.ErrTaken) {
		err = auth.Errorf(auth.Conflict, "there is an API token with that text, or was one")
	}
	return err
}

// Lifetime is how long the token lives from when its text is made.
func (t *Token) Lifetime() time.Duration { return time.Duration(t.LifetimeMs) * time.Millisecond }

// Each shows f the living tokens of a user, ordered by name.
func (t *Tokens) Each(tx store.Tx, of *account.User, f func(*Token) error) error {
	span := store.Span{Prefix: livingKey(of.Type, of.TenantID(), of.ID)}
	return tokensOf.Scan(tx, span, func(tok *Token) (bool, error) {
		if tok.State(t.now()) == Expired {
			return true, nil
		}
		return true, f(tok)
	})
}

// Has says whether the user has a living token of that name, or there ever was one with that text. An owner who is not there yet is
// nil. The number in a text belongs to one token: whoever states it of another one is told so, for that text would open nothing, or
// somebody else's.
func (t *Tokens) Has(ctx context.Context, owner *account.User, name string, text secret.Text) (has bool, err error) {
	err = t.store.View(ctx, func(tx store.Tx) error {
		if has, err = t.hasNamed(tx, owner, name); has || err != nil {
			return err
		}
		number, ok := NumberIn(text)
		if !ok {
			return nil
		}
		tok, err := tokenByUUID.Get(tx, number[:])
		if tok == nil || err != nil {
			return err
		}
		has = true
		return t.sameText(tx, tok, owner, text)
	})
	return has, err
}

func (t *Tokens) hasNamed(tx store.Tx, owner *account.User, name string) (bool, error) {
	if owner == nil {
		return false, nil
	}
	tok, err := tokensOf.Get(tx, nameKey(owner.Type, owner.TenantID(), owner.ID, name))
	return tok != nil && tok.State(t.now()) != Expired, err
}

// sameText refuses a text of another token than this: with other words around its number, or of another living owner.
func (t *Tokens) sameText(tx store.Tx, tok *Token, owner *account.User, text secret.Text) error {
	if !tok.Digest.Matches(text) {
		return auth.Errorf(auth.Conflict, "its text has the number of another API token: give it a jti of its own")
	}
	if owner != nil && owner.ID == tok.OwnerID || tok.State(t.now()) != Enabled {
		return nil
	}
	u, err := t.accounts.UserIn(tx, tok.OwnerID)
	if u == nil || err != nil {
		return err
	}
	return auth.Errorf(auth.Conflict, "its text is that of an API token of %s", u.Username)
}

// newNumber makes a UUID of version 7 (RFC 9562) by the authority's clock: such numbers ascend, which keeps the store's
// writes together.
func newNumber(now time.Time, random io.Reader) (uuid.UUID, error) {
	u, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return u, fmt.Errorf("token number: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(u[:6], ms[2:])
	u[6] = u[6]&0x0f | 0x70
	return u, nil
}
