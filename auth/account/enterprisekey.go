package account

import (
	"context"
	"fmt"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

// maxEnterpriseKey is how many bytes an enterprise's key may have. The portal keeps none of them.
const maxEnterpriseKey = 4096

// EncodeEnterpriseKey seals a key for the enterprise: what one has encoded no other decodes.
func (a *Accounts) EncodeEnterpriseKey(in auth.Tenant, key secret.Text) (string, error) {
	if len(key) > maxEnterpriseKey {
		return "", auth.BadField("key", "has more than %d bytes", maxEnterpriseKey)
	}
	return a.Sealer.Seal(keyPurpose(in), key)
}

// DecodeEnterpriseKey opens what EncodeEnterpriseKey sealed for the enterprise, and records that, but not what it opened.
func (a *Accounts) DecodeEnterpriseKey(ctx context.Context, by *auth.Principal, in auth.Tenant, box string) (secret.Text, error) {
	key, err := a.Sealer.Open(keyPurpose(in), box)
	if err != nil {
		return "", auth.BadField("key", "is not one that was encoded for this enterprise")
	}
	err = a.Store.Update(ctx, func(tx store.Tx) error {
		now, err := a.Still(tx, by, in, auth.Read.On(auth.EnterpriseKeys))
		if err != nil {
			return err
		}
		return a.Record(tx, by, now, Happening{
			Name: "DECODE_ENTERPRISE_KEY", Category: OfSecurity, Severity: Notice, Message: "a key of enterprise " + now.Name,
		})
	})
	if err != nil {
		return "", err
	}
	return key, nil
}

func keyPurpose(in auth.Tenant) string { return fmt.Sprintf("enterprise/%d/key", in.ID) }
