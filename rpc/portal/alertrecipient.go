package portal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

// SetAlertRecipients is the params of enterprise/setEnterpriseAllAlertsRecipients.
type SetAlertRecipients struct {
	rpc.InEnterprise
	EnterpriseUsers *[]AlertedUser     `json:"enterpriseUsers"`
	SMSEnabled      *rpc.Bool          `json:"smsEnabled"`
	SMSList         *[]SMSRecipient    `json:"smsList"`
	EmailEnabled    *rpc.Bool          `json:"emailEnabled"`
	EmailList       *[]string          `json:"emailList"`
	MobileEnabled   *rpc.Bool          `json:"mobileEnabled"`
	MobileList      *[]string          `json:"mobileList"`
	WebhookEnabled  *rpc.Bool          `json:"webhookEnabled"`
	WebhookList     *[]account.Webhook `json:"webhookList"`
}

// AlertedUser names a user of the enterprise, and the ways to reach him.
type AlertedUser struct {
	EnterpriseUserID rpc.ID    `json:"enterpriseUserId"`
	Enabled          *rpc.Bool `json:"enabled" doc:"Left out it is true."`
	SMSEnabled       rpc.Bool  `json:"smsEnabled"`
	EmailEnabled     rpc.Bool  `json:"emailEnabled"`
	MobileEnabled    rpc.Bool  `json:"mobileEnabled"`
}

// SMSRecipient is somebody who need not be a user. The published answer has no more of him than his number, so that alone is
// taken too.
type SMSRecipient struct {
	account.SMSRecipient
}

// UnmarshalJSON reads a number, or an object that has one.
func (r *SMSRecipient) UnmarshalJSON(b []byte) error {
	to := any(&r.SMSRecipient)
	if b[0] == '"' {
		to = &r.MobilePhone
	}
	if json.Unmarshal(b, to) != nil {
		return errors.New("must be a telephone number, or an object that has one")
	}
	return nil
}

// Schema is that of either.
func (SMSRecipient) Schema(result bool) rpc.Schema {
	text := rpc.Schema{"type": "string"}
	return rpc.Schema{"anyOf": []rpc.Schema{text, {"type": "object", "properties": rpc.Schema{
		"username": text, "mobilePhone": text, "email": text,
	}}}}
}

func (s SetAlertRecipients) account() account.AlertRecipients {
	return account.AlertRecipients{
		Users: mapped(s.EnterpriseUsers, func(u AlertedUser) account.AlertedUser {
			return account.AlertedUser{
				UserID: int64(u.EnterpriseUserID), Enabled: is(u.Enabled, true),
				SMS: bool(u.SMSEnabled), Email: bool(u.EmailEnabled), Mobile: bool(u.MobileEnabled),
			}
		}),
		SMSEnabled:   flag(s.SMSEnabled),
		SMSList:      mapped(s.SMSList, func(r SMSRecipient) account.SMSRecipient { return r.SMSRecipient }),
		EmailEnabled: flag(s.EmailEnabled), EmailList: s.EmailList,
		MobileEnabled: flag(s.MobileEnabled), MobileList: s.MobileList,
		WebhookEnabled: flag(s.WebhookEnabled), WebhookList: s.WebhookList,
	}
}

// mapped is a list that was named in another form; nil is none.
func mapped[A, B any](list *[]A, f func(A) B) *[]B {
	if list == nil {
		return nil
	}
	out := make([]B, len(*list))
	for i, v := range *list {
		out[i] = f(v)
	}
	return &out
}

// AlertRecipients is the published answer, with webhooks as they are set.
type AlertRecipients struct {
	EmailEnabled    bool              `json:"emailEnabled"`
	EmailList       []string          `json:"emailList"`
	EnterpriseUsers []ReachedUser     `json:"enterpriseUsers"`
	MobileEnabled   bool              `json:"mobileEnabled"`
	MobileList      []string          `json:"mobileList"`
	SMSEnabled      bool              `json:"smsEnabled"`
	SMSList         []string          `json:"smsList" doc:"Their telephone numbers."`
	SNMPEnabled     bool              `json:"snmpEnabled" doc:"Never."`
	SNMPList        []string          `json:"snmpList"`
	WebhookEnabled  bool              `json:"webhookEnabled"`
	WebhookList     []account.Webhook `json:"webhookList"`
}

// ReachedUser is a user among them. Who he is can be seen by those who may read the enterprise's users.
type ReachedUser struct {
	Email            *string  `json:"email"`
	EmailEnabled     rpc.Flag `json:"emailEnabled"`
	Enabled          rpc.Flag `json:"enabled"`
	EnterpriseUserID rpc.ID   `json:"enterpriseUserId"`
	MobileEnabled    rpc.Flag `json:"mobileEnabled"`
	MobilePhone      *string  `json:"mobilePhone"`
	SMSEnabled       rpc.Flag `json:"smsEnabled"`
	Username         *string  `json:"username"`
}

func alertRecipients(by *auth.Principal, in auth.Tenant, r account.AlertRecipients, list []account.Reached) AlertRecipients {
	out := AlertRecipients{
		EmailEnabled: isOn(r.EmailEnabled), EmailList: listOf(r.EmailList),
		MobileEnabled: isOn(r.MobileEnabled), MobileList: listOf(r.MobileList),
		SMSEnabled:     isOn(r.SMSEnabled),
		SMSList:        listOf(mapped(r.SMSList, func(s account.SMSRecipient) string { return s.MobilePhone })),
		SNMPList:       []string{},
		WebhookEnabled: isOn(r.WebhookEnabled), WebhookList: listOf(r.WebhookList),
		EnterpriseUsers: []ReachedUser{},
	}
	known := by.May(auth.Read.On(auth.EnterpriseUser), in)
	for _, u := range list {
		shown := ReachedUser{
			EnterpriseUserID: rpc.ID(u.UserID), Enabled: rpc.Flag(u.Enabled),
			SMSEnabled: rpc.Flag(u.SMS), EmailEnabled: rpc.Flag(u.Email), MobileEnabled: rpc.Flag(u.Mobile),
		}
		if known {
			shown.Username, shown.Email, shown.MobilePhone = &u.User.Username, u.User.Fields.Email, u.User.Fields.MobilePhone
		}
		out.EnterpriseUsers = append(out.EnterpriseUsers, shown)
	}
	return out
}

// isOn is what a flag says that was set, or else false.
func isOn(f *bool) bool { return f != nil && *f }

// listOf is a list that was set, or else an empty one.
func listOf[T any](v *[]T) []T { return *cmp.Or(v, &[]T{}) }

func (p Portal) getAlertRecipients(ctx context.Context, by *auth.Principal, in rpc.InEnterprise) (AlertRecipients, error) {
	r, list, err := p.accounts.AlertRecipients(ctx, in.Tenant)
	return alertRecipients(by, in.Tenant, r, list), err
}

func (p Portal) setAlertRecipients(ctx context.Context, by *auth.Principal, in SetAlertRecipients) (AlertRecipients, error) {
	r, list, err := p.accounts.SetAlertRecipients(ctx, by, in.Tenant, in.account())
	return alertRecipients(by, in.Tenant, r, list), err
}
