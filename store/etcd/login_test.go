package etcd_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// An oldMember has forgotten each token by the time that it is shown first, and gives none to who shows one that it does not know, as
// members before 3.5 do after a restart.
type oldMember struct {
	etcdserverpb.UnimplementedAuthServer
	etcdserverpb.UnimplementedKVServer
	mu    sync.Mutex
	given int
}

func (m *oldMember) shown(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	if all := md.Get(rpctypes.TokenFieldNameGRPC); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (m *oldMember) Authenticate(ctx context.Context, _ *etcdserverpb.AuthenticateRequest) (*etcdserverpb.AuthenticateResponse, error) {
	if m.shown(ctx) != "" {
		return nil, rpctypes.ErrGRPCInvalidAuthToken
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.given++
	return &etcdserverpb.AuthenticateResponse{Token: strconv.Itoa(m.given)}, nil
}

func (m *oldMember) Range(ctx context.Context, _ *etcdserverpb.RangeRequest) (*etcdserverpb.RangeResponse, error) {
	if m.shown(ctx) != "2" {
		return nil, rpctypes.ErrGRPCInvalidAuthToken
	}
	return &etcdserverpb.RangeResponse{Header: &etcdserverpb.ResponseHeader{}}, nil
}

// TestForgottenToken: a portal whose token is known no more could never get another from members before 3.5.
func TestForgottenToken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m, server := &oldMember{}, grpc.NewServer()
	etcdserverpb.RegisterAuthServer(server, m)
	etcdserverpb.RegisterKVServer(server, m)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(ln) })
	t.Cleanup(func() { server.Stop(); serving.Wait() })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	o := etcd.Options{Endpoints: []string{ln.Addr().String()}, Prefix: "p", Username: "portico", Password: "secret", Now: time.Now}
	if _, err := etcd.ReadMark(ctx, o); !errors.Is(err, etcd.ErrNoStore) {
		t.Errorf("%v, want to be told that there is no store", err)
	}
}

// TestName: who has a name in etcd, and a role for what is under the prefix, needs no other right, and sees nothing else.
func TestName(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	o.Username, o.Password = "portico", "secret"
	requireNames(t, m, o)
	db := open(t, o)
	led := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	var leading sync.WaitGroup
	leading.Go(func() { _ = db.Lead(ctx, func(context.Context) { close(led); cancel() }) })
	<-led
	leading.Wait()
	other := options(t, m)
	other.Username, other.Password = o.Username, o.Password
	if _, err := etcd.Open(context.Background(), other); !errors.Is(err, rpctypes.ErrPermissionDenied) {
		t.Errorf("another prefix: %v", err)
	}
	m.Restart(t) // it knows no token any more
	until(t, "it is let in again", func() bool { return putOne(db, "k", "v") == nil })
}

// requireNames has the member ask for names, and gives what is under the prefix to the one in o.
func requireNames(t *testing.T, m *etcdtest.Member, o etcd.Options) {
	t.Helper()
	ctx, c := context.Background(), rawClient(t, m)
	own := "/" + o.Prefix + "/"
	errs := make([]error, 7)
	_, errs[0] = c.UserAdd(ctx, "root", "secret")
	_, errs[1] = c.UserGrantRole(ctx, "root", "root")
	_, errs[2] = c.UserAdd(ctx, o.Username, o.Password)
	_, errs[3] = c.RoleAdd(ctx, "portico")
	_, errs[4] = c.RoleGrantPermission(ctx, "portico", own, clientv3.GetPrefixRangeEnd(own), clientv3.PermissionType(clientv3.PermReadWrite))
	_, errs[5] = c.UserGrantRole(ctx, o.Username, "portico")
	_, errs[6] = c.AuthEnable(ctx)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
