//go:build unix && !solaris && !illumos && !aix

package bolt

import (
	"os"
	"syscall"
)

func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
