package account

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// A TenantProperty is a property of an enterprise or a partner. Only what was set is stored.
type TenantProperty struct {
	ID          int64         `json:"id"`
	Type        auth.UserType `json:"type"`
	TenantID    int64         `json:"tenantId"`
	Name        string        `json:"name"`
	Value       string        `json:"value"` // sealed where it is a password
	DataType    string        `json:"dataType"`
	Description string        `json:"description,omitempty"`
	IsPassword  bool          `json:"isPassword,omitempty"`
	Created     time.Time     `json:"created"`
	Modified    time.Time     `json:"modified"`
}

// maxTenantProperties is how many a tenant may have; it holds under concurrency.
const maxTenantProperties = 1000

var (
	tenantProperties     = store.NewCollection("tenantproperty", func(p *TenantProperty) *int64 { return &p.ID }).Remember(1024, nil)
	tenantPropertyByName = tenantProperties.Unique("name", func(p *TenantProperty) []byte {
		return store.Key(int64(p.Type), p.TenantID, p.Name)
	})
	tenantPropertiesValued = tenantProperties.Index("value", func(p *TenantProperty) []byte {
		if p.IsPassword {
			return nil // nobody finds out what it is by asking who has it
		}
		return store.AppendKey(valuedKey(p.Type, p.Name, p.Value), p.TenantID)
	})
)

// valuedKey begins the keys of the properties of that value, ordered by tenant. A value may be longer than a key ought to be.
func valuedKey(t auth.UserType, name, value string) []byte {
	digest := sha256.Sum256([]byte(value))
	return store.Key(int64(t), name, digest[:])
}

// A TenantSetting is a property of tenants that the portal reads by name. Where it decides how users sign in, as it does unless it
// says whose users alone change it, who changes it must be allowed to change the tenant's users, too.
type TenantSetting struct {
	of       auth.UserType
	name     string
	dataType string
	value    string          // the default
	callers  []auth.UserType // whose users alone change it, whatever the tenant's own may do to their tenant
	signsIn  bool            // it decides how users sign in, though it has callers
	check    func(string) bool
	event    func(value string) string // the name of its event, if it has one of its own
	changed  func(a *Accounts, tx store.Tx, by *auth.Principal, in auth.Tenant, value string) error
}

var tenantSettings []*TenantSetting

func defineTenant(s TenantSetting) *TenantSetting {
	tenantSettings = append(tenantSettings, &s)
	return &s
}

func (s *TenantSetting) allows(value string) bool { return s.check == nil || s.check(value) }

func tenantSettingNamed(t auth.UserType, name string) *TenantSetting {
	i := slices.IndexFunc(tenantSettings, func(s *TenantSetting) bool { return s.of == t && s.name == name })
	if i < 0 {
		return nil
	}
	return tenantSettings[i]
}

// tenantText reads a setting of a tenant: what was set, or the default.
func (a *Accounts) tenantText(tx store.Tx, in auth.Tenant, s *TenantSetting) (string, error) {
	p, err := tenantPropertyByName.Get(tx, store.Key(int64(in.Type), in.ID, s.name))
	if p == nil || err != nil {
		return s.value, err
	}
	return p.Value, nil
}

// TenantProperty answers a property of the tenant by number, or else by name; nil when there is none.
func (a *Accounts) TenantProperty(ctx context.Context, in auth.Tenant, id int64, name string) (p *TenantProperty, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		if id == 0 {
			p, err = tenantPropertyByName.Get(tx, store.Key(int64(in.Type), in.ID, name))
			return err
		}
		if p, err = tenantProperties.Get(tx, id); p != nil && (p.Type != in.Type || p.TenantID != in.ID) {
			p = nil
		}
		return err
	})
	return p, err
}

// A TenantPropertyUpdate names the fields to set; nil leaves a field as it is.
type TenantPropertyUpdate struct {
	Value       string
	DataType    *string
	Description *string
	IsPassword  *bool
}

// SetTenantProperty adds or changes the property of that name of the tenant.
func (a *Accounts) SetTenantProperty(ctx context.Context, by *auth.Principal, in auth.Tenant, name string, u TenantPropertyUpdate) (id int64, err error) {
	if err := CheckName("name", name, 255); err != nil {
		return 0, err
	}
	s := tenantSettingNamed(in.Type, name)
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		now, ok, err := a.TenantIn(tx, in.Type, in.ID)
		if err != nil || !ok {
			return cmp.Or(err, errTenantGone)
		}
		p, err := tenantPropertyByName.Get(tx, store.Key(int64(in.Type), in.ID, name))
		if err != nil {
			return err
		}
		if p == nil {
			p = &TenantProperty{Type: in.Type, TenantID: in.ID, Name: name, DataType: "STRING", Created: a.Now()}
			if s != nil {
				p.DataType = s.dataType
			}
		}
		if err := s.mayChange(by, now, p, u); err != nil {
			return err
		}
		id, err = a.putTenantProperty(tx, by, now, s, p, u)
		return err
	})
	return id, err
}

// mayChange: a setting is changed by those whom it admits, in its own type; a password never becomes readable. s is nil for a
// property that nobody reads.
func (s *TenantSetting) mayChange(by *auth.Principal, in auth.Tenant, p *TenantProperty, u TenantPropertyUpdate) error {
	if p.IsPassword && differs(u.IsPassword, true) {
		return auth.Errorf(auth.Immutable, "property %s is a password and stays one", p.Name)
	}
	if s == nil {
		return nil
	}
	if err := s.admits(by, in); err != nil {
		return err
	}
	switch {
	case differs(u.DataType, s.dataType), differs(u.IsPassword, false):
		return auth.Errorf(auth.Immutable, "of property %s nothing but the value changes", p.Name)
	case !s.allows(u.Value):
		return auth.BadField("value", "is not allowed for %s", p.Name)
	}
	return nil
}

func (s *TenantSetting) admits(by *auth.Principal, in auth.Tenant) error {
	v := auth.Update.On(auth.UserObject(in.Type))
	switch {
	case len(s.callers) > 0 && !slices.Contains(s.callers, by.UserType):
		return auth.Errorf(auth.WrongCaller, "property %s is not open to callers of type [%s]", s.name, by.UserType.Caller())
	case (len(s.callers) == 0 || s.signsIn) && !by.May(v, in):
		return auth.Lacks(by, v)
	}
	return nil
}

func (a *Accounts) putTenantProperty(tx store.Tx, by *auth.Principal, in auth.Tenant, s *TenantSetting, p *TenantProperty, u TenantPropertyUpdate) (int64, error) {
	was, hidden := p.Value, p.IsPassword
	p.Value = u.Value
	assign(&p.DataType, u.DataType)
	assign(&p.Description, u.Description)
	assign(&p.IsPassword, u.IsPassword)
	shape := Property{Name: p.Name, Value: p.Value, DataType: p.DataType, Description: p.Description}
	if err := shape.check(); err != nil {
		return 0, err
	}
	happened := tenantPropertyEvent(in, p, hidden || p.IsPassword)
	if s != nil && s.event != nil {
		happened.Name = s.event(p.Value)
	}
	if p.IsPassword { // what will use it opens it; nothing does yet
		var err error
		if p.Value, err = a.Sealer.Seal(fmt.Sprintf("tenant/%d/%d/property/%s", p.Type, p.TenantID, p.Name), secret.Text(p.Value)); err != nil {
			return 0, err
		}
	}
	p.Modified = a.Now()
	put := tenantProperties.Put
	if p.ID == 0 {
		if err := Room(tx, tenantPropertyByName, tenantKey(in.Type, in.ID), maxTenantProperties, "a tenant has at most %d properties"); err != nil {
			return 0, err
		}
		if put, was = tenantProperties.Insert, ""; s != nil {
			was = s.value
		}
	}
	if err := put(tx, p); err != nil {
		return 0, err
	}
	if s != nil && s.changed != nil && was != p.Value {
		if err := s.changed(a, tx, by, in, p.Value); err != nil {
			return 0, err
		}
	}
	happened.Detail["id"] = p.ID
	return p.ID, a.Record(tx, by, in, happened)
}

func tenantPropertyEvent(in auth.Tenant, p *TenantProperty, hidden bool) Happening {
	h := Happening{
		Name: "UPDATE_ENTERPRISE_PROPERTY", Category: OfConfiguration, Message: "property " + p.Name,
		Detail: map[string]any{"name": p.Name, "id": p.ID},
	}
	if in.Type == auth.MSP {
		h.Name = "UPDATE_ENTERPRISE_PROXY_PROPERTY"
	}
	if !hidden {
		h.Detail["value"] = p.Value
	}
	return h
}
