package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) webhookRows() []rpc.Method {
	may := func(a auth.Action) auth.Rule { return auth.All(a.On(auth.Webhook)) }
	return []rpc.Method{
		{Name: "webhook/insertWebhook", Doc: "Makes a webhook, by which an organisation is told of events. Its secret is shown this once.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertWebhook), Once: true},
		{Name: "webhook/getWebhooks", Doc: "Lists the webhooks of an organisation.", Rule: may(auth.Read), Do: rpc.Func(p.getWebhooks)},
		{Name: "webhook/updateWebhook", Doc: "Changes the named fields of a webhook. What it is to tell of anew counts from then on.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateWebhook)},
		{Name: "webhook/deleteWebhook", Doc: "Deletes a webhook for good, with what it has not told yet.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteWebhook)},
		{Name: "webhook/rotateWebhookSecret", Doc: "Gives a webhook another secret; for a day its messages are signed with both. It is shown this once.",
			Rule: may(auth.Update), Do: rpc.Func(p.rotateWebhookSecret), Once: true},
		{Name: "webhook/sendTestEvent", Doc: "Makes an event that a webhook tells of, whatever it tells of otherwise.",
			Rule: may(auth.Update), Do: rpc.Func(p.sendTestEvent)},
		{Name: "webhook/getDeliveries", Doc: "Lists the deliveries of a webhook, newest first: what waits, what was delivered, and what was given up.",
			Rule: may(auth.Read), Do: rpc.Func(p.getDeliveries)},
		{Name: "webhook/redeliver", Doc: "Delivers an event once more, whatever became of it; one that waits, before its time.",
			Rule: may(auth.Update), Do: rpc.Func(p.redeliver)},
	}
}

// InsertWebhook is the params of webhook/insertWebhook.
type InsertWebhook struct {
	rpc.InOrganisation
	Name         string      `json:"name" rpc:"required" doc:"1 to 255 characters, once in the organisation; letter case does not count."`
	Channel      *string     `json:"channel" enum:"WEBHOOK|MAIL" doc:"The default is WEBHOOK."`
	URL          string      `json:"url" doc:"Of a WEBHOOK: where events are posted; https, to a public address."`
	Recipients   rpc.Strings `json:"recipients" doc:"Of MAIL: 1 to 10 addresses."`
	Events       rpc.Strings `json:"events" doc:"Names of events, or * for all. The default is API_TOKEN_EXPIRING, API_TOKEN_REFUSED, SUPERUSER_ADDED and USER_LOCKOUT."`
	IncludeBelow rpc.Bool    `json:"includeBelow" doc:"Also events of the tenants below that let the organisation read theirs."`
	Enabled      *rpc.Bool   `json:"enabled" doc:"The default is true."`
}

// WebhookInserted is the answer to it.
type WebhookInserted struct {
	Inserted
	Secret *string `json:"secret" doc:"What messages are signed with, as Standard Webhooks say; null for MAIL."`
}

func (p Portal) insertWebhook(ctx context.Context, by *auth.Principal, in InsertWebhook) (WebhookInserted, error) {
	n := hook.NewHook{
		Name: in.Name, Channel: hook.ByPost, URL: secret.Text(in.URL), Recipients: in.Recipients, Events: in.Events,
		IncludeBelow: bool(in.IncludeBelow), Disabled: !is(in.Enabled, true),
	}
	if in.Channel != nil {
		n.Channel = hook.Channel(*in.Channel)
	}
	if len(n.Events) == 0 {
		n.Events = hook.Usual
	}
	h, signing, err := p.hooks.Insert(ctx, by, in.Tenant, n)
	if err != nil {
		return WebhookInserted{}, err
	}
	return WebhookInserted{Inserted{rpc.ID(h.ID), 1}, text(string(signing))}, nil
}

// Webhook is a webhook as it is listed.
type Webhook struct {
	ID rpc.ID `json:"id"`
	Organisation
	LedByUserType  *string  `json:"ledByUserType" enum:"OPERATOR|MSP" doc:"Whose user from above has said where it leads; null: one of the organisation's own. It tells of no more than those above may read, too."`
	LedByProxyID   *rpc.ID  `json:"ledByEnterpriseProxyId" doc:"The partner, if it was one of his."`
	Name           string   `json:"name"`
	Channel        string   `json:"channel" enum:"WEBHOOK|MAIL"`
	URL            *string  `json:"url" doc:"To those who may not change it no more than scheme and host."`
	Recipients     []string `json:"recipients" doc:"To those who may not change it without what stands before the @."`
	Events         []string `json:"events"`
	IncludeBelow   bool     `json:"includeBelow"`
	Enabled        bool     `json:"enabled"`
	DisabledReason *string  `json:"disabledReason" enum:"GONE|FAILING" doc:"Why the portal has disabled it: the target said that it is gone, or nothing could be delivered for three days."`
	Waiting        int      `json:"waiting" doc:"Deliveries; at most 1000."`
	FailingSince   rpc.Time `json:"failingSince" doc:"Since then nothing was delivered, though it was tried."`
	EarlierUntil   rpc.Time `json:"earlierSecretUntil" doc:"Until then messages are signed with the secret before this one, too."`
	Created        rpc.Time `json:"created"`
	Modified       rpc.Time `json:"modified"`
}

func webhook(h hook.Listed) Webhook {
	out := Webhook{
		ID: rpc.ID(h.ID), Organisation: organisation(h.Of, h.TenantID), Name: h.Name, Channel: string(h.Channel),
		URL: text(string(h.To)), Recipients: append([]string{}, h.Recipients...), Events: h.Events, IncludeBelow: h.IncludeBelow, Enabled: h.Enabled,
		DisabledReason: text(string(h.Disabled)), Waiting: h.Waiting, FailingSince: rpc.At(h.FailingSince), EarlierUntil: rpc.At(h.EarlierUntil),
		Created: rpc.At(h.Created), Modified: rpc.At(h.Modified),
	}
	if h.LedByType != auth.NoType {
		led := organisation(h.LedByType, h.LedByID)
		out.LedByUserType, out.LedByProxyID = &led.UserType, led.EnterpriseProxyID
	}
	return out
}

// GetWebhooks is the params of webhook/getWebhooks.
type GetWebhooks struct {
	rpc.InOrganisation
	Paged
}

func (p Portal) getWebhooks(ctx context.Context, by *auth.Principal, in GetWebhooks) (List[Webhook], error) {
	list, page, err := p.hooks.List(ctx, by, in.Tenant, in.query())
	return listed(list, page, webhook), err
}

// OneWebhook names a webhook of an organisation.
type OneWebhook struct {
	rpc.InOrganisation
	ID rpc.ID `json:"id" rpc:"required"`
}

// UpdateWebhook is the params of webhook/updateWebhook.
type UpdateWebhook struct {
	OneWebhook
	Update *WebhookUpdate `json:"_update" rpc:"required"`
}

// WebhookUpdate names the fields to set.
type WebhookUpdate struct {
	Name         *string      `json:"name"`
	URL          *string      `json:"url"`
	Recipients   *rpc.Strings `json:"recipients"`
	Events       *rpc.Strings `json:"events"`
	IncludeBelow *rpc.Bool    `json:"includeBelow"`
	Enabled      *rpc.Bool    `json:"enabled" doc:"True also lets one begin anew that the portal has disabled."`
}

func (p Portal) updateWebhook(ctx context.Context, by *auth.Principal, in UpdateWebhook) (Modified, error) {
	up := hook.Update{
		Name: in.Update.Name, URL: hidden(in.Update.URL), Recipients: (*[]string)(in.Update.Recipients), Events: (*[]string)(in.Update.Events),
		IncludeBelow: flag(in.Update.IncludeBelow), Enabled: flag(in.Update.Enabled),
	}
	rows, err := p.hooks.Update(ctx, by, in.Tenant, int64(in.ID), up)
	return Modified{rows}, auth.Within("_update", err)
}

func (p Portal) deleteWebhook(ctx context.Context, by *auth.Principal, in OneWebhook) (Deleted, error) {
	rows, err := p.hooks.Delete(ctx, by, in.Tenant, int64(in.ID))
	return deleted(in.ID, rows), err
}

// WebhookSecret is a new secret.
type WebhookSecret struct {
	Secret       string   `json:"secret"`
	EarlierUntil rpc.Time `json:"earlierSecretUntil" doc:"Until then messages are signed with the one before, too."`
}

func (p Portal) rotateWebhookSecret(ctx context.Context, by *auth.Principal, in OneWebhook) (WebhookSecret, error) {
	signing, until, err := p.hooks.Rotate(ctx, by, in.Tenant, int64(in.ID))
	return WebhookSecret{string(signing), rpc.At(until)}, err
}

// TestEventSent names the delivery.
type TestEventSent struct {
	Rows       int     `json:"rows"`
	DeliveryID *rpc.ID `json:"deliveryId"`
}

func (p Portal) sendTestEvent(ctx context.Context, by *auth.Principal, in OneWebhook) (TestEventSent, error) {
	d, rows, err := p.hooks.Test(ctx, by, in.Tenant, int64(in.ID))
	if err != nil || d == nil {
		return TestEventSent{}, err
	}
	return TestEventSent{rows, ref(d.ID)}, nil
}

// GetDeliveries is the params of webhook/getDeliveries.
type GetDeliveries struct {
	rpc.InOrganisation
	WebhookID    rpc.ID  `json:"webhookId" rpc:"required"`
	State        *string `json:"state" enum:"PENDING|DELIVERED|DEAD"`
	Limit        *int    `json:"limit" doc:"1 to 2048; the default is 500."`
	NextPageLink string  `json:"nextPageLink" doc:"From metaData of the page before."`
}

// Delivery is what became of an event that a webhook is to tell of.
type Delivery struct {
	ID        rpc.ID   `json:"id"`
	WebhookID rpc.ID   `json:"webhookId"`
	EventID   rpc.ID   `json:"eventId"`
	Event     string   `json:"event"`
	State     string   `json:"state" enum:"PENDING|DELIVERED|DEAD"`
	Tries     int      `json:"tries"`
	Status    *int     `json:"status" doc:"The HTTP status that the target answered last."`
	LastError *string  `json:"lastError"`
	NextTry   rpc.Time `json:"nextTry" doc:"Of one that waits."`
	Created   rpc.Time `json:"created"`
	Modified  rpc.Time `json:"modified"`
}

func delivery(d *hook.Delivery) Delivery {
	out := Delivery{
		ID: rpc.ID(d.ID), WebhookID: rpc.ID(d.HookID), EventID: rpc.ID(d.EventID), Event: d.Event, State: string(d.State), Tries: d.Tries,
		LastError: text(d.LastError), Created: rpc.At(d.Created), Modified: rpc.At(d.Modified),
	}
	if d.Status != 0 {
		out.Status = &d.Status
	}
	if d.State == hook.Pending {
		out.NextTry = rpc.At(d.Due)
	}
	return out
}

// Deliveries is a page of them.
type Deliveries struct {
	MetaData MetaData   `json:"metaData"`
	Data     []Delivery `json:"data"`
}

func (p Portal) getDeliveries(ctx context.Context, _ *auth.Principal, in GetDeliveries) (Deliveries, error) {
	state := hook.State("")
	if in.State != nil {
		state = hook.State(*in.State)
	}
	list, page, err := p.hooks.Deliveries(ctx, in.Tenant, int64(in.WebhookID), state, Paged{in.Limit, in.NextPageLink}.query())
	return Deliveries{metaData(page), listed(list, page, delivery).Data}, err
}

// Redeliver is the params of webhook/redeliver.
type Redeliver struct {
	rpc.InOrganisation
	WebhookID rpc.ID `json:"webhookId" rpc:"required"`
	ID        rpc.ID `json:"id" rpc:"required" doc:"Of the delivery."`
}

func (p Portal) redeliver(ctx context.Context, by *auth.Principal, in Redeliver) (Modified, error) {
	rows, err := p.hooks.Redeliver(ctx, by, in.Tenant, int64(in.WebhookID), int64(in.ID))
	return Modified{rows}, err
}
