package portal_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A copier is an authority whose test is told whenever it looks at the clock, which it does for each record that it copies, or
// takes something of chance, which it does between the Updates.
type copier struct {
	*account.Accounts
	db              *store.DB
	now             time.Time
	looked, chanced func()
	source          auth.Tenant
}

func newCopier(t *testing.T, properties int) *copier {
	t.Helper()
	c := &copier{db: memory.Open(), now: time.Now(), looked: func() {}, chanced: func() {}}
	t.Cleanup(func() { c.db.Close() })
	c.Accounts = account.New(c.db, account.Options{Now: c.clock, Random: c, PasswordCost: cheap})
	c.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	made, err := c.InsertEnterprise(context.Background(), account.System("test"), account.NewEnterprise{Name: "Source"})
	must(t, err)
	c.source = auth.Tenant{Type: auth.Enterprise, ID: made.ID}
	for i := range properties {
		_, err := c.SetTenantProperty(context.Background(), account.System("test"), c.source, fmt.Sprintf("p%03d", i), account.TenantPropertyUpdate{Value: fmt.Sprint(i)})
		must(t, err)
	}
	return c
}

func (c *copier) clock() time.Time { c.looked(); return c.now }

func (c *copier) Read(b []byte) (int, error) { c.chanced(); return rand.Read(b) }

func (c *copier) clone(ctx context.Context) (*account.Enterprise, error) {
	return c.CloneEnterprise(ctx, account.System("test"), c.source.ID, account.NewEnterprise{
		Name: "Clone", Admin: &account.NewUser{Username: "admin@clone", Password: password},
	})
}

// after lets f run when the clock has been looked at n times.
func (c *copier) after(n int, f func()) {
	c.looked = func() {
		if n--; n == 0 {
			f()
		}
	}
}

// swept are the keys that are there and were not before, once all that is due by then has been swept.
func (c *copier) swept(t *testing.T, before map[string]bool) (left []string) {
	t.Helper()
	c.looked = func() {}
	for more := true; more; {
		must(t, c.Store.Update(context.Background(), func(tx store.Tx) (err error) {
			more, err = c.SweepTenants(tx)
			return err
		}))
	}
	for key := range storeKeys(t, c.db) {
		if !before[key] && !stays.MatchString(key) {
			left = append(left, key)
		}
	}
	return left
}

func (c *copier) hidden(t *testing.T) {
	t.Helper()
	list, _, err := c.Enterprises(context.Background(), account.System("test"), nil, account.PageQuery{})
	must(t, err)
	if len(list) != 1 {
		t.Errorf("%d enterprises", len(list))
	}
	if u, _, err := c.FindUser(context.Background(), account.System("test"), 0, "admin@clone"); u != nil || err != nil {
		t.Errorf("its admin: %v, %v", u, err)
	}
}

// A clone with more properties than an Update can write is there whole.
func TestCloneIsWhole(t *testing.T) {
	t.Parallel()
	const most = 1000
	c := newCopier(t, most)
	e, err := c.clone(context.Background())
	must(t, err)
	in := auth.Tenant{Type: auth.Enterprise, ID: e.ID}
	for i := range most {
		p, err := c.TenantProperty(context.Background(), in, 0, fmt.Sprintf("p%03d", i))
		if err != nil || p == nil || p.Value != fmt.Sprint(i) || p.TenantID != e.ID {
			t.Fatalf("p%03d: %+v, %v", i, p, err)
		}
	}
	before := storeKeys(t, c.db)
	c.now = c.now.Add(time.Hour)
	if left := c.swept(t, nil); len(left) < len(before)/2 {
		t.Errorf("the sweep took a clone that is there: %d keys of %d", len(left), len(before))
	}
}

// A clone that is cut off is never there, keeps no name, and is swept once its time is over, and not before.
func TestCloneCutOff(t *testing.T) {
	const looks = 2 // at the clock, for a property
	for _, at := range []int{3, 5, 50, 100, 100 * looks} {
		c := newCopier(t, 100)
		before := storeKeys(t, c.db)
		ctx, cancel := context.WithCancel(context.Background())
		c.after(at, cancel)
		if e, err := c.clone(ctx); err == nil {
			t.Fatalf("cut off at %d: made %+v", at, e)
		}
		c.hidden(t)
		if at >= 50 {
			if left := c.swept(t, before); len(left) < at-20 {
				t.Errorf("cut off at %d: swept before its time: %d keys are left", at, len(left))
			}
		}
		c.now = c.now.Add(10 * time.Minute)
		if left := c.swept(t, before); len(left) > 0 {
			t.Errorf("cut off at %d: left %.10q", at, left)
		}
		e, err := c.clone(context.Background())
		if err != nil || at >= 50 && e.ID != c.source.ID+2 {
			t.Errorf("cut off at %d, and again: %+v, %v", at, e, err)
		}
	}
}

// A clone that the sweep may have begun to take away is not shown.
func TestCloneTooLate(t *testing.T) {
	c := newCopier(t, 100)
	before := storeKeys(t, c.db)
	c.after(50, func() { c.now = c.now.Add(10 * time.Minute) })
	if e, err := c.clone(context.Background()); auth.KindOf(err) != auth.Conflict {
		t.Errorf("made %+v, %v", e, err)
	}
	c.hidden(t)
	if left := c.swept(t, before); len(left) > 0 {
		t.Errorf("left %.10q", left)
	}
}

// An enterprise that is deleted, or a creation that is switched off, while it is cloned.
func TestCloneOfWhatGoes(t *testing.T) {
	for name, f := range map[string]func(c *copier){
		"deleted": func(c *copier) {
			_, err := c.DeleteEnterprise(context.Background(), account.System("test"), c.source)
			must(t, err)
		},
		"switched off": func(c *copier) {
			off, on := "session.options.disableCreateEnterprise", "true"
			_, err := c.SetProperty(context.Background(), account.System("test"), account.PropertyUpdate{Name: &off, Value: &on})
			must(t, err)
		},
	} {
		c := newCopier(t, 10)
		c.chanced = func() { c.chanced = func() {}; f(c) }
		if e, err := c.clone(context.Background()); auth.KindOf(err) != auth.Conflict {
			t.Errorf("%s: made %+v, %v", name, e, err)
		}
		c.now = c.now.Add(10 * time.Minute)
		for _, key := range c.swept(t, nil) {
			if slices.ContainsFunc([]string{"user/", "tenantgrave/"}, func(s string) bool { return strings.HasPrefix(key, s) }) {
				t.Errorf("%s: left %q", name, key)
			}
		}
	}
}
