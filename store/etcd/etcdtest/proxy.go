package etcdtest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A Proxy stands between a client and a member, and can come between them.
type Proxy struct {
	Address string // host:port
	to      string
	mu      sync.Mutex
	conns   map[net.Conn]bool
	refuses bool
	deaf    sync.RWMutex // held for writing while nothing comes back
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
	b := make([]byte, 32<<10)
	for {
		n, err := out.Read(b)
		if err != nil {
			return
		}
		p.deaf.RLock()
		_, err = in.Write(b[:n])
		p.deaf.RUnlock()
		if err != nil {
			return
		}
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

// Deafen lets requests through and answers not, until what it returns is called.
func (p *Proxy) Deafen() (hear func()) {
	p.deaf.Lock()
	return p.deaf.Unlock
}
