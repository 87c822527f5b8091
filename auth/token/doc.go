// Package token owns the ways in: sessions that a password login starts, and API tokens. It must not know the wire.
//
// # The life of an API token
//
//	PENDING --download--> ENABLED --revoke--> REVOKED
//	PENDING --revoke--> REVOKED        ENABLED --refresh--> ENABLED
//
// EXPIRED is never stored: it follows from the clock, for tokens that were not downloaded too, and REVOKED outranks it.
// Every move is one Update: fetch, ask the table, put, record. Of two downloads at once exactly one finds PENDING.
//
// A token's text is a JWT, because clients expect one and others can verify it; the portal itself looks it up by its jti
// and compares the SHA-256 of the whole text. A claim of 256 random bits that is never stored is in it, so that neither
// the signing key with a copy of the store nor a refresh within the same second can make the same text again.
package token
