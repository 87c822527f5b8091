package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store/memory"
)

// two are two portals that share a store. What the one does the other hears of as late as can be: by its own next Update, or when
// it asks.
func two(t testing.TB) (a, b *house) {
	t.Helper()
	dbs, k := memory.Shared(2), newKeychain(t)
	for _, db := range dbs {
		t.Cleanup(func() { db.Close() })
	}
	a = assembleWith(t, dbs[0], zerolog.Nop(), k)
	a.settle(t)
	must(t, dbs[1].CatchUp(context.Background()))
	b = assembleWith(t, dbs[1], zerolog.Nop(), k)
	b.names, b.now = a.names, a.now
	t.Cleanup(func() { checkStore(t, dbs[0]) })
	return a, b
}

// Whoever was answered by one portal finds what he did at the other.
func TestOnePortalAfterTheOther(t *testing.T) {
	a, b := two(t)
	super, admin := a.session(t, "super"), a.session(t, "admin@acme")
	b.good(t, admin, "enterprise/getEnterprise", `{}`, nil)
	catchUp := func() { must(t, b.accounts.Store.CatchUp(context.Background())) }

	_, text := a.enabled(t, admin, "new to it", time.Hour)
	b.good(t, bearing(text), "enterprise/getEnterprise", `{}`, nil)
	id := a.pending(t, admin, "known to it as PENDING", time.Hour)
	catchUp()
	var made struct{ Token string }
	a.good(t, admin, "apiToken/download", fmt.Sprintf(`{"id":%d}`, id), &made)
	b.good(t, bearing(made.Token), "enterprise/getEnterprise", `{}`, nil)

	var inserted struct{ ID int64 }
	a.good(t, super, "enterprise/insertEnterprise", `{"name":"Umbrella","configurationId":1}`, &inserted)
	if r := b.call(super, "enterprise/getEnterprise", fmt.Sprintf(`{"enterpriseId":%d}`, inserted.ID)); !strings.Contains(string(r.Result), "Umbrella") {
		t.Errorf("a record that was just made: %v", r)
	}
	a.good(t, super, "enterprise/insertEnterprise", `{"name":"Hooli","configurationId":1}`, &inserted)
	b.good(t, super, "enterprise/updateEnterprise", fmt.Sprintf(`{"enterpriseId":%d,"_update":{"city":"Palo Alto"}}`, inserted.ID), nil)

	a.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"readonly@acme","_update":{"roleId":9}}`, nil)
	reader := b.session(t, "readonly@acme") // which has caught up
	a.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"support@acme","_update":{"roleId":9}}`, nil)
	b.good(t, reader, "enterpriseUser/getEnterpriseUser", `{"username":"support@acme"}`, nil)
	support := a.session(t, "support@acme")
	catchUp()
	a.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"support@acme","_update":{"roleId":12}}`, nil)
	catchUp()
	a.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"support@acme","_update":{"roleId":9}}`, nil)
	b.good(t, support, "enterprise/insertEnterpriseUser", `{"username":"new@acme","password":"`+password+`","roleId":12}`, nil)

	a.good(t, admin, "enterpriseUser/updateEnterpriseUser", `{"username":"ops@acme","_update":{"password":"another horse 2","password2":"another horse 2"}}`, nil)
	b.sessionUsing(t, "ops@acme", "another horse 2")
	if n := len(b.told(t, acme(t, b), "USER_LOGIN_FAILURE")); n != 0 {
		t.Errorf("%d failed logins were told of", n)
	}
}

// What a client was given by one portal the other takes.
func TestClientsOfTwoPortals(t *testing.T) {
	a, b := two(t)
	service, app := a.machines(t)
	b.good(t, service, "enterprise/getEnterprise", `{}`, nil)
	b.good(t, app, "enterprise/getEnterprise", `{}`, nil)
	var made struct{ ClientID, ClientSecret string }
	a.good(t, a.session(t, "admin@acme"), "oauthApp/insertOauthApp", `{"name":"Late","scope":{"roleIds":[9]}}`, &made)
	a.good(t, b.bearer(t, made.ClientID, made.ClientSecret), "enterprise/getEnterprise", `{}`, nil)
	_, text := a.enabled(t, a.session(t, "admin@acme"), "late", time.Hour)
	a.good(t, http.Header{"Authorization": {"Bearer " + b.exchanged(t, text)}}, "enterprise/getEnterprise", `{}`, nil)
}

// A session ends at a portal that has not heard of it.
func TestLogoutAtTheOtherPortal(t *testing.T) {
	a, b := two(t)
	as := a.session(t, "admin@acme")
	if w := b.post("/portal/rest/logout", as, ""); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	must(t, a.accounts.Store.CatchUp(context.Background()))
	if r := a.call(as, "enterprise/getEnterprise", `{}`); r.Code != -32000 {
		t.Errorf("the session lives: %v", r)
	}
}

// What is refused for good is told of once, and counted once.
func TestRefusedTwiceToldOnce(t *testing.T) {
	a, b := two(t)
	admin := a.session(t, "admin@acme")
	id, text := a.enabled(t, admin, "dead", time.Hour)
	a.good(t, admin, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, id), nil)
	for range 3 {
		if r := b.call(bearing(text), "enterprise/getEnterprise", `{}`); r.Message != "tokenError [revoked token]" {
			t.Fatalf("got %v", r)
		}
	}
	b.pass(time.Minute)
	must(t, b.tokens.Flush(context.Background(), false))
	var counts []any
	for _, e := range b.told(t, acme(t, b), "API_TOKEN_REFUSED") {
		var detail map[string]any
		must(t, json.Unmarshal([]byte(e.Detail), &detail))
		counts = append(counts, detail["count"])
	}
	if got := fmt.Sprint(counts); got != "[2 <nil>]" {
		t.Errorf("told of %s, want one, and 2 more", got)
	}
}

// A call that is made once more counts once against the limits.
func TestLimitsCountOnce(t *testing.T) {
	a, b := two(t)
	super := a.session(t, "super")
	a.good(t, super, "systemProperty/updateSystemProperty", `{"name":"vco.api.rateLimit.rules.global","_update":{"value":`+
		`"[{\"type\":\"SYSTEM\",\"policies\":[{\"match\":{\"type\":\"METHOD\",\"value\":\"enterprise/getEnterprise\"},`+
		`\"rules\":{\"reservoir\":3,\"reservoirRefreshAmount\":1,\"reservoirRefreshInterval\":3600000}}]}]"}}`, nil)
	a.good(t, super, "systemProperty/updateSystemProperty", `{"name":"vco.api.rateLimit.mode.logOnly","_update":{"value":"false"}}`, nil)
	a.good(t, super, "systemProperty/updateSystemProperty", `{"name":"vco.api.rateLimit.enabled","_update":{"value":"true"}}`, nil)
	must(t, b.accounts.Store.CatchUp(context.Background()))
	var codes []int
	for i := range 4 {
		var made struct{ ID int64 }
		a.good(t, super, "enterprise/insertEnterprise", fmt.Sprintf(`{"name":"E%d","configurationId":1}`, i), &made)
		codes = append(codes, b.call(super, "enterprise/getEnterprise", fmt.Sprintf(`{"enterpriseId":%d}`, made.ID)).Code)
	}
	if got := fmt.Sprint(codes); got != "[0 0 0 -32013]" {
		t.Errorf("three calls there may be: %s", got)
	}
}

// A token was last used when it was, whichever portal writes so last.
func TestLastUsedOfTwoPortals(t *testing.T) {
	a, b := two(t)
	id, text := a.enabled(t, a.session(t, "admin@acme"), "busy", time.Hour)
	b.good(t, bearing(text), "enterprise/getEnterprise", `{}`, nil)
	first := b.clock()
	a.pass(time.Minute)
	a.good(t, bearing(text), "enterprise/getEnterprise", `{}`, nil)
	for _, h := range []*house{a, b} {
		must(t, h.tokens.Flush(context.Background(), false))
	}
	b.good(t, bearing(text), "enterprise/getEnterprise", `{}`, nil) // by a clock that is behind
	for i, h := range []*house{a, b} {
		if s := h.show(t, h.session(t, "admin@acme"), id); s.LastUsed == nil || !s.LastUsed.Equal(first.Add(time.Minute)) {
			t.Errorf("portal %d shows %v, want %v", i, s.LastUsed, first.Add(time.Minute))
		}
	}
}

// A portal that lacks the key which the others sign with does not call their access tokens bad. A forger's key is nobody's.
func TestAccessTokenOfAKeyThatIsMissing(t *testing.T) {
	a, b := build(t), build(t)
	service, _ := a.machines(t)
	used := part(t, strings.TrimPrefix(service.Get("Authorization"), "Bearer "), 0)["kid"]
	b.clients.KeyInUse = func(_ context.Context, id string) (bool, error) { return id == used, nil }
	if r := b.call(service, "enterprise/getEnterprise", `{}`); r.Status != http.StatusServiceUnavailable || r.Message != "unavailable" {
		t.Errorf("of the key in use: %v", r)
	}
	used = "another"
	if r := b.call(service, "enterprise/getEnterprise", `{}`); r.Code != -32000 {
		t.Errorf("of another key: %v", r)
	}
}

// A credential that one portal gave another password is tried, and given another one, once: with the password that it has now, for a
// directory counts the others.
func TestCredentialAtTheOtherPortal(t *testing.T) {
	a, b := two(t)
	admin := a.session(t, "admin@acme")
	id := a.keep(t, "admin@acme", "robot")
	must(t, b.accounts.Store.CatchUp(context.Background()))
	renew := func() {
		a.good(t, admin, "credential/updateCredential", fmt.Sprintf(`{"id":%d,"_update":{"newPassword":"right horse 2"}}`, id), nil)
	}
	renew()
	b.good(t, admin, "credential/verifyCredential", fmt.Sprintf(`{"id":%d}`, id), nil)
	renew()
	b.good(t, admin, "credential/updateCredential", fmt.Sprintf(`{"id":%d,"_update":{"newPassword":"right horse 3"}}`, id), nil)
	if n := b.logins.tries["robot"]; n != 2 {
		t.Errorf("the directory was asked %d times, want 2", n)
	}
}
