//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// A disk is a tree of nodes. Each knows what it is now, and what it would be if the power failed before the next sync. A sync of a
// file says nothing of its name, and that of a folder nothing of the files in it.
type disk struct {
	mu     sync.Mutex
	root   *node
	last   uint64 // number of a node
	deaf   bool
	ops    int // changes and syncs so far
	off    int // from which on there is no power; 0 for never
	faults []*fault
	syncs  map[string]int
	chance *rand.Rand // for what a failed sync leaves
}

// A node is a file or a folder.
type node struct {
	number   uint64
	name     string // the last that it was given
	mode     uint32
	uid, gid uint32
	modified time.Time
	links    uint32

	data, kept []byte   // of a file: what it is, and what is durable
	changes    []change // in their order, since the last sync

	names, keptNames map[string]*node // the same of a folder
	moves            []move
}

// A change of a file: bytes written at a place, or, where there are none, a new length.
type change struct {
	at   int64
	data []byte
}

func (c change) apply(b []byte) []byte {
	if c.data == nil {
		return resize(b, c.at)
	}
	if end := c.at + int64(len(c.data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[c.at:], c.data)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

// A move of a folder gives names to nodes, all at once; nil takes one away.
type move map[string]*node

func (m move) apply(names map[string]*node) {
	for name, n := range m {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

// A fault lets operations fail, once a number of them has succeeded.
type fault struct {
	op, name string
	errno    syscall.Errno
	after    int64
	from, to int64 // of writes: where they begin; to is 0 for the end of the file
}

func newDisk() *disk {
	d := &disk{syncs: map[string]int{}, chance: rand.New(rand.NewPCG(1, 1))}
	d.root = d.node("/", syscall.S_IFDIR|0o755)
	return d
}

func (d *disk) node(name string, mode uint32) *node {
	d.last++
	n := &node{number: d.last, name: name, mode: mode, modified: time.Now(), links: 1}
	if n.isFolder() {
		n.names, n.keptNames = map[string]*node{}, map[string]*node{}
	}
	return n
}

func (n *node) isFolder() bool { return n.mode&syscall.S_IFMT == syscall.S_IFDIR }

func (d *disk) fails(op, name string) syscall.Errno { return d.failsAt(op, name, 0) }

// failsAt is the error of an operation at a place of a file, which may have been ordered to fail. Without power all fail.
func (d *disk) failsAt(op, name string, at int64) syscall.Errno {
	d.ops++
	if d.off > 0 && d.ops >= d.off {
		return syscall.EIO
	}
	for _, f := range d.faults {
		if f.op != op || f.name != name || at < f.from || f.to != 0 && at >= f.to {
			continue
		}
		if f.after == 0 {
			return f.errno
		}
		f.after--
	}
	return 0
}

var errnos = map[string]syscall.Errno{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC}

func (d *disk) order(f fault) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.errno == 0 || !slices.Contains([]string{"write", "resize", "sync", "create", "remove", "rename", "link"}, f.op) {
		return fmt.Errorf("%s of %s cannot fail so", f.op, f.name)
	}
	d.faults = append(d.faults, &f)
	return nil
}

func (d *disk) mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

func (d *disk) setDeaf(deaf bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deaf = deaf
}

// cut takes the power away after some more operations; fail gives it back.
func (d *disk) cut(after int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = d.ops + after + 1
}

func (d *disk) opsSoFar() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops
}

func (d *disk) syncsOf(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs[name]
}

func (n *node) change(c change) {
	n.data = c.apply(n.data)
	n.changes = append(n.changes, c)
	n.modified = time.Now()
}

func (n *node) move(m move) {
	m.apply(n.names)
	n.moves = append(n.moves, m)
	n.modified = time.Now()
}

// sync makes durable what a node is. When it fails, it may have made some of it durable, and as on Linux the rest is forgotten:
// the next sync does not know of it.
func (d *disk) sync(n *node) syscall.Errno {
	if d.deaf {
		return 0
	}
	if errno := d.fails("sync", n.name); errno != 0 {
		if d.off == 0 {
			n.settle(d.chance)
		}
		return errno
	}
	d.syncs[n.name]++
	for _, c := range n.changes {
		n.kept = c.apply(n.kept)
	}
	for _, m := range n.moves {
		m.apply(n.keptNames)
	}
	n.changes, n.moves = nil, nil
	return 0
}

// settle lets chance decide what becomes of the changes that were not synced.
func (n *node) settle(chance *rand.Rand) (kept, torn, dropped int) {
	for _, c := range n.changes {
		switch chance.IntN(4) {
		case 0:
			n.kept = tear(n.kept, c, chance)
			torn++
		case 1:
			n.kept = c.apply(n.kept)
			kept++
		default:
			dropped++
		}
	}
	for _, m := range n.moves {
		if chance.IntN(2) == 0 {
			m.apply(n.keptNames)
			kept++
		} else {
			dropped++
		}
	}
	n.changes, n.moves = nil, nil
	return kept, torn, dropped
}

// tear applies a change to some of the sectors.
func tear(b []byte, c change, chance *rand.Rand) []byte {
	if c.data == nil {
		return b
	}
	for from := int64(0); from < int64(len(c.data)); {
		to := min(int64(len(c.data)), from+sector-(c.at+from)%sector)
		if chance.IntN(2) == 0 {
			b = change{c.at + from, c.data[from:to]}.apply(b)
		}
		from = to
	}
	return b
}

// fail is what is there when the power is back.
func (d *disk) fail(seed uint64) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	chance := rand.New(rand.NewPCG(seed, 2))
	var kept, torn, dropped int
	var visit func(n *node)
	visit = func(n *node) {
		k, t, o := n.settle(chance)
		kept, torn, dropped = kept+k, torn+t, dropped+o
		if !n.isFolder() {
			n.data = bytes.Clone(n.kept)
			return
		}
		n.names = maps.Clone(n.keptNames)
		for _, name := range slices.Sorted(maps.Keys(n.names)) {
			visit(n.names[name])
		}
	}
	visit(d.root)
	d.off = 0
	return fmt.Sprintf("kept %d, torn %d, dropped %d", kept, torn, dropped)
}
