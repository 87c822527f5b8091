package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/portico-vco/portico/auth"
)

// A Method is one row of the table of what can be called. The JSON-RPC method, the REST-like path, the checks of right
// and tenant, and the entry in the OpenRPC document all follow from it.
type Method struct {
	Name string // as published, such as enterprise/createApiToken
	Doc  string // one sentence for the OpenRPC document
	Rule auth.Rule
	Do   Handler
	Once bool // the result is shown this once: a notification, which gets no answer, is refused before anything happens

	Private  bool // refused in the clear, before its params are looked at
	SameSite bool // refused to browsers' cross-site calls, though nobody needs to be signed in

	Deprecated Deprecation // zero: it is not
}

// A Handler is a function together with what its signature says. Func makes one.
type Handler struct {
	params, result reflect.Type
	fresh          func() any // a pointer to new, empty params
	run            func(ctx context.Context, by *auth.Principal, in any) (any, error)
}

// Func makes a handler of f: P are the params, a struct; R is the result. A nil slice is answered as [], a nil pointer
// as null; SessionStarted and SessionEnded are answered as null and act on the cookie.
func Func[P, R any](f func(ctx context.Context, by *auth.Principal, in P) (R, error)) Handler {
	return Handler{
		params: reflect.TypeFor[P](),
		result: reflect.TypeFor[R](),
		fresh:  func() any { return new(P) },
		run: func(ctx context.Context, by *auth.Principal, in any) (any, error) {
			return f(ctx, by, *in.(*P))
		},
	}
}

// Tenant is the type of the tenant that the params name, or auth.NoType.
func (h Handler) Tenant() auth.UserType {
	sc, _ := scopeOf(h.params) // a mistake in it is told by NewTable
	return sc.of
}

// Asks is the rule, with what follows from the params.
func (m Method) Asks() auth.Rule {
	if sc, _ := scopeOf(m.Do.params); sc.param != "" { // a mistake in it is told by NewTable
		return m.Rule.Bound()
	}
	return m.Rule
}

// A Table is a set of methods that has been found to be sound.
type Table struct {
	// Samples, unless it is nil, answers those of the methods, by their names. It is asked when a document is made.
	Samples func() map[string]Sample

	rows   []*row
	byName map[string]*row
}

// A row is a method with what is computed from it once.
type row struct {
	Method
	shape   *shape // of the params
	scope   scope  // zero: the method is not bound to a tenant
	list    bool   // the result is a slice
	session bool   // starts or ends a session: no batch, no cross-site caller
	ends    bool   // ends a session: the one whose cookie comes, whatever else comes
	large   bool   // the result is the OpenRPC document: no batch, which would be many of it for few bytes

	deprecated time.Time // since when; zero: it is not
}

// NewTable checks the rows and adds rpc.discover. It refuses a row without a name, a sentence, a rule or a function, a
// name that occurs twice, a deprecation without its date or its words, and params that cannot be read: they must be a struct with at most one tenant in it.
func NewTable(rows []Method) (*Table, error) {
	t := &Table{byName: make(map[string]*row, len(rows)+1)}
	var errs []error
	for _, m := range append(rows[:len(rows):len(rows)], Discover) {
		if err := t.add(m); err != nil {
			errs = append(errs, fmt.Errorf("method %q: %w", m.Name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Methods are the rows in the order in which they were given, rpc.discover last.
func (t *Table) Methods() []Method {
	ms := make([]Method, len(t.rows))
	for i, r := range t.rows {
		ms[i] = r.Method
	}
	return ms
}

func (t *Table) add(m Method) error {
	switch {
	case m.Name == "":
		return errors.New("no name")
	case m.Doc == "":
		return errors.New("no sentence that says what it does")
	case m.Rule.IsZero():
		return errors.New("no rule")
	case m.Do.run == nil:
		return errors.New("no function")
	case t.byName[m.Name] != nil:
		return errors.New("a second row of this name")
	}
	r, err := newRow(m)
	if err != nil {
		return err
	}
	if r.deprecated, err = m.Deprecated.since(); err != nil {
		return err
	}
	t.rows = append(t.rows, r)
	t.byName[m.Name] = r
	return nil
}

func newRow(m Method) (*row, error) {
	p := m.Do.params
	if p.Kind() != reflect.Struct {
		return nil, fmt.Errorf("params are %v, not a struct", p)
	}
	sh, err := shapeOf(p)
	if err != nil {
		return nil, err
	}
	sc, err := scopeOf(p)
	if err != nil {
		return nil, err
	}
	m.Rule = m.Asks()
	res := m.Do.result
	if err := finite(res, nil); err != nil {
		return nil, err
	}
	return &row{Method: m, shape: sh, scope: sc, list: res.Kind() == reflect.Slice, session: touchesSession(res),
		ends: res == reflect.TypeFor[SessionEnded](), large: res == reflect.TypeFor[discovery]()}, nil
}

// decode reads the params of a call: node n of the document, or none at all when n is negative.
func (r *row) decode(d *doc, n int) (any, error) {
	p := r.Do.fresh()
	if u, ok := p.(json.Unmarshaler); ok {
		return p, readAlone(u, d, n)
	}
	in := input{doc: d}
	r.shape.read(&in, n, reflect.ValueOf(p).Elem())
	return p, in.err()
}

// readAlone lets params that know their own form read themselves, arrays included.
func readAlone(u json.Unmarshaler, d *doc, n int) error {
	raw := []byte("{}")
	if n >= 0 {
		raw = d.raw(n)
	}
	if err := u.UnmarshalJSON(raw); err != nil {
		return auth.BadField("params", "%v", err)
	}
	return nil
}
