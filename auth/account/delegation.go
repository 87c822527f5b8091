package account

import (
	"cmp"
	"context"
	"slices"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// A consent is named in event details, and by the words of its two events: ENTERPRISE_ENABLE_OPERATOR_ACCESS and ..._DISABLE_....
type consent struct {
	which          auth.Delegation
	name, of, what string
}

var delegations = []consent{
	{auth.ToOperator, "delegatedToOperator", "ENTERPRISE", "OPERATOR_ACCESS"},
	{auth.UsersToOperator, "userManagementDelegatedToOperator", "ENTERPRISE", "OPERATOR_USER_MGMT"},
	{auth.ToProxy, "delegatedToEnterpriseProxy", "ENTERPRISE", "PROXY_ACCESS"},
	{auth.SensitiveToOperator, "viewSensitiveDataDelegatedToOperator", "ENTERPRISE", "VIEW_SENSITIVE_DATA"},
	{auth.SensitiveToProxy, "viewSensitiveDataDelegatedToEnterpriseProxy", "ENTERPRISE", "VIEW_SENSITIVE_DATA"},
}

// consents names the consents of a set.
func consents(d auth.Delegation) []string {
	names := []string{}
	for _, row := range delegations {
		if d.Has(row.which) {
			names = append(names, row.name)
		}
	}
	return names
}

// Delegate gives or withdraws one consent of an enterprise; it acts with the next call. Only the tenant itself may.
func (a *Accounts) Delegate(ctx context.Context, by *auth.Principal, in auth.Tenant, which auth.Delegation, given bool) error {
	if !by.Owns(in) {
		return auth.Lacks(by, auth.Update.On(auth.EnterpriseDelegation))
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		e, err := enterprises.Get(tx, in.ID)
		if err != nil || e == nil {
			return cmp.Or(err, errTenantGone)
		}
		if e.Delegated.With(which, given) == e.Delegated {
			return nil
		}
		e.Delegated = e.Delegated.With(which, given)
		e.Modified = a.Now()
		if err := enterprises.Put(tx, e); err != nil {
			return err
		}
		return a.Record(tx, by, in, delegated(which, given))
	})
}

func delegated(which auth.Delegation, given bool) Happening {
	row := delegations[slices.IndexFunc(delegations, func(c consent) bool { return c.which == which })]
	verb := "DISABLE"
	if given {
		verb = "ENABLE"
	}
	return Happening{
		Name: row.of + "_" + verb + "_" + row.what, Category: OfSecurity, Severity: Notice,
		Message: row.name, Detail: map[string]any{"delegation": row.name, "isDelegated": given},
	}
}
