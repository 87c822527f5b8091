//go:build !unix || solaris || illumos || aix

package main

import "io"

// lock takes nothing where the system cannot give it back by itself.
func lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
