package hook

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/store"
)

// waits are the times between the tries. Each is lengthened by up to a tenth, so that what failed together does not come back together.
var waits = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

const (
	maxTries   = len(waits) + 1
	maxLater   = 24 * time.Hour // a target that asks for more is asked all the same
	patience   = 3 * 24 * time.Hour
	longWait   = maxAge - 6*time.Hour // as good as the last try: where much waits, no delivery ever comes to that
	settleTime = 5 * time.Second
)

// wait is the time between the try of that number, from 1, and the next, stretched by that part of it.
func wait(try int, stretch float64) time.Duration {
	d := waits[min(try, len(waits))-1]
	return d + time.Duration(stretch*float64(d))
}

// stretch is by chance, and up to a tenth.
func stretch(random io.Reader) (float64, error) {
	var b [4]byte
	_, err := io.ReadFull(random, b[:])
	return float64(binary.BigEndian.Uint32(b[:])) / (1 << 32) / 10, err
}

// A task is a try that was claimed.
type task struct {
	delivery Delivery
	target   target
	id       string
	body     []byte
}

// claim counts a try of the delivery of a webhook that has waited longest, and sets the next, before anything is sent: whatever
// happens to this process, it is not lost. It answers none where there is nothing to post, and says whether there may be more.
func (r *run) claim(ctx context.Context, hook int64) (t *task, more bool, err error) {
	longer, err := stretch(r.accounts.Random()) // chance is no matter of an Update, which may run twice
	if err != nil {
		return nil, false, err
	}
	mailed, rest := false, time.Time{}
	err = r.store.Update(ctx, func(tx store.Tx) error {
		t, more, mailed, rest = nil, false, false, time.Time{}
		d, err := firstDue(tx, hook, r.now())
		if err != nil || d == nil {
			return err
		}
		more = true
		h, err := hooks.Get(tx, hook)
		if err != nil {
			return err
		}
		e, in, why, err := r.mayGo(tx, h, d)
		switch {
		case err != nil:
			return err
		case why != "":
			return d.end(tx, why, r.now())
		case h.Channel == ByMail:
			mailed = true
			rest, err = r.mail(tx, h, d, &e.Event, in)
			return err
		}
		d.Tries++
		d.Due = r.now().Add(wait(d.Tries, longer))
		if err := d.move(tx, Try, r.now()); err != nil {
			return err
		}
		t, err = r.task(tx, h, d, e, in)
		return err
	})
	switch {
	case err != nil:
	case !rest.IsZero():
		r.rest(hook, rest)
		more = false
	case mailed:
		r.letters.Wake()
	}
	return t, more, err
}

// mayGo answers the event of a delivery, with the tenant in whose record it is, or why it is told to nobody.
func (k *Hooks) mayGo(tx store.Tx, h *Hook, d *Delivery) (e *account.StoredEvent, in auth.Tenant, why string, err error) {
	switch {
	case !h.Enabled:
		return nil, in, "the webhook is disabled", nil
	case d.Tries >= maxTries: // the last one was cut off
		return nil, in, "tried too often", nil
	case !k.now().Before(d.Until):
		return nil, in, "it has waited too long", nil
	}
	return k.mayTell(tx, h, d)
}

// mayTell answers the event of a delivery, with the tenant in whose record it is, or why the webhook's organisation is not to be told of it.
func (k *Hooks) mayTell(tx store.Tx, h *Hook, d *Delivery) (e *account.StoredEvent, in auth.Tenant, why string, err error) {
	if _, there, err := k.accounts.TenantIn(tx, h.Of, h.TenantID); err != nil || !there {
		return nil, in, "the organisation is gone", err
	}
	if e, err = account.EventNumbered(tx, d.EventID); err != nil || e == nil {
		return nil, in, "the event is past its retention", err
	}
	in, _, err = k.accounts.Above(tx, e.Scope, e.TenantID)
	if err == nil && !h.reads(&e.Event, in) {
		why = "the organisation may not read the event any more"
	}
	return e, in, why, err
}

func (k *Hooks) task(tx store.Tx, h *Hook, d *Delivery, e *account.StoredEvent, in auth.Tenant) (t *task, err error) {
	t = &task{delivery: *d, id: post.IDOf(e.Stored), target: target{roots: k.Roots}}
	if t.target.allowed, err = k.allowed(tx); err != nil {
		return nil, err
	}
	if t.target.url, err = k.to(h); err == nil {
		t.target.keys, err = k.keys(h)
	}
	t.target.sealed = err // fails as a try: as a claim it would hold up what is behind
	t.body, err = json.Marshal(bodyOf(&e.Event, in))
	return t, err
}

// A body is a message as it is posted. Its form is that which Standard Webhooks recommend.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is the event, by the names that lists of events have.
type data struct {
	ID                int64           `json:"id"`
	UserType          string          `json:"userType"` // of the organisation
	EnterpriseProxyID int64           `json:"enterpriseProxyId,omitempty"`
	EnterpriseID      int64           `json:"enterpriseId,omitempty"`
	Organisation      string          `json:"organisation,omitempty"`
	Category          string          `json:"category"`
	Severity          string          `json:"severity"`
	Message           string          `json:"message"`
	Username          string          `json:"username,omitempty"` // who did it
	Detail            json.RawMessage `json:"detail,omitempty"`
}

func bodyOf(e *account.Event, in auth.Tenant) body {
	out := body{Type: e.Name, Timestamp: e.Time, Data: data{
		ID: e.ID, UserType: e.Scope.String(), Organisation: in.Name, Category: e.Category, Severity: e.Severity, Message: e.Message,
		Username: e.Actor, Detail: e.Detail,
	}}
	switch e.Scope {
	case auth.MSP:
		out.Data.EnterpriseProxyID = e.TenantID
	case auth.Enterprise:
		out.Data.EnterpriseID = e.TenantID
	}
	return out
}

// settle writes what became of a try, also when the portal is just ending: what was taken need not be sent again.
func (r *run) settle(ctx context.Context, t *task, status int, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return r.store.Update(ctx, func(tx store.Tx) error {
		d, err := deliveries.Get(tx, t.delivery.ID)
		late := d != nil && d.Tries != t.delivery.Tries // another process has gone on; that it was taken is good news all the same
		if err != nil || d == nil || d.State != Pending || late && failed != nil {
			return err
		}
		h, err := hooks.Get(tx, d.HookID)
		if err != nil {
			return err
		}
		d.Status = status
		if failed == nil {
			d.LastError = ""
			if err := d.move(tx, Deliver, r.now()); err != nil || h.FailingSince.IsZero() {
				return err
			}
			h.FailingSince = time.Time{}
			return hooks.Put(tx, h)
		}
		return r.failed(tx, h, d, failed)
	})
}

// failed writes a try that failed. A target that is gone for good, and one at which nothing was to be had for days, disable the webhook.
func (k *Hooks) failed(tx store.Tx, h *Hook, d *Delivery, failed error) error {
	var answer *post.AnswerError
	gone := errors.As(failed, &answer) && answer.Status == http.StatusGone
	if answer != nil && answer.After > 0 {
		d.Due = latest(d.Due, k.now().Add(min(answer.After, maxLater)))
	}
	d.LastError = told(failed)
	act := Try
	if gone || d.Tries >= maxTries {
		act = GiveUp
	}
	if err := d.move(tx, act, k.now()); err != nil {
		return err
	}
	switch {
	case !h.Deleted.IsZero() || !h.Enabled:
		return nil
	case gone:
		return k.disable(tx, h, Gone)
	case h.FailingSince.IsZero():
		h.FailingSince = k.now()
		return hooks.Put(tx, h)
	case k.now().Sub(h.FailingSince) >= patience && (act == GiveUp || d.waited(k.now()) >= longWait):
		return k.disable(tx, h, Failing)
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// disable is what the portal does to a webhook that leads nowhere. What still waits is given up when its turn comes.
func (k *Hooks) disable(tx store.Tx, h *Hook, why Reason) error {
	h.Enabled, h.Disabled, h.Modified = false, why, k.now()
	if err := hooks.Put(tx, h); err != nil {
		return err
	}
	told := h.happening("WEBHOOK_DISABLED")
	told.Severity, told.Detail["reason"] = account.Warning, string(why)
	in, _, err := k.accounts.Above(tx, h.Of, h.TenantID)
	if err != nil {
		return err
	}
	return k.accounts.Record(tx, account.System("portico/webhook"), in, told)
}
