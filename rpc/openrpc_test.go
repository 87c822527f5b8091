package rpc_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// metaSchema is @open-rpc/meta-schema 1.14.9. It refers to another schema for JSON Schemas, at whose address stands what
// is just as strict: draft 7's own.
func metaSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/openrpc-meta-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	add := func(url, text string) {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err == nil {
			err = c.AddResource(url, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, url := range []string{"https://meta.json-schema.tools", "https://meta.json-schema.tools/"} {
		add(url, `{"$schema":"http://json-schema.org/draft-07/schema#","allOf":[{"$ref":"http://json-schema.org/draft-07/schema#"}],
			"definitions":{"JSONSchemaObject":{"properties":{"$ref":{"type":"string"}}}}}`)
	}
	add("openrpc.json", strings.Replace(string(b), `"https://meta.json-schema.tools/"`, `"http://json-schema.org/draft-07/schema#"`, 1))
	s, err := c.Compile("openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) { return nil, os.ErrNotExist }

func TestOpenRPCFitsItsMetaSchema(t *testing.T) {
	h := newHouse(t)
	w := h.ask("/portal/rest/rpc.discover", "", "")
	if w.Code != 200 || w.Header().Get("Expires") != "" {
		t.Fatalf("rpc.discover for nobody: %d %v", w.Code, w.Header())
	}
	v, err := jsonschema.UnmarshalJSON(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	s := metaSchema(t)
	if err := s.Validate(v); err != nil {
		t.Errorf("%v", err)
	}
	broken := v.(map[string]any)["methods"].([]any)[0].(map[string]any)
	broken["params"].([]any)[0].(map[string]any)["schema"] = map[string]any{"type": "nonsense"}
	if s.Validate(v) == nil {
		t.Error("a document with a broken schema passes: the check is empty")
	}
}

func TestOpenRPCEntries(t *testing.T) {
	var d struct {
		Methods []struct {
			Name       string
			Deprecated bool
			Params     json.RawMessage
			Result     json.RawMessage
			Privileges json.RawMessage `json:"x-privileges"`
		}
	}
	if err := json.Unmarshal(newHouse(t).ask("/portal/rest/rpc.discover", "", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	want := map[string][3]string{ // params, result, privileges; "" is not looked at
		"needs": {`[{"name":"name","description":"The name.","required":true,"schema":{"type":"string"}},
			{"name":"who","required":true,"schema":{"type":["integer","string"]}},
			{"name":"at","required":true,"schema":{"type":["string","integer","null"],"format":"date-time"}},
			{"name":"deep","schema":{"type":"object","properties":{"life":{"type":"integer"}},"required":["life"]}}]`,
			`{"name":"result","schema":{"type":"string"}}`, ``},
		"result": {`[]`, `{"name":"result","schema":{"type":"object","properties":{
			"id":{"type":"integer"},"isActive":{"type":"integer","enum":[0,1]},"isRevoked":{"type":"boolean"},
			"created":{"type":["string","null"],"format":"date-time"},"lastLogin":{"type":["string","null"],"format":"date-time"},
			"email":{"type":["string","null"]},"error":{"type":"string"},"roles":{"type":"array","items":{"type":"string"}},"bool":{"type":"boolean"},
			"parent":{"type":["object","null"],"properties":{"type":{"type":"string","enum":["A","B"]}},"required":["type"]}},
			"required":["id","isActive","isRevoked","created","lastLogin","email","roles","bool","parent"]}}`, ``},
		"old": {`[{"name":"life","description":"In days. Deprecated: use lifeMs.","deprecated":true,"schema":{"type":"integer","deprecated":true}},
			{"name":"deep","schema":{"type":"object","properties":{"kind":{"type":"string"},
			"name":{"type":"string","description":"Deprecated: leave it out.","deprecated":true}}}}]`, ``, ``},
		"login/operatorLogin": {``, `{"name":"result","schema":{"type":"null"}}`, `null`},
		"operators":           {``, ``, `{"allowAuthTypes":["OPERATOR_USER"],"excludeAuthTypes":[],"allowPrincipleTypes":["USER","SERVICE_ACCOUNT","APP"],"excludePrincipleTypes":[],"requirePrivileges":[]}`},
		"enterprise/rename": {``, ``, `{"forceEnterpriseContext":true,"allowAuthTypes":["ANY"],"excludeAuthTypes":[],"allowPrincipleTypes":["USER","SERVICE_ACCOUNT","APP"],
			"excludePrincipleTypes":[],"requirePrivileges":[{"action":"UPDATE","object":"ENTERPRISE"}]}`},
	}
	seen := 0
	for _, m := range d.Methods {
		if m.Deprecated != strings.HasPrefix(m.Name, "old") {
			t.Errorf("%s: deprecated is %v", m.Name, m.Deprecated)
		}
		w, ok := want[m.Name]
		if !ok {
			continue
		}
		seen++
		for i, got := range []json.RawMessage{m.Params, m.Result, m.Privileges} {
			if got == nil {
				got = json.RawMessage("null")
			}
			if w[i] != "" && !same(t, string(got), w[i]) {
				t.Errorf("%s: %s", m.Name, cmp.Diff(w[i], string(got)))
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d entries seen, want %d", seen, len(want))
	}
}
