package portal

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/rpc"
)

// A Portal is the methods' way to the authority.
type Portal struct {
	accounts *account.Accounts
	tokens   *token.Tokens
	letters  *mail.Box
	resets   *reset.Links
	clients  *client.Clients
	groups   *vault.Groups
	vault    *vault.Vault
	backups  *backup.Backups
	hooks    *hook.Hooks
	rows     *[]rpc.Method // all of them, once they are there: for those that are about methods
}

// Methods answers the whole table.
func Methods(a *account.Accounts, t *token.Tokens, b *mail.Box, l *reset.Links, c *client.Clients,
	g *vault.Groups, v *vault.Vault, k *backup.Backups, w *hook.Hooks) []rpc.Method {
	p := Portal{a, t, b, l, c, g, v, k, w, new([]rpc.Method)}
	rows := slices.Concat(
		p.loginRows(), p.enterpriseRows(), p.enterpriseUserRows(), p.partnerRows(), p.enterpriseProxyRows(), p.operatorUserRows(), p.networkRows(),
		p.roleRows(), p.sshRows(), p.bastionRows(), p.tokenRows(), p.propertyRows(), p.systemRows(), p.eventRows(),
		p.delegationRows(), p.tenantEndRows(), p.cloneRows(),
		p.mailRows(), p.passwordResetRows(), p.tenantPropertyRows(), p.secondFactorRows(),
		p.callerRows(), p.compositeRoleRows(), p.functionalRoleRows(), p.rolePackageRows(), p.customizationRows(),
		p.capabilityRows(),
		p.withPropertyRows(),
		p.addressRows(),
		p.enterpriseKeyRows(),
		p.securityPolicyRows(),
		p.rateLimitRows(),
		p.alertRows(),
		p.oauthAppRows(), p.apiClientRows(),
		p.userGroupRows(), p.credentialRows(),
		p.backupRows(), p.fixtureRows(),
		p.webhookRows(),
	)
	rows = append(rows, p.selfRows()...)
	*p.rows = append(rows, rpc.Discover)
	return rows
}

// An Authority answers the front's questions: who calls, and what tenants there are.
type Authority struct {
	Accounts *account.Accounts
	Tokens   *token.Tokens
	Clients  *client.Clients
}

// BySession finds the caller by the value of a session cookie.
func (a Authority) BySession(ctx context.Context, c auth.Call, value string) (*auth.Principal, error) {
	return a.Tokens.BySession(ctx, c, value)
}

// ByAPIToken finds the caller by what an Authorization header carries.
func (a Authority) ByAPIToken(ctx context.Context, c auth.Call, text string) (*auth.Principal, error) {
	return a.Tokens.ByAPIToken(ctx, c, text)
}

// ByAccessToken finds the caller by an OAuth access token.
func (a Authority) ByAccessToken(ctx context.Context, c auth.Call, text string) (*auth.Principal, error) {
	return a.Clients.ByAccessToken(ctx, c, text)
}

// Refused records that a method does not take principals of the caller's kind, or not in the clear.
func (a Authority) Refused(ctx context.Context, by *auth.Principal, why error) error {
	in, ok, err := a.Accounts.Tenant(ctx, by.UserType, by.TenantID())
	if err != nil || !ok {
		return err
	}
	name := "PRINCIPAL_TYPE_REFUSED"
	if auth.KindOf(why) == auth.InTheClear {
		name = "CREDENTIAL_TLS_REFUSED"
	}
	return a.Accounts.Refused(ctx, by, in, account.Happening{
		Name: name, Category: account.OfSecurity, Message: why.Error(),
		Detail: map[string]any{"method": by.Method}, Apart: by.Method,
	})
}

// Tenant finds a partner or an enterprise.
func (a Authority) Tenant(ctx context.Context, t auth.UserType, id int64) (auth.Tenant, bool, error) {
	return a.Accounts.Tenant(ctx, t, id)
}

// Limits answers what the rate limits demand of a call. Of who may change them a change is let through in any case: whatever
// they are set to, he can undo it.
func (a Authority) Limits(ctx context.Context, by *auth.Principal, method string) ([]limit.Claim, bool, error) {
	if method == updateSystemProperty && by.UserType == auth.Operator && by.May(auth.Update.On(auth.SystemProperty), auth.Network()) {
		return nil, false, nil
	}
	return a.Accounts.RateClaims(ctx, by, method)
}

// Limited makes an event of calls beyond the limits.
func (a Authority) Limited(ctx context.Context, by *auth.Principal, logOnly bool) error {
	return a.Accounts.RateLimited(ctx, by, logOnly)
}

// UnauthorizedStatus is what the property portico.http.unauthorizedStatus says.
func (a Authority) UnauthorizedStatus(ctx context.Context) int {
	text, err := a.Accounts.Setting(ctx, account.Unauthorized)
	if n, bad := strconv.Atoi(text); err == nil && bad == nil {
		return n
	}
	return 200
}

// named sees to it that a tenant which a method's params may name, but need not, is the caller's to see.
func (p Portal) named(ctx context.Context, by *auth.Principal, t auth.UserType, param string, id rpc.ID) error {
	if id == 0 {
		return nil
	}
	in, ok, err := p.accounts.Tenant(ctx, t, int64(id))
	if err == nil && (!ok || t != auth.Operator && !by.Sees(in)) { // everybody knows of the one network
		err = auth.NoTenant(by, param)
	}
	return err
}

// Inserted is the published insertion_confirmation.
type Inserted struct {
	ID   rpc.ID `json:"id"`
	Rows int    `json:"rows"`
}

// Modified is the published rows_modified.
type Modified struct {
	Rows int `json:"rows"`
}

// Deleted is the published deletion_confirmation. The id is left out when nothing was deleted.
type Deleted struct {
	ID   rpc.ID `json:"id,omitempty"`
	Rows int    `json:"rows"`
}

// None is the params of a method that takes none.
type None struct{}

// Either is answered as a B where there is one, else as an A.
type Either[A, B any] struct {
	A A
	B *B
}

// MarshalJSON writes the one or the other.
func (e Either[A, B]) MarshalJSON() ([]byte, error) {
	if e.B != nil {
		return json.Marshal(e.B)
	}
	return json.Marshal(e.A)
}

// Schema is that of either.
func (Either[A, B]) Schema(result bool) rpc.Schema {
	return rpc.Schema{"anyOf": []rpc.Schema{rpc.SchemaOf[A](result), rpc.SchemaOf[B](result)}}
}

// text is a string on the wire: unset is null, never "".
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// numbers are ids as the authority takes them.
func numbers(ids rpc.IDs) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// ref is the number of another record on the wire: none is null.
func ref(id int64) *rpc.ID {
	if id == 0 {
		return nil
	}
	r := rpc.ID(id)
	return &r
}

// flag reads a flag that was named, or nil.
func flag[F rpc.Flag | rpc.Bool](f *F) *bool {
	if f == nil {
		return nil
	}
	b := bool(*f)
	return &b
}

// hidden keeps a secret that was named from being printed. Clients send answers back in which it is null: that names none.
func hidden(s *string) *secret.Text {
	if s == nil || *s == "" {
		return nil
	}
	t := secret.Text(*s)
	return &t
}

// is turns a flag into what it says, with a default for one that was not named.
func is(f *rpc.Bool, otherwise bool) bool {
	if f == nil {
		return otherwise
	}
	return bool(*f)
}
