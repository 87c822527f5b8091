package portal_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/portal"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew; read the difference like code")

// TestOpenRPCDocument holds the API against the document of it that was read last: it IS the API, so that no change of a
// method, a param or a result goes unseen.
func TestOpenRPCDocument(t *testing.T) {
	h := build(t)
	table, err := rpc.NewTable(portal.Methods(h.accounts, h.tokens, h.letters, h.resets, h.clients, h.groups, h.vault, h.backups))
	must(t, err)
	var b bytes.Buffer
	must(t, json.Indent(&b, table.OpenRPC("golden"), "", " "))
	b.WriteByte('\n')
	golden(t, "testdata/openrpc.json", b.String())
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
