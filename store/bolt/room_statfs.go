//go:build linux || darwin || freebsd

package bolt

import (
	"math"
	"os"
	"path/filepath"
	"syscall"
)

// room is how many bytes the disk of a file has for us. Some, behind FUSE or far away, do not know how large they are.
func room(f *os.File) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(filepath.Dir(f.Name()), &s)
	if s.Blocks == 0 {
		return math.MaxInt64, err
	}
	return int64(s.Bavail) * int64(s.Bsize), err
}
