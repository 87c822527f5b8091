package rpc

import (
	"bytes"
	"encoding/json"
	"net/url"
)

// twin serves the REST-like paths and the login pages: the path names the method, the body is its params.
func (x *exchange) twin() {
	c := &x.call
	*c = call{x: x, name: x.route.method, start: x.start, params: -1}
	if err := c.twinParams(); err != nil {
		c.err = c.garbage(err)
	} else {
		c.dispatch()
	}
	f := c.finish(true)
	switch {
	case x.route.door == signIn:
		x.loginAnswer(f, c.err)
	case f != nil:
		x.settle(f)
	case x.route.leads:
		x.redirect()
	}
	c.end(f)
}

// twinParams reads the body. Nothing, and what is not an object, is an object without members.
func (c *call) twinParams() error {
	x := c.x
	body := bytes.TrimSpace(x.body.Bytes())
	if x.route.door == signIn && (len(body) == 0 || body[0] != '{') {
		body = formParams(body)
	}
	if len(body) == 0 {
		return nil
	}
	if err := x.doc.parse(body); err != nil {
		return parseError(err)
	}
	if x.doc.nodes[0].kind == object {
		c.params = 0
	}
	return nil
}

// formParams makes an object of a form. What cannot be understood of it is left out, so the login fails as any other.
func formParams(body []byte) []byte {
	form, _ := url.ParseQuery(string(body))
	params := make(map[string]string, len(form))
	for name, values := range form {
		params[name] = values[0]
	}
	b, _ := json.Marshal(params) // strings always can be
	return b
}
