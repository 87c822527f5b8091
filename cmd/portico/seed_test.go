package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const labFile = "../../examples/lab.yaml"

// TestSeedIsRefused before there is a portal, or is told of, and without a secret.
func TestSeedIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ file, want string }{
		"absent":  {filepath.Join(dir, "none"), "no such file"},
		"garbage": {file("garbage", "operator: ["), "--seed " + filepath.Join(dir, "garbage") + ": line 1: "},
		"unknown": {file("unknown", "operator:\n  robots: []"), "line 2: operator.robots: there is no such field"},
		"secrets": {labFile, "operator.users[0].password: a secret that everybody knows who reads this is for demos alone"},
		"no file": {file("nofile", "operator: {users: [{username: a, role: Operator Support, passwordFile: nowhere}]}"), "operator.users[0].passwordFile: open " + dir},
		"no role": {file("norole", "operator: {users: [{username: a, role: Boss}]}"), `line 1: operator.users[0].role: "Boss" is not a role of OPERATOR users`},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			status, out, errs := runHere(t, map[string]string{"PORTICO_OPS_LISTEN": "off"}, "", serveArgs(data, "--seed", c.file)...)
			if status != exitFailed || !strings.Contains(errs, c.want) || strings.Contains(errs, "lab-password") || strings.Contains(out, "operator superuser") {
				t.Errorf("exit status %d\n%s%s", status, out, errs)
			}
		})
	}
}

// TestSeedOfAPortal that is no demo: without a secret in the file, and open to be served to others.
func TestSeedOfAPortal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, seed := filepath.Join(dir, "data"), filepath.Join(dir, "seed.json")
	for path, text := range map[string]string{
		seed: `{"enterprises": [{"name": "Acme", "users": [{"username": "a@acme.example", "role": "Enterprise Superuser", "passwordFile": "a.password",
			"tokens": [{"name": "ci", "lifetime": "90d"}]}]}]}`,
		filepath.Join(dir, "a.password"): "kept elsewhere 1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword}, serveArgs(data, "--seed", seed)...)
	p := serving(t, args...)
	as := p.mustLogin("a@acme.example", "kept elsewhere 1")
	var text struct{ Token string }
	p.call(&text, "apiToken/download", `{"id":1}`, as)
	var events any
	p.call(&events, "event/getEnterpriseEvents", `{"enterpriseId":1}`, as)
	if told := fmt.Sprint(events); !strings.Contains(told, "CREATE_USER") || strings.Contains(told, "kept elsewhere") {
		t.Errorf("events: %s", told)
	}
	if _, err := os.Stat(folder(data).demoMade()); err == nil {
		t.Error("it is marked as a demo")
	}
	p.stop()
	q := serving(t, args...)
	q.call(new(any), "enterprise/getEnterprise", "{}", withToken(text.Token))
	q.stop()
}
