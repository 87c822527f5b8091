package rpc

import (
	"container/list"
	"net/http"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
)

const (
	maxHeld    = 128 << 20 // bytes of all requests
	heldByEach = 16 << 10  // beside what it sends and is answered
)

// holdings bound the memory of requests whose callers are waited for, while bodies arrive and answers leave. When all requests hold more
// than they may, who has been waited for longest is cut off: not the connections count, of which each has many requests with HTTP/2,
// but what they take.
type holdings struct {
	most int64

	mu      sync.Mutex
	bytes   int64
	waiting list.List // of *exchange, the longest first
}

// A holding is what an exchange has of the holdings.
type holding struct {
	bytes  int64
	wait   *list.Element // in waiting; nil while the portal is what is waited for
	answer bool          // it is the answer that leaves
	cut    bool
}

// wait is called before x waits for its caller to send or take so many bytes in all.
func (h *holdings) wait(x *exchange, bytes int64, answer bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x.held.answer = answer
	h.set(x, heldByEach+bytes)
	if x.held.wait == nil {
		x.held.wait = h.waiting.PushBack(x)
	}
	for h.bytes > h.most && h.waiting.Len() > 0 {
		h.cut(h.waiting.Front().Value.(*exchange))
	}
}

// went ends that wait, and says whether it was cut off.
func (h *holdings) went(x *exchange) (cut bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop(x)
	return x.held.cut
}

// leave gives back what x held.
func (h *holdings) leave(x *exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stop(x)
	h.set(x, 0)
}

func (h *holdings) set(x *exchange, bytes int64) {
	h.bytes += bytes - x.held.bytes
	x.held.bytes = bytes
}

func (h *holdings) stop(x *exchange) {
	if x.held.wait != nil {
		h.waiting.Remove(x.held.wait)
		x.held.wait = nil
	}
}

// cut ends the wait of x, which has not left yet: a writer must not be touched later.
func (h *holdings) cut(x *exchange) {
	h.stop(x)
	h.set(x, 0)
	x.held.cut = true
	w := http.NewResponseController(x.w)
	if x.held.answer {
		_ = w.SetWriteDeadline(time.Unix(1, 0))
	} else {
		_ = w.SetReadDeadline(time.Unix(1, 0))
	}
}

// errCut is what he is told whose body was waited for too long to be kept.
var errCut = auth.Errorf(auth.Busy, "too much is being sent at once, and this has taken longest")

// An arrival is a body that is read into an exchange; what has come of it is held.
type arrival struct{ x *exchange }

func (a arrival) Read(b []byte) (int, error) {
	a.x.s.held.wait(a.x, headerSize(a.x.r.Header)+int64(max(2*a.x.body.Len(), a.x.body.Cap())), false) // a buffer that grows is there twice
	return a.x.r.Body.Read(b)
}

func headerSize(h http.Header) (n int64) {
	for name, values := range h {
		n += int64(len(name))
		for _, v := range values {
			n += int64(len(v))
		}
	}
	return n
}

// write sends the body of an answer, and waits until it has left: what net/http sends later is not held.
func (x *exchange) write(body []byte) {
	x.s.held.wait(x, int64(x.body.Cap()+x.out.Len()), true)
	if _, err := x.w.Write(body); err == nil && x.r.ProtoMajor > 1 {
		_ = http.NewResponseController(x.w).Flush()
	} // a client that has gone away needs no answer
}
