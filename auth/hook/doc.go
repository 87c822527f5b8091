// Package hook owns webhooks: which events an organisation wants to be told of, where, and what became of the telling. It must not know
// the wire of the portal.
//
// # The way of an event
//
//	Run            one goroutine, in one process of a portal
//	├─ queue       the events behind the last one that was looked at: for each webhook that wants one, a delivery is written, in one
//	│              Update with how far that came
//	└─ dispatch    each second, and when there is room: the webhooks that have something to send, one goroutine for each
//	   └─ deliver  one delivery after the other
//	      ├─ claim   one Update: may it still go there? Then this try is counted, and the next one set, before anything is sent
//	      ├─ post    the event as JSON, signed, to an address that the portal may call
//	      └─ settle  one Update: delivered, dead, or left for the next try
//
// Whoever is killed between claim and settle, or loses his leadership, sends again at the next try, under the same webhook-id: at
// least once. A webhook of the channel MAIL has its letters queued in the claim itself; the rest is package mail's.
//
// # The life of a delivery
//
//	PENDING --try--> PENDING        PENDING, DELIVERED, DEAD --redeliver--> PENDING
//	PENDING --deliver--> DELIVERED  PENDING --give up--> DEAD
//
// A delivery does not keep the event, but leads to it: what was swept is sent to nobody any more. And whether the organisation may
// read the event is asked twice, when it is queued and before each try: a consent that was withdrawn meanwhile counts.
//
// # What a webhook may do to others
//
// Each has a queue of its own, with a bound, and one delivery under way; an organisation has two. One that fails is asked less and less
// often, one that takes its time gives way after each second, and one that has failed for days is disabled. So it holds up nobody.
//
// Where it leads is its organisation's to say, so the portal calls public addresses alone, unless the operator has allowed a network.
// That is looked at when a connection is made, on the very address, whatever a name led to before. Nobody but the operator's log is
// told why there was no answer: what is there inside is nobody's business outside.
package hook
