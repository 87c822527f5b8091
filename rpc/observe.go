package rpc

import (
	"time"

	"github.com/portico-vco/portico/auth"
)

// RateLimited is the Refusal of calls that are refused for a rate limit.
const RateLimited = "rate_limited"

// An Observation is what those who count are told of a call. None of its words is a caller's own, so there are only so many.
type Observation struct {
	Method  string // of the table, the path of an endpoint, or "unknown"; "none" of a request without a call
	Refusal string // why it was refused; "" of one that was not
	Ours    bool   // the refusal is our own fault, or the store's
	Over    bool   // beyond a rate limit: refused for it, or let pass by a limit that only logs
	Took    time.Duration
}

// observe tells of a call that ended with f.
func (c *call) observe(f *fault, took time.Duration) {
	if c.x.s.o.Observe == nil {
		return
	}
	o := Observation{Method: c.printed(), Over: c.overLimit, Took: took}
	if o.Method == "" {
		o.Method = "none"
	}
	if f != nil {
		o.Refusal, o.Ours = f.reason, f.kind == auth.Internal || f.kind == auth.Unavailable
	}
	c.x.s.o.Observe(o)
}
