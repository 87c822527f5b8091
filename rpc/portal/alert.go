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

func (p Portal) alertRows() []rpc.Method {
	read := auth.All(auth.Read.On(auth.EnterpriseAlert))
	return []rpc.Method{
		{Name: "enterprise/getEnterpriseAlertDefinitions", Doc: "Lists the alerts there are, with what their configuration has by default.",
			Rule: read, Do: rpc.Func(getAlertDefinitions)},
		{Name: "enterprise/getEnterpriseAlertConfigurations", Doc: "Lists the alerts that an enterprise has configured.",
			Rule: read, Do: rpc.Func(p.getAlertConfigurations)},
		{Name: "enterprise/insertOrUpdateEnterpriseAlertConfigurations", Doc: "Makes and changes configurations of alerts; one that is refused has an error in the answer.",
			Rule: auth.All(auth.Create.On(auth.EnterpriseAlert)), Do: rpc.Func(p.setAlertConfigurations)},
		{Name: "enterprise/getEnterpriseAllAlertsRecipients", Doc: "Gets who shall hear of all alerts of an enterprise.",
			Rule: read, Do: rpc.Func(p.getAlertRecipients)},
		{Name: "enterprise/setEnterpriseAllAlertsRecipients", Doc: "Sets who shall hear of all alerts of an enterprise; what is not named stays.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseAlert)), Do: rpc.Func(p.setAlertRecipients)},
	}
}

// AlertName is the name of an alert definition. None is null.
type AlertName struct{ word string }

// UnmarshalJSON reads one of the names.
func (n *AlertName) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &n.word) != nil || n.word != "" && !account.IsAlert(n.word) {
		return errors.New("must be the name of an alert definition")
	}
	return nil
}

// MarshalJSON writes it.
func (n AlertName) MarshalJSON() ([]byte, error) { return json.Marshal(text(n.word)) }

// Schema lists the names.
func (AlertName) Schema(result bool) rpc.Schema {
	var names []any
	for _, d := range account.AlertDefinitions() {
		names = append(names, d.Name)
	}
	if !result {
		return rpc.Schema{"type": "string", "enum": names}
	}
	return rpc.Schema{"type": []string{"string", "null"}, "enum": append(names, nil)}
}

// AlertScope says who may have an alert.
type AlertScope struct {
	IsSystemOnly   bool `json:"isSystemOnly"`
	IsOperatorOnly bool `json:"isOperatorOnly"`
}

// AlertDefinition is the published one. Its times are null, for it comes with the portal.
type AlertDefinition struct {
	ID                          rpc.ID     `json:"id"`
	Created                     rpc.Time   `json:"created"`
	Name                        AlertName  `json:"name"`
	Type                        AlertName  `json:"type"`
	Definition                  AlertScope `json:"definition"`
	FirstNotificationSeconds    int64      `json:"firstNotificationSeconds"`
	MaxNotifications            int64      `json:"maxNotifications"`
	NotificationIntervalSeconds int64      `json:"notificationIntervalSeconds"`
	ResetIntervalSeconds        int64      `json:"resetIntervalSeconds"`
	Modified                    rpc.Time   `json:"modified"`
}

func getAlertDefinitions(_ context.Context, _ *auth.Principal, _ rpc.InEnterprise) ([]AlertDefinition, error) {
	out, by := []AlertDefinition{}, account.AlertDefaults()
	for _, d := range account.AlertDefinitions() {
		out = append(out, AlertDefinition{
			ID: rpc.ID(d.ID), Name: AlertName{d.Name}, Type: AlertName{d.Name}, Definition: AlertScope{IsSystemOnly: d.IsSystemOnly},
			FirstNotificationSeconds: *by.FirstNotificationSeconds, MaxNotifications: *by.MaxNotifications,
			NotificationIntervalSeconds: *by.NotificationIntervalSeconds, ResetIntervalSeconds: *by.ResetIntervalSeconds,
		})
	}
	return out, nil
}

// AlertConfiguration is the published one. In params only its number or its definition's and the fields to set are looked at.
type AlertConfiguration struct {
	ID                rpc.ID     `json:"id"`
	Created           rpc.Time   `json:"created"`
	AlertDefinitionID rpc.ID     `json:"alertDefinitionId"`
	EnterpriseID      rpc.ID     `json:"enterpriseId"`
	Enabled           *rpc.Bool  `json:"enabled"`
	Name              AlertName  `json:"name"`
	Type              AlertName  `json:"type" doc:"The same as name."`
	Definition        AlertScope `json:"definition"`
	account.AlertTimes
	Modified rpc.Time `json:"modified"`
}

func alertConfiguration(c *account.AlertConfiguration) AlertConfiguration {
	d, set := c.Definition(), c.Settings()
	enabled := rpc.Bool(*set.Enabled)
	return AlertConfiguration{
		ID: rpc.ID(c.ID), Created: rpc.At(c.Created), AlertDefinitionID: rpc.ID(d.ID), EnterpriseID: rpc.ID(c.EnterpriseID),
		Name: AlertName{d.Name}, Type: AlertName{d.Name}, Definition: AlertScope{IsSystemOnly: d.IsSystemOnly}, Enabled: &enabled,
		AlertTimes: set.AlertTimes, Modified: rpc.At(c.Modified),
	}
}

func (p Portal) getAlertConfigurations(ctx context.Context, _ *auth.Principal, in rpc.InEnterprise) ([]AlertConfiguration, error) {
	list, err := p.accounts.AlertConfigurations(ctx, in.Tenant)
	out := []AlertConfiguration{}
	for _, c := range list {
		out = append(out, alertConfiguration(c))
	}
	return out, err
}

// SetAlertConfigurations is the params of enterprise/insertOrUpdateEnterpriseAlertConfigurations.
type SetAlertConfigurations struct {
	rpc.InEnterprise
	List []AlertConfiguration `json:"enterpriseAlertConfigurations" rpc:"required"`
}

// SetAlerts answers what became of each entry, in their order.
type SetAlerts struct {
	List []SetAlert `json:"enterpriseAlertConfigurations"`
}

// SetAlert is a configuration as it is now, or the entry as it was given and why it was refused.
type SetAlert struct {
	AlertConfiguration
	Error string `json:"error,omitempty"`
}

func (p Portal) setAlertConfigurations(ctx context.Context, by *auth.Principal, in SetAlertConfigurations) (SetAlerts, error) {
	updates := make([]account.AlertUpdate, len(in.List))
	for i, c := range in.List {
		updates[i] = account.AlertUpdate{
			ID: int64(c.ID), EnterpriseID: int64(c.EnterpriseID), DefinitionID: int64(c.AlertDefinitionID),
			Names:  [2]string{c.Type.word, c.Name.word},
			Fields: account.AlertFields{Enabled: flag(c.Enabled), AlertTimes: c.AlertTimes},
		}
	}
	list, err := p.accounts.SetAlerts(ctx, by, in.Tenant, updates)
	if err != nil {
		return SetAlerts{}, err
	}
	out := SetAlerts{List: make([]SetAlert, len(list))}
	for i, r := range list {
		if r.Refused != nil {
			given := in.List[i]
			given.Description = text(*cmp.Or(given.Description, new(string)))
			out.List[i] = SetAlert{given, r.Refused.Error()}
			continue
		}
		out.List[i] = SetAlert{AlertConfiguration: alertConfiguration(r.AlertConfiguration)}
	}
	return out, nil
}
