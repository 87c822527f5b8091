package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// APIToken is the published API token, with lastUsed and lastUsedFrom besides. Its text is never in it.
type APIToken struct {
	ID                         rpc.ID   `json:"id"`
	TokenUUID                  string   `json:"tokenUuid"`
	Name                       string   `json:"name"`
	Description                *string  `json:"description"`
	Created                    rpc.Time `json:"created"`
	Modified                   rpc.Time `json:"modified"`
	Expiration                 rpc.Time `json:"expiration"`
	Downloaded                 rpc.Time `json:"downloaded"`
	IsRevoked                  bool     `json:"isRevoked"`
	CreatedByEnterpriseUserID  *rpc.ID  `json:"createdByEnterpriseUserId" doc:"A customer's or partner's user."`
	CreatedByOperatorUserID    *rpc.ID  `json:"createdByOperatorUserId"`
	CreatedForEnterpriseUserID *rpc.ID  `json:"createdForEnterpriseUserId" doc:"A customer's or partner's user."`
	CreatedForOperatorUserID   *rpc.ID  `json:"createdForOperatorUserId"`
	NetworkID                  *rpc.ID  `json:"networkId"`
	EnterpriseProxyID          *rpc.ID  `json:"enterpriseProxyId"`
	EnterpriseID               *rpc.ID  `json:"enterpriseId"`
	State                      string   `json:"state" enum:"PENDING|ENABLED|REVOKED|EXPIRED"`
	LastUsed                   rpc.Time `json:"lastUsed" doc:"Written at most once a minute."`
	LastUsedFrom               *string  `json:"lastUsedFrom"`

	Limits        *TokenLimits `json:"limits"`
	SuccessorID   *rpc.ID      `json:"successorId" doc:"By a rotation."`
	PredecessorID *rpc.ID      `json:"predecessorId"`
	AgainstPolicy *string      `json:"againstPolicy" enum:"IDLE|LIMITS" doc:"Why the policy of the organisation refuses it: it was not used for too long, or lacks a limit."`
}

// UserAPIToken is one in the list of a user.
type UserAPIToken struct {
	APIToken
	TenantName string `json:"tenantName"`
}

func apiToken(l token.Listed) APIToken {
	out := APIToken{
		ID: rpc.ID(l.ID), TokenUUID: l.UUID.String(), Name: l.Name, Description: text(l.Description),
		Created: rpc.At(l.Created), Modified: rpc.At(l.Modified), Expiration: rpc.At(l.Expiration), Downloaded: rpc.At(l.Downloaded),
		IsRevoked: l.State == token.Revoked, State: string(l.State), LastUsed: rpc.At(l.LastUsed), LastUsedFrom: text(l.LastUsedFrom),
		Limits: tokenLimits(l.Limits), SuccessorID: ref(l.SuccessorID), PredecessorID: ref(l.PredecessorID),
		AgainstPolicy: text(string(l.Standing)),
	}
	out.CreatedByOperatorUserID, out.CreatedByEnterpriseUserID = byType(l.CreatorType, l.CreatorID)
	out.CreatedForOperatorUserID, out.CreatedForEnterpriseUserID = byType(l.OwnerType, l.OwnerID)
	switch l.OwnerType {
	case auth.Operator:
		out.NetworkID = ref(l.TenantID)
	case auth.MSP:
		out.EnterpriseProxyID = ref(l.TenantID)
	case auth.Enterprise:
		out.EnterpriseID = ref(l.TenantID)
	}
	return out
}

// byType: partners' users are numbered among the enterprise users in the published token.
func byType(t auth.UserType, id int64) (operator, enterprise *rpc.ID) {
	if t == auth.Operator {
		return ref(id), nil
	}
	return nil, ref(id)
}

func userAPIToken(l token.Listed) UserAPIToken { return UserAPIToken{apiToken(l), l.Tenant.Name} }

func (p Portal) listIn(ctx context.Context, by *auth.Principal, in auth.Tenant, q Exported) (Export[APIToken], error) {
	list, page, err := p.tokens.List(ctx, by, in, 0, q.query())
	return exported(q, list, page, apiToken), err
}

// The rule of each list has been checked for the tenant when it is scoped; who sees whose tokens the authority decides.

func (p Portal) getNetworkTokens(ctx context.Context, by *auth.Principal, in Exported) (Export[APIToken], error) {
	return p.listIn(ctx, by, auth.Network(), in)
}

// GetProxyTokens is the params of enterpriseProxy/getApiTokens.
type GetProxyTokens struct {
	rpc.InProxy
	Exported
}

func (p Portal) getProxyTokens(ctx context.Context, by *auth.Principal, in GetProxyTokens) (Export[APIToken], error) {
	return p.listIn(ctx, by, in.Tenant, in.Exported)
}

// GetEnterpriseTokens is the params of enterprise/getApiTokens.
type GetEnterpriseTokens struct {
	rpc.InEnterprise
	Exported
}

func (p Portal) getEnterpriseTokens(ctx context.Context, by *auth.Principal, in GetEnterpriseTokens) (Export[APIToken], error) {
	return p.listIn(ctx, by, in.Tenant, in.Exported)
}

// OneOwner names the user whose tokens are wanted.
type OneOwner struct {
	ID rpc.ID `json:"id" rpc:"required" doc:"A user's number."`
	Exported
}

func (p Portal) getOperatorUserTokens(ctx context.Context, by *auth.Principal, in OneOwner) (Export[UserAPIToken], error) {
	return p.listOf(ctx, by, in.ID, in.Exported, auth.Operator)
}

func (p Portal) getEnterpriseUserTokens(ctx context.Context, by *auth.Principal, in OneOwner) (Export[UserAPIToken], error) {
	return p.listOf(ctx, by, in.ID, in.Exported, auth.Enterprise, auth.MSP)
}

// ListTokens is the params of apiToken/list.
type ListTokens struct {
	UserID rpc.ID `json:"userId" doc:"The default is the caller."`
	Exported
}

func (p Portal) listTokens(ctx context.Context, by *auth.Principal, in ListTokens) (Export[UserAPIToken], error) {
	return p.listOf(ctx, by, in.UserID, in.Exported)
}

func (p Portal) listOf(ctx context.Context, by *auth.Principal, owner rpc.ID, q Exported, types ...auth.UserType) (Export[UserAPIToken], error) {
	list, page, err := p.tokens.ListUser(ctx, by, int64(owner), q.query(), types...)
	return exported(q, list, page, userAPIToken), err
}

func (p Portal) getToken(ctx context.Context, by *auth.Principal, in OneToken) (*UserAPIToken, error) {
	l, err := p.tokens.Get(ctx, by, int64(in.ID))
	if err != nil || l == nil {
		return nil, err
	}
	out := userAPIToken(*l)
	return &out, nil
}
