package rpc_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/rpc"
)

// Exchanges share the paper they are written on, one after the other: nothing of one may be seen in another.
func TestParallelCalls(t *testing.T) {
	h := newHouse(t, func(o *rpc.Options) { o.Log = zerolog.New(io.Discard) })
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprintf("%d-%d-%s", g, i, strings.Repeat("x", i*7%500))
				call := func(id string) string {
					return `{"jsonrpc":"2.0","id":"` + id + name + `","method":"needs","params":{"name":"` + name + `","who":1,"at":1700000000123}}`
				}
				answer := func(id string) string { return `{"jsonrpc":"2.0","result":"` + name + `","id":"` + id + name + `"}` }
				if got, want := h.ask("/portal", call("a"), "op").Body.String(), answer("a"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				got := h.ask("/portal", "["+call("a")+","+call("b")+"]", "op").Body.String()
				if want := "[" + answer("a") + "," + answer("b") + "]"; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestTooLargeOverTheNet(t *testing.T) {
	srv := httptest.NewServer(newHouse(t))
	defer srv.Close()
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	for _, body := range []io.Reader{bytes.NewReader(make([]byte, 3<<19)), io.MultiReader(bytes.NewReader(make([]byte, 3<<19)))} {
		r, err := http.NewRequest("POST", srv.URL+"/portal", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := tr.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 413 || !strings.Contains(got, `"error"`) || resp.ContentLength != int64(len(got)) {
			t.Errorf("%d %s", resp.StatusCode, got)
		}
	}
}

// On HTTP/2 an answer of 413 must not end the connection: the other calls on it go on, and clients see the body.
func TestTooLargeOverHTTP2(t *testing.T) {
	srv := httptest.NewUnstartedServer(newHouse(t))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	client := srv.Client()
	for range 2 {
		resp, err := client.Post(srv.URL+"/portal", "application/json", bytes.NewReader(make([]byte, 3<<19)))
		if err != nil {
			t.Fatal(err)
		}
		got := read(t, resp.Body)
		resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != 413 || !strings.Contains(got, `"error"`) || resp.Header.Get("Connection") != "" {
			t.Errorf("HTTP/%d %d %v %s", resp.ProtoMajor, resp.StatusCode, resp.Header, got)
		}
	}
}
