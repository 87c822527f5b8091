package etcd

import (
	"context"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// login asks for tokens on connections of their own, where none is shown. The client shows the one that it has with all that it asks;
// and members before 3.5 have no new one for who shows one that they do not know, as they know none after a restart.
func (o Options) login(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	if method != etcdserverpb.Auth_Authenticate_FullMethodName {
		return next(ctx, method, req, reply, conn, opts...)
	}
	nobody, err := clientv3.New(clientv3.Config{Endpoints: o.Endpoints, TLS: o.TLS, DialTimeout: dialTime, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer nobody.Close()
	return nobody.ActiveConnection().Invoke(ctx, method, req, reply, opts...)
}
