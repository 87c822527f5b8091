package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Events are followed while the portal ends and comes again, each is shown once, and a signal ends it well.
func TestTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	portal := serving(t, demoArgs(dir)...)
	token := portal.printed(`Authorization: Token ([^"]+)"`)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var errs safeBuffer
	cmd := exec.Command(exe, "event", "tail", "--every", "100ms", "--filter", "event=CREATE_API_TOKEN,REVOKE_API_TOKEN", "-n", "1", "-o", "json")
	cmd.Env = programEnv("PORTICO_TOKEN="+token, "PORTICO_URL="+portal.url,
		"PORTICO_CACERT="+filepath.Join(folder(dir).tls(), "cert.pem"), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := make(chan string, 100)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	shown := func(want string) {
		t.Helper()
		select {
		case line := <-lines:
			if !strings.Contains(line, want) {
				t.Errorf("got %s, want %s", line, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("nothing is shown of %s\n%s", want, errs.String())
		}
	}
	shown(`"message":"API token demo"`)
	as := withToken(token)
	create := func(name string) {
		t.Helper()
		portal.call(new(any), "apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":3600000}`, name), as)
	}
	for _, name := range []string{"one", "two"} {
		create(name)
	}
	shown(`"message":"API token one"`)
	shown(`"message":"API token two"`)
	address := strings.TrimPrefix(portal.url, "https://")
	portal.stop()
	for range 500 {
		if errs.String() != "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	portal = serving(t, "PORTICO_OPERATOR_PASSWORD="+operatorPassword, "serve", "--data", dir, "--listen", address)
	create("three")
	shown(`"message":"API token three"`)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for line := range lines {
		t.Errorf("more is shown: %s", line)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended by %v", err)
	}
	if got := errs.String(); strings.Count(got, "it is tried again") != 1 || !strings.Contains(got, "the portal answers again") {
		t.Errorf("stderr: %s", got)
	}
	portal.stop()
}

// What will not be answered later is told at once.
func TestTailRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	portal := serving(t, demoArgs(dir)...)
	env := map[string]string{
		"PORTICO_URL": portal.url, "PORTICO_CACERT": filepath.Join(folder(dir).tls(), "cert.pem"),
		"PORTICO_TOKEN": portal.printed(`Authorization: Token ([^"]+)"`),
	}
	for says, c := range map[string]struct {
		status int
		args   []string
	}{
		"error -32003":     {exitFailed, []string{"--operator"}},
		"error -32602":     {exitFailed, []string{"--filter", "colour=red"}},
		"FIELD=VALUE":      {exitUsage, []string{"--filter", "red"}},
		"too much":         {exitUsage, []string{"x"}},
		"tokenError":       {exitSignedOut, []string{"--token-file", "testdata/client/login.txt"}},
		"connection refus": {exitUnreachable, []string{"--url", "https://127.0.0.1:1"}},
	} {
		if says == "tokenError" {
			file := filepath.Join(t.TempDir(), "token")
			write(t, file, "nobody's")
			c.args[1] = file
		}
		status, out, errs := runHere(t, env, "", append([]string{"event", "tail"}, c.args...)...)
		if status != c.status || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%q: exit status %d, want %d and %q\n%s%s", c.args, status, c.status, says, out, errs)
		}
	}
	portal.stop()
}
