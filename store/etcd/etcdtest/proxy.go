package etcdtest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy stands between a client and a member, and can come between them.
type Proxy struct {
	Address string // host:port
	to      string
	mu      sync.Mutex
	conns   map[net.Conn]bool
	refuses bool
	deaf    sync.RWMutex // held for writing while nothing comes back
	far     atomic.Int64 // how long an answer is on its way
	work    sync.WaitGroup
}

// Between starts a proxy in front of a member. It ends with the test.
func Between(t testing.TB, to string) *Proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: ln.Addr().String(), to: to, conns: make(map[net.Conn]bool)}
	p.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.Cut()
		p.work.Wait()
	})
	return p
}

func (p *Proxy) carry(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer out.Close()
	if !p.keep(in, out) {
		return
	}
	defer p.drop(in, out)
	go func() {
		_, _ = io.Copy(out, in)
		out.Close()
	}()
	arrived := make(chan arrival, 1024)
	p.work.Go(func() { p.deliver(in, arrived) })
	defer close(arrived)
	for {
		b := make([]byte, 32<<10)
		n, err := out.Read(b)
		if err != nil {
			return
		}
		arrived <- arrival{b[:n], time.Now().Add(time.Duration(p.far.Load()))}
	}
}

// An arrival is a piece of an answer, and when it is due.
type arrival struct {
	bytes []byte
	due   time.Time
}

func (p *Proxy) deliver(to net.Conn, arrived <-chan arrival) {
	for a := range arrived {
		time.Sleep(time.Until(a.due))
		p.deaf.RLock()
		_, _ = to.Write(a.bytes) // of a closed connection the rest is dropped
		p.deaf.RUnlock()
	}
}

func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
	return !p.refuses
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

// Reset breaks all connections; new ones are taken.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

// Cut breaks all connections and takes no new ones until Heal.
func (p *Proxy) Cut() {
	p.mu.Lock()
	p.refuses = true
	p.mu.Unlock()
	p.Reset()
}

// Heal ends Cut.
func (p *Proxy) Heal() {
	p.mu.Lock()
	p.refuses = false
	p.mu.Unlock()
}

// Far has answers be on their way for so long.
func (p *Proxy) Far(d time.Duration) { p.far.Store(int64(d)) }

// Deafen lets requests through and answers not, until what it returns is called.
func (p *Proxy) Deafen() (hear func()) {
	p.deaf.Lock()
	return p.deaf.Unlock
}
