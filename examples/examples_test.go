// Package examples_test runs the example programs, in the order of the README, against a portal of its own.
package examples_test

import (
	"bufio"
	"bytes"
	"log"
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
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("## The first token by hand"))
	_, text, _ = bytes.Cut(text, []byte("```sh\n"))
	script, _, found := bytes.Cut(text, []byte("```"))
	if !found {
		t.Fatal("the README has no first token")
	}
	p := start(t)
	typed := string(script)
	for from, to := range map[string]string{
		"https://127.0.0.1:8443":             p.url,
		"the demo password that was printed": password,
	} {
		if !strings.Contains(typed, from) {
			t.Fatalf("the README has no %q", from)
		}
		typed = strings.ReplaceAll(typed, from, to)
	}
	sh := exec.Command("sh")
	sh.Stdin = strings.NewReader(typed) // line by line, as a shell for people reads it
	sh.Dir = filepath.Dir(filepath.Dir(filepath.Dir(p.cert)))
	out, err := sh.CombinedOutput()
	want := `^null\{"id":.*"state":"PENDING".*\}\{"error":.*ENABLED.*\}\{"jsonrpc":"2.0","result":\[.*\],"id":1\}\{"rows":1\}\{"error":.*revoked token.*\}$`
	if answers := strings.ReplaceAll(string(out), "\n", ""); err != nil || !regexp.MustCompile(want).MatchString(answers) {
		t.Errorf("%v\ngot  %s\nwant %s", err, out, want)
	}
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
