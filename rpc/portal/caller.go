package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

func (p Portal) callerRows() []rpc.Method {
	return []rpc.Method{
		{Name: "auth/getCallerInfo", Doc: "Tells who the caller is, by which means, with which rights, until when.",
			Rule: auth.SignedIn.Anywhere(), Do: rpc.Func(p.getCallerInfo)},
	}
}

// CallerInfo is the caller as the portal sees him.
type CallerInfo struct {
	PrincipalType     string        `json:"principalType" enum:"USER|SERVICE_ACCOUNT|APP"`
	UserID            *rpc.ID       `json:"userId" doc:"Null for an app, which is no user."`
	Username          *string       `json:"username"`
	ClientID          *string       `json:"clientId" doc:"The client id of an app, or of an API client."`
	UserType          string        `json:"userType" enum:"OPERATOR|MSP|ENTERPRISE" doc:"The type of the organisation."`
	NetworkID         rpc.ID        `json:"networkId"`
	EnterpriseProxyID *rpc.ID       `json:"enterpriseProxyId"`
	EnterpriseID      *rpc.ID       `json:"enterpriseId"`
	Role              ExplainedRole `json:"role"`
	IsSuper           rpc.Flag      `json:"isSuper"`
	Privileges        []string      `json:"privileges" doc:"Those that the role holds; on tenants below, consent is needed for some."`
	Means             string        `json:"means" enum:"SESSION|API_TOKEN|ACCESS_TOKEN"`
	MeansID           *rpc.ID       `json:"meansId" doc:"The number of the API token."`
	Limits            *TokenLimits  `json:"limits" doc:"Of the API token."`
	Expires           rpc.Time      `json:"expires" doc:"When the session or token ends."`
	Source            string        `json:"source" doc:"The address that the call came from."`
	TokenLifetimeMs   int64         `json:"tokenLifetimeMs" doc:"How long a new API token may live at most."`
}

func (p Portal) getCallerInfo(ctx context.Context, by *auth.Principal, _ None) (CallerInfo, error) {
	longest, _, err := p.tokens.Policy(ctx, auth.Tenant{Type: by.UserType, ID: by.TenantID()})
	if err != nil {
		return CallerInfo{}, err
	}
	out := CallerInfo{
		PrincipalType: by.Type.String(), UserID: ref(by.UserID), Username: text(by.Username), ClientID: text(by.Client),
		UserType: by.UserType.String(), NetworkID: auth.NetworkID, EnterpriseProxyID: ref(by.ProxyID), EnterpriseID: ref(by.EnterpriseID),
		Role: ExplainedRole{rpc.ID(by.Role.ID), by.Role.Name}, IsSuper: rpc.Flag(by.IsSuper()), Privileges: []string{},
		Means: by.Means.String(), Expires: rpc.At(by.Until), Source: by.Source, TokenLifetimeMs: longest.Milliseconds(),
		Limits: tokenLimits(by.Limits),
	}
	if by.Means == auth.ByAPIToken {
		out.MeansID = ref(by.MeansID)
	}
	for _, v := range by.Role.Privileges() {
		out.Privileges = append(out.Privileges, v.String())
	}
	return out, nil
}

// CatalogEntry tells beforehand what a method takes.
type CatalogEntry struct {
	Name                string   `json:"name"`
	Summary             string   `json:"summary"`
	Public              bool     `json:"public" doc:"Open to everybody, signed in or not."`
	AllowPrincipleTypes []string `json:"allowPrincipleTypes" doc:"USER is a person, SERVICE_ACCOUNT an API client, APP an OAuth app."`
	AllowAuthTypes      []string `json:"allowAuthTypes" doc:"The types of users or organisations; none means every one."`
	All                 []string `json:"all" doc:"Privileges of which every one is asked for."`
	Any                 []string `json:"any" doc:"Privileges of which one will do."`
	AllowLimitedTokens  bool     `json:"allowLimitedTokens" doc:"Open to API tokens with limits, within these."`
}

func catalog(rows []rpc.Method) []CatalogEntry {
	out := make([]CatalogEntry, len(rows))
	for i, m := range rows {
		rule := explainedRule(m.Rule)
		out[i] = CatalogEntry{
			Name: m.Name, Summary: m.Doc, Public: rule.Public, AllowPrincipleTypes: rule.Principals, AllowAuthTypes: []string{}, All: rule.All, Any: rule.Any,
			AllowLimitedTokens: !m.Rule.IsWhole(),
		}
		for _, t := range m.Rule.UserTypes() {
			out[i].AllowAuthTypes = append(out[i].AllowAuthTypes, t.Caller())
		}
	}
	return out
}
