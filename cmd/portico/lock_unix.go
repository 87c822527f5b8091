//go:build unix && !solaris && !illumos && !aix

package main

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// A process that ends, and one that is being forked, may hold a file a moment longer.
const (
	lockTries = 50
	lockPause = 20 * time.Millisecond
)

// lock takes a file for this process alone, until what it returns is closed or the process ends.
func lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for try := 0; errors.Is(err, syscall.EWOULDBLOCK) && try < lockTries; try++ {
		time.Sleep(lockPause)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
