package portal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) apiClientRows() []rpc.Method {
	may := func(a auth.Action) auth.Rule { return auth.All(a.On(auth.APIClient)).Users() }
	read := auth.All(auth.Read.On(auth.APIClient))
	return []rpc.Method{
		{Name: "apiClient/insertApiClient", Doc: "Makes an API client of an organisation together with its user. Its secret is shown this once.",
			Rule: may(auth.Create), Do: rpc.Func(p.insertAPIClient), Once: true},
		{Name: "apiClient/getApiClients", Doc: "Lists the API clients of an organisation.", Rule: read, Do: rpc.Func(p.getAPIClients)},
		{Name: "apiClient/getApiClient", Doc: "Gets an API client of an organisation, or null.", Rule: read, Do: rpc.Func(p.getAPIClient)},
		{Name: "apiClient/updateApiClient", Doc: "Changes the named fields of an API client and of its user.",
			Rule: may(auth.Update), Do: rpc.Func(p.updateAPIClient)},
		{Name: "apiClient/deactivateApiClient", Doc: "Switches an API client off; its access tokens are dead at once, and stay so.",
			Rule: may(auth.Update), Do: rpc.Func(p.activateAPIClient(false))},
		{Name: "apiClient/activateApiClient", Doc: "Switches an API client on again.",
			Rule: may(auth.Update), Do: rpc.Func(p.activateAPIClient(true))},
		{Name: "apiClient/deleteApiClient", Doc: "Deletes an API client and its user for good.",
			Rule: may(auth.Delete), Do: rpc.Func(p.deleteAPIClient)},
		{Name: "apiClient/regenerateApiClientSecret", Doc: "Gives an API client a new secret; its old ones and its access tokens are dead at once.",
			Rule: may(auth.Update), Do: rpc.Func(p.regenerate(client.APIClient)), Once: true},
		{Name: "apiClient/rotateApiClientSecret", Doc: "Gives an API client a new secret beside the old one, which lives on for a while. The client may do so itself.",
			Rule: auth.All(auth.Update.On(auth.APIClient)).OrClient(), Do: rpc.Func(p.rotate(client.APIClient)), Once: true},
		{Name: "apiClient/endApiClientSecretRotation", Doc: "Ends the life of the old secret of an API client early.",
			Rule: may(auth.Update), Do: rpc.Func(p.endRotation(client.APIClient))},
	}
}

// ClientRoles are the role of an API client's user, or its functional roles.
type ClientRoles struct {
	RoleID  rpc.ID  `json:"roleId" doc:"A role, or one functional role."`
	RoleIDs rpc.IDs `json:"roleIds" doc:"One role, or several functional roles."`
}

// numbers are the roles that were named, or nil.
func (r ClientRoles) numbers() ([]int64, error) {
	switch {
	case r.RoleID != 0 && r.RoleIDs != nil:
		return nil, auth.BadField("roleId", "and roleIds are the same; name one of them")
	case r.RoleID != 0:
		return []int64{int64(r.RoleID)}, nil
	case r.RoleIDs == nil:
		return nil, nil
	}
	return numbers(r.RoleIDs), nil
}

// InsertAPIClient is the params of apiClient/insertApiClient.
type InsertAPIClient struct {
	rpc.InOrganisation
	ClientID string `json:"clientId" rpc:"required" doc:"3 to 239 of a-z, 0-9, dot, underline and hyphen. It never changes, and is never given again."`
	ClientRoles
	FirstName   *string `json:"firstName" rpc:"required"`
	LastName    *string `json:"lastName" rpc:"required"`
	Description string  `json:"description" doc:"At most 255 characters."`
	AuthMethod
}

// MadeAPIClient is the answer to insertApiClient.
type MadeAPIClient struct {
	Inserted
	ClientID     string  `json:"clientId"`
	UserID       rpc.ID  `json:"userId"`
	Username     string  `json:"username"`
	ClientSecret *string `json:"clientSecret" doc:"Shown this once; null for a client with keys."`
}

func (p Portal) insertAPIClient(ctx context.Context, by *auth.Principal, in InsertAPIClient) (MadeAPIClient, error) {
	keys, err := in.keys()
	if err != nil {
		return MadeAPIClient{}, err
	}
	roles, err := in.ClientRoles.numbers()
	if err != nil {
		return MadeAPIClient{}, err
	}
	c, secret, err := p.clients.InsertAPIClient(ctx, by, in.Tenant, client.NewAPIClient{
		ClientID: in.ClientID, RoleIDs: roles, FirstName: in.FirstName, LastName: in.LastName, Description: in.Description, Keys: keys,
	})
	if err != nil {
		return MadeAPIClient{}, err
	}
	return MadeAPIClient{Inserted{rpc.ID(c.ID), 1}, c.ClientID, rpc.ID(c.UserID), account.ServiceAccountName(c.ClientID), text(string(secret))}, nil
}

// APIClient is an API client with its user.
type APIClient struct {
	ID rpc.ID `json:"id"`
	Organisation
	ClientID    string          `json:"clientId"`
	UserID      rpc.ID          `json:"userId"`
	Username    string          `json:"username"`
	FirstName   *string         `json:"firstName"`
	LastName    *string         `json:"lastName"`
	Description *string         `json:"description"`
	RoleIDs     []rpc.ID        `json:"roleIds"`
	RoleName    string          `json:"roleName"`
	AuthMethod  string          `json:"authMethod" enum:"SECRET|PRIVATE_KEY_JWT"`
	JWKS        json.RawMessage `json:"jwks"`
	IsActive    bool            `json:"isActive"`
	IsLegacy    bool            `json:"isLegacy" doc:"From before this portal; the operator runs it."`
	Created     rpc.Time        `json:"created"`
	Modified    rpc.Time        `json:"modified"`
	LastUsed    rpc.Time        `json:"lastUsed" doc:"When it last got an access token, to the minute."`
	Secrets     []ClientSecret  `json:"secrets,omitempty" doc:"With \"secrets\": those that live."`
}

func apiClient(with rpc.Strings) func(client.Listed) APIClient {
	return func(l client.Listed) APIClient {
		out := APIClient{
			ID: rpc.ID(l.ID), Organisation: organisation(l.Of, l.TenantID), ClientID: l.ClientID, UserID: rpc.ID(l.UserID),
			Username: account.ServiceAccountName(l.ClientID), Description: text(l.Description), RoleIDs: []rpc.ID{},
			IsActive: !l.Inactive, IsLegacy: l.Legacy, Created: rpc.At(l.Created), Modified: rpc.At(l.Modified), LastUsed: rpc.At(l.LastUsed),
		}
		out.AuthMethod, out.JWKS = authMethod(l.Client)
		if u := l.User; u != nil {
			out.FirstName, out.LastName = u.Fields.FirstName, u.Fields.LastName
			out.RoleIDs, out.RoleName = ids(u.RoleIDs()), u.Role.Name
		}
		if with.Has("secrets") {
			out.Secrets = clientSecrets(l.Client)
		}
		return out
	}
}

// ShownClients says what is shown of API clients, and which.
type ShownClients struct {
	With          rpc.Strings `json:"with" enum:"secrets"`
	IncludeLegacy rpc.Bool    `json:"includeLegacy" doc:"Operator superusers see those from before this portal too."`
}

func (s ShownClients) show() client.Show { return client.Show{Legacy: bool(s.IncludeLegacy)} }

// GetAPIClients is the params of apiClient/getApiClients.
type GetAPIClients struct {
	rpc.InOrganisation
	ShownClients
	Paged
}

func (p Portal) getAPIClients(ctx context.Context, by *auth.Principal, in GetAPIClients) (List[APIClient], error) {
	list, page, err := p.clients.List(ctx, by, in.Tenant, client.APIClient, in.show(), in.query())
	return listed(list, page, apiClient(in.With)), err
}

// GetAPIClient is the params of apiClient/getApiClient.
type GetAPIClient struct {
	OneClient
	ShownClients
}

func (p Portal) getAPIClient(ctx context.Context, by *auth.Principal, in GetAPIClient) (*APIClient, error) {
	l, err := p.clients.Get(ctx, by, in.Tenant, client.APIClient, int64(in.ID), in.show())
	if err != nil || l == nil {
		return nil, err
	}
	out := apiClient(in.With)(*l)
	return &out, nil
}

// UpdateAPIClient is the params of apiClient/updateApiClient.
type UpdateAPIClient struct {
	OneClient
	Update *APIClientUpdate `json:"_update" rpc:"required"`
}

// APIClientUpdate names the fields to set.
type APIClientUpdate struct {
	ClientRoles
	FirstName   *string         `json:"firstName"`
	LastName    *string         `json:"lastName"`
	Description *string         `json:"description"`
	JWKS        json.RawMessage `json:"jwks"`
	IsActive    *rpc.Bool       `json:"isActive"`
	ClientID    *string         `json:"clientId" doc:"It does not change."`
	IsLegacy    *rpc.Bool       `json:"isLegacy" doc:"It does not change."`
}

func (p Portal) updateAPIClient(ctx context.Context, by *auth.Principal, in UpdateAPIClient) (Modified, error) {
	u := in.Update
	if u.ClientID != nil {
		return Modified{}, immutable("clientId")
	}
	if u.IsLegacy != nil {
		return Modified{}, immutable("isLegacy")
	}
	roles, err := u.ClientRoles.numbers()
	if err != nil {
		return Modified{}, auth.Within("_update", err)
	}
	rows, err := p.clients.UpdateAPIClient(ctx, by, in.Tenant, int64(in.ID), client.APIClientUpdate{
		Description: u.Description, Keys: u.JWKS,
		ServiceAccountUpdate: account.ServiceAccountUpdate{RoleIDs: roles, FirstName: u.FirstName, LastName: u.LastName, IsActive: flag(u.IsActive)},
	})
	return Modified{rows}, auth.Within("_update", err)
}

func (p Portal) activateAPIClient(active bool) func(context.Context, *auth.Principal, OneClient) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in OneClient) (Modified, error) {
		rows, err := p.clients.UpdateAPIClient(ctx, by, in.Tenant, int64(in.ID), client.APIClientUpdate{
			ServiceAccountUpdate: account.ServiceAccountUpdate{IsActive: &active},
		})
		return Modified{rows}, err
	}
}

// DeleteAPIClient is the params of apiClient/deleteApiClient.
type DeleteAPIClient struct {
	OneClient
	ReassignToUserID rpc.ID `json:"reassignToUserId" doc:"The user who gets the credentials that are shared with its user, and the memberships in user groups."`
}

func (p Portal) deleteAPIClient(ctx context.Context, by *auth.Principal, in DeleteAPIClient) (Deleted, error) {
	rows, err := p.clients.DeleteAPIClient(ctx, by, in.Tenant, int64(in.ID), int64(in.ReassignToUserID))
	return deleted(in.ID, rows), err
}

// OneClient names an app or an API client of an organisation.
type OneClient struct {
	rpc.InOrganisation
	ID rpc.ID `json:"id" rpc:"required"`
}

// ShownSecret is a new secret.
type ShownSecret struct {
	ID           rpc.ID `json:"id"`
	ClientSecret string `json:"clientSecret" doc:"Shown this once."`
}

func (p Portal) regenerate(k client.Kind) func(context.Context, *auth.Principal, OneClient) (ShownSecret, error) {
	return func(ctx context.Context, by *auth.Principal, in OneClient) (ShownSecret, error) {
		secret, err := p.clients.Regenerate(ctx, by, in.Tenant, k, int64(in.ID))
		return ShownSecret{in.ID, string(secret)}, err
	}
}

// RotateSecret is the params of the rotations.
type RotateSecret struct {
	OneClient
	OverlapSec *int64 `json:"overlapSec" doc:"How long the old secret lives on, 0 to 604800; the default is 172800."`
}

// defaultOverlap is two days.
const defaultOverlap = 48 * time.Hour

func (p Portal) rotate(k client.Kind) func(context.Context, *auth.Principal, RotateSecret) (ShownSecret, error) {
	return func(ctx context.Context, by *auth.Principal, in RotateSecret) (ShownSecret, error) {
		overlap := defaultOverlap
		if in.OverlapSec != nil {
			overlap = time.Duration(*in.OverlapSec) * time.Second
		}
		secret, err := p.clients.Rotate(ctx, by, in.Tenant, k, int64(in.ID), overlap)
		return ShownSecret{in.ID, string(secret)}, err
	}
}

func (p Portal) endRotation(k client.Kind) func(context.Context, *auth.Principal, OneClient) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in OneClient) (Modified, error) {
		rows, err := p.clients.EndRotation(ctx, by, in.Tenant, k, int64(in.ID))
		return Modified{rows}, err
	}
}
