package store

import (
	"slices"
	"sync"
	"time"
)

// queue is the calls that wait for the committer, in the order in which they came.
type queue struct {
	mu      sync.Mutex
	filled  sync.Cond
	waiting []*call
	closed  bool
}

func newQueue() *queue {
	q := new(queue)
	q.filled.L = &q.mu
	return q
}

// push reports false when the queue is closed.
func (q *queue) push(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, c)
	q.filled.Signal()
	return true
}

// next takes the first call, or nil when none waits.
func (q *queue) next() *call {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shift()
}

// wait takes the first call once there is one, or nil when the queue is closed.
func (q *queue) wait() *call {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.filled.Wait()
	}
	return q.shift()
}

// gather returns when so many calls wait, or after a time at most.
func (q *queue) gather(n int, most time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	over := false
	timer := time.AfterFunc(most, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		over = true
		q.filled.Signal()
	})
	defer timer.Stop()
	for len(q.waiting) < n && !over && !q.closed {
		q.filled.Wait()
	}
}

func (q *queue) shift() *call {
	if len(q.waiting) == 0 {
		return nil
	}
	c := q.waiting[0]
	q.waiting = slices.Delete(q.waiting, 0, 1)
	return c
}

// putBack makes calls the first again that wait. When the queue is closed, they are refused like all that waited.
func (q *queue) putBack(calls []*call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.waiting = slices.Insert(q.waiting, 0, calls...)
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
	q.closed = true
	rest := q.waiting
	q.waiting = nil
	q.filled.Broadcast()
	return rest
}
