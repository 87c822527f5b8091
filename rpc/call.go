package rpc

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"time"

	gorilla "github.com/gorilla/rpc/v2"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
)

// A call is one call of one method. To gorilla it is the request, the codec's view of it, and the writer of its answer
// all at once: gorilla asks it for its method (Method), for its params (ReadRequest), has the one registered service
// run it (desk.Enter), and hands it the result (WriteResponse) or the error (WriteError). Each of these steps is a step
// of the order in which calls are refused. Nothing is encoded on the way; the exchange does so once, in the end.
type call struct {
	x      *exchange
	name   string
	id     []byte // as it came; nil: a notification
	params int    // their node; negative: none
	batch  bool

	start     time.Time
	row       *row
	by        *auth.Principal
	ctx       context.Context
	pass      limit.Pass // of the limits, until it is made
	passed    bool       // the limits, as what by was then:
	passedAs  auth.PrincipalType
	overLimit bool
	unsigned  bool // it came with something to sign in by, which was not good, and was let in as anybody
	aside     any  // the params of a method that is asked besides
	out       any
	err       error
	inner     http.Request // what gorilla sees
}

// The one codec finds the call in the request's body.
type codec struct{}

func (codec) NewRequest(r *http.Request) gorilla.CodecRequest { return r.Body.(*call) }

// The desk is the one service of the dispatcher, with one method. It takes params and gives a result.
type desk struct{}

// Enter runs the method of the call that r carries.
func (desk) Enter(r *http.Request, in, out *any) (err error) {
	c := r.Body.(*call)
	if p := c.x.route.path; p != nil {
		*out, err = p.run(c, *in, c.aside)
		return err
	}
	*out, err = c.row.Do.run(c.context(), c.by, *in)
	return err
}

func newDispatcher() *gorilla.Server {
	g := gorilla.NewServer()
	g.RegisterCodec(codec{}, "application/json")
	if err := g.RegisterService(desk{}, "Door"); err != nil {
		panic(err) // the signature of Enter is wrong
	}
	return g
}

// dispatch makes the call, where it may be in vain by a delay once more. What went wrong is in err then, and what came out in out.
func (c *call) dispatch() {
	defer func() { c.pass.Release() }()
	twice := c.x.s.o.Twice
	if twice == nil {
		c.make(c.context())
		return
	}
	err := twice(c.context(), func(ctx context.Context) bool {
		c.make(ctx)
		return c.inVain()
	})
	if err != nil {
		c.err = err
	}
}

// make is one run of the call.
func (c *call) make(ctx context.Context) {
	defer func() {
		if v := recover(); v != nil {
			c.err = panicked(v)
		}
	}()
	c.ctx, c.out, c.err, c.unsigned = ctx, nil, nil, false
	c.inner.Method, c.inner.Body = http.MethodPost, c
	c.x.s.dispatcher.ServeHTTP(c, &c.inner)
}

// inVain says whether the outcome is what it would be if the store did not have yet what the caller relies on. A null for a record
// that was asked for is one of these.
func (c *call) inVain() bool {
	if c.err == nil {
		v := reflect.ValueOf(c.out)
		return c.unsigned || v.Kind() == reflect.Pointer && v.IsNil()
	}
	switch auth.KindOf(c.err) {
	case auth.Unauthenticated:
		return c.x.creds.token != "" || c.x.creds.cookie != ""
	case auth.Forbidden, auth.NotFound:
		return true
	}
	return false
}

// context is the request's, also of what is no call, and within Twice that of the run.
func (c *call) context() context.Context {
	if c.ctx == nil {
		return c.x.r.Context()
	}
	return c.ctx
}

// Method decides all that can be decided before the params are looked at.
func (c *call) Method() (string, error) {
	c.row = c.x.s.o.Table.byName[c.name]
	err := c.authenticate()
	if err == nil || auth.KindOf(err) == auth.Unauthenticated { // strangers have limits too
		err = cmp.Or(c.admit(), err)
	}
	if err != nil {
		return "", err
	}
	if c.row == nil {
		return "", errMethod
	}
	c.x.deprecate(c.row)
	if c.batch && (c.row.session || c.row.large) {
		return "", badRequest("method [" + c.name + "] cannot be called in a batch")
	}
	if (c.row.session || c.row.SameSite) && c.x.s.crossSite.Check(c.x.r) != nil {
		return "", errCrossSite
	}
	if c.row.Once && c.id == nil && c.x.route.door == portal {
		return "", badRequest("method [" + c.name + "] cannot be called without an id: its result is shown once")
	}
	return "Door.Enter", c.admits()
}

// admits asks the rule, and that of a method that is asked besides. Two refusals are recorded. That a method does not take
// principals of a kind at all: somebody built a machine for it. And that a secret came in the clear: somebody may have read it.
func (c *call) admits() error {
	err := c.row.Rule.Admits(c.by)
	if p := c.x.route.path; err == nil && p != nil && p.asks != nil {
		err = p.asks.Rule.Admits(c.asking(p.asks))
	}
	if err == nil && c.row.Private && !c.by.Private() {
		err = auth.NoTLS(c.by)
	}
	var e *auth.Error
	if errors.As(err, &e) && (e.Word == auth.WrongPrincipal || e.Kind == auth.InTheClear) {
		return cmp.Or(c.x.s.o.Authority.Refused(c.context(), c.by, err), err)
	}
	return err
}

// asking is the caller as one of the method that is asked besides: the limits of his API token may name the one and not the other.
func (c *call) asking(r *row) *auth.Principal {
	if c.by.Limits == nil {
		return c.by
	}
	by := *c.by
	by.Method = r.Name
	return &by
}

// authenticate finds out who calls. A public method takes whoever comes.
func (c *call) authenticate() error {
	who := c.about()
	creds := c.x.creds
	if c.row != nil && c.row.ends && creds.cookie != "" {
		creds = credentials{cookie: creds.cookie} // the session to end is the cookie's, whatever the header says
	}
	var err error
	c.by, err = creds.principal(c.context(), c.x.s.o.Authority, who)
	if err == nil && c.by == nil {
		err = errors.New("the authority answered neither a principal nor an error")
	}
	if err == nil {
		return nil
	}
	c.by = &auth.Principal{Call: who}
	if c.row != nil && c.row.Rule.IsPublic() && auth.KindOf(err) == auth.Unauthenticated {
		c.unsigned = creds != credentials{}
		return nil
	}
	return err
}

// about is what is known of the call without asking who makes it.
func (c *call) about() auth.Call {
	return auth.Call{Method: c.printed(), RequestID: c.x.id, Source: c.x.source, TLS: c.x.tls, Relayed: c.x.relayed}
}

// ReadRequest decides what the params decide: whether they can be read, and whether the caller may act in the tenant
// that they name.
func (c *call) ReadRequest(args any) (err error) {
	p := c.x.route.path
	if p != nil {
		if err := p.translate(c.x); err != nil {
			return err
		}
	}
	if *args.(*any), err = c.paramsOf(c.row); err != nil || p == nil || p.asks == nil {
		return err
	}
	c.aside, err = c.paramsOf(p.asks)
	return err
}

// paramsOf reads those of a method.
func (c *call) paramsOf(r *row) (any, error) {
	in, err := r.decode(&c.x.doc, c.params)
	if err == nil && r.scope.param != "" {
		err = c.x.s.enter(c.context(), r, c.by, in.(scoped))
	}
	return in, err
}

// WriteResponse keeps the result.
func (c *call) WriteResponse(_ http.ResponseWriter, reply any) { c.out = *reply.(*any) }

// WriteError keeps the error; the status is gorilla's guess.
func (c *call) WriteError(_ http.ResponseWriter, _ int, err error) {
	if c.err = err; c.x.route.path != nil {
		c.err = c.x.route.path.named(err)
	}
}

// Header is that of the answer as a whole.
func (c *call) Header() http.Header { return c.x.w.Header() }

// Write and WriteHeader are there because gorilla wants a writer.
func (c *call) Write(b []byte) (int, error) { return len(b), nil }
func (c *call) WriteHeader(int)             {}

// Read and Close are there because a request's body has them.
func (c *call) Read([]byte) (int, error) { return 0, io.EOF }
func (c *call) Close() error             { return nil }
