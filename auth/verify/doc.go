// Package verify owns the question whether a login that somebody else keeps, such as one of a Windows domain, exists and has
// this password. It must not know a store, nor what the answer is good for.
//
// A kind of directory (package ldap is one) is asked behind the small interface Verifier, by the configuration of the tenant whose
// logins they are. What holds for every kind is here: the empty password is never sent, a question has five seconds, one
// question is one attempt at the directory, and nobody can use the portal to lock an account there.
//
// # The throttle
//
// Directories lock an account after some wrong passwords: 10 is what Microsoft recommends, 5 and 3 are found. So for an account,
// however its name is written, at most 2 attempts that were not answered with OK are sent to a directory; then none at all until 30
// minutes have passed since the last of them, which is how long a domain suggests to count. Who asks meanwhile is told to come later
// (Busy), whether his password is right or wrong, and the directory hears nothing of it. OK clears what failed by the same
// name: two accounts can look alike, and who has one of them must not clear the other's. Only one attempt for an account is under way at
// a time, for of ten at once none would know of the others.
//
// Counts are kept in memory, for 16,384 accounts of a directory at most; those beyond are counted together. A restart begins anew, and
// so does a directory under another address. Where a directory counts for longer than 30 minutes, or never forgets, its own threshold can be
// reached in the end.
package verify
