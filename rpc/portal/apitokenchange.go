package portal

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// RotateToken is the params of apiToken/rotate.
type RotateToken struct {
	ID        rpc.ID `json:"id" doc:"The default is the API token that the call comes by."`
	OverlapMs *int64 `json:"overlapMs" doc:"Milliseconds that the old text is good beside the new one, 0 to 30 days, or what the policy says; the default is a day."`
}

// RotatedToken is the successor with its text.
type RotatedToken struct {
	ID                    rpc.ID   `json:"id"`
	Token                 string   `json:"token" doc:"Shown this once; send it as Authorization: Token <token>."`
	Expiration            rpc.Time `json:"expiration"`
	PredecessorID         rpc.ID   `json:"predecessorId"`
	PredecessorExpiration rpc.Time `json:"predecessorExpiration" doc:"Until then the old text is good."`
}

func (p Portal) rotateToken(ctx context.Context, by *auth.Principal, in RotateToken) (RotatedToken, error) {
	var overlap *time.Duration
	if in.OverlapMs != nil {
		if *in.OverlapMs < 0 || *in.OverlapMs > account.MaxOverlap.Milliseconds() {
			return RotatedToken{}, auth.BadField("overlapMs", "is not between 0 and %d", account.MaxOverlap.Milliseconds())
		}
		d := time.Duration(*in.OverlapMs) * time.Millisecond
		overlap = &d
	}
	r, err := p.tokens.Rotate(ctx, by, int64(in.ID), overlap)
	if err != nil {
		return RotatedToken{}, err
	}
	return RotatedToken{
		ID: rpc.ID(r.ID), Token: string(r.Text), Expiration: rpc.At(r.Expiration),
		PredecessorID: rpc.ID(r.PredecessorID), PredecessorExpiration: rpc.At(r.PredecessorEnds),
	}, nil
}

// RevokeTokens is the params of apiToken/revokeMany: all that is named must fit, and something must be.
type RevokeTokens struct {
	rpc.Exact
	rpc.InOrganisation
	UserID        rpc.ID   `json:"userId" doc:"The owner."`
	RoleID        rpc.ID   `json:"roleId" doc:"The role that the owner has now."`
	UnusedSince   rpc.Time `json:"unusedSince" doc:"Neither used nor made since then. Uses are known within a minute."`
	CreatedBefore rpc.Time `json:"createdBefore"`
	ExpiresAfter  rpc.Time `json:"expiresAfter"`
	NamePrefix    string   `json:"namePrefix" doc:"How the name begins, in any letter case."`
	State         string   `json:"state" enum:"PENDING|ENABLED"`
	WithoutLimits rpc.Bool `json:"withoutLimits" doc:"Those that have no limits."`
	DryRun        rpc.Bool `json:"dryRun" doc:"Counts, and revokes nothing."`
}

// RevokedTokens says how many there were.
type RevokedTokens struct {
	Matched int  `json:"matched"`
	Revoked int  `json:"revoked" doc:"At most 1000 in a call."`
	More    bool `json:"more" doc:"The same call revokes those that are left."`
}

func (p Portal) revokeTokens(ctx context.Context, by *auth.Principal, in RevokeTokens) (RevokedTokens, error) {
	f := token.Filter{
		OwnerID: int64(in.UserID), RoleID: int64(in.RoleID), UnusedSince: in.UnusedSince.Time, CreatedBefore: in.CreatedBefore.Time,
		ExpiresAfter: in.ExpiresAfter.Time, NamePrefix: in.NamePrefix, State: token.State(in.State), WithoutLimits: bool(in.WithoutLimits),
	}
	n, err := p.tokens.RevokeMany(ctx, by, in.Tenant, f, bool(in.DryRun))
	return RevokedTokens{n.Matched, n.Revoked, !bool(in.DryRun) && n.Matched > n.Revoked}, err
}

// GetTokenPolicy is the params of apiToken/getPolicy.
type GetTokenPolicy struct {
	rpc.InOrganisation
}

// TokenPolicy is what holds, whoever asks for it: the strictest of the organisation's own policy and those above it.
type TokenPolicy struct {
	MaxLifetimeMs int64    `json:"maxLifetimeMs" doc:"Of a token that is made, refreshed or rotated."`
	IdleMs        *int64   `json:"idleMs" doc:"A token that was not used for so long has ended, an hour later at most."`
	MaxOverlapMs  int64    `json:"maxOverlapMs" doc:"Of a rotation."`
	Require       []string `json:"require" enum:"sources|privileges|methods|rights" doc:"Limits that a token must have, to be made and to be used; rights are privileges or methods."`
}

func (p Portal) getTokenPolicy(ctx context.Context, by *auth.Principal, in GetTokenPolicy) (TokenPolicy, error) {
	if v := auth.Read.On(auth.TokenObject(in.Tenant.Type)); !by.May(v, in.Tenant) {
		return TokenPolicy{}, auth.Lacks(by, v)
	}
	longest, policy, err := p.tokens.Policy(ctx, in.Tenant)
	out := TokenPolicy{
		MaxLifetimeMs: longest.Milliseconds(), MaxOverlapMs: policy.MaxOverlap.Milliseconds(), Require: append([]string{}, policy.Require...),
	}
	if policy.Idle > 0 {
		ms := policy.Idle.Milliseconds()
		out.IdleMs = &ms
	}
	return out, err
}
