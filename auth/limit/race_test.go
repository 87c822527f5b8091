//go:build race

package limit

// callers is how many come: the detector takes its time, and make slow has the million.
const callers = 100_000
