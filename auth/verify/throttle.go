package verify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
)

const (
	budget      = 2                // attempts for an account that were not answered with OK
	forgotten   = 30 * time.Minute // after the last of them
	maxAccounts = 16384            // of one directory, counted apart
)

// counts are what was asked of each account, by the address of its directory and by its key there.
type counts struct {
	mu sync.Mutex
	of map[string]map[string]*count
}

// A count is that of one account.
type count struct {
	address, key string
	turn         chan struct{} // full while an attempt is under way
	users        int           // who is under way, or waits
	failed       []attempt
}

// An attempt at an account, by the name that was written.
type attempt struct {
	name string
	at   time.Time
}

func (c *count) stale(now time.Time) bool { return !now.Before(c.over()) }

// over is when the failures are forgotten.
func (c *count) over() time.Time {
	if len(c.failed) == 0 {
		return time.Time{}
	}
	return c.failed[len(c.failed)-1].at.Add(forgotten)
}

// begin waits for its turn with an account and counts an attempt, before it is made: who hangs up in the middle of it has made
// it. The caller ends it.
func (s *counts) begin(ctx context.Context, address, key, name string, now func() time.Time) (*count, error) {
	c := s.join(address, key, now())
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		s.leave(c)
		return nil, auth.TooMany(patience)
	}
	s.mu.Lock()
	at := now()
	if c.stale(at) {
		c.failed = nil
	}
	full, after := len(c.failed) >= budget, c.over().Sub(at)
	if !full {
		c.failed = append(c.failed, attempt{name, at})
	}
	s.mu.Unlock()
	if full {
		s.end(c)
		return nil, auth.TooMany(after)
	}
	return c, nil
}

// join answers the count of an account. One for which there is no room shares that of the directory's others, so that who asks one
// directory for very many accounts takes no room from another.
func (s *counts) join(address, key string, now time.Time) *count {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[address]
	if of == nil {
		of = make(map[string]*count)
		s.of[address] = of
	}
	if len(of) >= maxAccounts && of[key] == nil {
		maps.DeleteFunc(of, func(_ string, c *count) bool { return c.users == 0 && c.stale(now) })
		if len(of) >= maxAccounts {
			key = ""
		}
	}
	c := of[key]
	if c == nil {
		c = &count{address: address, key: key, turn: make(chan struct{}, 1)}
		of[key] = c
	}
	c.users++
	return c
}

// answered forgets the failures of the name that was let in, and an attempt of which the directory knows nothing. Those of other
// names stay, where several accounts share a count: who has one of them does not clear another's. The time is that of the answer, for
// the directory counts from when it had the password.
func (s *counts) answered(c *count, name string, o Outcome, err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(c.failed) - 1
	switch {
	case o == OK:
		c.failed = slices.DeleteFunc(c.failed, func(a attempt) bool { return a.name == name })
	case errors.Is(err, ErrNotAsked):
		c.failed = c.failed[:last]
	default:
		c.failed[last].at = now
	}
}

func (s *counts) end(c *count) {
	<-c.turn
	s.leave(c)
}

func (s *counts) leave(c *count) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.users--; c.users > 0 || len(c.failed) > 0 {
		return
	}
	of := s.of[c.address]
	if delete(of, c.key); len(of) == 0 {
		delete(s.of, c.address)
	}
}
