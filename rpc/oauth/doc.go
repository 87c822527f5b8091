// Package oauth owns the endpoints of OAuth 2.0 on the wire: tokens for clients (RFC 6749), their revocation (RFC 7009)
// and introspection (RFC 7662), the metadata (RFC 8414), the keys (RFC 7517), and the two paths at which clients of VMware
// Cloud Services ask. It must not know how clients are kept, what they may do, or how a token is made: auth/client.
//
// # The way of a request
//
//	rpc.Server                  the body up to 64 KiB, one Authorization header, no cross-site calls
//	    posted                  TLS, before any secret is looked at; the form
//	        credentialOf        Basic, form or assertion, one of them alone
//	        wantedOf            scope, organisation, lifetime
//	        Clients             decides
//	    refuse                  the error as section 5.2 wants it
//
// An authorization-server library was not taken: for one grant, without a browser, the largest part of it would be kept
// from doing things.
package oauth
