package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A backup of a portal that runs, by the command: refused to whoever is not its superuser, in a folder of its own.
func TestBackupWhileRunning(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir)...)
	ask := func(env map[string]string, args ...string) (int, string, string) {
		return runHere(t, env, "", append([]string{"backup", "--url", p.url, "--cacert", filepath.Join(dir, "tls", "cert.pem")}, args...)...)
	}
	good := map[string]string{"PORTICO_PASSWORD": operatorPassword}
	for name, c := range map[string]struct {
		env    map[string]string
		args   []string
		status int
		says   string
	}{
		"no password":        {nil, nil, exitUsage, "PORTICO_PASSWORD"},
		"a wrong password":   {map[string]string{"PORTICO_PASSWORD": "wrong"}, nil, exitFailed, "Invalid username or password"},
		"a customer":         {map[string]string{"PORTICO_PASSWORD": demoPassword}, []string{"--operator", "admin@acme.example"}, exitFailed, "Invalid"},
		"a path":             {good, []string{"../x"}, exitFailed, "letters"},
		"two names":          {good, []string{"a", "b"}, exitUsage, "one name"},
		"without TLS":        {good, []string{"--url", "http://portal.example"}, exitUsage, "TLS"},
		"nobody there":       {good, []string{"--url", "https://127.0.0.1:1"}, exitUnreachable, "127.0.0.1:1"},
		"its store, stopped": {nil, []string{"--url", "", "--data", dir}, exitFailed, "while it runs, with --url"},
	} {
		if status, out, errs := ask(c.env, c.args...); status != c.status || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit status %d, want %d and %q\n%s%s", name, status, c.status, c.says, out, errs)
		}
	}
	for _, name := range [][]string{{"first"}, nil} {
		status, out, errs := ask(good, name...)
		if status != exitOK || !strings.HasSuffix(out, ".backup\n") || errs != "" {
			t.Fatalf("exit status %d\n%s%s", status, out, errs)
		}
		path := filepath.Join(dir, "backups", strings.TrimSpace(out))
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "backups")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
	if status, _, errs := ask(good, "first"); status != exitFailed || !strings.Contains(errs, "there is a backup named [first.backup]") {
		t.Errorf("the same name again: exit status %d\n%s", status, errs)
	}
	var list struct {
		Data []struct{ Event, Message string }
	}
	p.call(&list, "event/getOperatorEvents", `{}`, p.mustLogin("super@portico.local", operatorPassword))
	if got := fmt.Sprint(list.Data); !strings.Contains(got, "{BACKUP_CREATED first.backup} {CREATE_BACKUP first.backup}") {
		t.Errorf("the record: %s", got)
	}
	p.stop()
	if log := p.stderr.String(); !strings.Contains(log, `"name":"first.backup","state":"DONE"`) {
		t.Errorf("the log:\n%s", log)
	}

	status, out, errs := runHere(t, nil, "", "backup", "--data", dir, "--backup-folder", filepath.Join(t.TempDir(), "elsewhere"), "stopped")
	if status != exitOK || !strings.HasSuffix(out, "elsewhere/stopped.backup\n") {
		t.Errorf("of a stopped portal: exit status %d\n%s%s", status, out, errs)
	}
	if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitOK {
		t.Errorf("check: exit status %d\n%s%s", status, out, errs)
	}
}

// A portal that is killed over a backup leaves none, and clears away what there is of it.
func TestBackupKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	backups := filepath.Join(dir, "backups")
	p := serving(t, demoArgs(dir)...)
	as := p.mustLogin("super@portico.local", operatorPassword)
	for i := range 5 {
		var begun json.RawMessage
		p.call(&begun, "system/createBackup", fmt.Sprintf(`{"name":"k%d"}`, i), as)
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		p.signal(os.Kill)
		p.wait()
		if i == 4 {
			write(t, filepath.Join(backups, "left.backup.unfinished-123"), "half")
		}
		p = serving(t, serveArgs(dir)...)
		as = p.mustLogin("super@portico.local", operatorPassword)
		if left, _ := filepath.Glob(filepath.Join(backups, "*unfinished*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
	p.stop()
	whole, _ := filepath.Glob(filepath.Join(backups, "*.backup"))
	for _, path := range whole {
		if status, out, errs := runHere(t, nil, "", "check", "--data", dir, path); status != exitOK {
			t.Errorf("check %s: exit status %d\n%s%s", path, status, out, errs)
		}
	}
}
