package portal

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc"
)

// EventChainHead is where the chain of events ended at a time.
type EventChainHead struct {
	Link      int64    `json:"link"`
	Events    int64    `json:"events" doc:"How many there have been, which is the number of the last."`
	Hash      string   `json:"hash" doc:"SHA-256 of the link, in hexadecimal digits."`
	Time      rpc.Time `json:"time"`
	Signature string   `json:"signature" doc:"HMAC-SHA256 of all this under a key of the portal, in base64url."`
	KeyID     string   `json:"keyId"`
}

func (p Portal) getEventChainHead(ctx context.Context, _ *auth.Principal, _ None) (*EventChainHead, error) {
	h, err := p.accounts.EventHead(ctx)
	if err != nil {
		return nil, err
	}
	return &EventChainHead{
		Link: h.Link, Events: h.Events, Hash: hex.EncodeToString(h.Hash), Time: rpc.At(h.Time),
		Signature: base64.RawURLEncoding.EncodeToString(h.Mark), KeyID: h.KeyID,
	}, nil
}

// ReadEventHead reads what system/getEventChainHead has answered.
func ReadEventHead(answer []byte) (*account.EventHead, error) {
	var h EventChainHead
	if err := json.Unmarshal(answer, &h); err != nil {
		return nil, fmt.Errorf("not a head of the chain of events: %w", err)
	}
	hash, err := hex.DecodeString(h.Hash)
	mark, err2 := base64.RawURLEncoding.DecodeString(h.Signature)
	if err = errors.Join(err, err2); err != nil || len(mark) == 0 {
		return nil, errors.Join(errors.New("not a head of the chain of events: without hash or signature"), err)
	}
	return &account.EventHead{Link: h.Link, Events: h.Events, Hash: hash, Time: h.Time.Time, Mark: mark, KeyID: h.KeyID}, nil
}
