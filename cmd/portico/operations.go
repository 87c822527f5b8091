package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The operations listener tells those who run the portal how it is: /healthz, /readyz, /metrics, and /debug/pprof/ if that is asked
// for. It has no TLS and asks nobody who he is, so it is on a loopback address unless somebody says otherwise.

// opsDefault is where it listens when nobody says where. opsOff switches it off.
const (
	opsDefault = "127.0.0.1:8480"
	opsOff     = "off"
)

// readyTime is how long the portal may take to say how it is.
const readyTime = 2 * time.Second

// listenOps opens the operations listener; nil when there is to be none. Another program at an address that nobody chose does not
// keep the portal down.
func (c *Config) listenOps() (ln net.Listener, missing error, err error) {
	if c.OpsListen == opsOff {
		return nil, nil, nil
	}
	a, err := net.ResolveTCPAddr("tcp", c.OpsListen)
	if err != nil {
		return nil, nil, &statusError{exitUsage, fmt.Errorf("--ops-listen: %w", err)}
	}
	switch {
	case a.IP.IsLoopback():
	case c.OpsPprof:
		return nil, nil, &statusError{exitUsage, fmt.Errorf("--ops-pprof is refused on %s: it is not a loopback address", c.OpsListen)}
	case !c.OpsRemote:
		return nil, nil, &statusError{exitUsage, fmt.Errorf("--ops-listen %s is not a loopback address: "+
			"whoever reaches it reads the metrics; --ops-remote allows that", c.OpsListen)}
	}
	ln, err = net.ListenTCP("tcp", a)
	switch {
	case err == nil:
		return ln, nil, nil
	case c.OpsListen == opsDefault && errors.Is(err, syscall.EADDRINUSE):
		return nil, err, nil
	}
	return nil, nil, fmt.Errorf("--ops-listen: %w", err)
}

// serveOps answers those who run the portal, until stop is called.
func (o *instance) serveOps(ln net.Listener, h http.Handler) (stop func()) {
	if ln == nil {
		return func() {}
	}
	return o.beside(o.httpServer(h), ln, "operations")
}

// beside serves something else than calls, until stop is called.
func (o *instance) beside(srv *http.Server, ln net.Listener, what string) (stop func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(o.bound(srv, ln, besideConnections)); !errors.Is(err, http.ErrServerClosed) {
			o.log.Error().Err(err).Msg(what)
		}
	}()
	o.log.Info().Str("listen", ln.Addr().String()).Msg(what)
	return func() {
		_ = srv.Close()
		<-ended
	}
}

// operations is what is at the paths of the operations listener.
func (o *instance) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.metrics.registry, promhttp.HandlerOpts{
		ErrorLog: stdlog.New(serverLog{o.log}, "", 0), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	if o.OpsPprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return noPage(mux, o.OpsRemote)
}

// noPage keeps out what pages of other sites have a browser do: they could not read the answer, but have profiles made. Unless the
// listener is for other machines, its host is given as an address.
func noPage(h http.Handler, remote bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch site := r.Header.Get("Sec-Fetch-Site"); {
		case !remote && !named(r.Host):
			say(w, http.StatusForbidden, "give the address, or localhost, as the host")
		case site != "" && site != "none" && site != "same-origin":
			say(w, http.StatusForbidden, "a browser asks on behalf of another site")
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// named says whether a host is an address, or localhost. Any other name may be that of a web site which had a browser on this machine
// look it up as 127.0.0.1.
func named(host string) bool {
	host = hostOf(host)
	return host == "localhost" || net.ParseIP(host) != nil
}

// readyz says whether calls can be served. What is wrong is told on this machine alone.
func (o *instance) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	err, here := o.ready(ctx), net.ParseIP(hostOf(r.RemoteAddr)).IsLoopback()
	switch {
	case err == nil && here && o.db.IsShared():
		say(w, http.StatusOK, fmt.Sprintf("ready\nleads: %t\nthe copy of the store was up to date %v ago", o.leads.Load(), o.db.Age().Round(time.Millisecond)))
	case err == nil:
		say(w, http.StatusOK, "ready")
	case here:
		say(w, http.StatusServiceUnavailable, "not ready: "+strings.ReplaceAll(err.Error(), "\n", "; "))
	default:
		say(w, http.StatusServiceUnavailable, "not ready")
	}
}

// ready is nil as long as calls can be served.
func (o *instance) ready(ctx context.Context) error {
	if o.ending.Load() {
		return errors.New("the portal is ending")
	}
	made, err := o.accounts.HasOperators(ctx)
	if err == nil && !made {
		err = errors.New("the portal is not made yet")
	}
	if cause := errors.Unwrap(err); cause != nil { // what callers are told is only that the store is unavailable
		err = cause
	}
	_, tokens := o.keys.ring()
	_, access := o.accessKeys.ring()
	_, vault := o.vaultKeys.ring()
	if lacking := o.shared.lacking.Load(); lacking != nil {
		err = errors.Join(err, lacking)
	}
	return errors.Join(err, cmp.Or(tokens, access, vault))
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
