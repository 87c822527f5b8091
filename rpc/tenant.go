package rpc

import (
	"context"
	"fmt"
	"reflect"

	"github.com/portico-vco/portico/auth"
)

// Params that embed InEnterprise are those of a method on one enterprise. The dispatcher has found the tenant, has made
// sure that the caller sees it and that the row's rule allows him to act in it, and has filled in Tenant and
// EnterpriseID, before the method runs.
//
// Callers of an enterprise need not give the id; all others must.
type InEnterprise struct {
	EnterpriseID ID          `json:"enterpriseId" doc:"The enterprise; callers of an enterprise may leave it out."`
	Tenant       auth.Tenant `json:"-"`
}

// InEnterpriseOrID is InEnterprise for the methods whose published params spell the enterprise's id as id too.
type InEnterpriseOrID struct {
	InEnterprise
	ID ID `json:"id" doc:"The enterprise, the same as enterpriseId."`
}

// InProxy is the same for a partner: MSP callers need not give the id.
type InProxy struct {
	EnterpriseProxyID ID          `json:"enterpriseProxyId" doc:"The partner; callers of a partner may leave it out."`
	Tenant            auth.Tenant `json:"-"`
}

// InProxyOrID is InProxy for the methods whose published params spell the partner's id as id too.
type InProxyOrID struct {
	InProxy
	ID ID `json:"id" doc:"The partner, the same as enterpriseProxyId."`
}

// InNetwork is the same for the network. There is one, so nobody needs to give its id.
type InNetwork struct {
	NetworkID ID          `json:"networkId" doc:"The network; there is only network 1."`
	Tenant    auth.Tenant `json:"-"`
}

// InOrganisation is the same for a tenant of any kind. Without an id it is the caller's own.
type InOrganisation struct {
	EnterpriseID      ID          `json:"enterpriseId" doc:"The enterprise, if it is not the caller's own organisation."`
	EnterpriseProxyID ID          `json:"enterpriseProxyId" doc:"The partner, if it is not the caller's own organisation."`
	Tenant            auth.Tenant `json:"-"`
}

// A scope is the kind of tenant that params name. The zero scope is none.
type scope struct {
	of    auth.UserType
	param string
}

// A scoped is a pointer to params with a tenant: the types above, and what embeds one of them.
type scoped interface {
	scope() scope
	given() (id ID, agreed bool)
	settle(auth.Tenant)
}

func (*InEnterprise) scope() scope        { return scope{auth.Enterprise, "enterpriseId"} }
func (p *InEnterprise) given() (ID, bool) { return p.EnterpriseID, true }
func (p *InEnterprise) settle(t auth.Tenant) {
	p.Tenant, p.EnterpriseID = t, ID(t.ID)
}

func (p *InEnterpriseOrID) given() (ID, bool) { return either(p.ID, p.EnterpriseID) }

// either is the id that was given under one of two names, or under both if they agree.
func either(a, b ID) (id ID, agreed bool) {
	if a == 0 || b == 0 {
		return a + b, true
	}
	return a, a == b
}

func (p *InEnterpriseOrID) settle(t auth.Tenant) {
	p.InEnterprise.settle(t)
	p.ID = ID(t.ID)
}

func (*InProxy) scope() scope        { return scope{auth.MSP, "enterpriseProxyId"} }
func (p *InProxy) given() (ID, bool) { return p.EnterpriseProxyID, true }
func (p *InProxy) settle(t auth.Tenant) {
	p.Tenant, p.EnterpriseProxyID = t, ID(t.ID)
}

func (p *InProxyOrID) given() (ID, bool) { return either(p.ID, p.EnterpriseProxyID) }

func (p *InProxyOrID) settle(t auth.Tenant) {
	p.InProxy.settle(t)
	p.ID = ID(t.ID)
}

func (*InNetwork) scope() scope        { return scope{auth.Operator, "networkId"} }
func (p *InNetwork) given() (ID, bool) { return p.NetworkID, true }
func (p *InNetwork) settle(t auth.Tenant) {
	p.Tenant, p.NetworkID = t, ID(t.ID)
}

// scope is that of the id which was given; of none, the caller's own.
func (p *InOrganisation) scope() scope {
	if p.EnterpriseProxyID != 0 {
		return scope{auth.MSP, "enterpriseProxyId"}
	}
	if p.EnterpriseID != 0 {
		return scope{auth.Enterprise, "enterpriseId"}
	}
	return scope{auth.NoType, "enterpriseId"}
}
func (p *InOrganisation) given() (ID, bool) {
	return p.EnterpriseID + p.EnterpriseProxyID, p.EnterpriseID == 0 || p.EnterpriseProxyID == 0
}
func (p *InOrganisation) settle(t auth.Tenant) { p.Tenant = t }

// scopeOf tells what tenant params of type t name. Two tenants, or one behind a name, are a mistake.
func scopeOf(t reflect.Type) (scope, error) {
	n := countScopes(t)
	s, ok := reflect.New(t).Interface().(scoped)
	switch {
	case n == 0:
		return scope{}, nil
	case n > 1 || !ok:
		return scope{}, fmt.Errorf("%v names more than one tenant", t)
	}
	return s.scope(), nil
}

var scopes = map[reflect.Type]bool{
	reflect.TypeFor[InEnterprise]():   true,
	reflect.TypeFor[InProxy]():        true,
	reflect.TypeFor[InNetwork]():      true,
	reflect.TypeFor[InOrganisation](): true,
}

func countScopes(t reflect.Type) (n int) {
	if scopes[t] {
		return 1
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type.Kind() == reflect.Struct {
			n += countScopes(f.Type)
		}
	}
	return n
}

// enter finds the tenant that params name, sees to it that the caller may act there, and writes it into the params.
// A tenant that is missing, unknown or foreign gets one answer: a stranger learns nothing.
func (s *Server) enter(ctx context.Context, r *row, by *auth.Principal, in scoped) error {
	t, ok, err := s.tenant(ctx, in.scope(), by, in)
	if err != nil {
		return err
	}
	if !ok || !by.Sees(t) {
		return auth.NoTenant(by, in.scope().param)
	}
	if err := r.Rule.Allows(by, t); err != nil {
		return err
	}
	in.settle(t)
	return nil
}

func (s *Server) tenant(ctx context.Context, sc scope, by *auth.Principal, in scoped) (auth.Tenant, bool, error) {
	id, agreed := in.given()
	if sc.of == auth.NoType {
		sc.of = by.UserType
	}
	if id == 0 && by.Type != auth.Nobody && by.UserType == sc.of {
		id = ID(by.TenantID())
	}
	if sc.of == auth.Operator {
		return auth.Network(), agreed && (id == 0 || id == auth.NetworkID), nil
	}
	if !agreed || id <= 0 {
		return auth.Tenant{}, false, nil
	}
	return s.o.Authority.Tenant(ctx, sc.of, int64(id))
}
