package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// The test clock is a listener of its own, on a loopback address and of a demo alone, where tests of programs that use the portal
// stop and move its clock: a token's end, a lock-out and a retention are a matter of milliseconds then.

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

// set moves the clock on, never back: what was done in between would lie in the future.
func (c *settableClock) set(to clockState) error {
	var by time.Duration
	var err error
	if to.Advance != "" {
		by, err = time.ParseDuration(to.Advance)
	}
	if err != nil || to.Now != nil && to.Advance != "" {
		return errors.New(`give "now", a time such as 2030-01-02T15:04:05Z, or "advance", such as 36h or 90m, or "frozen"`)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.read()
	if to.Now != nil {
		by = to.Now.Sub(was)
	}
	if by < 0 {
		return errors.New("the clock goes on, never back; to go back, start the portal on a new data folder")
	}
	stands := !c.stands.IsZero()
	if to.Frozen != nil {
		stands = *to.Frozen
	}
	at := was.Add(by)
	if c.stands = (time.Time{}); stands {
		c.stands = at
	} else {
		c.ahead = at.Sub(c.real())
	}
	return nil
}

// listenTestClock opens the listener; nil when there is to be none.
func (c *Config) listenTestClock() (net.Listener, error) {
	if c.TestClock == "" {
		return nil, nil
	}
	a, err := net.ResolveTCPAddr("tcp", c.TestClock)
	if err == nil && !a.IP.IsLoopback() {
		err = errors.New("it is not a loopback address, and whoever reaches it moves the clock")
	}
	if err == nil && !c.Demo {
		err = errors.New("the clock of a portal that is no demo is not for tests; give --demo too")
	}
	if err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("--test-clock: %w", err)}
	}
	return net.ListenTCP("tcp", a)
}

// wall is the real clock of a portal that goes by now.
func (c *Config) wall(now func() time.Time) func() time.Time {
	if c.clock != nil {
		return c.clock.real
	}
	return now
}

// serveTestClock serves it until stop is called.
func (o *instance) serveTestClock(ctx context.Context, ln net.Listener) (stop func()) {
	if ln == nil {
		return func() {}
	}
	c, mux := o.clock, http.NewServeMux()
	mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { tellClock(w, c) })
	mux.HandleFunc("PUT /clock", func(w http.ResponseWriter, r *http.Request) {
		var to clockState
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
		in.DisallowUnknownFields()
		err := in.Decode(&to)
		if err == nil {
			err = c.set(to)
		}
		if err != nil {
			say(w, http.StatusBadRequest, err.Error())
			return
		}
		o.catchUp(ctx)
		tellClock(w, c)
	})
	return o.beside(o.httpServer(noPage(noOrigin(mux), false)), ln, "test clock")
}

// catchUp does what would have been done by the time it is now.
func (o *instance) catchUp(ctx context.Context) {
	o.report("flush", errors.Join(o.tokens.Flush(ctx, true), o.clients.Flush(ctx)))
	o.sweep(ctx)
}

func tellClock(w http.ResponseWriter, c *settableClock) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c.state())
}

// noOrigin refuses every page: no browser has business with the clock.
func noOrigin(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			say(w, http.StatusForbidden, "a page in a browser asks")
			return
		}
		h.ServeHTTP(w, r)
	})
}
