package examples_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGateways: behind nginx, Caddy and Envoy as the recipes have them, a program is reached with a token that lives, learns from the portal
// alone whose it is, and never sees the token. With the call after it is revoked nobody gets through.
func TestGateways(t *testing.T) {
	if os.Getenv("PORTICO_TEST_GATEWAYS") == "" {
		t.Skip("PORTICO_TEST_GATEWAYS is not set; see make gateways")
	}
	p := start(t)
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Program", "reached")
		_ = json.NewEncoder(w).Encode(r.Header)
	}))
	t.Cleanup(program.Close)
	for name, g := range map[string]struct {
		recipe  string
		address string // how one on this machine is written there, by its port
		run     func(dir, config string) *exec.Cmd
	}{
		"nginx": {"gateways/nginx.conf", "127.0.0.1:%s", func(dir, config string) *exec.Cmd {
			whole := filepath.Join(dir, "whole.conf")
			text := fmt.Sprintf("daemon off; user root; pid %[1]s/pid; error_log stderr;\nevents {}\nhttp {\n\taccess_log off;\n"+
				"\tclient_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;\n"+
				"\tinclude %[2]s;\n}\n", dir, config)
			if err := os.WriteFile(whole, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return exec.Command("nginx", "-c", whole, "-p", dir, "-e", "stderr")
		}},
		"caddy": {"gateways/Caddyfile", "127.0.0.1:%s", func(_, config string) *exec.Cmd {
			return exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", config)
		}},
		"envoy": {"gateways/envoy.yaml", "127.0.0.1, port_value: %s", func(_, config string) *exec.Cmd {
			return exec.Command("envoy", "--disable-hot-restart", "-c", config)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, name)
			dir := t.TempDir()
			address := free(t)
			config := filepath.Join(dir, filepath.Base(g.recipe))
			if err := os.WriteFile(config, p.filled(t, g.recipe, g.address, address, program.Listener.Addr().String()), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := g.run(dir, config)
			var log strings.Builder
			cmd.Stdout, cmd.Stderr = &log, &log
			cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = cmd.Process.Signal(syscall.SIGTERM)
				_ = cmd.Wait()
				if t.Failed() {
					t.Log(log.String())
				}
			})
			listening(t, address)
			p.guarded(t, "http://"+address)
		})
	}
}

// guarded asks a gateway at url as this one and that.
func (p portal) guarded(t *testing.T, url string) {
	t.Helper()
	id, text := p.token(t)
	ask := func(verb, token string) (status int, seen http.Header) {
		req, err := http.NewRequest(verb, url+"/some/page?userType=OPERATOR", strings.NewReader("a body"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Portico-User", "somebody else")
		req.Header.Set("X-Portico-Enterprise-Id", "99")
		if token != "" {
			req.Header.Set("Authorization", "Token "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		if res.Header.Get("X-Program") != "" {
			_ = json.Unmarshal(b, &seen)
		}
		return res.StatusCode, seen
	}
	for _, verb := range []string{"GET", "POST", "DELETE"} {
		status, seen := ask(verb, text)
		if status != 200 || seen.Get("X-Portico-User") != admin || seen.Get("X-Portico-Enterprise-Id") != "1" || seen.Get("Authorization") != "" {
			t.Errorf("%s: %d, and the program sees %v", verb, status, seen)
		}
	}
	for why, token := range map[string]string{"without a token": "", "with another": text[:len(text)-4] + "AAAA"} {
		if status, seen := ask("GET", token); status != 401 || seen != nil {
			t.Errorf("%s: %d, and the program sees %v", why, status, seen)
		}
	}
	p.as(t, text).must(t, "apiToken/revoke", map[string]any{"id": id}, nil)
	if status, seen := ask("GET", text); status != 401 || seen != nil {
		t.Errorf("after it was revoked: %d, and the program sees %v", status, seen)
	}
}

// filled is a recipe with the addresses, which it writes in some form, and the certificate of the test; each must be there.
func (p portal) filled(t *testing.T, recipe, form, gateway, program string) []byte {
	t.Helper()
	b, err := os.ReadFile(recipe)
	if err != nil {
		t.Fatal(err)
	}
	at := func(address string) string {
		_, port, err := net.SplitHostPort(strings.TrimPrefix(address, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(form, port)
	}
	text := string(b)
	for from, to := range map[string]string{
		fmt.Sprintf(form, "8443"): at(p.url), fmt.Sprintf(form, "8080"): at(gateway), fmt.Sprintf(form, "9000"): at(program),
		"/etc/portico/cert.pem": p.cert,
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("%s has no %s", recipe, from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	return []byte(text)
}

// A caller calls methods with some header.
type caller struct {
	url    string
	client *http.Client
	header http.Header
}

func (p portal) as(t *testing.T, token string) *caller {
	t.Helper()
	pem, err := os.ReadFile(p.cert)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	c := &caller{p.url, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}, http.Header{}}
	if token != "" {
		c.header.Set("Authorization", "Token "+token)
	}
	return c
}

func (c *caller) must(t *testing.T, method string, params, out any) *http.Response {
	t.Helper()
	body, _ := json.Marshal(params)
	req, err := http.NewRequest(http.MethodPost, c.url+"/portal/rest/"+method, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = c.header
	res, err := c.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || strings.Contains(string(b), `"error"`) {
		t.Fatalf("%s: %s %s", method, res.Status, b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			t.Fatal(err)
		}
	}
	return res
}

// token makes one of the administrator's.
func (p portal) token(t *testing.T) (id int64, text string) {
	t.Helper()
	c := p.as(t, "")
	res := c.must(t, "login/enterpriseLogin", map[string]string{"username": admin, "password": password}, nil)
	c.header.Set("Cookie", strings.Split(res.Header.Get("Set-Cookie"), ";")[0])
	var made struct{ ID int64 }
	c.must(t, "apiToken/create", map[string]any{"name": t.Name(), "lifetimeMs": 3_600_000}, &made)
	var down struct{ Token string }
	c.must(t, "apiToken/download", map[string]any{"id": made.ID}, &down)
	return made.ID, down.Token
}

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func listening(t *testing.T, address string) {
	t.Helper()
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nobody listens at %s", address)
}
