package portal_test

import (
	"context"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// anyMode puts every tenant there is into a mode in which users need not be native.
func (h *house) anyMode(t testing.TB) {
	t.Helper()
	ctx, by, sso := context.Background(), account.System("test"), "SSO"
	_, err := h.accounts.UpdateProperty(ctx, by, 0, "vco.operator.authentication.mode", account.PropertyUpdate{Value: &sso})
	must(t, err)
	for of, name := range map[auth.UserType]string{auth.MSP: "vco.enterprise.proxy.authentication.mode", auth.Enterprise: "vco.enterprise.authentication.mode"} {
		for id := int64(1); ; id++ {
			in, ok, err := h.accounts.Tenant(ctx, of, id)
			must(t, err)
			if !ok {
				break
			}
			_, err = h.accounts.SetTenantProperty(ctx, by, in, name, account.TenantPropertyUpdate{Value: sso})
			must(t, err)
		}
	}
}
