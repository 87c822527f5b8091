package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/portico-vco/portico/store"
)

// What Open refuses. The texts name the file and say what to do.
var (
	// ErrNoStore: there is no file, and Create was not asked for.
	ErrNoStore = errors.New("no store")

	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("in use")

	// ErrAccess: file or folder may not be read and written, or lie on a disk mounted read-only.
	ErrAccess = errors.New("no access")

	// ErrForeign: the file is something else than a store of Portico's.
	ErrForeign = errors.New("not a Portico store")

	// ErrNewer: a later version of Portico has written the store.
	ErrNewer = errors.New("written by a newer Portico")

	// ErrBackup: the file is a backup.
	ErrBackup = errors.New("a backup, and no store")

	// ErrDamaged: the file was a store once. It is store.ErrDamaged.
	ErrDamaged = store.ErrDamaged

	// ErrFull: there is no space to make the store. It is store.ErrFull.
	ErrFull = store.ErrFull
)

// refuse makes an error of kind about the file at path, with advice.
func refuse(path string, kind error, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", path, kind, fmt.Errorf(format, args...))
}

const restore = "restore the store from a backup"

// explain puts into words why path cannot be opened, created or locked.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return refuse(path, ErrLocked, "another process has the store open; stop that one first")
	case errors.Is(err, fs.ErrNotExist):
		return refuse(path, ErrNoStore, "there is no such file; give the path of an existing store, or have one created")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return refuse(path, ErrAccess, "file and folder must be readable and writable for the user that runs Portico (%w)", err)
	case errors.Is(err, syscall.ENOMEM):
		return refuse(path, store.ErrUnavailable, "the file finds no room in memory (%w); raise the limit of address space (ulimit -v) by its size at least", err)
	case full(err):
		return refuse(path, ErrFull, "make room on the disk (%w)", err)
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("%s: %w", path, err) // the advice is in it
	}
	return fmt.Errorf("%s: %w", path, err)
}

// full includes a file that may not become longer.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// commitError tells a full disk from everything else. A write that found no space has changed no page that the last commit
// uses; a sync that failed has lost nobody knows what, even if it was for want of space.
func commitError(err error) error {
	if unwritten(err) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return unsynced(err)
}

func unsynced(err error) error {
	return fmt.Errorf("%w: %w; check the disk, then restart", store.ErrUnsynced, err)
}

// unwritten reports whether a commit failed before a sync. Of a file that could not be made longer, which bbolt tries before it
// writes, its error keeps nothing but the text.
func unwritten(err error) bool {
	if strings.HasPrefix(err.Error(), "file resize error: ") {
		return true
	}
	var failed *fs.PathError
	return full(err) && errors.As(err, &failed) && failed.Op == "write"
}
