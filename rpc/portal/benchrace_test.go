package portal_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A contestant is one way to answer; call makes one call, as the i-th client.
type contestant struct {
	name string
	call func(i int) error
}

// race lets the contestants run in turns and reports each one's calls a second (the median of its rounds), and its share
// of the first one's (the median of the shares, round by round).
func race(b *testing.B, clients int, all ...contestant) {
	b.Helper()
	rates := make([][]float64, len(all))
	for r := range rounds + 1 {
		for i, c := range all {
			rate, err := run(clients, c.call)
			must(b, err)
			if r > 0 { // the first round warms up
				rates[i] = append(rates[i], rate)
			}
		}
	}
	for i, c := range all {
		b.ReportMetric(median(rates[i]), c.name+"/s")
		if i == 0 {
			continue
		}
		shares := make([]float64, len(rates[i]))
		for r := range shares {
			shares[r] = rates[i][r] / rates[0][r]
		}
		b.ReportMetric(median(shares), c.name+"/"+all[0].name)
	}
	b.ReportMetric(0, "ns/op")
}

func run(clients int, call func(int) error) (float64, error) {
	var n atomic.Int64
	start := time.Now()
	end := start.Add(roundFor)
	err := parallel(clients, clients, func(i int) error {
		for time.Now().Before(end) {
			if err := call(i); err != nil {
				return err
			}
			n.Add(1)
		}
		return nil
	})
	return float64(n.Load()) / time.Since(start).Seconds(), err
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// client posts a body and wants a status and a part of the answer.
func client(conns int) func(url, auth, body string, want []byte) error {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true}}
	return func(url, auth, body string, want []byte) error {
		r, err := http.NewRequest("POST", url, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header["Authorization"] = []string{auth}
		resp, err := c.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if !bytes.Contains(got, want) {
			return fmt.Errorf("status %d: %s", resp.StatusCode, got)
		}
		return nil
	}
}
