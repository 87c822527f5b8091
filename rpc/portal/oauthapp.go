package portal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) oauthAppRows() []rpc.Method {
	may := func(a auth.Action) auth.Rule { return auth.All(a.On(auth.OAuthApp)).Users() }
	read := auth.All(auth.Read.On(auth.OAuthApp))
	return []rpc.Method{
		{Name: "oauthApp/insertOauthApp", Doc: "Makes an OAuth app of an organisation. Its secret is shown this once.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertOauthApp), Once: true},
		{Name: "oauthApp/getOauthApps", Doc: "Lists the OAuth apps of an organisation.", Rule: read, Do: rpc.Func(p.getOauthApps)},
		{Name: "oauthApp/getOauthApp", Doc: "Gets an OAuth app of an organisation, or null.", Rule: read, Do: rpc.Func(p.getOauthApp)},
		{Name: "oauthApp/updateOauthApp", Doc: "Changes the named fields of an OAuth app. A narrower scope acts at once, a wider one elsewhere when it is accepted.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateOauthApp)},
		{Name: "oauthApp/deleteOauthApp", Doc: "Deletes an OAuth app for good, also its grants if force is given.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteOauthApp)},
		{Name: "oauthApp/regenerateOauthAppSecret", Doc: "Gives an OAuth app a new secret; its old ones and its access tokens are dead at once.",
			Rule: may(auth.Update), Do: rpc.Func(p.regenerate(client.App)), Once: true},
		{Name: "oauthApp/rotateOauthAppSecret", Doc: "Gives an OAuth app a new secret beside the old one, which lives on for a while. The app may do so itself.",
			Rule: auth.All(auth.Update.On(auth.OAuthApp)).OrClient(), Do: rpc.Func(p.rotate(client.App)), Once: true},
		{Name: "oauthApp/endOauthAppSecretRotation", Doc: "Ends the life of the old secret of an OAuth app early.",
			Rule: may(auth.Update), Do: rpc.Func(p.endRotation(client.App))},

		{Name: "oauthApp/insertOauthAppGrant", Doc: "Lets an OAuth app of another organisation act in this one, within the roles and within its scope.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertGrant)},
		{Name: "oauthApp/getOauthAppGrants", Doc: "Lists the OAuth apps of others that may act in an organisation.",
			Rule: read, Do: rpc.Func(p.getGrants)},
		{Name: "oauthApp/updateOauthAppGrant", Doc: "Gives an OAuth app of another organisation other roles in this one.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateGrant)},
		{Name: "oauthApp/acceptOauthAppScope", Doc: "Accepts the scope of an OAuth app of another organisation as it is now.",
			Rule: may(auth.Update), Do: rpc.Func(p.acceptScope)},
		{Name: "oauthApp/deleteOauthAppGrant", Doc: "Ends what an OAuth app of another organisation may do in this one, with its access tokens for it.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteGrant)},
	}
}

// AppScope is what an OAuth app may do at most.
type AppScope struct {
	RoleIDs    rpc.IDs     `json:"roleIds" doc:"Roles and functional roles of the organisation."`
	Privileges rpc.Strings `json:"privileges" doc:"Single privileges, such as READ:ENTERPRISE."`
}

func (s AppScope) account() client.Scope {
	return client.Scope{RoleIDs: numbers(s.RoleIDs), Privileges: s.Privileges}
}

// AuthMethod says by what a new client shows who it is.
type AuthMethod struct {
	AuthMethod string          `json:"authMethod" enum:"SECRET|PRIVATE_KEY_JWT" doc:"The default is SECRET."`
	JWKS       json.RawMessage `json:"jwks" doc:"With PRIVATE_KEY_JWT: a JSON web key set of 1 to 5 public keys."`
}

// keys are those of a client that has no secret, else nil.
func (m AuthMethod) keys() ([]byte, error) {
	switch {
	case m.AuthMethod != privateKeyJWT && m.JWKS != nil:
		return nil, auth.BadField("jwks", "is for PRIVATE_KEY_JWT")
	case m.AuthMethod == privateKeyJWT && m.JWKS == nil:
		return nil, auth.BadField("jwks", "is required")
	}
	return m.JWKS, nil
}

const privateKeyJWT = "PRIVATE_KEY_JWT"

func authMethod(c *client.Client) (string, json.RawMessage) {
	if c.Keys != nil {
		return privateKeyJWT, c.Keys
	}
	return "SECRET", nil
}

// TLSOnly is what other portals let an app do without. Here tokens are issued over TLS alone (RFC 6749 3.2).
type TLSOnly struct {
	TLSOnly *rpc.Bool `json:"tlsOnly" doc:"true, whether sent or not: tokens are issued over TLS alone."`
}

func (t TLSOnly) check() error {
	if !is(t.TLSOnly, true) {
		return auth.BadField("tlsOnly", "cannot be false: tokens are issued over TLS alone")
	}
	return nil
}

// InsertOauthApp is the params of oauthApp/insertOauthApp.
type InsertOauthApp struct {
	rpc.InOrganisation
	Name              string   `json:"name" rpc:"required" doc:"1 to 128 characters."`
	Description       string   `json:"description" doc:"At most 255 characters."`
	AppType           string   `json:"appType" enum:"SERVER" doc:"There are no others yet."`
	AccessTokenTTLSec int64    `json:"accessTokenTtlSec" doc:"60 to 18000; the default is 1800."`
	Scope             AppScope `json:"scope" rpc:"required"`
	AuthMethod
	TLSOnly
	OwnerOnlySecretRotation rpc.Bool `json:"ownerOnlySecretRotation" doc:"The app may not rotate its own secret."`
}

// MadeApp is the answer to insertOauthApp.
type MadeApp struct {
	Inserted
	ClientID     string  `json:"clientId"`
	ClientSecret *string `json:"clientSecret" doc:"Shown this once; null for an app with keys."`
}

func (p Portal) insertOauthApp(ctx context.Context, by *auth.Principal, in InsertOauthApp) (MadeApp, error) {
	if err := in.TLSOnly.check(); err != nil {
		return MadeApp{}, err
	}
	keys, err := in.keys()
	if err != nil {
		return MadeApp{}, err
	}
	app, secret, err := p.clients.InsertApp(ctx, by, in.Tenant, client.NewApp{
		Name: in.Name, Description: in.Description, Lifetime: time.Duration(in.AccessTokenTTLSec) * time.Second,
		Scope: in.Scope.account(), Keys: keys, OwnerOnly: bool(in.OwnerOnlySecretRotation),
	})
	if err != nil {
		return MadeApp{}, err
	}
	return MadeApp{Inserted{rpc.ID(app.ID), 1}, app.ClientID, text(string(secret))}, nil
}

// Organisation is an enterprise, a partner or the operator.
type Organisation struct {
	UserType          string  `json:"userType" enum:"OPERATOR|MSP|ENTERPRISE"`
	EnterpriseProxyID *rpc.ID `json:"enterpriseProxyId"`
	EnterpriseID      *rpc.ID `json:"enterpriseId"`
}

func organisation(t auth.UserType, id int64) Organisation {
	out := Organisation{UserType: t.String()}
	switch t {
	case auth.MSP:
		out.EnterpriseProxyID = ref(id)
	case auth.Enterprise:
		out.EnterpriseID = ref(id)
	}
	return out
}

// OauthApp is an app as its own organisation sees it.
type OauthApp struct {
	ID rpc.ID `json:"id"`
	Organisation
	Name                    string            `json:"name"`
	Description             *string           `json:"description"`
	AppType                 string            `json:"appType" enum:"SERVER"`
	ClientID                string            `json:"clientId"`
	AccessTokenTTLSec       int64             `json:"accessTokenTtlSec"`
	Scope                   AppScope          `json:"scope"`
	ScopeVersion            int64             `json:"scopeVersion"`
	AuthMethod              string            `json:"authMethod" enum:"SECRET|PRIVATE_KEY_JWT"`
	JWKS                    json.RawMessage   `json:"jwks"`
	TLSOnly                 bool              `json:"tlsOnly"`
	OwnerOnlySecretRotation bool              `json:"ownerOnlySecretRotation"`
	IsActive                bool              `json:"isActive"`
	Created                 rpc.Time          `json:"created"`
	Modified                rpc.Time          `json:"modified"`
	LastUsed                rpc.Time          `json:"lastUsed" doc:"When it last got an access token, to the minute."`
	Secrets                 []ClientSecret    `json:"secrets,omitempty" doc:"With \"secrets\": those that live."`
	Grants                  []OauthAppGrantee `json:"grants,omitempty" doc:"With \"grants\": who has granted it something."`
}

// ClientSecret is what may be shown of a secret again.
type ClientSecret struct {
	Prefix   string   `json:"prefix"`
	Created  rpc.Time `json:"created"`
	Expires  rpc.Time `json:"expires" doc:"Of one that was rotated out; null is never."`
	LastUsed rpc.Time `json:"lastUsed" doc:"To the minute."`
}

func clientSecrets(c *client.Client) []ClientSecret {
	var out []ClientSecret
	for _, s := range c.Secrets {
		out = append(out, ClientSecret{s.Shown, rpc.At(s.Created), rpc.At(s.Ends), rpc.At(s.LastUsed)})
	}
	return out
}

// OauthAppGrantee is an organisation that has granted an app something.
type OauthAppGrantee struct {
	Organisation
	Name                 string   `json:"name"`
	RoleIDs              []rpc.ID `json:"roleIds"`
	AcceptedScopeVersion int64    `json:"acceptedScopeVersion"`
	GrantNeedsReview     bool     `json:"grantNeedsReview"`
	Created              rpc.Time `json:"created"`
}

func oauthApp(with rpc.Strings) func(client.Listed) OauthApp {
	return func(l client.Listed) OauthApp {
		out := OauthApp{
			ID: rpc.ID(l.ID), Organisation: organisation(l.Of, l.TenantID), Name: l.Name, Description: text(l.Description), AppType: "SERVER",
			ClientID: l.ClientID, AccessTokenTTLSec: int64(l.Lifetime / time.Second),
			Scope: AppScope{ids(l.Scope.RoleIDs), append(rpc.Strings{}, l.Scope.Privileges...)}, ScopeVersion: l.Scope.Version,
			TLSOnly: true, OwnerOnlySecretRotation: l.OwnerOnly, IsActive: !l.Inactive,
			Created: rpc.At(l.Created), Modified: rpc.At(l.Modified), LastUsed: rpc.At(l.LastUsed),
		}
		out.AuthMethod, out.JWKS = authMethod(l.Client)
		if with.Has("secrets") {
			out.Secrets = clientSecrets(l.Client)
		}
		for _, g := range l.Grants {
			out.Grants = append(out.Grants, OauthAppGrantee{
				Organisation: organisation(g.Of, g.TenantID), Name: g.In.Name, RoleIDs: ids(g.RoleIDs), AcceptedScopeVersion: g.Version,
				GrantNeedsReview: len(g.NeedsReview(g.App)) > 0, Created: rpc.At(g.Created),
			})
		}
		return out
	}
}

// ids are numbers as the wire has them.
func ids(list []int64) []rpc.ID {
	out := make([]rpc.ID, len(list))
	for i, id := range list {
		out[i] = rpc.ID(id)
	}
	return out
}

// GetOauthApps is the params of oauthApp/getOauthApps.
type GetOauthApps struct {
	rpc.InOrganisation
	With rpc.Strings `json:"with" enum:"grants|secrets"`
	Paged
}

func (p Portal) getOauthApps(ctx context.Context, by *auth.Principal, in GetOauthApps) (List[OauthApp], error) {
	list, page, err := p.clients.List(ctx, by, in.Tenant, client.App, client.Show{Grants: in.With.Has("grants")}, in.query())
	return listed(list, page, oauthApp(in.With)), err
}

// GetOauthApp is the params of oauthApp/getOauthApp.
type GetOauthApp struct {
	OneClient
	With rpc.Strings `json:"with" enum:"grants|secrets"`
}

func (p Portal) getOauthApp(ctx context.Context, by *auth.Principal, in GetOauthApp) (*OauthApp, error) {
	l, err := p.clients.Get(ctx, by, in.Tenant, client.App, int64(in.ID), client.Show{Grants: in.With.Has("grants")})
	if err != nil || l == nil {
		return nil, err
	}
	out := oauthApp(in.With)(*l)
	return &out, nil
}

// UpdateOauthApp is the params of oauthApp/updateOauthApp.
type UpdateOauthApp struct {
	OneClient
	Update *OauthAppUpdate `json:"_update" rpc:"required"`
}

// OauthAppUpdate names the fields to set.
type OauthAppUpdate struct {
	Name              *string         `json:"name"`
	Description       *string         `json:"description"`
	AccessTokenTTLSec *int64          `json:"accessTokenTtlSec"`
	Scope             *AppScope       `json:"scope"`
	JWKS              json.RawMessage `json:"jwks"`
	TLSOnly
	OwnerOnlySecretRotation *rpc.Bool `json:"ownerOnlySecretRotation"`
	IsActive                *rpc.Bool `json:"isActive"`
	ClientID                *string   `json:"clientId" doc:"It does not change."`
}

func (p Portal) updateOauthApp(ctx context.Context, by *auth.Principal, in UpdateOauthApp) (Modified, error) {
	u := in.Update
	if u.ClientID != nil {
		return Modified{}, immutable("clientId")
	}
	if err := u.TLSOnly.check(); err != nil {
		return Modified{}, auth.Within("_update", err)
	}
	up := client.AppUpdate{
		Name: u.Name, Description: u.Description, Keys: u.JWKS,
		OwnerOnly: flag(u.OwnerOnlySecretRotation), IsActive: flag(u.IsActive),
	}
	if u.AccessTokenTTLSec != nil {
		life := time.Duration(*u.AccessTokenTTLSec) * time.Second
		up.Lifetime = &life
	}
	if u.Scope != nil {
		scope := u.Scope.account()
		up.Scope = &scope
	}
	rows, err := p.clients.UpdateApp(ctx, by, in.Tenant, int64(in.ID), up)
	return Modified{Rows: rows}, auth.Within("_update", err)
}

func immutable(field string) error {
	return auth.Errorf(auth.Immutable, "%s never changes", field)
}

// DeleteOauthApp is the params of oauthApp/deleteOauthApp.
type DeleteOauthApp struct {
	OneClient
	Force rpc.Bool `json:"force" doc:"Although other organisations grant it something."`
}

func (p Portal) deleteOauthApp(ctx context.Context, by *auth.Principal, in DeleteOauthApp) (Deleted, error) {
	rows, err := p.clients.DeleteApp(ctx, by, in.Tenant, int64(in.ID), bool(in.Force))
	return deleted(in.ID, rows), err
}

// OneGrant names an OAuth app of another organisation.
type OneGrant struct {
	rpc.InOrganisation
	ClientID string `json:"clientId" rpc:"required" doc:"The client id of the app."`
}

// GrantRoles is the params of the grant's insert and update.
type GrantRoles struct {
	OneGrant
	RoleIDs rpc.IDs `json:"roleIds" rpc:"required" doc:"Roles and functional roles that the app has here, as far as its scope goes."`
}

// InsertGrant is the params of oauthApp/insertOauthAppGrant.
type InsertGrant struct {
	GrantRoles
	ScopeVersion int64 `json:"scopeVersion" doc:"That of the app's scope that you agree to, as its owner knows it: another one is refused. The default is any."`
}

func (p Portal) insertGrant(ctx context.Context, by *auth.Principal, in InsertGrant) (Inserted, error) {
	g, err := p.clients.InsertGrant(ctx, by, in.Tenant, client.NewGrant{
		ClientID: in.ClientID, RoleIDs: numbers(in.RoleIDs), ScopeVersion: in.ScopeVersion,
	})
	if err != nil {
		return Inserted{}, err
	}
	return Inserted{rpc.ID(g.ID), 1}, nil
}

// OauthAppGrant is a grant as the organisation sees it that gave it.
type OauthAppGrant struct {
	ID                   rpc.ID       `json:"id"`
	ClientID             string       `json:"clientId"`
	Name                 string       `json:"name"`
	Description          *string      `json:"description"`
	Owner                Organisation `json:"owner"`
	OwnerName            string       `json:"ownerName"`
	IsActive             bool         `json:"isActive" doc:"Its owner has not switched it off."`
	RoleIDs              []rpc.ID     `json:"roleIds"`
	ScopeVersion         int64        `json:"scopeVersion"`
	AcceptedScopeVersion int64        `json:"acceptedScopeVersion"`
	GrantNeedsReview     bool         `json:"grantNeedsReview" doc:"The scope has grown since it was accepted; what is new does not act here."`
	NewPrivileges        []string     `json:"newPrivileges" doc:"What acceptOauthAppScope would accept."`
	Created              rpc.Time     `json:"created"`
	Modified             rpc.Time     `json:"modified"`
}

func oauthAppGrant(g client.Granted) OauthAppGrant {
	out := OauthAppGrant{
		ID: rpc.ID(g.ID), ClientID: g.App.ClientID, Name: g.App.Name, Description: text(g.App.Description),
		Owner: organisation(g.Owner.Type, g.Owner.ID), OwnerName: g.Owner.Name, IsActive: !g.App.Inactive, RoleIDs: ids(g.RoleIDs),
		ScopeVersion: g.App.Scope.Version, AcceptedScopeVersion: g.Version, NewPrivileges: []string{},
		Created: rpc.At(g.Created), Modified: rpc.At(g.Modified),
	}
	for _, v := range g.NeedsReview(g.App) {
		out.NewPrivileges = append(out.NewPrivileges, v.String())
	}
	out.GrantNeedsReview = len(out.NewPrivileges) > 0
	return out
}

// GetGrants is the params of oauthApp/getOauthAppGrants.
type GetGrants struct {
	rpc.InOrganisation
	Paged
}

func (p Portal) getGrants(ctx context.Context, _ *auth.Principal, in GetGrants) (List[OauthAppGrant], error) {
	list, page, err := p.clients.Grants(ctx, in.Tenant, in.query())
	return listed(list, page, oauthAppGrant), err
}

func (p Portal) updateGrant(ctx context.Context, by *auth.Principal, in GrantRoles) (Modified, error) {
	rows, err := p.clients.UpdateGrant(ctx, by, in.Tenant, in.ClientID, numbers(in.RoleIDs))
	return Modified{rows}, err
}

// AcceptScope is the params of oauthApp/acceptOauthAppScope.
type AcceptScope struct {
	OneGrant
	ScopeVersion int64 `json:"scopeVersion" rpc:"required" doc:"As the list of grants has it."`
}

func (p Portal) acceptScope(ctx context.Context, by *auth.Principal, in AcceptScope) (Modified, error) {
	rows, err := p.clients.AcceptScope(ctx, by, in.Tenant, in.ClientID, in.ScopeVersion)
	return Modified{rows}, err
}

func (p Portal) deleteGrant(ctx context.Context, by *auth.Principal, in OneGrant) (Modified, error) {
	rows, err := p.clients.DeleteGrant(ctx, by, in.Tenant, in.ClientID)
	return Modified{rows}, err
}
