// Package ldap owns the verification of logins by an LDAP directory: a simple bind over TLS, to Active Directory or to a server such
// as OpenLDAP. It must not know who asks, nor how often he may.
//
// One question is one connection and one bind. It is never retried, neither with another form of the name nor with another protocol:
// in a measurement three protocols tried one after the other locked the account. Certificates are always checked, referrals are
// never followed, and nothing is searched for, so the portal has no account of its own in the directory, and no password of one to
// keep.
package ldap
