package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkMetrics makes the same authenticated read with metrics and without, turn by turn, so that a machine whose speed drifts
// does not decide. It is made without a network, beside which the difference would not show. Run it with -benchtime 1x.
func BenchmarkMetrics(b *testing.B) {
	const rounds, reads = 41, 2000
	off, on := reader(b, opsOff), reader(b, opsDefault)
	var took [2][]time.Duration
	for range rounds {
		for i, read := range []func(){off, on} {
			begun := time.Now()
			for range reads {
				read()
			}
			took[i] = append(took[i], time.Since(begun)/reads)
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, name := range []string{"off", "on"} {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][rounds/2]), "ns/"+name)
	}
	b.ReportMetric(100*(float64(took[1][rounds/2])/float64(took[0][rounds/2])-1), "%more")
}

// openDemo opens a demo portal, and answers the demo's API token too.
func openDemo(t testing.TB, change func(*Config)) (*instance, string) {
	t.Helper()
	o := openHere(t, func(c *Config) {
		c.Demo, c.DemoPassword, c.PublicAddress = true, demoPassword, "portal.example"
		if change != nil {
			change(c)
		}
	})
	var out strings.Builder
	if err := o.firstOperator(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if err := o.makeDemo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(out.String(), "Authorization: Token ")
	token, _, _ = strings.Cut(token, `"`)
	return o, token
}

// reader is a read of an enterprise by API token, in a demo portal.
func reader(b *testing.B, ops string) func() {
	b.Helper()
	o, token := openDemo(b, func(c *Config) { c.OpsListen = ops })
	srv, err := o.server()
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		r := httptest.NewRequest(http.MethodPost, "/portal", strings.NewReader(
			`{"jsonrpc":"2.0","id":1,"method":"enterprise/getEnterprise","params":{"enterpriseId":1}}`))
		r.Header.Set("Authorization", "Token "+token)
		w := httptest.NewRecorder()
		if srv.Handler.ServeHTTP(w, r); !strings.Contains(w.Body.String(), "Acme") {
			panic(fmt.Sprint(w.Code, w.Body))
		}
	}
}
