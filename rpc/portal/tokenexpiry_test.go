package portal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// An API token that is in use is told of once before its end, however often portals sweep or restart; a refreshed one again.
func TestTokensAboutToExpire(t *testing.T) {
	t.Parallel()
	h := build(t)
	as := h.session(t, "ops@acme")
	_, text := h.enabled(t, as, "a month", 30*day)
	h.enabled(t, as, "a week", 7*day)
	h.pending(t, as, "never fetched", 30*day)
	revoked, _ := h.enabled(t, as, "ended", 30*day)
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, revoked), nil)
	told := func() (all []string) {
		t.Helper()
		for range 2 {
			must(t, h.tokens.Sweep(context.Background()))
		}
		for _, e := range h.told(t, acme(t, h), "API_TOKEN_EXPIRING") {
			all = append(all, e.Message)
		}
		return all
	}
	if h.pass(23*day - time.Hour); len(told()) > 0 {
		t.Errorf("too early: %q", told())
	}
	h.pass(2 * time.Hour)
	if all := told(); len(all) != 1 || !strings.HasPrefix(all[0], "API token a month of ops@acme expires on ") {
		t.Errorf("in the last week: %q", all)
	}
	as = h.session(t, "ops@acme")
	var fresh struct{ Token string }
	h.good(t, as, "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, text), &fresh)
	if h.pass(22 * day); len(told()) != 1 {
		t.Errorf("refreshed: %q", told())
	}
	if h.pass(day + time.Hour); len(told()) != 2 {
		t.Errorf("in its last week again: %q", told())
	}

	h.setProperty(t, "session.options.tokenDayValue", "5")
	h.good(t, h.session(t, "ops@acme"), "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, fresh.Token), nil)
	if len(told()) != 2 {
		t.Errorf("refreshed for five days, which is all that it may: %q", told())
	}
	h.setProperty(t, "session.options.tokenDayValue", "366")
	h.setProperty(t, "portico.apiToken.expiryNoticeDays", "0")
	h.enabled(t, h.session(t, "ops@acme"), "untold", 30*day)
	if h.pass(29 * day); len(told()) != 2 {
		t.Errorf("switched off: %q", told())
	}
}
