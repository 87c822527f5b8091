// Package examples_test runs the example programs, in the order of the README, against a portal of its own.
package examples_test

import (
	"bufio"
	"bytes"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

const password = "an example password 1"

// A portal is one that examples are run against.
type portal struct{ url, cert string }

func start(t *testing.T, more ...string) portal {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(portico, append([]string{"serve", "--demo", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen", "off"}, more...)...)
	cmd.Env = []string{"PORTICO_OPERATOR_PASSWORD=" + password, "PORTICO_DEMO_PASSWORD=" + password}
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serves := regexp.MustCompile(`^Portico \S+ serves (\S+)/portal/$`)
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		if m := serves.FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the portal: %v\n%s", err, errs.String())
		}
	})
	if url == "" {
		t.Fatal("the portal does not serve")
	}
	return portal{url, filepath.Join(data, "tls", "cert.pem")}
}

// portico and tokenlife are the programs, built once for all tests.
var portico, tokenlife string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "examples")
	if err != nil {
		log.Fatal(err)
	}
	portico, tokenlife = filepath.Join(dir, "portico"), filepath.Join(dir, "tokenlife")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir, "../cmd/portico", "./tokenlife").CombinedOutput()
	if err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

const (
	admin    = "admin@acme.example"
	operator = "super@portico.local"
)

// story is what an example prints.
const story = `logged in
created: PENDING
downloaded: ENABLED
refused, as it must be: .*ENABLED.*
used
refreshed: ENABLED
refused, as it must be: .*tokenError \[invalid token\].*
revoked: REVOKED
refused, as it must be: .*tokenError \[revoked token\].*
`

func TestTokenLife(t *testing.T) {
	p := start(t)
	t.Run("Go", func(t *testing.T) { p.play(t, admin, tokenlife) })
	t.Run("Go as operator", func(t *testing.T) { p.play(t, operator, tokenlife) })
	for name, command := range map[string][]string{
		"shell":              {"sh", "tokenlife.sh"}, // with curl,
		"Python":             {"python3", "tokenlife.py"},
		"Python as operator": {"python3", "tokenlife.py"},
		"Node":               {"node", "tokenlife.mjs"},
		"Node as operator":   {"node", "tokenlife.mjs"},
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, command[0])
			as := admin
			if strings.HasSuffix(name, "operator") {
				as = operator
			}
			p.play(t, as, command...)
		})
	}
}

// needs skips a test on a machine without a program.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("there is no %s on this machine", name)
		}
	}
}

// The commands of the README, as whoever follows it types them.
func TestReadme(t *testing.T) {
	needs(t, "sh", "curl")
	p := start(t)
	out, err := p.types(t, map[string]string{
		"https://127.0.0.1:8443":             p.url,
		"the demo password that was printed": password,
	}, script(t, "## The first token by hand", 0))
	want := `^null\{"id":.*"state":"PENDING".*\}\{"error":.*ENABLED.*\}\{"jsonrpc":"2.0","result":\[.*\],"id":1\}\{"rows":1\}\{"error":.*revoked token.*\}$`
	if answers := strings.ReplaceAll(out, "\n", ""); err != nil || !regexp.MustCompile(want).MatchString(answers) {
		t.Errorf("%v\ngot  %s\nwant %s", err, out, want)
	}
}

// The commands of the README about fixtures, and about the test control.
func TestLab(t *testing.T) {
	needs(t, "sh", "curl")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	control := free.Addr().String()
	free.Close()
	p := start(t, "--seed", "lab.yaml", "--test-control", control)
	out, err := p.types(t, map[string]string{
		"https://127.0.0.1:8443": p.url, "127.0.0.1:8490": control, "lab/": "data/", "bin/portico": portico,
	}, script(t, "## Fixtures", 1), script(t, "## A portal for tests", 0))
	want := `^\[\{.*admin@acme\.example.*\}\]Globex .* are left out\{.*"frozen":true\}\{.*"frozen":true\}\{.*"frozen":true\}` +
		`\{"made":35,.*"frozen":false\}\{"made":0,.*\}$`
	if answers := strings.ReplaceAll(out, "\n", ""); err != nil || !regexp.MustCompile(want).MatchString(answers) {
		t.Errorf("%v\ngot  %s\nwant %s", err, out, want)
	}
}

// script is one of those below a heading of the README.
func script(t *testing.T, heading string, n int) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte(heading+"\n"))
	for range n + 1 {
		_, text, _ = bytes.Cut(text, []byte("```sh\n"))
	}
	script, _, found := bytes.Cut(text, []byte("```"))
	if !found {
		t.Fatalf("the README has no script below %s", heading)
	}
	return string(script)
}

// types runs scripts beside the portal, with other words for some of theirs.
func (p portal) types(t *testing.T, words map[string]string, scripts ...string) (string, error) {
	t.Helper()
	typed := strings.Join(scripts, "")
	for from, to := range words {
		if !strings.Contains(typed, from) {
			t.Fatalf("the README has no %q", from)
		}
		typed = strings.ReplaceAll(typed, from, to)
	}
	sh := exec.Command("sh")
	sh.Stdin = strings.NewReader(strings.ReplaceAll(typed, "curl ", "curl -sS ")) // line by line, as a shell for people reads it
	sh.Dir = filepath.Dir(filepath.Dir(filepath.Dir(p.cert)))
	out, err := sh.CombinedOutput()
	return string(out), err
}

func (p portal) play(t *testing.T, as string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "PORTICO_URL="+p.url, "PORTICO_CACERT="+p.cert, "NODE_EXTRA_CA_CERTS="+p.cert, "PORTICO_USERNAME="+as, "PORTICO_PASSWORD="+password)
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile("^"+story+"$").Match(out) {
		t.Errorf("%v\ngot\n%swant\n%s", err, out, story)
	}
}
