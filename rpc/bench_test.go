package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

const benchCall = `{"jsonrpc":"2.0","id":1,"method":"enterprise/getEnterprise","params":{"enterpriseId":7,"with":["x"]}}`

type benchParams struct {
	EnterpriseID rpc.ID      `json:"enterpriseId"`
	With         rpc.Strings `json:"with"`
}

// benchResult is about as large as an enterprise.
type benchResult struct {
	ID, NetworkID, GatewayPoolID, ProxyID, OperatorID     int64
	Created, Modified                                     string
	AlertsEnabled, OperatorAlertsEnabled, EndpointEnabled int
	Name, Domain, Prefix, LogicalID, AccountNumber        string
	Description, Contact, Phone, Mobile, Email            *string
}

var benchAnswer = benchResult{ID: 7, NetworkID: 1, Created: "2023-11-14T22:13:20.123Z", Modified: "2023-11-14T22:13:20.123Z",
	Name: "Acme", LogicalID: "f0a5ca0f-4a77-4f8e-a3d3-1d9b3a4c5d6e", AccountNumber: "ACM-0001"}

// bare is what net/http and encoding/json cost by themselves: no checks, no log.
var bare = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	var call struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  struct {
			EnterpriseID int64    `json:"enterpriseId"`
			With         []string `json:"with"`
		} `json:"params"`
	}
	if json.Unmarshal(b, &call) != nil {
		w.WriteHeader(400)
		return
	}
	out, _ := json.Marshal(struct {
		JSONRPC string          `json:"jsonrpc"`
		Result  benchResult     `json:"result"`
		ID      json.RawMessage `json:"id"`
	}{"2.0", benchAnswer, call.ID})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out)
})

func benchServer(b *testing.B) http.Handler {
	return newHouse(b, func(o *rpc.Options) {
		o.Log = zerolog.New(io.Discard).With().Timestamp().Logger()
		table, err := rpc.NewTable([]rpc.Method{{Name: "enterprise/getEnterprise", Doc: "d", Rule: auth.All(auth.Read.On(auth.EnterpriseObject)),
			Do: do(func(*auth.Principal, benchParams) (benchResult, error) { return benchAnswer, nil })}})
		if err != nil {
			b.Fatal(err)
		}
		o.Table = table
	})
}

// BenchmarkHandler is the cost without a network.
func BenchmarkHandler(b *testing.B) {
	for name, c := range map[string]struct {
		h    http.Handler
		body string
	}{"bare": {bare, benchCall}, "portico": {benchServer(b), benchCall}, "garbage": {benchServer(b), benchCall + "x"},
		"deep":  {benchServer(b), strings.Repeat("[", 1<<20)},
		"batch": {benchServer(b), "[" + strings.Repeat("{},", 99_999) + "{}]"},
		"many":  {benchServer(b), `{"a":[` + strings.Repeat("0,", 400_000) + "0]}"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			body := bytes.NewReader([]byte(c.body))
			r := httptest.NewRequest("POST", "/portal", nil)
			r.Header.Set("Authorization", "Token acme")
			w := &sink{header: http.Header{}}
			for b.Loop() {
				body.Reset([]byte(c.body))
				r.Body, r.ContentLength = io.NopCloser(body), int64(len(c.body))
				clear(w.header)
				c.h.ServeHTTP(w, r)
			}
		})
	}
}

type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkHTTP is the cost over a listener, client included.
func BenchmarkHTTP(b *testing.B) {
	for _, conns := range []int{16, 64} {
		for name, h := range map[string]http.Handler{"bare": bare, "portico": benchServer(b)} {
			b.Run(fmt.Sprintf("%s/%d", name, conns), func(b *testing.B) { overHTTP(b, h, conns) })
		}
	}
}

func overHTTP(b *testing.B, h http.Handler, conns int) {
	srv := httptest.NewServer(h)
	defer srv.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true}}
	defer client.CloseIdleConnections()
	b.SetParallelism(max(1, conns/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, _ := http.NewRequest("POST", srv.URL+"/portal", bytes.NewReader([]byte(benchCall)))
			r.Header.Set("Authorization", "Token acme")
			resp, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 200 {
				b.Errorf("status %d", resp.StatusCode)
			}
		}
	})
}
