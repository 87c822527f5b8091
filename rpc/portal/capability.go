package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) capabilityRows() []rpc.Method {
	return []rpc.Method{
		{Name: "enterprise/getEnterpriseCapabilities", Doc: "Says of each capability whether the enterprise has it.",
			Rule: auth.All(auth.Read.On(auth.EnterpriseObject)), Do: rpc.Func(p.getEnterpriseCapabilities)},
		{Name: "enterprise/insertOrUpdateEnterpriseCapability", Doc: "Gives an enterprise a capability, or takes it; that acts with the next call.",
			Rule: auth.All(auth.Update.On(auth.EnterpriseObject)).Callers(auth.Operator).Whole(), Do: rpc.Func(p.setEnterpriseCapability)},
		{Name: "enterpriseProxy/getEnterpriseProxyCapabilities", Doc: "Says of each capability whether the partner has it.",
			Rule: auth.All(auth.Read.On(auth.ProxyObject)).Callers(auth.Operator, auth.MSP), Do: rpc.Func(p.getEnterpriseProxyCapabilities)},
		{Name: "enterpriseProxy/insertOrUpdateEnterpriseProxyCapability", Doc: "Gives a partner a capability, or takes it; that acts with the next call.",
			Rule: auth.All(auth.Update.On(auth.ProxyObject)).Callers(auth.Operator).Whole(), Do: rpc.Func(p.setEnterpriseProxyCapability)},
	}
}

// EnterpriseCapabilities says what an enterprise is able to do.
type EnterpriseCapabilities map[account.Capability]bool

// Schema names each.
func (EnterpriseCapabilities) Schema(bool) rpc.Schema { return capabilitiesSchema(auth.Enterprise) }

// EnterpriseProxyCapabilities says what a partner is able to do.
type EnterpriseProxyCapabilities map[account.Capability]bool

// Schema names each.
func (EnterpriseProxyCapabilities) Schema(bool) rpc.Schema { return capabilitiesSchema(auth.MSP) }

func capabilitiesSchema(t auth.UserType) rpc.Schema {
	props, names := rpc.Schema{}, []string{}
	for _, c := range account.CapabilitiesOf(t) {
		props[string(c)] = rpc.Schema{"type": "boolean"}
		names = append(names, string(c))
	}
	return rpc.Schema{"type": "object", "properties": props, "required": names}
}

func (p Portal) getEnterpriseCapabilities(ctx context.Context, _ *auth.Principal, in rpc.InEnterprise) (EnterpriseCapabilities, error) {
	has, err := p.accounts.Capabilities(ctx, in.Tenant)
	return has, err
}

func (p Portal) getEnterpriseProxyCapabilities(ctx context.Context, _ *auth.Principal, in rpc.InProxy) (EnterpriseProxyCapabilities, error) {
	has, err := p.accounts.Capabilities(ctx, in.Tenant)
	return has, err
}

// The published setter spells one name otherwise than the getter does; both are taken.
const checkpoint, checkPoint = "edgeVnfs.securityVnf.checkpoint", "edgeVnfs.securityVnf.checkPoint"

// EnterpriseCapability is the name of a capability of enterprises.
type EnterpriseCapability string

// Schema lists the names.
func (EnterpriseCapability) Schema(bool) rpc.Schema {
	return capabilityNames(auth.Enterprise, checkPoint)
}

// EnterpriseProxyCapability is the name of a capability of partners.
type EnterpriseProxyCapability string

// Schema lists the names.
func (EnterpriseProxyCapability) Schema(bool) rpc.Schema { return capabilityNames(auth.MSP) }

func capabilityNames(t auth.UserType, more ...any) rpc.Schema {
	for _, c := range account.CapabilitiesOf(t) {
		more = append(more, string(c))
	}
	return rpc.Schema{"type": "string", "enum": more}
}

// SetEnterpriseCapability is the params of enterprise/insertOrUpdateEnterpriseCapability.
type SetEnterpriseCapability struct {
	rpc.InEnterprise
	Name  EnterpriseCapability `json:"name" rpc:"required"`
	Value *rpc.Bool            `json:"value" rpc:"required"`
}

func (p Portal) setEnterpriseCapability(ctx context.Context, by *auth.Principal, in SetEnterpriseCapability) (Inserted, error) {
	name := account.Capability(in.Name)
	if name == checkPoint {
		name = checkpoint
	}
	return p.setCapability(ctx, by, in.Tenant, name, in.Value)
}

// SetEnterpriseProxyCapability is the params of enterpriseProxy/insertOrUpdateEnterpriseProxyCapability.
type SetEnterpriseProxyCapability struct {
	rpc.InProxy
	Name  EnterpriseProxyCapability `json:"name" rpc:"required"`
	Value *rpc.Bool                 `json:"value" rpc:"required"`
}

func (p Portal) setEnterpriseProxyCapability(ctx context.Context, by *auth.Principal, in SetEnterpriseProxyCapability) (Inserted, error) {
	return p.setCapability(ctx, by, in.Tenant, account.Capability(in.Name), in.Value)
}

func (p Portal) setCapability(ctx context.Context, by *auth.Principal, in auth.Tenant, c account.Capability, on *rpc.Bool) (Inserted, error) {
	id, err := p.accounts.SetCapability(ctx, by, in, c, is(on, false))
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}
