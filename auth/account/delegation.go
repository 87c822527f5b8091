package account

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A consent is named in event details, and by the words of its two events: ENTERPRISE_ENABLE_OPERATOR_ACCESS and ..._DISABLE_....
type consent struct {
	which      auth.Delegation
	name, what string
}

var delegations = []consent{
	{auth.ToOperator, "delegatedToOperator", "OPERATOR_ACCESS"},
	{auth.UsersToOperator, "userManagementDelegatedToOperator", "OPERATOR_USER_MGMT"},
	{auth.ToProxy, "delegatedToEnterpriseProxy", "PROXY_ACCESS"},
	{auth.SensitiveToOperator, "viewSensitiveDataDelegatedToOperator", "VIEW_SENSITIVE_DATA"},
	{auth.SensitiveToProxy, "viewSensitiveDataDelegatedToEnterpriseProxy", "VIEW_SENSITIVE_DATA"},
}

// Consents names the consents of a set.
func Consents(d auth.Delegation) []string {
	names := []string{}
	for _, row := range delegations {
		if d.Has(row.which) {
			names = append(names, row.name)
		}
	}
	return names
}

// ParseConsents reads names of consents; bad is which one is none, or is not one that a tenant of the type gives, or -1.
func ParseConsents(t auth.UserType, names []string) (d auth.Delegation, bad int) {
	for at, name := range names {
		i := slices.IndexFunc(delegations, func(row consent) bool { return row.name == name })
		if i < 0 || len(delegations[i].which.Opens(t)) == 0 {
			return 0, at
		}
		d = d.With(delegations[i].which, true)
	}
	return d, -1
}

// ConsentName is the name of a consent in details of events.
func ConsentName(d auth.Delegation) string { return strings.Join(Consents(d), " ") }

// Delegate gives or withdraws one consent of an enterprise or a partner; it acts with the next call. Only the tenant itself may,
// and nobody gives what he does not hold.
func (a *Accounts) Delegate(ctx context.Context, by *auth.Principal, in auth.Tenant, which auth.Delegation, given bool) error {
	if !by.Owns(in) {
		return auth.Lacks(by, auth.Update.On(delegationObject(in.Type)))
	}
	if given {
		if err := by.HoldsAll(in, which.Opens(in.Type)); err != nil {
			return err
		}
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		changed, err := a.setDelegated(tx, in, which, given)
		if err != nil || !changed {
			return err
		}
		return a.Record(tx, by, in, delegated(in.Type, which, given))
	})
}

func delegationObject(t auth.UserType) auth.Object {
	if t == auth.MSP {
		return auth.ProxyDelegation
	}
	return auth.EnterpriseDelegation
}

// setDelegated writes the consent into the tenant's record and says whether that changed it.
func (a *Accounts) setDelegated(tx store.Tx, in auth.Tenant, which auth.Delegation, given bool) (changed bool, err error) {
	if in.Type == auth.MSP {
		p, err := partners.Get(tx, in.ID)
		if err != nil || p == nil {
			return false, cmp.Or(err, errTenantGone)
		}
		if !a.give(&p.Delegated, &p.Modified, which, given) {
			return false, nil
		}
		return true, partners.Put(tx, p)
	}
	e, err := enterprises.Get(tx, in.ID)
	if err != nil || e == nil {
		return false, cmp.Or(err, errTenantGone)
	}
	if e.ProxyID != in.ProxyID && which&ofOwner != 0 { // consent to one partner is none to another
		return false, auth.Errorf(auth.Conflict, "the enterprise was given to another owner at the same time")
	}
	if !a.give(&e.Delegated, &e.Modified, which, given) {
		return false, nil
	}
	return true, enterprises.Put(tx, e)
}

func (a *Accounts) give(set *auth.Delegation, modified *time.Time, which auth.Delegation, given bool) (changed bool) {
	if set.With(which, given) == *set {
		return false
	}
	*set, *modified = set.With(which, given), a.Now()
	return true
}

func delegated(of auth.UserType, which auth.Delegation, given bool) Happening {
	row := delegations[slices.IndexFunc(delegations, func(c consent) bool { return c.which == which })]
	tenant, verb := "ENTERPRISE", "DISABLE"
	if of == auth.MSP {
		tenant = "PROXY"
	}
	if given {
		verb = "ENABLE"
	}
	return Happening{
		Name: tenant + "_" + verb + "_" + row.what, Category: OfSecurity, Severity: Notice,
		Message: row.name, Detail: map[string]any{"delegation": row.name, "isDelegated": given},
	}
}
