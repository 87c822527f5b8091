//go:build linux

package main

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"
)

// aged is a disk with a file of four synced sectors of a, and the first two written over with b.
func aged(t *testing.T) (*disk, *node) {
	t.Helper()
	d := newDisk()
	n := d.node("file", syscall.S_IFREG|0o600)
	d.root.move(move{"file": n})
	n.change(change{0, bytes.Repeat([]byte("a"), 4*sector)})
	if errno := d.sync(n) | d.sync(d.root); errno != 0 {
		t.Fatal(errno)
	}
	n.change(change{0, bytes.Repeat([]byte("b"), 2*sector)})
	return d, n
}

// What was synced is there, whatever else is; what was not is kept, dropped or torn, each at times.
func TestPowerFails(t *testing.T) {
	var kept, torn, dropped int
	for seed := range uint64(100) {
		d, n := aged(t)
		second := d.node("second", syscall.S_IFREG|0o600)
		second.change(change{0, []byte("x")})
		d.sync(second) // but not its name
		d.root.move(move{"second": second})
		d.fail(seed)
		if d.root.names["file"] != n || len(n.data) != 4*sector || bytes.Count(n.data[2*sector:], []byte("a")) != 2*sector {
			t.Fatalf("seed %d: what was synced is not there: %v, %q", seed, d.root.names, n.data)
		}
		switch bytes.Count(n.data, []byte("b")) {
		case 0:
			dropped++
		case sector:
			torn++
		case 2 * sector:
			kept++
		default:
			t.Errorf("seed %d: torn within a sector", seed)
		}
		if there := d.root.names["second"]; there != nil && string(there.data) != "x" {
			t.Errorf("seed %d: a synced file has %q", seed, there.data)
		}
	}
	if kept < 10 || torn < 5 || dropped < 10 {
		t.Errorf("kept %d times, torn %d, dropped %d", kept, torn, dropped)
	}
}

func TestDeafDiskKeepsNothing(t *testing.T) {
	lost := 0
	for seed := range uint64(20) {
		d := newDisk()
		d.setDeaf(true)
		n := d.node("file", syscall.S_IFREG|0o600)
		d.root.move(move{"file": n})
		d.sync(n)
		d.sync(d.root)
		d.fail(seed)
		if d.root.names["file"] == nil {
			lost++
		}
	}
	if lost == 0 || newDisk().syncsOf("file") != 0 {
		t.Errorf("lost %d times of 20", lost)
	}
}

// After a sync that failed, the next one does not make up for it.
func TestFailedSyncForgets(t *testing.T) {
	forgotten := 0
	for seed := range uint64(20) {
		d, n := aged(t)
		d.chance = rand.New(rand.NewPCG(seed, 1))
		if err := d.order(fault{op: "sync", name: "file", errno: syscall.EIO}); err != nil {
			t.Fatal(err)
		}
		if errno := d.sync(n); errno != syscall.EIO {
			t.Errorf("the sync: %v", errno)
		}
		d.mend()
		d.sync(n)
		if !bytes.Equal(n.data, n.kept) {
			forgotten++
		}
	}
	if forgotten < 5 {
		t.Errorf("forgotten %d times of 20", forgotten)
	}
	if err := newDisk().order(fault{op: "sync", name: "file", errno: errnos["EAGAIN"]}); err == nil {
		t.Error("any error can be ordered")
	}
}

// Of writes those fail that begin where they were ordered to.
func TestFaultAtPlace(t *testing.T) {
	d := newDisk()
	for _, f := range []fault{
		{op: "write", name: "head", errno: syscall.ENOSPC, to: 10},
		{op: "write", name: "rest", errno: syscall.ENOSPC, from: 10},
	} {
		if err := d.order(f); err != nil {
			t.Fatal(err)
		}
	}
	for at, want := range map[int64][2]syscall.Errno{0: {syscall.ENOSPC, 0}, 9: {syscall.ENOSPC, 0}, 10: {0, syscall.ENOSPC}} {
		if got := [2]syscall.Errno{d.failsAt("write", "head", at), d.failsAt("write", "rest", at)}; got != want {
			t.Errorf("at %d: %v, want %v", at, got, want)
		}
	}
}

// Once the power is cut nothing changes.
func TestCut(t *testing.T) {
	d, n := aged(t)
	d.cut(1)
	for i, want := range []syscall.Errno{0, syscall.EIO, syscall.EIO} {
		n.change(change{0, []byte{'0' + byte(i)}})
		if got := d.sync(n); got != want {
			t.Errorf("sync %d: %v, want %v", i, got, want)
		}
	}
	if n.kept[0] != '0' || d.syncsOf("file") != 2 {
		t.Errorf("kept %q after %d syncs", n.kept[0], d.syncsOf("file"))
	}
	d.fail(1)
	if errno := d.sync(n); errno != 0 {
		t.Errorf("with power again: %v", errno)
	}
}
