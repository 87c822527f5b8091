package portal

import (
	"context"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// RotateToken is the params of apiToken/rotate.
type RotateToken struct {
	ID        rpc.ID `json:"id" doc:"The default is the API token that the call comes by."`
	OverlapMs *int64 `json:"overlapMs" doc:"Milliseconds that the old text is good beside the new one, 0 to 30 days; the default is a day."`
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
		if *in.OverlapMs < 0 || *in.OverlapMs > token.MaxOverlap.Milliseconds() {
			return RotatedToken{}, auth.BadField("overlapMs", "is not between 0 and %d", token.MaxOverlap.Milliseconds())
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
