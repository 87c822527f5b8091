package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// asPortico makes the test binary run as the program: real processes, with the race detector and cheap passwords.
const asPortico = "PORTICO_TEST_AS_PORTICO"

// programEnv is the environment of the test binary as the program. The race detector would have it sleep for a second at its end.
func programEnv(more ...string) []string {
	return append([]string{asPortico + "=1", "GORACE=atexit_sleep_ms=0"}, more...)
}

// testClock is by how much the clock of such a process is wrong.
const testClock = "PORTICO_TEST_WRONG_CLOCK"

var cheap = secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func TestMain(m *testing.M) {
	if os.Getenv(asPortico) != "" {
		wrong, _ := time.ParseDuration(os.Getenv(testClock))
		os.Exit(start(os.Args[1:], func() time.Time { return time.Now().Add(wrong) }, cheap))
	}
	os.Exit(m.Run())
}

// A process is a run of the program.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	url    string // of the portal, without a slash at the end
	lines  []string
	stderr safeBuffer
	read   chan struct{} // closed at the end of stdout
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// launch starts the program with args; words with = in front of them are its environment.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, read: make(chan struct{})}
	env := programEnv("PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	if !slices.ContainsFunc(args, func(s string) bool { return strings.HasPrefix(s, "--ops-") }) {
		env = append(env, "PORTICO_OPS_LISTEN=off") // many run beside each other
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "PORTICO_") {
		env, args = append(env, args[0]), args[1:]
	}
	p.cmd = exec.Command(exe, args...)
	p.cmd.Env = env
	p.cmd.Stderr = &p.stderr
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout = w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
		out.Close()
		p.judge()
	})
	served := make(chan struct{})
	go p.scan(out, served)
	select {
	case <-served:
	case <-p.read:
	case <-time.After(30 * time.Second):
		t.Fatalf("neither serves nor ends\n%s", p.stderr.String())
	}
	return p
}

// minted is what a secret that the portal makes looks like: 256 random bits, a JWT, the secret of a client.
var minted = regexp.MustCompile(`eyJ[\w-]{8,}|ptc_(app|svc)_\w+|[\w-]+`)

// judge looks for secrets in all that the process has logged, whatever the test is about.
func (p *process) judge() {
	p.t.Helper()
	log := p.stderr.String()
	for _, word := range p.cmd.Env {
		if name, value, _ := strings.Cut(word, "="); strings.HasSuffix(name, "_PASSWORD") && strings.Contains(log, value) {
			p.t.Errorf("the log has the text of %s", name)
		}
	}
	for line := range strings.Lines(log) {
		for _, word := range minted.FindAllString(line, -1) {
			random := len(word) == 43 && !strings.HasPrefix(word, "Test") // as folders of tests do
			if random || strings.HasPrefix(word, "eyJ") || strings.HasPrefix(word, "ptc_") {
				p.t.Errorf("the log has what looks like a secret: %s", strings.ReplaceAll(line, word, word[:12]+"..."))
			}
		}
	}
}

var servesLine = regexp.MustCompile(`^Portico \S+ serves (\S+)/portal/$`)

func (p *process) scan(out io.Reader, served chan<- struct{}) {
	defer close(p.read)
	s := bufio.NewScanner(out)
	for s.Scan() {
		p.lines = append(p.lines, s.Text())
		if m := servesLine.FindStringSubmatch(s.Text()); m != nil && p.url == "" {
			p.url = m[1]
			close(served)
		}
	}
}

// serving is launch for a portal that must come up.
func serving(t testing.TB, args ...string) *process {
	t.Helper()
	p := launch(t, args...)
	if p.url == "" {
		t.Fatalf("exit status %d\n%s%s", p.wait(), p.stdout(), p.stderr.String())
	}
	return p
}

// wait answers the exit status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.read:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Errorf("the process did not end\n%s", p.stderr.String())
	}
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// stop ends the process as a service manager does.
func (p *process) stop() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		p.t.Errorf("exit status %d after SIGTERM\n%s", status, p.stderr.String())
	}
}

func (p *process) stdout() string { return strings.Join(p.lines, "\n") + "\n" }

// printed finds what a line of stdout says.
func (p *process) printed(pattern string) string {
	p.t.Helper()
	m := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(p.stdout())
	if m == nil {
		p.t.Fatalf("nothing like %q is printed:\n%s", pattern, p.stdout())
	}
	return m[len(m)-1]
}

var browser = &http.Client{
	Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, ExpectContinueTimeout: 20 * time.Second,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       20 * time.Second,
}

// A header of a test is a name and a value.
type header [2]string

func withToken(text string) header    { return header{"Authorization", "Token " + text} }
func withSession(value string) header { return header{"Cookie", "velocloud.session=" + value} }

func (p *process) post(path, body string, hs ...header) (*http.Response, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, h := range hs {
		req.Header.Set(h[0], h[1])
	}
	res, err := browser.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res, string(data)
}

// call makes a call on the REST-like path, and decodes a result, which there must be, into out.
func (p *process) call(out any, method, params string, hs ...header) {
	p.t.Helper()
	res, body := p.post("/portal/rest/"+method, params, hs...)
	if res.StatusCode != 200 || strings.HasPrefix(body, `{"error"`) {
		p.t.Fatalf("%s: %s %s", method, res.Status, body)
	}
	if err := json.Unmarshal([]byte(body), out); err != nil {
		p.t.Fatalf("%s: %v: %s", method, err, body)
	}
}

// login answers the session, or "" when it is refused.
func (p *process) login(as, password string) string {
	p.t.Helper()
	method := "enterpriseLogin"
	if strings.HasPrefix(as, "super@") || strings.HasPrefix(as, "root@") {
		method = "operatorLogin"
	}
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, as, password)
	res, _ := p.post("/portal/rest/login/"+method, body)
	for _, c := range res.Cookies() {
		if c.Name == "velocloud.session" {
			return c.Value
		}
	}
	return ""
}

// mustLogin is login that must succeed, as a header.
func (p *process) mustLogin(as, password string) header {
	p.t.Helper()
	s := p.login(as, password)
	if s == "" {
		p.t.Fatalf("%s cannot log in", as)
	}
	return withSession(s)
}

// newToken creates and downloads an API token of whoever calls.
func (p *process) newToken(name string, as header) string {
	p.t.Helper()
	var made struct{ ID int64 }
	p.call(&made, "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":3600000}`, name), as)
	var got struct{ Token string }
	p.call(&got, "apiToken/download", fmt.Sprintf(`{"id":%d}`, made.ID), as)
	return got.Token
}

// backup makes a backup and waits for it.
func (p *process) backup(name string, as header) {
	p.t.Helper()
	var begun, all json.RawMessage
	p.call(&begun, "system/createBackup", fmt.Sprintf(`{"name":%q}`, name), as)
	for range 200 {
		p.call(&all, "system/getBackups", `{}`, as)
		if !strings.Contains(string(all), `"RUNNING"`) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.HasPrefix(string(all), fmt.Sprintf(`[{"name":"%s.backup","state":"DONE"`, name)) {
		p.t.Fatalf("backup %s: %s", name, all)
	}
}

// serveArgs is a portal in a folder on a free port.
func serveArgs(dir string, more ...string) []string {
	return append([]string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, more...)
}

// demoArgs is one with the demo, and with passwords that need not be read off.
func demoArgs(dir string, more ...string) []string {
	env := []string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword, "PORTICO_DEMO_PASSWORD=" + demoPassword}
	return append(env, serveArgs(dir, append([]string{"--demo"}, more...)...)...)
}

const (
	operatorPassword = "correct horse 1"
	demoPassword     = "battery staple 2"
)

// contents is every file below a folder, with its mode.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		var data []byte
		if !d.IsDir() {
			if data, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		all[path] = info.Mode().String() + " " + string(data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// runHere runs a command line in this process.
func runHere(t testing.TB, env map[string]string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs safeBuffer
	p := &program{
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, now: time.Now, passwordCost: cheap,
		getenv: func(name string) string { return env[name] }, zone: time.UTC, tellEvery: tellEvery,
		configDir: func() (string, error) {
			return cmp.Or(env["XDG_CONFIG_HOME"], filepath.Join(t.TempDir(), "none")), nil
		},
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	status = p.main(ctx, args)
	return status, out.String(), errs.String()
}

// ran is a command line that must end so, and say so.
func ran(t *testing.T, want int, says string, args ...string) string {
	t.Helper()
	status, out, errs := runHere(t, nil, "", args...)
	if status != want || !strings.Contains(out+errs, says) {
		t.Fatalf("%q: exit status %d, want %d and %q\n%s%s", args, status, want, says, out, errs)
	}
	return out
}
