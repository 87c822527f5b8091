package rpctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas are those of the results, by method.
type schemas map[string]*jsonschema.Schema

// compile takes them out of an OpenRPC document.
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

// check holds the results in an answer against the schemas of the methods that were called.
func (all schemas) check(t testing.TB, where string, tn *turn, body string, got any) {
	t.Helper()
	if m, ok := strings.CutPrefix(tn.path, "/portal/rest/"); ok {
		if o, ok := got.(map[string]any); !ok || o["error"] == nil {
			all.checkOne(t, where, strings.Trim(m, "/"), got)
		}
		return
	}
	calls, err := decode([]byte(body))
	if err != nil {
		return // refused, if the answer is as expected
	}
	for _, answer := range list(got) {
		a, ok := answer.(map[string]any)
		result, good := a["result"]
		if !ok || !good {
			continue
		}
		for _, call := range list(calls) {
			if c, ok := call.(map[string]any); ok && c["id"] == a["id"] {
				name, _ := c["method"].(string)
				all.checkOne(t, where, name, result)
				break
			}
		}
	}
}

func (all schemas) checkOne(t testing.TB, where, method string, result any) {
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
