package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
)

// A member takes so many operations in a transaction unless it was told otherwise (--max-txn-ops), which is relied upon. It counts
// them in each by itself: one that is inside another may have as many as that leaves. So a commit of many keys is made of transactions
// in one, and many Updates share it.
const (
	txnOps   = 128
	ownOps   = 2 // of the engine, beside the writes
	parts    = 8
	partOps  = txnOps - parts - ownOps
	mostKeys = parts * partOps
)

// Bound is as store.Bounded says. A request may have 1.5 MiB.
func (e *Engine) Bound() (keys, bytes int) {
	keys = txnOps - ownOps
	if e.parted.Load() {
		keys = mostKeys
	}
	return keys, store.MaxBytes + store.MaxLastBytes
}

// inParts are the operations of a transaction that does what ops do.
func inParts(ops []clientv3.Op) []clientv3.Op {
	if len(ops) <= txnOps-ownOps {
		return ops
	}
	all := make([]clientv3.Op, 0, parts+ownOps)
	for part := range slices.Chunk(ops, partOps) {
		all = append(all, clientv3.OpTxn(nil, part, nil))
	}
	return all
}

// measure finds out whether the member counts as it is said above, by a transaction that does nothing.
func (e *Engine) measure(ctx context.Context) error {
	never := clientv3.Compare(clientv3.ModRevision(e.keys.head), "<", 0)
	get := clientv3.OpGet(e.keys.head)
	ops := append(inParts(slices.Repeat([]clientv3.Op{get}, mostKeys)), get, get)
	for try := 1; ; try++ { // who opens waits longer than who calls
		_, err := e.send(ctx, func(t clientv3.Txn) clientv3.Txn { return t.If(never).Then(ops...) })
		if err == nil || errors.Is(err, rpctypes.ErrTooManyOps) {
			e.parted.Store(err == nil)
			return nil
		}
		if refused(err) != nil || pause(ctx, try) != nil {
			return fmt.Errorf("etcd: %w", err)
		}
	}
}
