package etcd

import "context"

// position is the revision of the newest commit that something has.
type position struct{ latest[int64] }

func (p *position) revision() int64 {
	at, _ := p.get()
	return at
}

// reach waits until a position has a commit, unless the engine has failed, or it is stuck, which is asked whenever the position moves.
func (e *Engine) reach(ctx context.Context, p *position, revision int64, stuck func() error) error {
	for {
		at, moved := p.get()
		if at >= revision {
			return nil
		}
		if err := stuck(); err != nil {
			return err
		}
		select {
		case <-moved:
		case <-e.over:
			return *e.failed.Load()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
