package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Schema is a JSON Schema in the making.
type Schema map[string]any

// A Schemer brings the schema of its own form on the wire, which may be wider in params than in results.
type Schemer interface {
	Schema(result bool) Schema
}

// SchemaOf answers the schema of a Go type, for Schemers made of others.
func SchemaOf[T any](result bool) Schema { return schemer{result: result}.of(reflect.TypeFor[T]()) }

// schemer makes schemas of Go types by what encoding/json and the reader of params do with them.
type schemer struct {
	result bool
	narrow bool // params in the one form that fits best, of all that are taken
}

func (s schemer) of(t reflect.Type) Schema {
	if b, ok := reflect.New(t).Interface().(Schemer); ok {
		return b.Schema(s.result || s.narrow)
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return Schema{"type": "string", "format": "date-time"}
	case reflect.TypeFor[SessionStarted](), reflect.TypeFor[SessionEnded]():
		return Schema{"type": "null"}
	case reflect.TypeFor[json.RawMessage]():
		return Schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.object(t)
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Interface:
		return Schema{}
	}
	return Schema{"type": "integer"}
}

// nullable widens a schema by null, which a nil pointer is written as.
func nullable(of Schema) Schema {
	if any, ok := of["anyOf"].([]Schema); ok && of["type"] == nil {
		of["anyOf"] = append(any[:len(any):len(any)], Schema{"type": "null"})
		return of
	}
	switch typ := of["type"].(type) {
	case string:
		of["type"] = []string{typ, "null"}
	case []string:
		if slices.Contains(typ, "null") {
			return of
		}
		of["type"] = append(typ[:len(typ):len(typ)], "null")
	}
	if words, ok := of["enum"].([]any); ok {
		of["enum"] = append(words[:len(words):len(words)], nil)
	}
	return of
}

func (s schemer) object(t reflect.Type) Schema {
	props, required := Schema{}, []string{}
	s.members(t, props, &required)
	o := Schema{"type": "object", "properties": props}
	if len(required) > 0 {
		o["required"] = required
	}
	if f, ok := t.FieldByName(exact.Name()); ok && f.Type == exact {
		o["additionalProperties"] = false
	}
	return o
}

// members adds what a struct has; an embedded struct's members stand beside its own, unless its own hide them.
func (s schemer) members(t reflect.Type, props Schema, required *[]string) {
	var embedded []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			embedded = append(embedded, f.Type)
			continue
		case !f.IsExported() || name == "-" || props[name] != nil:
			continue
		case name == "":
			name = f.Name
		}
		omitted := strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")
		props[name] = s.member(f, omitted)
		if s.result && !omitted || f.Tag.Get("rpc") == "required" {
			*required = append(*required, name)
		}
	}
	for _, e := range embedded {
		s.members(e, props, required)
	}
}

// finite refuses a type that contains itself: it has no schema without references.
func finite(t reflect.Type, outer []reflect.Type) error {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return finite(t.Elem(), outer)
	case reflect.Struct:
	default:
		return nil
	}
	if slices.Contains(outer, t) {
		return fmt.Errorf("%v contains itself", t)
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			if err := finite(f.Type, append(outer, t)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s schemer) member(f reflect.StructField, omitted bool) Schema {
	t := f.Type
	if t.Kind() == reflect.Pointer && (omitted || !s.result) {
		t = t.Elem() // nil is not there at all
	}
	m := s.of(t)
	if d := describe(f); d != "" {
		m["description"] = d
	}
	if f.Tag.Get("deprecated") != "" {
		m["deprecated"] = true
	}
	if e := f.Tag.Get("enum"); e != "" {
		restrict(m, strings.Split(e, "|"))
	}
	return m
}

// describe is what the document says of a member.
func describe(f reflect.StructField) string {
	doc, use := f.Tag.Get("doc"), f.Tag.Get("deprecated")
	if use == "" {
		return doc
	}
	return strings.TrimSpace(doc + " Deprecated: " + use + ".")
}

// restrict puts the words of an enum where the strings are: in the schema or in that of a list's items.
func restrict(m Schema, words []string) {
	if forms, ok := m["anyOf"].([]Schema); ok { // of a list that may be a single word, or null
		for _, form := range forms {
			if form["type"] != "null" {
				restrict(form, words)
			}
		}
		return
	}
	items, _ := m["items"].(Schema)
	if items == nil {
		items = m
	}
	list := make([]any, len(words))
	for i, w := range words {
		list[i] = w
		if n, err := strconv.Atoi(w); err == nil && !holdsText(items) {
			list[i] = n
		}
	}
	if types, ok := items["type"].([]string); ok && slices.Contains(types, "null") {
		list = append(list, nil)
	}
	items["enum"] = list
}

func holdsText(m Schema) bool {
	types, _ := m["type"].([]string)
	return m["type"] == "string" || slices.Contains(types, "string")
}

// The loose scalars.

// Schema is that of a number, in params also in a string.
func (ID) Schema(result bool) Schema {
	if result {
		return Schema{"type": "integer"}
	}
	return Schema{"type": []string{"integer", "string"}}
}

// Schema is that of a list; in params one id need not stand in one.
func (IDs) Schema(result bool) Schema {
	return listed(Schema{"type": "array", "items": ID(0).Schema(result)}, ID(0).Schema(result), result)
}

// Schema is that of a list; in params one word need not stand in one.
func (Strings) Schema(result bool) Schema {
	return listed(Schema{"type": "array", "items": Schema{"type": "string"}}, Schema{"type": "string"}, result)
}

func listed(list, one Schema, result bool) Schema {
	if result {
		return list
	}
	return Schema{"anyOf": []Schema{list, one, {"type": "null"}}}
}

// Schema is that of a truth value, in params in any form.
func (Bool) Schema(result bool) Schema {
	if result {
		return Schema{"type": "boolean"}
	}
	return Schema{"type": []string{"boolean", "integer", "string"}}
}

// Schema is that of 0 and 1, in params of a truth value in any form.
func (Flag) Schema(result bool) Schema {
	if result {
		return Schema{"type": "integer", "enum": []any{0, 1}}
	}
	return Bool(false).Schema(false)
}

// Schema is that of a time or null, in params also of epoch milliseconds.
func (Time) Schema(result bool) Schema {
	if result {
		return Schema{"type": []string{"string", "null"}, "format": "date-time"}
	}
	return Schema{"type": []string{"string", "integer", "null"}, "format": "date-time"}
}
