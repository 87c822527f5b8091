package account

import (
	"context"
	"errors"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/store"
)

// The verifier of a tenant knows the passwords of those of its users who are not native, and of the logins that it keeps
// credentials of. Whoever chooses it chooses who gets in, and where the portal connects to: so it is chosen by operators alone,
// and by those of them who may change the tenant's users.

// Verifier is the name of the property that says who is asked.
const Verifier = "portico.verifier"

const noVerifier = "{}"

var (
	operatorVerifier = define(Setting{id: 304, name: Verifier, dataType: "JSON", value: noVerifier, doc: `who knows the passwords of operators who are not native: JSON {"kind":"ldap", url, startTls, caPem, serverName, domain or dnTemplate}, or {} for nobody`, restricted: true})

	enterpriseVerifier = defineTenant(TenantSetting{of: auth.Enterprise, name: Verifier, dataType: "JSON", value: noVerifier, callers: []auth.UserType{auth.Operator}, signsIn: true})
	partnerVerifier    = defineTenant(TenantSetting{of: auth.MSP, name: Verifier, dataType: "JSON", value: noVerifier, callers: []auth.UserType{auth.Operator}, signsIn: true})
)

func init() {
	operatorVerifier.changed, enterpriseVerifier.changed, partnerVerifier.changed = verifierChanged, verifierChanged, verifierChanged
}

// VerifierConfig is what the tenant's verifier is made of.
func (a *Accounts) VerifierConfig(ctx context.Context, in auth.Tenant) (config string, err error) {
	err = a.Store.View(ctx, func(tx store.Tx) error {
		switch in.Type {
		case auth.Operator:
			config, err = a.Text(tx, operatorVerifier)
		case auth.MSP:
			config, err = a.tenantText(tx, in, partnerVerifier)
		default:
			config, err = a.tenantText(tx, in, enterpriseVerifier)
		}
		return err
	})
	return config, err
}

// verifierChanged refuses what no verifier can be made of. The event of the property tells the rest.
func verifierChanged(a *Accounts, _ store.Tx, _ *auth.Principal, _ auth.Tenant, config string) error {
	if err := a.Verifiers.Check(config); err != nil {
		return auth.BadField("value", "is not allowed for %s: %v", Verifier, err)
	}
	return nil
}

// throttled is the outcome of a question that was not asked, because the account had too many wrong answers.
const throttled verify.Outcome = "THROTTLED"

// Found adds to an event what a verifier found of a user of that type; nothing where none was asked. Only who may change such users is
// told.
func (h *Happening) Found(o verify.Outcome, t auth.UserType) {
	if o == "" {
		return
	}
	if h.Detail == nil {
		h.Detail = make(map[string]any)
	}
	h.Detail["outcome"] = o
	h.Apart += " " + string(o)
	h.Needs = auth.Update.On(auth.UserObject(t))
}

// askVerifier asks the verifier of a user who is not native. Who has none gets in nowhere, nor does anybody unverified.
func (a *Accounts) askVerifier(ctx context.Context, u *User, password secret.Text) (verify.Outcome, error) {
	v, err := a.Verifiers.Of(ctx, auth.Tenant{Type: u.Type, ID: u.TenantID()})
	if errors.Is(err, verify.ErrNone) {
		return verify.Unverified, nil
	}
	if err != nil {
		return "", err
	}
	o, err := v.Verify(ctx, u.Username, password)
	switch {
	case auth.KindOf(err) == auth.Busy:
		return throttled, nil
	case o == verify.Unavailable:
		return "", verify.ErrUnavailable
	}
	return o, err
}
