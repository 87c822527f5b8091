package hook

import (
	"context"
	"crypto/x509"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// Options are what webhooks are kept with. The zero of each is a sensible default.
type Options struct {
	Roots *x509.CertPool   // who may have signed the certificates of targets; the default is the system's
	Wall  func() time.Time // what the time is to receivers, who may not share the portal's clock; the default is that
	Pace  time.Duration    // between two looks; the default is a second
}

// Hooks keeps the webhooks of a portal.
type Hooks struct {
	Options
	accounts *account.Accounts
	store    account.Store
	letters  *mail.Box
	news     chan struct{}

	posted, failures atomic.Int64
}

// New makes the keeper.
func New(a *account.Accounts, b *mail.Box, o Options) *Hooks {
	if o.Wall == nil {
		o.Wall = a.Now
	}
	if o.Pace == 0 {
		o.Pace = time.Second
	}
	k := &Hooks{Options: o, accounts: a, store: a.Store, letters: b, news: make(chan struct{}, 1)}
	a.SweepTenant(k.sweepTenant)
	b.Answer(letterKind, k.isWanted)
	return k
}

// Counts is what this process has done: messages that were taken, and tries that failed.
func (k *Hooks) Counts() (posted, failures int64) { return k.posted.Load(), k.failures.Load() }

// Waiting is how many deliveries wait.
func (k *Hooks) Waiting(ctx context.Context) (n int, err error) {
	err = k.store.View(ctx, func(tx store.Tx) error {
		n = 0
		return deliveryDue.IDs(tx, store.Span{}, func([]byte, int64) (bool, error) { n++; return true, nil })
	})
	return n, err
}

func (k *Hooks) now() time.Time { return k.accounts.Now() }

func (k *Hooks) allowed(tx store.Tx) ([]netip.Prefix, error) {
	text, err := k.accounts.Text(tx, account.WebhookNetworks)
	return networks(text), err
}

// hookIn answers a webhook of the tenant by number, or nil.
func hookIn(tx store.Tx, in auth.Tenant, id int64) (*Hook, error) {
	h, err := hooks.Get(tx, id)
	if err != nil || h == nil || !h.Deleted.IsZero() || h.Of != in.Type || h.TenantID != in.ID {
		return nil, err
	}
	return h, nil
}

// A NewHook is what Insert makes.
type NewHook struct {
	Name         string
	Channel      Channel
	URL          secret.Text
	Recipients   []string
	Events       []string
	IncludeBelow bool
	Disabled     bool

	// Secret is one that is known before. The portal itself alone makes such webhooks, in demos.
	Secret secret.Text
}

// Insert makes a webhook of the tenant, and answers the secret that its messages are signed with, which one of the channel MAIL does
// not have. Whoever does not read the events himself gets none sent: Forbidden. A taken name is a Conflict.
func (k *Hooks) Insert(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewHook) (h *Hook, signing secret.Text, err error) {
	if signing, err = k.signing(by, &n); err != nil {
		return nil, "", err
	}
	err = k.store.Update(ctx, func(tx store.Tx) error {
		h = n.hook(in, k.now())
		in, err := k.still(tx, by, in, auth.Create, h)
		if err != nil {
			return err
		}
		h.ledBy(by, in)
		if err := k.insert(tx, h, n.URL, signing); err != nil {
			return err
		}
		made := h.happening("CREATE_WEBHOOK")
		made.Detail["channel"], made.Detail["events"], made.Detail["target"] = string(h.Channel), h.Events, place(n.URL)
		return k.accounts.Record(tx, by, in, made)
	})
	return h, signing, err
}

func (n *NewHook) hook(in auth.Tenant, now time.Time) *Hook {
	return &Hook{
		Of: in.Type, TenantID: in.ID, Name: n.Name, Channel: n.Channel, Recipients: n.Recipients, Events: n.Events,
		IncludeBelow: n.IncludeBelow, Enabled: !n.Disabled, Created: now, Modified: now,
	}
}

func (k *Hooks) insert(tx store.Tx, h *Hook, to, signing secret.Text) error {
	allowed, err := k.allowed(tx)
	if err != nil {
		return err
	}
	if err := h.check(to, allowed); err != nil {
		return err
	}
	if err := account.Room(tx, hooksOf, tenantKey(h.tenant()), maxHooks, tooMany); err != nil {
		return err
	}
	if h.After, err = account.LastEvent(tx); err != nil {
		return err
	}
	if err := begin(tx, h.After); err != nil {
		return err
	}
	if err := h.write(tx, hooks.Insert); err != nil { // gives the number, which sealing needs; replaced in the same breath
		return err
	}
	if err := k.seal(h, to, signing); err != nil {
		return err
	}
	return hooks.Put(tx, h)
}

// still answers the tenant as it is now, if the caller may do that to its webhooks, and may read himself what they tell.
func (k *Hooks) still(tx store.Tx, by *auth.Principal, in auth.Tenant, a auth.Action, h *Hook) (auth.Tenant, error) {
	in, err := k.accounts.Still(tx, by, in, a.On(auth.Webhook))
	if err != nil {
		return in, err
	}
	if err := auth.All(auth.Read.On(auth.EventObject(in.Type))).Allows(by, in); err != nil {
		return in, err
	}
	for t := in.Type + 1; h.IncludeBelow && t <= auth.Enterprise; t++ {
		if v := auth.Read.On(auth.EventObject(t)); !by.Role.Grants(v) {
			return in, auth.Lacks(by, v)
		}
	}
	return in, nil
}

// change is one Update of a webhook of the tenant, as long as the caller may do that. rows is 0 where there is none.
func (k *Hooks) change(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, do func(tx store.Tx, in auth.Tenant, h *Hook) error) (rows int, err error) {
	err = k.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		h, err := hookIn(tx, in, id)
		if err != nil {
			return err
		}
		if h == nil {
			h = new(Hook) // that there is none is told to those alone who may change one
		}
		in, err := k.still(tx, by, in, auth.Update, h)
		if err != nil || h.ID == 0 {
			return err
		}
		rows = 1
		return do(tx, in, h)
	})
	return rows, err
}

// An Update names the fields to set; nil leaves a field as it is. What a webhook's channel is does not change.
type Update struct {
	Name         *string
	URL          *secret.Text
	Recipients   *[]string
	Events       *[]string
	IncludeBelow *bool
	Enabled      *bool
}

// apply answers the names of the fields that changed, but for that of the URL.
func (up *Update) apply(h *Hook) (changed []string) {
	return slices.Concat(
		set("name", &h.Name, up.Name), setList("recipients", &h.Recipients, up.Recipients), setList("events", &h.Events, up.Events),
		set("includeBelow", &h.IncludeBelow, up.IncludeBelow), set("enabled", &h.Enabled, up.Enabled),
	)
}

func set[T comparable](name string, to *T, from *T) []string {
	if from == nil || *from == *to {
		return nil
	}
	*to = *from
	return []string{name}
}

func setList(name string, to *[]string, from *[]string) []string {
	if from == nil || slices.Equal(*from, *to) {
		return nil
	}
	*to = *from
	return []string{name}
}

// widens says whether a change of that field may let a webhook tell of more than before: not of what happened before, then. Any other
// loses nothing that is not queued yet.
func widens(field string) bool {
	return field == "events" || field == "includeBelow" || field == "enabled"
}

// leads says whether that field is where a webhook leads.
func leads(field string) bool { return field == "url" || field == "recipients" }

// Update changes the named fields of a webhook. What it is to tell of counts for what happens from then on. rows is 0 where the tenant
// has no such webhook.
func (k *Hooks) Update(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64, up Update) (int, error) {
	return k.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, h *Hook) error {
		to, err := k.to(h)
		if err != nil && up.URL == nil {
			return err
		}
		changed := slices.Concat(up.apply(h), set("url", &to, up.URL))
		if len(changed) == 0 {
			return nil
		}
		allowed, err := k.allowed(tx)
		if err != nil {
			return err
		}
		if err := h.check(to, allowed); err != nil {
			return err
		}
		if _, err := k.still(tx, by, in, auth.Update, h); err != nil { // it may tell of more than before
			return err
		}
		if err := k.seal(h, to, ""); err != nil {
			return err
		}
		if slices.ContainsFunc(changed, widens) {
			if h.After, err = account.LastEvent(tx); err != nil {
				return err
			}
		}
		if slices.ContainsFunc(changed, leads) || by.Owns(in) && slices.Contains(changed, "enabled") {
			h.ledBy(by, in)
		}
		h.Modified, h.FailingSince = k.now(), time.Time{}
		if h.Enabled {
			h.Disabled = ""
		}
		if err := h.write(tx, hooks.Put); err != nil {
			return err
		}
		told := h.happening("UPDATE_WEBHOOK")
		told.Detail["changed"], told.Detail["events"], told.Detail["target"] = changed, h.Events, place(to)
		return k.accounts.Record(tx, by, in, told)
	})
}

// overlap is how long messages are signed with the secret before the last one, too.
const overlap = 24 * time.Hour

// Rotate gives a webhook another secret, and answers it with the time until which messages are signed with both. That it has none is a
// Conflict.
func (k *Hooks) Rotate(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64) (signing secret.Text, until time.Time, err error) {
	fresh, err := post.NewSecret(k.accounts.Random())
	if err != nil {
		return "", until, err
	}
	rows, err := k.change(ctx, by, in, id, func(tx store.Tx, in auth.Tenant, h *Hook) error {
		if h.Channel != ByPost {
			return auth.Errorf(auth.Conflict, "a webhook of the channel %s has no secret", h.Channel)
		}
		until = k.now().Add(overlap)
		h.Earlier, h.EarlierUntil, h.Modified = h.Secret, until, k.now()
		if err := k.seal(h, "", fresh); err != nil {
			return err
		}
		if err := hooks.Put(tx, h); err != nil {
			return err
		}
		return k.accounts.Record(tx, by, in, h.happening("ROTATE_WEBHOOK_SECRET"))
	})
	if err == nil && rows == 0 {
		err = auth.Errorf(auth.NotFound, "no such webhook")
	}
	if err != nil {
		return "", until, err
	}
	return fresh, until, nil
}

// Delete removes a webhook; what was not delivered is not. rows is 0 where the tenant has none such.
func (k *Hooks) Delete(ctx context.Context, by *auth.Principal, in auth.Tenant, id int64) (rows int, err error) {
	err = k.store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		in, err := k.accounts.Still(tx, by, in, auth.Delete.On(auth.Webhook))
		if err != nil {
			return err
		}
		h, err := hookIn(tx, in, id)
		if err != nil || h == nil {
			return err
		}
		rows, h.Deleted, h.Enabled = 1, k.now(), false
		if err := hooks.Put(tx, h); err != nil {
			return err
		}
		return k.accounts.Record(tx, by, in, h.happening("DELETE_WEBHOOK"))
	})
	return rows, err
}

// A Listed webhook is one as it is shown.
type Listed struct {
	*Hook
	To      secret.Text // all of it, or as far as everybody may know it
	Waiting int         // deliveries
}

// List answers the webhooks of the tenant, or a page of them, ordered by number. Where exactly they lead is shown to those alone who
// may change that.
func (k *Hooks) List(ctx context.Context, by *auth.Principal, in auth.Tenant, q account.PageQuery) ([]Listed, account.Page, error) {
	list := []Listed{}
	page, err := q.Pager(1)
	if err != nil {
		return list, account.Page{}, err
	}
	whole := by.May(auth.Update.On(auth.Webhook), in)
	err = k.store.View(ctx, func(tx store.Tx) error {
		key := tenantKey(in)
		span := store.Span{Prefix: key, From: append(store.AppendKey(slices.Clone(key), page.After(0)), 0)}
		return hooksOf.Scan(tx, span, func(h *Hook) (bool, error) {
			if !page.Take(h.ID) {
				return false, nil
			}
			shown, err := k.shown(tx, h, whole)
			list = append(list, shown)
			return true, err
		})
	})
	return list, page.Done(), err
}

func (k *Hooks) shown(tx store.Tx, h *Hook, whole bool) (Listed, error) {
	to, _ := k.to(h) // one that cannot be unsealed may be replaced
	if !whole {
		to = secret.Text(place(to))
		for i, address := range h.Recipients {
			h.Recipients[i] = mail.Masked(address)
		}
	}
	n, err := waiting(tx, h.ID)
	return Listed{h, to, n}, err
}

// isWanted says whether the letters of a delivery should still be sent. They may wait for a relay, so it is asked anew whether the
// organisation may read the event.
func (k *Hooks) isWanted(tx store.Tx, delivery int64) (bool, error) {
	d, err := deliveries.Get(tx, delivery)
	if err != nil || d == nil {
		return false, err
	}
	h, err := hooks.Get(tx, d.HookID)
	if err != nil || h == nil || !h.Enabled {
		return false, err
	}
	_, _, why, err := k.mayTell(tx, h, d)
	return why == "", err
}
