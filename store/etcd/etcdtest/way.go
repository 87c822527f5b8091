package etcdtest

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Way is a way over the network that can be shut. It is open at first.
type Way struct {
	mu    sync.Mutex
	state state
	moved chan struct{} // closed when the state changes
	conns map[*net.TCPConn]bool
	far   atomic.Int64 // how long an answer is on its way
}

type state int

const (
	open state = iota
	deaf
	held
	cut
)

func newWay() *Way { return &Way{moved: make(chan struct{}), conns: map[*net.TCPConn]bool{}} }

// Heal lets everything through again.
func (w *Way) Heal() { w.become(open) }

// Reset resets all connections; new ones are taken.
func (w *Way) Reset() {
	w.Cut()
	w.Heal()
}

// Deafen lets what is asked through, and holds the answers until hear is called.
func (w *Way) Deafen() (hear func()) {
	w.become(deaf)
	return w.Heal
}

// Far has answers be on their way for so long.
func (w *Way) Far(d time.Duration) { w.far.Store(int64(d)) }

// Hold lets nothing through, and tells nobody. What is sent arrives when the way is open again, late, as what is sent again by TCP
// does.
func (w *Way) Hold() { w.become(held) }

// Cut resets all connections, and new ones at once.
func (w *Way) Cut() { w.become(cut) }

func (w *Way) become(s state) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
	close(w.moved)
	w.moved = make(chan struct{})
	if s == cut {
		for c := range w.conns {
			reset(c)
		}
	}
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// pass waits until the way is not held, and says whether it is open. An answer waits on a deaf one, too.
func (w *Way) pass(answer bool) bool {
	for {
		w.mu.Lock()
		s, moved := w.state, w.moved
		w.mu.Unlock()
		if s == cut {
			return false
		}
		if s == open || s == deaf && !answer {
			return true
		}
		<-moved
	}
}

// enter notes a connection that leads this way.
func (w *Way) enter(c *net.TCPConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns[c] = true
	if w.state == cut {
		reset(c)
	}
}

func (w *Way) leave(c *net.TCPConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
	_ = c.Close()
}

// A piece is some of what is under way, and when it is due.
type piece struct {
	bytes []byte
	due   time.Time
}

// carry brings what comes from one connection to the other, this way.
func (w *Way) carry(to, from *net.TCPConn, answers bool) {
	pieces := make(chan piece, 1024)
	var delivered sync.WaitGroup
	delivered.Go(func() { w.deliver(to, pieces, answers) })
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		due := time.Now()
		if answers {
			due = due.Add(time.Duration(w.far.Load()))
		}
		pieces <- piece{b[:n], due}
		if err != nil {
			break
		}
	}
	close(pieces)
	delivered.Wait()
}

// deliver brings the pieces, and drops what there is after a connection has ended.
func (w *Way) deliver(to *net.TCPConn, pieces <-chan piece, answers bool) {
	broken := false
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if broken = broken || !w.pass(answers); !broken {
			_, err := to.Write(p.bytes)
			broken = err != nil
		}
	}
	_ = to.CloseWrite()
}

// A forwarder passes on, by a way that it chooses for each, the connections to an address of its own.
type forwarder struct {
	ln     *net.TCPListener
	to     string
	choose func(head []byte) *Way // by the first lines; nil when it does not need them
	way    *Way                   // where there is no choice
	work   sync.WaitGroup
}

// forward begins. It ends with the test, when all ways are cut.
func (f *forwarder) forward(t testing.TB) (address string) {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f.ln = ln
	f.work.Go(f.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		f.work.Wait()
	})
	return ln.Addr().String()
}

func (f *forwarder) accept() {
	for {
		c, err := f.ln.AcceptTCP()
		if err != nil {
			return
		}
		f.work.Go(func() { f.handle(c) })
	}
}

func (f *forwarder) handle(c *net.TCPConn) {
	defer c.Close()
	way, head := f.way, []byte(nil)
	if f.choose != nil {
		if head = readHead(c); head == nil {
			return
		}
		way = f.choose(head)
	}
	way.enter(c)
	defer way.leave(c)
	if !way.pass(false) {
		return
	}
	there, err := net.Dial("tcp", f.to)
	if err != nil {
		reset(c) // as the kernel would
		return
	}
	to := there.(*net.TCPConn)
	way.enter(to)
	defer way.leave(to)
	if _, err := to.Write(head); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { way.carry(c, to, true) })
	way.carry(to, c, false)
	back.Wait()
}

// readHead reads up to the end of the head of an HTTP request, and maybe more.
func readHead(c *net.TCPConn) []byte {
	var head []byte
	buf := make([]byte, 4<<10)
	for len(head) < 64<<10 {
		n, err := c.Read(buf)
		head = append(head, buf[:n]...)
		if bytes.Contains(head, []byte("\r\n\r\n")) {
			return head
		}
		if err != nil {
			break
		}
	}
	return nil
}
