package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"github.com/portico-vco/portico/store"
)

// TestAccess takes the right to write from file and folder. Root may always, so as root it acts as nobody.
func TestAccess(t *testing.T) {
	path := made(t)
	dir := filepath.Dir(path)
	asNobody(t, dir, path)
	for _, c := range []struct {
		name      string
		dir, file os.FileMode
		path      string
	}{
		{"a file that cannot be written", 0o700, 0o400, path},
		{"a file that cannot be read", 0o700, 0o200, path},
		{"a folder that cannot be written, for a new store", 0o500, 0o600, filepath.Join(dir, "new.db")},
		{"a folder that cannot be entered", 0, 0o600, path},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer os.Chmod(dir, 0o700)
			chmod(t, path, c.file)
			chmod(t, dir, c.dir)
			if os.Geteuid() == 0 {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				unix.SetfsuidRetUid(nobody)
				defer unix.SetfsuidRetUid(0)
			}
			refuses(t, c.path, Options{Create: true}, ErrAccess, "readable and writable")
		})
	}
}

// TestModes: the file is its user's alone, whatever the umask, and also when it was restored as any file.
func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	umask := unix.Umask(0o777)
	db, err := Open(path, Options{Create: true})
	unix.Umask(umask)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, mode := range []os.FileMode{0, 0o644, 0o666, 0o700} {
		if mode != 0 {
			chmod(t, path, mode)
			opened(t, path, Options{}).Close()
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != private {
			t.Errorf("a file of mode %v is opened and has %v, %v", mode, info.Mode(), err)
		}
	}
}

const nobody = 65534

// asNobody gives the paths to nobody, and lets him come that far.
func asNobody(t *testing.T, paths ...string) {
	if os.Geteuid() != 0 {
		return
	}
	for _, p := range paths {
		if err := os.Chown(p, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	for p := filepath.Dir(paths[0]); p != filepath.Dir(os.TempDir()) && p != "/"; p = filepath.Dir(p) {
		if info, err := os.Stat(p); err == nil {
			chmod(t, p, info.Mode().Perm()|0o011)
		}
		if p == os.TempDir() {
			break
		}
	}
}

func chmod(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// disk mounts a disk of its own, seen by the calling goroutine alone. It needs the right to mount.
func disk(t *testing.T, options string) string {
	t.Helper()
	runtime.LockOSThread() // for good: the thread ends with the test
	dir := t.TempDir()
	err := errors.Join(
		unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", dir, "tmpfs", 0, options))
	if err != nil {
		t.Skipf("cannot mount a disk here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

func TestReadOnlyDisk(t *testing.T) {
	dir := disk(t, "size=16m")
	path := filepath.Join(dir, "store.db")
	fresh(t, path).Close()
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	refuses(t, path, Options{}, ErrAccess, "readable and writable")
	refuses(t, path+"2", Options{Create: true}, ErrAccess, "readable and writable")
}

// TestFullDisk: an Update that finds no space leaves nothing, and once there is space the store goes on.
func TestFullDisk(t *testing.T) {
	dir := disk(t, "size=1m")
	db := fresh(t, filepath.Join(dir, "store.db"))
	fillWith(t, db, 0, 10)
	ballast := filepath.Join(dir, "ballast")
	os.WriteFile(ballast, make([]byte, 1<<20), 0o600) // as much as there is
	big := func(tx store.Tx) error { return tx.Put([]byte("big"), bytes.Repeat([]byte("big"), 50_000)) }
	for range 3 {
		if err := db.Update(context.Background(), big); !errors.Is(err, store.ErrFull) || !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("got %v, want that the disk is full", err)
		}
	}
	if n := count(t, db); n != 10 || db.Err() != nil {
		t.Errorf("%d keys, %v; want 10 and trust", n, db.Err())
	}
	if _, err := Open(filepath.Join(dir, "second.db"), Options{Create: true}); !errors.Is(err, ErrFull) {
		t.Errorf("a new store: got %v, want that the disk is full", err)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "second*")); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	os.Remove(ballast)
	if err := db.Update(context.Background(), big); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	fillWith(t, db, 10, 10)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, opened(t, filepath.Join(dir, "store.db"), Options{})); n != 21 {
		t.Errorf("%d keys after reopening, want 21", n)
	}
}

// TestFileMayNotGrow: nothing was written, so the store goes on. It was taken for a failed sync.
func TestFileMayNotGrow(t *testing.T) {
	const child = "PORTICO_TEST_MAY_NOT_GROW"
	if os.Getenv(child) == "" { // the limit would be that of all tests, and of their log
		cmd := exec.Command(os.Args[0], "-test.run", "^TestFileMayNotGrow$")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	path := filepath.Join(t.TempDir(), "store.db")
	db := fresh(t, path)
	fillWith(t, db, 0, 10)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(info.Size()), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	big := func(tx store.Tx) error { return tx.Put([]byte("big"), make([]byte, store.MaxBytes/2)) }
	err = db.Update(context.Background(), big)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, store.ErrFull) || db.Err() != nil {
		t.Errorf("got %v and trust %v, want that there is no space", err, db.Err())
	}
	if err := db.Update(context.Background(), big); err != nil {
		t.Errorf("when it may grow again: %v", err)
	}
}

func TestCommitError(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{&os.PathError{Op: "write", Err: unix.ENOSPC}, store.ErrFull},
		{&os.PathError{Op: "write", Err: unix.EDQUOT}, store.ErrFull},
		{&os.PathError{Op: "write", Err: unix.EFBIG}, store.ErrFull},
		{&os.PathError{Op: "write", Err: unix.EIO}, store.ErrUnsynced},
		{&os.PathError{Op: "sync", Err: unix.ENOSPC}, store.ErrUnsynced}, // file.Sync, where there is no fdatasync
		{unix.ENOSPC, store.ErrUnsynced},                                 // fdatasync
	} {
		if err := commitError(c.err); !errors.Is(err, c.want) || !errors.Is(err, c.err) {
			t.Errorf("%v: got %v, want %v", c.err, err, c.want)
		}
	}
}

// A head that could not be written was read as if it had been: what nobody was answered was served, and the next commit took it for
// damage, which a backup should mend.
func TestHeadWithoutRoom(t *testing.T) {
	e, err := open(filepath.Join(t.TempDir(), "store.db"), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	noRoom := &os.PathError{Op: "write", Err: unix.ENOSPC}
	if err := e.failed(noRoom); !errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrUnsynced) {
		t.Errorf("the head is the old one: %v", err)
	}
	if err := e.db.Update(func(*bbolt.Tx) error { return nil }); err != nil { // of which the engine does not know
		t.Fatal(err)
	}
	if err := e.failed(noRoom); !errors.Is(err, store.ErrUnsynced) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("the head is the new one: %v", err)
	}
}

// TestLittleAddressSpace: with less than 8 GiB no store could be opened, nor was it said why.
func TestLittleAddressSpace(t *testing.T) {
	path := made(t)
	for _, room := range []uint64{3 << 30, 1 << 29} {
		limit := limitAddressSpace(t, room)
		db, err := Open(path, Options{})
		limit()
		if err != nil {
			t.Fatalf("with room for %d: %v", room, err)
		}
		if n := count(t, db); n != 1000 {
			t.Errorf("with room for %d: %d records", room, n)
		}
		db.Close()
	}
	if err := explain(path, unix.ENOMEM); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "ulimit -v") {
		t.Errorf("without any: %v", err)
	}
}

// limitAddressSpace allows room more than is in use, until the function that it returns is called.
func limitAddressSpace(t *testing.T, room uint64) (restore func()) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(b), &pages); err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &old); err != nil {
		t.Fatal(err)
	}
	lower := unix.Rlimit{Cur: pages*uint64(os.Getpagesize()) + room, Max: old.Max}
	if err := unix.Setrlimit(unix.RLIMIT_AS, &lower); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_AS, &old); err != nil {
			t.Fatal(err)
		}
	}
}
