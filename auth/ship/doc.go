// Package ship owns the shipping of events to where they are kept beside the store. It must not know how they get there, which is a
// Sink's matter.
//
// # The way of an event
//
//	Run               one goroutine, in one process of a portal
//	└─ round          each second, or when the time of a failure is over
//	   ├─ next        one View: the events behind the last one that was sent, no more than fit into a batch
//	   ├─ Sink        takes the batch; until it has, nothing else is sent, so the order is that of the numbers
//	   └─ keep        one Update, once a second at most: how far it has come
//
// Whoever is killed between Sink and keep, or loses his leadership, leaves a place that is too far behind, and what lies between is
// sent again: at least once. A place never goes back, so two that run at once do no harm but to send twice. Events bear their
// numbers, without gaps, and their digests, so whoever takes them sees what he has and what is missing.
//
// The place of each destination is a record of its own. A new destination begins with the oldest event that is there.
//
// # What a sweep leaves
//
// What is not shipped is not swept, up to a bound: of the events behind the place the last Backlog are kept, whatever their age. So
// nothing is lost unless a sink fails for so long that events pass their retention and as many more wait behind them. It is then told
// by an event, and here as Lost when the gap is met.
package ship
