package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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
		"a wrong password":   {map[string]string{"PORTICO_PASSWORD": "wrong"}, nil, exitSignedOut, "Invalid username or password"},
		"a customer":         {map[string]string{"PORTICO_PASSWORD": demoPassword}, []string{"--operator", "admin@acme.example"}, exitSignedOut, "Invalid"},
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
	backup, err := os.ReadFile(filepath.Join(dir, "backups", "first.backup"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keyTexts(t, dir) {
		if strings.Contains(string(backup), key) {
			t.Errorf("a key is in the backup, which begins with %.4q", key)
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

// keyTexts are the secrets of all keys.
func keyTexts(t *testing.T, dir string) (texts []string) {
	t.Helper()
	for path, text := range contents(t, filepath.Join(dir, "keys")) {
		var jwk struct{ D string }
		_, text, _ = strings.Cut(text, " ")
		switch err := json.Unmarshal([]byte(text), &jwk); {
		case filepath.Ext(path) == ".key":
			texts = append(texts, strings.TrimSpace(text))
		case err == nil && jwk.D != "":
			texts = append(texts, jwk.D)
		}
	}
	if len(texts) < 4 {
		t.Fatalf("only %d keys", len(texts))
	}
	return texts
}

// A backup that is made while 8 clients write is restored with all that was acknowledged before it was asked for, and checks out.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir)...)
	super := p.mustLogin("super@portico.local", operatorPassword)
	var none json.RawMessage
	p.call(&none, "systemProperty/insertOrUpdateSystemProperty", `{"name":"portico.apiToken.maxPerUser","value":"100000"}`, super)
	admin := p.mustLogin("admin@acme.example", demoPassword)
	var made [8]atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for w := range made {
		all.Go(func() {
			for n := int64(1); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				res, body := p.post("/portal/rest/apiToken/create", fmt.Sprintf(`{"name":"load %d %d","lifetimeMs":3600000}`, w, n), admin)
				if res.StatusCode != 200 {
					t.Errorf("%s %s", res.Status, body)
					return
				}
				made[w].Store(n)
			}
		})
	}
	var before [3][8]int64
	for i := range before {
		for w := range made {
			for made[w].Load() < int64(i+1) && !t.Failed() { // each has written since the last backup
				time.Sleep(time.Millisecond)
			}
			before[i][w] = made[w].Load()
		}
		p.backup(fmt.Sprint("load", i), super)
	}
	close(stop)
	all.Wait()
	p.stop()
	for i := range before {
		path := filepath.Join(dir, "backups", fmt.Sprintf("load%d.backup", i))
		lost := filepath.Join(t.TempDir(), "data")
		copyTree(t, filepath.Join(dir, "keys"), filepath.Join(lost, "keys"))
		if status, out, errs := runHere(t, nil, "", "restore", "--data", lost, path); status != exitOK {
			t.Fatalf("restore: exit status %d\n%s%s", status, out, errs)
		}
		if status, out, errs := runHere(t, nil, "", "check", "--data", lost); status != exitOK {
			t.Errorf("check: exit status %d\n%s%s", status, out, errs)
		}
		q := serving(t, serveArgs(lost)...)
		_, list := q.post("/portal/rest/apiToken/list", `{}`, q.mustLogin("admin@acme.example", demoPassword))
		for w, n := range before[i] {
			for ; n > 0; n-- {
				if !strings.Contains(list, fmt.Sprintf(`"load %d %d"`, w, n)) {
					t.Errorf("backup %d: writer %d: number %d was acknowledged before and is lost", i, w, n)
				}
			}
		}
		q.stop()
	}
}

// A portal that is killed over a backup leaves none, and clears away what there is of it.
func TestBackupKilled(t *testing.T) {
	slow(t)
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
			write(t, filepath.Join(backups, "song.unfinished-123"), "somebody else's")
		}
		p = serving(t, serveArgs(dir)...)
		as = p.mustLogin("super@portico.local", operatorPassword)
		if left, _ := filepath.Glob(filepath.Join(backups, "*.backup.unfinished*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
	p.stop()
	if log := p.stderr.String(); !strings.Contains(log, `left.backup.unfinished-123"`) || !strings.Contains(log, "a backup was cut off") {
		t.Errorf("the half one is not named:\n%s", log)
	}
	if _, err := os.Stat(filepath.Join(backups, "song.unfinished-123")); err != nil {
		t.Error(err)
	}
	whole, _ := filepath.Glob(filepath.Join(backups, "*.backup"))
	for _, path := range whole {
		if status, out, errs := runHere(t, nil, "", "check", "--data", dir, path); status != exitOK {
			t.Errorf("check %s: exit status %d\n%s%s", path, status, out, errs)
		}
	}
}
