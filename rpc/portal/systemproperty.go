package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

const updateSystemProperty = "systemProperty/updateSystemProperty"

func (p Portal) propertyRows() []rpc.Method {
	read := auth.All(auth.Read.On(auth.SystemProperty)).Callers(auth.Operator)
	create := auth.All(auth.Create.On(auth.SystemProperty)).Callers(auth.Operator)
	return []rpc.Method{
		{Name: "systemProperty/getSystemProperties", Doc: "Lists the system properties, ordered by name; normalized, as one object of names and values.",
			Rule: read, Do: rpc.Func(p.getSystemProperties)},
		{Name: "systemProperty/getSystemProperty", Doc: "Gets a system property by number or name, or null.",
			Rule: read, Do: rpc.Func(p.getSystemProperty)},
		{Name: "systemProperty/insertSystemProperty", Doc: "Creates a system property.",
			Rule: create, Do: rpc.Func(p.insertSystemProperty)},
		{Name: "systemProperty/insertOrUpdateSystemProperty", Doc: "Creates a system property, or changes the one of that name.",
			Rule: create, Do: rpc.Func(p.insertOrUpdateSystemProperty)},
		{Name: updateSystemProperty, Doc: "Changes the named fields of a system property; it acts with the next call.",
			Rule: auth.All(auth.Update.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.updateSystemProperty)},
		{Name: "systemProperty/deleteSystemProperty", Doc: "Deletes a system property; of one that ships what was set, so that its default acts again.",
			Rule: auth.All(auth.Delete.On(auth.SystemProperty)).Callers(auth.Operator), Do: rpc.Func(p.deleteSystemProperty)},
	}
}

// SystemProperty is the published system property. The value of one that is a password is null.
type SystemProperty struct {
	ID           rpc.ID   `json:"id"`
	Created      rpc.Time `json:"created"`
	Name         string   `json:"name"`
	Value        *string  `json:"value"`
	DefaultValue *string  `json:"defaultValue"`
	IsReadOnly   bool     `json:"isReadOnly"`
	IsPassword   bool     `json:"isPassword"`
	DataType     string   `json:"dataType" enum:"STRING|NUMBER|BOOLEAN|JSON|DATE|DATETIME"`
	Description  *string  `json:"description"`
	Modified     rpc.Time `json:"modified"`
}

func systemProperty(p *account.Property) SystemProperty {
	out := SystemProperty{
		ID: rpc.ID(p.ID), Created: rpc.At(p.Created), Name: p.Name, IsReadOnly: p.IsReadOnly, IsPassword: p.IsPassword,
		DataType: p.DataType, Description: text(p.Description), Modified: rpc.At(p.Modified),
	}
	if !p.IsPassword {
		out.Value, out.DefaultValue = &p.Value, text(p.DefaultValue)
	}
	return out
}

// GetSystemProperties is the params of systemProperty/getSystemProperties.
type GetSystemProperties struct {
	Group     string   `json:"group" doc:"Only properties whose name begins with it."`
	Normalize rpc.Bool `json:"normalize" doc:"Answer one object: name to value."`
}

func (p Portal) getSystemProperties(ctx context.Context, _ *auth.Principal, in GetSystemProperties) (out Either[[]SystemProperty, map[string]*string], err error) {
	list, err := p.accounts.Properties(ctx, in.Group)
	out.A = make([]SystemProperty, len(list))
	values := make(map[string]*string, len(list))
	for i, one := range list {
		out.A[i] = systemProperty(one)
		values[one.Name] = out.A[i].Value
	}
	if in.Normalize {
		out.B = &values
	}
	return out, err
}

// OneProperty names a property by number, or else by name.
type OneProperty struct {
	ID   rpc.ID `json:"id"`
	Name string `json:"name"`
}

func (o OneProperty) check() error {
	if o.ID == 0 && o.Name == "" {
		return auth.BadField("id", "is required, or name")
	}
	return nil
}

func (p Portal) getSystemProperty(ctx context.Context, _ *auth.Principal, in OneProperty) (*SystemProperty, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	found, err := p.accounts.Property(ctx, int64(in.ID), in.Name)
	if err != nil || found == nil {
		return nil, err
	}
	out := systemProperty(found)
	return &out, nil
}

// NewProperty is the params of the inserts.
type NewProperty struct {
	Name  string `json:"name" rpc:"required"`
	Value string `json:"value" rpc:"required"`
	PropertyFields
}

// PropertyFields are the optional ones.
type PropertyFields struct {
	DefaultValue *string   `json:"defaultValue"`
	DataType     *string   `json:"dataType" enum:"STRING|NUMBER|BOOLEAN|JSON|DATE|DATETIME"`
	Description  *string   `json:"description"`
	IsPassword   *rpc.Bool `json:"isPassword"`
	IsReadOnly   *rpc.Bool `json:"isReadOnly"`
}

func (f PropertyFields) account(name, value *string) account.PropertyUpdate {
	return account.PropertyUpdate{
		Name: name, Value: value, DefaultValue: f.DefaultValue, DataType: f.DataType, Description: f.Description,
		IsPassword: flag(f.IsPassword), IsReadOnly: flag(f.IsReadOnly),
	}
}

func (p Portal) insertSystemProperty(ctx context.Context, by *auth.Principal, in NewProperty) (Inserted, error) {
	id, err := p.accounts.InsertProperty(ctx, by, in.PropertyFields.account(&in.Name, &in.Value))
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}

func (p Portal) insertOrUpdateSystemProperty(ctx context.Context, by *auth.Principal, in NewProperty) (Inserted, error) {
	id, err := p.accounts.SetProperty(ctx, by, in.PropertyFields.account(&in.Name, &in.Value))
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}

// UpdateProperty is the params of systemProperty/updateSystemProperty.
type UpdateProperty struct {
	OneProperty
	Update *PropertyUpdate `json:"_update" rpc:"required"`
}

// PropertyUpdate names the fields to set.
type PropertyUpdate struct {
	Name  *string `json:"name"`
	Value *string `json:"value"`
	PropertyFields
}

func (p Portal) updateSystemProperty(ctx context.Context, by *auth.Principal, in UpdateProperty) (Modified, error) {
	if err := in.OneProperty.check(); err != nil {
		return Modified{}, err
	}
	rows, err := p.accounts.UpdateProperty(ctx, by, int64(in.ID), in.OneProperty.Name, in.Update.account(in.Update.Name, in.Update.Value))
	return Modified{Rows: rows}, auth.Within("_update", err)
}

func (p Portal) deleteSystemProperty(ctx context.Context, by *auth.Principal, in OneProperty) (Deleted, error) {
	if err := in.check(); err != nil {
		return Deleted{}, err
	}
	id, rows, err := p.accounts.DeleteProperty(ctx, by, int64(in.ID), in.Name)
	return Deleted{ID: rpc.ID(id), Rows: rows}, err
}
