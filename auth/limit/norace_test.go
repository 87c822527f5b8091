//go:build !race

package limit

const callers = 1_000_000
