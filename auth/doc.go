// Package auth owns the words of the authority: who calls (Principal), what may be done (Privilege, Rule, Role), where
// (Tenant, Delegation), how a record lives (Lifecycle) and how a refusal reads (Kind, Error).
// It must not know a wire, a number of an error, a store or an engine.
//
// # Glossary
//
//	network         the portal itself, the operator's scope; there is one, with id 1
//	enterprise      a customer
//	partner         an enterprise proxy, also called MSP: it owns enterprises
//	tenant          one of the three above
//	operator user   works for the network; MSP user: for a partner; enterprise user: for a customer
//	principal       whoever makes a call: a person, the service account of an API client, or an OAuth app
//	role            a named set of functional roles; a user has exactly one
//	function        a functional role: a set of privileges that belong together, what roles are made of
//	customization   what a tenant has changed in a function, for its users and those of the tenants below
//	package         a set of customizations that a tenant keeps, and applies as one
//	privilege       an action on an object, such as READ:ENTERPRISE_USER
//	rule            what a method asks of its caller
//	grave           the mark of a deleted user or tenant, as long as something of it is to be swept
//	delegation      a tenant's consent that those above it use certain privileges on it
//	session         what a password login starts; its secret travels in a cookie
//	SSH key         the public half of a key that a user made here or brought along; he has one at a time
//	due             what a user must do before his session is good for anything else
//	lock-out        passwords for an account from a place are refused for a time, after too many wrong ones
//	rate limit      how many calls may be under way at once, or come in a time, of those who are counted together
//	second factor   a code beside the password: of an app, or a recovery code
//	API token       a long-lived secret of one user; pending until its owner downloads it once
//	limits          what an API token leaves of its owner's rights; they never change
//	rotation        a successor for an API token, beside which the old text is good for a while
//	token policy    what is asked of the API tokens of an organisation's users, by it and by those above it
//	OAuth app       a client of an organisation that is no user; it acts in others by their grant
//	API client      a client that is a user of its organisation, its service account
//	scope           what an app, or an access token, may do at most
//	grant           what an organisation lets an app of another one do in it
//	access token    a short-lived token of a client, or of a person for his API token; worth what they may do now
//	credential      a login that lives elsewhere, with its password; who it is shared with may use it
//	user group      users and service accounts of an organisation under a name; it gives them nothing by itself
//	letter          mail that the portal sends; queued until a relay has taken it
//	verifier        who is asked about a login that somebody else keeps: whether it exists, and has that password
//	reset link      a secret that was mailed to a user and sets a new password, once
//	backup          a copy of the store as it was at one moment, in a file of its own
//	fixture         what a portal shall have in it, or has, written down
//	key in use      the one of several keys that the portals which share a store sign or seal with
//	event           what happened, written in the same transaction as the change it tells of
//	shipping        sending every event to a destination beside the store, by a sink
//
// The operations live below: auth/account (tenants, users, roles, properties, events), auth/token (sessions, API tokens),
// auth/client (OAuth apps, API clients, access tokens),
// auth/vault (credentials, user groups), auth/mail (letters and their queue), auth/reset (reset links),
// auth/backup (backups), auth/fixture (fixtures), auth/keys (which keys are in use), auth/limit (the counting of calls),
// auth/ship (the shipping of events),
// auth/verify (logins that others keep; auth/verify/ldap asks their directories),
// auth/secret (pure functions of bytes: hash, mint, sign, compare).
package auth
