package bolt

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/portico-vco/portico/store"
)

// image is the file that made makes, grown and shrunk so that some pages are free and some run over others, and its newest
// head.
func image(t testing.TB) ([]byte, head) {
	t.Helper()
	path := made(t)
	db := opened(t, path, Options{})
	for i := range 30 {
		err := db.Update(t.Context(), func(tx store.Tx) error {
			return tx.Put(key(i*31), bytes.Repeat([]byte("long "), 100*i))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	newest, err := checkHeads(path, f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, newest
}

func checkImage(b []byte, h head) (owned []bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = store.Damage(p) // as checkPages does
		}
	}()
	p := pages{b, uint64(h.pageSize), make([]bool, h.pages)}
	return p.owned, p.check(h)
}

// One bit that is not what it was, in the head of a page in use, in the list of free pages, or where a branch leads, and bbolt
// overwrote what was in use, or lost records, or never came back.
func TestFlippedPages(t *testing.T) {
	b, h := image(t)
	owned, err := checkImage(b, h)
	if err != nil || slices.Contains(owned[2:], false) {
		t.Fatalf("a whole file: %v; owned: %v", err, owned)
	}
	list := pages{b, uint64(h.pageSize), make([]bool, h.pages)}
	if err := list.free(h.freelist); err != nil {
		t.Fatal(err)
	}
	list.owned[h.freelist] = false // it is in use
	kinds := map[uint16]int{}
	for id := int64(2); id < h.pages; id++ {
		p := page{bytes: b[id*h.pageSize:]}
		if list.owned[id] {
			continue // free
		}
		id += int64(p.short(0, -1)) // over which it runs
		p.kind, p.count = order.Uint16(p.bytes[8:]), int(order.Uint16(p.bytes[10:]))
		kinds[p.kind]++
		places := []int{0, 8} // in the head
		switch p.kind {
		case freePage:
			for i := range p.count {
				places = append(places, pageHead+8*i)
			}
		case branchPage:
			for i := range p.count {
				places = append(places, pageHead+element*i+8)
			}
		}
		for _, at := range places {
			for bit := range 64 {
				flip := func() { p.bytes[at+bit/8] ^= 1 << (bit % 8) }
				if p.kind == freePage && at == 8 && bit/16 == 1 {
					continue // with a smaller count, free pages are lost, which harms nobody
				}
				flip()
				if _, err := checkImage(b, h); err == nil {
					t.Errorf("page %d of kind %d: bit %d at %d is not noticed", id, p.kind, bit, at)
				}
				flip()
			}
		}
	}
	if kinds[branchPage] == 0 || kinds[leafPage] < 10 || kinds[freePage] != 1 || !slices.Contains(list.owned, true) {
		t.Errorf("kinds of pages: %v", kinds)
	}
}
