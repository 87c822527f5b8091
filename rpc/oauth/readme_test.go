package oauth_test

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The commands of the README, as whoever follows it types them.
func TestReadme(t *testing.T) {
	for _, needed := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("there is no %s on this machine", needed)
		}
	}
	h := newHouse(t)
	srv := httptest.NewTLSServer(h)
	defer srv.Close()
	h.issuer = srv.URL
	sh := exec.Command("sh")
	sh.Stdin = strings.NewReader(typed(t, map[string]string{
		"https://127.0.0.1:8443": srv.URL, "the client id": "app", "the client secret": good, "an API token": "api.token.text",
		"data/tls/cert.pem": certificate(t, srv),
	})) // line by line, as a shell for people reads it
	out, err := sh.CombinedOutput()
	metadata, told, _ := strings.Cut(string(out), "}")
	const want = `{"username":"Billing"}` +
		`{"active":true,"scope":"READ:EDGE READ:USER","client_id":"app","username":"Billing","token_type":"Bearer",` +
		`"exp":1700001800,"iat":1700000000,"sub":"app:7","aud":"portal","iss":"https://portal.example","jti":"jti-1","ptype":"APP","org":"org-1"}` +
		`{"active":false}` + exchanged
	if err != nil || !strings.HasPrefix(metadata, `{"issuer":"`+srv.URL+`"`) || told != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, out, want)
	}
	if got := h.was(); !strings.Contains(got, `in "" for 10m0s`) {
		t.Errorf("asked %s", got)
	}
}

// typed is the script of the README's section on OAuth, with what stands for something else put in.
func typed(t *testing.T, names map[string]string) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("## OAuth\n"))
	_, text, _ = bytes.Cut(text, []byte("```sh\n"))
	block, _, found := bytes.Cut(text, []byte("```"))
	if !found {
		t.Fatal("the README has no section on OAuth")
	}
	script := string(block)
	for from, to := range names {
		if !strings.Contains(script, from) {
			t.Fatalf("the README has no %q", from)
		}
		script = strings.ReplaceAll(script, from, to)
	}
	return script
}
