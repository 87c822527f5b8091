// Package vault owns the user groups of organisations. It must not know the wire.
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
