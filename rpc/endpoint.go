package rpc

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// An Endpoint is what is at a path where another standard says how a request and its answer look. The server does for it
// what it does for calls: origin, cross-site refusals, one answer with its length and number, one log line, and no word of
// a panic to the outside.
type Endpoint struct {
	Path  string // without slashes at its ends; logs and events have it for the method
	Verb  string // GET, which HEAD goes with, or POST
	Below bool   // what lies below the path is meant, too, by whatever verb: all asks the same, and no body is read
	Limit int    // of the body, in bytes; that of calls when 0

	// For the OpenAPI document: Doc is one sentence, Query what may stand in the address, by its name, Header what in headers, Form the
	// schema of the form that is posted, Answer that of the answer's body. Signed says that it is about an Authorization header of a
	// caller.
	Doc          string
	Query        map[string]Schema
	Header       map[string]Schema
	Form, Answer Schema
	Signed       bool

	// Do answers a request.
	Do func(ctx context.Context, r *Request) (Reply, error)
	// Refuse turns an error into an answer; also those of the server itself, as of a wrong verb.
	Refuse func(r *Request, why Refusal) Reply
}

// A Request is what an endpoint is asked. It is read as long as Do or Refuse runs.
type Request struct {
	auth.Call
	Header http.Header // with one Authorization at most
	Query  string      // as it came
	Body   []byte
}

// A Refusal is an error as far as it may leave the house.
type Refusal struct {
	Kind   auth.Kind
	Word   string // of the auth.Error
	Text   string
	Status int // 0: the endpoint's to choose
}

// A Reply is the answer of an endpoint.
type Reply struct {
	Status int // 200 when 0
	Header http.Header
	Body   any    // as JSON; nil is an empty body
	Word   string // what logs call a refusal
}

// endpointsOf are the endpoints by path. One that is there twice, or hides behind a path of the portal's own, is a
// programmer's mistake.
func endpointsOf(list []Endpoint) (m map[string]*Endpoint, below []*Endpoint) {
	m = make(map[string]*Endpoint, len(list))
	for _, e := range list {
		if m[e.Path] != nil || routeOf(e.Path).door != nowhere {
			panic(fmt.Sprintf("rpc: the path %q is taken", e.Path))
		}
		m[e.Path] = &e
		if e.Below {
			below = append(below, &e)
		}
	}
	return m, below
}

// routeOf finds what a request with a verb for a path is for.
func (s *Server) routeOf(verb, path string) route {
	r := routeOf(path)
	if r.door != nowhere {
		return r
	}
	path = oneSlash(path)
	if e := s.endpointAt(path); e != nil {
		return route{door: endpoint, endpoint: e}
	}
	if p := s.pageAt(path); p != nil {
		return route{door: atPage, page: p}
	}
	return s.foreignRoute(verb, path)
}

func (s *Server) endpointAt(path string) *Endpoint {
	if e := s.endpoints[path]; e != nil {
		return e
	}
	for _, e := range s.below {
		if rest, ok := strings.CutPrefix(path, e.Path); ok && rest[0] == '/' {
			return e
		}
	}
	return nil
}

// visit has the endpoint answer. It asks for itself who calls, so to the limits he is one who has not signed in.
func (x *exchange) visit() {
	x.call = call{x: x, name: x.route.endpoint.Path, start: x.start}
	if err := x.call.admit(); err != nil {
		x.refuse(err)
		return
	}
	defer x.call.pass.Release()
	reply, err := x.route.endpoint.Do(x.r.Context(), x.request())
	if err == nil {
		err = x.reply(reply)
	}
	if err != nil {
		x.refuse(err)
		return
	}
	x.call.end(nil)
}

func (x *exchange) request() *Request {
	return &Request{
		Call:   auth.Call{Method: x.route.endpoint.Path, RequestID: x.id, Source: x.source, TLS: x.tls, Relayed: x.relayed},
		Header: x.r.Header, Query: x.r.URL.RawQuery, Body: x.body.Bytes(),
	}
}

// reply makes the endpoint's answer the exchange's.
func (x *exchange) reply(r Reply) error {
	for name, values := range r.Header {
		x.w.Header()[name] = values
	}
	x.status = http.StatusOK
	if r.Status != 0 {
		x.status = r.Status
	}
	if r.Body == nil {
		return nil
	}
	return x.put(r.Body)
}

// turnAway answers a refusal in the endpoint's form.
func (x *exchange) turnAway(f *fault) {
	r := x.route.endpoint.Refuse(x.request(), Refusal{f.kind, f.word, f.bare, f.status})
	f.word = r.Word
	if f.kind == auth.Busy || f.kind == auth.Unavailable || f.kind == auth.Unverifiable {
		x.w.Header()["Retry-After"] = retryAfter(f.after)
	}
	_ = x.reply(r) // what an endpoint refuses with can be written
}
