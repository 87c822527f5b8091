package portal_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestOpenAPIDocument: it is one by the schema of OpenAPI 3.1, each schema in it is one by JSON Schema's, each example fits the schema
// beside it, and every method and every path that is served is there, once.
func TestOpenAPIDocument(t *testing.T) {
	h := build(t)
	var document map[string]any
	must(t, json.Unmarshal(h.options.OpenAPI(), &document))
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	for name, file := range map[string]string{"openapi.json": "../testdata/openapi-3.1-schema.json"} {
		b, err := os.ReadFile(file)
		must(t, err)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		must(t, err)
		must(t, c.AddResource(name, v))
	}
	must(t, c.AddResource("document.json", document))
	s, err := c.Compile("openapi.json")
	must(t, err)
	if err := s.Validate(document); err != nil {
		t.Errorf("not OpenAPI 3.1: %v", err)
	}

	ids, schemas := map[string]string{}, 0
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if id, ok := v["operationId"].(string); ok {
				if ids[id] != "" {
					t.Errorf("operationId %s is at %s and at %s", id, ids[id], at)
				}
				ids[id] = at
			}
			if types, several := v["type"].([]any); several && (len(types) > 2 || !slices.Contains(types, any("null"))) {
				t.Errorf("%s is of the types %v, by which generators of clients make nothing", at, types)
			}
			if of, ok := v["schema"]; ok && !strings.Contains(at, "/properties/") {
				schemas++
				s, err := c.Compile("document.json#" + at + "/schema")
				if err != nil {
					t.Errorf("%s: %v: %v", at, of, err)
				} else if example, ok := v["example"]; ok && s.Validate(example) != nil {
					t.Errorf("%s: the example does not fit: %v", at, s.Validate(example))
				}
			}
			for name, one := range v {
				walk(at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), one)
			}
		case []any:
			for i, one := range v {
				walk(fmt.Sprintf("%s/%d", at, i), one)
			}
		}
	}
	walk("", document)
	if schemas < 400 {
		t.Errorf("only %d schemas were looked at", schemas)
	}

	paths := document["paths"].(map[string]any)
	for _, m := range h.options.Table.Methods() {
		if paths["/portal/rest/"+m.Name] == nil {
			t.Errorf("%s is not there", m.Name)
		}
	}
	for _, e := range h.options.Endpoints {
		if at, _ := paths["/"+e.Path].(map[string]any); at == nil || at[strings.ToLower(e.Verb)] == nil || e.Doc == "" {
			t.Errorf("%s is not there, or nothing says what it is", e.Path)
		}
	}
	for _, p := range h.options.Paths {
		if at, _ := paths["/"+p.Pattern].(map[string]any); at == nil || at[strings.ToLower(p.Verb)] == nil {
			t.Errorf("%s %s is not there", p.Verb, p.Pattern)
		}
	}

	// Each is served: whatever it is told, nobody says that there is nothing at the path, or that it takes another verb.
	for path, at := range paths {
		for verb := range at.(map[string]any) {
			if w := h.v3(strings.ToUpper(verb), strings.NewReplacer("{", "", "}", "").Replace(path), nil, "{}"); slices.Contains([]int{404, 405}, w.Code) &&
				strings.Contains(w.Body.String(), "path") {
				t.Errorf("%s %s: %d %s", verb, path, w.Code, w.Body)
			}
		}
	}
}
