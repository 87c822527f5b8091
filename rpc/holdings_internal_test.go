package rpc

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A deadlined writer notes which of its waits was ended.
type deadlined struct {
	http.ResponseWriter
	ended string
}

func (d *deadlined) SetReadDeadline(time.Time) error  { d.ended += "read "; return nil }
func (d *deadlined) SetWriteDeadline(time.Time) error { d.ended += "write "; return nil }

// When all hold too much together, who has been waited for longest is cut off, and no call for which the portal itself is waited.
func TestHoldings(t *testing.T) {
	h := &holdings{most: 10 * heldByEach}
	var all [4]*exchange
	for i := range all {
		all[i] = &exchange{w: &deadlined{ResponseWriter: httptest.NewRecorder()}}
	}
	expect := func(what string, bytes int64, ended ...string) {
		t.Helper()
		if h.bytes != bytes*heldByEach {
			t.Errorf("%s: %d bytes are held, not %d times %d", what, h.bytes, bytes, heldByEach)
		}
		for i, want := range ended {
			if got := all[i].w.(*deadlined).ended; got != want {
				t.Errorf("%s: of %d is ended %q, not %q", what, i, got, want)
			}
		}
	}
	for i, answer := range []bool{false, true, false} {
		h.wait(all[i], 2*heldByEach, answer)
	}
	expect("all have room", 9, "", "", "")
	if h.went(all[0]) {
		t.Error("who was not cut off is told so")
	}
	h.wait(all[3], 0, true)
	expect("just so", 10, "", "", "", "")
	h.wait(all[3], heldByEach, true)
	expect("the first is being answered", 8, "", "write ", "", "")
	if !h.went(all[1]) {
		t.Error("who was cut off is not told so")
	}
	h.wait(all[3], 4*heldByEach, true)
	expect("the next", 8, "", "write ", "read ", "")
	h.wait(all[3], 8*heldByEach, true)
	expect("he himself", 3, "", "write ", "read ", "write ")
	for _, x := range all {
		h.leave(x)
	}
	if expect("all have left", 0); h.waiting.Len() != 0 {
		t.Errorf("%d are waited for", h.waiting.Len())
	}
}
