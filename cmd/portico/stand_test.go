package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestReadAhead: what has arrived of a body before its call waits is bounded, for each and for all, and nothing of it is lost.
func TestReadAhead(t *testing.T) {
	const step = 16 << 10
	for name, c := range map[string]struct {
		length, said int
		others       int64
		most         int
	}{
		"a short one":                {10, 10, 0, 10},
		"a long one":                 {maxAhead + 1, maxAhead + 1, 0, 0},
		"one that says no length":    {3 * maxAhead, -1, 0, maxAhead},
		"where others have too much": {10, 10, maxAllAhead, 0},
	} {
		s := new(stand)
		s.ahead.Store(c.others)
		body := strings.NewReader(strings.Repeat("x", c.length))
		r := httptest.NewRequest("POST", "/", io.NopCloser(body))
		r.ContentLength = int64(c.said)
		done := s.readAhead(r)
		if n := c.length - body.Len(); n > c.most || n < c.most-step || s.ahead.Load() != c.others+int64(n) {
			t.Errorf("%s: %d bytes are read, %d counted", name, n, s.ahead.Load()-c.others)
		}
		if b, err := io.ReadAll(r.Body); len(b) != c.length || err != nil {
			t.Errorf("%s: the call reads %d bytes, %v", name, len(b), err)
		}
		if done(); s.ahead.Load() != c.others {
			t.Errorf("%s: %d bytes are counted when it is done", name, s.ahead.Load()-c.others)
		}
	}
}

// A patient is a ResponseWriter that notes what it is told of its time.
type patient struct {
	http.ResponseWriter
	deadlines []time.Time
}

func (p *patient) SetWriteDeadline(at time.Time) error {
	p.deadlines = append(p.deadlines, at)
	return nil
}

// TestWaitingCostsNoTime: a call has all of its time when a reset that it waited for is over.
func TestWaitingCostsNoTime(t *testing.T) {
	s := &stand{Config: &Config{clock: new(settableClock)}}
	w := &patient{ResponseWriter: httptest.NewRecorder()}
	var h http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if len(w.deadlines) != 2 || !w.deadlines[0].IsZero() || time.Until(w.deadlines[1]) <= writeTime-time.Minute/2 {
			t.Errorf("deadlines: %v", w.deadlines)
		}
		w.deadlines = slices.Clone(w.deadlines[:0])
	})
	s.front(&h).ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("{}")))
	if len(w.deadlines) != 0 {
		t.Error("it was not called")
	}
}
