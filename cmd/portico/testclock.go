package main

import (
	"errors"
	"sync"
	"time"
)

// A settableClock is the time of the portal: the real one, or one that stands still or is ahead of it.
type settableClock struct {
	real func() time.Time

	mu     sync.Mutex
	ahead  time.Duration
	stands time.Time // zero: it goes
}

func (c *settableClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

func (c *settableClock) read() time.Time {
	if !c.stands.IsZero() {
		return c.stands
	}
	return c.real().Add(c.ahead)
}

// A clockState is how the clock is, and what it is told to be: now and advance move it, frozen stops it or lets it go on.
type clockState struct {
	Now     *time.Time `json:"now,omitempty"`
	Advance string     `json:"advance,omitempty"` // such as 36h
	Frozen  *bool      `json:"frozen,omitempty"`
}

func (c *settableClock) state() clockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, frozen := c.read().UTC(), !c.stands.IsZero()
	return clockState{Now: &now, Frozen: &frozen}
}

// step is by how much it is to be moved on, where that is said so.
func (to *clockState) step() (by time.Duration, err error) {
	if to.Advance != "" {
		by, err = time.ParseDuration(to.Advance)
	}
	if err != nil || to.Now != nil && to.Advance != "" {
		err = errors.New(`give "now", a time such as 2030-01-02T15:04:05Z, or "advance", such as 36h or 90m, or "frozen"`)
	}
	return by, err
}

// begin has it begin anew: as the real clock, or as it is told, wherever it was.
func (c *settableClock) begin(to clockState) error {
	by, err := to.step()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.real()
	if to.Now != nil {
		at = *to.Now
	}
	c.put(at.Add(by), to.Frozen != nil && *to.Frozen)
	return nil
}

// put makes it go, or stand, from that time on.
func (c *settableClock) put(at time.Time, stands bool) {
	if c.stands = (time.Time{}); stands {
		c.stands = at
	} else {
		c.ahead = at.Sub(c.real())
	}
}

// set moves the clock on, never back: what was done in between would lie in the future.
func (c *settableClock) set(to clockState) error {
	by, err := to.step()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.read()
	if to.Now != nil {
		by = to.Now.Sub(was)
	}
	if by < 0 {
		return errors.New("the clock goes on, never back; to go back, reset the portal")
	}
	stands := !c.stands.IsZero()
	if to.Frozen != nil {
		stands = *to.Frozen
	}
	c.put(was.Add(by), stands)
	return nil
}

// wall is the real clock of a portal that goes by now.
func (c *Config) wall(now func() time.Time) func() time.Time {
	if c.clock != nil {
		return c.clock.real
	}
	return now
}
