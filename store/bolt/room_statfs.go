//go:build linux || darwin || freebsd

package bolt

import (
	"os"
	"path/filepath"
	"syscall"
)

// room is how many bytes the disk of a file has for us.
func room(f *os.File) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(filepath.Dir(f.Name()), &s)
	return int64(s.Bavail) * int64(s.Bsize), err
}
