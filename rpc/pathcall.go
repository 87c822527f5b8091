package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// foreign serves the paths of other products.
func (x *exchange) foreign() {
	c := &x.call
	*c = call{x: x, name: x.route.path.Method, start: x.start, params: -1}
	c.dispatch()
	f := c.finish(true)
	if f != nil {
		x.settle(f)
	}
	c.end(f)
}

// members are params in the making.
type members map[string]any

func (m members) put(name string, value json.RawMessage) {
	outer, inner, nested := strings.Cut(name, ".")
	if !nested {
		m[name] = value
		return
	}
	in, ok := m[outer].(members)
	if !ok {
		in = members{}
		m[outer] = in
	}
	in.put(inner, value)
}

// errNoRecord is the one answer for ids that are none, unknown, or not the caller's to see.
var errNoRecord = auth.Errorf(auth.NotFound, "there is no such record")

// translate makes params of the request, for the method and for the one that is asked besides. It is done behind the
// question who calls, so that a stranger does not learn what fits.
func (p *pathRow) translate(x *exchange) error {
	out := members{}
	for name, value := range p.Always {
		out.put(name, quoted(value))
	}
	for i, name := range p.ids {
		if !isID(x.route.ids[i]) {
			return errNoRecord
		}
		out.put(name, json.RawMessage(x.route.ids[i]))
	}
	query, err := fromQuery(x.r.URL.RawQuery)
	if err != nil {
		return err
	}
	body, err := p.fromBody(x)
	if err != nil {
		return err
	}
	if bad := append(gather(p.Query, query, out), gather(p.Body, body, out)...); len(bad) > 0 {
		return auth.BadFields(bad...)
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := x.doc.parse(b); err != nil {
		return parseError(err)
	}
	x.call.params = 0
	return nil
}

// isID says whether a part of a path is the one way to write a record's number.
func isID(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}

func quoted(s string) json.RawMessage {
	b, _ := json.Marshal(s) // strings always can be
	return b
}

// A source answers all values that a request has for a name, in whatever letter case it is written.
type source func(name string) []json.RawMessage

func fromQuery(raw string) (source, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("the query cannot be read")
	}
	return func(name string) (all []json.RawMessage) {
		for n, list := range values {
			if !strings.EqualFold(n, name) {
				continue
			}
			for _, v := range list {
				all = append(all, quoted(v))
			}
		}
		return all
	}, nil
}

// fromBody reads the body as JSON, whatever it is labelled as. Nothing, and null, is an object without members.
func (p *pathRow) fromBody(x *exchange) (source, error) {
	d := &x.doc
	body := bytes.TrimSpace(x.body.Bytes())
	if len(p.Body) == 0 || len(body) == 0 {
		body = []byte("{}")
	}
	if err := d.parse(body); err != nil {
		return nil, parseError(err)
	}
	if k := d.nodes[0].kind; k != object && k != null {
		return nil, badRequest("the body must be an object")
	}
	return func(name string) (all []json.RawMessage) {
		for j := 1; j < int(d.nodes[0].next); j = int(d.nodes[j+1].next) {
			if strings.EqualFold(string(d.name(j)), name) {
				all = append(all, d.raw(j+1))
			}
		}
		return all
	}, nil
}

// gather takes what a source has of the params. Two values for one of them are refused: which one counts would be a guess.
func gather(params []Param, from source, out members) (bad []auth.Field) {
	for _, p := range params {
		all := from(p.Name)
		if len(all) == 0 {
			all = []json.RawMessage{[]byte("null")}
		}
		value := p.word(all[0])
		switch {
		case len(all) > 1:
			bad = append(bad, auth.Field{Path: p.target(), Message: "is given more than once"})
		case p.Needed && (string(value) == "null" || string(value) == `""`):
			bad = append(bad, auth.Field{Path: p.target(), Message: "is required"})
		case string(value) != "null":
			out.put(p.target(), value)
		}
	}
	return bad
}

// word puts the method's word in the place of the other product's.
func (p Param) word(value json.RawMessage) json.RawMessage {
	var s string
	if value[0] == '"' && json.Unmarshal(value, &s) == nil {
		if w, ok := p.Words[strings.ToLower(s)]; ok {
			return quoted(w)
		}
	}
	return value
}

// named says what is wrong with the params in the other product's names.
func (p *pathRow) named(err error) error {
	var e *auth.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	names := map[string]string{}
	for _, q := range slices.Concat(p.Query, p.Body) {
		names[q.target()] = q.Name
	}
	fields := make([]auth.Field, len(e.Fields))
	for i, f := range e.Fields {
		if name := names[f.Path]; name != "" {
			f.Path = name
		}
		fields[i] = f
	}
	return auth.BadFields(fields...)
}

// run calls the path's method with in, and the one that is asked besides with aside, and shapes what they answer.
func (p *pathRow) run(c *call, in, aside any) (out any, err error) {
	var told, seen any
	if p.Answer.first {
		if seen, err = p.see(c, aside); err != nil {
			return nil, err
		}
	}
	if told, err = c.row.Do.run(c.context(), c.by, in); err != nil {
		return nil, err
	}
	if p.asks != nil && !p.Answer.first {
		if seen, err = p.see(c, aside); err != nil {
			return nil, err
		}
	}
	out, ok := p.Answer.shape(told, seen)
	if !ok {
		return nil, errNoRecord
	}
	return out, nil
}

func (p *pathRow) see(c *call, in any) (any, error) {
	seen, err := p.asks.Do.run(c.context(), c.by, in)
	if err == nil && reflect.ValueOf(seen).IsNil() {
		return nil, errNoRecord
	}
	return seen, err
}
