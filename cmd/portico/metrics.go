package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// metrics are what the portal counts of itself, in the names and units of Prometheus. Labels have words of the program alone, never
// a tenant, a user, an address or anything that a caller sent: so there are only so many series, and none tells of anybody.
type metrics struct {
	registry *prometheus.Registry
	of       watched

	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	over     *prometheus.CounterVec
	methods  sync.Map // of *methodMetrics, by name

	logins     *prometheus.CounterVec
	moves      *prometheus.CounterVec
	handshakes *prometheus.CounterVec

	commits  prometheus.Histogram
	updates  prometheus.Histogram
	unstored prometheus.Counter
}

// methodMetrics are those of one method. All results are there from its first call on, so that the first error shows as an increase.
type methodMetrics struct {
	ok, refused, failed prometheus.Counter
	took                prometheus.Observer
}

// Where the buckets lie: a read takes parts of a millisecond, a write one or two syncs of the disk, a login a password hash.
var (
	callBuckets   = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	commitBuckets = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	groupBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}
)

// newMetrics makes the counters of an instance.
func newMetrics(o *instance) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls:    counters("portico_calls_total", "Calls answered, by method and by how: ok, refused, or error, which is the portal's own fault.", "method", "result"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portico_call_duration_seconds", Help: "How long calls took, from their arrival to their answer.", Buckets: callBuckets,
		}, []string{"method"}),
		refusals:   counters("portico_refusals_total", "Calls and requests refused, by reason.", "reason"),
		over:       counters("portico_calls_over_limit_total", "Calls beyond a rate limit: refused for it, or logged and let pass.", "act"),
		logins:     counters("portico_logins_total", "Logins by password, by outcome.", "outcome"),
		moves:      counters("portico_api_token_moves_total", "Creations, downloads, refreshes and revocations of API tokens.", "move", "result"),
		handshakes: counters("portico_tls_handshake_failures_total", "TLS handshakes that failed, by reason.", "reason"),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "portico_store_commit_duration_seconds", Help: "How long it took to make a commit durable, syncs of the disk included.", Buckets: commitBuckets,
		}),
		updates: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "portico_store_commit_updates", Help: "How many updates shared a commit.", Buckets: groupBuckets,
		}),
		unstored: prometheus.NewCounter(prometheus.CounterOpts{Name: "portico_store_commit_failures_total", Help: "Commits that failed."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "portico_build_info", Help: "1; the labels say what was built.",
		ConstLabels: prometheus.Labels{"version": buildVersion(), "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.calls, m.took, m.refusals, m.over, m.logins, m.moves, m.handshakes, m.commits, m.updates, m.unstored, build, &m.of,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.begin()
	m.watch(o)
	return m
}

// watch has everything of an instance that counts report to the counters, and none that was before it.
func (m *metrics) watch(o *instance) {
	m.of.Store(o)
	o.db.Observe(m.commit(o.now))
	o.tokens.Watch(token.Watch{Login: m.login, Move: m.move})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// begin makes what is counted under words that are known begin with 0, so that the first time shows as an increase.
func (m *metrics) begin() {
	for _, reason := range handshakeFailures {
		m.handshakes.WithLabelValues(reason)
	}
	for _, outcome := range token.Outcomes {
		m.logins.WithLabelValues(string(outcome))
	}
	for _, act := range []token.Act{token.Create, token.Download, token.Refresh, token.Rotate, token.Revoke} {
		for _, moved := range []bool{true, false} {
			m.moves.WithLabelValues(string(act), result(moved))
		}
	}
	for _, act := range []string{"refused", "logged"} {
		m.over.WithLabelValues(act)
	}
}

func result(ok bool) string {
	if ok {
		return "ok"
	}
	return "refused"
}

// call counts a call.
func (m *metrics) call(o rpc.Observation) {
	switch {
	case !o.Over:
	case o.Refusal == rpc.RateLimited:
		m.over.WithLabelValues("refused").Inc()
	default:
		m.over.WithLabelValues("logged").Inc()
	}
	of := m.method(o.Method)
	of.took.Observe(o.Took.Seconds())
	switch {
	case o.Refusal == "":
		of.ok.Inc()
		return
	case o.Ours:
		of.failed.Inc()
	default:
		of.refused.Inc()
	}
	m.refusals.WithLabelValues(o.Refusal).Inc()
}

func (m *metrics) method(name string) *methodMetrics {
	if of, ok := m.methods.Load(name); ok {
		return of.(*methodMetrics)
	}
	of := &methodMetrics{
		ok: m.calls.WithLabelValues(name, "ok"), refused: m.calls.WithLabelValues(name, "refused"),
		failed: m.calls.WithLabelValues(name, "error"), took: m.took.WithLabelValues(name),
	}
	m.methods.Store(name, of)
	return of
}

func (m *metrics) login(o token.Outcome) { m.logins.WithLabelValues(string(o)).Inc() }

func (m *metrics) move(a token.Act, moved bool) {
	m.moves.WithLabelValues(string(a), result(moved)).Inc()
}

// commit counts a commit when it has ended.
func (m *metrics) commit(now func() time.Time) func(calls int) func(error) {
	return func(calls int) func(error) {
		begun := now()
		return func(err error) {
			m.commits.Observe(now().Sub(begun).Seconds())
			m.updates.Observe(float64(calls))
			if err != nil {
				m.unstored.Inc()
			}
		}
	}
}
