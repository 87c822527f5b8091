package etcd

import (
	"context"
	"errors"
)

// position is the revision of the newest commit that the copy has.
type position struct{ latest[int64] }

func (p *position) revision() int64 {
	at, _ := p.get()
	return at
}

var errOver = errors.New("nothing is brought into the copy any more")

// reach waits until the copy has a commit, unless it never will.
func (p *position) reach(ctx context.Context, over <-chan struct{}, revision int64) error {
	for {
		at, moved := p.get()
		if at >= revision {
			return nil
		}
		select {
		case <-moved:
		case <-over:
			return errOver
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
