package rpc

import (
	"slices"
	"strings"
)

// A guard keeps a member from being passed over that was meant for another, which has the call do less.
type guard struct {
	member string
	words  []string
}

// meant is the guarded member that a name which is none may stand for.
func (sh *shape) meant(name string) string {
	for _, g := range sh.guards {
		if slices.ContainsFunc(g.words, func(word string) bool { return alike(name, word) }) {
			return g.member
		}
	}
	return ""
}

// alike says whether two names are the same but for letter case and one letter, which is another one, missing, too many, or has changed
// places with the next.
func alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch len(b) - len(a) {
	case 0:
		return a == "" || a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
	case 1:
		return a == b[1:]
	}
	return false
}
