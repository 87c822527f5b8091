package memory

import (
	"bytes"
	"hash/maphash"

	"github.com/portico-vco/portico/store"
)

// node is the root of a treap: ordered by key, a heap by a hash of the key, therefore of one shape however it was made, and
// about as deep as a balanced tree. Nodes never change; with and without copy the path to the key and share the rest. A nil
// node is the empty tree.
type node struct {
	key, value  []byte
	rank        uint64
	left, right *node
}

var seed = maphash.MakeSeed()

func (n *node) get(key []byte) []byte {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n.value
		}
	}
	return nil
}

func (n *node) with(key, value []byte) *node {
	return n.insert(&node{key: key, value: value, rank: maphash.Bytes(seed, key)})
}

func (n *node) insert(m *node) *node {
	if n == nil {
		return m
	}
	c := bytes.Compare(m.key, n.key)
	switch {
	case c == 0:
		m.left, m.right = n.left, n.right
		return m
	case m.rank > n.rank:
		m.left, m.right = n.split(m.key)
		return m
	case c < 0:
		return n.over(n.left.insert(m), n.right)
	default:
		return n.over(n.left, n.right.insert(m))
	}
}

// over is a copy of n with other branches.
func (n *node) over(left, right *node) *node {
	return &node{key: n.key, value: n.value, rank: n.rank, left: left, right: right}
}

// split returns the trees of the keys below and above key, without key itself.
func (n *node) split(key []byte) (below, above *node) {
	if n == nil {
		return nil, nil
	}
	switch c := bytes.Compare(key, n.key); {
	case c < 0:
		below, above = n.left.split(key)
		return below, n.over(above, n.right)
	case c > 0:
		below, above = n.right.split(key)
		return n.over(n.left, below), above
	default:
		return n.left, n.right
	}
}

func (n *node) without(key []byte) *node {
	if n == nil {
		return nil
	}
	switch c := bytes.Compare(key, n.key); {
	case c < 0:
		return n.over(n.left.without(key), n.right)
	case c > 0:
		return n.over(n.left, n.right.without(key))
	default:
		return n.left.join(n.right)
	}
}

// join makes one tree of n and another all of whose keys are larger.
func (n *node) join(larger *node) *node {
	switch {
	case n == nil:
		return larger
	case larger == nil:
		return n
	case n.rank > larger.rank:
		return n.over(n.left, n.right.join(larger))
	default:
		return larger.over(n.join(larger.left), larger.right)
	}
}

func (n *node) scan(r store.Range, f func(key, value []byte) (bool, error)) (more bool, err error) {
	if n == nil {
		return true, nil
	}
	low := r.From == nil || bytes.Compare(n.key, r.From) >= 0 // n or what is left of it may be inside
	high := r.To == nil || bytes.Compare(n.key, r.To) < 0
	first, second, goFirst, goSecond := n.left, n.right, low, high
	if r.Reverse {
		first, second, goFirst, goSecond = second, first, high, low
	}
	if goFirst {
		if more, err := first.scan(r, f); !more || err != nil {
			return false, err
		}
	}
	if low && high {
		if more, err := f(n.key, n.value); !more || err != nil {
			return false, err
		}
	}
	if goSecond {
		return second.scan(r, f)
	}
	return true, nil
}
