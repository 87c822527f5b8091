package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// What was done after a backup is undone by its restore, and what is dangerous about that is said; nobody stays signed in.
func TestRestore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	const address = "portal.example" // the issuer of access tokens, which a port would make another one
	p := serving(t, demoArgs(dir, "--public-address", address)...)
	super := p.mustLogin("super@portico.local", operatorPassword)
	admin := p.mustLogin("admin@acme.example", demoPassword)
	kept := p.newToken("kept", admin)
	revoked := p.newToken("revoked later", admin)
	var pending struct{ ID int64 }
	p.call(&pending, "apiToken/create", `{"name":"pending","lifetimeMs":3600000}`, admin)
	var text struct{ Token string }
	download := func(p *process, as header) string {
		t.Helper()
		p.call(&text, "apiToken/download", fmt.Sprintf(`{"id":%d}`, pending.ID), as)
		return text.Token
	}
	var access struct {
		Token string `json:"access_token"`
	}
	_, body := p.post("/csp/gateway/am/api/auth/api-tokens/authorize", "api_token="+kept)
	if err := json.Unmarshal([]byte(body), &access); err != nil || access.Token == "" {
		t.Fatalf("no access token: %v: %s", err, body)
	}
	bearer := header{"Authorization", "Bearer " + access.Token}
	works := func(as header) bool {
		_, body := p.post("/portal/rest/enterprise/getEnterprise", `{"enterpriseId":1}`, as)
		return strings.Contains(body, `"name":"`)
	}
	backup := filepath.Join(dir, "backups", "b.backup")
	if status, _, errs := runHere(t, map[string]string{"PORTICO_PASSWORD": operatorPassword}, "",
		"backup", "--url", p.url, "--insecure", "b"); status != exitOK {
		t.Fatalf("backup: exit status %d\n%s", status, errs)
	}
	if !works(bearer) || !works(admin) || !works(withToken(revoked)) {
		t.Fatal("something does not work before")
	}

	// What the backup knows nothing of.
	var done json.RawMessage
	p.call(&done, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, p.numberOf("revoked later", admin)), admin)
	first := download(p, admin)
	fresh := p.newToken("fresh", admin)
	number := p.numberOf("fresh", admin)
	if !works(withToken(first)) || !works(withToken(fresh)) {
		t.Fatal("a token of the time that will be lost does not work")
	}
	late := p.mustLogin("admin@acme.example", demoPassword)
	var answer json.RawMessage
	p.call(&answer, "system/getEventChainHead", `{}`, super)
	head := filepath.Join(t.TempDir(), "head.json")
	write(t, head, string(answer))

	restore := func(want int, says string, args ...string) string {
		t.Helper()
		status, out, errs := runHere(t, nil, "", append([]string{"restore", "--data", dir}, args...)...)
		if status != want || !strings.Contains(out+errs, says) {
			t.Fatalf("restore %q: exit status %d, want %d and %q\n%s%s", args, status, want, says, out, errs)
		}
		return out
	}
	restore(exitFailed, "with --force", backup)
	restore(exitFailed, "in use", "--force", backup) // it runs
	p.stop()
	before := contents(t, dir)
	restore(exitFailed, "with --force", backup)
	restore(exitUsage, "the file of a backup")
	restore(exitFailed, "no store", "--force", backup+"-not")
	if after := contents(t, dir); len(after) != len(before) {
		t.Errorf("a refusal left files: %d, were %d", len(after), len(before))
	}
	out := restore(exitOK, "restored the store", "--force", backup)
	for _, says := range []string{"is kept as " + dir, "ended: sessions ", "unknown: what was revoked"} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not said:\n%s", says, out)
		}
	}
	olds, _ := filepath.Glob(filepath.Join(dir, "portico.db.before-*"))
	if len(olds) != 1 {
		t.Fatalf("kept: %q", olds)
	}
	if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitOK || !strings.Contains(out, "the store was restored from a backup") {
		t.Errorf("check: exit status %d\n%s%s", status, out, errs)
	}
	if status, out, _ := runHere(t, nil, "", "check", "--data", dir, "--head", head); status != exitFailed || !strings.Contains(out, "what happened up to it was lost") {
		t.Errorf("check with a head of the time that was lost: exit status %d\n%s", status, out)
	}

	p = serving(t, serveArgs(dir, "--public-address", address)...)
	again := p.mustLogin("admin@acme.example", demoPassword)
	ops := p.mustLogin("ops@acme.example", demoPassword)
	reused := p.newToken("reused", ops)
	if got := p.numberOf("reused", ops); got != number {
		t.Errorf("the new token has number %d, the lost one %d", got, number)
	}
	downloaded := download(p, again)
	if res, body := p.post("/portal/rest/apiToken/download", fmt.Sprintf(`{"id":%d}`, pending.ID), again); res.StatusCode == 200 {
		t.Errorf("downloaded twice: %s", body)
	}
	for name, c := range map[string]struct {
		as    header
		works bool
	}{
		"a session of before":            {admin, false},
		"a session of the lost time":     {late, false},
		"an access token of before":      {bearer, false},
		"a token of before":              {withToken(kept), true},
		"a token revoked since":          {withToken(revoked), true}, // which is why the command names the time
		"a token of the lost time":       {withToken(fresh), false},  // whoever has its number now
		"who has its number now":         {withToken(reused), true},
		"a token downloaded since":       {withToken(first), false},
		"that, downloaded again":         {withToken(downloaded), true},
		"a new session":                  {again, true},
		"an operator's session":          {super, false},
		"somebody who is not even there": {withToken("x"), false},
	} {
		if got := works(c.as); got != c.works {
			t.Errorf("%s works: %v", name, got)
		}
	}
	var list struct {
		Data []struct{ Event, Severity, Message string }
	}
	p.call(&list, "event/getOperatorEvents", `{}`, p.mustLogin("super@portico.local", operatorPassword))
	if got := fmt.Sprint(list.Data); !strings.Contains(got, "{RESTORE_BACKUP ALERT the store is a backup of ") {
		t.Errorf("the record: %s", got)
	}
	p.stop()

	// The chain goes on, and shows tampering as before.
	tamper(t, dir, func(d *tampered) { d.rename(d.last("event")) })
	if status, out, _ := runHere(t, nil, "", "check", "--data", dir); status != exitFailed || !strings.Contains(out, "was changed") {
		t.Errorf("check of a tampered store: exit status %d\n%s", status, out)
	}
}

// numberOf is the number of the caller's token of that name.
func (p *process) numberOf(name string, as header) int64 {
	p.t.Helper()
	var tokens []struct {
		ID   int64
		Name string
	}
	p.call(&tokens, "apiToken/list", `{}`, as)
	for _, tok := range tokens {
		if tok.Name == name {
			return tok.ID
		}
	}
	p.t.Fatalf("there is no token %q", name)
	return 0
}

// A lost disk: there is a backup and, from elsewhere, the keys. A backup that was tampered with is not put in place unasked.
func TestRestoreIntoNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir)...)
	p.stop()
	backup := filepath.Join(t.TempDir(), "b.backup")
	if status, _, errs := runHere(t, nil, "", "backup", "--data", dir, "--backup-folder", filepath.Dir(backup), "b"); status != exitOK {
		t.Fatalf("backup: exit status %d\n%s", status, errs)
	}
	lost := filepath.Join(t.TempDir(), "data")
	run := func(args ...string) (int, string) {
		status, out, errs := runHere(t, nil, "", append(args, "--data", lost)...)
		return status, out + errs
	}
	if status, said := run("restore", backup); status != exitFailed || !strings.Contains(said, "keys of the portal must be in") {
		t.Errorf("without keys: exit status %d\n%s", status, said)
	}
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(lost, "keys"))
	if status, said := run("check", backup); status != exitOK || !strings.Contains(said, "backup of store ") {
		t.Errorf("check: exit status %d\n%s", status, said)
	}
	write(t, filepath.Join(lost, "portico.db.unfinished-restored"), "of a restore that was killed")
	other, err := lock(filepath.Join(lost, lockName))
	if err != nil {
		t.Fatal(err)
	}
	if status, said := run("restore", backup); status != exitFailed || !strings.Contains(said, "another process has it") {
		t.Errorf("two at once: exit status %d\n%s", status, said)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if status, said := run("restore", backup); status != exitOK {
		t.Errorf("restore: exit status %d\n%s", status, said)
	}
	q := serving(t, serveArgs(lost)...)
	q.mustLogin("admin@acme.example", demoPassword)
	q.stop()
	if left, _ := filepath.Glob(filepath.Join(lost, "*unfinished*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	// Put in place by hand, a backup is not served.
	copyFile(t, backup, folder(lost).store())
	if q := launch(t, serveArgs(lost)...); q.wait() != exitFailed || !strings.Contains(q.stderr.String(), "a backup, and no store") {
		t.Errorf("a backup is served:\n%s", q.stderr.String())
	}

	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.Mkdir(bad, 0o700); err != nil {
		t.Fatal(err)
	}
	copyFile(t, backup, folder(bad).store())
	tamper(t, bad, func(d *tampered) { d.rename(3) })
	tampered := folder(bad).store()
	if status, said := run("check", tampered); status != exitFailed || !strings.Contains(said, "event 3 was changed") {
		t.Errorf("check of a tampered backup: exit status %d\n%s", status, said)
	}
	was := contents(t, lost)
	if status, said := run("restore", "--force", tampered); status != exitFailed || !strings.Contains(said, "event 3 was changed") {
		t.Errorf("restore of a tampered backup: exit status %d\n%s", status, said)
	}
	if now := contents(t, lost); now[folder(lost).store()] != was[folder(lost).store()] {
		t.Error("the store was changed")
	}
	if status, said := run("restore", "--force", "--despite-problems", tampered); status != exitOK {
		t.Errorf("and all the same: exit status %d\n%s", status, said)
	}
	if status, said := run("check"); status != exitFailed || !strings.Contains(said, "event 3 was changed") {
		t.Errorf("what was wrong with it is forgotten: exit status %d\n%s", status, said)
	}
}

// What is restored is what was checked, and what its record says of it.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir)...).stop()
	files := t.TempDir()
	if status, _, errs := runHere(t, nil, "", "backup", "--data", dir, "--backup-folder", files, "b"); status != exitOK {
		t.Fatalf("backup: exit status %d\n%s", status, errs)
	}
	good := filepath.Join(files, "b.backup")
	forged := func(name string, f func(mark, data *bbolt.Bucket) error) string {
		path := filepath.Join(files, name)
		copyFile(t, good, path)
		db, err := bbolt.Open(path, 0o600, nil)
		if err == nil {
			err = errors.Join(db.Update(func(tx *bbolt.Tx) error {
				return f(tx.Bucket([]byte("portico")), tx.Bucket([]byte("data")))
			}), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := func(at time.Time) func(mark, _ *bbolt.Bucket) error {
		key := []byte("copied")
		return func(mark, _ *bbolt.Bucket) error {
			return mark.Put(key, store.Seal(key, at.UTC().AppendFormat(nil, time.RFC3339Nano)).Value)
		}
	}
	tampered := forged("tampered", func(_, data *bbolt.Bucket) error {
		(&tampered{t, data}).rename(3)
		return nil
	})
	replaced := forged("replaced", func(_, _ *bbolt.Bucket) error { return nil })
	keys := filepath.Join(dir, "keys")
	otherKeys := filepath.Join(t.TempDir(), "keys")
	copyTree(t, keys, otherKeys)
	seal := folder(filepath.Dir(otherKeys)).sealKey()
	if err := os.Remove(seal); err != nil {
		t.Fatal(err)
	}
	if _, err := newSealer(seal); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys, file string
		now        func() time.Time
		says       string
	}{
		"a later time than its record":      {keys, forged("later", made(time.Now().Add(time.Hour))), time.Now, "its time was changed"},
		"a format of tomorrow":              {keys, forged("newer", func(mark, _ *bbolt.Bucket) error { return putFormat(mark, 2) }), time.Now, "newer Portico"},
		"a portal of other keys":            {otherKeys, good, time.Now, "the sealing key is another"},
		"a file that is replaced meanwhile": {keys, replaced, swapping(t, replaced, tampered), "event 3 was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			lost := filepath.Join(t.TempDir(), "data")
			copyTree(t, c.keys, filepath.Join(lost, "keys"))
			var out safeBuffer
			p := &program{stdout: &out, stderr: &out, now: c.now, getenv: func(string) string { return "" }}
			status := p.main(t.Context(), []string{"restore", "--data", lost, c.file})
			if status != exitFailed || !strings.Contains(out.String(), c.says) {
				t.Errorf("exit status %d, want %q\n%s", status, c.says, out.String())
			}
			if left, _ := filepath.Glob(filepath.Join(lost, "portico.db*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// putFormat makes a file one of another format.
func putFormat(mark *bbolt.Bucket, format byte) error {
	key := []byte("mark")
	value, err := store.Unseal(key, mark.Get(key))
	if err != nil {
		return err
	}
	value = bytes.Clone(value)
	value[len("Portico store")] = format
	return mark.Put(key, store.Seal(key, value).Value)
}

// swapping is a clock, whose first look another uses to put a file in the place of one.
func swapping(t *testing.T, path, with string) func() time.Time {
	swap := sync.OnceFunc(func() {
		if err := os.Rename(with, path); err != nil {
			t.Error(err)
		}
	})
	return func() time.Time {
		swap()
		return time.Now()
	}
}

// Where the store was moved to etcd a restore that was not told of it makes no second one.
func TestRestoreWhereMoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir)...).stop()
	ran(t, exitOK, "", "backup", "--data", dir, "b")
	file := filepath.Join(dir, "backups", "b.backup")
	if err := os.Rename(folder(dir).store(), folder(dir).store()+movedStores+"20261122T030000-000Z"); err != nil {
		t.Fatal(err)
	}
	ran(t, exitFailed, "say where with --store", "restore", "--data", dir, file)
	if _, err := os.Stat(folder(dir).store()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a store: %v", err)
	}
	ran(t, exitOK, "restored the store", "restore", "--force", "--data", dir, file)
}

// Restores that follow one another within a moment each keep what was there.
func TestRestoreAgainAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir)...).stop()
	ran(t, exitOK, "", "backup", "--data", dir, "b")
	at := time.Now()
	p := &program{now: func() time.Time { return at }, getenv: func(string) string { return "" }, stdout: t.Output(), stderr: t.Output()}
	for range 2 {
		if err := p.run(t.Context(), []string{"restore", "--force", "--data", dir, filepath.Join(dir, "backups", "b.backup")}); err != nil {
			t.Fatal(err)
		}
	}
	if kept, _ := filepath.Glob(folder(dir).store() + ".before-*"); len(kept) != 2 {
		t.Errorf("kept: %q", kept)
	}
}

// A restore that is killed has done nothing, or all of it: no store is in place whose sessions still live, nor half a one.
func TestRestoreKilled(t *testing.T) {
	slow(t)
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir)...)
	p.mustLogin("admin@acme.example", demoPassword)
	p.stop()
	folderOf := filepath.Join(t.TempDir(), "backups")
	if status, _, errs := runHere(t, nil, "", "backup", "--data", dir, "--backup-folder", folderOf, "b"); status != exitOK {
		t.Fatalf("backup: exit status %d\n%s", status, errs)
	}
	backup := filepath.Join(folderOf, "b.backup")
	lost := filepath.Join(t.TempDir(), "data")
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(lost, "keys"))
	killRestores(t, lost, backup, nil)
	old, err := os.ReadFile(folder(dir).store())
	if err != nil {
		t.Fatal(err)
	}
	killRestores(t, dir, backup, old)
}

// killRestores kills restores in a folder at later and later moments, until some come to their end. old is the store that is there,
// and after a kill still is, or what was restored is.
func killRestores(t *testing.T, dir, backup string, old []byte) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	store := folder(dir).store()
	kills, done := 0, 0
	for ; done < 3 && kills < 300; kills++ {
		cmd := exec.Command(exe, "restore", "--force", "--data", dir, backup)
		cmd.Env = programEnv()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(kills)*3*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		if now, err := os.ReadFile(store); bytes.Equal(now, old) && (err == nil || old == nil && errors.Is(err, fs.ErrNotExist)) {
			continue
		}
		done++
		if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitOK || !strings.Contains(out, "was restored") {
			t.Fatalf("after kill %d: exit status %d\n%s%s", kills, status, out, errs)
		}
		err := os.Remove(store)
		if old != nil {
			err = os.WriteFile(store, old, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if t.Logf("%d restores, %d came to their end", kills, done); done < 3 {
		t.Error("too few restores came to their end")
	}
}
