package etcd

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

// leadTime is how long, in seconds, a process that is gone or cut off still counts as the leader. A cut off one stops by itself, but
// a moment later: etcd reckons from when its last sign of life came, and it from when it heard that, and it looks twice a second.
const leadTime = 5

// Lead is as store.Shared says.
func (e *Engine) Lead(ctx context.Context, work func(context.Context)) error {
	for ctx.Err() == nil {
		if err := e.leadOnce(ctx, work); err != nil && ctx.Err() == nil {
			e.Tell(fmt.Errorf("etcd: the work that is done once: %w", err))
			_ = pause(ctx, 100)
		}
	}
	return nil
}

func (e *Engine) leadOnce(ctx context.Context, work func(context.Context)) error {
	session, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	leading := session.Ctx() // ends with the lease
	election := concurrency.NewElection(session, e.keys.lead)
	if err := election.Campaign(leading, e.process); err != nil {
		return err
	}
	work(leading)
	return resign(election)
}

// session is a lease that this process keeps alive.
func (e *Engine) session(ctx context.Context) (*concurrency.Session, error) {
	var lease *clientv3.LeaseGrantResponse
	err := e.call(ctx, e.Behind, func(ctx context.Context) (err error) {
		lease, err = e.client.Grant(ctx, leadTime)
		return err
	})
	if err != nil {
		return nil, err
	}
	return concurrency.NewSession(e.client, concurrency.WithLease(lease.ID), concurrency.WithContext(ctx))
}

// resign lets the next one begin at once, and not only when the lease is over.
func resign(election *concurrency.Election) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return election.Resign(ctx)
}
