package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth/fixture"
)

// TestDocs: what is written is what a running portal says of itself, and no portal is made for it.
func TestDocs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "docs")
	for range 2 { // the second time over the first
		if status, out, errs := runHere(t, nil, "", "docs", dir); status != exitOK || out+errs != "" {
			t.Fatalf("exit status %d\n%s%s", status, out, errs)
		}
	}
	files := map[string]string{}
	for _, name := range []string{"reference.md", "reference.html", "openapi.json", "openrpc.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if files[name] = string(b); !strings.Contains(files[name], "enterprise/getEnterpriseUsers") {
			t.Errorf("%s does not know enterprise/getEnterpriseUsers", name)
		}
	}
	form, err := os.ReadFile(filepath.Join(dir, "fixture.schema.json"))
	if want, e := fixture.Schema(); err != nil || e != nil || !bytes.Equal(form, want) {
		t.Errorf("the schema of fixtures has %d bytes: %v, %v", len(form), err, e)
	}
	p := serving(t, demoArgs(filepath.Join(t.TempDir(), "data"))...)
	if res, body := p.post("/portal/rest/rpc.discover", "{}"); res.StatusCode != 200 || body != files["openrpc.json"] {
		t.Errorf("a portal discovers %d bytes, %s; written are %d", len(body), res.Status, len(files["openrpc.json"]))
	}
	if status, _, errs := runHere(t, nil, "", "docs"); status != exitUsage || !strings.Contains(errs, "give a folder") {
		t.Errorf("without a folder: exit status %d, %s", status, errs)
	}
	if status, _, _ := runHere(t, nil, "", "docs", filepath.Join(dir, "reference.md")); status != exitFailed {
		t.Errorf("into a file: exit status %d", status)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 5 {
		t.Errorf("written are %v", left)
	}
}
