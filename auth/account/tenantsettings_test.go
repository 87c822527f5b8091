package account

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// An estate is two enterprises, each with its superuser.
type estate struct {
	*Accounts
	in [2]auth.Tenant
	by [2]*auth.Principal
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	e := &estate{Accounts: New(db, Options{PasswordCost: secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}})}
	e.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), e.Random())
	for i, name := range []string{"One", "Two"} {
		made, err := e.InsertEnterprise(context.Background(), System("test"), NewEnterprise{Name: name})
		must(t, err)
		e.in[i] = made.tenant()
		e.by[i] = &auth.Principal{Type: auth.Portal, UserType: auth.Enterprise, EnterpriseID: made.ID, Role: auth.RoleByID(auth.EnterpriseSuperuser)}
	}
	return e
}

// fill sets all that can be set of an enterprise.
func (e *estate) fill(t *testing.T, i int) {
	t.Helper()
	ctx := context.Background()
	user, err := e.InsertUser(ctx, System("test"), e.in[i], NewUser{Username: "u@" + e.in[i].Name, Password: "correct horse 1", RoleID: 12})
	must(t, err)
	must(t, e.UpdateSecurityPolicy(ctx, e.by[i], e.in[i], PolicyPatch{SecurityPolicy: SecurityPolicy{SecureDefaultRouteOverride: ptr(ptr(true))}}))
	_, _, err = e.SetAlertRecipients(ctx, e.by[i], e.in[i], AlertRecipients{EmailList: &[]string{"a@b.example"}, Users: &[]AlertedUser{{UserID: user.ID}}})
	must(t, err)
	var updates []AlertUpdate
	for _, d := range AlertDefinitions() {
		updates = append(updates, AlertUpdate{DefinitionID: d.ID, Fields: AlertFields{Enabled: ptr(false)}})
	}
	results, err := e.SetAlerts(ctx, e.by[i], e.in[i], updates)
	must(t, err)
	for _, r := range results {
		must(t, r.Refused)
	}
}

// has says what is kept of an enterprise: a policy, recipients, users among them, and alerts.
func (e *estate) has(t *testing.T, i int) (out [4]int) {
	t.Helper()
	must(t, e.Store.View(context.Background(), func(tx store.Tx) error {
		p, err := securityPolicies.Get(tx, e.in[i].ID)
		must(t, err)
		r, err := alertRecipients.Get(tx, e.in[i].ID)
		must(t, err)
		alerts, err := alertsOf(tx, e.in[i])
		must(t, err)
		if p != nil {
			out[0] = 1
		}
		if r != nil {
			out[1] = len(*r.Recipients.EmailList)
			if r.Recipients.Users != nil {
				out[2] = len(*r.Recipients.Users)
			}
		}
		out[3] = len(alerts)
		return nil
	}))
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The most that there can be, so that the limits of an Update are met or not.
func TestSettingsGoWithTheirTenant(t *testing.T) {
	e := newEstate(t)
	e.fill(t, 0)
	e.fill(t, 1)
	all := [4]int{1, 1, 1, 27}
	drop := func(in auth.Tenant) {
		must(t, e.Store.Update(context.Background(), func(tx store.Tx) error { return e.DropSettings(tx, in) }))
	}
	drop(auth.Tenant{Type: auth.MSP, ID: e.in[0].ID})
	if diff := cmp.Diff([2][4]int{all, all}, [2][4]int{e.has(t, 0), e.has(t, 1)}); diff != "" {
		t.Error("a partner of the same number:", diff)
	}
	drop(e.in[0])
	if diff := cmp.Diff([2][4]int{{}, all}, [2][4]int{e.has(t, 0), e.has(t, 1)}); diff != "" {
		t.Error(diff)
	}
}

func TestSettingsAreCopied(t *testing.T) {
	e := newEstate(t)
	e.fill(t, 0)
	must(t, e.Store.Update(context.Background(), func(tx store.Tx) error { return e.CopySettings(tx, e.in[0], e.in[1]) }))
	if diff := cmp.Diff([4]int{1, 1, 0, 27}, e.has(t, 1)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([4]int{1, 1, 1, 27}, e.has(t, 0)); diff != "" {
		t.Error("the source:", diff)
	}
	results, err := e.SetAlerts(context.Background(), e.by[1], e.in[1], []AlertUpdate{{DefinitionID: 1, Fields: AlertFields{Enabled: ptr(true)}}})
	must(t, err)
	must(t, results[0].Refused)
	list, err := e.AlertConfigurations(context.Background(), e.in[0])
	must(t, err)
	if *list[0].Fields.Enabled {
		t.Error("a change of the copy changed the source")
	}
}

func TestSettingsAreBounded(t *testing.T) {
	e, ctx := newEstate(t), context.Background()
	if _, err := e.SetAlerts(ctx, e.by[0], e.in[0], make([]AlertUpdate, 101)); auth.KindOf(err) != auth.Invalid {
		t.Errorf("101 alerts: %v", err)
	}
	long := make([]string, 101)
	for i := range long {
		long[i] = "a@b.example"
	}
	if _, _, err := e.SetAlertRecipients(ctx, e.by[0], e.in[0], AlertRecipients{EmailList: &long}); auth.KindOf(err) != auth.Invalid {
		t.Errorf("101 addresses: %v", err)
	}
	if _, err := e.EncodeEnterpriseKey(e.in[0], secret.Text(make([]byte, 4097))); auth.KindOf(err) != auth.Invalid {
		t.Errorf("a long key: %v", err)
	}
	if _, err := e.EncodeEnterpriseKey(e.in[0], secret.Text(make([]byte, 4096))); err != nil {
		t.Errorf("a key as long as may be: %v", err)
	}
}

// Many at once make one configuration, and all hear of the same.
func TestAlertsAtOnce(t *testing.T) {
	e, ctx := newEstate(t), context.Background()
	var all sync.WaitGroup
	ids := make([]int64, 20)
	for i := range ids {
		all.Go(func() {
			results, err := e.SetAlerts(ctx, e.by[0], e.in[0], []AlertUpdate{{DefinitionID: 5}})
			if err != nil || results[0].Refused != nil {
				t.Error(err, results)
				return
			}
			ids[i] = results[0].ID
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || e.has(t, 0)[3] != 1 {
		t.Errorf("the configurations %d, of which %d are kept", ids, e.has(t, 0)[3])
	}
}

// Who has lost the right between the door and the change changes nothing.
func TestSettingsRestOnRightsOfTheirTransaction(t *testing.T) {
	e, ctx := newEstate(t), context.Background()
	stale := e.in[0]
	stale.Delegated = auth.ToOperator // as it was at the door; it is withdrawn now
	by := &auth.Principal{Type: auth.User, UserType: auth.Operator, Role: auth.RoleByID(1)}
	box, err := e.EncodeEnterpriseKey(stale, "key")
	must(t, err)
	_, alerts := e.SetAlerts(ctx, by, stale, nil)
	_, _, recipients := e.SetAlertRecipients(ctx, by, stale, AlertRecipients{})
	key, decoded := e.DecodeEnterpriseKey(ctx, by, stale, box)
	for name, err := range map[string]error{
		"policy": e.UpdateSecurityPolicy(ctx, by, stale, PolicyPatch{}), "alerts": alerts, "recipients": recipients, "key": decoded,
	} {
		if auth.KindOf(err) != auth.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if key != "" {
		t.Error("the key came out all the same")
	}
}
