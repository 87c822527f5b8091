package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// An AlertDefinition is a kind of alert with what its configuration has by default. They live in code; their numbers never
// change. Nothing here raises alerts: configurations and recipients are checked, kept and told of.
type AlertDefinition struct {
	ID           int64
	Name         string
	IsSystemOnly bool
}

// alertNames are the published ones, in the order of their numbers.
var alertNames = []string{
	"EDGE_DOWN", "EDGE_UP", "LINK_DOWN", "LINK_UP", "VPN_TUNNEL_DOWN", "EDGE_HA_FAILOVER",
	"EDGE_SERVICE_DOWN", "GATEWAY_SERVICE_DOWN",
	"VNF_VM_EVENT", "VNF_VM_DEPLOYED", "VNF_VM_POWERED_ON", "VNF_VM_POWERED_OFF", "VNF_VM_DEPLOYED_AND_POWERED_OFF",
	"VNF_VM_DELETED", "VNF_VM_ERROR",
	"VNF_INSERTION_EVENT", "VNF_INSERTION_ENABLED", "VNF_INSERTION_DISABLED", "TEST_ALERT",
	"EDGE_CSS_TUNNEL_DOWN", "EDGE_CSS_TUNNEL_UP", "NVS_FROM_EDGE_TUNNEL_DOWN", "NVS_FROM_EDGE_TUNNEL_UP",
	"VNF_IMAGE_DOWNLOAD_EVENT", "VNF_IMAGE_DOWNLOAD_IN_PROGRESS", "VNF_IMAGE_DOWNLOAD_COMPLETED", "VNF_IMAGE_DOWNLOAD_FAILED",
}

// AlertDefinitions are all of them, ordered by number.
func AlertDefinitions() []AlertDefinition {
	list := make([]AlertDefinition, len(alertNames))
	for i, name := range alertNames {
		list[i] = AlertDefinition{ID: int64(i + 1), Name: name, IsSystemOnly: name == "TEST_ALERT"}
	}
	return list
}

// IsAlert says whether a definition has that name.
func IsAlert(name string) bool { return slices.Contains(alertNames, name) }

// AlertFields are what callers may set of a configuration. Nil is unset, or not named in an update.
type AlertFields struct {
	Enabled *bool `json:"enabled,omitempty"`
	AlertTimes
}

// AlertTimes say when and how often an alert is told.
type AlertTimes struct {
	Description                 *string `json:"description"`
	FirstNotificationSeconds    *int64  `json:"firstNotificationSeconds" doc:"0 to 604800."`
	MaxNotifications            *int64  `json:"maxNotifications" doc:"0 to 1000."`
	NotificationIntervalSeconds *int64  `json:"notificationIntervalSeconds" doc:"0 to 604800."`
	ResetIntervalSeconds        *int64  `json:"resetIntervalSeconds" doc:"0 to 604800."`
}

// AlertDefaults are what a configuration has where nothing was set.
func AlertDefaults() AlertFields {
	on, at, most, every, reset := true, int64(0), int64(1), int64(120), int64(3600)
	return AlertFields{Enabled: &on, AlertTimes: AlertTimes{
		FirstNotificationSeconds: &at, MaxNotifications: &most, NotificationIntervalSeconds: &every, ResetIntervalSeconds: &reset,
	}}
}

func (f *AlertFields) check() error {
	const week = 7 * 24 * 60 * 60
	for _, n := range []struct {
		name  string
		value *int64
		most  int64
	}{
		{"firstNotificationSeconds", f.FirstNotificationSeconds, week},
		{"maxNotifications", f.MaxNotifications, 1000},
		{"notificationIntervalSeconds", f.NotificationIntervalSeconds, week},
		{"resetIntervalSeconds", f.ResetIntervalSeconds, week},
	} {
		if n.value != nil && (*n.value < 0 || *n.value > n.most) {
			return auth.BadField(n.name, "is not between 0 and %d", n.most)
		}
	}
	return CheckText("description", value(f.Description), 255)
}

// An AlertConfiguration is how an enterprise wants alerts of one definition. Only what was set is stored.
type AlertConfiguration struct {
	ID           int64       `json:"id"`
	EnterpriseID int64       `json:"enterpriseId"`
	DefinitionID int64       `json:"definitionId"`
	Fields       AlertFields `json:"fields"`
	Created      time.Time   `json:"created"`
	Modified     time.Time   `json:"modified"`
}

var (
	alertConfigurations = store.NewCollection("alertconfiguration", func(c *AlertConfiguration) *int64 { return &c.ID })
	alertByDefinition   = alertConfigurations.Unique("definition", func(c *AlertConfiguration) []byte {
		return store.Key(c.EnterpriseID, c.DefinitionID)
	})
)

// Definition is what it configures.
func (c *AlertConfiguration) Definition() AlertDefinition {
	return AlertDefinitions()[c.DefinitionID-1]
}

// Settings are what was set, and the defaults.
func (c *AlertConfiguration) Settings() AlertFields {
	f := AlertDefaults()
	patch(&f, &c.Fields)
	return f
}

// AlertConfigurations answers those of the enterprise, ordered by number.
func (a *Accounts) AlertConfigurations(ctx context.Context, in auth.Tenant) (list []*AlertConfiguration, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		list, err = alertsOf(tx, in)
		return err
	})
	return list, err
}

func alertsOf(tx store.Tx, in auth.Tenant) (list []*AlertConfiguration, err error) {
	err = alertByDefinition.Scan(tx, store.Span{Prefix: store.Key(in.ID)}, func(c *AlertConfiguration) (bool, error) {
		list = append(list, c)
		return true, nil
	})
	slices.SortFunc(list, func(c, d *AlertConfiguration) int { return cmp.Compare(c.ID, d.ID) })
	return list, err
}

// An AlertUpdate names a configuration, by its own number or by its definition, and the fields to set.
type AlertUpdate struct {
	ID           int64
	EnterpriseID int64 // if it is given, the tenant's
	DefinitionID int64
	Names        [2]string // of the definition: one, both or none
	Fields       AlertFields
}

// An AlertResult is what became of an AlertUpdate: a configuration, or why there is none.
type AlertResult struct {
	*AlertConfiguration
	Refused error
}

// maxAlertUpdates is how many a call may have.
const maxAlertUpdates = 100

// SetAlerts makes and changes configurations of the enterprise, each for itself: one that is refused holds up no other.
func (a *Accounts) SetAlerts(ctx context.Context, by *auth.Principal, in auth.Tenant, updates []AlertUpdate) ([]AlertResult, error) {
	if len(updates) > maxAlertUpdates {
		return nil, auth.BadField("enterpriseAlertConfigurations", "are more than %d", maxAlertUpdates)
	}
	out := make([]AlertResult, len(updates))
	err := a.Store.Update(ctx, func(tx store.Tx) error {
		now, err := a.Still(tx, by, in, auth.Create.On(auth.EnterpriseAlert))
		if err != nil {
			return err
		}
		told := make(map[string][]string)
		for i, u := range updates {
			c, changed, err := a.setAlert(tx, in, u)
			var refused *auth.Error
			if err != nil && !errors.As(err, &refused) {
				return err
			}
			out[i] = AlertResult{c, err}
			if len(changed) > 0 {
				name := c.Definition().Name
				told[name] = append(told[name], changed...)
			}
		}
		if len(told) == 0 {
			return nil
		}
		return a.Record(tx, by, now, Happening{
			Name: "UPDATE_ENTERPRISE_ALERT_CONFIGURATION", Category: OfConfiguration, Message: "alerts of " + now.Name,
			Detail: map[string]any{"enterpriseId": in.ID, "changed": told},
		})
	})
	return out, err
}

func (a *Accounts) setAlert(tx store.Tx, in auth.Tenant, u AlertUpdate) (c *AlertConfiguration, changed []string, err error) {
	if err := u.Fields.check(); err != nil {
		return nil, nil, err
	}
	if c, err = u.find(tx, in); err != nil {
		return nil, nil, err
	}
	changed = patch(&c.Fields, &u.Fields)
	put := alertConfigurations.Put
	switch {
	case c.ID == 0:
		put, c.Created, changed = alertConfigurations.Insert, a.Now(), append(changed, "created")
	case len(changed) == 0:
		return c, nil, nil
	}
	c.Modified = a.Now()
	return c, changed, put(tx, c)
}

// find answers the configuration that is meant, or a new one.
func (u *AlertUpdate) find(tx store.Tx, in auth.Tenant) (*AlertConfiguration, error) {
	if u.EnterpriseID != 0 && u.EnterpriseID != in.ID {
		return nil, auth.BadField("enterpriseId", "is another's")
	}
	definition, err := u.definition()
	if err != nil {
		return nil, err
	}
	if u.ID != 0 {
		c, err := alertConfigurations.Get(tx, u.ID)
		switch {
		case err != nil:
			return nil, err
		case c == nil || c.EnterpriseID != in.ID:
			return nil, auth.BadField("id", "is that of no alert configuration of the enterprise")
		case definition != 0 && definition != c.DefinitionID:
			return nil, auth.BadField("alertDefinitionId", "is another than the configuration's")
		}
		return c, nil
	}
	if definition == 0 {
		return nil, auth.BadField("alertDefinitionId", "is required")
	}
	c, err := alertByDefinition.Get(tx, store.Key(in.ID, definition))
	if c == nil {
		c = &AlertConfiguration{EnterpriseID: in.ID, DefinitionID: definition}
	}
	return c, err
}

// definition is the number of the definition that the update names; 0 when it names none.
func (u *AlertUpdate) definition() (id int64, err error) {
	if id = u.DefinitionID; id < 0 || id > int64(len(alertNames)) {
		return 0, auth.BadField("alertDefinitionId", "is that of no alert definition")
	}
	for i, name := range u.Names {
		if name == "" {
			continue
		}
		named := int64(slices.Index(alertNames, name) + 1)
		if named == 0 || id != 0 && named != id {
			return 0, auth.BadField([...]string{"type", "name"}[i], "is that of no alert definition, or of another")
		}
		id = named
	}
	return id, nil
}
