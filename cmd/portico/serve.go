package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/console"
	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/oauth"
	"github.com/portico-vco/portico/rpc/portal"
)

// The time-outs of the listener, and how the 15 seconds of an orderly end are shared out.
const (
	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
	maxStreams = 64 // calls at once on one HTTP/2 connection; each may hold its answer until it is read

	finishTime = 10 * time.Second // for calls that are under way
	flushTime  = 3 * time.Second  // for what was collected in memory
)

func (p *program) serve() *cobra.Command { return p.serveBy(p.serveWith) }

// serveBy is the command, with what it does once the settings are read and checked.
func (p *program) serveBy(do func(context.Context, *Config) error) *cobra.Command {
	var conf *Config
	c := p.command(about{"serve [flags]", "run the portal; the first start makes it", serveText, serveMore},
		func(ctx context.Context, words []string) error {
			if len(words) > 0 {
				return wrong("%q is no flag", words[0])
			}
			if err := conf.check(); err != nil {
				return wrong("%w", err)
			}
			if p.passwordCost != (secret.Cost{}) {
				conf.PasswordCost = p.passwordCost
			}
			return do(ctx, conf)
		})
	conf = p.config(c.Flags())
	return c
}

// serveWith opens everything from the listener inwards, and closes it from the inside out.
func (p *program) serveWith(ctx context.Context, c *Config) (err error) {
	ops, missing, err := c.listenOps()
	if err != nil {
		return err
	}
	if ops != nil {
		defer ops.Close()
	}
	challenges, err := c.listenChallenges()
	if err != nil {
		return err
	}
	if challenges != nil {
		defer challenges.Close()
	}
	ln, err := c.listen()
	if err != nil {
		return err
	}
	defer ln.Close()
	control, err := c.listenTestControl()
	if err != nil {
		return err
	}
	if control != nil {
		defer control.Close()
		c.clock = &settableClock{real: p.now}
		p.now = c.clock.now
	}
	log := p.log(c)
	if err := c.checkFirst(); err != nil {
		return err
	}
	if err := c.checkDemo(ln); err != nil {
		return err
	}
	f, err := c.readSeed()
	if err != nil {
		return err
	}
	o, err := p.open(ctx, c, ln, log)
	if err != nil {
		return err
	}
	s := p.newStand(ctx, o)
	defer func() { err = errors.Join(err, s.close()) }()
	if err := errors.Join(o.checkDemo(ctx, ln), o.checkName(ctx)); err != nil {
		return err
	}
	srv, err := o.server()
	if err != nil {
		return err
	}
	s.serves(o, srv.Handler)
	if _, err := o.begin(ctx, f, p.stdout); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.stdout, "Portico %s serves %s://%s/portal/\n", buildVersion(), c.scheme(), o.local); err != nil {
		return err
	}
	if missing != nil {
		log.Warn().Err(missing).Msg("there is no operations listener: give it another address with --ops-listen, or switch it off")
	}
	srv.Handler = s.front(&s.calls)
	o.connections = o.bound(srv, ln, c.fitting(descriptors(), log))
	s.tend() // before anybody can ask for another instance
	defer o.serveOps(ops, s.front(&s.ops))()
	defer o.serveChallenges(challenges)()
	defer s.serveTestControl(ctx, control)()
	return s.serve(ctx, o, srv)
}

// serve answers calls, beside the work that nobody calls for, until ctx ends. Then calls under way finish while that ends, and what was
// collected in memory is written.
func (s *stand) serve(ctx context.Context, o *instance, srv *http.Server) error {
	o.log.Info().Str("listen", o.local).Str("version", buildVersion()).Str("store", o.db.ID()).Msg("serving")
	failed := make(chan error, 1)
	go func() { failed <- o.accept(srv) }()

	var err error
	select {
	case <-ctx.Done():
		o.log.Info().Msg("ending: calls under way finish")
		s.ending()
		err = o.finish(srv)
		<-failed
	case err = <-failed:
	case err = <-s.broken:
		return errors.Join(err, srv.Close())
	}
	err = errors.Join(err, s.end(ctx))
	o.log.Info().Msg("ended")
	return err
}

func (o *instance) accept(srv *http.Server) error {
	if o.certificate == nil {
		return srv.Serve(o.connections)
	}
	return srv.ServeTLS(o.connections, "", "")
}

// finish waits for the calls under way, but not for ever: a caller who sends his body a byte a second loses.
func (o *instance) finish(srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		o.log.Warn().Msg("some calls did not finish in time and were cut off")
		return srv.Close()
	}
	return err
}

// tend does the work that nobody calls for, until ctx ends. A long sweep does not hold back what is written each minute.
func (o *instance) tend(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { o.report("leading", o.db.Lead(ctx, o.lead)) })
	work.Go(func() {
		every(ctx, time.Minute, func() {
			o.report("flush", errors.Join(o.tokens.Flush(ctx, false), o.clients.Flush(ctx)))
			o.renew()
			o.connections.tell(o.log)
		})
	})
	if o.ACMEDomain != "" {
		work.Go(func() {
			o.report("ACME", o.certificate.fetch(ctx))
			every(ctx, time.Hour, func() { o.report("ACME", o.certificate.fetch(ctx)) })
		})
	}
	work.Go(func() { o.watchStore(ctx) })
	if o.shared.portals != nil {
		work.Go(func() { o.keepAgreeing(ctx) })
	}
	work.Go(func() { o.backups.Run(ctx, o.tellBackup) })
	work.Go(func() { o.resets.Run(ctx, func(err error) { o.report("password reset", err) }) })
	work.Wait()
}

// lead is tendStore, told of where another portal could be the one that does it.
func (o *instance) lead(ctx context.Context) {
	if o.db.IsShared() {
		o.log.Info().Msg("this portal does the work that is done once, from now on")
		defer o.log.Info().Msg("this portal does the work that is done once no more")
	}
	o.leads.Store(true)
	defer o.leads.Store(false)
	o.tendStore(ctx)
}

// tendStore does what is to be done once for a store, however many portals use it.
func (o *instance) tendStore(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { o.sweepAgain(ctx) })
	work.Go(func() { o.letters.Run(ctx, func(err error) { o.report("mail", err) }) })
	work.Go(func() { o.hooks.Run(ctx, o.tellHook, func(err error) { o.report("webhooks", err) }) })
	work.Go(func() { o.rewrap(ctx) })
	if o.shipper != nil {
		work.Go(func() { o.shipper.Run(ctx, o.tellShipping) })
	}
	work.Wait()
}

// tellHook logs what webhooks fail with. Their organisations are told less: what names lead to inside is not theirs to know.
func (o *instance) tellHook(n hook.News) {
	if n.Err != nil {
		o.log.Info().Err(n.Err).Int64("webhook", n.Hook).Int64("event", n.Event).Int("tries", n.Tries).Msg("a webhook was not delivered")
	}
}

func (o *instance) rewrap(ctx context.Context) {
	r := &rewrapping{ring: o.vaultKeys.ring, credentials: o.vault, log: o.log, now: o.now}
	run := func() { o.report("rewrap", r.run(ctx)) }
	run()
	every(ctx, time.Minute, run)
}

// watchStore says at once, also when nobody calls, that the store is not to be trusted any more, and what to do. The portal lives
// on: its callers are better told that it is unavailable than nothing, and whoever restarts it should have looked at the disk.
func (o *instance) watchStore(ctx context.Context) {
	select {
	case <-o.db.Failed():
		o.log.Error().Err(o.db.Err()).Msg("every call is refused from now on, until a restart")
	case <-ctx.Done():
	}
}

// sweepAgain sweeps now, every hour, and when somebody wants it, at whatever portal.
func (o *instance) sweepAgain(ctx context.Context) {
	wished, last := int64(-1), time.Time{}
	look := func() {
		n, err := o.accounts.SweepWished(ctx)
		if now := o.now(); err == nil && (n != wished || now.Sub(last) >= time.Hour) {
			wished, last = n, now
			o.sweep(ctx)
		}
	}
	look()
	every(ctx, time.Second, look)
}

func (o *instance) sweep(ctx context.Context) {
	o.report("sweep", errors.Join(o.tokens.Sweep(ctx), o.clients.Sweep(ctx), o.groups.Sweep(ctx), o.vault.Sweep(ctx), o.resets.Sweep(ctx), o.letters.Sweep(ctx),
		o.hooks.Sweep(ctx)))
}

// every calls f again and again.
func every(ctx context.Context, d time.Duration, f func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

func (o *instance) renew() {
	if o.certificate == nil {
		return
	}
	news, err := o.certificate.refresh()
	if news != "" {
		o.log.Warn().Msg(news)
	}
	if o.clientCA != nil {
		err = errors.Join(err, o.clientCA.refresh())
	}
	o.report("certificate", err)
}

func (o *instance) report(work string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		o.log.Error().Err(err).Msg(work)
	}
}

// api is what is served, and what the reference is made of; for that the instance may be empty.
func (o *instance) api() (rpc.Options, error) {
	table, err := rpc.NewTable(portal.Methods(o.accounts, o.tokens, o.letters, o.resets, o.clients, o.groups, o.vault, o.backups, o.hooks))
	if err != nil {
		return rpc.Options{}, err
	}
	table.Samples = portal.Samples
	authority := portal.Authority{Accounts: o.accounts, Tokens: o.tokens, Clients: o.clients}
	return rpc.Options{
		Table: table, Authority: authority,
		Endpoints: append(oauth.Endpoints(oauth.Options{
			Clients: o.clients, Keys: o.clients.JWKS, APITokenKeys: o.tokens.JWKS,
			Algorithms: secret.AssertionAlgorithms(), Refused: o.accounts.RefusedInTheClear,
		}), rpc.Gates(authority)...),
		Paths:   portal.Paths(),
		Version: buildVersion(),
	}, nil
}

// handler is what answers calls.
func (o *instance) handler() (http.Handler, error) {
	options, err := o.api()
	if err != nil {
		return nil, err
	}
	options.Log, options.TrustedProxies, options.StrictTransport = o.log, o.TrustedProxy, o.strictTransport()
	options.Now, options.Observe = o.now, o.observe()
	if !o.NoConsole {
		if options.Pages, err = console.Pages(); err != nil {
			return nil, err
		}
	}
	if o.db.IsShared() {
		options.Twice = o.accounts.Store.Twice
	}
	return rpc.New(options), nil
}

// server is the HTTP server of the portal.
func (o *instance) server() (*http.Server, error) {
	h, err := o.handler()
	if err != nil {
		return nil, err
	}
	srv := o.httpServer(h)
	srv.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams}
	if o.certificate == nil {
		return srv, nil
	}
	srv.TLSConfig = o.certificate.config()
	if o.clientCA != nil {
		o.clientCA.guard(srv.TLSConfig)
	}
	return srv, nil
}

// httpServer is a server with the limits that all of them have.
func (o *instance) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          stdlog.New(serverLog{o.log}, "", 0),
	}
}

// observe is who counts calls; nil when nobody does.
func (o *instance) observe() func(rpc.Observation) {
	if o.metrics == nil {
		return nil
	}
	return o.metrics.call
}

// log is where everything but the announcements of a start goes.
func (p *program) log(c *Config) zerolog.Logger {
	var w io.Writer = p.stderr
	if c.LogFormat == "text" {
		w = zerolog.ConsoleWriter{Out: p.stderr, NoColor: true, TimeFormat: time.DateTime}
	}
	return zerolog.New(w).Level(c.LogLevel).With().Timestamp().Logger()
}

// serverLog takes what net/http has to say, such as failed TLS handshakes. What it quotes is a caller's text: protocols and names he
// asked for, or what he sent in place of a greeting.
type serverLog struct{ log zerolog.Logger }

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func (l serverLog) Write(b []byte) (int, error) {
	line := l.log.Warn()
	if bytes.HasPrefix(b, []byte("http: TLS handshake error")) {
		line = l.log.Info() // a probe of the port makes one, too; the metrics count them
	}
	line.Msg(quoted.ReplaceAllString(strings.TrimSpace(string(b)), "..."))
	return len(b), nil
}
