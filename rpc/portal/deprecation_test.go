package portal_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDeprecatedIsInTheReadme holds the list of the README against the document: methods, and params with the method in front.
func TestDeprecatedIsInTheReadme(t *testing.T) {
	var own struct{ Methods []schema }
	build(t).good(t, nil, "rpc.discover", `{}`, &own)
	want := map[string]string{}
	for _, m := range own.Methods {
		name := m["name"].(string)
		if m["deprecated"] == true {
			want[name], _ = m["description"].(string)
		}
		for _, p := range m["params"].([]any) {
			deprecatedIn(want, name+" "+p.(schema)["name"].(string), p.(schema))
		}
	}
	if want["role/createRoleCustomization"] == "" {
		t.Error("what the published document deprecates is not, or nothing is said of what to use")
	}
	readme, err := os.ReadFile("../../README.md")
	must(t, err)
	_, section, _ := strings.Cut(string(readme), "\n## Deprecated\n")
	section, _, _ = strings.Cut(section, "\n## ")
	got := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(.*)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		got[row[1]] = row[2]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the README's section Deprecated (-document +README):\n%s", d)
	}
}

// deprecatedIn adds what is deprecated of a param, and of the members below it, with what is said of it.
func deprecatedIn(all map[string]string, path string, p schema) {
	if p["deprecated"] == true {
		_, all[path], _ = strings.Cut(p["description"].(string), "Deprecated: ")
	}
	of := p
	if s := asSchema(p["schema"]); s != nil {
		of = s
	}
	for _, s := range append(asList(of["anyOf"]), of, of["items"]) {
		for name, member := range asSchema(asSchema(s)["properties"]) {
			deprecatedIn(all, path+"."+name, asSchema(member))
		}
	}
}
