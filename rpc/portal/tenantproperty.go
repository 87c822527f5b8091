package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) tenantPropertyRows() []rpc.Method {
	read, update := auth.All(auth.Read.On(auth.ProxyObject)), auth.All(auth.Update.On(auth.ProxyObject))
	return []rpc.Method{
		{Name: "enterprise/getEnterpriseProperty", Doc: "Gets a property of an enterprise by number or name, or null.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)), Do: rpc.Func(p.getEnterpriseProperty)},
		{Name: "enterprise/insertOrUpdateEnterpriseProperty", Doc: "Sets a property of an enterprise; it acts with the next call.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseObject)).Whole(), Do: rpc.Func(p.insertOrUpdateEnterpriseProperty)},
		{Name: "enterpriseProxy/getEnterpriseProxyProperty", Doc: "Gets a property of a partner by number or name, or null.",
			Rule: read.Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxyProperty)},
		{Name: "enterpriseProxy/insertOrUpdateEnterpriseProxyProperty", Doc: "Sets a property of a partner; it acts with the next call.",
			Rule: update.Callers(auth.Operator, auth.MSP).Whole(), Do: rpc.Func(p.insertOrUpdateEnterpriseProxyProperty)},
	}
}

// TenantProperty is what the published properties of enterprises and partners have in common. The value of one that is a
// password is null.
type TenantProperty struct {
	ID          rpc.ID   `json:"id"`
	Created     rpc.Time `json:"created"`
	Name        string   `json:"name"`
	Value       *string  `json:"value"`
	IsPassword  bool     `json:"isPassword"`
	DataType    string   `json:"dataType" enum:"STRING|NUMBER|BOOLEAN|JSON|DATE|DATETIME"`
	Description *string  `json:"description"`
	Modified    rpc.Time `json:"modified"`
}

func tenantProperty(p *account.TenantProperty) TenantProperty {
	out := TenantProperty{
		ID: rpc.ID(p.ID), Created: rpc.At(p.Created), Name: p.Name, IsPassword: p.IsPassword, DataType: p.DataType,
		Description: text(p.Description), Modified: rpc.At(p.Modified),
	}
	if !p.IsPassword {
		out.Value = &p.Value
	}
	return out
}

// EnterpriseProperty is the published one.
type EnterpriseProperty struct {
	TenantProperty
	EnterpriseID rpc.ID `json:"enterpriseId"`
}

func enterpriseProperty(p *account.TenantProperty) *EnterpriseProperty {
	if p == nil {
		return nil
	}
	return &EnterpriseProperty{tenantProperty(p), rpc.ID(p.TenantID)}
}

// EnterpriseProxyProperty is the published one.
type EnterpriseProxyProperty struct {
	TenantProperty
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
}

func enterpriseProxyProperty(p *account.TenantProperty) *EnterpriseProxyProperty {
	if p == nil {
		return nil
	}
	return &EnterpriseProxyProperty{tenantProperty(p), rpc.ID(p.TenantID)}
}

// GetEnterpriseProperty is the params of enterprise/getEnterpriseProperty. Clients call it with nothing to find out who
// they are: that names no property, and is no mistake.
type GetEnterpriseProperty struct {
	rpc.InEnterprise
	OneProperty
}

func (p Portal) getEnterpriseProperty(ctx context.Context, _ *auth.Principal, in GetEnterpriseProperty) (*EnterpriseProperty, error) {
	found, err := p.accounts.TenantProperty(ctx, in.Tenant, int64(in.ID), in.Name)
	return enterpriseProperty(found), err
}

// GetEnterpriseProxyProperty is the params of enterpriseProxy/getEnterpriseProxyProperty.
type GetEnterpriseProxyProperty struct {
	rpc.InProxy
	OneProperty
}

func (p Portal) getEnterpriseProxyProperty(ctx context.Context, _ *auth.Principal, in GetEnterpriseProxyProperty) (*EnterpriseProxyProperty, error) {
	found, err := p.accounts.TenantProperty(ctx, in.Tenant, int64(in.ID), in.Name)
	return enterpriseProxyProperty(found), err
}

// NewTenantProperty names what is set.
type NewTenantProperty struct {
	Name        string    `json:"name" rpc:"required"`
	Value       string    `json:"value" rpc:"required"`
	DataType    *string   `json:"dataType" enum:"STRING|NUMBER|BOOLEAN|JSON|DATE|DATETIME"`
	Description *string   `json:"description"`
	IsPassword  *rpc.Bool `json:"isPassword"`
}

func (p Portal) setTenantProperty(ctx context.Context, by *auth.Principal, in auth.Tenant, n NewTenantProperty) (Inserted, error) {
	id, err := p.accounts.SetTenantProperty(ctx, by, in, n.Name, account.TenantPropertyUpdate{
		Value: n.Value, DataType: n.DataType, Description: n.Description, IsPassword: flag(n.IsPassword),
	})
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}

// SetEnterpriseProperty is the params of enterprise/insertOrUpdateEnterpriseProperty.
type SetEnterpriseProperty struct {
	rpc.InEnterprise
	NewTenantProperty
}

func (p Portal) insertOrUpdateEnterpriseProperty(ctx context.Context, by *auth.Principal, in SetEnterpriseProperty) (Inserted, error) {
	return p.setTenantProperty(ctx, by, in.Tenant, in.NewTenantProperty)
}

// SetEnterpriseProxyProperty is the params of enterpriseProxy/insertOrUpdateEnterpriseProxyProperty.
type SetEnterpriseProxyProperty struct {
	rpc.InProxy
	NewTenantProperty
}

func (p Portal) insertOrUpdateEnterpriseProxyProperty(ctx context.Context, by *auth.Principal, in SetEnterpriseProxyProperty) (Inserted, error) {
	return p.setTenantProperty(ctx, by, in.Tenant, in.NewTenantProperty)
}
