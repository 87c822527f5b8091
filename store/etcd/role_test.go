package etcd_test

import (
	"context"
	"errors"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// TestRole: a portal needs no right in etcd but that of its prefix, also for a commit that is made of several transactions.
func TestRole(t *testing.T) {
	m := etcdtest.Alone(t)
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Client}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	done := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(c.RoleAdd(ctx, "portico"))
	done(c.RoleGrantPermission(ctx, "portico", "/own/", clientv3.GetPrefixRangeEnd("/own/"), clientv3.PermissionType(clientv3.PermReadWrite)))
	done(c.RoleAdd(ctx, "root"))
	for name, role := range map[string]string{"root": "root", "portal": "portico"} {
		done(c.UserAdd(ctx, name, "secret of "+name))
		done(c.UserGrantRole(ctx, name, role))
	}
	done(c.AuthEnable(ctx))
	c.Close()

	o := options(t, m)
	o.Prefix, o.Username, o.Password = "own", "portal", "secret of portal"
	db := open(t, o)
	together(t, db)
	leading, stop := context.WithCancel(ctx)
	if err := db.Lead(leading, func(context.Context) { stop() }); err != nil {
		t.Error(err)
	}
	m.Restart(t) // and knows the portal's token no more
	until(t, "it is let in again", func() bool { return putOne(db, "k", "v") == nil })
	o.Prefix = "other"
	if db, err := etcd.Open(ctx, o); !errors.Is(err, rpctypes.ErrPermissionDenied) {
		t.Errorf("another prefix: %v, %v", db, err)
	}
	o.Prefix, o.Password = "own", "wrong"
	if db, err := etcd.Open(ctx, o); !errors.Is(err, rpctypes.ErrAuthFailed) {
		t.Errorf("a wrong password: %v, %v", db, err)
	}
}
