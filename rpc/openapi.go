package rpc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// OpenAPI makes the OpenAPI 3.1 document of what is not JSON-RPC: the REST-like twin of each method, the login and logout paths, the
// endpoints, and the paths of other products. The path /portal itself is in it as far as OpenAPI can say it; the OpenRPC
// document says more.
func (o Options) OpenAPI() []byte {
	paths := Schema{}
	samples := o.Table.samples()
	for _, r := range o.Table.rows {
		paths["/portal/rest/"+r.Name] = Schema{"post": r.twin(samples[r.Name])}
	}
	paths["/portal"] = Schema{"post": jsonRPC()}
	for path, rt := range routes {
		if r := o.Table.byName[rt.method]; rt.leads && r != nil {
			paths["/"+path] = Schema{"post": r.leading(path)}
		}
	}
	for _, e := range o.Endpoints {
		paths["/"+e.Path] = Schema{strings.ToLower(e.Verb): e.operation()}
	}
	for _, p := range o.Paths {
		at, _ := paths["/"+p.Pattern].(Schema)
		if at == nil {
			at = Schema{}
			paths["/"+p.Pattern] = at
		}
		at[strings.ToLower(p.Verb)] = p.operation(o.Table)
	}
	nullApart(paths)
	b, err := json.Marshal(Schema{
		"openapi": "3.1.0",
		"info": Schema{
			"title": "Portico", "version": o.Version,
			"description": "Every method is at POST /portal/rest/ followed by its name; the body is its params, the answer its bare result. " +
				"Params are shown in one form; the portal also takes numbers and truth values in strings, and one value in the place of a list. " +
				"The same methods are called by JSON-RPC 2.0 at POST /portal, which an OpenRPC document describes (method rpc.discover).",
		},
		"paths":    paths,
		"tags":     o.Table.tags(),
		"security": signedIn,
		"components": Schema{
			"schemas":         Schema{"Error": errorSchema(), "ForeignError": SchemaOf[foreignFault](true), "OAuthError": oauthErrorSchema()},
			"responses":       Schema{"Error": answerOf("An error.", ref("schemas/Error"), nil)},
			"securitySchemes": securitySchemes,
		},
	})
	if err != nil {
		panic(err) // a schema that cannot be written, which a programmer made
	}
	return b
}

// nullApart writes "one of these words, or null" as two schemas: generators of clients do not take null for a word.
func nullApart(v any) {
	switch v := v.(type) {
	case []Schema:
		for _, s := range v {
			nullApart(s)
		}
	case Schema:
		words, _ := v["enum"].([]any)
		if i := slices.Index(words, nil); i >= 0 {
			types := slices.DeleteFunc(slices.Clone(v["type"].([]string)), func(t string) bool { return t == "null" })
			v["anyOf"] = []Schema{{"type": types[0], "enum": slices.Delete(slices.Clone(words), i, i+1)}, {"type": "null"}}
			delete(v, "enum")
			delete(v, "type")
		}
		for _, one := range v {
			nullApart(one)
		}
	}
}

// How callers show who they are. The names are those of securitySchemes.
var (
	securitySchemes = Schema{
		"apiToken":    Schema{"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token, a blank, and the text of an API token."},
		"accessToken": Schema{"type": "http", "scheme": "bearer", "description": "An OAuth access token."},
		"session":     Schema{"type": "apiKey", "in": "cookie", "name": sessionCookie, "description": "Set by a login."},
		"client":      Schema{"type": "http", "scheme": "basic", "description": "The id and the secret of an OAuth client, which may be in the form instead."},
	}
	byHeader = []Schema{{"apiToken": []string{}}, {"accessToken": []string{}}}
	signedIn = append(byHeader[:2:2], Schema{"session": []string{}})
	anybody  = []Schema{}
)

func ref(to string) Schema { return Schema{"$ref": "#/components/" + to} }

func errorSchema() Schema {
	var codes []any
	var text strings.Builder
	for _, e := range errorDocs {
		codes = append(codes, e.code)
		fmt.Fprintf(&text, "%d %s (HTTP %s): %s\n", e.code, e.name, e.status, e.message)
	}
	return Schema{"type": "object", "required": []string{"error"}, "properties": Schema{"error": Schema{
		"type": "object", "required": []string{"code", "message"},
		"properties": Schema{
			"code":    Schema{"type": "integer", "enum": codes, "description": text.String()},
			"message": Schema{"type": "string"},
			"data":    Schema{"description": "What is wrong with which parameter, or the number of the request."},
		},
	}}}
}

// oauthErrorSchema is that of RFC 6749 5.2.
func oauthErrorSchema() Schema {
	return Schema{"type": "object", "required": []string{"error"}, "properties": Schema{
		"error": Schema{"type": "string"}, "error_description": Schema{"type": "string"},
	}}
}

// answerOf is a response with a JSON body.
func answerOf(text string, of Schema, example json.RawMessage) Schema {
	media := Schema{"schema": of}
	if example != nil {
		media["example"] = example
	}
	return Schema{"description": text, "content": Schema{"application/json": media}}
}

// tags are the families of the methods.
func (t *Table) tags() (all []Schema) {
	families := map[string]bool{}
	for _, r := range t.rows {
		families[r.family()] = true
	}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		all = append(all, Schema{"name": name})
	}
	return all
}

func (r *row) family() string {
	family, _, _ := strings.Cut(strings.Replace(r.Name, ".", "/", 1), "/")
	return family
}

// operationID is a name that generators of clients make a name of theirs of.
func operationID(path string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("/.-", c) {
			return '_'
		}
		if strings.ContainsRune("{}", c) {
			return -1
		}
		return c
	}, path)
}

// twin is the operation of a method on its REST-like path.
func (r *row) twin(s Sample) Schema {
	op := Schema{
		"operationId": operationID(r.Name),
		"tags":        []string{r.family()},
		"summary":     r.Doc,
		"responses": Schema{
			"200":     answerOf("The result.", schemer{result: true}.of(r.Do.result), s.Result),
			"default": ref("responses/Error"),
		},
	}
	if len(r.shape.members) > 0 {
		op["requestBody"] = Schema{"required": r.needy(), "content": Schema{"application/json": r.body(s)}}
	}
	if r.Rule.IsPublic() {
		op["security"] = anybody
	} else {
		op["x-privileges"] = r.privileges()
	}
	var codes []string
	for _, e := range r.errors(s) {
		codes = append(codes, fmt.Sprintf("%d %s", e.code, e.name))
	}
	op["description"] = strings.TrimSpace(r.Deprecated.String() + " Errors: " + strings.Join(codes, ", ") + ".")
	if !r.deprecated.IsZero() {
		op["deprecated"] = true
	}
	if r.session {
		op["responses"].(Schema)["200"].(Schema)["headers"] = Schema{"Set-Cookie": Schema{"schema": Schema{"type": "string"}}}
	}
	return op
}

func (r *row) needy() bool {
	return slices.ContainsFunc(r.shape.members, func(m member) bool { return m.need >= 0 })
}

// body is the params as a JSON object.
func (r *row) body(s Sample) Schema {
	props, required := Schema{}, []string{}
	for _, p := range r.params(schemer{narrow: true}) {
		of := p.Schema
		if p.Description != "" {
			of = maps.Clone(of)
			of["description"] = p.Description
		}
		props[p.Name] = of
		if p.Required {
			required = append(required, p.Name)
		}
	}
	of := Schema{"type": "object", "properties": props}
	if len(required) > 0 {
		of["required"] = required
	}
	media := Schema{"schema": of}
	if s.Params != nil {
		media["example"] = s.Params
	}
	return media
}

// leading is the operation of a login or logout path, for browsers and for clients that behave like them.
func (r *row) leading(path string) Schema {
	op := r.twin(Sample{})
	op["operationId"] = operationID("page/" + path)
	op["responses"] = Schema{
		"302": Schema{"description": "To the console, with the cookie of a session; or, where it failed, to the address with a message in it.", "headers": Schema{
			"Location": Schema{"schema": Schema{"type": "string"}}, "Set-Cookie": Schema{"schema": Schema{"type": "string"}},
		}},
		"default": ref("responses/Error"),
	}
	delete(op, "description")
	return op
}

func jsonRPC() Schema {
	call := Schema{"type": "object", "required": []string{"jsonrpc", "method"}, "properties": Schema{
		"jsonrpc": Schema{"const": "2.0"}, "method": Schema{"type": "string"}, "params": Schema{"type": "object"},
		"id": Schema{"description": "A number, a string or null."},
	}}
	answer := Schema{"type": "object", "properties": Schema{
		"jsonrpc": Schema{"const": "2.0"}, "result": Schema{}, "error": Schema{"type": "object"}, "id": Schema{"description": "A number, a string or null."},
	}}
	orMany := func(s Schema) Schema { return Schema{"anyOf": []Schema{s, {"type": "array", "items": s}}} }
	return Schema{
		"operationId": "portal", "tags": []string{"rpc"}, "summary": "Calls methods by JSON-RPC 2.0, one or a batch of at most 100.",
		"security":    append(signedIn[:len(signedIn):len(signedIn)], Schema{}),
		"requestBody": Schema{"required": true, "content": Schema{"application/json": Schema{"schema": orMany(call)}}},
		"responses": Schema{
			"200": answerOf("The answers; errors of methods are told here, too.", orMany(answer), nil), "default": ref("responses/Error"),
		},
	}
}

func (e Endpoint) tag() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(e.Path, "."), "/")
	return name
}

// operation is that of an endpoint.
func (e Endpoint) operation() Schema {
	op := Schema{
		"operationId": operationID(e.Path), "tags": []string{e.tag()}, "summary": e.Doc, "security": anybody,
		"responses": Schema{"200": answerOf("The answer.", e.Answer, nil), "default": answerOf("An error.", ref("schemas/OAuthError"), nil)},
	}
	if e.Signed {
		op["security"] = byHeader
	}
	params := []Schema{}
	for _, of := range []struct {
		in     string
		schema map[string]Schema
	}{{"query", e.Query}, {"header", e.Header}} {
		for _, name := range slices.Sorted(maps.Keys(of.schema)) {
			params = append(params, Schema{"name": name, "in": of.in, "schema": of.schema[name]})
		}
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if e.Answer == nil {
		op["responses"].(Schema)["200"] = Schema{"description": "Done."}
	}
	if e.Form != nil {
		op["security"] = []Schema{{"client": []string{}}, {}}
		op["requestBody"] = Schema{"required": true, "content": Schema{"application/x-www-form-urlencoded": Schema{"schema": e.Form}}}
	}
	return op
}

// operation is that of another product's path.
func (p Path) operation(t *Table) Schema {
	m := t.byName[p.Method]
	params := []Schema{}
	_, ids := segmentsOf(p.Pattern)
	for _, name := range ids {
		params = append(params, Schema{"name": name, "in": "path", "required": true, "schema": Schema{"type": "string"}})
	}
	for _, q := range p.Query {
		params = append(params, Schema{"name": q.Name, "in": "query", "required": q.Needed, "schema": Schema{"type": "string"}})
	}
	op := Schema{
		"operationId": operationID(strings.ToLower(p.Verb) + "/" + p.Pattern), "tags": []string{m.family()}, "summary": m.Doc,
		"description": "The method " + p.Method + ".", "parameters": params,
		"responses": Schema{
			"200":     answerOf("The answer.", schemer{result: true}.of(p.Answer.shown), nil),
			"default": answerOf("An error.", ref("schemas/ForeignError"), nil),
		},
	}
	if m.Rule.IsPublic() {
		op["security"] = anybody
	}
	if len(p.Body) > 0 {
		op["requestBody"] = Schema{"required": true, "content": Schema{"application/json": Schema{"schema": p.bodySchema(m)}}}
	}
	return op
}

func (p Path) bodySchema(m *row) Schema {
	props, required := Schema{}, []string{}
	for _, b := range p.Body {
		props[b.Name] = Schema{"type": "string"}
		if i, ok := m.shape.byName[b.target()]; ok {
			props[b.Name] = schemer{narrow: true}.of(m.shape.members[i].typ)
		}
		if b.Needed {
			required = append(required, b.Name)
		}
	}
	return Schema{"type": "object", "properties": props, "required": required}
}
