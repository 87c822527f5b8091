// Package etcd owns the engine that keeps a store in an etcd cluster, where any number of processes use it at once. It must not
// know what is stored, nor where its local copy lies.
//
// # The keys
//
//	PREFIX/data/KEY   a key of the store, its value sealed as package store hands it over; entries of collections are left out
//	PREFIX/first      who has lost many races and is let go before the others
//	PREFIX/head       who wrote last; put by every commit, behind all else of it
//	PREFIX/lead/...   who does the work that is done once in the cluster
//	PREFIX/mark       what this is: its format, its id, and why nobody may serve it, if so
//
// Entries, which find records by unique keys and indexes, follow from the records (store.Entries). A key costs a member some 20
// microseconds, whatever its length, and of the six that a new token has four are entries. So each copy makes them by itself: etcd
// keeps a third of the keys, and programs may differ in what they find records by.
//
// # Writing
//
// The head is the whole of the concurrency control: its ModRevision is the number of the newest commit. A commit runs its
// functions over the local copy as it was at one such number, and makes its writes durable in one etcd transaction that succeeds
// only if that is still the number of the head. Otherwise the copy catches up and the functions run again. Therefore all commits
// of all processes are serial, phantoms included, and an Update that wrote nothing asks for the number of the head before it
// is answered. Not the read set is compared, which could not name an absent key in a range, and would soon be longer than
// what etcd takes in a transaction.
//
// One commit of a process is under way at a time. A second one, prepared over what the first will leave and sent behind it, was tried, with
// members 1, 3 and 10 ms away: it hides the turns of its callers and not their way, which is the longer part, and costs a tenth
// more of the processor, so that it made less where that was busy, and a fifth more at best where it was not.
//
// A commit whose outcome is lost with a connection is sent again, with the same comparison: of the two at most one succeeds. Who
// wrote what the head says, so the copy learns from the watch whether the first one did. When etcd does not answer any more before
// that is known, the Update fails with ErrUnknown: it may have happened or may happen yet, as with any database whose answer was lost.
//
// Whoever sets the store aside, or puts it back, puts the mark, and with it the head, under the same comparison. All who have the
// store open see it in the watch, or when they make the copy anew, and answer nothing any more until they are started again. So
// what was removed and restored under a process that was cut off meanwhile is not taken for what it was.
//
// # Reading
//
// A View reads the local copy, which a watch of the data and the head keeps: whole commits, in their order. It costs no round
// trip. The copy is an engine on this machine, and above it in memory the commits whose pages are not written yet (copy.go): nobody
// waits for those. That the copy may be trusted is asked, several times within Options.Behind, by one linearizable read of the head: when the copy has
// what the head said, it was as new as the store at the moment of the question. So no clock of another machine matters, a quiet
// store needs no writes (a heartbeat key would fill the history, and stop with a full disk), and no promise of watch progress is relied
// upon. When the last such moment is longer ago than Options.Behind, Views and Updates fail with ErrBehind.
//
// After an Update of one process is acknowledged, the others have it within the delay of the watch, and at the latest Options.Behind
// later they answer nothing any more that contradicts it. [Engine.CatchUp] waits for it.
//
// All calls of a process go to one member as long as that answers, and then to the next. A member that takes calls and does not
// answer them costs one of them its time, and not each that falls to it.
//
// A watch that ended, or does not move, is begun again behind what the copy has. Where etcd has compacted that away, the copy is made anew beside the old
// one and takes its place.
package etcd
