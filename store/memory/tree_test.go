package memory

import (
	"fmt"
	"testing"
)

// Ascending keys, the usual ones, must not make a list of the tree.
func TestTreeStaysShallow(t *testing.T) {
	var root *node
	for i := range 10_000 {
		root = root.with(fmt.Appendf(nil, "%08d", i), []byte{})
	}
	for i := range 5_000 {
		root = root.without(fmt.Appendf(nil, "%08d", 2*i))
	}
	if d := root.depth(); d > 80 { // about 30; never by chance more than this
		t.Errorf("5,000 keys lie %d deep", d)
	}
}

func (n *node) depth() int {
	if n == nil {
		return 0
	}
	return 1 + max(n.left.depth(), n.right.depth())
}
