package account

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A Property is a system property. Of the predefined ones only what was set is stored; their defaults live in code.
type Property struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Value        string    `json:"value"`
	DefaultValue string    `json:"defaultValue,omitempty"`
	DataType     string    `json:"dataType"`
	Description  string    `json:"description,omitempty"`
	IsReadOnly   bool      `json:"isReadOnly,omitempty"`
	IsPassword   bool      `json:"isPassword,omitempty"`
	Sealed       bool      `json:"sealed,omitempty"` // in the store: the values of a password
	Created      time.Time `json:"created,omitzero"`
	Modified     time.Time `json:"modified,omitzero"`

	lost bool // a value could not be unsealed
}

// firstOwn is the number of the first property that is not predefined.
const firstOwn = 1001

var (
	properties     = store.NewCollection("property", func(p *Property) *int64 { return &p.ID }).First(firstOwn).Remember(64, nil)
	propertyByName = properties.Unique("name", func(p *Property) []byte { return store.Key(p.Name) })
)

// Properties answers all properties whose name begins with the prefix, ordered by name.
func (a *Accounts) Properties(ctx context.Context, prefix string) ([]*Property, error) {
	list := []*Property{}
	err := a.Store.View(ctx, func(tx store.Tx) error {
		for _, s := range settings {
			p, err := a.property(tx, s.id)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return properties.Scan(tx, firstOwn-1, func(p *Property) (bool, error) {
			list = append(list, p)
			return true, nil
		})
	})
	list = slices.DeleteFunc(list, func(p *Property) bool { return !strings.HasPrefix(p.Name, prefix) })
	slices.SortFunc(list, func(p, q *Property) int { return strings.Compare(p.Name, q.Name) })
	return list, err
}

// Property answers one property by number, or else by name; nil when there is none.
func (a *Accounts) Property(ctx context.Context, id int64, name string) (p *Property, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		p, err = a.findProperty(tx, id, name)
		return err
	})
	return p, err
}

func (a *Accounts) findProperty(tx store.Tx, id int64, name string) (*Property, error) {
	if id != 0 {
		return a.property(tx, id)
	}
	if s := settingNamed(name); s != nil {
		return a.property(tx, s.id)
	}
	p, err := propertyByName.Get(tx, store.Key(name))
	return a.shown(p, err)
}

// property answers what is stored under the number, or the predefined property as it ships.
func (a *Accounts) property(tx store.Tx, id int64) (*Property, error) {
	p, err := a.shown(properties.Get(tx, id))
	if p != nil || err != nil {
		return p, err
	}
	s := settingNumbered(id)
	if s == nil {
		return nil, nil
	}
	value := a.defaultOf(s)
	return &Property{
		ID: s.id, Name: s.name, Value: value, DefaultValue: value, DataType: s.dataType, Description: s.doc,
		IsReadOnly: s.readOnly, IsPassword: s.password,
	}, nil
}

// A PropertyUpdate names the fields to set; nil leaves a field as it is.
type PropertyUpdate struct {
	Name         *string
	Value        *string
	DefaultValue *string
	DataType     *string
	Description  *string
	IsReadOnly   *bool
	IsPassword   *bool
}

// InsertProperty adds a property of the operator's own. A taken name is a Conflict.
func (a *Accounts) InsertProperty(ctx context.Context, by *auth.Principal, u PropertyUpdate) (id int64, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		taken, err := a.findProperty(tx, 0, *u.Name)
		if err != nil {
			return err
		}
		if taken != nil {
			return auth.Errorf(auth.Conflict, "a system property named %s exists", *u.Name)
		}
		id, err = a.newProperty(tx, by, u)
		return err
	})
	return id, err
}

// SetProperty adds or changes the property of that name.
func (a *Accounts) SetProperty(ctx context.Context, by *auth.Principal, u PropertyUpdate) (id int64, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		p, err := a.findProperty(tx, 0, *u.Name)
		if err != nil {
			return err
		}
		if p == nil {
			id, err = a.newProperty(tx, by, u)
			return err
		}
		id = p.ID
		return a.changeProperty(tx, by, p, u)
	})
	return id, err
}

// UpdateProperty changes the property with that number or name; rows is 0 when there is none.
func (a *Accounts) UpdateProperty(ctx context.Context, by *auth.Principal, id int64, name string, u PropertyUpdate) (rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		rows = 0
		p, err := a.findProperty(tx, id, name)
		if p == nil || err != nil {
			return err
		}
		rows = 1
		return a.changeProperty(tx, by, p, u)
	})
	return rows, err
}

// DeleteProperty removes the property with that number or name; of a predefined one what was set, so that its default acts
// again. rows is 0 when there is none, or nothing was set. It is refused like a change.
func (a *Accounts) DeleteProperty(ctx context.Context, by *auth.Principal, id int64, name string) (deleted int64, rows int, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		deleted, rows = 0, 0
		p, err := a.findProperty(tx, id, name)
		if p == nil || err != nil {
			return err
		}
		if err := a.mayChange(tx, by, p, PropertyUpdate{}); err != nil {
			return err
		}
		if was, err := properties.Delete(tx, p.ID); !was || err != nil {
			return err
		}
		deleted, rows = p.ID, 1
		left, err := a.property(tx, p.ID)
		if err != nil {
			return err
		}
		if left != nil {
			if err := a.settle(tx, by, left, p.Value); err != nil {
				return err
			}
		}
		return a.propertyEvent(tx, by, "DELETE_SYSTEM_PROPERTY", p, left)
	})
	return deleted, rows, err
}

func (a *Accounts) newProperty(tx store.Tx, by *auth.Principal, u PropertyUpdate) (int64, error) {
	p := &Property{DataType: "STRING", Created: a.Now()}
	p.set(u)
	if err := p.check(); err != nil {
		return 0, err
	}
	p.Modified = p.Created
	if err := properties.Insert(tx, p); err != nil { // gives the number, which sealing needs; replaced in the same breath
		return 0, err
	}
	if err := a.putProperty(tx, p); err != nil {
		return 0, err
	}
	return p.ID, a.propertyEvent(tx, by, "CREATE_SYSTEM_PROPERTY", p, p)
}

func (a *Accounts) changeProperty(tx store.Tx, by *auth.Principal, p *Property, u PropertyUpdate) error {
	was := *p
	if err := a.mayChange(tx, by, p, u); err != nil {
		return err
	}
	if p.lost && u.Value == nil { // what is lost is not overwritten by the way
		return auth.Errorf(auth.Conflict, "the value of system property %s cannot be unsealed: set another one", p.Name)
	}
	p.set(u)
	if err := p.check(); err != nil {
		return err
	}
	p.Modified = a.Now()
	if p.Created.IsZero() {
		p.Created = p.Modified
	}
	if err := a.putProperty(tx, p); err != nil {
		return err
	}
	if err := a.settle(tx, by, p, was.Value); err != nil {
		return err
	}
	return a.propertyEvent(tx, by, "UPDATE_SYSTEM_PROPERTY", &was, p)
}

// settle does what follows from another value of a predefined property than it had.
func (a *Accounts) settle(tx store.Tx, by *auth.Principal, p *Property, was string) error {
	s := settingNumbered(p.ID)
	if s == nil || was == p.Value {
		return nil
	}
	if s.changed != nil {
		if err := s.changed(a, tx, by, auth.Network(), p.Value); err != nil {
			return err
		}
	}
	if s.left != nil && was != "" {
		return s.left(a, tx, by)
	}
	return nil
}

// mayChange: of a predefined property only the value changes; one of the operator's own that is read-only must first be
// made writable; what is a password never becomes readable.
func (a *Accounts) mayChange(tx store.Tx, by *auth.Principal, p *Property, u PropertyUpdate) error {
	s := settingNumbered(p.ID)
	switch {
	case s != nil && s.readOnly:
		return auth.Errorf(auth.Immutable, "system property %s is read-only", p.Name)
	case s != nil && (differs(u.Name, p.Name) || differs(u.DataType, s.dataType) || differs(u.IsPassword, s.password) ||
		differs(u.IsReadOnly, s.readOnly) || differs(u.DefaultValue, p.DefaultValue)):
		return auth.Errorf(auth.Immutable, "of system property %s nothing but the value changes", p.Name)
	case s != nil && s.restricted && !by.Role.Grants(auth.EditRestricted):
		return auth.Lacks(by, auth.EditRestricted)
	case s != nil && u.Value != nil && !s.allows(*u.Value):
		return auth.BadField("value", "is not allowed for %s: %s", p.Name, s.doc)
	case p.IsReadOnly && !(u.IsReadOnly != nil && !*u.IsReadOnly):
		return auth.Errorf(auth.Immutable, "system property %s is read-only", p.Name)
	case p.IsPassword && differs(u.IsPassword, true):
		return auth.Errorf(auth.Immutable, "system property %s is a password and stays one", p.Name)
	}
	if !differs(u.Name, p.Name) {
		return nil
	}
	other, err := a.findProperty(tx, 0, *u.Name)
	if err == nil && other != nil {
		err = auth.Errorf(auth.Conflict, "a system property named %s exists", *u.Name)
	}
	return err
}

func differs[T comparable](named *T, is T) bool { return named != nil && *named != is }

func (p *Property) set(u PropertyUpdate) {
	assign(&p.Name, u.Name)
	assign(&p.Value, u.Value)
	assign(&p.DefaultValue, u.DefaultValue)
	assign(&p.DataType, u.DataType)
	assign(&p.Description, u.Description)
	assign(&p.IsReadOnly, u.IsReadOnly)
	assign(&p.IsPassword, u.IsPassword)
}

func assign[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

var dataTypes = map[string]func(string) bool{
	"STRING":   func(string) bool { return true },
	"NUMBER":   isNumber,
	"BOOLEAN":  func(s string) bool { _, ok := parseBool(s); return ok },
	"JSON":     func(s string) bool { return json.Valid([]byte(s)) },
	"DATE":     func(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil },
	"DATETIME": func(s string) bool { _, err := time.Parse(time.RFC3339, s); return err == nil },
}

// isNumber takes a JSON number: no NaN, no infinity, no hexadecimal.
func isNumber(s string) bool {
	var n json.Number
	return json.Unmarshal([]byte(s), &n) == nil && n.String() == s // not in quotes, and nothing around it
}

func (p *Property) check() error {
	if err := checkLength("name", p.Name, 1, 255); err != nil {
		return err
	}
	if err := checkLength("value", p.Value, 0, 16<<10); err != nil {
		return err
	}
	if err := checkLength("defaultValue", p.DefaultValue, 0, 16<<10); err != nil {
		return err
	}
	if err := checkLength("description", p.Description, 0, 1024); err != nil {
		return err
	}
	valid, ok := dataTypes[p.DataType]
	if !ok {
		return auth.BadField("dataType", "%q is not a data type", p.DataType)
	}
	if p.DefaultValue != "" && !valid(p.DefaultValue) {
		return auth.BadField("defaultValue", "is not of type %s", p.DataType)
	}
	if !valid(p.Value) {
		return auth.BadField("value", "is not of type %s", p.DataType)
	}
	return nil
}

// propertyEvent tells the name and, unless it is or was a secret, the value that there is now; is is nil when there is none.
func (a *Accounts) propertyEvent(tx store.Tx, by *auth.Principal, name string, was, is *Property) error {
	p := cmp.Or(is, was)
	detail := map[string]any{"name": p.Name, "id": p.ID}
	if is != nil && !is.IsPassword && !was.IsPassword {
		detail["value"] = is.Value
	}
	return a.Record(tx, by, auth.Network(), Happening{
		Name: name, Category: OfConfiguration, Message: "system property " + p.Name, Detail: detail,
	})
}
