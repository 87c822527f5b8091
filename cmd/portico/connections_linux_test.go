package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// from dials as one who has another address; on Linux all of 127.0.0.0/8 are this machine's.
func from(t testing.TB, host string, place byte) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 9, place)}}
	conn, err := d.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// metric reads one number off the operations listener.
func metric(t testing.TB, ops, name string) float64 {
	t.Helper()
	res, err := http.Get(ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no metric %s", name)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// reaches waits for a number to be n.
func reaches(t testing.TB, ops, name string, n float64) {
	t.Helper()
	for range 500 {
		if metric(t, ops, name) == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s is %v and not %v", name, metric(t, ops, name), n)
}

// A visitor makes calls on connections of his own, from one place.
type visitor struct {
	client *http.Client
	url    string
	dials  int
}

func newVisitor(t testing.TB, p *process, place byte) *visitor {
	c := &visitor{url: p.url}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 9, place)}}
	tr := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c.dials++
		return d.DialContext(ctx, network, address)
	}}
	c.client = &http.Client{Transport: tr, Timeout: 20 * time.Second}
	t.Cleanup(tr.CloseIdleConnections)
	return c
}

// ask makes a call that answers what version the portal has.
func (c *visitor) ask() error {
	res, err := c.client.Post(c.url+"/portal/rest/system/getVersionInfo", "", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != 200 {
		err = fmt.Errorf("%s %s", res.Status, text)
	}
	return err
}

// Ten thousand connect and say nothing, from one place and then from many. Who comes meanwhile is served; whoever else has a connection
// keeps it as long as one place alone connects; and never are there more connections, or goroutines, than are allowed.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	const most = 256
	many := min(10000, descriptors()-1000)
	t.Logf("%d connections", many)
	p := serving(t, demoArgs(t.TempDir(), "--plain-http", "--ops-listen", "127.0.0.1:0", "--max-connections", fmt.Sprint(most))...)
	ops, host := "http://"+p.logged(opsLine), strings.TrimPrefix(p.url, "http://")
	loyal := newVisitor(t, p, 1)
	flood := func(places byte) {
		for i := range many / 2 {
			conn := from(t, host, 10+byte(i)%places)
			if i%4 == 0 {
				fmt.Fprint(conn, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Le") // and no more
			}
			if i%500 == 0 {
				if places == 1 { // from many places they may take all that is idle
					if err := loyal.ask(); err != nil {
						t.Fatalf("with %d idle ones: %v", i, err)
					}
				}
				fresh := newVisitor(t, p, 2)
				if err := fresh.ask(); err != nil {
					t.Fatalf("new, with %d idle ones: %v", i, err)
				}
				fresh.client.CloseIdleConnections()
			}
			if i >= 1000 && i%1000 == 0 {
				if n := metric(t, ops, "go_goroutines"); n > 2*most {
					t.Errorf("%v goroutines", n)
				}
			}
		}
	}
	flood(1)
	reaches(t, ops, "portico_connections", most/sources+1)
	if loyal.dials != 1 {
		t.Errorf("others lost %d connections", loyal.dials-1)
	}
	flood(100)
	if err := newVisitor(t, p, 3).ask(); err != nil { // who comes last, so all others have been let in or not
		t.Fatal(err)
	}
	if n := metric(t, ops, "portico_connections"); n != most {
		t.Errorf("%v connections are open, not %d", n, most)
	}
	dropped, refused := metric(t, ops, `portico_connections_closed_total{reason="idle"}`), metric(t, ops, `portico_connections_closed_total{reason="address"}`)
	if dropped < float64(many-most) || refused != 0 {
		t.Errorf("%v were dropped, %v refused", dropped, refused)
	}
}

// gated is a portal whose calls of /wait are answered when open was called; began waits for one of them to begin.
func gated(t *testing.T, most int, change func(*Config)) (h *house, l *boundListener, began, open func()) {
	t.Helper()
	calls, gate := make(chan struct{}, most), make(chan struct{})
	h = &house{t: t, o: openHere(t, change)}
	srv, err := h.o.server()
	if err != nil {
		t.Fatal(err)
	}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		if err == nil && r.URL.Path == "/wait" {
			calls <- struct{}{}
			<-gate
		}
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.host = ln.Addr().String()
	h.o.connections = h.o.bound(srv, ln, most)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.o.accept(srv) }()
	open = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(func() { open(); _ = srv.Close(); <-ended })
	return h, h.o.connections, func() {
		t.Helper()
		select {
		case <-calls:
		case <-time.After(20 * time.Second):
			t.Fatal("a call did not begin")
		}
	}, open
}

// asks says whether somebody from a place is answered.
func (h *house) asks(place byte) bool {
	conn := from(h.t, h.host, place)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	_, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Fatal("neither answered nor dropped")
	}
	return err == nil
}

// Those who send bodies slowly, on as many connections as there may be, keep nobody out. Calls that have arrived are not cut off for new
// ones, however many come.
func TestBusyConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const most = 16
	h, l, began, open := gated(t, most, nil)
	var slow []net.Conn
	for place := range byte(sources) {
		for range most / sources {
			conn := from(t, h.host, place+1)
			fmt.Fprint(conn, "POST /wait HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
			if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") { // it is waited for
				t.Fatalf("%q, %v", line, err)
			}
			slow = append(slow, conn)
		}
	}
	if !h.asks(9) {
		t.Fatal("slow senders keep others out")
	}
	for now, _ := l.counts(); now == most; now, _ = l.counts() { // until that one has gone
		time.Sleep(time.Millisecond)
	}
	slow = append(slow[1:], from(t, h.host, 9)) // the first one made room
	fmt.Fprint(slow[most-1], "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
	for _, conn := range slow {
		fmt.Fprint(conn, "{}")
		began()
	}
	for range 20 {
		if h.asks(10) {
			t.Fatal("there is one too many")
		}
	}
	if now, closed := l.counts(); now != most || closed.idle != 1 || closed.all != 20 {
		t.Errorf("%d are open, %d were dropped and %d refused", now, closed.idle, closed.all)
	}
	open()
	for _, conn := range slow {
		text := make([]byte, 20)
		if _, err := io.ReadFull(conn, text); err != nil || !strings.Contains(string(text), "HTTP/1.1 200") {
			t.Fatalf("a call was cut off: %q, %v", text, err)
		}
	}
	if !h.asks(10) {
		t.Error("they keep others out when they are answered")
	}
}

// A connection of HTTP/2 is busy as long as any of its calls that have arrived is being answered, whatever else it has begun.
func TestBusyStreamsAreKept(t *testing.T) {
	t.Parallel()
	const most = 4 * sources
	h, l, began, open := gated(t, most, secure)
	var all [most / sources]*attacker
	for i := range all {
		all[i] = attack(h, "/wait")
		go all[i].listen()
		if err := errors.Join(all[i].open(1, false), all[i].open(3, true)); err != nil {
			t.Fatal(err)
		}
		began()
	}
	fifth := func(patience time.Duration) error {
		conn := dial(t, h.host)
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	if err := fifth(5 * time.Second); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("there is one too many")
	}
	open()
	for _, a := range all {
		_ = a.WritePing(false, [8]byte{})
		<-a.heard
	}
	for range 500 {
		if _, closed := l.counts(); closed.idle > 0 {
			return
		}
		_ = fifth(10 * time.Millisecond)
	}
	t.Error("streams that do not end keep others out")
}

// A trusted proxy may have all the connections, for it brings many callers.
func TestConnectionsOfAProxy(t *testing.T) {
	t.Parallel()
	const most = 16
	p := serving(t, demoArgs(t.TempDir(), "--plain-http", "--ops-listen", "127.0.0.1:0", "--max-connections", fmt.Sprint(most),
		"--trusted-proxy", "127.0.9.7")...)
	ops, host := "http://"+p.logged(opsLine), strings.TrimPrefix(p.url, "http://")
	for range most {
		from(t, host, 7)
	}
	reaches(t, ops, "portico_connections", most)
	from(t, host, 7)
	reaches(t, ops, `portico_connections_closed_total{reason="idle"}`, 1)
	reaches(t, ops, "portico_connections", most)
}

// A limit of open files that leaves no room for as many connections is said, and kept.
func TestConnectionsFitTheDescriptors(t *testing.T) {
	t.Parallel()
	for given, want := range map[int]int{1 << 20: 4096, 4096 + ownDescriptors: 4096, 1024: 1024 - ownDescriptors, 100: leastConnections} {
		var log strings.Builder
		c := &Config{MaxConnections: 4096}
		if got := c.fitting(given, zerolog.New(&log)); got != want || (log.Len() > 0) != (want < 4096) {
			t.Errorf("%d connections with %d descriptors, not %d: %s", got, given, want, log.String())
		}
	}
	if n := descriptors(); n < 64 {
		t.Errorf("%d descriptors", n)
	}
}
