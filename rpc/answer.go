package rpc

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
)

// Values of headers that never change. They are shared, so that an answer does not allocate them.
var (
	jsonType = []string{"application/json"}
	nosniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
	closing  = []string{"close"}
	zero     = []string{"0"}
	soon     = []string{"5"}
	bearer   = []string{"Bearer"}
	narrow   = []string{`Bearer error="insufficient_scope"`}
	gzipped  = []string{"gzip"}
	varies   = []string{"Accept-Encoding"}
)

// finish writes the answer of a call, if it wants one, and tells the error in it.
func (c *call) finish(answer bool) *fault {
	out := &c.x.out
	mark := out.Len()
	if c.err == nil {
		c.err = c.write(answer)
	}
	if c.err == nil {
		return nil
	}
	out.Truncate(mark)
	f := faultOf(c.err, c.x.id)
	if answer {
		c.x.writeFault(f, c.id)
	}
	return f
}

// write writes a result: on the REST-like paths bare, on the other between what JSON-RPC puts around it.
func (c *call) write(answer bool) error {
	c.act()
	if !answer {
		return nil
	}
	out := &c.x.out
	bare := c.x.route.door != portal
	if !bare {
		out.WriteString(`{"jsonrpc":"2.0","result":`)
	}
	if err := c.writeResult(); err != nil || bare {
		return err
	}
	out.WriteString(`,"id":`)
	out.Write(c.id)
	out.WriteByte('}')
	return nil
}

// act does what results mean beyond the body.
func (c *call) act() {
	switch v := c.out.(type) {
	case SessionStarted:
		c.x.session = v.cookie(c.x.tls)
	case SessionEnded:
		if c.x.creds.cookie != "" {
			c.x.session = v.cookie(c.x.tls)
		}
	}
}

func (c *call) writeResult() error {
	out := &c.x.out
	switch c.out.(type) {
	case SessionStarted, SessionEnded:
		out.WriteString("null")
		return nil
	case discovery:
		out.Write(c.x.s.openRPC())
		return nil
	}
	if c.row.list && c.x.route.door != foreign && reflect.ValueOf(c.out).IsNil() {
		out.WriteString("[]")
		return nil
	}
	return c.x.put(c.out)
}

// put encodes v. A panic on the way is an error like one of a method.
func (p *paper) put(v any) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	if err := p.encode.Encode(v); err != nil {
		return err
	}
	p.out.Truncate(p.out.Len() - 1) // the encoder ends with a new line
	return nil
}

func (x *exchange) writeFault(f *fault, id []byte) {
	if x.route.door == foreign {
		_ = x.put(f.foreign())
		return
	}
	if x.route.door != portal {
		x.out.WriteString(`{"error":`)
		_ = x.put(f) // numbers, strings and a list of them
		x.out.WriteByte('}')
		return
	}
	x.out.WriteString(`{"jsonrpc":"2.0","error":`)
	_ = x.put(f)
	x.out.WriteString(`,"id":`)
	if id == nil {
		x.out.WriteString("null")
	}
	x.out.Write(id)
	x.out.WriteByte('}')
}

// refuse answers a request as a whole.
func (x *exchange) refuse(err error) {
	f := faultOf(err, x.id)
	x.out.Reset()
	x.call = call{x: x, start: x.start, err: err, overLimit: x.call.overLimit}
	if e := x.route.endpoint; e != nil {
		x.call.name = e.Path
		x.turnAway(f)
	} else {
		x.writeFault(f, nil)
		x.settle(f)
	}
	x.call.end(f)
}

// settle chooses the status and the headers that go with the error of the only call.
func (x *exchange) settle(f *fault) {
	h := x.w.Header()
	x.status = f.status
	switch {
	case f.status != 0:
	case x.route.door == portal:
		x.status = statusOfMethod
	case x.route.door == foreign:
		x.status = f.foreignStatus()
	default:
		x.status = statusOfMethodREST
	}
	switch {
	case x.route.door == foreign && x.status == http.StatusUnauthorized:
		h["Www-Authenticate"] = challenge(f.kind)
	case f.kind == auth.Unauthenticated:
		x.unauthorized(h)
	case f.kind == auth.Busy || f.kind == auth.Unavailable || f.kind == auth.Unverifiable:
		h["Retry-After"] = retryAfter(f.after)
	}
}

// challenge tells those who are not signed in from those who are and may not, though the status is one.
func challenge(k auth.Kind) []string {
	if k == auth.Unauthenticated {
		return bearer
	}
	return narrow
}

// retryAfter is in whole seconds: too late rather than in vain.
func retryAfter(d time.Duration) []string {
	if d == 0 {
		return soon
	}
	return []string{strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)}
}

// unauthorized is 200 unless the portal is told otherwise: the real one answers so, and clients key on Expires.
func (x *exchange) unauthorized(h http.Header) {
	h["Expires"] = zero
	x.status = http.StatusOK
	if x.s.o.Authority.UnauthorizedStatus(x.r.Context()) == http.StatusUnauthorized {
		x.status = http.StatusUnauthorized
		h["Www-Authenticate"] = bearer
	}
}

// send writes the answer. It tells the length always: one client refuses chunked answers.
func (x *exchange) send() {
	h := x.w.Header()
	x.header(h, 0, "X-Request-Id", x.id)
	h["X-Content-Type-Options"] = nosniff
	if x.tls && x.s.strict != nil {
		h["Strict-Transport-Security"] = x.s.strict
	}
	if x.session != "" {
		x.header(h, 1, "Set-Cookie", x.session)
	}
	if !x.deprecated.IsZero() {
		h["Deprecation"] = []string{structured(x.deprecated)}
	}
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = noStore
	}
	if x.status == http.StatusNoContent || x.status == http.StatusNotModified {
		x.w.WriteHeader(x.status)
		return
	}
	body := x.out.Bytes()
	if len(body) > 0 && h["Content-Type"] == nil {
		h["Content-Type"] = jsonType
	}
	if len(body) > worthGzip && x.route.door != atPage {
		h["Vary"] = varies
		if takesGzip(x.r.Header["Accept-Encoding"]) {
			h["Content-Encoding"] = gzipped
			body = squeeze(body)
		}
	}
	x.header(h, 2, "Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(x.status)
	if x.r.Method != http.MethodHead {
		x.write(body)
	}
}

// strict is the header by which browsers come over TLS alone. It speaks for this host and not for those below it.
func strict(d time.Duration) []string {
	if d <= 0 {
		return nil
	}
	return []string{"max-age=" + strconv.FormatInt(int64(d/time.Second), 10)}
}

// header sets a header without allocating its list.
func (x *exchange) header(h http.Header, i int, name, value string) {
	x.headers[i][0] = value
	h[name] = x.headers[i][:]
}

// worthGzip is the size beyond which answers are compressed for those who ask.
const worthGzip = 8 << 10

func takesGzip(headers []string) bool {
	for _, h := range headers {
		for word := range strings.SplitSeq(h, ",") {
			name, q, _ := strings.Cut(word, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q = strings.ReplaceAll(q, " ", "")
				return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || !strings.HasPrefix(q, "q=")
			}
		}
	}
	return false
}

var zips = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return z
}}

func squeeze(b []byte) []byte {
	z := zips.Get().(*gzip.Writer)
	defer zips.Put(z)
	var out bytes.Buffer
	out.Grow(len(b) / 4)
	z.Reset(&out)
	_, _ = z.Write(b) // into memory
	_ = z.Close()
	return out.Bytes()
}
