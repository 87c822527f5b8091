package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A house is a portal in this process, behind a listener that counts. Its server is that of the program.
type house struct {
	t     testing.TB
	o     *instance
	host  string
	token string

	read        atomic.Int64 // bytes that the server took from connections
	begun, most atomic.Int64 // handlers that were begun; the most at one time
	running     atomic.Int64

	arrived atomic.Pointer[func(*http.Request)] // unless it is nil, it is told of requests whose body was read to its end
}

func newHouse(t testing.TB, change func(*Config)) *house {
	t.Helper()
	h := &house{t: t}
	h.o, h.token = openDemo(t, change)
	srv, err := h.o.server()
	if err != nil {
		t.Fatal(err)
	}
	serve := srv.Handler
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.begun.Add(1)
		if n := h.running.Add(1); n > h.most.Load() {
			h.most.Store(n)
		}
		defer h.running.Add(-1)
		if f := h.arrived.Load(); f != nil {
			r.Body = tellingBody{r.Body, func() { (*f)(r) }}
		}
		serve.ServeHTTP(w, r)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.host = ln.Addr().String()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if h.o.certificate == nil {
			_ = srv.Serve(countingListener{ln, &h.read})
			return
		}
		_ = srv.ServeTLS(countingListener{ln, &h.read}, "", "")
	}()
	t.Cleanup(func() { _ = srv.Close(); <-ended })
	return h
}

// A tellingBody tells when it was read to its end.
type tellingBody struct {
	io.ReadCloser
	end func()
}

func (b tellingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.end()
	}
	return n, err
}

type countingListener struct {
	net.Listener
	read *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{c.(*net.TCPConn), l.read}, nil
}

type countingConn struct {
	*net.TCPConn
	read *atomic.Int64
}

func (c countingConn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// goesOn fails unless another caller is served, on a connection of his own.
func (h *house) goesOn() {
	h.t.Helper()
	scheme := "http"
	if h.o.certificate != nil {
		scheme = "https"
	}
	r, err := http.NewRequest(http.MethodPost, scheme+"://"+h.host+"/portal/rest/enterprise/getEnterprise", strings.NewReader(`{"enterpriseId":1}`))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Token "+h.token)
	res, err := browser.Do(r)
	if err != nil {
		h.t.Fatalf("others are not served: %v", err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(text), "Acme") {
		h.t.Fatalf("others are not served: %s %s, %v", res.Status, text, err)
	}
}

// cutOff, behind a request, is where its sender hangs up. Others do so when they have an answer: who has hung up before may get none.
const cutOff = "<cut off>"

// send writes all of a request, while it reads whatever comes back, until the server closes the connection.
func (h *house) send(request string) string {
	h.t.Helper()
	conn := dial(h.t, h.host)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	answered := make(chan struct{})
	go func() {
		whole, cut := strings.CutSuffix(request, cutOff)
		if _, err := io.WriteString(conn, whole); err == nil && !cut {
			<-answered
		}
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	var answer strings.Builder
	r := bufio.NewReader(io.TeeReader(io.LimitReader(conn, 64<<20), &answer))
	res, err := http.ReadResponse(r, nil)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
	}
	close(answered)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.t.Errorf("neither answered nor dropped; so far %.200q", answer.String())
	}
	return answer.String()
}

// calling is a request with a body for /portal.
func calling(body string, headers ...string) string { return at("/portal", body, headers...) }

// at is one for another path.
func at(path, body string, headers ...string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", path, strings.Join(headers, ""), len(body), body)
}

func one(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
}

func gzipped(n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(bytes.Repeat([]byte(" "), n))
	_ = w.Close()
	return b.String()
}

// Whatever arrives is answered with the status, and the error, that it should have, or dropped; no more of it is read than the limits
// allow, and no more memory is taken; nobody gets a 5xx of our making, and the next caller is served.
func TestHostileRequests(t *testing.T) {
	slow(t)
	const version = `{"jsonrpc":"2.0","id":1,"method":"system/getVersionInfo","params":{}}`
	h := newHouse(t, nil)
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		request string
		want    string // what the answer begins with behind "HTTP/1.1 "; "" is none
		holds   string
		reads   int64 // at most; 0 is the request as it is
	}{
		"a call": {calling(version), "200", "-32000", 0},

		// Bodies.
		"deep arrays":         {calling(one("a", strings.Repeat("[", 500_000)+strings.Repeat("]", 500_000))), "200", "-32700", 0},
		"deep objects":        {calling(strings.Repeat(`{"a":`, 150_000)), "200", "-32700", 0},
		"a huge exponent":     {calling(one("login/operatorLogin", `{"username":1e999999999,"password":"x"}`)), "200", "-32602", 0},
		"a huge number":       {calling(one("login/operatorLogin", `{"username":`+strings.Repeat("9", 900_000)+`,"password":"x"}`)), "200", "-32602", 0},
		"a name twice":        {calling(`{"jsonrpc":"2.0","id":1,"method":"system/getVersionInfo","method":"logout"}`), "200", "-32700", 0},
		"a name twice, coded": {calling(`{"jsonrpc":"2.0","id":1,"method":"system/getVersionInfo","\u006dethod":"logout"}`), "200", "-32700", 0},
		"bad UTF-8":           {calling(one("a\xff", "{}")), "200", "-32700", 0},
		"half a pair":         {calling(one("login/operatorLogin", `{"username":"\ud800","password":"x"}`)), "200", "-32700", 0},
		"NUL":                 {calling(one("a\x00", "{}")), "200", "-32700", 0},
		"a number for a flag": {calling(one("system/getVersionInfo", `{"a":1e999,"b":-0,"c":9007199254740993,"d":`+strings.Repeat("9", 400)+`}`)), "200", "-32000", 0},
		"a NUL that is coded": {calling(one("login/operatorLogin", `{"username":"a\u0000","password":"\u0000"}`)), "200", `"error"`, 0},
		"a long id":           {calling(`{"jsonrpc":"2.0","method":"a","id":"` + long(1_000_000) + `"}`), "200", `"error"`, 0},
		"100,000 calls":       {calling("[" + strings.Repeat("{},", 99_999) + "{}]"), "200", "-32600", 0},
		"100,000 numbers":     {calling("[" + strings.Repeat("1,", 99_999) + "1]"), "200", "-32600", 0},
		"10 MiB":              {calling(long(10 << 20)), "413", "-32600", 8 << 10},
		"10 MiB in chunks": {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("10000\r\n"+long(1<<16)+"\r\n", 160) + "0\r\n\r\n", "413", "-32600", 1<<20 + 512<<10},
		"10 MiB for a login":  {at("/login/doLogin.html", long(10<<20)), "413", "-32600", 8 << 10},
		"a gzip bomb":         {calling(gzipped(256<<20), "Content-Encoding: gzip\r\n"), "200", "-32700", 0},
		"a length that lies":  {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{}" + cutOff, "400", "", 0},
		"a length beyond all": {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n\r\n{}", "413", "", 0},
		"chunks that are all extensions": {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("1;"+long(2000)+"\r\n \r\n", 5000), "400", "", 1 << 20},
		"a trailer without end": {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" +
			strings.Repeat("A: "+long(1000)+"\r\n", 10_000), "400", "", 1 << 20},

		"deep arrays, its twin":      {at("/portal/rest/system/getVersionInfo", strings.Repeat("[", 500_000)), "400", "-32700", 0},
		"deep arrays at a login":     {at("/login/doLogin.html", `{"username":`+strings.Repeat("[", 500_000)), "302", "", 0},
		"deep arrays at v3":          {at("/v3/credentials", strings.Repeat("[", 500_000)), "401", "message", 0},
		"10 MiB for the twin":        {at("/portal/rest/login/operatorLogin", long(10<<20)), "413", "-32600", 8 << 10},
		"10 MiB for v3":              {at("/v3/credentials", long(10<<20)), "413", "message", 8 << 10},
		"10 MiB for a token":         {at("/oauth2/token", long(10<<20)), "413", "invalid_request", 8 << 10},
		"a gzip bomb for a token":    {at("/oauth2/token", gzipped(256<<20), "Content-Encoding: gzip\r\n"), "413", "invalid_request", 8 << 10},
		"a form of many names":       {at("/login/doLogin.html", strings.Repeat("a&", 500_000)), "302", "", 0},
		"a form of one name, again":  {at("/oauth2/token", strings.Repeat("grant_type=x&", 1000)), "400", "invalid_request", 0},
		"a form that is all escapes": {at("/login/doLogin.html", "username="+strings.Repeat("%00", 300_000)), "302", "", 0},
		"a query without end":        {at("/v3/credentials?"+strings.Repeat("view=x&", 8000), "{}"), "401", "message", 0},
		"NUL for a token":            {at("/oauth2/token", "grant_type=\x00&client_id=%00"), "400", "error", 0},

		// Requests that two servers in a row might take apart in different ways.
		"two lengths":              {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400", "", 0},
		"a list of lengths":        {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}", "400", "", 0},
		"a signed length":          {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}", "400", "", 0},
		"a negative length":        {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}", "400", "", 0},
		"a length in hexadecimals": {"POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 0x2\r\n\r\n{}", "400", "", 0},
		"another coding":           {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501", "", 0},
		"chunked twice":            {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501", "", 0},
		"chunked, nearly":          {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "400", "", 0},
		"a blank before the colon": {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400", "", 0},
		"a bare CR":                {"POST /portal HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 2\r\n\r\n{}", "400", "", 0},
		"NUL in a header":          {"POST /portal HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", "400", "", 0},
		"no host":                  {"POST /portal HTTP/1.1\r\n\r\n", "400", "", 0},
		"two hosts":                {"POST /portal HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", "", 0},
		"a host that is none":      {"POST /portal HTTP/1.1\r\nHost: x/portal\r\n\r\n", "400", "", 0},
		"a chunk too long":         {"POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n", "400", "", 0},
		"HTTP/2 in the clear":      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404", "", 0},
		"an upgrade":               {"GET /portal HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "405", "", 0},
		"HTTP/0.9":                 {"GET /\r\n", "400", "", 0},
		"no HTTP":                  {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + cutOff, "400", "", 0},

		// Targets and headers.
		"a whole URL":           {"GET http://evil.example/portal HTTP/1.1\r\nHost: x\r\n\r\n", "405", "", 0},
		"another's URL":         {"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", "200", "", 0},
		"a tunnel":              {"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", "405", "", 0},
		"the server as a whole": {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200", "", 0},
		"a target without root": {"GET portal HTTP/1.1\r\nHost: x\r\n\r\n", "400", "", 0},
		"a broken escape":       {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400", "", 0},
		"NUL in the path":       {"GET /portal%00/rest HTTP/1.1\r\nHost: x\r\n\r\n", "404", "", 0},
		"a path of dots":        {"POST /" + strings.Repeat("../", 15_000) + "portal HTTP/1.1\r\nHost: x\r\n\r\n", "404", "", 0},
		"a path of slashes":     {"POST " + strings.Repeat("/", 60_000) + "nowhere HTTP/1.1\r\nHost: x\r\n\r\n", "404", "", 0},
		"a long URL":            {"GET /" + long(60_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", "404", "", 0},
		"a URL too long":        {"GET /" + long(10<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", "", 512 << 10},
		"a header too long":     {"GET / HTTP/1.1\r\nHost: x\r\nA: " + long(10<<20) + "\r\n\r\n", "431", "", 512 << 10},
		"too many headers":      {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 100_000) + "\r\n", "431", "", 512 << 10},
		"a long verb":           {long(10<<20) + " / HTTP/1.1\r\nHost: x\r\n\r\n", "431", "", 512 << 10},
		"nobody's expectation":  {"POST /portal HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\nContent-Length: 2\r\n\r\n{}", "417", "", 0},
		"a token too long":      {calling(version, "Authorization: Token "+long(60_000)+"\r\n"), "200", "-32000", 0},
		"cookies too many":      {calling(version, "Cookie: "+strings.Repeat("velocloud.session=x; ", 2800)+"\r\n"), "200", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			defer func(all testing.TB) { h.t = all }(h.t)
			h.t = t
			h.goesOn()
			read, heap := h.read.Load(), heapTaken()
			answer := h.send(c.request)
			read, heap = h.read.Load()-read, heapTaken()-heap
			if got := strings.TrimPrefix(answer, "HTTP/1.1 "); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" || !strings.Contains(got, c.holds) {
				t.Errorf("want %s with %s, got %.300q", c.want, c.holds, answer)
			}
			if strings.Count(answer, "HTTP/1.1 ") > 1 {
				t.Errorf("there are two answers: %.500q", answer)
			}
			if most := max(c.reads, min(int64(len(c.request)), 2<<20)); read > most {
				t.Errorf("%d bytes were read, of %d at most", read, most)
			}
			if heap > 64<<20 {
				t.Errorf("%d MiB were taken from the heap", heap>>20)
			}
			if len(answer) > 2<<20 {
				t.Errorf("%d bytes were answered", len(answer))
			}
			h.goesOn()
		})
	}
}

// heapTaken is what has been taken from the heap, all in all. Tests beside would count too, so whoever looks at it is not parallel.
func heapTaken() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// A message with a length and chunks is one that a proxy in front may take for two. Nothing is read behind it.
func TestSmuggledRequestIsNotServed(t *testing.T) {
	h := newHouse(t, nil)
	const hidden = "POST /portal/rest/hidden HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
	for name, request := range map[string]string{
		"length, then chunks": fmt.Sprintf("POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+len(hidden)) + hidden,
		"chunks, then length": fmt.Sprintf("POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n", 5+len(hidden)) + hidden,
		"chunks in HTTP/1.0":  "POST /portal HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
		"behind a refusal":    fmt.Sprintf("POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 2<<20) + hidden,
	} {
		if answer := h.send(request); strings.Count(answer, "X-Request-Id") != 1 { // net/http has none in its own refusals
			t.Errorf("%s: %q", name, answer)
		}
	}
	h.goesOn()
}

// Whoever closes his half of the connection behind his request is answered, and not as if the fault were ours, though net/http takes him
// for gone.
func TestHalfClosed(t *testing.T) {
	h := newHouse(t, nil)
	untilGone := func(r *http.Request) { <-r.Context().Done() }
	h.arrived.Store(&untilGone)
	answer := h.send(calling(one("apiToken/create", `{"name":"x"}`), "Authorization: Token "+h.token+"\r\n") + cutOff)
	if !strings.HasPrefix(answer, "HTTP/1.1 400") || !strings.Contains(answer, "-32600") {
		t.Errorf("%q", answer)
	}
	h.arrived.Store(nil)
	h.goesOn()
}

// A thousand requests in one go are answered in their order, each once.
func TestPipelinedRequests(t *testing.T) {
	h := newHouse(t, nil)
	var all strings.Builder
	for i := range 1000 {
		all.WriteString(calling(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"system/getVersionInfo","params":{}}`, i)))
	}
	conn := dial(t, h.host)
	go func() { _, _ = io.WriteString(conn, all.String()) }()
	r := bufio.NewReader(conn)
	for i := range 1000 {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(body), fmt.Sprintf(`"id":%d}`, i)) {
			t.Fatalf("%d: %s, %v", i, body, err)
		}
	}
	if h.most.Load() != 1 {
		t.Errorf("%d were served at once", h.most.Load())
	}
}

// Every server of the program bounds how long it waits for a caller, and what he may send ahead of the body.
func TestServersHaveLimits(t *testing.T) {
	t.Parallel()
	o := openHere(t, secure)
	srv, err := o.server()
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*http.Server{"calls": srv, "others": o.httpServer(nil)} {
		for what, d := range map[string]time.Duration{
			"headers": s.ReadHeaderTimeout, "request": s.ReadTimeout, "answer": s.WriteTimeout, "idle": s.IdleTimeout,
		} {
			if d <= 0 || d > 2*time.Minute {
				t.Errorf("%s: %s has %v", name, what, d)
			}
		}
		if s.MaxHeaderBytes <= 0 || s.MaxHeaderBytes > 64<<10 {
			t.Errorf("%s: headers of %d bytes", name, s.MaxHeaderBytes)
		}
	}
	if n := srv.HTTP2.MaxConcurrentStreams; n <= 0 || n > 100 {
		t.Errorf("%d streams", n)
	}
}

// Whoever sends a byte a second, or nothing, is dropped in his time, whatever he began.
func TestSlowSendersAreDropped(t *testing.T) {
	slow(t)
	t.Parallel()
	plain, safe := newHouse(t, nil), newHouse(t, secure)
	for name, c := range map[string]struct {
		h     *house
		begin string
		most  time.Duration
	}{
		"slow headers":     {plain, "POST /portal HTTP/1.1\r\nHost: x\r\nA: ", headerTime},
		"nothing":          {plain, "", headerTime},
		"a slow body":      {plain, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", readTime},
		"slow chunks":      {plain, "POST /portal HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", readTime},
		"a slow handshake": {safe, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", headerTime},
		"no handshake":     {safe, "", headerTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, c.h.host)
			fmt.Fprint(conn, c.begin)
			closed := make(chan struct{})
			go func() { defer close(closed); _, _ = io.Copy(io.Discard, conn) }()
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for late := time.After(c.most + 10*time.Second); ; {
				select {
				case <-closed:
					return
				case <-late:
					t.Fatalf("he is not dropped after %v", c.most)
				case <-tick.C:
					if c.begin != "" {
						_, _ = io.WriteString(conn, "1")
					}
					c.h.goesOn()
				}
			}
		})
	}
}
