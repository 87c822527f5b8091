package client_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
)

// TestClaims holds an access token against RFC 9068.
func TestClaims(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	header, claims := h.opened(h.issue(cred, client.Request{Scope: []string{"READ:ENTERPRISE", "READ:ENTERPRISE_USER", "READ:ENTERPRISE"}}))
	if want := (object{"alg": "EdDSA", "typ": "at+jwt", "kid": h.kid}); fmt.Sprint(header) != fmt.Sprint(want) {
		t.Errorf("header %v, want %v", header, want)
	}
	now := h.clock().Unix()
	want := object{
		"iss": "https://portal.example", "aud": "portal", "sub": fmt.Sprint("app:", app.ID), "client_id": app.ClientID, "azp": app.ClientID,
		"ptype": "APP", "org": "enterprise/1", "roles": []any{"10"}, "scope": "READ:ENTERPRISE READ:ENTERPRISE_USER",
		"iat": now, "nbf": now, "exp": now + 1801, "ver": 0, "jti": claims["jti"], // .7 s, rounded up
	}
	if fmt.Sprint(claims) != fmt.Sprint(want) {
		t.Errorf("claims %v,\nwant %v", claims, want)
	}
	if jti, _ := claims["jti"].(string); len(jti) != 36 {
		t.Errorf("jti %v", claims["jti"])
	}
	svc, cred := h.newClient("backup", 12)
	_, claims = h.opened(h.issue(cred, client.Request{}))
	if claims["sub"] != fmt.Sprint("svc:", svc.ID) || claims["ptype"] != "SERVICE_ACCOUNT" || claims["scope"] != nil {
		t.Errorf("an API client's claims %v", claims)
	}
}

// TestForgeries: what was not made here, for this use, for now, is refused (RFC 8725). What is signed with the true key says
// that each claim is checked, not the signature alone.
func TestForgeries(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	svc, svcCred := h.newClient("backup", 12)
	text := h.issue(cred, client.Request{})
	header, claims := h.opened(text)
	_, ofService := h.opened(h.issue(svcCred, client.Request{}))
	granted, _ := h.newApp("Granted", 10)
	g, err := h.clients.InsertGrant(ctx, h.other, h.globex, client.NewGrant{ClientID: granted.ClientID, RoleIDs: []int64{10}})
	h.must(err)
	now := h.clock().Unix()
	if p, why := h.use(signed(h.key, header, claims)); why != "" || p.ClientID != app.ID {
		t.Fatalf("what the test signs itself is refused: %s", why)
	}
	public := h.key.Public().(ed25519.PublicKey)
	unsigned := part(header) + "." + part(claims)
	none := func(alg string) string { return part(with(header, object{"alg": alg})) + "." + part(claims) + "." }
	hs256 := func(secret []byte) string {
		text := part(with(header, object{"alg": "HS256"})) + "." + part(claims)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	_, stranger, _ := ed25519.GenerateKey(nil)
	jwk := object{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey))}
	outer := func(changes object) string { return signed(h.key, with(header, changes), claims) }
	inner := func(changes object) string { return signed(h.key, header, with(claims, changes)) }
	const invalid = "invalid token"
	for _, c := range []struct{ what, text, want string }{
		{"nothing", "", invalid},
		{"dots", "..", invalid},
		{"no signature", unsigned + ".", invalid},
		{"two parts", unsigned, invalid},
		{"five parts", text + ".x.y", invalid},
		{"alg none", none("none"), invalid},
		{"alg None", none("None"), invalid},
		{"alg none with a signature", none("none") + strings.Split(text, ".")[2], invalid},
		{"HS256 with the public key", hs256(public), invalid},
		{"HS256 with the public key as text", hs256([]byte(base64.RawURLEncoding.EncodeToString(public))), invalid},
		{"another key", signed(stranger, header, claims), invalid},
		{"a key of its own in the header", signed(stranger, with(header, object{"jwk": jwk}), claims), invalid},
		{"a key of its own, by another kid", signed(stranger, with(header, object{"kid": "x", "jwk": jwk}), claims), invalid},
		{"no kid", outer(object{"kid": nil}), invalid},
		{"another kid", outer(object{"kid": "../../etc/passwd"}), invalid},
		{"the key of API tokens", signed(h.apiKey, header, claims), invalid},
		{"the key of API tokens, by its kid", signed(h.apiKey, with(header, object{"kid": h.apiKid}), claims), invalid},
		{"typ of API tokens", outer(object{"typ": "portico-api+jwt"}), invalid},
		{"typ JWT", outer(object{"typ": "JWT"}), invalid},
		{"no typ", outer(object{"typ": nil}), invalid},
		{"nested", outer(object{"cty": "JWT"}), invalid},
		{"something critical", outer(object{"crit": []string{"x"}, "x": 1}), invalid},
		{"claims changed", part(header) + "." + part(with(claims, object{"sub": "user:1"})) + "." + strings.Split(text, ".")[2], invalid},
		{"padded", text + "=", invalid},
		{"white space", " " + text, invalid},
		{"too long", inner(object{"x": strings.Repeat("x", 4096)}), invalid},
		{"claims that are none", signed(h.key, header, []string{"x"}), invalid},
		{"a text as a time", inner(object{"exp": "x"}), invalid},
		{"another issuer", inner(object{"iss": "https://other.example"}), invalid},
		{"no issuer", inner(object{"iss": nil}), invalid},
		{"another audience", inner(object{"aud": "other"}), invalid},
		{"a list of audiences", inner(object{"aud": []string{"portal", "other"}}), invalid},
		{"no jti", inner(object{"jti": nil}), invalid},
		{"expired", inner(object{"exp": now}), "expired token"},
		{"no exp", inner(object{"exp": nil}), "expired token"},
		{"not yet valid", inner(object{"nbf": now + 32}), invalid},
		{"from the future", inner(object{"iat": now + 32}), invalid},
		{"another client id", inner(object{"client_id": svc.ClientID}), invalid},
		{"the other kind's number", inner(object{"sub": fmt.Sprint("svc:", app.ID)}), invalid},
		{"an API client as an app", signed(h.key, header, with(ofService, object{"sub": fmt.Sprint("app:", svc.ID)})), invalid},
		{"a user's number as a client's", inner(object{"sub": "user:1"}), invalid},
		{"a user, of no API token", inner(object{"sub": "user:1", "ptype": "USER"}), invalid},
		{"a client that is not there", inner(object{"sub": "app:999"}), invalid},
		{"an earlier epoch", inner(object{"ver": -1}), "revoked token"},
		{"a later epoch", inner(object{"ver": 1}), "revoked token"},
		{"a grant that is not there", inner(object{"grant": 7}), "revoked token"},
		{"another app's grant", inner(object{"grant": g.ID}), "revoked token"},
	} {
		h.refused(c.what, c.text, c.want)
		h.refused(c.what+", again", c.text, c.want)
	}
	ahead := inner(object{"iat": now + 29, "nbf": now + 29})
	for what, good := range map[string]string{"the true one": text, "one of a portal whose clock is ahead": ahead} {
		if p, why := h.use(good); why != "" || p.ClientID != app.ID {
			t.Errorf("after all that %s is refused: %s", what, why)
		}
	}
}

// TestTwoKindsOfTokens: neither an access token nor an API token passes for the other.
func TestTwoKindsOfTokens(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	access := h.issue(cred, client.Request{})
	if _, err := h.tokens.ByAPIToken(ctx, call, access); err == nil || err.Error() != "invalid token" {
		t.Errorf("an access token as an API token: %v", err)
	}
	_, api := h.apiToken(time.Hour)
	h.refused("an API token as an access token", string(api), "invalid token")
	header, claims := h.opened(string(api))
	h.refused("an API token with the typ of access tokens", signed(h.apiKey, with(header, object{"typ": "at+jwt"}), claims), "invalid token")
	h.refused("an API token's claims, signed as an access token", signed(h.key, object{"alg": "EdDSA", "typ": "at+jwt", "kid": h.kid}, claims), "invalid token")
}

// apiToken makes one of Acme's superuser.
func (h *house) apiToken(life time.Duration) (int64, secret.Text) {
	h.Helper()
	id, err := h.tokens.Create(ctx, h.admin, token.NewToken{Name: fmt.Sprint("t", h.next()), LifetimeMs: life.Milliseconds()})
	h.must(err)
	text, err := h.tokens.Download(ctx, h.admin, token.Where{}, id)
	h.must(err)
	return id, text
}

// TestEndOfTheClock: a token is good until its end, to the second, and no longer than was asked for.
func TestEndOfTheClock(t *testing.T) {
	h := build(t)
	_, cred := h.newApp("Reporter", 10)
	for _, c := range []struct{ asked, got time.Duration }{
		{0, 30 * time.Minute}, {time.Minute, time.Minute}, {time.Hour, 30 * time.Minute}, {-time.Minute, 30 * time.Minute},
		{time.Nanosecond, time.Second}, {1500 * time.Millisecond, time.Second},
	} {
		got, err := h.clients.Issue(ctx, call, cred, client.Request{Lifetime: c.asked})
		h.must(err)
		if got.Lifetime != c.got {
			t.Errorf("asked for %v: %v, want %v", c.asked, got.Lifetime, c.got)
		}
	}
	text := h.issue(cred, client.Request{Lifetime: time.Minute})
	h.pass(time.Minute)
	if _, why := h.use(text); why != "" { // .7 s, rounded up
		t.Errorf("at its end: %s", why)
	}
	h.pass(time.Second)
	h.refused("behind its end", text, "expired token")
}

// TestAnotherName: under another public address older tokens are those of another portal.
func TestAnotherName(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	text := h.issue(cred, client.Request{})
	err := h.set("network.public.address", "new.example")
	h.must(err)
	h.refused("a token of the old name", text, "invalid token")
	if _, why := h.use(h.issue(cred, client.Request{})); why != "" {
		t.Errorf("a token of the new name: %s", why)
	}
}

// TestNarrowedTokens: a scope leaves less, never more, and does not lead to the secret, which is worth all.
func TestNarrowedTokens(t *testing.T) {
	h := build(t)
	boss, cred := h.newClient("boss", auth.EnterpriseSuperuser)
	whole, _ := h.use(h.issue(cred, client.Request{}))
	if !whole.IsSuper() || whole.Narrowed {
		t.Errorf("without a scope: %+v", whole)
	}
	p, _ := h.use(h.issue(cred, client.Request{Scope: []string{"CREATE:ENTERPRISE_USER", "UPDATE:API_CLIENT"}}))
	if p.IsSuper() || !p.Narrowed || len(p.Role.Privileges()) != 2 {
		t.Errorf("with a scope: super %v, narrowed %v, %v", p.IsSuper(), p.Narrowed, p.Role.Privileges())
	}
	if _, err := h.accounts.InsertUser(ctx, p, h.acme, account.NewUser{Username: "u", Password: password, RoleID: 12}); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("it may not grant what it does not hold: %v", err)
	}
	maker, _ := h.use(h.issue(cred, client.Request{Scope: []string{"CREATE:API_CLIENT"}}))
	if _, _, err := h.clients.InsertAPIClient(ctx, maker, h.acme, client.NewAPIClient{ClientID: "more", RoleIDs: []int64{9}}); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("it made a client that may more than it does: %v", err)
	}
	if _, err := h.clients.Rotate(ctx, p, h.acme, client.APIClient, boss.ID, 0); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("rotated its own secret: %v", err)
	}
	if _, err := h.clients.Regenerate(ctx, p, h.acme, client.APIClient, boss.ID); auth.KindOf(err) != auth.Forbidden {
		t.Errorf("regenerated its own secret: %v", err)
	}
	// What it may it does: a change rests on its rights in the change's transaction, and they are the same.
	p, _ = h.use(h.issue(cred, client.Request{Scope: []string{"UPDATE:ENTERPRISE"}}))
	if _, err := h.accounts.UpdateEnterprise(ctx, p, h.acme, nil, account.EnterpriseFields{Locale: new("de")}); err != nil {
		t.Errorf("a change by a narrowed token: %v", err)
	}
	weak, cred := h.newClient("weak", 12)
	for _, words := range [][]string{{"UPDATE:ENTERPRISE"}, {"READ:ENTERPRISE", "nonsense"}, {"read:enterprise"}, {""}, slices.Repeat([]string{"READ:ENTERPRISE"}, 41)} {
		if _, err := h.clients.Issue(ctx, call, cred, client.Request{Scope: words}); word(err) != "invalid_scope" {
			t.Errorf("client %d asks for %.40q: %v", weak.ID, words, err)
		}
	}
}

func word(err error) string {
	if e, ok := err.(*auth.Error); ok && e.Kind == auth.Invalid {
		return e.Word
	}
	return kind(err)
}

// TestScopeKeepsWhatItReached: a role that is made wider, by whomever, widens no app; one that is made narrower acts at once.
func TestScopeKeepsWhatItReached(t *testing.T) {
	h := build(t)
	role, err := h.accounts.InsertCustomRole(ctx, h.admin, h.acme, account.NewCustomRole{UserType: auth.Enterprise, Name: "r", Functions: []int64{127, 126}})
	h.must(err)
	app, cred := h.newApp("Reporter", role.ID)
	_, err = h.clients.InsertGrant(ctx, h.other, h.globex, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{9}})
	h.must(err)
	home, away := h.issue(cred, client.Request{}), h.issue(cred, client.Request{Organisation: "2"})
	read, update := auth.Read.On(auth.EnterpriseUser), auth.Update.On(auth.EnterpriseObject)
	holds := func(when string, want ...bool) {
		t.Helper()
		var got []bool
		for _, text := range []string{home, away} {
			p, why := h.use(text)
			if why != "" {
				t.Fatalf("%s: %s", when, why)
			}
			got = append(got, p.Role.Grants(read), p.Role.Grants(update))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	change := func(functions ...int64) {
		t.Helper()
		_, err := h.accounts.UpdateCustomRole(ctx, h.admin, h.acme, role.ID, account.CustomRoleUpdate{Functions: functions})
		h.must(err)
	}
	holds("as made", true, false, true, false)
	change(123)
	holds("the role is wider", true, false, true, false)
	_, err = h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{Scope: &client.Scope{RoleIDs: []int64{role.ID}}})
	h.must(err)
	holds("and is set again", true, true, true, false)
	_, err = h.clients.AcceptScope(ctx, h.other, h.globex, app.ClientID, 2)
	h.must(err)
	holds("and was accepted", true, true, true, true)
	change(127)
	holds("the role is narrower", true, false, true, false)
	_, err = h.accounts.DeleteCustomRoles(ctx, h.admin, h.acme, []int64{role.ID})
	h.must(err)
	holds("the role is gone", false, false, false, false)
}

// A scope that was narrowed and set wide again acted at once in organisations that had accepted it as it was before: also in
// the last of as many as may grant an app something, which must fit into the one change.
func TestNarrowedScopeIsAcceptedAnew(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 9)
	wide, narrow := client.Scope{RoleIDs: []int64{9}}, client.Scope{RoleIDs: []int64{12}}
	var by *auth.Principal
	var in auth.Tenant
	for i := range 50 {
		in, by = h.enterprise(fmt.Sprint("E", i))
		_, err := h.clients.InsertGrant(ctx, by, in, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{9}})
		h.must(err)
	}
	text := h.issue(cred, client.Request{Organisation: fmt.Sprint(in.ID)})
	holds := func(when string, read, update bool) {
		t.Helper()
		p, why := h.use(text)
		if why != "" {
			t.Fatalf("%s: %s", when, why)
		}
		got := [2]bool{p.Role.Grants(auth.Read.On(auth.EnterpriseUser)), p.Role.Grants(auth.Update.On(auth.EnterpriseUser))}
		if got != [2]bool{read, update} {
			t.Errorf("%s: reads and updates users %v", when, got)
		}
	}
	set := func(s client.Scope) {
		t.Helper()
		_, err := h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{Scope: &s})
		h.must(err)
	}
	holds("as granted", true, true)
	set(narrow)
	holds("narrowed", true, false)
	set(wide)
	holds("set wide again", true, false)
	list, _, err := h.clients.Grants(ctx, in, account.PageQuery{})
	h.must(err)
	if len(list) != 1 || !slices.Contains(list[0].NeedsReview(list[0].App), auth.Update.On(auth.EnterpriseUser)) {
		t.Errorf("what is to be accepted: %v", list)
	}
	_, err = h.clients.AcceptScope(ctx, by, in, app.ClientID, 3)
	h.must(err)
	holds("accepted", true, true)
}

// TestExchange: a person's access token is worth his API token, as long as that has the same text.
func TestExchange(t *testing.T) {
	h := build(t)
	_, api := h.apiToken(time.Hour)
	if got, err := h.clients.Exchange(ctx, call, api); err != nil || got.Lifetime != 30*time.Minute || got.Scope != nil {
		t.Fatalf("%v, %v", got, err)
	}
	exchanged := func(life time.Duration) (id int64, api secret.Text, access string) {
		t.Helper()
		id, api = h.apiToken(life)
		got, err := h.clients.Exchange(ctx, call, api)
		h.must(err)
		if want := min(life, 30*time.Minute); got.Lifetime != want {
			t.Errorf("of an API token for %v: %v, want %v", life, got.Lifetime, want)
		}
		return id, api, string(got.Text)
	}
	id, api, text := exchanged(time.Hour)
	p, why := h.use(text)
	if why != "" || p.Type != auth.User || p.UserID != h.admin.UserID || p.MeansID != id || p.Means != auth.ByAccessToken || !p.IsSuper() {
		t.Fatalf("%+v, %s", p, why)
	}
	if _, claims := h.opened(text); claims["sub"] != fmt.Sprint("user:", h.admin.UserID) || strings.Contains(fmt.Sprint(claims), fmt.Sprintf("%x", secret.DigestOf(api))) {
		t.Errorf("claims %v", claims)
	}
	newer, err := h.tokens.Refresh(ctx, h.admin, token.Where{}, api)
	h.must(err)
	h.refused("the API token was refreshed", text, "revoked token")
	if got, err := h.clients.Exchange(ctx, call, newer); err != nil {
		t.Errorf("the refreshed one: %v", err)
	} else if _, why := h.use(string(got.Text)); why != "" {
		t.Errorf("of the refreshed one: %s", why)
	}
	id, _, text = exchanged(time.Hour)
	_, err = h.tokens.Revoke(ctx, h.admin, token.Where{}, id)
	h.must(err)
	h.refused("the API token was revoked", text, "revoked token")
	// One alone is revoked by who holds it; he shows no more, and gets no more by that.
	_, api, text = exchanged(time.Hour)
	again, err := h.clients.Exchange(ctx, call, api)
	h.must(err)
	public := client.Credential{ClientID: "portico"}
	_, svc := h.newClient("backup", 12)
	if err := h.clients.Revoke(ctx, call, svc, secret.Text(text)); word(err) != "unauthorized_client" {
		t.Errorf("revoked by a client: %v", err)
	}
	if err := h.clients.Revoke(ctx, call, public, secret.Text(h.issue(svc, client.Request{}))); word(err) != "unauthorized_client" {
		t.Errorf("a client's, without its secret: %v", err)
	}
	if _, err := h.clients.Introspect(ctx, call, public, secret.Text(text)); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("introspection without a secret: %v", err)
	}
	if _, err := h.clients.Issue(ctx, call, public, client.Request{}); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("a token without a secret: %v", err)
	}
	// An API token does not end here, which was answered like a success.
	for _, cred := range []client.Credential{public, svc} {
		if err := h.clients.Revoke(ctx, call, cred, api); word(err) != "unsupported_token_type" {
			t.Errorf("an API token, by %q: %v", cred.ClientID, err)
		}
	}
	if _, err := h.clients.Exchange(ctx, call, api); err != nil {
		t.Errorf("the API token: %v", err)
	}
	for range 2 {
		h.must(h.clients.Revoke(ctx, call, public, secret.Text(text)))
		h.refused("revoked by its holder", text, "revoked token")
	}
	if _, why := h.use(string(again.Text)); why != "" {
		t.Errorf("the other of the same API token: %s", why)
	}
	if n := h.events(h.acme); !slices.Contains(n, "TOKEN_REVOKED") {
		t.Errorf("events %v", n)
	}
	_, _, text = exchanged(90 * time.Second)
	h.pass(89 * time.Second)
	if _, why := h.use(text); why != "" {
		t.Errorf("just before the API token's end: %s", why)
	}
	h.pass(2 * time.Second)
	h.refused("the API token has expired", text, "expired token")
	_, _, text = exchanged(time.Hour)
	err = h.set("session.options.enableApiTokenAuth", "false")
	h.must(err)
	h.refused("API tokens are switched off", text, "API tokens are switched off")
	if _, err := h.clients.Exchange(ctx, call, "x"); kind(err) != kind(auth.Errorf(auth.Unauthenticated, "invalid token")) {
		t.Errorf("nonsense: %v", err)
	}
}

// TestRevokeAndIntrospect: a client revokes its own tokens, and learns of its own and of those for its organisation.
func TestRevokeAndIntrospect(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	_, svc := h.newClient("backup", 12)
	_, stranger, err := h.clients.InsertAPIClient(ctx, h.other, h.globex, client.NewAPIClient{ClientID: "globex", RoleIDs: []int64{12}})
	h.must(err)
	foreign := client.Credential{ClientID: "globex", Secret: stranger}
	text := secret.Text(h.issue(cred, client.Request{Scope: []string{"READ:ENTERPRISE"}}))
	sees := func(who client.Credential, text secret.Text) string {
		t.Helper()
		got, err := h.clients.Introspect(ctx, call, who, text)
		if err != nil || got == nil {
			return fmt.Sprint("nothing ", err)
		}
		return fmt.Sprint(got.ClientID, got.Username, got.Subject, got.TokenType, got.Issuer, got.Audience, got.Scope, got.PrincipalType, got.Organisation, got.Expires.Sub(got.Issued))
	}
	want := fmt.Sprint(app.ClientID, "Reporter", "app:", app.ID, "Bearer", "https://portal.example", "portal", []string{"READ:ENTERPRISE"}, "APP", "enterprise/1", 1801*time.Second)
	for what, c := range map[string]struct{ got, want string }{
		"its own":            {sees(cred, text), want},
		"of its enterprise":  {sees(svc, text), want},
		"of another":         {sees(foreign, text), "nothing <nil>"},
		"nonsense":           {sees(cred, "x"), "nothing <nil>"},
		"without its secret": {sees(client.Credential{ClientID: app.ClientID, Secret: svc.Secret}, text), "nothing the client is unknown, or did not show who it is"},
	} {
		if c.got != c.want {
			t.Errorf("introspection, %s: %s, want %s", what, c.got, c.want)
		}
	}
	if err := h.clients.Revoke(ctx, call, svc, text); word(err) != "unauthorized_client" {
		t.Errorf("revoked another's token: %v", err)
	}
	if _, why := h.use(string(text)); why != "" {
		t.Errorf("after that: %s", why)
	}
	another := h.issue(cred, client.Request{})
	for range 2 {
		h.must(h.clients.Revoke(ctx, call, cred, text))
		h.refused("a revoked token", string(text), "revoked token")
	}
	if got := sees(cred, text); got != "nothing <nil>" {
		t.Errorf("introspection of a revoked token: %s", got)
	}
	h.must(h.clients.Revoke(ctx, call, cred, "x"))
	if _, why := h.use(another); why != "" {
		t.Errorf("another token: %s", why)
	}
	if n := h.events(h.acme); n[0] != "ACCESS_TOKEN_REFUSED" || !slices.Contains(n, "TOKEN_REVOKED") {
		t.Errorf("events %v", n)
	}
	h.pass(time.Hour)
	h.must(h.clients.Sweep(ctx))
	if left := h.keys("revocation/r"); len(left) > 0 {
		t.Errorf("revocations that are over are kept: %q", left)
	}
}

// keys are those in the store that begin so.
func (h *house) keys(prefix string) (keys []string) {
	h.Helper()
	h.must(h.db.View(ctx, func(tx store.Tx) error {
		return tx.Scan(store.Prefix([]byte(prefix)), func(key, _ []byte) (bool, error) {
			keys = append(keys, string(key))
			return true, nil
		})
	}))
	return keys
}

// TestNothingOfASecretIsKept looks for secrets and tokens in all that the store holds.
func TestNothingOfASecretIsKept(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	_, svc := h.newClient("backup", 12)
	newer, err := h.clients.Rotate(ctx, h.admin, h.acme, client.App, app.ID, time.Hour)
	h.must(err)
	texts := []string{string(cred.Secret), string(svc.Secret), string(newer), h.issue(cred, client.Request{}), h.issue(svc, client.Request{})}
	_, _ = h.clients.Issue(ctx, call, client.Credential{ClientID: string(svc.Secret), Secret: cred.Secret}, client.Request{}) // in the wrong field
	_, _ = h.clients.Issue(ctx, call, client.Credential{ClientID: "x", Assertion: svc.Secret}, client.Request{})
	_, _ = h.use(texts[3] + "x")
	h.must(h.clients.Revoke(ctx, call, svc, secret.Text(texts[4])))
	h.must(h.clients.Flush(ctx))
	h.must(h.accounts.FlushRefusals(ctx, true))
	h.must(h.db.View(ctx, func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			for i, text := range texts {
				if end := text[len(text)-20:]; bytes.Contains(value, []byte(end)) || bytes.Contains(key, []byte(end)) {
					t.Errorf("text %d is in the store: %q", i, value)
				}
			}
			return true, nil
		})
	}))
}
