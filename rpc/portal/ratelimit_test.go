package portal_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Of any number of calls at once no more are made than there may be: here by two API tokens of one user.
func TestRateLimitHoldsUnderConcurrency(t *testing.T) {
	h := build(t)
	as := h.session(t, "ops@acme")
	_, one := h.enabled(t, as, "one", time.Hour)
	_, two := h.enabled(t, as, "two", time.Hour)
	h.setProperty(t, "vco.api.rateLimit.mode.logOnly", "false")
	h.setProperty(t, "vco.api.rateLimit.rules.global", `[{"type":"ENTERPRISE_USER","policies":[{"match":{"type":"ALL"},
		"rules":{"reservoir":20,"reservoirRefreshAmount":1,"reservoirRefreshInterval":3600000}}]}]`)
	h.setProperty(t, "vco.api.rateLimit.enabled", "true")
	var passed, refused atomic.Int64
	var wg sync.WaitGroup
	for _, text := range []string{one, two, one, two} {
		wg.Go(func() {
			for range 10 {
				switch r := h.call(bearing(text), "system/getVersionInfo", `{}`); {
				case r.Code == 0:
					passed.Add(1)
				case r.Code == -32013 && r.Status == 429:
					refused.Add(1)
				default:
					t.Error(r)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 20 || refused.Load() != 20 {
		t.Errorf("%d passed, %d were refused, want 20 of each", passed.Load(), refused.Load())
	}
}
