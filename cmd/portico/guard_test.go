package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder that holds a demo is not served to others, also by a start that does not ask for the demo.
func TestDemoStaysOnLoopback(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	for _, mark := range []string{folder(dir).demoMade(), folder(dir).demo()} {
		write(t, mark, "")
		p := launch(t, "serve", "--data", dir, "--listen", "0.0.0.0:0")
		if status := p.wait(); status != exitUsage || !strings.Contains(p.stderr.String(), "share one password") {
			t.Errorf("%s: exit status %d\n%s", mark, status, p.stderr.String())
		}
		if err := os.Remove(mark); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, "serve", "--data", dir, "--listen", "0.0.0.0:0") // as the store of another folder, which has no mark
	if status := p.wait(); status != exitUsage || !strings.Contains(p.stderr.String(), "there is a demo in the store") {
		t.Errorf("exit status %d\n%s", status, p.stderr.String())
	}
}

// What cannot be the first operator is refused before anything is made or told.
func TestRefusedFirstOperator(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "password")
	write(t, empty, "\n")
	for name, args := range map[string][]string{
		"a name with a blank":   {"--operator", "bad name"},
		"no name":               {"--operator", ""},
		"a reserved name":       {"--operator", "service-account-x"},
		"a short password":      {"PORTICO_OPERATOR_PASSWORD=abc"},
		"an empty password":     {"--operator-password-file", empty},
		"no such password file": {"--operator-password-file", empty + "-not"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		words := serveArgs(dir)
		if strings.Contains(args[0], "=") {
			words = append(args, words...)
		} else {
			words = append(words, args...)
		}
		p := launch(t, words...)
		if status := p.wait(); status != exitUsage || strings.Contains(p.stdout(), "password") {
			t.Errorf("%s: exit status %d\n%s%s", name, status, p.stdout(), p.stderr.String())
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a data folder was made", name)
		}
	}
}

// A demo is finished with the password it was begun with, or not at all.
func TestDemoHasOnePassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	write(t, folder(dir).demo(), "")
	p := launch(t, append([]string{"PORTICO_DEMO_PASSWORD=another password 2"}, serveArgs(dir, "--demo")...)...)
	if status := p.wait(); status != exitFailed || !strings.Contains(p.stderr.String(), "another PORTICO_DEMO_PASSWORD") {
		t.Errorf("exit status %d\n%s", status, p.stderr.String())
	}
	p = serving(t, serveArgs(dir)...)
	p.stop()
	if !strings.Contains(p.stderr.String(), "a demo was begun and not finished") {
		t.Errorf("nothing is said of the demo that is not finished:\n%s", p.stderr.String())
	}
}

// A restored backup that others can read is closed to them, and that is told.
func TestAccessIsTakenFromOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	for path, mode := range map[string]fs.FileMode{dir: 0o755, folder(dir).keys(): 0o755, folder(dir).store(): 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	p := serving(t, serveArgs(dir)...)
	for _, path := range []string{dir, folder(dir).keys(), folder(dir).tls(), folder(dir).store()} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	p.stop()
	if !strings.Contains(p.stderr.String(), "others had access") {
		t.Errorf("nothing is said of it:\n%s", p.stderr.String())
	}
}
