package portal_test

import (
	"testing"

	"github.com/portico-vco/portico/store"
)

// BenchmarkChain: what the chain of events costs token creations at 64 callers, against a portal whose events are not chained.
func BenchmarkChain(b *testing.B) {
	const callers = 64
	plain, chained := openSite(b, min(stored(), 10_000)), openSite(b, min(stored(), 10_000))
	plain.db.OnCommit(func(_, _ store.Tx) error { return nil })
	race(b, callers, contestant{"plain", plain.inside(callers)}, contestant{"chained", chained.inside(callers)})
}
