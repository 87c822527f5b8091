package rpc

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/portico-vco/portico/auth"
)

// discovery is the result of rpc.discover: the codec writes the document in its place.
type discovery struct{}

// Schema is that of any OpenRPC document.
func (discovery) Schema(bool) Schema {
	return Schema{"type": "object", "required": []string{"openrpc", "info", "methods"}}
}

// Discover is the row that every table has besides its own.
var Discover = Method{
	Name: "rpc.discover",
	Doc:  "Returns this document.",
	Rule: auth.Public,
	Do: Func(func(context.Context, *auth.Principal, struct{}) (discovery, error) {
		return discovery{}, nil
	}),
}

// The parts of an OpenRPC document that are used.
type (
	openDocument struct {
		OpenRPC    string         `json:"openrpc"`
		Info       openInfo       `json:"info"`
		Methods    []openMethod   `json:"methods"`
		Components openComponents `json:"components"`
	}
	openComponents struct {
		Errors map[string]openError `json:"errors"`
	}
	openError struct {
		Code    code   `json:"code"`
		Message string `json:"message"`
	}
	reference struct {
		To string `json:"$ref"`
	}
	openExample struct {
		Name   string             `json:"name"`
		Params []openExampleValue `json:"params"`
		Result openExampleValue   `json:"result"`
	}
	openExampleValue struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	}
	openInfo struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}
	openMethod struct {
		Name        string        `json:"name"`
		Summary     string        `json:"summary"`
		Description string        `json:"description,omitempty"`
		Deprecated  bool          `json:"deprecated,omitempty"`
		Structure   string        `json:"paramStructure"`
		Params      []openValue   `json:"params"`
		Result      openValue     `json:"result"`
		Errors      []reference   `json:"errors"`
		Examples    []openExample `json:"examples,omitempty"`
		Privileges  *privileges   `json:"x-privileges,omitempty"`
	}
	openValue struct {
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
		Required    bool   `json:"required,omitempty"`
		Deprecated  bool   `json:"deprecated,omitempty"`
		Schema      Schema `json:"schema"`
	}
)

// OpenRPC makes the OpenRPC document of a table.
func (t *Table) OpenRPC(version string) []byte {
	d := openDocument{
		OpenRPC: "1.3.2",
		Info: openInfo{
			Title:       "Portico",
			Description: "Every method is also at POST /portal/rest/ followed by its name; the body is then its params.",
			Version:     version,
		},
		Methods:    make([]openMethod, len(t.rows)),
		Components: openComponents{map[string]openError{}},
	}
	for _, e := range errorDocs {
		d.Components.Errors[e.name] = openError{e.code, e.message}
	}
	samples := t.samples()
	for i, r := range t.rows {
		d.Methods[i] = r.open(samples[r.Name])
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // a schema that cannot be written, which a programmer made
	}
	return b
}

func (t *Table) samples() map[string]Sample {
	if t.Samples == nil {
		return nil
	}
	return t.Samples()
}

func (r *row) open(s Sample) openMethod {
	m := openMethod{
		Name:        r.Name,
		Summary:     r.Doc,
		Description: r.Deprecated.String(),
		Deprecated:  !r.deprecated.IsZero(),
		Structure:   "by-name",
		Params:      r.params(schemer{}),
		Result:      openValue{Name: "result", Schema: schemer{result: true}.of(r.Do.result)},
		Examples:    r.examples(s),
		Privileges:  r.privileges(),
	}
	for _, e := range r.errors(s) {
		m.Errors = append(m.Errors, reference{"#/components/errors/" + e.name})
	}
	return m
}

func (r *row) params(by schemer) []openValue {
	list := make([]openValue, len(r.shape.members))
	for i, p := range r.shape.members {
		f := r.Do.params.FieldByIndex(p.index)
		s := by.member(f, false)
		delete(s, "description")
		list[i] = openValue{p.name, describe(f), p.need >= 0, s["deprecated"] == true, s}
	}
	return list
}

// privileges are the rule in the spelling of the published API document.
type privileges struct {
	Enterprise bool        `json:"forceEnterpriseContext,omitempty"`
	Proxy      bool        `json:"forceEnterpriseProxyContext,omitempty"`
	Allow      []string    `json:"allowAuthTypes"`
	Exclude    []string    `json:"excludeAuthTypes"`
	Principals []string    `json:"allowPrincipleTypes"`
	Excluded   []string    `json:"excludePrincipleTypes"`
	Self       string      `json:"allowPrivilegeToSelf,omitempty"`
	Require    []privilege `json:"requirePrivileges"`
}

type privilege struct {
	Action     string `json:"action"`
	Object     string `json:"object,omitempty"`
	Sufficient bool   `json:"sufficient,omitempty"` // one of these will do
}

func (r *row) privileges() *privileges {
	if r.Rule.IsPublic() {
		return nil
	}
	p := &privileges{
		Enterprise: r.scope.of == auth.Enterprise,
		Proxy:      r.scope.of == auth.MSP,
		Allow:      []string{"ANY"},
		Exclude:    []string{},
		Principals: []string{},
		Excluded:   []string{},
		Require:    []privilege{},
	}
	for _, t := range r.Rule.Principals() {
		p.Principals = append(p.Principals, t.String())
	}
	if types := r.Rule.UserTypes(); len(types) > 0 {
		p.Allow = p.Allow[:0]
		for _, t := range types {
			p.Allow = append(p.Allow, t.Caller())
		}
	}
	if self := r.Rule.Self(); self != auth.NoType {
		p.Self = self.Caller()
	}
	all, any := r.Rule.Privileges()
	p.require(all, false)
	p.require(any, true)
	return p
}

func (p *privileges) require(list []auth.Privilege, sufficient bool) {
	for _, v := range list {
		action, object, _ := strings.Cut(v.String(), ":")
		p.Require = append(p.Require, privilege{action, object, sufficient})
	}
}
