package main

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/verify"
)

// A line for each attempt at a directory: where, what came of it, how long it took, and why nothing did.
func TestVerificationsAreLogged(t *testing.T) {
	var log bytes.Buffer
	o := &instance{log: zerolog.New(&log)}
	o.verified(verify.Asked{Address: "dc1.example:636", Outcome: verify.Locked, Took: 12 * time.Millisecond})
	o.verified(verify.Asked{Address: "dc1.example:636", Outcome: verify.Unavailable, Took: 5 * time.Second, Err: errors.New("no route")})
	want := `{"level":"info","verifier":"dc1.example:636","outcome":"LOCKED","took":12,"message":"verification"}
{"level":"warn","error":"no route","verifier":"dc1.example:636","outcome":"UNAVAILABLE","took":5000,"message":"verification"}
`
	if log.String() != want {
		t.Errorf("logged %s", log.String())
	}
}
