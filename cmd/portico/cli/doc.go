// Package cli owns how the command line's client calls a portal and shows what it answers: the calls, the table of commands that are a
// call each, and the forms of output. It must not know flags, terminals, profiles, or the library that reads a command line.
//
// What a portal answers is not trusted to be what a terminal or a spreadsheet may be given: texts are shown with their control
// characters escaped, and in CSV nothing reads as a formula. Nothing is guessed by the caller's role: the portal refuses, and its words
// and number are shown.
package cli
