// Package vault owns credentials, logins that live elsewhere with their passwords, and the user groups that share them. It must
// not know the wire, nor how a login is checked.
//
// # Credentials
//
// A credential belongs to an organisation: an enterprise, a partner or the operator. Its administrators are those who hold
// UPDATE:CREDENTIAL there; they make credentials and share them with users and user groups of the same organisation. Everybody
// else sees what is shared with him, himself or by a group, and to him nothing else is there. To administrate is not to use: who
// has no share gets no password.
//
// A password is kept only after its login was found good, in one attempt:
//
//	View      may the caller, is there room, is the username free
//	verify    over the network, outside of any transaction
//	Update    all of that again; that the password changed meanwhile is a Conflict
//
// It lies in an envelope (package secret) that is bound to the credential, its organisation and the version of the password. A
// record of its own says which version is the present one, marked under a key that lies apart from the store: what was exchanged,
// altered, or put back from a copy does not open. Who puts back both records has put back the password; that, the record of
// events tells.
//
// A deleted credential leaves its number until its shares are swept, which is by then all that is left of it. A deleted user's
// shares are swept with his grave, and count for nothing meanwhile.
//
// # Groups
//
// A user group has users and service accounts of its own organisation as members, and gives them nothing by itself. A membership
// is a row of its own, and the group counts its rows, so that one more member costs no more in a large group than in a small one.
//
// What ends at once may leave more rows than an Update can remove. A deleted group leaves its record, without its name, until its
// rows are swept. A deleted user leaves a departure, which names the groups he was in: from his deletion on his rows count for
// nothing, and what a group shows is its count less the departures.
//
// Clones of an enterprise get no groups: these consist of users, which are not copied.
package vault
