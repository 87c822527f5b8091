package etcd

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/portico-vco/portico/store"
)

// TestStride: whatever the keys are, all are read once, in their order. The keys that a member counts for that are few times those that
// there are, in stores as the portal has them.
func TestStride(t *testing.T) {
	const limit = 100
	r := rand.New(rand.NewPCG(1, 2))
	id := func(n int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	portal, hashes, random, long := []string{}, []string{}, []string{}, []string{}
	for c := range 20 {
		for n := range 1 + r.IntN(4000) {
			portal = append(portal, fmt.Sprintf("collection%d/r%s", c, id(n+1)), fmt.Sprintf("collection%d/x%s%s", c, id(n/5), id(n)),
				fmt.Sprintf("collection%d/uuser%d@acme.example", c, n))
		}
	}
	for range 20_000 {
		hashes = append(hashes, "session/"+id(int(r.Uint64()>>1)))
		b := make([]byte, r.IntN(6))
		for i := range b {
			b[i] = byte(r.Uint32()) * byte(r.IntN(2))
		}
		random = append(random, string(b))
		long = append(long, strings.Repeat("long", 20)+id(r.IntN(1000)))
	}
	for name, c := range map[string]struct {
		keys  []string
		times int // the keys are counted, at most; 0 is any
	}{
		"a portal's": {portal, 6}, "hashes": {hashes, 4}, "random": {random, 0}, "beyond what is numbered": {long, 0},
		"none": {nil, 1}, "one": {[]string{"k"}, 1}, "bounds": {[]string{"", "\x00", "\xff", strings.Repeat("\xff", 70)}, 0},
	} {
		slices.Sort(c.keys)
		c.keys = slices.Compact(c.keys)
		var got []string
		counted, reads := 0, 0
		for s := (stride{}); ; reads++ {
			to := s.to()
			if to != "" && to <= s.from {
				t.Fatalf("%s: a read from %q to %q", name, s.from, to)
			}
			a, b := sort.SearchStrings(c.keys, s.from), len(c.keys)
			if to != "" {
				b = sort.SearchStrings(c.keys, to)
			}
			counted += b - a
			var page []store.Write
			for _, key := range c.keys[a:min(b, a+limit)] {
				page = append(page, store.Write{Key: []byte(key)})
				got = append(got, key)
			}
			more := b-a > limit
			if !more && to == "" {
				break
			}
			s.next(to, page, limit, more)
		}
		if !slices.Equal(got, c.keys) {
			t.Errorf("%s: %d keys, want %d", name, len(got), len(c.keys))
		}
		if c.times > 0 && counted > c.times*len(c.keys) {
			t.Errorf("%s: of %d keys %d were counted", name, len(c.keys), counted)
		}
		t.Logf("%s: %d keys, %d counted in %d reads", name, len(c.keys), counted, reads)
	}
}
