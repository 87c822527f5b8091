package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime/debug"

	"github.com/portico-vco/portico/store"
)

// pages is the file, page by page. Each begins with its number, its kind, how many elements follow, and over how many further
// pages it runs, and bbolt believes it. One flipped bit in the last, and it frees pages that are in use, or collects 2^31
// numbers in memory; in the list of free pages, and the next commit overwrites what is in use; in a count, and records are
// hidden; in a branch, and another part of the tree takes the place of one, or keys that a list shows are not found. Therefore, at
// Open, each page that is reached must have one owner, its elements must fill the room that they are given, and branches must lead
// to all keys.
//
// To that end the head of every page in use is looked at, and its first and last key, in a map of the file: at 10^6 records of
// ten keys, 1 GB, that takes a few tenths of a second when the file is in the cache of the system, and as long as it takes to read
// it when it is not.
type pages struct {
	file  []byte
	size  uint64
	owned []bool
}

// checkPages refuses a file whose pages are not where the newest head and its tree say.
func checkPages(path string, f *os.File, newest head) (err error) {
	file, unmap, err := mapFile(f, newest.pages*newest.pageSize)
	if err != nil {
		return explain(path, err)
	}
	defer unmap()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = explain(path, store.Damage(p))
		}
	}()
	if file == nil {
		return nil
	}
	p := pages{file, uint64(newest.pageSize), make([]bool, newest.pages)}
	if err := p.check(newest); err != nil {
		return refuse(path, ErrDamaged, "%w; %s", err, restore)
	}
	return nil
}

func (p pages) check(h head) error {
	if h.freelist != noFreelist {
		if err := p.free(h.freelist); err != nil {
			return err
		}
	}
	root, err := p.own(h.root)
	if err != nil {
		return err
	}
	if err := root.is(leafPage); err != nil {
		return err
	}
	if root.count != 2 {
		return fmt.Errorf("page %d has %d buckets, not the two of a store", h.root, root.count)
	}
	for i := range root.count {
		if bucket := root.bucket(i); bucket != 0 { // a small bucket lies in the root itself
			if _, err := p.tree(bucket); err != nil {
				return err
			}
		}
	}
	return nil
}

// free gives the free pages to the list of them.
func (p pages) free(id uint64) error {
	list, err := p.own(id)
	if err != nil {
		return err
	}
	if err := list.is(freePage); err != nil {
		return err
	}
	count, last := list.freeCount(), uint64(0)
	first := 0
	if list.count == tooMany {
		first = 1
	}
	for i := range count {
		free := list.long(first + int(i))
		if free <= last || !p.take(free, 0) {
			return fmt.Errorf("page %d cannot be free", free)
		}
		last = free
	}
	return nil
}

// freeCount is how many pages are free, of the page that lists them.
func (b page) freeCount() uint64 {
	if b.count == tooMany {
		return b.long(0)
	}
	return uint64(b.count)
}

// A span is the first and the last key below a page; none below one that is empty.
type span struct{ first, last []byte }

// tree also looks whether the keys of branches lead to all keys: each stands behind those of the page before its own, and not
// behind the first one of its own.
func (p pages) tree(id uint64) (s span, err error) {
	b, err := p.own(id)
	if err != nil {
		return s, err
	}
	if b.kind == leafPage {
		return b.span(), nil
	}
	if err := b.is(branchPage); err != nil {
		return s, err
	}
	for i := range b.count {
		child := b.child(i)
		below, err := p.tree(child)
		if err != nil {
			return s, err
		}
		if below.first == nil { // only a root may be empty
			return s, fmt.Errorf("page %d has lost its elements", child)
		}
		if key := b.key(i); i > 0 && bytes.Compare(s.last, key) >= 0 || bytes.Compare(key, below.first) > 0 {
			return s, fmt.Errorf("page %d leads past keys", id)
		}
		if i == 0 {
			s.first = below.first
		}
		s.last = below.last
	}
	return s, nil
}

// own reads the head of a page that nobody owns yet.
func (p pages) own(id uint64) (page, error) {
	if id >= uint64(len(p.owned)) {
		return page{}, fmt.Errorf("page %d does not exist", id)
	}
	b := page{bytes: p.file[id*p.size:]}
	b.kind, b.count = order.Uint16(b.bytes[8:]), int(order.Uint16(b.bytes[10:]))
	over := uint64(order.Uint32(b.bytes[12:]))
	if order.Uint64(b.bytes) != id || !p.take(id, over) {
		return page{}, fmt.Errorf("page %d is not what it should be, or used twice", id)
	}
	b.bytes = b.bytes[:(over+1)*p.size]
	if !b.fits() {
		return page{}, fmt.Errorf("page %d has lost its elements", id)
	}
	return b, nil
}

// take reports whether page id, and the next ones that it runs over, are there and were nobody's. They are not any more.
func (p pages) take(id, over uint64) bool {
	if id < 2 || id+over >= uint64(len(p.owned)) {
		return false
	}
	for i := id; i <= id+over; i++ {
		if p.owned[i] {
			return false
		}
		p.owned[i] = true
	}
	return true
}

// The layout of a page, as bbolt/internal/common has it: 16 bytes of head, then elements. Those of a branch are place and
// length of a key, and a page; those of a leaf flags, place, and lengths of key and value. A place counts from its element.
const (
	pageHead = 16
	element  = 16

	branchPage, leafPage, freePage = 1, 2, 16

	noFreelist = math.MaxUint64 // in a head: there is no list of free pages
	tooMany    = 0xFFFF         // in that list: their number is the first element
)

var order = binary.NativeEndian

type page struct {
	bytes []byte
	kind  uint16
	count int
}

func (b page) is(kind uint16) error {
	if b.kind != kind {
		return fmt.Errorf("page %d is of kind %d, not %d", b.long(-2), b.kind, kind)
	}
	return nil
}

// fits reports whether the elements are as bbolt writes them: the first key begins where they end, and the last one ends within
// the page.
func (b page) fits() bool {
	if b.count == 0 || b.kind == freePage {
		return b.kind != branchPage
	}
	from, sizes := b.place(), 1
	if b.kind == leafPage {
		sizes = 2
	}
	last := b.count - 1
	end := pageHead + last*element + int(b.short(last, from))
	for i := range sizes {
		end += int(b.short(last, from+1+i))
	}
	return int(b.short(0, from)) == b.count*element && end <= len(b.bytes)
}

// place is which number of an element is the place of its key; its length is the next.
func (b page) place() int {
	if b.kind == leafPage {
		return 1 // behind the flags
	}
	return 0
}

// span is that of a leaf.
func (b page) span() (s span) {
	if b.count > 0 {
		s = span{b.key(0), b.key(b.count - 1)}
	}
	return s
}

func (b page) key(i int) []byte {
	n := b.place()
	at := pageHead + i*element + int(b.short(i, n))
	return b.bytes[at : at+int(b.short(i, n+1))]
}

// short is the nth number of four bytes of an element.
func (b page) short(i, n int) uint32 { return order.Uint32(b.bytes[pageHead+i*element+4*n:]) }

// long is the nth number of eight bytes behind the head.
func (b page) long(n int) uint64 { return order.Uint64(b.bytes[pageHead+8*n:]) }

func (b page) child(i int) uint64 { return b.long(2*i + 1) }

// bucket is the page at which the bucket begins that is the ith element of a leaf.
func (b page) bucket(i int) uint64 {
	return order.Uint64(b.bytes[pageHead+i*element+int(b.short(i, 1)+b.short(i, 2)):])
}
