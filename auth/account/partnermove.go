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
// already is a Conflict; to move an enterprise to where it is changes nothing. Users with roles that the old one made may do
// nothing until they are given others.
func (a *Accounts) MoveEnterprise(ctx context.Context, by *auth.Principal, in auth.Tenant, to int64) error {
	return a.Store.Update(ctx, func(tx store.Tx) error {
		e, err := enterprises.Get(tx, in.ID)
		if err != nil || e == nil {
			return cmp.Or(err, errTenantGone)
		}
		if e.ProxyID == to {
			return nil
		}
		if to != 0 {
			if p, err := partners.Get(tx, to); err != nil || p == nil {
				return cmp.Or(err, errTenantGone)
			}
		}
		stranded, err := withRolesOf(tx, e)
		if err != nil {
			return err
		}
		from, withdrawn := e.ProxyID, e.Delegated&ofOwner
		e.ProxyID, e.Delegated, e.Modified = to, e.Delegated.With(ofOwner, false), a.Now()
		if err := taken(enterprises.Put(tx, e), "the new owner has an enterprise named %s", e.Name); err != nil {
			return err
		}
		return a.tellMove(tx, by, e, from, withdrawn, stranded)
	})
}

// withRolesOf counts the users of an enterprise whose roles its partner made: to refuse the move for them would let the partner
// keep the enterprise.
func withRolesOf(tx store.Tx, e *Enterprise) (n int, err error) {
	if e.ProxyID == 0 {
		return 0, nil
	}
	err = customRolesOf.Scan(tx, store.Span{Prefix: level{auth.MSP, e.ProxyID}.key()}, func(r *CustomRole) (bool, error) {
		return true, usersWithRole.IDs(tx, store.Span{Prefix: store.Key(r.ID, int64(auth.Enterprise), e.ID)}, func([]byte, int64) (bool, error) {
			n++
			return true, nil
		})
	})
	return n, err
}

// tellMove writes the move into the records of the partners, of whom neither learns who the other is, and with that into the
// enterprise's.
func (a *Accounts) tellMove(tx store.Tx, by *auth.Principal, e *Enterprise, from int64, withdrawn auth.Delegation, stranded int) error {
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
		h.Detail["from"], h.Detail["usersWithoutRole"] = from, stranded
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
