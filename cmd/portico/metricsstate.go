package main

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/portico-vco/portico/auth/backup"
)

// watched is the instance whose state is told.
type watched struct{ atomic.Pointer[instance] }

// Describe and Collect make it a prometheus.Collector.
func (w *watched) Describe(out chan<- *prometheus.Desc) { state{}.Describe(out) }

// Collect tells how the instance is that is there now.
func (w *watched) Collect(out chan<- prometheus.Metric) { state{w.Load()}.Collect(out) }

// state is what is asked of the portal when somebody reads the metrics. What it cannot say is left out.
type state struct{ o *instance }

var (
	storeUp       = desc("portico_store_up", "1 as long as the store may be trusted.")
	storeSize     = desc("portico_store_size_bytes", "Size of the store's file.")
	storeFree     = desc("portico_store_free_bytes", "What of that file is free for new records.")
	storeAge      = desc("portico_store_age_seconds", "How long ago the portal's copy of a shared store was known to be up to date; 0 of a file.")
	storeLeads    = desc("portico_store_leads", "1 in the portal that does what is done once for a store.")
	chainLinks    = desc("portico_event_chain_links_total", "Links that the chain of events has had.")
	chainEvents   = desc("portico_event_chain_events_total", "Events that the chain has had: the number of the last one.")
	chainTrusted  = desc("portico_event_chain_trusted", "1 as long as the chain bears the portal's mark and was never found changed by another hand.")
	newestBackup  = desc("portico_backup_newest_timestamp_seconds", "When the newest backup in the folder was made.")
	shipped       = desc("portico_events_shipped_total", "Events that this process has shipped.")
	unshipped     = desc("portico_events_unshipped", "Events that wait to be shipped.")
	shipFailures  = desc("portico_events_shipping_failures_total", "Tries to ship events that failed.")
	eventsLost    = desc("portico_events_lost_total", "Events that were removed before they were shipped.")
	lettersWait   = desc("portico_mail_waiting", "Letters that wait to be sent.")
	hooksPosted   = desc("portico_webhook_messages_total", "Messages of webhooks that were taken.")
	hooksFailed   = desc("portico_webhook_failures_total", "Tries to post a message of a webhook that failed.")
	hooksWait     = desc("portico_webhook_waiting", "Deliveries of webhooks that wait.")
	hashesRunning = desc("portico_password_hashes_running", "Password hashes that are being computed.")
	hashesWaiting = desc("portico_password_hashes_waiting", "Password hashes that wait for others.")
	hashesRefused = desc("portico_password_hashes_refused_total", "Password hashes refused because too many waited.")
	connected     = desc("portico_connections", "Connections that are open.")
	connectable   = desc("portico_connections_limit", "How many may be open at once.")
	turned        = desc("portico_connections_closed_total", "Connections closed because there were too many, by reason.", "reason")
	expiry        = desc("portico_certificate_expiry_timestamp_seconds", "When the certificate of the listener ends.")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe names all that Collect may tell.
func (s state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		storeUp, storeSize, storeFree, storeAge, storeLeads, chainLinks, chainEvents, chainTrusted, newestBackup, lettersWait,
		shipped, unshipped, shipFailures, eventsLost, hooksPosted, hooksFailed, hooksWait,
		hashesRunning, hashesWaiting, hashesRefused, connected, connectable, turned, expiry,
	} {
		out <- d
	}
}

// Collect tells how the instance is.
func (s state) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTime)
	defer cancel()
	c := collected(out)
	s.stored(ctx, c)
	if s.o.shipper != nil {
		s.shipped(ctx, c)
	}
	posted, failures := s.o.hooks.Counts()
	c.counter(hooksPosted, posted)
	c.counter(hooksFailed, failures)
	load := s.o.accounts.Passwords.Load()
	c.gauge(hashesRunning, float64(load.Running))
	c.gauge(hashesWaiting, float64(load.Waiting))
	c.counter(hashesRefused, load.Refused)
	open, closed := s.o.connections.counts()
	c.gauge(connected, float64(open))
	c.gauge(connectable, float64(s.o.connections.most))
	c.counter(turned, closed.idle, "idle")
	c.counter(turned, closed.place, "address")
	c.counter(turned, closed.all, "all")
	if s.o.certificate == nil {
		return
	}
	if at, ok := s.o.certificate.ends(); ok {
		c.time(expiry, at)
	}
}

// stored is what the disk has to say.
func (s state) stored(ctx context.Context, c collected) {
	c.truth(storeUp, s.o.db.Err() == nil)
	if size, err := s.o.db.Size(ctx); err == nil {
		c.gauge(storeSize, float64(size.Total))
		c.gauge(storeFree, float64(size.Free))
	}
	c.gauge(storeAge, s.o.db.Age().Seconds())
	c.truth(storeLeads, s.o.leads.Load())
	if chain, err := s.o.accounts.EventChain(ctx); err == nil {
		c.counter(chainLinks, chain.Links)
		c.counter(chainEvents, chain.Events)
		c.truth(chainTrusted, chain.Trusted)
	}
	if n, err := s.o.letters.Waiting(ctx); err == nil {
		c.gauge(lettersWait, float64(n))
	}
	if n, err := s.o.hooks.Waiting(ctx); err == nil {
		c.gauge(hooksWait, float64(n))
	}
	list, err := s.o.backups.List()
	if i := slices.IndexFunc(list, func(b backup.Backup) bool { return b.State == backup.Done }); err == nil && i >= 0 {
		c.time(newestBackup, list[i].Ended)
	}
}

// shipped is how events get on that are shipped.
func (s state) shipped(ctx context.Context, c collected) {
	sent, failures, lost := s.o.shipper.Counts()
	c.counter(shipped, sent)
	c.counter(shipFailures, failures)
	c.counter(eventsLost, lost)
	if n, err := s.o.shipper.Waiting(ctx); err == nil {
		c.gauge(unshipped, float64(n))
	}
}

// collected is where the numbers go.
type collected chan<- prometheus.Metric

func (c collected) gauge(d *prometheus.Desc, v float64) {
	c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
}

func (c collected) counter(d *prometheus.Desc, n int64, labels ...string) {
	c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func (c collected) time(d *prometheus.Desc, at time.Time) { c.gauge(d, float64(at.Unix())) }

func (c collected) truth(d *prometheus.Desc, is bool) {
	v := 0.0
	if is {
		v = 1
	}
	c.gauge(d, v)
}
