package rpc

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	maxBody   = 1 << 20 // bytes
	largeBody = 64 << 10
	firstPart = 32 << 10 // of a body, after which its length is believed
	maxBatch  = 100      // calls
	maxAnswer = 16 << 20 // bytes after which a batch is not gone on with
)

// An exchange is one HTTP request and its answer. The calls in it are made one after the other, so it holds one.
type exchange struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	route route
	creds credentials

	id      string
	source  string
	tls     bool
	relayed bool
	start   time.Time

	*paper
	status  int
	session string // Set-Cookie, if a call starts or ends a session

	deprecated time.Time // since when a method is that was called
	call       call
	held       holding
	headers    [3][1]string // backs the values of headers
}

// paper is what an exchange is written on, used again by later ones.
type paper struct {
	body   bytes.Buffer
	doc    doc
	out    bytes.Buffer
	encode *json.Encoder // into out
}

// papers and largePapers are for requests with bodies of up to largeBody bytes, and of more: those who send such bodies one after the
// other would else make the collector run for all.
var papers, largePapers = sync.Pool{New: newPaper}, sync.Pool{New: newPaper}

func newPaper() any {
	p := new(paper)
	p.encode = json.NewEncoder(&p.out)
	p.encode.SetEscapeHTML(false)
	return p
}

func papersFor(body int64) *sync.Pool {
	if body > largeBody {
		return &largePapers
	}
	return &papers
}

func newExchange(s *Server, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{s: s, w: w, r: r, id: newID(), start: s.o.Now(), paper: papersFor(r.ContentLength).Get().(*paper), status: http.StatusOK}
	x.source, x.tls = s.origin(r)
	x.relayed = relayed(r.Header)
	return x
}

// release gives the paper back, unless it has grown so much that it would only lie around.
func (x *exchange) release() {
	x.s.held.leave(x)
	p := x.paper
	x.paper = nil
	if p.body.Cap() > 2*maxBody || p.out.Cap() > 256<<10 {
		return
	}
	if cap(p.doc.nodes) > 8<<10 {
		p.doc.nodes = nil
	}
	p.body.Reset()
	p.out.Reset()
	p.doc.src = nil
	papersFor(int64(p.body.Cap())).Put(p)
}

// newID makes the number of a request. It must be unique, not secret.
func newID() string {
	var u uuid.UUID
	binary.NativeEndian.PutUint64(u[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(u[8:], rand.Uint64())
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// guarded serves, and answers a panic outside the calls, of the authority for instance, as one inside them.
func (x *exchange) guarded() {
	defer func() {
		if v := recover(); v != nil {
			x.refuse(panicked(v))
		}
	}()
	x.serve(x.s.routeOf(x.r.Method, x.r.URL.Path))
}

// serve takes the request to where its path leads.
func (x *exchange) serve(to route) {
	x.route = to
	x.endAfterChunks()
	switch {
	case to.door == nowhere:
		x.refuse(errNotHere)
	case to.door == endpoint && to.endpoint.Below:
		x.visit()
	case x.r.Method == http.MethodOptions:
		x.w.Header().Set("Allow", to.verbs())
		x.status = http.StatusNoContent
		x.endPage()
	case to.get() && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead),
		to.door == atPage && to.page == x.s.pageAt("") && x.r.Method == http.MethodPost: // curl -L -X POST posts on after a login
		x.get()
	case to.path != nil:
		x.post()
	case to.get() || to.door == foreign || x.r.Method != http.MethodPost:
		x.w.Header().Set("Allow", to.verbs())
		x.refuse(errVerb)
	default:
		x.post()
	}
}

// endAfterChunks has the connection closed behind a request with chunks. It may have had a length besides, of which net/http keeps
// nothing: a proxy that went by the length takes for the body what would be read as the next request (RFC 9112, section 6.1).
func (x *exchange) endAfterChunks() {
	if x.r.ProtoMajor == 1 && len(x.r.TransferEncoding) > 0 {
		x.w.Header()["Connection"] = closing
	}
}

// post serves the paths that take calls, those that other verbs than POST go to among them. What it refuses, it refuses whole.
func (x *exchange) post() {
	if err := x.read(); err != nil {
		x.refuse(err)
		return
	}
	if x.creds = credentialsOf(x.r.Header); x.creds.headers > 1 {
		x.refuse(errTwoHeaders)
		return
	}
	sameSite := x.route.door == signIn || x.route.door == signOut || x.route.door == endpoint
	if (sameSite || x.creds.onlyCookie()) && x.s.crossSite.Check(x.r) != nil {
		x.refuse(errCrossSite)
		return
	}
	switch x.route.door {
	case portal:
		x.portal()
	case endpoint:
		x.visit()
	case foreign:
		x.foreign()
	default:
		x.twin()
	}
}

// read reads the body, up to the limit.
func (x *exchange) read() error {
	limit := x.route.limit()
	if x.r.ContentLength > limit {
		return x.tooLarge()
	}
	from := io.LimitReader(arrival{x}, limit+1)
	var err error
	if rest := x.r.ContentLength - firstPart; rest > 0 {
		if _, err = io.CopyN(&x.body, from, firstPart); err == nil {
			x.body.Grow(int(rest) + bytes.MinRead)
		}
	}
	if err == nil {
		_, err = x.body.ReadFrom(from)
	}
	if x.s.held.went(x) {
		return errCut
	}
	if int64(x.body.Len()) > limit {
		return x.tooLarge()
	}
	if err != nil {
		return errBody
	}
	return nil
}

// tooLarge leaves the rest of the body unread. HTTP/1 must then close the connection; on HTTP/2 that would end the other
// calls on it, and some clients would not see the answer.
func (x *exchange) tooLarge() error {
	if x.r.ProtoMajor == 1 {
		x.w.Header()["Connection"] = closing
	}
	return errTooLarge
}
