package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/portico-vco/portico/reference/client/api"
)

const password = "an example password 1"

// start starts a portal and answers its address, the token of an administrator, and a client that trusts its certificate.
func start(t *testing.T) (url, token string, c *http.Client) {
	t.Helper()
	program := os.Getenv("PORTICO_TEST_PROGRAM")
	if program == "" {
		t.Skip("PORTICO_TEST_PROGRAM does not say where the portal is; see make client")
	}
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(program, "serve", "--demo", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Env = []string{"PORTICO_OPERATOR_PASSWORD=" + password, "PORTICO_DEMO_PASSWORD=" + password}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	serves := regexp.MustCompile(`^Portico \S+ serves (\S+)/portal/$`)
	given := regexp.MustCompile(`^API token of \S+, for 90 days: (\S+)$`)
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		if m := given.FindStringSubmatch(lines.Text()); m != nil {
			token = m[1]
		}
		if m := serves.FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
	}
	pem, err := os.ReadFile(filepath.Join(data, "tls", "cert.pem"))
	if err != nil || token == "" {
		t.Fatalf("no token, or no certificate: %v", err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	return url, token, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
}

// TestGeneratedClient lives through the day of a token.
func TestGeneratedClient(t *testing.T) {
	url, token, trusting := start(t)
	ctx := context.Background()
	with := func(token string) *api.ClientWithResponses {
		t.Helper()
		c, err := api.NewClientWithResponses(url, api.WithHTTPClient(trusting), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			if token != "" {
				r.Header.Set("Authorization", "Token "+token)
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := with(token)

	users, err := c.EnterpriseGetEnterpriseUsersWithResponse(ctx, api.EnterpriseGetEnterpriseUsersJSONRequestBody{})
	if err != nil || users.StatusCode() != 200 {
		t.Fatalf("%v: %s", err, users.Body)
	}

	login, err := c.LoginEnterpriseLoginWithResponse(ctx, api.LoginEnterpriseLoginJSONRequestBody{Username: "admin@acme.example", Password: password})
	if err != nil || len(login.HTTPResponse.Cookies()) == 0 {
		t.Fatalf("%v: %s", err, login.Body)
	}
	person, err := api.NewClientWithResponses(url, api.WithHTTPClient(trusting), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.AddCookie(login.HTTPResponse.Cookies()[0])
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}

	made, err := person.ApiTokenCreateWithResponse(ctx, api.ApiTokenCreateJSONRequestBody{Name: "generated", LifetimeMs: 3_600_000})
	if err != nil || made.JSON200 == nil {
		t.Fatalf("%v: %s", err, made.Body)
	}
	text, err := person.ApiTokenDownloadWithResponse(ctx, api.ApiTokenDownloadJSONRequestBody{Id: made.JSON200.Id})
	if err != nil || text.JSON200 == nil {
		t.Fatalf("%v: %s", err, text.Body)
	}
	again, err := person.ApiTokenDownloadWithResponse(ctx, api.ApiTokenDownloadJSONRequestBody{Id: made.JSON200.Id})
	if err != nil || again.JSONDefault == nil || int(again.JSONDefault.Error.Code) != -32006 {
		t.Fatalf("a second download: %v: %s", err, again.Body)
	}

	used, err := with(text.JSON200.Token).EnterpriseGetEnterpriseWithResponse(ctx, api.EnterpriseGetEnterpriseJSONRequestBody{})
	if err != nil || used.JSON200 == nil || used.JSON200.Name != "Acme" {
		t.Fatalf("%v: %s", err, used.Body)
	}
	if gone, err := person.ApiTokenRevokeWithResponse(ctx, api.ApiTokenRevokeJSONRequestBody{Id: made.JSON200.Id}); err != nil || gone.StatusCode() != 200 {
		t.Fatalf("%v: %s", err, gone.Body)
	}
	keys, err := c.Oauth2JwksJsonWithResponse(ctx)
	if err != nil || keys.JSON200 == nil {
		t.Fatalf("%v: %s", err, keys.Body)
	}
}
