package client_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
)

var (
	inactive = client.APIClientUpdate{ServiceAccountUpdate: account.ServiceAccountUpdate{IsActive: new(false)}}
	active   = client.APIClientUpdate{ServiceAccountUpdate: account.ServiceAccountUpdate{IsActive: new(true)}}
)

// at once runs f n times at once.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// TestRacesOfSecrets: of rotations at once one wins; of regenerations at once one secret is left, whatever their order.
func TestRacesOfSecrets(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 10)
	opens := func(s secret.Text) bool {
		_, err := h.clients.Issue(ctx, call, client.Credential{ClientID: app.ClientID, Secret: s}, client.Request{})
		return err == nil
	}
	const n = 8
	got := make([]secret.Text, n)
	atOnce(n, func(i int) { got[i], _ = h.clients.Rotate(ctx, h.admin, h.acme, client.App, app.ID, time.Hour) })
	made := slices.DeleteFunc(slices.Clone(got), func(s secret.Text) bool { return s == "" })
	if len(made) != 1 || !opens(made[0]) || !opens(cred.Secret) {
		t.Errorf("%d of %d rotations at once won", len(made), n)
	}
	before := h.issue(cred, client.Request{})
	atOnce(n, func(i int) { got[i], _ = h.clients.Regenerate(ctx, h.admin, h.acme, client.App, app.ID) })
	left := 0
	for _, s := range append(got, cred.Secret, made[0]) {
		if opens(s) {
			left++
		}
	}
	if left != 1 {
		t.Errorf("after regenerations at once %d secrets open", left)
	}
	h.refused("a token from before", before, "revoked token")
}

// TestOverlap: the old secret dies when the overlap is over, to the millisecond, or at once without one; tokens are untouched.
func TestOverlap(t *testing.T) {
	h := build(t)
	svc, cred := h.newClient("backup", 12)
	text := h.issue(cred, client.Request{})
	newer, err := h.clients.Rotate(ctx, h.admin, h.acme, client.APIClient, svc.ID, time.Minute)
	h.must(err)
	h.pass(time.Minute - time.Millisecond)
	h.issue(cred, client.Request{})
	h.pass(time.Millisecond)
	if _, err := h.clients.Issue(ctx, call, cred, client.Request{}); err == nil {
		t.Error("the old secret outlives its overlap")
	}
	cred.Secret = newer
	h.issue(cred, client.Request{})
	last, err := h.clients.Rotate(ctx, h.admin, h.acme, client.APIClient, svc.ID, 0)
	h.must(err)
	if _, err := h.clients.Issue(ctx, call, cred, client.Request{}); err == nil {
		t.Error("without an overlap the old secret lives on")
	}
	cred.Secret = last
	h.issue(cred, client.Request{})
	if _, why := h.use(text); why != "" {
		t.Errorf("a token from before the rotations: %s", why)
	}
	h.must(h.clients.Flush(ctx))
	l, err := h.clients.Get(ctx, h.admin, h.acme, client.APIClient, svc.ID, client.Show{})
	h.must(err)
	if len(l.Secrets) != 1 || !l.Secrets[0].LastUsed.Equal(h.clock().Truncate(time.Minute)) || l.Secrets[0].Shown != string(last[:12]) {
		t.Errorf("what is shown of the secrets: %+v", l.Secrets)
	}
}

// TestRaceOfIssueAndDeactivation: no token that was made before or during a deactivation is good after it, nor after the
// client is switched on again.
func TestRaceOfIssueAndDeactivation(t *testing.T) {
	h := build(t)
	svc, cred := h.newClient("backup", 12)
	for range 20 {
		var mu sync.Mutex
		var texts []string
		atOnce(4, func(i int) {
			if i == 0 {
				_, err := h.clients.UpdateAPIClient(ctx, h.admin, h.acme, svc.ID, inactive)
				if err != nil {
					t.Error(err)
				}
				return
			}
			for range 5 {
				if got, err := h.clients.Issue(ctx, call, cred, client.Request{}); err == nil {
					mu.Lock()
					texts = append(texts, string(got.Text))
					mu.Unlock()
				}
			}
		})
		for _, text := range texts {
			if _, why := h.use(text); why == "" {
				t.Fatal("a token outlives the deactivation")
			}
		}
		_, err := h.clients.UpdateAPIClient(ctx, h.admin, h.acme, svc.ID, active)
		h.must(err)
		for _, text := range texts {
			if _, why := h.use(text); why == "" {
				t.Fatal("a token comes back with its client")
			}
		}
	}
}

// TestActorsInFlight: a client that was switched off, or has lost its rights, since its call began changes nothing any more.
func TestActorsInFlight(t *testing.T) {
	h := build(t)
	name := new("x")
	writes := func(p *auth.Principal) error {
		_, err := h.accounts.UpdateEnterprise(ctx, p, h.acme, nil, account.EnterpriseFields{Locale: name})
		*name += "x"
		return err
	}
	app, cred := h.newApp("Reporter", 10)
	p, _ := h.use(h.issue(cred, client.Request{}))
	narrow, _ := h.use(h.issue(cred, client.Request{Scope: []string{"UPDATE:ENTERPRISE"}}))
	h.must(errors.Join(writes(p), writes(narrow)))
	_, err := h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{Scope: &client.Scope{RoleIDs: []int64{12}}})
	h.must(err)
	for _, p := range []*auth.Principal{p, narrow} {
		if err := writes(p); auth.KindOf(err) != auth.Forbidden {
			t.Errorf("with rights that it has no more: %v", err)
		}
	}
	_, err = h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{Scope: &client.Scope{RoleIDs: []int64{9}}})
	h.must(err)
	h.must(errors.Join(writes(p), writes(narrow))) // more rights harm nobody
	_, err = h.clients.UpdateApp(ctx, h.admin, h.acme, app.ID, client.AppUpdate{IsActive: new(false)})
	h.must(err)
	if err := writes(p); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("switched off: %v", err)
	}
	foreign, text, err := h.clients.InsertApp(ctx, h.other, h.globex, client.NewApp{Name: "F", Scope: client.Scope{RoleIDs: []int64{10}}})
	h.must(err)
	_, err = h.clients.InsertGrant(ctx, h.admin, h.acme, client.NewGrant{ClientID: foreign.ClientID, RoleIDs: []int64{10}})
	h.must(err)
	p, _ = h.use(h.issue(client.Credential{ClientID: foreign.ClientID, Secret: text}, client.Request{Organisation: "1"}))
	h.must(writes(p))
	_, err = h.clients.DeleteGrant(ctx, h.admin, h.acme, foreign.ClientID)
	h.must(err)
	if err := writes(p); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("without the grant: %v", err)
	}
	svc, cred := h.newClient("backup", 10)
	p, _ = h.use(h.issue(cred, client.Request{}))
	h.must(writes(p))
	_, err = h.clients.DeleteAPIClient(ctx, h.admin, h.acme, svc.ID, 0)
	h.must(err)
	if err := writes(p); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("an API client that is gone: %v", err)
	}
}

// TestLimits: so many clients of a kind in an organisation, and so many grants of an app, also at once.
func TestLimits(t *testing.T) {
	h := build(t)
	for i := range 97 {
		h.newClient(fmt.Sprint("client", i), 12)
	}
	var mu sync.Mutex
	kinds := map[auth.Kind]int{}
	atOnce(8, func(i int) {
		_, _, err := h.clients.InsertAPIClient(ctx, h.admin, h.acme, client.NewAPIClient{ClientID: fmt.Sprint("more", i), RoleIDs: []int64{12}})
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			kinds[auth.KindOf(err)]++
		}
	})
	if len(kinds) != 1 || kinds[auth.Limit] != 5 {
		t.Errorf("of 8 at once with room for 3: refused %v", kinds)
	}
	app, _ := h.newApp("Reporter", 12) // apps are counted apart
	for i := range 51 {
		in, by := h.enterprise(fmt.Sprint("E", i))
		_, err := h.clients.InsertGrant(ctx, by, in, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{12}})
		if want := i == 50; auth.KindOf(err) == auth.Limit != want || !want && err != nil {
			t.Fatalf("grant %d: %v", i+1, err)
		}
	}
	for _, n := range []client.NewApp{
		{Name: strings.Repeat("n", 129)}, {Name: ""}, {Name: " x"}, {Name: "x", Description: strings.Repeat("d", 256)}, {Name: "x", Lifetime: 6 * time.Hour}, {Name: "x", Lifetime: -1},
	} {
		n.Scope = client.Scope{RoleIDs: []int64{12}}
		if _, _, err := h.clients.InsertApp(ctx, h.admin, h.acme, n); auth.KindOf(err) != auth.Invalid {
			t.Errorf("%.20q: %v", n.Name, err)
		}
	}
}

// TestClientIDs: the whole length fits into a username, and none is given twice, whoever had it.
func TestClientIDs(t *testing.T) {
	h := build(t)
	insert := func(by *auth.Principal, in auth.Tenant, id string) error {
		_, _, err := h.clients.InsertAPIClient(ctx, by, in, client.NewAPIClient{ClientID: id, RoleIDs: []int64{12}})
		return err
	}
	long := strings.Repeat("a", 239)
	h.must(insert(h.admin, h.acme, long))
	if u, _, err := h.accounts.FindUser(ctx, h.admin, 0, "service-account-"+long); err != nil || u == nil || u.ClientID == 0 {
		t.Errorf("its user: %v, %v", u, err)
	}
	for _, id := range []string{long + "a", "ab", "", "-abc", "_abc", "aBc", "a b", "a/b", "abc\n", "äbc", "a:b"} {
		if err := insert(h.admin, h.acme, id); auth.KindOf(err) != auth.Invalid {
			t.Errorf("%.20q: %v", id, err)
		}
	}
	h.must(insert(h.admin, h.acme, "0.-_"))
	_, _, err := h.clients.InsertAPIClient(ctx, h.admin, h.acme, client.NewAPIClient{ClientID: "talks", RoleIDs: []int64{12}, Description: strings.Repeat("d", 256)})
	if auth.KindOf(err) != auth.Invalid {
		t.Errorf("a long description: %v", err)
	}
	// It was to be had, and a client of that name shared client_id and azp with the access tokens of all persons.
	if err := insert(h.admin, h.acme, "portico"); auth.KindOf(err) != auth.Conflict {
		t.Errorf("the portal's own: %v", err)
	}
	app, _ := h.newApp("Reporter", 12)
	if err := insert(h.other, h.globex, app.ClientID); auth.KindOf(err) != auth.Conflict {
		t.Errorf("an app's client id for an API client: %v", err)
	}
	_, err = h.clients.DeleteApp(ctx, h.admin, h.acme, app.ID, false)
	h.must(err)
	if err := insert(h.other, h.globex, app.ClientID); auth.KindOf(err) != auth.Conflict {
		t.Errorf("one that was an app's: %v", err)
	}
}

// TestLegacyClients: they are the operator's to run; nobody else learns of them, and the operator when he asks.
func TestLegacyClients(t *testing.T) {
	h := build(t)
	system := account.System("import")
	old, text, err := h.clients.InsertAPIClient(ctx, system, h.acme, client.NewAPIClient{ClientID: "old", RoleIDs: []int64{12}, Legacy: true})
	h.must(err)
	super := account.System("test")
	super.Type = auth.User
	support := *super
	support.Role = auth.RoleByID(3)
	sees := func(by *auth.Principal, legacy bool) string {
		list, _, err := h.clients.List(ctx, by, h.acme, client.APIClient, client.Show{Legacy: legacy}, account.PageQuery{})
		h.must(err)
		one, err := h.clients.Get(ctx, by, h.acme, client.APIClient, old.ID, client.Show{Legacy: legacy})
		h.must(err)
		return fmt.Sprint(len(list), one != nil)
	}
	for _, c := range []struct {
		by     *auth.Principal
		legacy bool
		want   string
	}{{h.admin, false, "0 false"}, {h.admin, true, "0 false"}, {&support, true, "0 false"}, {super, false, "0 false"}, {super, true, "1 true"}} {
		if got := sees(c.by, c.legacy); got != c.want {
			t.Errorf("%s, asking for them %v: %s, want %s", c.by.Role.Name, c.legacy, got, c.want)
		}
	}
	if rows, err := h.clients.UpdateAPIClient(ctx, h.admin, h.acme, old.ID, inactive); rows != 0 || err != nil {
		t.Errorf("the enterprise's superuser switches it off: %d, %v", rows, err)
	}
	h.issue(client.Credential{ClientID: "old", Secret: text}, client.Request{})
}

// TestForcedDeletion: the grants of an app that was deleted are swept, and their organisations told.
func TestForcedDeletion(t *testing.T) {
	h := build(t)
	app, cred := h.newApp("Reporter", 12)
	var last auth.Tenant
	for i := range 30 {
		in, by := h.enterprise(fmt.Sprint("E", i))
		_, err := h.clients.InsertGrant(ctx, by, in, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{12}})
		h.must(err)
		last = in
	}
	text := h.issue(cred, client.Request{Organisation: fmt.Sprint(last.ID)})
	if _, err := h.clients.DeleteApp(ctx, h.admin, h.acme, app.ID, false); auth.KindOf(err) != auth.Conflict || !strings.Contains(err.Error(), "E29") {
		t.Errorf("without force: %v", err)
	}
	_, err := h.clients.DeleteApp(ctx, h.admin, h.acme, app.ID, true)
	h.must(err)
	h.refused("a token of an app that is gone", text, "user not active")
	h.must(h.clients.Sweep(ctx))
	if left := append(h.keys("grant/r"), h.keys("grant/u")...); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if n := h.events(last); n[0] != "OAUTH_APP_UNGRANTED" {
		t.Errorf("events %v", n)
	}
	h.must(h.clients.Sweep(ctx))
}

// TestGraves: a client that is gone leaves the least that keeps its client id from being given again, and for an app nothing more
// once its grants are swept. Its revoked tokens are forgotten when they would have ended.
func TestGraves(t *testing.T) {
	h := build(t)
	app, appCred := h.newApp("Reporter", 12)
	svc, cred := h.newClient("backup", 12)
	for _, cred := range []client.Credential{appCred, cred} {
		h.must(h.clients.Revoke(ctx, call, cred, secret.Text(h.issue(cred, client.Request{}))))
	}
	_, err := h.clients.DeleteApp(ctx, h.admin, h.acme, app.ID, false)
	h.must(err)
	_, err = h.clients.DeleteAPIClient(ctx, h.admin, h.acme, svc.ID, 0)
	h.must(err)
	h.must(h.clients.Sweep(ctx))
	if left := h.keys("revocation/r"); len(left) != 2 {
		t.Errorf("%d revocations before the tokens' end", len(left))
	}
	h.pass(31 * time.Minute)
	h.must(h.clients.Sweep(ctx))
	if left := append(h.keys("revocation/r"), h.keys("revocation/u")...); len(left) > 0 {
		t.Errorf("revocations behind the tokens' end: %q", left)
	}
	if left := h.keys("client/"); len(left) != 5 { // two records, two client ids, and the counter of numbers
		t.Errorf("left: %q", left)
	}
	h.must(h.db.View(ctx, func(tx store.Tx) error {
		return tx.Scan(store.Prefix([]byte("client/r")), func(_, value []byte) (bool, error) {
			if len(value) > 150 {
				t.Errorf("%d bytes: %q", len(value), value)
			}
			return true, nil
		})
	}))
}

// TestClientsOutliveTheirMakers: what a machine may do hangs on nobody who made it. (API tokens end with their users.)
func TestClientsOutliveTheirMakers(t *testing.T) {
	h := build(t)
	u, err := h.accounts.InsertUser(ctx, h.admin, h.acme, account.NewUser{Username: "maker@Acme", Password: password, RoleID: auth.EnterpriseSuperuser})
	h.must(err)
	boss := h.admin
	h.admin = u.Principal(call, auth.BySession, 0, time.Time{})
	_, ofApp := h.newApp("Reporter", 10)
	_, ofClient := h.newClient("backup", 10)
	texts := []string{h.issue(ofApp, client.Request{}), h.issue(ofClient, client.Request{})}
	_, _, err = h.accounts.DeleteUser(ctx, boss, auth.Delete.On(auth.EnterpriseUser), h.acme, u.ID, "")
	h.must(err)
	for _, text := range append(texts, h.issue(ofApp, client.Request{}), h.issue(ofClient, client.Request{})) {
		if p, why := h.use(text); why != "" || !p.Role.Grants(auth.Update.On(auth.EnterpriseObject)) {
			t.Errorf("after its maker has gone: %+v, %s", p, why)
		}
	}
}

// TestDeletedTenants: what a tenant had goes with it, what it granted to others as well, and no token survives.
func TestDeletedTenants(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	app, appCred := h.newApp("Reporter", 12)
	_, err := h.clients.InsertGrant(ctx, h.other, h.globex, client.NewGrant{ClientID: app.ClientID, RoleIDs: []int64{12}})
	h.must(err)
	theirs, text, err := h.clients.InsertApp(ctx, h.other, h.globex, client.NewApp{Name: "G", Scope: client.Scope{RoleIDs: []int64{12}}})
	h.must(err)
	_, err = h.clients.InsertGrant(ctx, h.admin, h.acme, client.NewGrant{ClientID: theirs.ClientID, RoleIDs: []int64{12}})
	h.must(err)
	here := client.Credential{ClientID: theirs.ClientID, Secret: text}
	tokens := []string{h.issue(cred, client.Request{}), h.issue(appCred, client.Request{}), h.issue(appCred, client.Request{Organisation: "2"}), h.issue(here, client.Request{Organisation: "1"})}
	at := h.issue(here, client.Request{})
	_, err = h.accounts.DeleteEnterprise(ctx, account.System("test"), h.acme)
	h.must(err)
	for i, text := range tokens {
		if _, why := h.use(text); why != "user not active" {
			t.Errorf("token %d: %q", i, why)
		}
	}
	if _, err := h.clients.Issue(ctx, call, cred, client.Request{}); auth.KindOf(err) != auth.Unauthenticated {
		t.Errorf("a new token: %v", err)
	}
	h.pass(time.Second)
	h.must(h.tokens.Sweep(ctx))
	h.must(h.clients.Sweep(ctx))
	if left := append(h.keys("grant/r"), h.keys("client/itenant/")...); len(left) != 1 { // Globex's app
		t.Errorf("left: %q", left)
	}
	if _, why := h.use(at); why != "" {
		t.Errorf("the other's app at home: %s", why)
	}
}

// TestIssuesAreCounted: the first token of a client in a minute is told at once, the others together.
func TestIssuesAreCounted(t *testing.T) {
	h := build(t)
	_, cred := h.newClient("backup", 12)
	for range 50 {
		h.issue(cred, client.Request{})
	}
	count := func() (n int) {
		for _, name := range h.events(h.acme) {
			if name == "ACCESS_TOKEN_ISSUED" {
				n++
			}
		}
		return n
	}
	if n := count(); n != 1 {
		t.Errorf("%d events at once", n)
	}
	h.must(h.accounts.FlushRefusals(ctx, true))
	page, err := h.accounts.Events(ctx, h.acme, account.EventQuery{End: h.clock().Add(time.Hour)})
	h.must(err)
	if last := page.Events[0]; count() != 2 || !strings.Contains(string(last.Detail), `"count":49`) || last.Actor != "service-account-backup" || last.ActorID == 0 {
		t.Errorf("%d events, the last %+v %s", count(), last, last.Detail)
	}
}
