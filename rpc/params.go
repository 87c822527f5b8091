package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// Params are read by what their types say: members by their exact names (encoding/json would fold letter case), struct
// by struct, embedded structs as if their members stood in the outer one. All that is wrong is told at once, each with
// its path. Members that no field asks for are ignored, except by Exact, and null means that a member was not given, except
// that it gives a *string the empty string.
//
// Tags: rpc:"required" refuses a member that was not given; enum:"A|B" admits these words alone; guard:"A|B" refuses a member
// that no field asks for if it is called like one of these, give or take a letter; doc:"..." and deprecated:"use ..." are for the document.

// A reader puts node n into v. It says whether something was given, or notes in the input what is wrong.
type reader func(in *input, n int, v reflect.Value) (given bool)

// An input is a document that is being read into params.
type input struct {
	*doc
	at  []step // the way from the params to the current node
	bad []auth.Field
}

// A step leads to a member, or to an element when the name is empty.
type step struct {
	name  string
	index int
}

func (in *input) err() error {
	if len(in.bad) == 0 {
		return nil
	}
	return auth.BadFields(in.bad...)
}

// refuse notes a mistake at the current node. Past a hundred of them nobody reads on.
func (in *input) refuse(message string) bool {
	if len(in.bad) < 100 {
		in.bad = append(in.bad, auth.Field{Path: in.path(), Message: message})
	}
	return false
}

func (in *input) path() string {
	var b strings.Builder
	for _, s := range in.at {
		switch {
		case s.name == "":
			fmt.Fprintf(&b, "[%d]", s.index)
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	if b.Len() == 0 {
		return "params"
	}
	return b.String()
}

func (in *input) enter(s step) { in.at = append(in.at, s) }
func (in *input) leave()       { in.at = in.at[:len(in.at)-1] }

// Exact is embedded by params that refuse members which no field asks for: left out, one that was misspelt would have the call do more
// than was meant.
type Exact struct{}

var exact = reflect.TypeFor[Exact]()

// A shape is what a struct type has to say about its members, found out once.
type shape struct {
	members []member
	byName  map[string]int
	needed  int // how many are required
	exact   bool
	guards  []guard
}

type member struct {
	name  string
	index []int
	typ   reflect.Type
	enum  []string
	read  reader
	need  int // its place among the required ones, or -1
}

// shapeOf looks at a struct type and refuses what cannot be read strictly.
func shapeOf(t reflect.Type) (*shape, error) { return shapeWithin(t, nil) }

// shapeWithin is shapeOf for a struct inside others, none of which it may be.
func shapeWithin(t reflect.Type, outer []reflect.Type) (*shape, error) {
	if slices.Contains(outer, t) {
		return nil, fmt.Errorf("%v contains itself", t)
	}
	sh := &shape{byName: map[string]int{}}
	if err := sh.addAll(t, nil, append(outer, t)); err != nil {
		return nil, err
	}
	if sh.needed > 64 {
		return nil, fmt.Errorf("%v has more than 64 required members", t)
	}
	return sh, nil
}

func (sh *shape) addAll(t reflect.Type, at []int, outer []reflect.Type) error {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(at[:len(at):len(at)], i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		var err error
		switch {
		case f.Type == exact:
			sh.exact = true
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			err = sh.addAll(f.Type, index, outer)
		case !f.IsExported() || name == "-":
		case name == "":
			err = fmt.Errorf("%v.%s has no name for the wire", t, f.Name)
		default:
			err = sh.add(f, name, index, outer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (sh *shape) add(f reflect.StructField, name string, index []int, outer []reflect.Type) error {
	if _, ok := sh.byName[name]; ok {
		return fmt.Errorf("two members are called %s", name)
	}
	r, err := readerOf(f.Type, outer)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m := member{name: name, index: index, typ: f.Type, read: r, need: -1}
	if e := f.Tag.Get("enum"); e != "" {
		m.enum = strings.Split(e, "|")
	}
	if words := f.Tag.Get("guard"); words != "" {
		sh.guards = append(sh.guards, guard{name, strings.Split(words, "|")})
	}
	if f.Tag.Get("rpc") == "required" {
		m.need = sh.needed
		sh.needed++
	}
	sh.byName[name] = len(sh.members)
	sh.members = append(sh.members, m)
	return nil
}

// read reads the members of object n into v; a negative n is an object without members.
func (sh *shape) read(in *input, n int, v reflect.Value) bool {
	var given uint64
	if n >= 0 {
		if in.nodes[n].kind != object {
			return in.refuse("must be an object")
		}
		end := int(in.nodes[n].next)
		for j := n + 1; j < end; j = int(in.nodes[j+1].next) {
			i, ok := sh.byName[string(in.name(j))]
			if !ok {
				sh.ignore(in, j)
				continue
			}
			m := &sh.members[i]
			if m.take(in, j+1, v) && m.need >= 0 {
				given |= 1 << m.need
			}
		}
	}
	sh.demand(in, given)
	return true
}

// ignore passes over a member that nobody asks for, or refuses it.
func (sh *shape) ignore(in *input, n int) {
	name := in.text(n)
	meant := sh.meant(name)
	if !sh.exact && meant == "" {
		return
	}
	message := "is not one of the params"
	if meant != "" {
		message += "; is " + meant + " meant?"
	}
	in.enter(step{name: name})
	in.refuse(message)
	in.leave()
}

// take reads one member.
func (m *member) take(in *input, n int, v reflect.Value) bool {
	in.enter(step{name: m.name})
	defer in.leave()
	bad := len(in.bad)
	given := m.read(in, n, v.FieldByIndex(m.index))
	if given && len(m.enum) > 0 && !in.within(n, m.enum) {
		in.refuse("must be one of " + strings.Join(m.enum, ", "))
	}
	return given || len(in.bad) > bad // what is wrong is not missing
}

// within says whether a text, or each text of a list, is one of the words.
func (in *input) within(n int, words []string) bool {
	switch v := in.nodes[n]; v.kind {
	case text:
		return slices.Contains(words, in.text(n))
	case number:
		return slices.Contains(words, string(in.raw(n)))
	case array:
		for j := n + 1; j < int(v.next); j = int(in.nodes[j].next) {
			if !in.within(j, words) {
				return false
			}
		}
	}
	return true
}

func (sh *shape) demand(in *input, given uint64) {
	if sh.needed == 0 {
		return
	}
	for i := range sh.members {
		if m := &sh.members[i]; m.need >= 0 && given&(1<<m.need) == 0 {
			in.enter(step{name: m.name})
			in.refuse("is required")
			in.leave()
		}
	}
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// readerOf chooses how values of type t are read.
func readerOf(t reflect.Type, outer []reflect.Type) (reader, error) {
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return readItself, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return pointerReader(t, outer)
	case reflect.Slice:
		return sliceReader(t, outer)
	case reflect.Struct:
		return structReader(t, outer)
	case reflect.Map:
		return mapReader(t, outer)
	case reflect.String:
		return readString, nil
	case reflect.Bool:
		return readBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return readInt, nil
	case reflect.Float32, reflect.Float64:
		return readFloat, nil
	case reflect.Interface:
		return readAny, nil
	}
	return nil, fmt.Errorf("%v cannot be read", t)
}

// readItself serves the types that know their own forms, the loose scalars first of all.
func readItself(in *input, n int, v reflect.Value) bool {
	raw := in.raw(n)
	if in.nodes[n].kind == null {
		return false
	}
	p := v.Addr().Interface()
	if err := p.(json.Unmarshaler).UnmarshalJSON(raw); err != nil {
		return in.refuse(err.Error())
	}
	z, ok := p.(interface{ IsZero() bool })
	return string(raw) != `""` && !(ok && z.IsZero())
}

// pointerReader leaves a pointer nil when nothing was given. A string is given by "" and by null too: that is how an
// update empties it. So is a pointer by null: with **T a merge patch tells what it removes, which points to nil, from what it
// does not name.
func pointerReader(t reflect.Type, outer []reflect.Type) (reader, error) {
	elem, err := readerOf(t.Elem(), outer)
	if err != nil {
		return nil, err
	}
	empties := t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Pointer
	return func(in *input, n int, v reflect.Value) bool {
		p := reflect.New(t.Elem())
		given := elem(in, n, p.Elem())
		if given || empties {
			v.Set(p)
		}
		return given
	}, nil
}

func sliceReader(t reflect.Type, outer []reflect.Type) (reader, error) {
	elem, err := readerOf(t.Elem(), outer)
	if err != nil {
		return nil, err
	}
	return func(in *input, n int, v reflect.Value) bool {
		switch in.nodes[n].kind {
		case null:
			return false
		case array:
		default:
			return in.refuse("must be a list")
		}
		list, i := reflect.MakeSlice(t, 0, 4), 0
		for j := n + 1; j < int(in.nodes[n].next); j = int(in.nodes[j].next) {
			list = reflect.Append(list, reflect.Zero(t.Elem()))
			in.enter(step{index: i})
			elem(in, j, list.Index(i))
			in.leave()
			i++
		}
		v.Set(list)
		return true
	}, nil
}

func mapReader(t reflect.Type, outer []reflect.Type) (reader, error) {
	elem, err := readerOf(t.Elem(), outer)
	if err != nil || t.Key().Kind() != reflect.String {
		return nil, errors.Join(err, fmt.Errorf("%v cannot be read", t))
	}
	return func(in *input, n int, v reflect.Value) bool {
		switch in.nodes[n].kind {
		case null:
			return false
		case object:
		default:
			return in.refuse("must be an object")
		}
		m := reflect.MakeMap(t)
		for j := n + 1; j < int(in.nodes[n].next); j = int(in.nodes[j+1].next) {
			name, val := in.text(j), reflect.New(t.Elem()).Elem()
			in.enter(step{name: name})
			elem(in, j+1, val)
			in.leave()
			m.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), val)
		}
		v.Set(m)
		return true
	}, nil
}

func structReader(t reflect.Type, outer []reflect.Type) (reader, error) {
	sh, err := shapeWithin(t, outer)
	if err != nil {
		return nil, err
	}
	return func(in *input, n int, v reflect.Value) bool {
		return in.nodes[n].kind != null && sh.read(in, n, v)
	}, nil
}

func readString(in *input, n int, v reflect.Value) bool {
	switch in.nodes[n].kind {
	case null:
		return false
	case text:
		v.SetString(in.text(n))
		return v.Len() > 0
	}
	return in.refuse("must be a string")
}

func readBool(in *input, n int, v reflect.Value) bool {
	switch in.nodes[n].kind {
	case null:
		return false
	case boolean:
		v.SetBool(in.raw(n)[0] == 't')
		return true
	}
	return in.refuse("must be true or false")
}

// readInt takes 31536000000.0 too: a client that multiplies with floats writes so.
func readInt(in *input, n int, v reflect.Value) bool {
	switch in.nodes[n].kind {
	case null:
		return false
	case number:
		if i, ok := whole(string(in.raw(n))); ok && !v.OverflowInt(i) {
			v.SetInt(i)
			return true
		}
	}
	return in.refuse("must be a whole number")
}

func whole(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

func readFloat(in *input, n int, v reflect.Value) bool {
	switch in.nodes[n].kind {
	case null:
		return false
	case number:
		if f, err := strconv.ParseFloat(string(in.raw(n)), 64); err == nil && !v.OverflowFloat(f) {
			v.SetFloat(f)
			return true
		}
	}
	return in.refuse("must be a number")
}

// readAny is for values of any kind, such as a property's.
func readAny(in *input, n int, v reflect.Value) bool {
	if in.nodes[n].kind == null {
		return false
	}
	if err := json.Unmarshal(in.raw(n), v.Addr().Interface()); err != nil {
		return in.refuse("cannot be read")
	}
	return true
}
