package etcd

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// members are asked one at a time: calls go to one of them as long as it answers. If they went to all in turn, one that takes calls
// and does not answer them, cut off from the others or stopped, would delay each so many-th for as long as that lasts.
type members struct {
	mu   sync.Mutex
	all  []string
	turn int
	set  func(...string) // of the client
}

func newMembers(all []string, set func(...string)) *members {
	m := &members{all: all, turn: rand.IntN(len(all)), set: set}
	m.set(m.all[m.turn%len(m.all)])
	return m
}

func (m *members) current() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.turn
}

// leave turns to the next member, unless somebody else has done so since.
func (m *members) leave(turn int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.turn != turn {
		return
	}
	m.turn++
	m.set(m.all[m.turn%len(m.all)])
}

func (e *Engine) get(ctx context.Context, limit time.Duration, key string, o ...clientv3.OpOption) (get *clientv3.GetResponse, err error) {
	err = e.call(ctx, limit, func(ctx context.Context) (err error) {
		get, err = e.client.Get(ctx, key, o...)
		return err
	})
	return get, err
}

// call makes a call that may take so long, and turns to the next member when this one fails.
func (e *Engine) call(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	turn := e.members.current()
	err := f(limited)
	if err != nil && ctx.Err() == nil && refused(err) == nil {
		e.members.leave(turn)
	}
	return err
}
