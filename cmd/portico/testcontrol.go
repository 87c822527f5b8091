package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/portico-vco/portico/auth/fixture"
	"github.com/portico-vco/portico/auth/secret"
)

// The test control is a listener of its own, on a loopback address and of a demo alone, for tests of programs that use the portal. They
// stop and move its clock there, so that a token's end, a lock-out and a retention are a matter of milliseconds; they empty the portal
// and seed it anew, so that each test finds it as the one before did.

// listenTestControl opens the listener; nil when there is to be none.
func (c *Config) listenTestControl() (net.Listener, error) {
	if c.TestControl == "" {
		return nil, nil
	}
	a, err := net.ResolveTCPAddr("tcp", c.TestControl)
	if err == nil && !a.IP.IsLoopback() {
		err = errors.New("it is not a loopback address, and whoever reaches it moves the clock and empties the portal")
	}
	if err == nil && !c.Demo {
		err = errors.New("a portal that is no demo is not for tests; give --demo too")
	}
	if err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("--test-control: %w", err)}
	}
	return net.ListenTCP("tcp", a)
}

// serveTestControl serves it until stop is called.
func (s *stand) serveTestControl(ctx context.Context, ln net.Listener) (stop func()) {
	if ln == nil {
		return func() {}
	}
	mux := http.NewServeMux()
	for path, do := range map[string]controlFunc{
		"GET /clock": s.tellClock, "PUT /clock": s.setClock, "POST /reset": s.reset, "POST /seed": s.seed,
	} {
		mux.Handle(path, do)
	}
	srv := s.o.httpServer(noPage(noOrigin(mux), false))
	srv.BaseContext = func(net.Listener) context.Context { return ctx } // a seed under way ends with the portal
	return s.o.beside(srv, ln, "test control")
}

// A controlFunc does what the body of a request says, and answers what has become of it.
type controlFunc func(ctx context.Context, body []byte) (any, error)

// ServeHTTP takes the time that it takes: how long a fixture is in the making, what is in it decides. Who hangs up ends it.
func (do controlFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 5<<20))
	on := http.NewResponseController(w)
	if err == nil {
		err = on.SetWriteDeadline(time.Time{}) // once it has passed, it is not put off
	}
	var answer any
	if err == nil {
		answer, err = do(r.Context(), body)
	}
	_ = on.SetWriteDeadline(time.Now().Add(writeTime))
	if err != nil {
		say(w, http.StatusBadRequest, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *stand) tellClock(context.Context, []byte) (any, error) { return s.clock.state(), nil }

func (s *stand) setClock(ctx context.Context, body []byte) (any, error) {
	to, err := clockIn(body)
	if err != nil {
		return nil, err
	}
	if err := s.clock.set(to); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.o.catchUp(ctx)
	return s.clock.state(), nil
}

// clockIn is what a body says of the clock; nothing when there is none.
func clockIn(body []byte) (to clockState, err error) {
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	if err = in.Decode(&to); err == io.EOF {
		err = nil
	}
	return to, err
}

// A seeded is what became of a seed.
type seeded struct {
	Made int `json:"made"` // things
	clockState
}

// seed applies the fixture in a request, or without one what --seed names, to the portal as it is.
func (s *stand) seed(ctx context.Context, body []byte) (any, error) {
	f, err := s.fixtureIn(body)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.seeding.Lock()
	defer s.seeding.Unlock()
	if s.ended {
		return nil, errEnded
	}
	made, err := s.o.apply(ctx, f)
	return seeded{made, s.clock.state()}, err
}

func (s *stand) fixtureIn(text []byte) (*fixture.Fixture, error) {
	if len(text) > 0 {
		f, err := fixture.Read(text)
		if err != nil {
			return nil, err
		}
		return f, f.Open(func(string) (secret.Text, error) {
			return "", errors.New("it names a file, and does not come from one")
		})
	}
	f, err := s.readSeed()
	if err == nil && f == nil {
		err = errors.New("give a fixture, or start with --seed")
	}
	return f, err
}

// catchUp does what would have been done by the time it is now.
func (o *instance) catchUp(ctx context.Context) {
	o.report("flush", errors.Join(o.tokens.Flush(ctx, true), o.clients.Flush(ctx)))
	o.sweep(ctx)
}

// noOrigin refuses every page: no browser has business here.
func noOrigin(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" {
			say(w, http.StatusForbidden, "a page in a browser asks")
			return
		}
		h.ServeHTTP(w, r)
	})
}
