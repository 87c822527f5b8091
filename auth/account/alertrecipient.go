package account

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// AlertRecipients are who shall hear of all alerts of an enterprise. Nil is unset, or not named in an update.
type AlertRecipients struct {
	Users          *[]AlertedUser  `json:"enterpriseUsers,omitempty"`
	SMSEnabled     *bool           `json:"smsEnabled,omitempty"`
	SMSList        *[]SMSRecipient `json:"smsList,omitempty"`
	EmailEnabled   *bool           `json:"emailEnabled,omitempty"`
	EmailList      *[]string       `json:"emailList,omitempty"`
	MobileEnabled  *bool           `json:"mobileEnabled,omitempty"`
	MobileList     *[]string       `json:"mobileList,omitempty"`
	WebhookEnabled *bool           `json:"webhookEnabled,omitempty"`
	WebhookList    *[]Webhook      `json:"webhookList,omitempty"`
}

// An AlertedUser is a user of the enterprise, and the ways to reach him.
type AlertedUser struct {
	UserID  int64 `json:"userId"`
	Enabled bool  `json:"enabled,omitempty"`
	SMS     bool  `json:"sms,omitempty"`
	Email   bool  `json:"email,omitempty"`
	Mobile  bool  `json:"mobile,omitempty"`
}

// An SMSRecipient is somebody who need not be a user.
type SMSRecipient struct {
	Username    string `json:"username,omitempty"`
	MobilePhone string `json:"mobilePhone"`
	Email       string `json:"email,omitempty"`
}

// A Webhook is where alerts are posted.
type Webhook struct {
	URL                  string  `json:"url" doc:"http or https, without a user in it."`
	ExpectedResponseCode *int64  `json:"expectedResponseCode,omitempty"`
	Template             *string `json:"template,omitempty"`
}

// The bounds of the lists.
const (
	maxRecipients = 100
	maxWebhooks   = 10
)

// keptRecipients have the number of their enterprise.
type keptRecipients struct {
	ID         int64           `json:"id"`
	Recipients AlertRecipients `json:"recipients"`
	Modified   time.Time       `json:"modified"`
}

var alertRecipients = store.NewCollection("alertrecipients", func(r *keptRecipients) *int64 { return &r.ID })

// A Reached user is an AlertedUser with who he is.
type Reached struct {
	AlertedUser
	User *User
}

// AlertRecipients answers those of the enterprise, and its users among them who are still there.
func (a *Accounts) AlertRecipients(ctx context.Context, in auth.Tenant) (r AlertRecipients, list []Reached, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		kept, err := recipientsOf(tx, in)
		if err != nil {
			return err
		}
		r = kept.Recipients
		list, err = r.reached(tx)
		return err
	})
	return r, list, err
}

func recipientsOf(tx store.Tx, in auth.Tenant) (*keptRecipients, error) {
	kept, err := alertRecipients.Get(tx, in.ID)
	if kept == nil {
		kept = &keptRecipients{ID: in.ID}
	}
	return kept, err
}

func (r *AlertRecipients) reached(tx store.Tx) (list []Reached, err error) {
	if r.Users == nil {
		return nil, nil
	}
	for _, u := range *r.Users {
		user, err := users.Get(tx, u.UserID)
		if err != nil {
			return nil, err
		}
		if user != nil {
			list = append(list, Reached{u, user})
		}
	}
	return list, nil
}

// SetAlertRecipients sets what is named, and answers what there is then. Events tell what changed, but not to what: the way to
// a person, and a URL that lets its caller in, are nobody else's to read.
func (a *Accounts) SetAlertRecipients(
	ctx context.Context, by *auth.Principal, in auth.Tenant, u AlertRecipients,
) (r AlertRecipients, list []Reached, err error) {
	if err := u.check(); err != nil {
		return r, nil, err
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		now, err := a.Still(tx, by, in, auth.Update.On(auth.EnterpriseAlert))
		if err != nil {
			return err
		}
		if err := u.checkUsers(tx, in); err != nil {
			return err
		}
		kept, err := recipientsOf(tx, in)
		if err != nil {
			return err
		}
		changed := patch(&kept.Recipients, &u)
		r = kept.Recipients
		if list, err = r.reached(tx); err != nil || len(changed) == 0 {
			return err
		}
		kept.Modified = a.Now()
		if err := alertRecipients.Put(tx, kept); err != nil {
			return err
		}
		return a.Record(tx, by, now, Happening{
			Name: "UPDATE_ENTERPRISE_ALERT_RECIPIENTS", Category: OfConfiguration, Message: "alert recipients of " + now.Name,
			Detail: map[string]any{"enterpriseId": in.ID, "changed": changed},
		})
	})
	return r, list, err
}

// checkUsers refuses whoever is not a user of the enterprise.
func (r *AlertRecipients) checkUsers(tx store.Tx, in auth.Tenant) error {
	return each("enterpriseUsers", r.Users, maxRecipients, func(path string, u AlertedUser) error {
		user, err := users.Get(tx, u.UserID)
		if err == nil && (user == nil || user.Type != in.Type || user.TenantID() != in.ID) {
			err = auth.BadField(path+".enterpriseUserId", "is not a user of the enterprise")
		}
		return err
	})
}

func (r *AlertRecipients) check() error {
	if err := each("smsList", r.SMSList, maxRecipients, checkSMSRecipient); err != nil {
		return err
	}
	if err := each("emailList", r.EmailList, maxRecipients, checkMailAddress); err != nil {
		return err
	}
	if err := each("mobileList", r.MobileList, maxRecipients, checkPhone); err != nil {
		return err
	}
	return each("webhookList", r.WebhookList, maxWebhooks, checkWebhook)
}

// each checks the elements of a list that was named, and that there are not too many.
func each[T any](name string, list *[]T, most int, check func(path string, v T) error) error {
	if list == nil {
		return nil
	}
	if len(*list) > most {
		return auth.BadField(name, "has more than %d entries", most)
	}
	for i, v := range *list {
		if err := check(fmt.Sprintf("%s[%d]", name, i), v); err != nil {
			return err
		}
	}
	return nil
}

func checkSMSRecipient(path string, s SMSRecipient) error {
	if err := checkPhone(path+".mobilePhone", s.MobilePhone); err != nil {
		return err
	}
	if s.Email != "" {
		if err := checkMailAddress(path+".email", s.Email); err != nil {
			return err
		}
	}
	return CheckText(path+".username", s.Username, 255)
}

func checkMailAddress(path, s string) error {
	if !IsMailAddress(s) {
		return auth.BadField(path, "is not a mail address")
	}
	return nil
}

func checkPhone(path, s string) error {
	if len(s) < 3 || len(s) > 32 || strings.Trim(s, "+0123456789 ()-./") != "" || !strings.ContainsAny(s, "0123456789") {
		return auth.BadField(path, "is not a telephone number")
	}
	return nil
}

func checkWebhook(path string, w Webhook) error {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.User != nil, len(w.URL) > 2048:
		return auth.BadField(path+".url", "is not an http or https URL without a user in it")
	case w.ExpectedResponseCode != nil && (*w.ExpectedResponseCode < 100 || *w.ExpectedResponseCode > 599):
		return auth.BadField(path+".expectedResponseCode", "is not between 100 and 599")
	}
	return CheckText(path+".template", value(w.Template), 4096)
}
