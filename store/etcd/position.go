package etcd

import (
	"context"
	"sync"
)

// position is the newest commit that the copy has.
type position struct {
	mu    sync.Mutex
	at    int64
	moved chan struct{} // closed when at moves
}

func (p *position) revision() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *position) move(to int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = to
	close(p.moved)
	p.moved = make(chan struct{})
}

// reach waits until the copy has a commit.
func (p *position) reach(ctx context.Context, revision int64) error {
	for {
		p.mu.Lock()
		at, moved := p.at, p.moved
		p.mu.Unlock()
		if at >= revision {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
