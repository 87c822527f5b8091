package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A badDisk is a mounted disk whose power can fail, see store/bolt/crashfs.
type badDisk struct {
	t      testing.TB
	folder string
	mu     sync.Mutex
	orders io.Writer
	told   *bufio.Scanner
}

// mountDisk mounts a disk of its own for the test, or skips it where that is not possible.
func mountDisk(t testing.TB) *badDisk {
	t.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil || os.Geteuid() != 0 {
		t.Skipf("a disk whose power fails needs root and /dev/fuse: %v", err)
	}
	exe := filepath.Join(t.TempDir(), "crashfs")
	if out, err := exec.Command("go", "build", "-C", "../../store/bolt/crashfs", "-o", exe, ".").CombinedOutput(); err != nil {
		t.Skipf("the disk whose power fails cannot be built: %v\n%s", err, out)
	}
	d := &badDisk{t: t, folder: t.TempDir()}
	cmd := exec.Command(exe, d.folder)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.orders, d.told = in, bufio.NewScanner(out)
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the disk: %v", err)
		}
	})
	if answer := d.answer(); answer != "mounted" {
		t.Skipf("the disk whose power fails cannot be mounted: %s", answer)
	}
	return d
}

func (d *badDisk) answer() string {
	if !d.told.Scan() {
		d.t.Errorf("the disk says nothing: %v", d.told.Err())
	}
	answer, ok := strings.CutPrefix(d.told.Text(), "ok ")
	if !ok {
		return d.told.Text()
	}
	return strings.TrimSpace(answer)
}

// order has the disk do something, and answers what it says.
func (d *badDisk) order(format string, args ...any) string {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := fmt.Fprintf(d.orders, format+"\n", args...); err != nil {
		d.t.Error(err)
	}
	answer := d.answer()
	if strings.HasPrefix(answer, "error") {
		d.t.Errorf("the disk: "+format+": %s", append(args, answer)...)
	}
	return answer
}

// syncs is how often the store was synced.
func (d *badDisk) syncs() int { return d.number("syncs portico.db") }

// ops is how often the disk was changed or synced.
func (d *badDisk) ops() int { return d.number("ops") }

func (d *badDisk) number(of string) int {
	n, err := strconv.Atoi(d.order("%s", of))
	if err != nil {
		d.t.Error(err)
	}
	return n
}

func (d *badDisk) data() string { return filepath.Join(d.folder, "data") }
