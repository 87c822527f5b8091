package portal_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// storeKeys are those of the whole store.
func storeKeys(t *testing.T, db *store.DB) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, _ []byte) (bool, error) {
			all[string(key)] = true
			return true, nil
		})
	}))
	return all
}

// stays is what a tenant that was deleted leaves behind for good: events and their chain, the last numbers given, the end of
// signing keys, and
// that roles were ever changed.
var stays = regexp.MustCompile(`^(event|eventlink|kid|roleedition|sweepwish)/|^[a-z]+/n$`)

// left are the keys that came and should have gone. Sessions end, and mail is forgotten, in time.
func (h *house) left(t *testing.T, db *store.DB, before map[string]bool) []string {
	t.Helper()
	h.pass(60 * day)
	ctx := context.Background()
	must(t, h.tokens.Sweep(ctx))
	must(t, h.letters.Sweep(ctx))
	var left []string
	for _, key := range slices.Sorted(maps.Keys(storeKeys(t, db))) {
		if !before[key] && !stays.MatchString(key) {
			left = append(left, key)
		}
	}
	return left
}

// furnish gives users of a tenant one of everything that hangs on users, and the tenant more properties than a step removes.
// It answers how a session and an API token of its admin show themselves.
func (h *house) furnish(t *testing.T, in auth.Tenant, admin string) (session, bearer http.Header) {
	t.Helper()
	ctx := context.Background()
	session = h.session(t, admin)
	_, text := h.enabled(t, session, "the token", 30*day)
	for i := range 15 { // more than a step removes
		h.good(t, session, "apiToken/create", fmt.Sprintf(`{"name":"t%d","lifetimeMs":1000}`, i), nil)
	}
	h.good(t, bearing(text), "system/getVersionInfo", `{}`, nil)
	must(t, h.tokens.Flush(ctx, true)) // the last use
	h.good(t, session, "sshConfig/generateSshKey", `{}`, nil)
	h.good(t, session, "secondFactor/enroll", `{"currentPassword":"`+password+`"}`, nil)
	h.good(t, session, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(`{"username":%q,"currentPassword":%q,"_update":{"email":"a@b.example"}}`, admin, password), nil)
	h.good(t, session, "enterpriseUser/sendEnterpriseUserPasswordResetEmail", fmt.Sprintf(`{"username":%q}`, admin), nil)
	h.post("/portal/rest/login/enterpriseLogin", nil, fmt.Sprintf(`{"username":%q,"password":"wrong"}`, admin)) // a failure is counted
	h.furnishRoles(t, session, in.ID)
	h.good(t, session, "enterprise/updateEnterpriseSecurityPolicy", `{"secureDefaultRouteOverride":true}`, nil)
	h.good(t, session, "enterprise/insertOrUpdateEnterpriseAlertConfigurations", `{"enterpriseAlertConfigurations":[{"alertDefinitionId":2}]}`, nil)
	h.good(t, session, "enterprise/setEnterpriseAllAlertsRecipients", `{"emailList":["a@b.example"]}`, nil)
	for i := range 60 {
		_, err := h.accounts.SetTenantProperty(ctx, account.System("test"), in, fmt.Sprint("p", i), account.TenantPropertyUpdate{Value: "x"})
		must(t, err)
	}
	return session, bearing(text)
}

// furnishRoles makes a role, which somebody has, and customizes another.
func (h *house) furnishRoles(t *testing.T, admin http.Header, enterprise int64) {
	t.Helper()
	var made struct{ ID int64 }
	h.good(t, admin, "compositeRole/createByEnterprise", `{"name":"Auditor","description":"looks","userType":"ENTERPRISE","functionalRoleIds":[126,127]}`, &made)
	h.good(t, admin, "enterprise/insertEnterpriseUser", fmt.Sprintf(`{"username":"auditor%d","password":%q,"roleId":%d}`, enterprise, password, made.ID), nil)
	h.good(t, admin, "role/insertRoleCustomizationPackage", `{"name":"p","blobContent":{"roleCustomizations":[{"forRoleId":127,"removePrivileges":[{"object":"ENTERPRISE_USER","action":"READ"}]}]}}`, &made)
	h.good(t, admin, "role/applyRoleCustomizationPackage", fmt.Sprintf(`{"id":%d}`, made.ID), nil)
}

func (h *house) deleteEnterprise(t *testing.T, id int64) {
	t.Helper()
	var out struct{ ID, Rows int64 }
	h.good(t, h.superSession(t), "enterprise/deleteEnterprise", fmt.Sprintf(`{"enterpriseId":%d}`, id), &out)
	if out.ID != id || out.Rows != 1 {
		t.Fatalf("%+v", out)
	}
}

// Ten thousand users end with one short Update, and are swept whatever comes between.
func TestDeleteTenThousand(t *testing.T) {
	t.Parallel()
	const n = 10_000
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	before := storeKeys(t, db)
	in := h.newEnterprise(t, "Huge", "admin@huge")
	session, bearer := h.furnish(t, in, "admin@huge")
	h.load(t, "admin@huge", func(int) int64 { return in.ID }, n, func(i int) string { return fmt.Sprintf("u%d@huge", i) })
	other := h.session(t, "u9999@huge")
	as := map[string]http.Header{"session": session, "another's session": other, "token": bearer}
	for name, as := range as {
		h.good(t, as, "enterprise/getEnterprise", `{}`, nil)
		if t.Failed() {
			t.Fatal(name)
		}
	}

	h.deleteEnterprise(t, in.ID)
	for name, as := range as {
		if r := h.call(as, "enterprise/getEnterprise", `{}`); r.Code != -32000 {
			t.Errorf("the next call by %s: %v", name, r)
		}
	}
	if w := h.post("/portal/rest/login/enterpriseLogin", nil, `{"username":"u1@huge","password":"`+password+`"}`); w.Header().Get("Location") == "" {
		t.Errorf("a login: %d %s", w.Code, w.Body)
	}
	ctx, super := context.Background(), account.System("test")
	if u, _, err := h.accounts.FindUser(ctx, super, 0, "u1@huge"); u != nil || err != nil {
		t.Errorf("found %v, %v", u, err)
	}

	// The first sweep is cut off, the next portal on the store ends it.
	for range 500 {
		must(t, h.accounts.Store.Update(ctx, func(tx store.Tx) error {
			_, err := h.accounts.SweepTenants(tx)
			return err
		}))
	}
	again := assemble(t, db, zerolog.Nop())
	stopped, stop := context.WithCancel(ctx)
	stop()
	if err := again.tokens.Sweep(stopped); err == nil {
		t.Error("a sweep went on without its context")
	}
	if r := again.call(bearer, "enterprise/getEnterprise", `{}`); r.Code != -32000 {
		t.Errorf("in the middle of the sweep: %v", r)
	}
	if left := again.left(t, db, before); len(left) > 0 {
		t.Errorf("%d keys are left: %.20q", len(left), left)
	}
}

// A sweep may be cut off between any two of its steps, each of which another portal makes here.
func TestSweepStepByStep(t *testing.T) {
	t.Parallel()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	before := storeKeys(t, db)
	in := h.newEnterprise(t, "Small", "admin@small")
	_, bearer := h.furnish(t, in, "admin@small")
	h.load(t, "admin@small", func(int) int64 { return in.ID }, 20, func(i int) string { return fmt.Sprintf("u%d@small", i) })
	h.deleteEnterprise(t, in.ID)
	steps := 0
	for more := true; more; steps++ {
		h = assemble(t, db, zerolog.Nop())
		must(t, h.accounts.Store.Update(context.Background(), func(tx store.Tx) (err error) {
			more, err = h.accounts.SweepTenants(tx)
			return err
		}))
		if r := h.call(bearer, "enterprise/getEnterprise", `{}`); r.Code != -32000 {
			t.Fatalf("after step %d: %v", steps, r)
		}
	}
	if steps < 10 {
		t.Errorf("%d steps are not many", steps)
	}
	if left := h.left(t, db, before); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Whoever is let in by a password, a link or a code is let in no more.
func TestNothingBeginsInADeletedTenant(t *testing.T) {
	h := build(t)
	in := h.newEnterprise(t, "Gone", "admin@gone")
	session, _ := h.furnish(t, in, "admin@gone")
	ctx := context.Background()
	u, _, err := h.accounts.FindUser(ctx, account.System("test"), 0, "admin@gone")
	must(t, err)
	by := u.Principal(auth.Call{Method: "test"}, auth.BySession, 1, h.clock().Add(day))
	h.deleteEnterprise(t, in.ID)
	for name, err := range map[string]error{
		"a property":      errorOf(h.accounts.SetTenantProperty(ctx, by, in, "x", account.TenantPropertyUpdate{Value: "1"})),
		"a token":         errorOf(h.tokens.Create(ctx, by, token.NewToken{Name: "x", LifetimeMs: 1000})),
		"an SSH key":      errorOf(h.accounts.GenerateSSHKey(ctx, by, nil, "")),
		"a second factor": errorOf(h.accounts.EnrolSecondFactor(ctx, by, password)),
		"a user":          errorOf(h.accounts.InsertUser(ctx, account.System("test"), in, account.NewUser{Username: "x@gone", Password: password, RoleID: 9})),
		"a consent":       h.accounts.Delegate(ctx, by, in, auth.ToOperator, true),
		"an event elsewhere": h.accounts.Store.Update(ctx, func(tx store.Tx) error {
			return h.accounts.Record(tx, by, auth.Network(), account.Happening{Name: "X"})
		}),
	} {
		if err == nil {
			t.Errorf("%s was made", name)
		}
	}
	must(t, h.accounts.Store.View(ctx, func(tx store.Tx) error {
		list, err := h.accounts.UsersMailed(tx, "a@b.example", 5)
		if len(list) > 0 {
			t.Errorf("mail for %d users", len(list))
		}
		return err
	}))
	h.good(t, nil, "login/requestPasswordReset", `{"username":"admin@gone"}`, nil)
	must(t, h.resets.Settle(ctx))
	if r := h.call(session, "secondFactor/get", `{}`); r.Code != -32000 {
		t.Error(r)
	}
}

func errorOf[T any](_ T, err error) error { return err }

// Users who are made while their enterprise is deleted are refused or swept.
func TestDeleteWhileUsersAreMade(t *testing.T) {
	t.Parallel()
	for range 5 {
		db := memory.Open()
		h := buildOn(t, db, zerolog.Nop())
		super := h.superSession(t)
		before := storeKeys(t, db)
		in := h.newEnterprise(t, "Busy", "admin@busy")
		var made atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 10_000 { // until it is gone
					r := h.call(super, "enterprise/insertEnterpriseUser", fmt.Sprintf(`{"enterpriseId":%d,"username":"u%d.%d@busy","password":%q,"roleId":12}`, in.ID, i, j, password))
					switch r.Code {
					case 0:
						made.Add(1)
					default:
						t.Error(r)
						fallthrough
					case -32004:
						return
					}
				}
			})
		}
		wg.Go(func() {
			for made.Load() < 20 {
				runtime.Gosched()
			}
			h.deleteEnterprise(t, in.ID)
		})
		wg.Wait()
		if left := h.left(t, db, before); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		db.Close()
	}
}

// A partner and an enterprise for him: at most one of the deletion and the creation is done.
func TestDeletePartnerWhileHeGetsAnEnterprise(t *testing.T) {
	h := build(t)
	ctx, by := context.Background(), account.System("test")
	wins := map[string]int{}
	for i := range 40 {
		p, err := h.accounts.InsertPartner(ctx, by, account.NewPartner{Name: fmt.Sprint("partner ", i)})
		must(t, err)
		in := tenant(t, h, auth.MSP, p.ID)
		var made *account.Enterprise
		var bad, refused error
		rows := 0
		both := []func(){
			func() {
				made, bad = h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: "its", ProxyID: p.ID})
			},
			func() { rows, refused = h.accounts.DeletePartner(ctx, by, in) },
		}
		var wg sync.WaitGroup
		wg.Go(both[i%2]) // the one that starts last is often the first
		wg.Go(both[1-i%2])
		wg.Wait()
		switch {
		case bad == nil && made != nil && auth.KindOf(refused) == auth.Conflict && rows == 0:
			wins["creation"]++
		case auth.KindOf(bad) == auth.NotFound && refused == nil && rows == 1:
			wins["deletion"]++
		default:
			t.Errorf("creation: %v; deletion: %d, %v", bad, rows, refused)
		}
	}
	t.Logf("won by: %v", wins) // on a busy machine one of them may win each time
}

// A partner's users and properties are swept like an enterprise's.
func TestDeletePartnerLeavesNothing(t *testing.T) {
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.Nop())
	before := storeKeys(t, db)
	ctx, by := context.Background(), account.System("test")
	p, err := h.accounts.InsertPartner(ctx, by, account.NewPartner{Name: "Eastwind"})
	must(t, err)
	in := tenant(t, h, auth.MSP, p.ID)
	for i := range 5 {
		_, err := h.accounts.InsertUser(ctx, by, in, account.NewUser{Username: fmt.Sprintf("u%d@eastwind", i), Password: password, RoleID: 5})
		must(t, err)
		_, err = h.accounts.SetTenantProperty(ctx, by, in, fmt.Sprint("p", i), account.TenantPropertyUpdate{Value: "x"})
		must(t, err)
	}
	session := h.session(t, "u0@eastwind")
	h.good(t, session, "compositeRole/createByEnterpriseProxy", `{"name":"Field","description":"x","userType":"MSP","functionalRoleIds":[117]}`, nil)
	h.good(t, session, "enterpriseProxy/getEnterpriseProxyUsers", `{}`, nil)
	h.good(t, h.superSession(t), "enterpriseProxy/deleteEnterpriseProxy", fmt.Sprintf(`{"id":%d}`, p.ID), nil)
	if r := h.call(session, "enterpriseProxy/getEnterpriseProxyUsers", `{}`); r.Code != -32000 {
		t.Error(r)
	}
	if left := h.left(t, db, before); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func (h *house) sweepWished(t testing.TB) int64 {
	t.Helper()
	n, err := h.accounts.SweepWished(context.Background())
	must(t, err)
	return n
}

// The names of a deleted tenant's users are free again behind the sweep, which is told to begin; its own is free at once, and its
// number never.
func TestNamesAreFreeAgain(t *testing.T) {
	h := build(t)
	in := h.newEnterprise(t, "Phoenix", "admin@phoenix")
	before := h.sweepWished(t)
	h.deleteEnterprise(t, in.ID)
	if h.sweepWished(t) == before {
		t.Error("the sweep waits for its hour")
	}
	again := account.NewEnterprise{Name: "Phoenix", Admin: &account.NewUser{Username: "admin@phoenix", Password: password}}
	ctx, by := context.Background(), account.System("test")
	if _, err := h.accounts.InsertEnterprise(ctx, by, again); auth.KindOf(err) != auth.Conflict {
		t.Errorf("before the sweep: %v", err)
	}
	must(t, h.tokens.Sweep(ctx))
	made, err := h.accounts.InsertEnterprise(ctx, by, again)
	must(t, err)
	if made.ID <= in.ID {
		t.Errorf("number %d after %d", made.ID, in.ID)
	}
	h.session(t, "admin@phoenix")
}

// A sweep in the name of a partner's user, who is nobody's partner then, failed for as long as the partner owned the enterprise,
// and with it all that came behind it.
func TestSweepInTheNameOfAPartnersUser(t *testing.T) {
	h := build(t)
	ctx := context.Background()
	globex := tenant(t, h, auth.Enterprise, 2)
	_, err := h.accounts.InsertUser(ctx, account.System("test"), globex, account.NewUser{Username: "victim@globex", Password: password, RoleID: 11})
	must(t, err)
	h.enabled(t, h.session(t, "victim@globex"), "his", 30*day)
	h.good(t, h.session(t, "admin@globex"), "role/setEnterpriseDelegatedToEnterpriseProxy", `{"isDelegated":true}`, nil)
	h.good(t, h.session(t, "admin@northwind"), "enterpriseUser/deleteEnterpriseUser", `{"enterpriseId":2,"username":"victim@globex"}`, nil)
	must(t, h.tokens.Sweep(ctx))
	told := h.told(t, globex, "DELETE_API_TOKEN")
	if len(told) != 1 || told[0].Actor != "admin@northwind" {
		t.Errorf("told %+v", told)
	}
}

// A clone that fails leaves nothing but a number.
func TestCloneOfATakenUsername(t *testing.T) {
	h := build(t)
	r := h.call(h.session(t, "super"), "enterprise/cloneEnterpriseV2", `{"id":1,"name":"Twin","user":{"username":"admin@globex","password":"correct horse 1"}}`)
	if r.Code != -32006 {
		t.Error(r)
	}
	must(t, h.accounts.Store.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Prefix([]byte("tenantgrave/r")), func(k, _ []byte) (bool, error) {
			t.Errorf("%q is there", k)
			return true, nil
		})
	}))
}
