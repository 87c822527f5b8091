// Package portal owns WHAT can be called: the table of methods, a file for each family, its rows on top and its params,
// results and functions below. A function here translates; the authority below decides. It must not know HTTP, codes of
// errors, or a store.
package portal
