// Package account owns the people and tenants of a portal: the network, partners, enterprises, users, roles, delegation,
// system properties and the events that tell of them. It must not know sessions, tokens or the wire.
//
// Every operation that changes something is one Update: it reads, decides, writes, and records its event in the same
// transaction. Operations trust the caller's Principal, which the front makes anew for each call; whatever else they
// decide by, they read inside the Update.
package account
