//go:build unix

package main

import (
	"math"
	"syscall"
)

// descriptors is how many files the process may have open. Go raises that to what the system allows at most.
func descriptors() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(l.Cur), math.MaxInt32))
}
