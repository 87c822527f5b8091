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

// Those who send bodies slowly, as many as one place may have connections, are waited for. Another of theirs is turned away, and nobody
// from elsewhere. Calls under way are not cut off for new ones, however many come.
func TestBusyConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const most = 16
	p := serving(t, demoArgs(t.TempDir(), "--plain-http", "--ops-listen", "127.0.0.1:0", "--max-connections", fmt.Sprint(most))...)
	ops, host := "http://"+p.logged(opsLine), strings.TrimPrefix(p.url, "http://")
	var slow []net.Conn
	begin := func(place byte) {
		conn := from(t, host, place)
		fmt.Fprint(conn, "POST /portal/rest/system/getVersionInfo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") { // it is waited for
			t.Fatalf("%q, %v", line, err)
		}
		slow = append(slow, conn)
	}
	closed := func(place byte) {
		t.Helper()
		conn := from(t, host, place)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("it was let in")
		}
	}
	for range most / sources {
		begin(1)
	}
	closed(1)
	for range 20 {
		if err := newVisitor(t, p, 2).ask(); err != nil {
			t.Fatalf("others are kept out: %v", err)
		}
	}
	for place := byte(2); place <= sources; place++ {
		for range most / sources {
			begin(place)
		}
	}
	for range 20 {
		closed(9)
	}
	for reason, want := range map[string]float64{"address": 1, "all": 20} {
		if n := metric(t, ops, `portico_connections_closed_total{reason="`+reason+`"}`); n != want {
			t.Errorf("closed for %s: %v, want %v", reason, n, want)
		}
	}
	for _, conn := range slow {
		fmt.Fprint(conn, "{}")
		text := make([]byte, 64)
		n, err := io.ReadAtLeast(conn, text, 30)
		if err != nil || !strings.Contains(string(text[:n]), "HTTP/1.1 200") {
			t.Fatalf("a call was cut off: %q, %v", text[:n], err)
		}
		conn.Close()
	}
	reaches(t, ops, "portico_connections", 0)
	if err := newVisitor(t, p, 9).ask(); err != nil {
		t.Errorf("when they have gone: %v", err)
	}
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
