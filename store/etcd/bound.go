package etcd

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

// leastOps is how many operations a member takes in a transaction unless it was told otherwise (--max-txn-ops), and what is relied
// upon. More are used where there are more: then more Updates share a commit.
const (
	leastOps = 128
	mostOps  = 1024
)

// Bound is as store.Bounded says: two operations are the engine's own, and a request may have 1.5 MiB.
func (e *Engine) Bound() (keys, bytes int) {
	return int(e.most.Load()) - 2, store.MaxBytes + store.MaxLastBytes
}

// measure finds out how many operations fit into a transaction, by one that does nothing.
func (e *Engine) measure(ctx context.Context) error {
	never := clientv3.Compare(clientv3.ModRevision(e.keys.head), "<", 0)
	for n := mostOps; n > leastOps; n /= 2 {
		ops := make([]clientv3.Op, n)
		for i := range ops {
			ops[i] = clientv3.OpGet(e.keys.head)
		}
		_, err := e.send(ctx, func(t clientv3.Txn) clientv3.Txn { return t.If(never).Then(ops...) })
		if err == nil {
			e.most.Store(int64(n))
			return nil
		}
		if !errors.Is(err, rpctypes.ErrTooManyOps) {
			return fmt.Errorf("etcd: %w", err)
		}
	}
	e.most.Store(leastOps)
	return nil
}
