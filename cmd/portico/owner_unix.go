//go:build unix

package main

import (
	"os"
	"syscall"
)

// giveToOwnerOf gives a file that root has made to the owner of its folder. That owner may have put a link in its place, whose
// target is not his to have.
func giveToOwnerOf(dir, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	}
	return nil
}
