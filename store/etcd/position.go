package etcd

import "context"

// position is the revision of the newest commit that the copy has.
type position struct{ latest[int64] }

func (p *position) revision() int64 {
	at, _ := p.get()
	return at
}

// reach waits until the copy has a commit.
func (p *position) reach(ctx context.Context, revision int64) error {
	for {
		at, moved := p.get()
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
