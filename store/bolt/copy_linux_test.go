package bolt

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/portico-vco/portico/store"
)

// TestCopyToFullDisk: a copy that would take the last room from the store beside it is refused before anything is written.
func TestCopyToFullDisk(t *testing.T) {
	dir := disk(t, "size=18m")
	db := fresh(t, filepath.Join(dir, "store.db"))
	fillWith(t, db, 0, 90)
	if err := db.Copy(context.Background(), filepath.Join(dir, "first"), copiedAt, unheard); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Copy(context.Background(), filepath.Join(dir, "second"), copiedAt, unheard); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "second*")); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	fillWith(t, db, 100, 90)
}

// TestCopyMayNotGrow: a write that fails in the middle of a copy leaves nothing of it, and a store that goes on.
func TestCopyMayNotGrow(t *testing.T) {
	const child = "PORTICO_TEST_COPY_MAY_NOT_GROW"
	if os.Getenv(child) == "" { // the limit would be that of all tests, and of their log
		cmd := exec.Command(os.Args[0], "-test.run", "^TestCopyMayNotGrow$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	db := opened(t, made(t), Options{})
	copied := filepath.Join(t.TempDir(), "copy")
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 100_000, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err := db.Copy(context.Background(), copied, copiedAt, unheard)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("got %v, want that there is no space", err)
	}
	if names, _ := filepath.Glob(copied + "*"); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	fillWith(t, db, 2000, 50)
	if n := count(t, db); n != 1050 || db.Err() != nil {
		t.Errorf("%d records, trust %v", n, db.Err())
	}
}
