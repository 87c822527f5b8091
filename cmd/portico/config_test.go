package main

import (
	"context"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// settings are serve's flags.
func settings(t *testing.T) []string {
	t.Helper()
	_, out, _ := runHere(t, nil, "", "serve", "--help")
	var names []string
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(line, "  --"); ok {
			names = append(names, strings.Fields(name)[0])
		}
	}
	return names
}

// configure is what serve would begin with.
func (p *program) configure(args []string) (c *Config, err error) {
	cmd := p.serveBy(func(_ context.Context, conf *Config) error {
		c = conf
		return nil
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	return c, cmd.ExecuteContext(context.Background())
}

// The manual, the help and the README tell of the same settings.
func TestManual(t *testing.T) {
	t.Parallel()
	names := settings(t)
	if len(names) != 38 {
		t.Errorf("%d settings: %v", len(names), names)
	}
	for _, files := range [][]string{{"config.go", "place.go"}, {"../../README.md"}} {
		var text []byte
		for _, file := range files {
			part, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, part...)
		}
		for _, name := range names {
			if !strings.Contains(string(text), "--"+name) {
				t.Errorf("%s does not tell of --%s", files, name)
			}
		}
	}
}

// What the manifests for Kubernetes and the image say to serve are settings that there are.
func TestContainerSettings(t *testing.T) {
	t.Parallel()
	known, seen := settings(t), 0
	for _, name := range []string{"kubernetes.yaml", "Containerfile"} {
		text, err := os.ReadFile("package/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)(?:^ +- |")--([a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			if seen++; !slices.Contains(known, m[1]) {
				t.Errorf("%s: there is no --%s", name, m[1])
			}
		}
	}
	if seen < 6 {
		t.Errorf("only %d settings were found", seen)
	}
}

// The unit for systemd, with what the documents put into its file of settings, is a command line that is taken.
func TestUnit(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/portico serve (.+)$`).FindStringSubmatch(read("cmd/portico/package/portico.service"))
	if line == nil {
		t.Fatal("the unit does not serve")
	}
	var known []string
	for _, name := range settings(t) {
		known = append(known, variable(name))
	}
	env := map[string]string{}
	for _, document := range []string{"README.md", "docs/cluster.md"} { // the one adds to the other
		lines := regexp.MustCompile(`(?m)^(PORTICO_\w+)=(.+)$`).FindAllStringSubmatch(read(document), -1)
		for _, l := range lines {
			if env[l[1]] = l[2]; !slices.Contains(known, l[1]) {
				t.Errorf("%s: there is no %s", document, l[1])
			}
		}
		p := &program{getenv: func(name string) string { return env[name] }}
		if _, err := p.configure(strings.Fields(line[1])); err != nil || len(lines) == 0 {
			t.Errorf("%s: %d settings: %v", document, len(lines), err)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"help", "--help", "help serve", "serve -h", "help keys", "keys rotate-signing --help", "keys list --help", "call --help", "backup --help", "help restore", "copy --help", "version --help", "help help"} {
		status, out, errs := runHere(t, nil, "", strings.Fields(args)...)
		if status != 0 || !strings.Contains(out, "Usage: portico ") || errs != "" {
			t.Errorf("%s: exit status %d\n%s%s", args, status, out, errs)
		}
	}
	for _, args := range []string{"", "sevre", "--bogus", "help sevre", "version 1", "serve --bogus", "serve -z", "call --timeout x a"} {
		if status, out, errs := runHere(t, nil, "", strings.Fields(args)...); status != exitUsage || out != "" || errs == "" {
			t.Errorf("%q: exit status %d\n%s%s", args, status, out, errs)
		}
	}
	for args, says := range map[string]string{"serv": "is it serve", "chek": "is it check?", "keys --dat x list": "unknown flag: --dat", "serve -demo=x": `"--demo" flag`} {
		if status, _, errs := runHere(t, nil, "", strings.Fields(args)...); status != exitUsage || !strings.Contains(errs, says) {
			t.Errorf("%s: exit status %d, %s", args, status, errs)
		}
	}
	if status, out, _ := runHere(t, nil, "", "-version"); status != 0 || !strings.HasPrefix(out, "portico ") {
		t.Errorf("-version: exit status %d, %s", status, out)
	}
	if status, out, _ := runHere(t, nil, "", "version"); status != 0 || !strings.HasPrefix(out, "portico ") {
		t.Errorf("version: exit status %d, %s", status, out)
	}
}

// A flag wins over the environment, also one that may be given several times.
func TestSources(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PORTICO_TRUSTED_PROXY": "10.0.0.0/8", "PORTICO_LISTEN": "127.0.0.1:1", "PORTICO_DATA": "elsewhere", "PORTICO_LOG_LEVEL": "error"}
	p := &program{getenv: func(name string) string { return env[name] }}
	c, err := p.configure([]string{"--trusted-proxy", "192.0.2.7", "--trusted-proxy", "2001:db8::/32,::ffff:198.51.100.1", "--listen", "127.0.0.1:2"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.TrustedProxy.String(), "192.0.2.7/32,2001:db8::/32,198.51.100.1/32"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if c.Listen != "127.0.0.1:2" || c.Data != "elsewhere" || c.LogLevel.String() != "error" {
		t.Errorf("%+v", c)
	}
}

// What follows from the kind of certificate, when nobody says otherwise.
func TestCertificateSettings(t *testing.T) {
	t.Parallel()
	given := []string{"--tls-cert", "c", "--tls-key", "k"}
	acme := []string{"--acme-domain", "portal.example"}
	for _, c := range []struct {
		name   string
		args   []string
		strict time.Duration
		public string
	}{
		{"self-signed", nil, 0, "127.0.0.1:8443"},
		{"self-signed, HSTS", []string{"--hsts", "60"}, time.Minute, "127.0.0.1:8443"},
		{"given", given, year, "127.0.0.1:8443"},
		{"given, no HSTS", append(given, "--hsts", "off"), 0, "127.0.0.1:8443"},
		{"given, HSTS of nothing", append(given, "--hsts", "0"), 0, "127.0.0.1:8443"},
		{"ACME", acme, year, "portal.example:8443"},
		{"ACME, and an address", append(acme, "--public-address", "other.example"), year, "other.example"},
	} {
		p := &program{getenv: func(string) string { return "" }}
		config, err := p.configure(c.args)
		if err != nil {
			t.Fatal(err)
		}
		public := config.publicAddress(address{"127.0.0.1", 8443})
		if got := config.strictTransport(); got != c.strict || public != c.public {
			t.Errorf("%s: HSTS %v, public address %s; want %v, %s", c.name, got, public, c.strict, c.public)
		}
	}
}

// An address is a listener that has nothing but one.
type address struct {
	host string
	port int
}

func (a address) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (a address) Close() error              { return nil }
func (a address) Addr() net.Addr            { return &net.TCPAddr{IP: net.ParseIP(a.host), Port: a.port} }
