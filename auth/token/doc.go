// Package token owns the ways in: sessions that a password login starts, and API tokens. It must not know the wire.
//
// # The life of an API token
//
//	PENDING --download--> ENABLED --revoke--> REVOKED
//	PENDING --revoke--> REVOKED        ENABLED --refresh--> ENABLED        ENABLED --rotate--> ENABLED, beside its successor
//
// EXPIRED is never stored: it follows from the clock, for tokens that were not downloaded too, and REVOKED outranks it.
// Every move is one Update: fetch, ask the table, put, record. Of two downloads at once exactly one finds PENDING.
//
// A token's text is a JWT, because clients expect one and others can verify it; the portal itself looks it up by its jti
// and compares the SHA-256 of the whole text. A claim of 256 random bits that is never stored is in it, so that neither
// the signing key with a copy of the store nor a refresh within the same second can make the same text again.
//
// # Limits and policies
//
// A token may have limits (auth.Limits), which never change: privileges, methods, sources, an enterprise. They are put upon its owner
// when it is used, for whatever was made of its text too, so they take from the rights that he has then. Whether it could give itself
// something without them is not asked privilege by privilege: methods by which anybody gets a way in, or rights, are closed to it
// (auth.Rule.IsWhole), and of tokens it renews itself alone.
//
// The policy of the owner's organisation, with those above it (account.TokenPolicy), is held against a token in each use, too.
// Nothing of that is stored with the token: see Standing.
package token
