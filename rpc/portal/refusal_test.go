package portal_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store/memory"
)

func TestFloodOfRefusals(t *testing.T) {
	ctx := context.Background()
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, text := h.enabled(t, as, "ci", time.Hour)
	before := len(h.told(t, acme(t, h), "API_TOKEN_REFUSED"))
	for range 500 {
		h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id))
	}
	told := h.told(t, acme(t, h), "API_TOKEN_REFUSED")
	if len(told)-before != 1 || !strings.Contains(string(told[0].Detail), `"reason":"cannot download: state is ENABLED"`) || told[0].Actor != "ops@acme" || told[0].Source != "192.0.2.1" || told[0].RequestID == "" {
		t.Fatalf("%d events, the last %+v", len(told), told[0])
	}
	must(t, h.accounts.FlushRefusals(ctx, false))
	if n := len(h.told(t, acme(t, h), "API_TOKEN_REFUSED")); n != 1 {
		t.Errorf("%d events before the minute is over", n)
	}
	h.pass(time.Minute)
	must(t, h.accounts.FlushRefusals(ctx, false))
	must(t, h.accounts.FlushRefusals(ctx, true))
	told = h.told(t, acme(t, h), "API_TOKEN_REFUSED")
	if len(told) != 2 || !strings.Contains(string(told[0].Detail), `"count":499`) {
		t.Errorf("after the minute: %v", details(told))
	}
	// The use of a dead text by a stranger: the same.
	h.good(t, as, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
	for range 100 {
		h.use(text)
	}
	told = h.told(t, acme(t, h), "API_TOKEN_REFUSED")
	if len(told) != 3 || told[0].Actor != "" || told[0].Source != "192.0.2.1" || !strings.Contains(string(told[0].Detail), `"reason":"revoked token"`) {
		t.Errorf("uses of a dead text: %v", details(told))
	}
	// Nor do failed logins flood.
	for i := range 100 {
		h.post("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":"u%d","password":"x"}`, i))
	}
	if n := len(h.told(t, auth.Network(), "USER_LOGIN_FAILURE")); n < 1 || n > 10 {
		t.Errorf("%d USER_LOGIN_FAILURE of one address in a minute, want a few: the names are unknown and not told anyway", n)
	}
}

// The count of a minute's refusals was refused, and with it those of all other callers for good, once its caller was disabled.
func TestRefusalsOfWhoIsDisabledAreCounted(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, _ := h.enabled(t, as, "ci", time.Hour)
	for range 3 {
		h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id))
	}
	h.good(t, h.session(t, "admin@acme"), "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"isActive":false}}`, nil)
	h.pass(time.Minute)
	must(t, h.accounts.FlushRefusals(context.Background(), false))
	told := h.told(t, acme(t, h), "API_TOKEN_REFUSED")
	if len(told) != 2 || !strings.Contains(string(told[0].Detail), `"count":2`) || told[0].Actor != "ops@acme" {
		t.Errorf("after the minute: %v", details(told))
	}
}

// A stranger who fills a minute with refusals must not keep those of others out of their tenants' records.
func TestNobodyFloodsTheRefusalsOfOthersAway(t *testing.T) {
	h := buildAt(t, noon)
	as := h.session(t, "ops@acme")
	id, _ := h.enabled(t, as, "ci", time.Hour)
	for i := range 1100 {
		h.post("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":"u%d","password":"x"}`, i))
	}
	if n := len(h.told(t, auth.Network(), "USER_LOGIN_FAILURE")); n > 1000 {
		t.Errorf("%d USER_LOGIN_FAILURE in a minute", n)
	}
	if r := h.call(as, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id)); r.Code != -32006 {
		t.Fatal(r)
	}
	if n := len(h.told(t, acme(t, h), "API_TOKEN_REFUSED")); n != 1 {
		t.Errorf("%d API_TOKEN_REFUSED in Acme's record after a stranger's flood, want 1", n)
	}
}

// What is refused in one tenant must stand in the record of that tenant, not in another's only.
func TestRefusalsOfEachTenantAreRecordedThere(t *testing.T) {
	h := buildAt(t, noon)
	a, g := h.session(t, "ops@acme"), h.session(t, "admin@globex")
	_, at := h.enabled(t, a, "ci", time.Minute)
	_, gt := h.enabled(t, g, "ci", time.Minute)
	h.pass(time.Minute)
	h.use(at)
	h.use(gt)
	globex := tenant(t, h, auth.Enterprise, 2)
	if n, m := len(h.told(t, acme(t, h), "API_TOKEN_REFUSED")), len(h.told(t, globex, "API_TOKEN_REFUSED")); n != 1 || m != 1 {
		t.Errorf("API_TOKEN_REFUSED: %d of Acme, %d of Globex, want one each", n, m)
	}
	for _, who := range []string{"ops@acme", "admin@globex"} {
		h.post("/portal/rest/login/enterpriseLogin", nil, `{"username":"`+who+`","password":"wrong"}`)
	}
	if n, m := len(h.told(t, acme(t, h), "USER_LOGIN_FAILURE")), len(h.told(t, globex, "USER_LOGIN_FAILURE")); n != 1 || m != 1 {
		t.Errorf("USER_LOGIN_FAILURE: %d of Acme, %d of Globex, want one each", n, m)
	}
}

// An unknown user, a wrong password and an account that may not get in cost the same work.
func TestLoginsCostTheSameWork(t *testing.T) {
	h := build(t)
	super := h.session(t, "super")
	h.good(t, super, "operatorUser/updateOperatorUser", `{"id":`+h.names["opstd"]+`,"_update":{"isLocked":true}}`, nil)
	h.good(t, super, "operatorUser/updateOperatorUser", `{"id":`+h.names["opsupport"]+`,"_update":{"isActive":false}}`, nil)
	h.setProperty(t, "vco.operator.authentication.mode", "SSO")
	h.good(t, super, "operatorUser/updateOperatorUser", `{"id":`+h.names["opbusiness"]+`,"_update":{"isNative":false}}`, nil)
	for _, c := range [][2]string{
		{"nobody", "x"}, {"super", "wrong"}, {"super", password}, {"opstd", password}, {"opstd", "wrong"}, {"opsupport", password}, {"opbusiness", password},
		{"opbusiness", "wrong"}, {"ops@acme", password}, {"ops@acme", "wrong"}, {strings.Repeat("x", 5000), "y"}, {"super", strings.Repeat("y", 5000)},
	} {
		before := h.accounts.Passwords.Hashes()
		h.post("/portal/rest/login/operatorLogin", nil, fmt.Sprintf(`{"username":%q,"password":%q}`, c[0], c[1]))
		if n := h.accounts.Passwords.Hashes() - before; n != 1 {
			t.Errorf("%.20s with %.20s: %d hashes, want 1", c[0], c[1], n)
		}
	}
}

func TestLoginIsBusyWhenTheQueueIsFull(t *testing.T) {
	h := build(t)
	cpus := runtime.GOMAXPROCS(1) // the queue is as long as there are processors
	h.accounts.Passwords = secret.NewPasswords(secret.Cost{MemoryKiB: 4096, Passes: 2, Lanes: 1}, h.accounts.Random())
	runtime.GOMAXPROCS(cpus)
	paths := []string{"/portal/rest/login/enterpriseLogin", "/login/enterpriseLogin", "/portal"}
	busy, refused := 0, 0
	for _, r := range together(300, func(i int) reply {
		body := `{"username":"nobody","password":"x"}`
		if i%3 == 2 {
			body = `{"jsonrpc":"2.0","id":1,"method":"login/enterpriseLogin","params":` + body + `}`
		}
		r := request(paths[i%3], nil, body)
		r.RemoteAddr = fmt.Sprintf("203.0.113.%d:1", i%200) // of one there are fewer under way
		w := h.answer(r)
		switch {
		case w.Code == http.StatusTooManyRequests:
			if w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "-32013") || w.Header().Get("Set-Cookie") != "" {
				return reply{Code: -1, Message: fmt.Sprint(w.Header(), w.Body)}
			}
			return reply{Code: 429}
		case w.Code == http.StatusFound, w.Code == http.StatusOK && i%3 == 2:
			return reply{Code: 302}
		}
		return reply{Code: -1, Message: fmt.Sprint(w.Code, w.Body)}
	}) {
		switch r.Code {
		case 429:
			busy++
		case 302:
			refused++
		default:
			t.Errorf("an answer to a login: %s", r.Message)
		}
	}
	if busy == 0 || refused == 0 {
		t.Errorf("%d were told to come again, %d were refused; want some of each", busy, refused)
	}
}

// A secret that came in the clear is told of in the network's record, once for each path, address and minute.
func TestSecretsInTheClear(t *testing.T) {
	h := buildAt(t, noon)
	for _, path := range []string{"oauth2/token", "oauth2/token", "oauth2/revoke"} {
		call := auth.Call{Method: path, Source: "192.0.2.7", RequestID: "r"}
		must(t, h.accounts.RefusedInTheClear(context.Background(), call, auth.Errorf(auth.Invalid, "TLS is required")))
	}
	told := h.told(t, auth.Network(), "TLS_REFUSED")
	if len(told) != 2 || told[1].Source != "192.0.2.7" || told[1].RequestID != "r" || !strings.Contains(string(told[1].Detail), `"method":"oauth2/token"`) {
		t.Errorf("%d events: %v", len(told), details(told))
	}
}

// A portal that ends tells of all that it counted, and has little time for it: that is not one commit after the other.
func TestCountsAreFlushedTogether(t *testing.T) {
	t.Parallel()
	db := memory.Open()
	defer db.Close()
	h := buildOn(t, db, zerolog.Nop())
	const all = 300
	for i := range all {
		for range 2 {
			must(t, h.accounts.Refused(t.Context(), &auth.Principal{UserID: int64(1000 + i)}, acme(t, h),
				account.Happening{Name: "FLOOD", Category: account.OfSecurity, Message: "one of many"}))
		}
	}
	var commits, updates atomic.Int64
	db.Observe(func(calls int) func(error) {
		if commits.Add(1) == 1 {
			time.Sleep(200 * time.Millisecond) // the others are there by then
		}
		updates.Add(int64(calls))
		return func(error) {}
	})
	must(t, h.accounts.FlushRefusals(t.Context(), true))
	if c, u := commits.Load(), updates.Load(); u != all || c > all/2 {
		t.Errorf("%d counts in %d commits, want %d in a few", u, c, all)
	}
	if n := len(h.told(t, acme(t, h), "FLOOD")); n != 2*all {
		t.Errorf("%d events, want %d", n, 2*all)
	}
}
