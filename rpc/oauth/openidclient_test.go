package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// TestOpenIDClient: the client of npm's openid-client finds the endpoints by the metadata and gets its tokens, in each way to
// show who it is, looks into them and ends them. It must be installed: make slow does.
func TestOpenIDClient(t *testing.T) {
	const dir = "testdata/openid-client"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node on this machine")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("openid-client is not installed: npm ci --prefix rpc/oauth/" + dir)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	h.clients["a:b+c d%é"] = "s:+% é"
	h.key = &key.PublicKey
	srv := httptest.NewTLSServer(h)
	defer srv.Close()
	h.issuer = srv.URL

	cmd := exec.Command(node, "client.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+certificate(t, srv))
	in, err := json.Marshal(map[string]any{
		"issuer": srv.URL, "id": "a:b+c d%é", "secret": "s:+% é", "jwk": jose.JSONWebKey{Key: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.CombinedOutput()
	const want = `basic access.token.text bearer 1799 true app:7
post access.token.text bearer 1799 true app:7
jwt access.token.text bearer 1799 true app:7
wrong invalid_client 401
challenged basic 401
`
	if err != nil || string(out) != want {
		t.Errorf("%v\ngot\n%swant\n%s", err, out, want)
	}
}

// certificate writes the server's own, which node shall trust, to a file.
func certificate(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cert.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
