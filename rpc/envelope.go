package rpc

import (
	"errors"
	"net/http"
)

// portal serves JSON-RPC 2.0: one call, or a batch of them.
func (x *exchange) portal() {
	err := x.doc.parse(x.body.Bytes())
	switch {
	case errors.Is(err, errBatch):
		x.refuse(x.garbage(badRequest(err.Error())))
		return
	case err != nil:
		x.refuse(x.garbage(parseError(err)))
		return
	}
	top := x.doc.nodes[0]
	switch {
	case top.kind != array:
		x.item(0, false)
	case top.next == 1:
		x.refuse(x.garbage(badRequest("an empty batch")))
		return
	default:
		x.batch()
	}
	if x.out.Len() == 0 {
		x.status = http.StatusNoContent
	}
}

// batch makes the calls in their order. Their answers stand in one array; if none has one, there is no array either. When the
// limits refuse the first, none is made.
func (x *exchange) batch() {
	end := int(x.doc.nodes[0].next)
	for n := 1; n < end; n = int(x.doc.nodes[n].next) {
		mark := x.out.Len()
		x.out.WriteByte("[,"[min(mark, 1)])
		x.item(n, true)
		if x.status != http.StatusOK {
			return
		}
		if x.out.Len() == mark+1 {
			x.out.Truncate(mark)
		}
	}
	if x.out.Len() > 0 {
		x.out.WriteByte(']')
	}
}

// item makes the call at node n and writes its answer, if it wants one.
func (x *exchange) item(n int, batch bool) {
	c := &x.call
	*c = call{x: x, batch: batch, start: x.start, params: -1}
	if batch {
		c.start = x.s.o.Now()
	}
	answer, err := c.fill(&x.doc, n)
	switch {
	case err != nil:
		c.err = c.garbage(err)
	case x.out.Len() > maxAnswer:
		c.err = errLongBatch
	default:
		c.dispatch()
	}
	f := c.finish(answer)
	switch {
	case f == nil || !answer:
	case !batch:
		x.settle(f)
	case n == 1 && f.after > 0: // nothing was done yet, so the batch may be sent again as it is
		x.out.Reset()
		x.writeFault(f, nil)
		x.settle(f)
	}
	c.end(f)
}

// fill reads the members of a Request object. It says whether the call wants an answer: a notification does not, but
// what is no valid Request object is no notification either.
func (c *call) fill(d *doc, n int) (answer bool, err error) {
	if d.nodes[n].kind != object {
		return true, badRequest("a call must be an object")
	}
	version, named, bad := false, false, ""
	for j := n + 1; j < int(d.nodes[n].next); j = int(d.nodes[j+1].next) {
		v := j + 1
		k := d.nodes[v].kind
		switch string(d.name(j)) {
		case "jsonrpc":
			version = k == text && d.text(v) == "2.0"
		case "method":
			if named = k == text; named {
				c.name = d.text(v)
			}
		case "id":
			if k == text || k == number || k == null {
				c.id = d.raw(v)
			} else {
				bad = "id must be a string, a number or null"
			}
		case "params":
			if c.params = v; k != object && k != array {
				bad = "params must be an object or an array"
			}
		}
	}
	switch {
	case !version:
		bad = `jsonrpc must be "2.0"`
	case !named:
		bad = "method must be a string"
	}
	if bad != "" {
		return true, badRequest(bad)
	}
	if c.params >= 0 && d.nodes[c.params].kind == array && d.nodes[c.params].next == uint32(c.params)+1 {
		c.params = -1 // an empty array holds as many params as an empty object
	}
	return c.id != nil, nil
}
