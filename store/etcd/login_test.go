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
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/portico-vco/portico/store/etcd"
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
