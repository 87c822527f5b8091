//go:build unix && !solaris && !illumos && !aix

package bolt

import (
	"os"
	"syscall"
)

// mapFile maps the first n bytes of a file, to be read.
func mapFile(f *os.File, n int64) (b []byte, unmap func(), err error) {
	b, err = syscall.Mmap(int(f.Fd()), 0, int(n), syscall.PROT_READ, syscall.MAP_SHARED)
	return b, func() { _ = syscall.Munmap(b) }, err
}
