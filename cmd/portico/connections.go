package main

import (
	"container/list"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/account"
)

// Connections are bounded, as each costs memory and a file descriptor before anybody is asked who he is.
const (
	leastConnections  = 16
	mostConnections   = 1 << 20
	besideConnections = 64  // of the other listeners, each
	ownDescriptors    = 128 // kept free for files and for connections that the portal opens
	sources           = 4   // who comes from one address gets that part of the connections
)

// A boundListener lets only so many connections be open at once, and only a part of them from one place. Where there are as many, one
// that waits for a request to arrive whole, the longest first, makes room for the next; if there is none, the next is closed. So those
// who say nothing, or little, however many they are, keep nobody out, and no call that is being answered is cut off.
type boundListener struct {
	net.Listener
	most, each int
	proxies    prefixes // places that are bounded by most alone, for many callers come from them

	mu     sync.Mutex
	from   map[string]int // how many are open, by place
	open   int
	idle   list.List // of *connection, the longest first
	closed turnedAway
	told   int64 // of those, in the log
}

// turnedAway are the connections that were closed because there were too many.
type turnedAway struct {
	idle  int64 // to make room
	place int64 // new ones, as there was no room for more from their place
	all   int64 // new ones, as there was none for anybody
}

func (t turnedAway) sum() int64 { return t.idle + t.place + t.all }

func newBoundListener(ln net.Listener, most int, proxies prefixes) *boundListener {
	return &boundListener{Listener: ln, most: most, each: max(most/sources, 1), proxies: proxies, from: map[string]int{}}
}

// A connection is one of a boundListener. It is a TCPConn, so that net/http can close one half of it.
type connection struct {
	*net.TCPConn
	l       *boundListener
	place   string
	waiting *list.Element // in idle; nil while it is busy, and when it is gone
	calls   int           // requests that have arrived whole and are being answered
	gone    bool
}

// Accept waits for the next connection that there is room for.
func (l *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if made := l.admit(c.(*net.TCPConn)); made != nil {
			return made, nil
		}
		_ = c.Close()
	}
}

// admit makes room for a connection, or answers nil.
func (l *boundListener) admit(c *net.TCPConn) *connection {
	place := account.Place(hostOf(c.RemoteAddr().String()))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.from[place] >= l.each && !l.isProxy(c) && !l.makeRoom(place):
		l.closed.place++
		return nil
	case l.open >= l.most && !l.makeRoom(""):
		l.closed.all++
		return nil
	}
	l.open++
	l.from[place]++
	made := &connection{TCPConn: c, l: l, place: place}
	made.waiting = l.idle.PushBack(made)
	return made
}

func (l *boundListener) isProxy(c *net.TCPConn) bool {
	a := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
	for _, p := range l.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// makeRoom drops the connection from a place, or from any when that is empty, that has waited longest.
func (l *boundListener) makeRoom(place string) bool {
	for e := l.idle.Front(); e != nil; e = e.Next() {
		c := e.Value.(*connection)
		if place == "" || c.place == place {
			l.forget(c)
			_ = c.TCPConn.Close()
			l.closed.idle++
			return true
		}
	}
	return false
}

// forget takes a connection out of the counts, once.
func (l *boundListener) forget(c *connection) {
	if c.gone {
		return
	}
	c.gone = true
	l.wait(c, false)
	l.open--
	if l.from[c.place]--; l.from[c.place] == 0 {
		delete(l.from, c.place)
	}
}

func (l *boundListener) wait(c *connection, waits bool) {
	if c.waiting != nil {
		l.idle.Remove(c.waiting)
		c.waiting = nil
	}
	if waits && !c.gone {
		c.waiting = l.idle.PushBack(c)
	}
}

// Close makes room for another connection.
func (c *connection) Close() error {
	c.l.mu.Lock()
	c.l.forget(c)
	c.l.mu.Unlock()
	return c.TCPConn.Close()
}

// state is told by net/http what becomes of a connection. Whoever begins a request or ends his last one has waited no longer than since
// then; a slow handshake, slow headers and a slow body are waited for like any other. On HTTP/1 an answer has left when the connection is
// idle.
func (l *boundListener) state(conn net.Conn, s http.ConnState) {
	if s == http.StateActive || s == http.StateIdle {
		c := connectionOf(conn)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.wait(c, c.calls == 0)
	}
}

func connectionOf(conn net.Conn) *connection {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	return conn.(*connection)
}

// called is that one more request has arrived whole, or one less is being answered. On HTTP/2 others may still be arriving then.
func (c *connection) called(r *http.Request, n int) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.calls += n
	if c.calls > 0 || r.ProtoMajor > 1 {
		c.l.wait(c, c.calls == 0)
	}
}

// arriving has a connection be busy from when a request has arrived whole.
func arriving(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &arrivingBody{ReadCloser: r.Body, r: r}
		if r.ContentLength == 0 {
			b.ended()
		}
		r.Body = b
		defer func() {
			if b.whole {
				b.conn().called(r, -1)
			}
		}()
		h.ServeHTTP(w, r)
	})
}

type arrivingBody struct {
	io.ReadCloser
	r     *http.Request
	whole bool
}

func (b *arrivingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.whole {
		b.ended()
	}
	return n, err
}

func (b *arrivingBody) ended() {
	b.whole = true
	b.conn().called(b.r, 1)
}

func (b *arrivingBody) conn() *connection { return b.r.Context().Value(connectionKey{}).(*connection) }

// connectionKey is where the context of a request has its connection.
type connectionKey struct{}

// counts are how many connections are open, and how many were turned away.
func (l *boundListener) counts() (open int, closed turnedAway) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.closed
}

// tell writes into the log that there were too many connections, if there were since it was last asked.
func (l *boundListener) tell(log zerolog.Logger) {
	open, closed := l.counts()
	if closed.sum() > l.told {
		l.told = closed.sum()
		log.Warn().Int("open", open).Int64("dropped", closed.idle).Int64("refused", closed.place+closed.all).
			Msg("too many connections: see --max-connections; the numbers are since the start")
	}
}

// bound has a server take no more than so many connections from a listener.
func (o *instance) bound(srv *http.Server, ln net.Listener, most int) *boundListener {
	l := newBoundListener(ln, most, o.TrustedProxy)
	srv.ConnState = func(c net.Conn, s http.ConnState) {
		l.state(c, s)
		if o.metrics != nil {
			o.metrics.handshook(c, s)
		}
	}
	srv.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, connectionOf(conn))
	}
	srv.Handler = arriving(srv.Handler)
	return l
}

// fitting is how many connections there can be with as many descriptors as the system gives to the process. Those who find none left
// would keep everybody out.
func (c *Config) fitting(given int, log zerolog.Logger) int {
	most := int(c.MaxConnections)
	if room := given - ownDescriptors; most > room {
		most = max(room, leastConnections)
		log.Warn().Int("connections", most).Int("descriptors", given).Msg("--max-connections is more than the limit of open files allows (ulimit -n)")
	}
	return most
}
