package account

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// PartnerFields are what callers may set of a partner besides its name. Nil is unset, or not named in an update; so is a
// Domain or a ProxyType without a letter, for both have a default.
type PartnerFields struct {
	Contact
	Domain          *string
	ProxyType       *string
	OperateGateways *bool
}

// A NewPartner is what InsertPartner makes.
type NewPartner struct {
	Name      string
	Fields    PartnerFields
	Delegated auth.Delegation
	Admin     *NewUser // the first superuser, optional
}

// InsertPartner adds a partner, with its first admin if one is given: both or neither. A taken name or username is a
// Conflict.
func (a *Accounts) InsertPartner(ctx context.Context, by *auth.Principal, n NewPartner) (p *Partner, err error) {
	logical, err := uuid.NewRandomFromReader(a.random)
	if err != nil {
		return nil, err
	}
	draft := Partner{
		Name: n.Name, LogicalID: logical.String(), Domain: slug(n.Name), Delegated: n.Delegated, Created: a.Now(), Modified: a.Now(),
	}
	draft.set(n.Fields)
	if err := draft.check(); err != nil {
		return nil, err
	}
	err = a.found(ctx, by, founding{
		of: auth.MSP, off: NoNewPartners, role: auth.MSPSuperuser, admin: n.Admin,
		insert: func(tx store.Tx) (auth.Tenant, error) {
			made := draft
			p = &made
			err := a.addPartner(tx, by, p)
			return p.tenant(), err
		},
	})
	return p, err
}

func (a *Accounts) addPartner(tx store.Tx, by *auth.Principal, p *Partner) error {
	if err := taken(partners.Insert(tx, p), "a partner named %s exists", p.Name); err != nil {
		return err
	}
	return a.Record(tx, by, p.tenant(), Happening{
		Name: "CREATE_ENTERPRISE_PROXY", Category: OfEnterprise, Message: "partner " + p.Name,
		Detail: map[string]any{"enterpriseProxyId": p.ID, "name": p.Name, "delegated": Consents(p.Delegated)},
	})
}

// ofOperators is what a partner does not grant itself.
var ofOperators = []string{"proxyType", "operateGateways"}

// UpdatePartner changes the named fields of the tenant's partner. What kind of partner it is, and whether it may manage
// gateways, is for operators to say.
func (a *Accounts) UpdatePartner(ctx context.Context, by *auth.Principal, in auth.Tenant, name *string, f PartnerFields) (p *Partner, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		if p, err = partners.Get(tx, in.ID); err != nil || p == nil {
			return err
		}
		if err := auth.All(auth.Update.On(auth.ProxyObject)).Allows(by, p.tenant()); err != nil {
			return err
		}
		changed := append(p.set(f), set("name", &p.Name, name)...)
		for _, field := range ofOperators {
			if by.UserType != auth.Operator && slices.Contains(changed, field) {
				return auth.Errorf(auth.Forbidden, "the privilege to change %s is an operator's in method [%s]", field, by.Method)
			}
		}
		if err := p.check(); err != nil {
			return err
		}
		if len(changed) == 0 {
			return nil
		}
		p.Modified = a.Now()
		if err := taken(partners.Put(tx, p), "a partner named %s exists", p.Name); err != nil {
			return err
		}
		return a.Record(tx, by, p.tenant(), Happening{
			Name: "UPDATE_ENTERPRISE_PROXY", Category: OfEnterprise, Message: "partner " + p.Name,
			Detail: map[string]any{"enterpriseProxyId": p.ID, "changed": changed},
		})
	})
	return p, err
}

// set sets the named fields and answers the names of those that changed.
func (p *Partner) set(f PartnerFields) []string {
	p.ProxyType = p.Kind()
	return slices.Concat(
		patch(&p.Fields, &f.Contact),
		set("domain", &p.Domain, filled(f.Domain)),
		set("proxyType", &p.ProxyType, filled(f.ProxyType)),
		set("operateGateways", &p.OperateGateways, f.OperateGateways),
	)
}

// filled is a text that was named, or nil for an empty one.
func filled(s *string) *string {
	if value(s) == "" {
		return nil
	}
	return s
}

func (p *Partner) check() error {
	if err := CheckName("name", p.Name, 255); err != nil {
		return err
	}
	if err := checkDomain(p.Domain); err != nil {
		return err
	}
	return eachText(&p.Fields, func(name, text string) error { return checkLength(name, text, 0, 255) })
}

// checkDomain takes what a host name is made of. A tenant whose name has nothing of that has no domain.
func checkDomain(s string) error {
	if strings.ContainsFunc(fold(s), func(r rune) bool { return !alphanumeric(r) && r != '-' && r != '.' }) {
		return auth.BadField("domain", "has other characters than letters, digits, dashes and dots")
	}
	return checkLength("domain", s, 0, 255)
}
