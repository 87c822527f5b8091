package verify

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
)

const (
	budget      = 2                // attempts for an account that were not answered with OK
	forgotten   = 30 * time.Minute // after the last of them
	maxAccounts = 16384            // counted apart
)

// counts are what was asked of each account. A directory's address is the first part of a key.
type counts struct {
	mu sync.Mutex
	of map[string]*count
}

// A count is that of one account.
type count struct {
	key    string
	turn   chan struct{} // full while an attempt is under way
	users  int           // who is under way, or waits
	failed int
	last   time.Time
}

func (c *count) stale(now time.Time) bool { return !now.Before(c.last.Add(forgotten)) }

// begin waits for its turn with an account and counts an attempt, before it is made: who hangs up in the middle of it has made
// it. The caller ends it.
func (s *counts) begin(ctx context.Context, key string, now func() time.Time) (*count, error) {
	c := s.join(key, now())
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		s.leave(c)
		return nil, auth.TooMany(patience)
	}
	s.mu.Lock()
	at := now()
	if c.stale(at) {
		c.failed = 0
	}
	full := c.failed >= budget
	after := c.last.Add(forgotten).Sub(at)
	if !full {
		c.failed, c.last = c.failed+1, at
	}
	s.mu.Unlock()
	if full {
		s.end(c)
		return nil, auth.TooMany(after)
	}
	return c, nil
}

// join answers the count of an account. One for which there is no room shares that of the others.
func (s *counts) join(key string, now time.Time) *count {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.of) >= maxAccounts && s.of[key] == nil {
		maps.DeleteFunc(s.of, func(_ string, c *count) bool { return c.users == 0 && c.stale(now) })
		if len(s.of) >= maxAccounts {
			key = ""
		}
	}
	c := s.of[key]
	if c == nil {
		c = &count{key: key, turn: make(chan struct{}, 1)}
		s.of[key] = c
	}
	c.users++
	return c
}

// answered forgets the failures of an account that was let in, and an attempt of which the directory knows nothing.
func (s *counts) answered(c *count, o Outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case o == OK:
		c.failed = 0
	case errors.Is(err, ErrNotAsked):
		c.failed--
	}
}

func (s *counts) end(c *count) {
	<-c.turn
	s.leave(c)
}

func (s *counts) leave(c *count) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.users--; c.users == 0 && c.failed == 0 {
		delete(s.of, c.key)
	}
}
