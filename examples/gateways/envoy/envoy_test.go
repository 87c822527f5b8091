package envoy

import (
	"fmt"
	"os"
	"strings"
	"testing"

	bootstrap "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	authz "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/header_mutation/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	manager "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"sigs.k8s.io/yaml"
)

// TestRecipe: every name in the recipe is one of Envoy's, every value is one that Envoy takes, and nobody is let through when the
// portal cannot say.
func TestRecipe(t *testing.T) {
	text, err := os.ReadFile("../envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	filters := whole.GetStaticResources().GetListeners()[0].GetFilterChains()[0].GetFilters()
	var http manager.HttpConnectionManager
	if err := filters[0].GetTypedConfig().UnmarshalTo(&http); err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, f := range http.GetHttpFilters() {
		names += strings.TrimPrefix(f.GetName(), "envoy.filters.http.") + " "
		if m, _ := f.GetTypedConfig().UnmarshalNew(); m != nil {
			if a, ok := m.(*authz.ExtAuthz); ok && (a.GetFailureModeAllow() || a.GetHttpService().GetPathPrefix() != "/auth/ext_authz") {
				t.Errorf("ext_authz: %v", a)
			}
		}
	}
	if names != "header_mutation ext_authz router " {
		t.Errorf("the filters are %s", names)
	}
}

// TestRecipeBroken: a mistake in the recipe would be seen.
func TestRecipeBroken(t *testing.T) {
	text, err := os.ReadFile("../envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for good, bad := range map[string]string{
		"path_prefix:":             "path_prefixes:",
		"code: ServiceUnavailable": "code: Later",
		"stat_prefix: program":     `stat_prefix: ""`,
		"port_value: 8443":         "port_value: 84430",
		"ext_authz.v3.ExtAuthz":    "ext_authz.v3.ExtAuthn",
	} {
		broken := strings.ReplaceAll(string(text), good, bad)
		if broken == string(text) {
			t.Errorf("the recipe has no %s", good)
		}
		if _, err := read([]byte(broken)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// read reads a configuration as Envoy does, and checks it and all that is in it.
func read(text []byte) (*bootstrap.Bootstrap, error) {
	b, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	whole := new(bootstrap.Bootstrap)
	if err := protojson.Unmarshal(b, whole); err != nil {
		return nil, err
	}
	return whole, check(whole)
}

// check validates a message and those in its Anys, which Envoy's own rules leave aside.
func check(m proto.Message) (err error) {
	if v, ok := m.(interface{ ValidateAll() error }); ok {
		err = v.ValidateAll()
	}
	var walk func(protoreflect.Value, protoreflect.FieldDescriptor)
	message := func(one protoreflect.Message) {
		if a, ok := one.Interface().(*anypb.Any); ok && err == nil {
			var inner proto.Message
			if inner, err = a.UnmarshalNew(); err == nil {
				err = check(inner)
			}
			return
		}
		one.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			walk(v, f)
			return err == nil
		})
	}
	walk = func(v protoreflect.Value, f protoreflect.FieldDescriptor) {
		switch {
		case f.IsMap() || f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				message(v.List().Get(i).Message())
			}
		default:
			message(v.Message())
		}
	}
	if err == nil {
		message(m.ProtoReflect())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return nil
}
