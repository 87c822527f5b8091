package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A document is what is read of an OpenRPC document, with the schema of fixtures.
type document struct {
	Info    struct{ Title, Version, Description string }
	Methods []*method

	Components struct{ Errors map[string]apiError }

	fixture schema
}

type apiError struct {
	Name    string
	Code    int
	Message string
}

type method struct {
	Name, Summary, Description string
	Deprecated                 bool
	Params                     []value
	Result                     value
	Errors                     []struct {
		Ref string `json:"$ref"`
	}
	Examples []struct {
		Params []example
		Result example
	}
	Privileges *privileges `json:"x-privileges"`
}

type value struct {
	Name, Description string
	Required          bool
	Schema            schema
}

type example struct {
	Name  string
	Value json.RawMessage
}

type privileges struct {
	Enterprise bool     `json:"forceEnterpriseContext"`
	Proxy      bool     `json:"forceEnterpriseProxyContext"`
	Allow      []string `json:"allowAuthTypes"`
	Principals []string `json:"allowPrincipleTypes"`
	Require    []struct {
		Action, Object string
		Sufficient     bool
	} `json:"requirePrivileges"`
}

func read(openRPC, fixture []byte) (*document, error) {
	d := new(document)
	if err := errors.Join(json.Unmarshal(openRPC, d), json.Unmarshal(fixture, &d.fixture)); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return d, nil
}

// A form is what there may be in a thing.
type form struct {
	Name    string
	Members []member
}

// Forms are those of a fixture as a whole, and of what is in it.
func (d *document) Forms() []form {
	list := []form{{"Fixture", d.fixture.inside("")}}
	for _, name := range slices.Sorted(maps.Keys(d.fixture.Defs)) {
		if of := d.fixture.Defs[name]; len(of.Properties) > 0 {
			list = append(list, form{name, of.inside("")})
		}
	}
	return list
}

// A family is the methods of which the names begin alike.
type family struct {
	Name    string
	Methods []*method
}

// Families are in the order of their names, as are the methods in them.
func (d *document) Families() []family {
	all := map[string][]*method{}
	for _, m := range d.Methods {
		all[m.family()] = append(all[m.family()], m)
	}
	var list []family
	for name, methods := range all {
		slices.SortFunc(methods, func(a, b *method) int { return strings.Compare(a.Name, b.Name) })
		list = append(list, family{name, methods})
	}
	slices.SortFunc(list, func(a, b family) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Errors are in the order of their codes, the general ones of JSON-RPC last.
func (d *document) Errors() []apiError {
	var list []apiError
	for name, e := range d.Components.Errors {
		e.Name = name
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b apiError) int { return b.Code - a.Code })
	return list
}

func (m *method) family() string {
	name, _, _ := strings.Cut(strings.Replace(m.Name, ".", "/", 1), "/")
	return name
}

// Anchor is the id of the method's part of a page.
func (m *method) Anchor() string { return strings.NewReplacer("/", "-", ".", "-").Replace(m.Name) }

// Members are those of the params, one within another behind dots.
func (m *method) Members() []member {
	var list []member
	for _, p := range m.Params {
		list = append(list, p.Schema.members(p.Name, p.Required, p.Description)...)
	}
	return list
}

// Answer are the members of the result; one without a name is the result itself.
func (m *method) Answer() []member { return m.Result.Schema.members("", false, "") }

// Fails are the names of the method's errors.
func (m *method) Fails() []string {
	var names []string
	for _, e := range m.Errors {
		names = append(names, e.Ref[strings.LastIndexByte(e.Ref, '/')+1:])
	}
	return names
}

// Request and Reply are the method's example as they go over the wire to and from its REST-like path; "" where there is none.
func (m *method) Request() string {
	if len(m.Examples) == 0 {
		return ""
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range m.Examples[0].Params {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", p.Name, p.Value)
	}
	b.WriteByte('}')
	return indented(b.Bytes())
}

func (m *method) Reply() string {
	if len(m.Examples) == 0 {
		return ""
	}
	return indented(m.Examples[0].Result.Value)
}

func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// Who says who may call the method.
func (m *method) Who() string {
	p := m.Privileges
	if p == nil {
		return "anybody"
	}
	var all, any []string
	for _, r := range p.Require {
		if r.Sufficient {
			any = append(any, r.Action+":"+r.Object)
		} else {
			all = append(all, r.Action+":"+r.Object)
		}
	}
	who := "whoever is signed in"
	switch {
	case len(all) > 0:
		who = "with " + strings.Join(all, " and ")
	case len(any) > 0:
		who = "with " + strings.Join(any, " or ")
	}
	if !slices.Contains(p.Allow, "ANY") {
		who += "; users of type " + strings.Join(p.Allow, ", ")
	}
	if len(p.Principals) < 3 {
		who += "; callers of type " + strings.Join(p.Principals, ", ")
	}
	return who
}
