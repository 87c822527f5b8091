package etcd

import (
	"math/big"
	"strings"

	"github.com/portico-vco/portico/store"
)

// A stride says what to read next, when all keys are read in their order. A member counts the keys of a range also beyond the limit of a
// read, so to read the rest by limits, again and again, takes a time that grows with the square of the keys. So each read is of a range
// that should have about as many keys as the limit says, as wide as the read before it. That is a guess, which costs time alone when it
// is wrong.
type stride struct {
	from  string   // what is left begins here
	width *big.Int // of keys that are taken for numbers; nil is all that is left
}

// numbered is how many bytes of a key are taken for its number.
const numbered = 64

func number(key string) *big.Int {
	b := make([]byte, numbered)
	copy(b, key)
	return new(big.Int).SetBytes(b)
}

// to is where the next read ends; empty is the end of all.
func (s *stride) to() string {
	if s.width == nil {
		return ""
	}
	n := number(s.from)
	if n.Add(n, s.width); n.BitLen() > 8*numbered {
		return ""
	}
	return strings.TrimRight(string(n.FillBytes(make([]byte, numbered))), "\x00")
}

// next is told what a read up to a key has found, of which it wanted at most limit, and whether there is more.
func (s *stride) next(to string, found []store.Write, limit int, more bool) {
	keys := len(found)
	if more {
		last := string(found[keys-1].Key)
		s.from = last + "\x00"
		s.width = new(big.Int).Sub(number(last), number(string(found[0].Key)))
		s.width.Add(s.width, big.NewInt(1))
		return
	}
	s.from = to
	switch {
	case s.width == nil:
	case keys < limit/16: // a gap
		s.width.Lsh(s.width, 4)
	case keys < limit/2:
		s.width.Lsh(s.width, 1)
	}
}
