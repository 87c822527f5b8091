package hook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A Channel is how an organisation is told.
type Channel string

// The channels.
const (
	ByPost Channel = "WEBHOOK"
	ByMail Channel = "MAIL"
)

// A Reason is why the portal has disabled a webhook.
type Reason string

// The reasons.
const (
	Gone    Reason = "GONE"    // the target said so: 410
	Failing Reason = "FAILING" // nothing could be delivered for days
)

// A Hook is a webhook of an organisation.
type Hook struct {
	ID           int64         `json:"id"`
	Of           auth.UserType `json:"of"` // the type of its tenant
	TenantID     int64         `json:"tenantId"`
	Name         string        `json:"name"`
	Channel      Channel       `json:"channel"`
	URL          string        `json:"url,omitempty"` // sealed: it may let its caller in
	Recipients   []string      `json:"recipients,omitempty"`
	Events       []string      `json:"events"`
	IncludeBelow bool          `json:"includeBelow,omitempty"`
	LedByType    auth.UserType `json:"ledByType,omitempty"` // whose user from above has said where it leads; none: its own tenant's
	LedByID      int64         `json:"ledById,omitempty"`
	Enabled      bool          `json:"enabled,omitempty"`
	Disabled     Reason        `json:"disabled,omitempty"` // by the portal
	Secret       string        `json:"secret,omitempty"`   // sealed
	Earlier      string        `json:"earlier,omitempty"`  // the one before it, sealed
	EarlierUntil time.Time     `json:"earlierUntil,omitzero"`
	After        int64         `json:"after"`                 // events up to this one are not for it
	FailingSince time.Time     `json:"failingSince,omitzero"` // from then on nothing was delivered, though it was tried
	Created      time.Time     `json:"created"`
	Modified     time.Time     `json:"modified"`
	Deleted      time.Time     `json:"deleted,omitzero"` // it was deleted then; its deliveries are to be swept
}

var (
	hooks      = store.NewCollection("webhook", func(h *Hook) *int64 { return &h.ID })
	hookByName = hooks.Unique("name", func(h *Hook) []byte { return h.ifThere(nameKey(h.tenant(), h.Name)) })
	hooksOf    = hooks.Index("tenant", func(h *Hook) []byte { return h.ifThere(tenantKey(h.tenant())) })
	hooksGone  = hooks.Index("gone", func(h *Hook) []byte {
		if h.Deleted.IsZero() {
			return nil
		}
		return store.Key(h.Deleted)
	})
)

// The limits of webhooks. Of an organisation and those above it, they all may want the same event, which is queued for all of them in
// one Update.
const (
	maxHooks      = 8 // of an organisation
	tooMany       = "an organisation has at most %d webhooks"
	maxRecipients = 10
	maxEvents     = 32
	maxName       = 255
	maxURL        = 2048
)

// Usual are the events that a webhook tells of where nobody says which.
var Usual = []string{"API_TOKEN_EXPIRING", "API_TOKEN_REFUSED", "SUPERUSER_ADDED", "USER_LOCKOUT"}

// Every is the name that all events have.
const Every = "*"

func tenantKey(in auth.Tenant) []byte { return store.Key(int64(in.Type), in.ID) }

// nameKey: letter case does not count.
func nameKey(in auth.Tenant, name string) []byte {
	return store.Key(int64(in.Type), in.ID, strings.ToLower(name))
}

// ifThere is a key by which the webhook is found as long as it was not deleted.
func (h *Hook) ifThere(key []byte) []byte {
	if h.Deleted.IsZero() {
		return key
	}
	return nil
}

func (h *Hook) tenant() auth.Tenant { return auth.Tenant{Type: h.Of, ID: h.TenantID} }

func (h *Hook) happening(name string) account.Happening {
	return account.Happening{
		Name: name, Category: account.OfConfiguration, Severity: account.Notice, Message: "webhook " + h.Name,
		Detail: map[string]any{"id": h.ID, "name": h.Name},
	}
}

// wants says whether the webhook is to be told of an event, if its organisation may read that.
func (h *Hook) wants(e *account.Event) bool {
	if h.Channel == ByMail && e.Name == mail.Failed { // of a letter of its own, maybe: it would never end
		return false
	}
	return h.Enabled && e.ID > h.After && (slices.Contains(h.Events, e.Name) || slices.Contains(h.Events, Every))
}

// reads says whether the webhook's organisation may read an event: one in its own record, or one in that of a tenant below which
// consents to it, in is that tenant as it is now. What not all readers of a record may know is sent to nobody; and where somebody from
// above has said where it leads, his organisation must be one that may read the event, too.
func (h *Hook) reads(e *account.Event, in auth.Tenant) bool {
	if e.Needs != (auth.Privilege{}) || h.LedByType != auth.NoType && !mayRead(auth.Tenant{Type: h.LedByType, ID: h.LedByID}, e, in) {
		return false
	}
	own := h.Of == e.Scope && h.TenantID == e.TenantID
	return own || h.IncludeBelow && mayRead(h.tenant(), e, in)
}

// mayRead says whether an organisation, which is its superusers, may read an event in the record of a tenant, itself or below.
func mayRead(who auth.Tenant, e *account.Event, in auth.Tenant) bool {
	p := auth.Principal{Type: auth.User, UserType: who.Type, Role: auth.RoleByID(auth.SuperuserOf(who.Type))}
	if who.Type == auth.MSP {
		p.ProxyID = who.ID
	}
	return p.May(auth.Read.On(auth.EventObject(e.Scope)), in)
}

// ledBy notes whose user says where the webhook leads.
func (h *Hook) ledBy(by *auth.Principal, in auth.Tenant) {
	if h.LedByType, h.LedByID = by.UserType, by.TenantID(); by.Owns(in) {
		h.LedByType, h.LedByID = auth.NoType, 0
	}
}

var eventName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// check refuses what no webhook can be. The networks are those that the operator has allowed.
func (h *Hook) check(to secret.Text, allowed []netip.Prefix) error {
	if err := account.CheckName("name", h.Name, maxName); err != nil {
		return err
	}
	if len(h.Events) == 0 || len(h.Events) > maxEvents {
		return auth.BadField("events", "must be 1 to %d", maxEvents)
	}
	for i, name := range h.Events {
		if name != Every && !eventName.MatchString(name) {
			return auth.BadField(fmt.Sprintf("events[%d]", i), "is not the name of an event, nor %s", Every)
		}
	}
	if h.IncludeBelow && h.Of == auth.Enterprise {
		return auth.BadField("includeBelow", "is not for enterprises, which have no tenants below")
	}
	if h.Channel == ByMail {
		return h.checkMail(to)
	}
	if len(h.Recipients) > 0 {
		return auth.BadField("recipients", "are for the channel %s", ByMail)
	}
	return checkURL(to, allowed)
}

func (h *Hook) checkMail(to secret.Text) error {
	if to != "" {
		return auth.BadField("url", "is for the channel %s", ByPost)
	}
	if len(h.Recipients) == 0 || len(h.Recipients) > maxRecipients {
		return auth.BadField("recipients", "must be 1 to %d", maxRecipients)
	}
	for i, address := range h.Recipients {
		if !account.IsMailAddress(address) {
			return auth.BadField(fmt.Sprintf("recipients[%d]", i), "is not a mail address")
		}
	}
	return nil
}

// write writes a webhook. A taken name is a Conflict.
func (h *Hook) write(tx store.Tx, write func(store.Tx, *Hook) error) error {
	err := write(tx, h)
	if errors.Is(err, store.ErrTaken) {
		return auth.Errorf(auth.Conflict, "the name %s is taken", h.Name)
	}
	return err
}

// seal writes where the webhook leads, and its secret, as they are kept. Empty ones stay as they are.
func (k *Hooks) seal(h *Hook, to, signing secret.Text) (err error) {
	for _, s := range []struct {
		at   *string
		what string
		text secret.Text
	}{{&h.URL, "url", to}, {&h.Secret, "secret", signing}} {
		if s.text == "" {
			continue
		}
		if *s.at, err = k.accounts.Sealer.Seal(h.purpose(s.what), s.text); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hook) purpose(what string) string { return fmt.Sprintf("webhook/%d/%s", h.ID, what) }

// to is where the webhook leads.
func (k *Hooks) to(h *Hook) (secret.Text, error) {
	if h.URL == "" {
		return "", nil
	}
	return k.accounts.Sealer.Open(h.purpose("url"), h.URL)
}

// keys are what messages to the webhook are signed with now.
func (k *Hooks) keys(h *Hook) (keys [][]byte, err error) {
	sealed := []string{h.Secret}
	if h.Earlier != "" && k.now().Before(h.EarlierUntil) {
		sealed = append(sealed, h.Earlier)
	}
	for _, box := range sealed {
		text, err := k.accounts.Sealer.Open(h.purpose("secret"), box)
		if err != nil {
			return nil, err
		}
		key, err := post.ParseSecret(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// place is where a webhook leads, as far as everybody who reads of it may know.
func place(to secret.Text) string {
	u, err := url.Parse(string(to))
	if err != nil || to == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
