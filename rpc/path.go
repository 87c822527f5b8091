package rpc

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// A Path is a path of another product's API, at which a method of the table is called. The request becomes the method's
// params, the call goes the way of all calls, and its result is shown in the other product's shape, as are its errors.
//
// Whoever wrote a client for the other product never saw our names: its own are taken in any letter case, as it takes them.
type Path struct {
	Verb    string // GET, which HEAD goes with, POST, PUT or DELETE
	Pattern string // without slashes at its ends, such as v3/books/{id}; braces hold ids, by the method's names for them
	Method  string
	Query   []Param
	Body    []Param           // members of the JSON object that is the body; without any the body is not looked at
	Always  map[string]string // params that the request does not decide
	Answer  Answer
}

// A Param is what a path takes in the query or in the body.
type Param struct {
	Name   string            // as the other product calls it
	As     string            // as the method calls it, if it does otherwise; _update.name is inside _update
	Needed bool              // also where the method could do without
	Words  map[string]string // values in lower case, and what the method calls them; others are taken as they are
}

func (p Param) target() string {
	if p.As != "" {
		return p.As
	}
	return p.Name
}

// An Answer makes the answer of a path. Told, After and Before make one.
type Answer struct {
	told  reflect.Type // the result of the path's method
	asks  string       // the method that is asked besides, if there is one
	seen  reflect.Type // its result
	first bool         // it is asked before the path's method is called
	shown reflect.Type // what is made of them
	shape func(told, seen any) (answer any, ok bool)
}

// Told shapes the result of the path's method. When f says false, there is no such record.
func Told[R, V any](f func(R) (V, bool)) Answer {
	return Answer{told: reflect.TypeFor[R](), shown: reflect.TypeFor[V](), shape: func(told, _ any) (any, bool) { return f(told.(R)) }}
}

// After shapes what another method tells of the record once the path's method is through. Both are allowed to the caller,
// or neither is called. When there is nothing to tell, or f says false, there is no such record.
func After[R, S, V any](method string, f func(R, *S) (V, bool)) Answer {
	return Answer{
		told: reflect.TypeFor[R](), asks: method, seen: reflect.TypeFor[*S](), shown: reflect.TypeFor[V](),
		shape: func(told, seen any) (any, bool) { return f(told.(R), seen.(*S)) },
	}
}

// Before is After for what the path's method removes: the other one is asked first. When it has nothing to tell, nothing is
// removed.
func Before[R, S, V any](method string, f func(R, *S) (V, bool)) Answer {
	a := After(method, f)
	a.first = true
	return a
}

// A pathRow is a path with what is computed from it once.
type pathRow struct {
	Path
	ids  []string // the names in the braces
	asks *row     // or nil
}

// A resource is what has a pattern: its paths differ in their verbs alone.
type resource struct {
	segments []string // "" is an id
	verbs    map[string]*pathRow
	allow    string
}

// resourcesOf gathers the paths by their patterns. One that is there twice, hides behind another, or does not fit its method
// is a programmer's mistake.
func resourcesOf(list []Path, t *Table) []*resource {
	var all []*resource
	for _, p := range list {
		r, err := newPathRow(p, t)
		if err != nil {
			panic(fmt.Sprintf("rpc: %s %s: %v", p.Verb, p.Pattern, err))
		}
		segments, _ := segmentsOf(p.Pattern)
		i := slices.IndexFunc(all, func(o *resource) bool { return slices.Equal(o.segments, segments) })
		if i < 0 {
			i = len(all)
			all = append(all, &resource{segments: segments, verbs: map[string]*pathRow{}})
		}
		if all[i].verbs[p.Verb] != nil {
			panic(fmt.Sprintf("rpc: %s %s: there is a second one", p.Verb, p.Pattern))
		}
		all[i].verbs[p.Verb] = r
		all[i].allow = allowed(all[i].verbs)
	}
	return all
}

func allowed(verbs map[string]*pathRow) string {
	list := []string{http.MethodOptions}
	for v := range verbs {
		list = append(list, v)
	}
	if verbs[http.MethodGet] != nil {
		list = append(list, http.MethodHead)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// segmentsOf cuts a pattern at its slashes. The ids in it are told apart.
func segmentsOf(pattern string) (segments, ids []string) {
	for s := range strings.SplitSeq(pattern, "/") {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			ids = append(ids, strings.TrimSuffix(name, "}"))
			s = ""
		}
		segments = append(segments, s)
	}
	return segments, ids
}

func newPathRow(p Path, t *Table) (*pathRow, error) {
	r := &pathRow{Path: p, asks: t.byName[p.Answer.asks]}
	_, r.ids = segmentsOf(p.Pattern)
	m := t.byName[p.Method]
	switch {
	case routeOf(p.Pattern).door != nowhere:
		return nil, fmt.Errorf("the path is taken")
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, p.Verb):
		return nil, fmt.Errorf("no such verb")
	case m == nil || m.session || m.large:
		return nil, fmt.Errorf("there is no method %q, or it does more than answer", p.Method)
	case m.Do.result != p.Answer.told:
		return nil, fmt.Errorf("method %q answers %v, not %v", p.Method, m.Do.result, p.Answer.told)
	case p.Answer.asks != "" && (r.asks == nil || r.asks.Do.result != p.Answer.seen):
		return nil, fmt.Errorf("there is no method %q that answers %v", p.Answer.asks, p.Answer.seen)
	}
	return r, r.fits(m)
}

// fits says whether the method, or the one that is asked besides, has each of the params, and none comes from two places.
func (r *pathRow) fits(m *row) error {
	seen := map[string]bool{}
	for _, name := range r.targets() {
		top, _, _ := strings.Cut(name, ".")
		_, known := m.shape.byName[top]
		if !known && r.asks != nil {
			_, known = r.asks.shape.byName[top]
		}
		if !known || seen[name] {
			return fmt.Errorf("param %q is unknown, or there twice", name)
		}
		seen[name] = true
	}
	return nil
}

// targets are the names of all params, as the methods call them.
func (r *pathRow) targets() []string {
	names := slices.Clone(r.ids)
	for _, p := range slices.Concat(r.Query, r.Body) {
		names = append(names, p.target())
	}
	for name := range r.Always {
		names = append(names, name)
	}
	return names
}

// match holds a path without slashes at its ends against the pattern, and answers what stands in the place of ids.
func (r *resource) match(path string) (ids []string, ok bool) {
	for i, want := range r.segments {
		got, rest, more := strings.Cut(path, "/")
		switch {
		case more != (i < len(r.segments)-1):
			return nil, false
		case want == "":
			ids = append(ids, got)
		case !strings.EqualFold(got, want): // as the other product has it
			return nil, false
		}
		path = rest
	}
	return ids, true
}

// foreignRoute finds the path of another product that a request is for. Its row is nil where there is none for the verb.
func (s *Server) foreignRoute(verb, path string) route {
	if verb == http.MethodHead {
		verb = http.MethodGet
	}
	for _, r := range s.resources {
		if ids, ok := r.match(path); ok {
			return route{door: foreign, resource: r, ids: ids, path: r.verbs[verb]}
		}
	}
	return route{}
}
