package hook

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A count is how many letters a tenant's webhooks have sent in an hour.
type count struct {
	ID       int64         `json:"id"`
	Of       auth.UserType `json:"of"`
	TenantID int64         `json:"tenantId"`
	Hour     time.Time     `json:"hour"`
	Letters  int64         `json:"letters"`
}

var (
	counts  = store.NewCollection("webhookmail", func(c *count) *int64 { return &c.ID })
	countOf = counts.Unique("tenant", func(c *count) []byte { return store.Key(int64(c.Of), c.TenantID) })
)

const (
	letterKind = "webhook"
	letterLife = 24 * time.Hour
	maxLine    = 300
)

// mail queues the letters of a delivery, if they may be sent now. Else it waits, and all behind it, until rest ends.
func (k *Hooks) mail(tx store.Tx, h *Hook, d *Delivery, e *account.Event, in auth.Tenant) (rest time.Time, err error) {
	c, err := k.countOf(tx, h)
	if err != nil {
		return rest, err
	}
	why, err := k.noMail(tx, c, len(h.Recipients))
	if err != nil {
		return rest, err
	}
	if why != "" {
		d.LastError = why
		return c.Hour.Add(time.Hour), d.move(tx, Try, k.now())
	}
	for _, to := range h.Recipients {
		if _, err := k.letters.Queue(tx, k.letter(h, d, to, e, in)); err != nil {
			return rest, err
		}
	}
	c.Letters += int64(len(h.Recipients))
	put := counts.Put
	if c.ID == 0 {
		put = counts.Insert
	}
	if err := put(tx, c); err != nil {
		return rest, err
	}
	d.Tries++
	d.LastError = ""
	return rest, d.move(tx, Deliver, k.now())
}

// noMail says why no letters are sent in this hour, or not so many more; "" is that they are.
func (k *Hooks) noMail(tx store.Tx, c *count, letters int) (why string, err error) {
	most, err := k.accounts.Number(tx, account.WebhookMails)
	if err != nil {
		return "", err
	}
	relay, err := k.accounts.Text(tx, account.MailHost)
	switch {
	case err != nil:
		return "", err
	case relay == "":
		return "the portal sends no mail", nil
	case c.Letters+int64(letters) > most:
		return "so many letters were sent in this hour as the portal allows", nil
	}
	return "", nil
}

// countOf answers what a tenant has sent in this hour.
func (k *Hooks) countOf(tx store.Tx, h *Hook) (*count, error) {
	hour := k.now().Truncate(time.Hour)
	c, err := countOf.Get(tx, store.Key(int64(h.Of), h.TenantID))
	if err != nil {
		return nil, err
	}
	if c == nil {
		c = &count{Of: h.Of, TenantID: h.TenantID}
	}
	if !c.Hour.Equal(hour) {
		c.Hour, c.Letters = hour, 0
	}
	return c, nil
}

// letter tells of an event in a few lines. What others have named is one line, however it was broken, so that nobody writes a letter of
// his own in it.
func (k *Hooks) letter(h *Hook, d *Delivery, to string, e *account.Event, in auth.Tenant) mail.Order {
	lines := []string{
		"Event:        " + e.Name,
		"What:         " + line(e.Message),
		"Organisation: " + line(in.Name),
		"When:         " + e.Time.UTC().Format(time.RFC1123),
		fmt.Sprintf("Number:       %d", e.ID),
		"",
		"This letter was sent because of the webhook " + line(h.Name) + ", which your organisation's administrators manage in the portal.",
		"",
	}
	return mail.Order{
		Kind: letterKind, Ref: d.ID, To: to, Tenant: h.tenant(), Subject: "Portico: " + e.Name, Until: k.now().Add(letterLife),
		Body: secret.Text(strings.Join(lines, "\n")),
	}
}

func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if all := []rune(s); len(all) > maxLine {
		s = string(all[:maxLine]) + "…"
	}
	return s
}
