package portal

import (
	"context"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// The published token methods are a few functions with rows for each type of user: network/ is for operator users,
// enterpriseProxy/ for partners', enterprise/ for customers'. The short family apiToken/ is for all of them.
func (p Portal) tokenRows() []rpc.Method {
	const (
		create   = "Creates an API token of a user; it is pending until its owner downloads it."
		download = "Makes the text of a pending API token and enables it: for its owner alone, and once."
		list     = "Lists the API tokens that the caller may handle: those of the tenant for who manages them, else his own."
		listUser = "Lists a user's API tokens, if the caller may handle them."
		refresh  = "Gives an enabled API token a new text and its whole life anew, for its owner alone; the old text dies."
		revoke   = "Ends an API token for good."
	)
	may := func(do auth.Action, o auth.Object) auth.Rule { return auth.All(do.On(o)).Humans() }
	any := func(do auth.Action) auth.Rule {
		return auth.Any(do.On(auth.OperatorToken), do.On(auth.ProxyToken), do.On(auth.EnterpriseToken)).Humans()
	}
	network, proxy, enterprise := auth.OperatorToken, auth.ProxyToken, auth.EnterpriseToken
	return []rpc.Method{
		{Name: "network/createApiToken", Doc: create, Rule: may(auth.Create, network).Callers(auth.Operator), Do: rpc.Func(p.createOperatorToken)},
		{Name: "network/downloadApiToken", Doc: download, Rule: may(auth.Read, network).Whole(), Do: rpc.Func(p.download(auth.Operator)), Once: true},
		{Name: "network/getApiTokens", Doc: list, Rule: may(auth.Read, network), Do: rpc.Func(p.getNetworkTokens)},
		{Name: "network/refreshApiToken", Doc: refresh, Rule: may(auth.Update, network), Do: rpc.Func(p.refresh(auth.Operator)), Once: true},
		{Name: "network/revokeApiToken", Doc: revoke, Rule: may(auth.Update, network), Do: rpc.Func(p.revoke(auth.Operator))},
		{Name: "operatorUser/getApiTokens", Doc: listUser, Rule: may(auth.Read, network), Do: rpc.Func(p.getOperatorUserTokens)},

		{Name: "enterpriseProxy/createApiToken", Doc: create, Rule: may(auth.Create, proxy), Do: rpc.Func(p.createProxyToken)},
		{Name: "enterpriseProxy/downloadApiToken", Doc: download, Rule: may(auth.Read, proxy).Whole(), Do: rpc.Func(p.downloadIn(auth.MSP)), Once: true},
		{Name: "enterpriseProxy/getApiTokens", Doc: list, Rule: may(auth.Read, proxy), Do: rpc.Func(p.getProxyTokens)},
		{Name: "enterpriseProxy/refreshApiToken", Doc: refresh, Rule: may(auth.Update, proxy), Do: rpc.Func(p.refresh(auth.MSP)), Once: true},
		{Name: "enterpriseProxy/revokeApiToken", Doc: revoke, Rule: may(auth.Update, proxy), Do: rpc.Func(p.revokeIn(auth.MSP))},

		{Name: "enterprise/createApiToken", Doc: create, Rule: may(auth.Create, enterprise), Do: rpc.Func(p.createEnterpriseToken)},
		{Name: "enterprise/downloadApiToken", Doc: download, Rule: may(auth.Read, enterprise).Whole(), Do: rpc.Func(p.downloadIn(auth.Enterprise)), Once: true},
		{Name: "enterprise/getApiTokens", Doc: list, Rule: may(auth.Read, enterprise), Do: rpc.Func(p.getEnterpriseTokens)},
		{Name: "enterprise/refreshApiToken", Doc: refresh, Rule: may(auth.Update, enterprise), Do: rpc.Func(p.refresh(auth.Enterprise)), Once: true},
		{Name: "enterprise/revokeApiToken", Doc: revoke, Rule: may(auth.Update, enterprise), Do: rpc.Func(p.revokeIn(auth.Enterprise))},
		{Name: "enterpriseUser/getApiTokens", Doc: listUser, Rule: auth.Any(auth.Read.On(enterprise), auth.Read.On(proxy)).Humans(), Do: rpc.Func(p.getEnterpriseUserTokens)},

		{Name: "apiToken/create", Doc: create, Rule: any(auth.Create), Do: rpc.Func(p.createToken)},
		{Name: "apiToken/download", Doc: download, Rule: any(auth.Read).Whole(), Do: rpc.Func(p.download(auth.NoType)), Once: true},
		{Name: "apiToken/revoke", Doc: revoke, Rule: any(auth.Update), Do: rpc.Func(p.revoke(auth.NoType))},
		{Name: "apiToken/refresh", Doc: refresh, Rule: any(auth.Update), Do: rpc.Func(p.refresh(auth.NoType)), Once: true},
		{Name: "apiToken/rotate", Doc: "Gives an enabled API token a successor with a text of its own, for its owner alone; for a while the old text is good, too.",
			Rule: any(auth.Update), Do: rpc.Func(p.rotateToken), Once: true},
		{Name: "apiToken/revokeMany", Doc: "Ends the API tokens that fit a filter for good: those of an organisation for who manages them, else one's own.",
			Rule: any(auth.Update), Do: rpc.Func(p.revokeTokens)},
		{Name: "apiToken/getPolicy", Doc: "Tells what is asked of the API tokens of an organisation's users, by itself and by those above it.",
			Rule: any(auth.Read), Do: rpc.Func(p.getTokenPolicy)},
		{Name: "apiToken/get", Doc: "Gets an API token that the caller may handle, or null.", Rule: any(auth.Read), Do: rpc.Func(p.getToken)},
		{Name: "apiToken/list", Doc: listUser, Rule: any(auth.Read), Do: rpc.Func(p.listTokens)},
	}
}

// NewToken is what the params of all creations have in common.
type NewToken struct {
	Name        string `json:"name" rpc:"required" doc:"1 to 128 characters, unique among the owner's living tokens."`
	Description string `json:"description" doc:"At most 255 characters."`
	LifetimeMs  int64  `json:"lifetimeMs" rpc:"required" doc:"Milliseconds, counted from now; at most 366 days."`

	// What limits a token is not passed over because it was misspelt, or stands beside them: it would be a token without.
	Limits *NewTokenLimits `json:"limits" guard:"limits|privileges|methods|sources" doc:"What the token leaves of its owner's rights; they never change."`
}

func (n NewToken) account(owner rpc.ID, t auth.UserType, tenant rpc.ID) token.NewToken {
	return token.NewToken{
		Owner: int64(owner), OwnerType: t, TenantID: int64(tenant), Name: n.Name, Description: n.Description, LifetimeMs: n.LifetimeMs,
		Limits: n.Limits.account(),
	}
}

func (p Portal) create(ctx context.Context, by *auth.Principal, n token.NewToken) (Inserted, error) {
	if err := p.known(n.Limits); err != nil {
		return Inserted{}, err
	}
	id, err := p.tokens.Create(ctx, by, n)
	return Inserted{ID: rpc.ID(id), Rows: 1}, err
}

// CreateOperatorToken is the params of network/createApiToken.
type CreateOperatorToken struct {
	OperatorUserID rpc.ID `json:"operatorUserId" doc:"The owner; the default is the caller."`
	NewToken
}

func (p Portal) createOperatorToken(ctx context.Context, by *auth.Principal, in CreateOperatorToken) (Inserted, error) {
	return p.create(ctx, by, in.NewToken.account(in.OperatorUserID, auth.Operator, 0))
}

// CreateProxyToken is the params of enterpriseProxy/createApiToken.
type CreateProxyToken struct {
	EnterpriseUserID  rpc.ID `json:"enterpriseUserId" rpc:"required" doc:"The owner, a partner's user."`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId" doc:"The owner's partner, if it is to be checked."`
	NewToken
}

func (p Portal) createProxyToken(ctx context.Context, by *auth.Principal, in CreateProxyToken) (Inserted, error) {
	return p.create(ctx, by, in.NewToken.account(in.EnterpriseUserID, auth.MSP, in.EnterpriseProxyID))
}

// CreateEnterpriseToken is the params of enterprise/createApiToken.
type CreateEnterpriseToken struct {
	EnterpriseUserID rpc.ID `json:"enterpriseUserId" rpc:"required" doc:"The owner."`
	EnterpriseID     rpc.ID `json:"enterpriseId" doc:"The owner's enterprise, if it is to be checked."`
	NewToken
}

func (p Portal) createEnterpriseToken(ctx context.Context, by *auth.Principal, in CreateEnterpriseToken) (Inserted, error) {
	return p.create(ctx, by, in.NewToken.account(in.EnterpriseUserID, auth.Enterprise, in.EnterpriseID))
}

// CreateToken is the params of apiToken/create.
type CreateToken struct {
	rpc.Exact
	UserID rpc.ID `json:"userId" doc:"The owner; the default is the caller."`
	NewToken
}

func (p Portal) createToken(ctx context.Context, by *auth.Principal, in CreateToken) (Inserted, error) {
	return p.create(ctx, by, in.NewToken.account(in.UserID, auth.NoType, 0))
}

// OneToken names a token by number.
type OneToken struct {
	ID rpc.ID `json:"id" rpc:"required"`
}

// OneTokenIn names a token and, if that is to be checked, the tenant of its owner.
type OneTokenIn struct {
	OneToken
	EnterpriseID      rpc.ID `json:"enterpriseId"`
	EnterpriseProxyID rpc.ID `json:"enterpriseProxyId"`
}

// where is what the params narrow the tokens to.
func (p Portal) where(ctx context.Context, by *auth.Principal, t auth.UserType, o OneTokenIn) (token.Where, error) {
	param, id := "enterpriseId", o.EnterpriseID
	if t == auth.MSP {
		param, id = "enterpriseProxyId", o.EnterpriseProxyID
	}
	return token.Where{OwnerType: t, TenantID: int64(id)}, p.named(ctx, by, t, param, id)
}

// TokenText is the one answer that has a secret in it.
type TokenText struct {
	Token string `json:"token" doc:"Shown this once; send it as Authorization: Token <token>."`
}

type downloads[P any] = func(context.Context, *auth.Principal, P) (TokenText, error)

func (p Portal) download(t auth.UserType) downloads[OneToken] {
	return func(ctx context.Context, by *auth.Principal, in OneToken) (TokenText, error) {
		made, err := p.tokens.Download(ctx, by, token.Where{OwnerType: t}, int64(in.ID))
		return TokenText{string(made)}, err
	}
}

func (p Portal) downloadIn(t auth.UserType) downloads[OneTokenIn] {
	return func(ctx context.Context, by *auth.Principal, in OneTokenIn) (TokenText, error) {
		w, err := p.where(ctx, by, t, in)
		if err != nil {
			return TokenText{}, err
		}
		made, err := p.tokens.Download(ctx, by, w, int64(in.ID))
		return TokenText{string(made)}, err
	}
}

// RefreshToken is the params of a refresh.
type RefreshToken struct {
	APIToken string `json:"apiToken" rpc:"required" doc:"The token's text as it is now."`
}

func (p Portal) refresh(t auth.UserType) downloads[RefreshToken] {
	return func(ctx context.Context, by *auth.Principal, in RefreshToken) (TokenText, error) {
		made, err := p.tokens.Refresh(ctx, by, token.Where{OwnerType: t}, secret.Text(in.APIToken))
		return TokenText{string(made)}, err
	}
}

func (p Portal) revoke(t auth.UserType) func(context.Context, *auth.Principal, OneToken) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in OneToken) (Modified, error) {
		rows, err := p.tokens.Revoke(ctx, by, token.Where{OwnerType: t}, int64(in.ID))
		return Modified{rows}, err
	}
}

func (p Portal) revokeIn(t auth.UserType) func(context.Context, *auth.Principal, OneTokenIn) (Modified, error) {
	return func(ctx context.Context, by *auth.Principal, in OneTokenIn) (Modified, error) {
		w, err := p.where(ctx, by, t, in)
		if err != nil {
			return Modified{}, err
		}
		rows, err := p.tokens.Revoke(ctx, by, w, int64(in.ID))
		return Modified{rows}, err
	}
}
