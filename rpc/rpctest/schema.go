package rpctest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas are those of the results, by method.
type schemas map[string]*jsonschema.Schema

// compiled keeps the schemas of each OpenRPC document: most conversations are played against the same, and to compile it
// takes longer than to play one.
var compiled sync.Map

// schemasOf answers the schemas of a document as it came.
func schemasOf(t testing.TB, document []byte) schemas {
	t.Helper()
	if all, ok := compiled.Load(string(document)); ok {
		return all.(schemas)
	}
	doc, err := decode(document)
	if err != nil {
		t.Fatalf("rpc.discover: %v", err)
	}
	all := compile(t, doc)
	compiled.Store(string(document), all)
	return all
}

// compile takes the schemas out of a document.
func compile(t testing.TB, document any) schemas {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openrpc.json", document); err != nil {
		t.Fatal(err)
	}
	all := schemas{}
	methods, _ := document.(map[string]any)["methods"].([]any)
	for i, m := range methods {
		name, _ := m.(map[string]any)["name"].(string)
		s, err := c.Compile(fmt.Sprintf("openrpc.json#/methods/%d/result/schema", i))
		if err != nil {
			t.Fatalf("the schema of the result of %s: %v", name, err)
		}
		all[name] = s
	}
	return all
}

// answers takes an answer apart. What answers no call in the body, such as the refusal of it all, is left out.
func answers(tn *turn, body string, got any) (all []Heard) {
	calls, err := decode([]byte(body))
	if m, ok := strings.CutPrefix(tn.path, "/portal/rest/"); ok {
		h := Heard{Method: strings.Trim(m, "/"), Params: calls, Answer: got}
		if o, ok := got.(map[string]any); ok && o["error"] != nil {
			h.Answer, h.Failed = o["error"], true
		}
		return []Heard{h}
	}
	if err != nil {
		return nil
	}
	for _, answer := range list(got) {
		if a, ok := answer.(map[string]any); ok {
			all = append(all, answerTo(calls, a)...)
		}
	}
	return all
}

func answerTo(calls any, a map[string]any) []Heard {
	for _, call := range list(calls) {
		c, ok := call.(map[string]any)
		if !ok || c["id"] != a["id"] {
			continue
		}
		name, _ := c["method"].(string)
		if result, good := a["result"]; good {
			return []Heard{{Method: name, Params: c["params"], Answer: result}}
		}
		if a["error"] != nil {
			return []Heard{{Method: name, Params: c["params"], Answer: a["error"], Failed: true}}
		}
	}
	return nil
}

// check holds a result against the schema of its method.
func (all schemas) check(t testing.TB, where, method string, result any) {
	t.Helper()
	s := all[method]
	if s == nil {
		t.Errorf("%s: method %q has a result but is not in the OpenRPC document", where, method)
		return
	}
	if err := s.Validate(result); err != nil {
		t.Errorf("%s: the result of %s does not fit its schema: %v", where, method, err)
	}
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}
