// Package store owns keys and bytes: transactions, typed collections over them, and what an engine must offer. It must not
// know what a token is, nor which engine serves.
//
// # The promise
//
// Every Update sees all Updates before it and none after it, phantoms included: who counts by a Scan and then writes may rely
// on the count. An Update that returned nil is durable. One that failed left nothing. A View is a snapshot and waits for
// nobody.
//
// # The way of an Update
//
//	Update(ctx, f)                   the caller's goroutine
//	└─ queue                         left again when ctx ends first
//	   └─ committer                  one goroutine a DB, one engine commit at a time
//	      └─ engine.Commit
//	         ├─ lends a Tx to each waiting call, one after the other;
//	         │  f runs in its caller's goroutine over three layers:
//	         │     its own writes    dropped when f fails
//	         │     the group's       those of the calls before it
//	         │     the engine's      the newest durable state, checksums verified here
//	         ├─ the function of OnCommit has the last word
//	         └─ one atomic, durable apply for all
//	            └─ everybody is answered
//
// That f runs where it was called, and not in the committer, makes its panic (or its runtime.Goexit, a t.Fatal) its own
// affair: it unwinds its caller, drops its writes and harms nobody in the group.
//
// Whoever is answered has had the group's commit: also a refusal may rest on what another call of the group wrote, so when
// the commit fails, all of the group hear that, and not what f said.
//
// # Trust
//
// Engines keep what they are given; they do not notice a flipped bit. So every value carries a CRC-32C over its key and
// itself, checked on each read, for all engines. That a key is absent is the engine's word; where a key may rot, it looks at
// the neighbours first. A value that does not match, an engine that panics, a write whose
// durability is unknown: after any of these the DB refuses everything with that error (see [DB.Err]). An authority that does
// not know must not say yes.
//
// Checksums tell what rotted. Whether records, what finds them and what they lead to agree, [DB.Check] tells; it knows every
// collection that was made.
package store
