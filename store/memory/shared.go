package memory

import (
	"context"
	"sync"
	"time"

	"github.com/portico-vco/portico/store"
)

// Shared returns the stores of n processes that are one store, as far as that can be had without a network: each reads a copy
// of its own, which has what the others wrote from its own next Update or CatchUp on, and not before.
func Shared(n int) []*store.DB {
	m := &main{engine: New(), leads: make(chan struct{}, 1)}
	dbs := make([]*store.DB, n)
	for i := range dbs {
		dbs[i] = store.Open(&process{main: m, copy: New()})
	}
	return dbs
}

// main is what the processes share.
type main struct {
	mu     sync.Mutex // of a commit, and of the log
	engine store.Engine
	log    [][]store.Write
	leads  chan struct{} // full while somebody does
}

type process struct {
	*main
	copy store.Engine
	has  int // of the log; under mu
}

func (p *process) ID() string { return p.engine.ID() }

func (p *process) View(ctx context.Context, f func(store.Reader) error) error {
	return p.copy.View(ctx, f)
}

func (p *process) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.engine.Commit(ctx, func(r store.Reader) ([]store.Write, error) {
		writes, err := f(r)
		if err == nil && len(writes) > 0 {
			p.log = append(p.log, writes)
		}
		return writes, err
	})
	p.catchUp(ctx)
	return err
}

func (p *process) CatchUp(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catchUp(ctx)
	return nil
}

func (p *process) catchUp(ctx context.Context) {
	for ; p.has < len(p.log); p.has++ {
		_ = p.copy.Commit(ctx, func(store.Reader) ([]store.Write, error) { return p.log[p.has], nil }) // into memory
	}
}

func (p *process) Position() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(p.has)
}

func (p *process) Age() time.Duration { return 0 }

func (p *process) OnFailure(func(error)) {}

func (p *process) Lead(ctx context.Context, work func(context.Context)) error {
	select {
	case p.leads <- struct{}{}:
		work(ctx)
		<-p.leads
	case <-ctx.Done():
	}
	return nil
}

func (p *process) Close() error { return p.copy.Close() }
