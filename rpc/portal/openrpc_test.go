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

var update = flag.Bool("update", false, "write testdata/openrpc.json anew; read the difference like code")

// TestOpenRPCDocument holds the API against the document of it that was read last: it IS the API, so that no change of a
// method, a param or a result goes unseen.
func TestOpenRPCDocument(t *testing.T) {
	h := build(t)
	table, err := rpc.NewTable(portal.Methods(h.accounts, h.tokens, h.letters, h.resets))
	must(t, err)
	var b bytes.Buffer
	must(t, json.Indent(&b, table.OpenRPC("golden"), "", " "))
	b.WriteByte('\n')
	const file = "testdata/openrpc.json"
	if *update {
		must(t, os.WriteFile(file, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the API differs from %s (go test ./rpc/portal -run OpenRPC -update):\n%s", file, diff)
	}
}
