package account

import (
	"cmp"
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// ofOwner are the consents that an enterprise gives to the partner that owns it, and to no other.
const ofOwner = auth.ToProxy | auth.SensitiveToProxy

// MoveEnterprise gives the tenant's enterprise to a partner, or back to the operator when to is 0. It withdraws what the
// enterprise has consented to of its old partner, whose users lose it with their next call. A name that the new owner has used
// already is a Conflict, and so are users with roles that the old one made; to move an enterprise to where it is changes
// nothing.
func (a *Accounts) MoveEnterprise(ctx context.Context, by *auth.Principal, in auth.Tenant, to int64) error {
	return a.Store.Update(ctx, func(tx store.Tx) error {
		e, err := enterprises.Get(tx, in.ID)
		if err != nil || e == nil {
			return cmp.Or(err, errTenantGone)
		}
		if e.ProxyID == to {
			return nil
		}
		if err := a.mayMove(tx, e, to); err != nil {
			return err
		}
		from, withdrawn := e.ProxyID, e.Delegated&ofOwner
		e.ProxyID, e.Delegated, e.Modified = to, e.Delegated.With(ofOwner, false), a.Now()
		if err := taken(enterprises.Put(tx, e), "the new owner has an enterprise named %s", e.Name); err != nil {
			return err
		}
		return a.tellMove(tx, by, e, from, withdrawn)
	})
}

// mayMove: the new owner is there, and nobody would be left with a role that is not for him.
func (a *Accounts) mayMove(tx store.Tx, e *Enterprise, to int64) error {
	if to != 0 {
		if p, err := partners.Get(tx, to); err != nil || p == nil {
			return cmp.Or(err, errTenantGone)
		}
	}
	if e.ProxyID == 0 {
		return nil
	}
	return customRolesOf.Scan(tx, store.Span{Prefix: level{auth.MSP, e.ProxyID}.key()}, func(r *CustomRole) (bool, error) {
		err := usersWithRole.IDs(tx, store.Span{Prefix: store.Key(r.ID, int64(auth.Enterprise), e.ID)}, func([]byte, int64) (bool, error) {
			return false, auth.Errorf(auth.Conflict, "users of the enterprise have the role %s, which its partner made", r.Name)
		})
		return true, err
	})
}

// tellMove writes the move into the records of the partners, of whom neither learns who the other is, and with that into the
// enterprise's.
func (a *Accounts) tellMove(tx store.Tx, by *auth.Principal, e *Enterprise, from int64, withdrawn auth.Delegation) error {
	h := moved("UNASSIGN_ENTERPRISE_FROM_PROXY", e)
	if from != 0 {
		if err := a.tellPartner(tx, by, from, e, h); err != nil {
			return err
		}
	}
	if e.ProxyID != 0 {
		h = moved("ASSIGN_ENTERPRISE_TO_PROXY", e)
		if err := a.tellPartner(tx, by, e.ProxyID, e, h); err != nil {
			return err
		}
		h.Detail["to"] = e.ProxyID
	}
	if from != 0 {
		h.Detail["from"] = from
	}
	if err := a.Record(tx, by, e.tenant(), h); err != nil {
		return err
	}
	for _, c := range delegations {
		if !withdrawn.Has(c.which) {
			continue
		}
		if err := a.Record(tx, by, e.tenant(), delegated(auth.Enterprise, c.which, false)); err != nil {
			return err
		}
	}
	return nil
}

func moved(name string, e *Enterprise) Happening {
	return Happening{
		Name: name, Category: OfEnterprise, Severity: Notice, Message: "enterprise " + e.Name,
		Detail: map[string]any{"enterpriseId": e.ID, "name": e.Name},
	}
}
