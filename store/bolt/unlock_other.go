//go:build !unix || solaris || illumos || aix

package bolt

import "os"

func unlock(*os.File) {}
