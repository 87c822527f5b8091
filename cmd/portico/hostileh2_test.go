package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// An attacker speaks HTTP/2 as it should not be spoken.
type attacker struct {
	*http2.Framer
	t       testing.TB
	conn    *tls.Conn
	headers []byte
	heard   chan struct{} // a ping came back
	ended   chan struct{} // closed when the server has closed the connection
	reset   int           // streams that the server reset, or did not take; once it has ended
	refused int           // streams with an answer of 4xx
	goAway  *http2.GoAwayFrame
}

func attack(h *house, path string) *attacker {
	h.t.Helper()
	conn, err := tls.Dial("tcp", h.host, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	f := http2.NewFramer(conn, conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	a := &attacker{Framer: f, t: h.t, conn: conn, heard: make(chan struct{}, 1), ended: make(chan struct{})}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		h.t.Fatal(err)
	}
	if err := a.WriteSettings(); err != nil {
		h.t.Fatal(err)
	}
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":path", path}, {":authority", "portal.example"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1], Sensitive: true})
	}
	a.headers = b.Bytes()
	return a
}

// listen reads what the server has to say until it closes the connection, or the attacker does.
func (a *attacker) listen() {
	defer close(a.ended)
	for {
		f, err := a.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			a.t.Error("neither answered nor dropped")
		}
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if strings.HasPrefix(f.PseudoValue("status"), "4") {
				a.refused++
			}
		case *http2.RSTStreamFrame:
			a.reset++
		case *http2.GoAwayFrame:
			a.goAway = f
		case *http2.PingFrame:
			a.heard <- struct{}{}
		}
	}
}

// open begins a request on a stream; its body ends with it, or is yet to come.
func (a *attacker) open(stream uint32, ends bool) error {
	return a.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: a.headers, EndHeaders: true, EndStream: ends})
}

func secure(c *Config) { c.PlainHTTP = false }

// Requests that are taken back at once do not have more of them served at a time than there may be streams, and he who makes many is cut off
// (CVE-2023-44487).
func TestRapidReset(t *testing.T) {
	h := newHouse(t, secure)
	a := attack(h, "/portal/rest/system/getVersionInfo")
	go a.listen()
	const many = 10_000
	sent := 0
	for ; sent < many; sent++ {
		if a.open(uint32(2*sent+1), true) != nil || a.WriteRSTStream(uint32(2*sent+1), http2.ErrCodeCancel) != nil {
			break
		}
	}
	a.conn.Close()
	<-a.ended
	if n := h.most.Load(); n > maxStreams {
		t.Errorf("%d were served at once", n)
	}
	t.Logf("%d of %d requests were written, %d served, %d at once", sent, many, h.begun.Load(), h.most.Load())
	h.goesOn()
}

// Of a thousand streams whose bodies do not come, as many are waited for as there may be.
func TestManyStreams(t *testing.T) {
	h := newHouse(t, secure)
	a := attack(h, "/portal")
	go a.listen()
	const many = 1000
	for i := range uint32(many) {
		if err := a.open(2*i+1, false); err != nil {
			break
		}
	}
	h.goesOn()
	_ = a.WritePing(false, [8]byte{})
	select { // when all of them have been dealt with
	case <-a.heard:
	case <-a.ended:
	}
	if n := h.most.Load(); n > maxStreams+1 { // and the other's
		t.Errorf("%d were served at once", n)
	}
	h.goesOn()
	a.conn.Close()
	<-a.ended
	if a.reset < many-maxStreams && a.goAway == nil {
		t.Errorf("%d of %d streams were refused", a.reset, many)
	}
	h.goesOn()
}

// Answers that nobody takes, and bodies that do not end, are many with HTTP/2 though connections are few. They are held up to a bound; then
// those that have been waited for longest are cut off, and who takes what he asked for is served.
func TestHeldMemoryIsBounded(t *testing.T) {
	slow(t)
	const connections, most = 20, 320 << 20 // the bound is 128 MiB; buffers are larger than what is in them
	for name, c := range map[string]struct {
		path string
		send func(a *attacker, stream uint32) error
		cut  func(a *attacker) int
	}{
		"answers": {"/portal/rest/rpc.discover", func(a *attacker, stream uint32) error { return a.open(stream, true) }, func(a *attacker) int { return a.reset }},
		"bodies": {"/portal", func(a *attacker, stream uint32) error {
			err := a.open(stream, false)
			for range 40 { // of 16 KiB; the server takes them all, so its window does not end
				err = errors.Join(err, a.WriteData(stream, false, make([]byte, 16<<10)))
			}
			return err
		}, func(a *attacker) int { return a.refused }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, secure)
			h.goesOn()
			before := heapHeld()
			var all []*attacker
			for range connections {
				a := attack(h, c.path)
				_ = a.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
				go a.listen()
				for i := range uint32(maxStreams) {
					if err := c.send(a, 2*i+1); err != nil {
						t.Fatal(err)
					}
				}
				_ = a.WritePing(false, [8]byte{})
				<-a.heard
				all = append(all, a)
			}
			h.goesOn()
			held := heapHeld() - before
			if held > most {
				t.Errorf("%d MiB are held", held>>20)
			}
			cut := 0
			for _, a := range all {
				a.conn.Close()
				<-a.ended
				cut += c.cut(a)
			}
			if cut == 0 || cut == connections*maxStreams {
				t.Errorf("%d of %d streams were cut off", cut, connections*maxStreams)
			}
			t.Logf("%d of %d streams were cut off, %d MiB are held", cut, connections*maxStreams, held>>20)
			h.goesOn()
		})
	}
}

// heapHeld is what the heap holds that is in use.
func heapHeld() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A stream whose body comes a byte a second is answered and ended in its time; the connection, and its other streams, go on.
func TestSlowStreamIsEnded(t *testing.T) {
	slow(t)
	t.Parallel()
	h := newHouse(t, secure)
	a := attack(h, "/portal/rest/system/getVersionInfo")
	_ = a.conn.SetDeadline(time.Now().Add(readTime + 20*time.Second))
	go a.listen()
	if err := a.open(1, false); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for late := time.After(readTime + 10*time.Second); h.running.Load() > 0 || h.begun.Load() == 0; {
		select {
		case <-late:
			t.Fatalf("it is not ended after %v", readTime)
		case <-tick.C:
			_ = a.WriteData(1, false, []byte("1"))
		}
	}
	_ = a.open(3, true)
	_ = a.WritePing(false, [8]byte{})
	<-a.heard
	a.conn.Close()
	<-a.ended
	if a.refused != 1 || h.begun.Load() != 2 {
		t.Errorf("%d streams were refused, and %d served", a.refused, h.begun.Load())
	}
	h.goesOn()
}

// Headers that do not end, and frames that ask for answers which nobody reads, are not collected without bound.
func TestFloodsOfFrames(t *testing.T) {
	for name, flood := range map[string]func(a *attacker, i int) error{
		"continuations": func(a *attacker, i int) error { // CVE-2023-45288
			if i == 0 {
				return a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.headers})
			}
			return a.WriteContinuation(1, false, field(1000))
		},
		"settings": func(a *attacker, _ int) error { return a.WriteSettings() },
		"pings":    func(a *attacker, _ int) error { return a.WritePing(false, [8]byte{}) },
		"priorities": func(a *attacker, i int) error {
			return a.WritePriority(uint32(2*i+1), http2.PriorityParam{StreamDep: uint32(2*i + 3)})
		},
		"resets of nothing": func(a *attacker, i int) error { return a.WriteRSTStream(uint32(2*i+1), http2.ErrCodeCancel) },
		"windows":           func(a *attacker, _ int) error { return a.WriteWindowUpdate(0, 1<<31-1) },
		"a header too long": func(a *attacker, i int) error {
			return a.WriteHeaders(http2.HeadersFrameParam{StreamID: uint32(2*i + 1), BlockFragment: append(bytes.Clone(a.headers), field(16_000)...), EndHeaders: i%8 == 7})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, secure)
			h.goesOn()
			heap := heapTaken()
			a := attack(h, "/portal")
			_ = a.conn.SetWriteDeadline(time.Now().Add(2 * time.Second)) // the server may also stop to read
			sent := 0
			for ; sent < 50_000 && flood(a, sent) == nil; sent++ {
			}
			heap = heapTaken() - heap
			h.goesOn()
			if heap > 256<<20 {
				t.Errorf("%d MiB were taken from the heap", heap>>20)
			}
			t.Logf("%d frames, %d bytes read, %d KiB of heap", sent, h.read.Load(), heap>>10)
		})
	}
}

// field is one header that is so long, as HPACK has it: literal, never indexed.
func field(n int) []byte {
	var b bytes.Buffer
	_ = hpack.NewEncoder(&b).WriteField(hpack.HeaderField{Name: "a", Value: string(bytes.Repeat([]byte("\x01"), n)), Sensitive: true})
	return b.Bytes()
}
