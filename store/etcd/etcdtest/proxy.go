package etcdtest

import "testing"

// A Proxy is a Way to a member that has an address of its own.
type Proxy struct {
	*Way
	Address string // host:port
}

// Between starts a proxy in front of a member. It ends with the test.
func Between(t testing.TB, to string) *Proxy {
	t.Helper()
	f := &forwarder{to: to, way: newWay()}
	p := &Proxy{f.way, f.forward(t)}
	t.Cleanup(p.Cut) // before the forwarder waits for what is on the way
	return p
}
