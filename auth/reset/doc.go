// Package reset owns the links by which users set a password they have lost. It must not know the wire, nor how a letter
// travels.
//
// # The life of a link
//
//	OPEN --redeem--> REDEEMED
//
// A link is 256 random bits, of which a digest is kept. It is mailed, and shown to nobody else. A user has one at most: a
// newer one takes its place. Whether an open one is still good is never stored, it follows from the user as he is: from
// the clock, from his password (any change of it ends the link), from whether he may get in, and from his address. So a
// link dies at once with what it rested on, whoever changed that. Redeeming changes the password and nothing else: nobody
// is enabled, unlocked or signed in by it.
//
// # Two who ask
//
// Send is for whoever may change the user, and says what is wrong. Request is for everybody, and says nothing: it only
// puts the name aside, and Run looks later who that is. The answer is given before, so neither its text nor its time
// depends on whether there is such a user, and whether he may.
package reset
