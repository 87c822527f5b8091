package account

import (
	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/store"
)

// The settings of an enterprise, besides its properties, are few and small: its security policy, at most one configuration of
// each alert, and the recipients of alerts. All together they are less than 60 keys, so one Update takes them.

// DropSettings removes the settings of a tenant.
func (a *Accounts) DropSettings(tx store.Tx, in auth.Tenant) error {
	if in.Type != auth.Enterprise {
		return nil // a partner has none; its number is also that of an enterprise
	}
	if _, err := securityPolicies.Delete(tx, in.ID); err != nil {
		return err
	}
	if _, err := alertRecipients.Delete(tx, in.ID); err != nil {
		return err
	}
	list, err := alertsOf(tx, in)
	if err != nil {
		return err
	}
	for _, c := range list {
		if _, err := alertConfigurations.Delete(tx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// CopySettings gives a new enterprise the settings of another, except that the other's users hear of its alerts.
func (a *Accounts) CopySettings(tx store.Tx, from, to auth.Tenant) error {
	policy, err := securityPolicies.Get(tx, from.ID)
	if err != nil {
		return err
	}
	if policy != nil {
		if err := securityPolicies.Put(tx, &keptPolicy{ID: to.ID, Policy: policy.Policy, Modified: a.Now()}); err != nil {
			return err
		}
	}
	kept, err := alertRecipients.Get(tx, from.ID)
	if err != nil {
		return err
	}
	if kept != nil {
		kept.ID, kept.Recipients.Users, kept.Modified = to.ID, nil, a.Now()
		if err := alertRecipients.Put(tx, kept); err != nil {
			return err
		}
	}
	list, err := alertsOf(tx, from)
	if err != nil {
		return err
	}
	for _, c := range list {
		c.EnterpriseID, c.Created, c.Modified = to.ID, a.Now(), a.Now()
		if err := alertConfigurations.Insert(tx, c); err != nil { // under a number of its own
			return err
		}
	}
	return nil
}
