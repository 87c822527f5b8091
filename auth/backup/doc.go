// Package backup owns the copies that are made of a portal's store, and what must be ended in a store that was one. It must not know
// the wire, nor how a store is copied.
//
// # A backup
//
// It is asked for (Create), told of by an event, and made aside (Run), one at a time: a copy of the whole store as it was at one
// moment behind that event, so it has every write that was acknowledged before the answer to whoever asked. How far it is, List
// tells. The file gets its name when it is whole and was read; what does not come so far leaves nothing but its event. The keys
// are in no backup, and without them it opens nothing.
//
// # A store that was a backup
//
// It knows nothing of what happened since: whoever was disabled and whatever was revoked, deleted or given another secret then is
// alive in it as before. What that was nobody can tell, so Restored ends what can be ended without harm, and names the time in an
// event: all sessions, the links that set passwords, enrolments of second factors that are under way, and the codes up to now. API
// tokens, passwords and clients' secrets are what they were.
package backup
