package sink_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/ship"
	"github.com/portico-vco/portico/auth/ship/sink"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.UTC)

func parse(t *testing.T, address string, o sink.Options) *sink.Destination {
	t.Helper()
	o.Now = func() time.Time { return at }
	d, err := sink.Parse(secret.Text(address), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// batch are events with numbers from and to.
func batch(from, to int64) (all []ship.Event) {
	for n := from; n <= to; n++ {
		all = append(all, ship.Event{Number: n, Time: at, Name: "CREATE_USER", Severity: "NOTICE", Line: fmt.Appendf(nil, `{"number":%d}`, n)})
	}
	return all
}

func lines(from, to int64) (all string) {
	for _, e := range batch(from, to) {
		all += string(e.Line) + "\n"
	}
	return all
}

func send(t *testing.T, d *sink.Destination, from, to int64) {
	t.Helper()
	if err := d.Send(t.Context(), batch(from, to)); err != nil {
		t.Fatal(err)
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{ // name, identity
		"file:events.log":                            "file:events.log file:events.log",
		"file:/var/log/x y":                          "file:/var/log/x y file:/var/log/x y",
		"file:///var/log/x":                          "file:/var/log/x file:/var/log/x",
		"syslog+tcp://log.example":                   "syslog+tcp://log.example syslog+tcp://log.example",
		"syslog+tls://[2001:db8::1]:99":              "syslog+tls://[2001:db8::1]:99 syslog+tls://[2001:db8::1]:99",
		"https://hook.example/in":                    "https://hook.example https://hook.example/in",
		"https://user:secret@hook.example/in?k=word": "https://hook.example https://hook.example/in?k=word",
		"http://127.0.0.1:1/":                        "http://127.0.0.1:1 http://127.0.0.1:1/",
		"http://[::1]:1":                             "http://[::1]:1 http://[::1]:1",
		"":                                           "", "events.log": "", "file:": "", "file://host/x": "", "http://hook.example": "",
		"http://localhost": "", "http://127.0.0.1.example": "", "http://0.0.0.0": "", "syslog+tcp://": "", "syslog+tcp://u@log.example": "",
		"syslog+tls://log.example/x": "", "udp://log.example": "", "https://": "", "https://hook.example/#secret": "", "https://x:secret\x7f@y": "",
	} {
		d, err := sink.Parse(secret.Text(address), sink.Options{})
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is taken", address)
		case want != "" && err != nil:
			t.Errorf("%q: %v", address, err)
		case want != "" && d.Name+" "+d.Identity != want:
			t.Errorf("%q: %s %s", address, d.Name, d.Identity)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%q: %v", address, err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// A file may be renamed, replaced and emptied while it is written to.
func TestFileIsRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.log")
	d := parse(t, "file:"+path, sink.Options{})
	send(t, d, 1, 2)
	send(t, d, 3, 3)
	rename(t, path, path+".1")
	send(t, d, 4, 4) // logrotate's nocreate
	if got := read(t, path+".1") + "|" + read(t, path); got != lines(1, 3)+"|"+lines(4, 4) {
		t.Errorf("renamed: %s", got)
	}
	rename(t, path, path+".2")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // create
		t.Fatal(err)
	}
	send(t, d, 5, 5)
	if got := read(t, path); got != lines(5, 5) {
		t.Errorf("replaced: %s", got)
	}
	if err := os.Truncate(path, 0); err != nil { // copytruncate
		t.Fatal(err)
	}
	send(t, d, 6, 6)
	if got := read(t, path); got != lines(6, 6) {
		t.Errorf("emptied: %q", got)
	}
	if info, _ := os.Stat(path + ".1"); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// A line that was cut off does not spoil the one behind it.
func TestFileWasCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.log")
	for _, c := range []struct{ was, want string }{
		{`{"numb`, `{"numb` + "\n" + lines(1, 1)}, {lines(1, 2), lines(1, 2) + lines(1, 1)}, {"", lines(1, 1)},
	} {
		if err := os.WriteFile(path, []byte(c.was), 0o600); err != nil {
			t.Fatal(err)
		}
		d := parse(t, "file:"+path, sink.Options{})
		send(t, d, 1, 1)
		if got := read(t, path); got != c.want {
			t.Errorf("%q became %q", c.was, got)
		}
		d.Close()
	}
}

func TestFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "no", "events.log"), os.DevNull} {
		if err := parse(t, "file:"+path, sink.Options{}).Send(t.Context(), batch(1, 1)); err == nil {
			t.Errorf("%s is written to", path)
		}
	}
}

// A hook is a server that answers as it is told.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
}

func newHook(t *testing.T, start func(*httptest.Server), answer http.HandlerFunc) *hook {
	h := new(hook)
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.got, h.bodies = append(h.got, r), append(h.bodies, string(body))
		h.mu.Unlock()
		answer(w, r)
	}))
	h.Config.ErrorLog = nil
	start(h.Server)
	t.Cleanup(h.Close)
	return h
}

func yes(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// What is posted can be verified by what Standard Webhooks says, and has the same id when it comes again.
func TestWebhook(t *testing.T) {
	h := newHook(t, (*httptest.Server).StartTLS, yes)
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	key := bytes.Repeat([]byte{7}, 32)
	d := parse(t, strings.Replace(h.URL, "https://", "https://me:word@", 1)+"/in?k=v", sink.Options{Roots: roots, Secret: key})
	send(t, d, 1, 3)
	send(t, d, 1, 3)
	send(t, d, 4, 4)
	if got := strings.Join(h.bodies, "|"); got != lines(1, 3)+"|"+lines(1, 3)+"|"+lines(4, 4) {
		t.Errorf("got %s", got)
	}
	var ids []string
	for i, r := range h.got {
		user, password, _ := r.BasicAuth()
		if r.Method != "POST" || r.URL.String() != "/in?k=v" || r.Header.Get("Content-Type") != "application/x-ndjson" || user+":"+password != "me:word" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		id := r.Header.Get("webhook-id")
		m := hmac.New(sha256.New, key)
		m.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + h.bodies[i]))
		want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
		if got := r.Header.Get("webhook-signature"); got != want || r.Header.Get("webhook-timestamp") != strconv.FormatInt(at.Unix(), 10) {
			t.Errorf("signed %v", r.Header)
		}
		ids = append(ids, id)
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || ids[0] == "" {
		t.Errorf("ids %q", ids)
	}
}

// Whoever's certificate nobody vouches for is told nothing.
func TestWebhookOfAStranger(t *testing.T) {
	h := newHook(t, (*httptest.Server).StartTLS, yes)
	if err := parse(t, h.URL, sink.Options{}).Send(t.Context(), batch(1, 1)); err == nil || len(h.got) > 0 {
		t.Errorf("%v, %d posted", err, len(h.got))
	}
}

// Everything but a 2xx is a failure; nothing of what the other side says, nor of the address, is repeated.
func TestWebhookRefuses(t *testing.T) {
	elsewhere := newHook(t, (*httptest.Server).Start, yes)
	status := func(n int, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(n)
			io.WriteString(w, "secret")
		}
	}
	garbage := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			io.WriteString(c, text)
			c.Close()
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		after  time.Duration
	}{
		"a failure":             {status(500), "the webhook answers 500", 0},
		"a failure, seconds":    {status(503, "Retry-After", "120"), "the webhook answers 503", 2 * time.Minute},
		"a failure, a date":     {status(429, "Retry-After", "Sun, 01 Mar 2026 12:01:00 GMT"), "the webhook answers 429", time.Minute - 7*time.Millisecond},
		"a failure, the past":   {status(429, "Retry-After", "Sun, 01 Mar 2020 12:01:00 GMT"), "the webhook answers 429", 0},
		"a failure, nonsense":   {status(429, "Retry-After", "-1"), "the webhook answers 429", 0},
		"a refusal":             {status(400), "the webhook answers 400", 0},
		"a redirect":            {status(307, "Location", elsewhere.URL), "the webhook answers 307", 0},
		"a redirect to a GET":   {status(302, "Location", elsewhere.URL), "the webhook answers 302", 0},
		"a redirect to nowhere": {status(308, "Location", ":secret"), "the webhook's answer cannot be understood", 0},
		"garbage":               {garbage("secret secret secret\r\n\r\n"), "the webhook's answer cannot be understood", 0},
		"nothing":               {garbage(""), "the webhook's answer cannot be understood", 0},
		"a header without end":  {garbage("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("secret", 20_000)), "the webhook's answer cannot be understood", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHook(t, (*httptest.Server).Start, c.answer)
			u := strings.Replace(h.URL, "http://", "http://secret:secret@", 1) + "/secret?secret"
			err := parse(t, u, sink.Options{}).Send(t.Context(), batch(1, 1))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v", err)
			}
			var later *ship.LaterError
			if errors.As(err, &later) != (c.after > 0) || later != nil && later.After != c.after {
				t.Errorf("later: %+v", later)
			}
		})
	}
	if len(elsewhere.got) > 0 {
		t.Error("a redirect was followed")
	}
}

func TestWebhookIsSlow(t *testing.T) {
	hold := make(chan bool)
	h := newHook(t, (*httptest.Server).Start, func(http.ResponseWriter, *http.Request) { <-hold })
	defer close(hold)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := parse(t, h.URL+"/secret", sink.Options{}).Send(ctx, batch(1, 1)); err == nil || err.Error() != "the webhook took too long" {
		t.Errorf("got %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	for _, address := range []string{"http://me:secret@%s/secret?secret", "syslog+tcp://%s", "syslog+tls://%s"} {
		err := parse(t, fmt.Sprintf(address, ln.Addr()), sink.Options{}).Send(t.Context(), batch(1, 1))
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A receiver takes connections one after the other.
type receiver struct {
	net.Listener
	t *testing.T
}

func receive(t *testing.T, c *tls.Config) receiver {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if c != nil {
		ln = tls.NewListener(ln, c)
	}
	t.Cleanup(func() { ln.Close() })
	return receiver{ln, t}
}

// take reads so many messages of a new connection, which it answers.
func (r receiver) take(n int) (net.Conn, *bufio.Reader, []string) {
	r.t.Helper()
	c, err := r.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := bufio.NewReader(c)
	return c, b, r.more(b, n)
}

func (r receiver) more(b *bufio.Reader, n int) (all []string) {
	r.t.Helper()
	for range n {
		size, err := b.ReadString(' ')
		if err != nil {
			r.t.Fatal(err)
		}
		length, err := strconv.Atoi(strings.TrimSuffix(size, " "))
		if err != nil {
			r.t.Fatal(err)
		}
		m := make([]byte, length)
		if _, err := io.ReadFull(b, m); err != nil {
			r.t.Fatal(err)
		}
		all = append(all, string(m))
	}
	return all
}

var number = regexp.MustCompile(`\{"number":(\d+)\}$`)

func numbers(messages []string) (all string) {
	for _, m := range messages {
		all += number.FindStringSubmatch(m)[1] + " "
	}
	return all
}

// The messages are those of RFC 5424: the facility is log audit, the severity the event's.
func TestSyslogMessages(t *testing.T) {
	r := receive(t, nil)
	d := parse(t, "syslog+tcp://"+r.Addr().String(), sink.Options{Host: "portal.example"})
	events := batch(1, 4)
	events[1].Severity, events[1].Name = "ALERT", "UPDATE_ENTERPRISE_ALERT_RECIPIENTS"
	events[2].Severity, events[2].Name = "", "a name]\n"
	events[3].Severity, events[3].Time, events[3].Line = "INFO", at.In(time.FixedZone("", 7200)), []byte(`{"ä":"\n","number":4}`)
	if err := d.Send(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`<109>1 2026-03-01T12:00:00.007Z portal.example portico - CREATE_USER - {"number":1}`,
		`<105>1 2026-03-01T12:00:00.007Z portal.example portico - UPDATE_ENTERPRISE_ALERT_RECIPIEN - {"number":2}`,
		`<109>1 2026-03-01T12:00:00.007Z portal.example portico - aname] - {"number":3}`,
		`<110>1 2026-03-01T12:00:00.007Z portal.example portico - CREATE_USER - {"ä":"\n","number":4}`,
	}
	if _, _, got := r.take(4); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// A receiver that went away gets what it may not have kept once more, before what is new.
func TestSyslogReceiverRestarts(t *testing.T) {
	r := receive(t, nil)
	d := parse(t, "syslog+tcp://"+r.Addr().String(), sink.Options{})
	send(t, d, 1, 2)
	c, b, got := r.take(2)
	send(t, d, 3, 4)
	got = append(got, r.more(b, 2)...)
	if numbers(got) != "1 2 3 4 " {
		t.Errorf("got %s", numbers(got))
	}
	c.Close()
	send(t, d, 5, 5)
	if _, _, got := r.take(3); numbers(got) != "3 4 5 " {
		t.Errorf("after the restart it got %s", numbers(got))
	}
}

// A receiver that takes nothing is given up when the time is over, and gets all of the batch when it is back.
func TestSyslogReceiverHangs(t *testing.T) {
	r := receive(t, nil)
	d := parse(t, "syslog+tcp://"+r.Addr().String(), sink.Options{})
	events := batch(1, 1)
	for range 3 {
		events = append(events, ship.Event{Time: at, Line: bytes.Repeat([]byte{'x'}, 8<<20)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := d.Send(ctx, events); err == nil || err.Error() != "the receiver takes nothing" {
		t.Fatalf("got %v", err)
	}
	hung, err := r.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	send(t, d, 1, 2)
	if _, _, got := r.take(2); numbers(got) != "1 2 " {
		t.Errorf("got %s", numbers(got))
	}
}

// Over TLS the receiver must be who the address says, and TLS 1.2 at least.
func TestSyslogOverTLS(t *testing.T) {
	h := httptest.NewTLSServer(nil)
	defer h.Close()
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	good := &tls.Config{Certificates: h.TLS.Certificates}
	old := &tls.Config{Certificates: h.TLS.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}

	r := receive(t, good)
	d := parse(t, "syslog+tls://"+r.Addr().String(), sink.Options{Roots: roots})
	sent := make(chan error)
	go func() { sent <- d.Send(t.Context(), batch(1, 2)) }()
	c, b, got := r.take(2)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	send(t, d, 3, 3) // the look whether it is open has harmed nothing
	if got = append(got, r.more(b, 1)...); numbers(got) != "1 2 3 " {
		t.Errorf("got %s", numbers(got))
	}
	c.Close()
	go func() { sent <- d.Send(t.Context(), batch(4, 4)) }()
	if _, _, got := r.take(2); numbers(got) != "3 4 " {
		t.Errorf("after the restart it got %s", numbers(got))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		server *tls.Config
		roots  *x509.CertPool
	}{"a stranger": {good, nil}, "an old one": {old, roots}} {
		r := receive(t, c.server)
		go func() {
			if conn, err := r.Accept(); err == nil {
				_ = conn.(*tls.Conn).Handshake()
				conn.Close()
			}
		}()
		if err := parse(t, "syslog+tls://"+r.Addr().String(), sink.Options{Roots: c.roots}).Send(t.Context(), batch(1, 1)); err == nil {
			t.Errorf("%s is told", name)
		}
	}
}
