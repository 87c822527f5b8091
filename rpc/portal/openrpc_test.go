package portal_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/portal"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew; read the difference like code")

// TestOpenRPCDocument holds the API against the document of it that was read last: it IS the API, so that no change of a
// method, a param or a result goes unseen.
func TestOpenRPCDocument(t *testing.T) {
	h := build(t)
	table, err := rpc.NewTable(portal.Methods(h.accounts, h.tokens, h.letters, h.resets, h.clients, h.groups, h.vault, h.backups, h.hooks))
	must(t, err)
	var b bytes.Buffer
	must(t, json.Indent(&b, table.OpenRPC("golden"), "", " "))
	b.WriteByte('\n')
	golden(t, "testdata/openrpc.json", b.String())
}

// TestEveryMethodHasItsSample: the document shows a call of each, which fits its own schemas.
func TestEveryMethodHasItsSample(t *testing.T) {
	h := build(t)
	var document any
	must(t, json.Unmarshal(h.post("/portal/rest/rpc.discover", nil, "{}").Body.Bytes(), &document))
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("openrpc.json", document))
	fits := func(what, at string, v any) {
		t.Helper()
		s, err := c.Compile("openrpc.json#" + at)
		must(t, err)
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i, m := range document.(map[string]any)["methods"].([]any) {
		m := m.(map[string]any)
		name := m["name"].(string)
		examples, _ := m["examples"].([]any)
		if name == "rpc.discover" { // is its own
			continue
		}
		if len(examples) == 0 {
			t.Errorf("%s is shown nowhere", name)
			continue
		}
		example, params := examples[0].(map[string]any), map[string]int{}
		for j, p := range m["params"].([]any) {
			params[p.(map[string]any)["name"].(string)] = j
		}
		for _, p := range example["params"].([]any) {
			p := p.(map[string]any)
			fits(name+" with "+p["name"].(string), fmt.Sprintf("/methods/%d/params/%d/schema", i, params[p["name"].(string)]), p["value"])
		}
		fits(name, fmt.Sprintf("/methods/%d/result/schema", i), example["result"].(map[string]any)["value"])
	}
}

// golden holds a text against the one that was read last.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what it was (go test ./rpc/portal -run %s -update):\n%s", file, t.Name(), diff)
	}
}
