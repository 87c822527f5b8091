// Package client owns what calls without being a person: OAuth apps and API clients, their secrets and keys, the grants of apps,
// and the access tokens of all of them. It must not know the wire.
//
// # Two kinds
//
// An OAuth app belongs to an organisation (an enterprise, a partner, the operator) and is no user. What it may do is its scope.
// It acts in its own organisation, and in others that grant it something: there with what the grant and the scope have in
// common.
//
// An API client is a user, its service account, in one organisation. It has that user's role.
//
// Both share one space of client ids and of numbers, neither of which is ever given again: a client that is deleted leaves its
// record, empty but for them.
//
// # What an access token is worth
//
// An access token (RFC 9068) says who its client is, and where it acts; what the client may do there is looked up with each
// call. So what is taken from a client is gone with its next call. A token ends
//
//   - by the clock, and by /oauth2/revoke;
//   - when its client is switched off or deleted, or has its secret regenerated: each of them begins a new epoch of the client,
//     and the token names the epoch that it was made in, so that it stays dead when the client is switched on again;
//   - of an app in another organisation: with the grant, which the token names by its number; a new grant has another;
//   - of a person: with the text of the API token that it was exchanged for, of which it bears a mark.
//
// An epoch is exact where the times in a token, whole seconds, could not tell what came first.
//
// # Scopes
//
// A scope is what its author asks for, roles and privileges, and what that came to when it was set. Later changes of the roles
// make it narrower, never wider: nobody who sets a scope can give what he does not hold, and nobody gives it by changing a role.
// A grant keeps what of the scope its organisation has accepted in the same way. Of that it loses what the scope is set not to
// reach any more, so that a scope that is set wide again is accepted again.
package client
