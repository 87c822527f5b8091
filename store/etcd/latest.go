package etcd

import "sync"

// A latest is the newest of some values, and wakes who waits for a newer one.
type latest[T any] struct {
	mu      sync.Mutex
	is      T
	changed chan struct{} // closed when there is another; nil when nobody has asked
}

// get answers the value, and what is closed when there is another.
func (l *latest[T]) get() (T, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.is, l.changed
}

func (l *latest[T]) set(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.is = v
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// signal wakes who waits at a channel of one place, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
