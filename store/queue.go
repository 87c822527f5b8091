package store

import (
	"slices"
	"sync"
	"time"
)

// queue is the calls that wait for the committer, in the order in which they came.
type queue struct {
	mu      sync.Mutex
	waiting []*call
	filled  chan struct{} // has one when a call may wait
	closed  chan struct{}
}

func newQueue() *queue { return &queue{filled: make(chan struct{}, 1), closed: make(chan struct{})} }

// push reports false when the queue is closed.
func (q *queue) push(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over() {
		return false
	}
	q.waiting = append(q.waiting, c)
	q.tell()
	return true
}

func (q *queue) tell() {
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

func (q *queue) over() bool {
	select {
	case <-q.closed:
		return true
	default:
		return false
	}
}

// next takes the first call, or nil when none waits.
func (q *queue) next() *call {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	c := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return c
}

// wait takes the first call once there is one, or nil when the queue is closed, or end comes before.
func (q *queue) wait(end <-chan time.Time) *call {
	for {
		if c := q.next(); c != nil {
			return c
		}
		select {
		case <-q.filled:
		case <-q.closed:
			return nil
		case <-end:
			return nil
		}
	}
}

// putBack makes calls the first again that wait. When the queue is closed, they are refused like all that waited.
func (q *queue) putBack(calls []*call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.over() {
		q.waiting = slices.Insert(q.waiting, 0, calls...)
		q.tell()
		return
	}
	for _, c := range calls {
		c.done <- ErrClosed
	}
}

// remove takes c out; false when its turn has begun.
func (q *queue) remove(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, c)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// close lets nobody in any more and returns who waits.
func (q *queue) close() []*call {
	q.mu.Lock()
	defer q.mu.Unlock()
	close(q.closed)
	rest := q.waiting
	q.waiting = nil
	return rest
}
