package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkHostile makes the same authenticated read on a quiet portal and on one that is under attack, turn by turn, each from a place of
// its own: a thousand idle connections that are opened again as they are dropped, two hundred slow senders, and bodies beyond the limits.
// How long one in a hundred takes at most may be three times as much; of hostile requests there is one in a hundred reads at least, so that
// what those cost is in it. Run it with -benchtime 1x.
func BenchmarkHostile(b *testing.B) {
	const rounds, reads, idle, slow = 9, 1000, 1000, 200
	p := serving(b, demoArgs(b.TempDir(), "--plain-http", "--log-level", "error", "--ops-listen", "127.0.0.1:0")...)
	host, token := strings.TrimPrefix(p.url, "http://"), p.printed(`Authorization: Token ([^"]+)"`)
	v := newVisitor(b, p, 1)
	read := func() time.Duration {
		r, err := http.NewRequest(http.MethodPost, p.url+"/portal/rest/enterprise/getEnterprise", strings.NewReader(`{"enterpriseId":1}`))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Token "+token)
		begun := time.Now()
		res, err := v.client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if took := time.Since(begun); strings.Contains(string(text), "Acme") {
			return took
		}
		b.Fatalf("%s %s", res.Status, text)
		return 0
	}
	var p99 [2][]time.Duration
	sent := 0
	for range rounds {
		for i := range p99 {
			stop := func() int { return 0 }
			if i == 1 {
				stop = attackers(b, host, idle, slow)
			}
			all := make([]time.Duration, reads)
			for n := range all {
				all[n] = read()
			}
			n := stop()
			if sent += n; i == 1 && n < reads/100 {
				b.Fatalf("the attackers sent %d requests in all that time", n)
			}
			slices.Sort(all)
			p99[i] = append(p99[i], all[reads*99/100])
		}
	}
	for i, name := range []string{"quiet", "attacked"} {
		slices.Sort(p99[i])
		b.ReportMetric(float64(p99[i][rounds/2].Microseconds()), "us/p99/"+name)
	}
	times := float64(p99[1][rounds/2]) / float64(p99[0][rounds/2])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(times, "times")
	b.ReportMetric(float64(sent), "requests")
	if times > 3 {
		b.Errorf("one in a hundred takes %.1f times as long as on the quiet portal", times)
	}
}

// attackers attack until stop is called, which answers how many hostile requests they sent. They are a process that everybody else goes
// before: on one machine they would take from the portal, and from who measures, what their own work costs.
func attackers(t testing.TB, host string, idle, slow int) (stop func() int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], host, strconv.Itoa(idle), strconv.Itoa(slow))
	cmd.Env = append(os.Environ(), asAttackers+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(cmd.Start(), syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, 19)); err != nil {
		t.Fatal(err)
	}
	told := func() (n int) {
		if _, err := fmt.Fscanln(out, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := told(); n != idle+slow {
		t.Fatalf("%d connections, want %d", n, idle+slow)
	}
	return func() int {
		in.Close()
		n := told()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// asAttackers is set where the program of the tests attacks a portal until its standard input ends, and nothing else.
const asAttackers = "PORTICO_TEST_AS_ATTACKERS"

func init() {
	if os.Getenv(asAttackers) == "" {
		return
	}
	idle, _ := strconv.Atoi(os.Args[2])
	slow, _ := strconv.Atoi(os.Args[3])
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		over.Store(true)
	}()
	fmt.Println(besiege(os.Args[1], idle, slow, over.Load))
	os.Exit(0)
}

func besiege(host string, idle, slow int, over func() bool) (sent int) {
	bodies := []string{
		strings.Repeat("[", 1<<20), "[" + strings.Repeat("{},", 99_999) + "{}]", strings.Repeat("x", 10<<20), gzipped(64 << 20), `{"a":"` + strings.Repeat(`\u0000`, 100_000),
	}
	var open []net.Conn // or the collector would close them
	connect := func(place byte) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(os.Getpid()>>8), byte(os.Getpid()), place)}}
		conn, err := d.Dial("tcp", host)
		if err != nil {
			return nil
		}
		open = append(open, conn)
		return conn
	}
	for range idle {
		connect(2)
	}
	for range slow {
		if conn := connect(3); conn != nil {
			fmt.Fprint(conn, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		}
	}
	fmt.Println(len(open))
	for ; !over(); time.Sleep(4 * time.Millisecond) {
		if conn := connect(4); conn != nil {
			_, _ = io.WriteString(conn, calling(bodies[sent%len(bodies)], "Authorization: Token x.y.z\r\n", "Connection: close\r\n"))
			conn.Close()
			sent++
		}
		connect(2) // one idle connection more, for which another is dropped
	}
	return sent
}
