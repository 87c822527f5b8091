package token

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A State is where a token is in its life.
type State string

// An Act moves a token.
type Act string

const (
	Pending State = "PENDING"
	Enabled State = "ENABLED"
	Revoked State = "REVOKED"
	Expired State = "EXPIRED" // by the clock, never stored

	Download Act = "download"
	Refresh  Act = "refresh"
	Revoke   Act = "revoke"
	Rotate   Act = "rotate"

	Create Act = "create" // the first, before there is a state
)

// Moves is the life of an API token.
var Moves = auth.Lifecycle[State, Act]{
	Pending: {Download: Enabled, Revoke: Revoked},
	Enabled: {Refresh: Enabled, Rotate: Enabled, Revoke: Revoked},
}

// A Token is an API token of a user. Of its text only the digest is kept, and that only after the download.
type Token struct {
	ID          int64         `json:"id"`
	UUID        uuid.UUID     `json:"uuid"` // the text's jti
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	OwnerID     int64         `json:"ownerId"`
	OwnerType   auth.UserType `json:"ownerType"`
	TenantID    int64         `json:"tenantId"` // the owner's
	CreatorID   int64         `json:"creatorId"`
	CreatorType auth.UserType `json:"creatorType"`
	LifetimeMs  int64         `json:"lifetimeMs"`
	Kept        State         `json:"state"`
	Digest      secret.Digest `json:"digest,omitempty"`
	Released    bool          `json:"released,omitempty"` // expired, and its name given to another
	Noticed     bool          `json:"noticed,omitempty"`  // an event has told that its end is near
	Created     time.Time     `json:"created"`
	Modified    time.Time     `json:"modified"`
	Expiration  time.Time     `json:"expiration"`
	Downloaded  time.Time     `json:"downloaded,omitzero"`
	Revoked     time.Time     `json:"revoked,omitzero"`

	Limits        *auth.Limits `json:"limits,omitempty"` // never changed
	Rotated       time.Time    `json:"rotated,omitzero"` // its name is its successor's since then
	SuccessorID   int64        `json:"successorId,omitempty"`
	PredecessorID int64        `json:"predecessorId,omitempty"`
}

var (
	tokens = store.NewCollection("token", func(t *Token) *int64 { return &t.ID }).
		Remember(4096, func(t Token) Token { return t }). // its digest is replaced, never written into
		Leads("its owner", func(tx store.Tx, t *Token) (bool, error) { return account.HasUser(tx, t.OwnerID) })
	tokenByUUID = tokens.Unique("uuid", func(t *Token) []byte { return t.UUID[:] })
	// A tenant's tokens, each owner's together: his living ones by name, so that no two share one, then the others. One
	// key for uniqueness, counts and lists keeps what a creation writes on one page for each owner; a page of a list is put
	// together from the two parts (ofOwner).
	tokensOf = tokens.Unique("owner", func(t *Token) []byte { return t.place() })
	// All by their end, for the sweep.
	tokensEnded = tokens.Index("end", func(t *Token) []byte { return store.Key(t.end()) })

	lastUses = store.NewCollection("use", func(u *use) *int64 { return &u.ID }).
			Leads("its token", func(tx store.Tx, u *use) (bool, error) { return tokens.Has(tx, u.ID) })
	// signed keeps, for each signing key, when the last token of it ends.
	signed    = store.NewCollection("kid", func(k *kid) *int64 { return &k.ID })
	signedKey = signed.Unique("kid", func(k *kid) []byte { return store.Key(k.KID) })
)

type kid struct {
	ID   int64     `json:"id"`
	KID  string    `json:"kid"`
	Ends time.Time `json:"ends"`
}

// The living stand before the dead among the tokens of an owner.
const (
	living = 0
	dead   = 1
)

func ownerKey(t auth.UserType, tenant, owner int64) []byte { return store.Key(int64(t), tenant, owner) }

func livingKey(t auth.UserType, tenant, owner int64) []byte {
	return store.AppendKey(ownerKey(t, tenant, owner), living)
}

func nameKey(t auth.UserType, tenant, owner int64, name string) []byte {
	return store.AppendKey(livingKey(t, tenant, owner), strings.ToLower(name))
}

// place keeps a token's name to itself from its creation until it is revoked, or has expired and another wants the name.
func (t *Token) place() []byte {
	if t.Kept == Revoked || t.Released {
		return store.AppendKey(ownerKey(t.OwnerType, t.TenantID, t.OwnerID), dead, t.ID)
	}
	key := nameKey(t.OwnerType, t.TenantID, t.OwnerID, t.Name)
	if !t.Rotated.IsZero() { // it still counts among the living, behind the one that has the name
		key = store.AppendKey(key, t.ID)
	}
	return key
}

func (t *Token) end() time.Time {
	if t.Kept == Revoked {
		return t.Revoked
	}
	return t.Expiration
}

// State is the token's state at that time. One that has lost its name to another stays expired, whatever the clock says.
func (t *Token) State(now time.Time) State {
	if t.Kept != Revoked && (t.Released || !now.Before(t.Expiration)) {
		return Expired
	}
	return t.Kept
}

// object is what privileges call the token.
func (t *Token) object() auth.Object { return auth.TokenObject(t.OwnerType) }

// manages says whether a caller handles the tokens of others in the tenant: superusers alone, where they hold the
// privilege there.
func manages(by *auth.Principal, do auth.Action, in auth.Tenant) bool {
	return by.IsSuper() && by.May(do.On(auth.TokenObject(in.Type)), in)
}

func (t *Token) happening(name string) account.Happening {
	h := account.Happening{
		Name: name, Category: account.OfSecurity, Message: "API token " + t.Name,
		Detail: map[string]any{"tokenId": t.ID, "tokenUuid": t.UUID.String(), "name": t.Name, "ownerId": t.OwnerID},
	}
	if t.SuccessorID != 0 {
		h.Detail["successorId"] = t.SuccessorID
	}
	return h
}
