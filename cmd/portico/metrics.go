package main

import (
	"context"
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

	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	refusals *prometheus.CounterVec
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

// newMetrics makes the counters and has everything that counts report to them.
func newMetrics(o *instance) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls:    counters("portico_calls_total", "Calls answered, by method and by how: ok, refused, or error, which is the portal's own fault.", "method", "result"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portico_call_duration_seconds", Help: "How long calls took, from their arrival to their answer.", Buckets: callBuckets,
		}, []string{"method"}),
		refusals: counters("portico_refusals_total", "Calls and requests refused, by reason.", "reason"),
		logins:   counters("portico_logins_total", "Logins by password, by outcome.", "outcome"),
		moves:    counters("portico_api_token_moves_total", "Creations, downloads, refreshes and revocations of API tokens.", "move", "result"),
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
	m.registry.MustRegister(m.calls, m.took, m.refusals, m.logins, m.moves, m.handshakes, m.commits, m.updates, m.unstored, build, state{o},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	o.db.Observe(m.commit(o.now))
	o.tokens.Watch(token.Watch{Login: m.login, Move: m.move})
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// call counts a call.
func (m *metrics) call(o rpc.Observation) {
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
	result := "refused"
	if moved {
		result = "ok"
	}
	m.moves.WithLabelValues(string(a), result).Inc()
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

// state is what is asked of the portal when somebody reads the metrics. What it cannot say is left out.
type state struct{ o *instance }

var (
	storeUp   = desc("portico_store_up", "1 as long as the store may be trusted.")
	storeSize = desc("portico_store_size_bytes", "Size of the store's file.")
	storeFree = desc("portico_store_free_bytes", "What of that file is free for new records.")
	waiting   = desc("portico_mail_waiting", "Letters that wait to be sent.")
	connected = desc("portico_connections", "Connections that are open.")
	closed    = prometheus.NewDesc("portico_connections_closed_total", "Connections closed because there were too many: idle ones to make "+
		"room, and new ones that found none.", []string{"which"}, nil)
	expiry = desc("portico_certificate_expiry_timestamp_seconds", "When the certificate of the listener ends.")
)

func desc(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

// Describe and Collect make state a prometheus.Collector.
func (s state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storeUp, storeSize, storeFree, waiting, connected, closed, expiry} {
		out <- d
	}
}

func (s state) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64) { out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	up := 1.0
	if s.o.db.Err() != nil {
		up = 0
	}
	gauge(storeUp, up)
	if size, err := s.o.db.Size(ctx); err == nil {
		gauge(storeSize, float64(size.Total))
		gauge(storeFree, float64(size.Free))
	}
	if n, err := s.o.letters.Waiting(ctx); err == nil {
		gauge(waiting, float64(n))
	}
	n, idle, fresh := s.o.connections.counts()
	gauge(connected, float64(n))
	out <- prometheus.MustNewConstMetric(closed, prometheus.CounterValue, float64(idle), "idle")
	out <- prometheus.MustNewConstMetric(closed, prometheus.CounterValue, float64(fresh), "new")
	if s.o.certificate == nil {
		return
	}
	if at, ok := s.o.certificate.ends(); ok {
		gauge(expiry, float64(at.Unix()))
	}
}
