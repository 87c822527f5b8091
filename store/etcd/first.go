package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Commits of several processes race for the head, and who is near to etcd wins against who is far from it, always. So who has lost
// several times puts his name under the key first, and the others let him go before them. His commit removes it again.
const (
	losses   = 3                      // in a row, before one asks to go first
	courtesy = 500 * time.Millisecond // how long one waits for another, who may be gone
)

// A wish is that of who asked to go first.
type wish struct {
	by       string // empty: nobody's
	revision int64
}

// yield lets another process go first that asked to.
func (e *Engine) yield(ctx context.Context) error {
	wait := time.NewTimer(courtesy)
	defer wait.Stop()
	for {
		first, changed := e.first.get()
		if first.by == "" || first.by == e.process {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-wait.C: // he is gone, or cannot
			e.first.set(wish{})
			e.forget(ctx, clientv3.Compare(clientv3.ModRevision(e.keys.first), "=", first.revision))
			return nil
		}
	}
}

// goFirst asks to go first, and reports whether nobody else had.
func (e *Engine) goFirst(ctx context.Context) bool {
	resp, err := e.send(ctx, func(t clientv3.Txn) clientv3.Txn {
		return t.If(clientv3.Compare(clientv3.CreateRevision(e.keys.first), "=", 0)).Then(clientv3.OpPut(e.keys.first, e.process))
	})
	return err == nil && resp.Succeeded
}

// forget removes who asked to go first, if it is still he.
func (e *Engine) forget(ctx context.Context, still clientv3.Cmp) {
	_, _ = e.send(ctx, func(t clientv3.Txn) clientv3.Txn { return t.If(still).Then(clientv3.OpDelete(e.keys.first)) })
}
