package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A NewEnterprise is what InsertEnterprise makes.
type NewEnterprise struct {
	Name          string
	AccountNumber string // one is made when none is given
	ProxyID       int64  // the owner; an MSP caller's own partner whatever is said
	Fields        EnterpriseFields
	Terms         Terms
	Delegated     auth.Delegation
	Admin         *NewUser // the first superuser, optional
}

// InsertEnterprise adds an enterprise, with its first admin if one is given: both or neither. The published API has it that
// this admin is a superuser. A name that its owner has used already, or a username taken, is a Conflict.
func (a *Accounts) InsertEnterprise(ctx context.Context, by *auth.Principal, n NewEnterprise) (e *Enterprise, err error) {
	if by.UserType == auth.MSP {
		n.ProxyID = by.ProxyID
	}
	draft, err := a.draftEnterprise(&n)
	if err != nil {
		return nil, err
	}
	err = a.found(ctx, by, n.founding(func(tx store.Tx) (auth.Tenant, error) {
		made := *draft
		e = &made
		err := a.addEnterprise(tx, by, e, nil)
		return e.tenant(), err
	}))
	return e, err
}

func (n *NewEnterprise) founding(insert func(store.Tx) (auth.Tenant, error)) founding {
	return founding{of: auth.Enterprise, off: NoNewEnterprises, role: auth.EnterpriseSuperuser, admin: n.Admin, insert: insert}
}

// draftEnterprise is the enterprise as it will be, but for its number.
func (a *Accounts) draftEnterprise(n *NewEnterprise) (*Enterprise, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	if n.ProxyID == 0 && n.Delegated.Has(auth.ToProxy) {
		return nil, auth.Errorf(auth.Conflict, "an enterprise without a partner cannot be delegated to its partner")
	}
	logical, err := uuid.NewRandomFromReader(a.random)
	if err != nil {
		return nil, err
	}
	draft := &Enterprise{
		ProxyID: n.ProxyID, Name: n.Name, LogicalID: logical.String(), Domain: slug(n.Name),
		AccountNumber: cmp.Or(n.AccountNumber, accountNumber(n.Name, logical)), Delegated: n.Delegated, Terms: n.Terms,
		Created: a.Now(), Modified: a.Now(),
	}
	patch(&draft.Fields, &n.Fields)
	return draft, nil
}

// Check refuses what can be refused without looking at other tenants.
func (n *NewEnterprise) Check() error {
	return cmp.Or(checkEnterprise(n.Name, &n.Fields), checkLength("accountNumber", n.AccountNumber, 0, 255), n.Terms.check())
}

// putEnterprise writes a new enterprise, under the number it has or else under a new one.
func putEnterprise(tx store.Tx, e *Enterprise) error {
	put := enterprises.Insert
	if e.ID != 0 {
		put = enterprises.Put
	}
	return taken(put(tx, e), "an enterprise named %s exists", e.Name)
}

// addEnterprise writes a new enterprise and tells of it in its record, and in that of the partner that owns it. A clone tells
// what it is one of.
func (a *Accounts) addEnterprise(tx store.Tx, by *auth.Principal, e, source *Enterprise) error {
	if err := putEnterprise(tx, e); err != nil {
		return err
	}
	h := Happening{
		Name: "CREATE_ENTERPRISE", Category: OfEnterprise, Message: "enterprise " + e.Name,
		Detail: map[string]any{"enterpriseId": e.ID, "name": e.Name, "delegated": Consents(e.Delegated)},
	}
	if source != nil {
		h.Detail["clonedFrom"] = source.ID
	}
	if err := a.Record(tx, by, e.tenant(), h); err != nil || e.ProxyID == 0 {
		return err
	}
	return a.tellPartner(tx, by, e.ProxyID, e, h)
}

// UpdateEnterprise changes the named fields of the tenant's enterprise.
func (a *Accounts) UpdateEnterprise(ctx context.Context, by *auth.Principal, in auth.Tenant, name *string, f EnterpriseFields) (e *Enterprise, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		if e, err = enterprises.Get(tx, in.ID); err != nil || e == nil {
			return err
		}
		if err := auth.All(auth.Update.On(auth.EnterpriseObject)).Allows(by, e.tenant()); err != nil {
			return err
		}
		changed := patch(&e.Fields, &f)
		if name != nil && *name != e.Name {
			e.Name = *name
			changed = append(changed, "name")
		}
		if err := checkEnterprise(e.Name, &e.Fields); err != nil {
			return err
		}
		if len(changed) == 0 {
			return nil
		}
		e.Modified = a.Now()
		if err := taken(enterprises.Put(tx, e), "an enterprise named %s exists", e.Name); err != nil {
			return err
		}
		return a.Record(tx, by, e.tenant(), Happening{
			Name: "UPDATE_ENTERPRISE", Category: OfEnterprise, Message: "enterprise " + e.Name,
			Detail: map[string]any{"enterpriseId": e.ID, "changed": changed},
		})
	})
	return e, err
}

func checkEnterprise(name string, f *EnterpriseFields) error {
	if err := CheckName("name", name, 255); err != nil {
		return err
	}
	return eachText(f, func(name, text string) error { return checkLength(name, text, 0, 255) })
}

// taken turns a unique key that belongs to another record into a Conflict that says which.
func taken(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrTaken) {
		return auth.Errorf(auth.Conflict, format, args...)
	}
	return err
}

// slug is the default domain of a tenant: its name in the letters, digits and dashes of a host name.
func slug(name string) string {
	s := strings.Map(func(r rune) rune {
		if alphanumeric(r) {
			return r
		}
		return '-'
	}, fold(name))
	return strings.Trim(s, "-")
}

func alphanumeric(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

// accountNumber looks like the original's: three letters of the name and seven of chance.
func accountNumber(name string, id uuid.UUID) string {
	s := strings.ToUpper(strings.ReplaceAll(slug(name), "-", "") + "XXX")[:3]
	return fmt.Sprintf("%s-%s", s, strings.ToUpper(id.String()[:7]))
}
