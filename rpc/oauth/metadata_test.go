package oauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/portico-vco/portico/rpc/oauth"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMetadata(t *testing.T) {
	const golden = "testdata/metadata.json"
	h := newHouse(t)
	w := h.get("/.well-known/oauth-authorization-server")
	var got bytes.Buffer
	if err := json.Indent(&got, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got.String() != string(want) {
		t.Errorf("%v\ngot %s\nwant %s", err, &got, want)
	}
	if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// The issuer has no path, so RFC 8414 3.1 knows one address; one with something behind it is that of another issuer.
func TestMetadataOfOthers(t *testing.T) {
	h := newHouse(t)
	for path, status := range map[string]int{
		"/.well-known/oauth-authorization-server/":       200,
		"/.well-known/oauth-authorization-server/portal": 404,
		"/portal/.well-known/oauth-authorization-server": 404,
		"/.well-known/openid-configuration":              404,
	} {
		if w := h.get(path); w.Code != status {
			t.Errorf("%s: %d, want %d", path, w.Code, status)
		}
	}
	h.issuer = ""
	if w := h.get("/.well-known/oauth-authorization-server"); w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("without an issuer: %d %s", w.Code, w.Body)
	}
}

// The two kinds of keys were published together: who verified access tokens by jwks_uri and did not look at their type took API
// tokens for such.
func TestKeys(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{
		"/oauth2/jwks.json":           `{"keys":[{"kid":"a"}]}`,
		"/oauth2/api-token-jwks.json": `{"keys":[{"kid":"b"},{"kid":"c"}]}`,
	} {
		w := h.get(path)
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", path, w.Code, w.Body, want)
		}
		if c := w.Header().Get("Cache-Control"); c != "public, max-age=300" {
			t.Errorf("%s: Cache-Control %q", path, c)
		}
	}
}

func TestKeysThatFail(t *testing.T) {
	for name, keys := range map[string]func(context.Context) ([]byte, error){
		"error":    func(context.Context) ([]byte, error) { return nil, errors.New(insider) },
		"panic":    func(context.Context) ([]byte, error) { panic(insider) },
		"no keys":  func(context.Context) ([]byte, error) { return []byte(`{"keys":[]}`), nil },
		"no JSON":  func(context.Context) ([]byte, error) { return []byte(insider), nil },
		"an empty": func(context.Context) ([]byte, error) { return nil, nil },
	} {
		var h house
		h.serve(t, oauth.Options{Keys: keys})
		w := h.get("/oauth2/jwks.json")
		if want := `{"error":"server_error","error_description":"internal error"}`; w.Code != 500 || w.Body.String() != want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if c := w.Header().Get("Cache-Control"); c != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, c)
		}
	}
}

// Without an authority there are the keys alone.
func TestWithoutClients(t *testing.T) {
	var h house
	h.serve(t, oauth.Options{})
	if w := h.post("/oauth2/token", grant+byForm); w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := h.get("/.well-known/oauth-authorization-server"); w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
