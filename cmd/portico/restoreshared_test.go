package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// A backup takes the place of a store in etcd while a portal serves it: that one answers nothing any more until it is started again. What
// was there is kept. Nobody stays signed in.
func TestEtcdRestore(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/restore"
	dir, other := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "other")
	const address = "portal.example"
	p := serving(t, demoArgs(dir, "--store", in, "--public-address", address)...)
	session := p.mustLogin("admin@acme.example", demoPassword)
	kept, revoked := p.newToken("kept", session), p.newToken("revoked later", session)
	var access struct {
		Token string `json:"access_token"`
	}
	_, body := p.post("/csp/gateway/am/api/auth/api-tokens/authorize", "api_token="+kept)
	if err := json.Unmarshal([]byte(body), &access); err != nil || access.Token == "" {
		t.Fatalf("no access token: %v: %s", err, body)
	}
	p.backup("b", p.mustLogin("super@portico.local", operatorPassword))
	file := filepath.Join(dir, "backups", "b.backup")
	var tokens []struct {
		ID   int64
		Name string
	}
	p.call(&tokens, "apiToken/list", `{}`, session)
	for _, tok := range tokens {
		if tok.Name == "revoked later" {
			var done json.RawMessage
			p.call(&done, "apiToken/revoke", fmt.Sprintf(`{"id":%d}`, tok.ID), session)
		}
	}
	ran(t, exitFailed, "another process has it", "restore", "--data", dir, "--store", in, file)
	p.stop()
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(other, "keys"))
	q := serving(t, serveArgs(other, "--store", in, "--public-address", address)...)
	ran(t, exitFailed, "there is a store in "+in, "restore", "--data", dir, "--store", in, file)
	out := ran(t, exitOK, "restored the store", "restore", "--force", "--data", dir, "--store", in, file)
	for _, says := range []string{"is kept as " + filepath.Join(dir, "backups", "before-restore-"), "ended: sessions ", "unknown: what was revoked", "bring the folder keys"} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not said:\n%s", says, out)
		}
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		res, body := q.post("/portal/rest/enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(kept))
		if res.StatusCode == 503 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it answers still: %s %s", res.Status, body)
		}
	}
	q.stop()
	if log := q.stderr.String(); !strings.Contains(log, "the restore of b.backup") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	ran(t, exitOK, "the store was restored from a backup", "check", "--data", dir, "--store", in)
	olds, _ := filepath.Glob(filepath.Join(dir, "backups", "before-restore-*.backup"))
	if len(olds) != 1 {
		t.Fatalf("kept: %q", olds)
	}
	ran(t, exitOK, "backup of store ", "check", "--data", dir, olds[0])

	if says := notServing(t, serveArgs(other, "--store", in, "--public-address", address)...); !strings.Contains(says, "copy the folder keys") {
		t.Errorf("with the keys of access tokens of before: %s", says)
	}
	works := func(p *process, as header) bool {
		_, body := p.post("/portal/rest/enterprise/getEnterprise", `{"enterpriseId":1}`, as)
		return strings.Contains(body, `"name":"`)
	}
	p = serving(t, serveArgs(dir, "--store", in, "--public-address", address)...)
	for name, c := range map[string]struct {
		as    header
		works bool
	}{
		"a session of before":       {session, false},
		"an access token of before": {header{"Authorization", "Bearer " + access.Token}, false},
		"a token of before":         {withToken(kept), true},
		"a token revoked since":     {withToken(revoked), true},
	} {
		if got := works(p, c.as); got != c.works {
			t.Errorf("%s works: %v", name, got)
		}
	}
	p.stop()

	// What was kept is put back, and it knows of the revocation.
	ran(t, exitOK, "restored the store", "restore", "--force", "--data", dir, "--store", in, olds[0])
	p = serving(t, serveArgs(dir, "--store", in, "--public-address", address)...)
	if !works(p, withToken(kept)) || works(p, withToken(revoked)) {
		t.Error("what was kept is not what was there")
	}
	p.stop()

	// Into nothing, as after the loss of a cluster.
	ran(t, exitOK, "restored the store", "restore", "--data", dir, "--store", in+"/new", file)
	ran(t, exitOK, "the store was restored from a backup", "check", "--data", dir, "--store", in+"/new")
}

// Of two restores at once the one that began last goes on, and the other, wherever it has come to, puts nothing in place.
func TestEtcdRestoreTwoAtOnce(t *testing.T) {
	t.Parallel()
	dir, ctx := filepath.Join(t.TempDir(), "data"), t.Context()
	in := "etcd://" + etcdtest.Alone(t).Client + "/two"
	serving(t, demoArgs(dir)...).stop()
	from, err := bolt.Open(folder(dir).store(), bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	p := &program{now: time.Now, stderr: t.Output()}
	r := restoration{place: place{Data: folder(dir), Store: in}}
	begin := func(job string) {
		t.Helper()
		as := store.Mark{ID: from.ID(), State: store.State{Kind: store.Unfinished, Job: restoring + job, Since: time.Now()}}
		if _, err := p.vacate(ctx, r, as); err != nil {
			t.Fatal(err)
		}
	}
	begin("first")
	first, _, err := p.fill(ctx, &r.place, restoring+"first", from)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	begin("second")
	if err := first.SetMark(ctx, store.Mark{ID: from.ID()}, anything); !errors.Is(err, store.ErrAside) {
		t.Errorf("the first one puts its store in place: %v", err)
	}
	if _, _, err := p.fill(ctx, &r.place, restoring+"first", from); err == nil || !strings.Contains(err.Error(), "somebody else is at work") {
		t.Errorf("the first one fills what is the second one's: %v", err)
	}
	second, _, err := p.fill(ctx, &r.place, restoring+"second", from)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second.SetMark(ctx, store.Mark{ID: from.ID()}, anything), second.Close()); err != nil || !serves(t, r.place) {
		t.Errorf("the second one is not finished: %v", err)
	}
}

// A restore that is killed has done nothing, or is to be run again; in between nobody serves what there is. The store that was there is
// kept whole.
func TestEtcdRestoreKilled(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/killed"
	dir := filepath.Join(t.TempDir(), "data")
	w := place{Data: folder(dir), Store: in}
	serving(t, demoArgs(dir)...).stop()
	ran(t, exitOK, "", "backup", "--data", dir, "small")
	crowd(t, dir, 1000)
	ran(t, exitOK, "", "backup", "--data", dir, "large")
	if err := os.Remove(folder(dir).store()); err != nil {
		t.Fatal(err)
	}
	ran(t, exitOK, "", "restore", "--data", dir, "--store", in, filepath.Join(dir, "backups", "small.backup"))
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	step := 500 * time.Millisecond / time.Duration(kills(25))
	asides, begun := 0, false
	for i, done := 0, false; !done; i++ {
		cmd := exec.Command(exe, "restore", "--data", dir, "--store", in, filepath.Join(dir, "backups", "large.backup"))
		if !begun {
			cmd.Args = append(cmd.Args, "--force")
		}
		cmd.Env = programEnv()
		out := &safeBuffer{}
		cmd.Stderr = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(i)*step, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		if done = err == nil; !done && cmd.ProcessState.Exited() {
			t.Fatalf("after %d kills: %v\n%s", i, err, out)
		}
		if !serves(t, w) {
			asides, begun = asides+1, true
		} else if begun && !done {
			done = true // it was killed over its last words
		}
	}
	t.Log("not to be served after", asides, "kills")
	if asides == 0 {
		t.Error("no kill came in between")
	}
	ran(t, exitOK, "the store was restored from a backup", "check", "--data", dir, "--store", in)
	olds, _ := filepath.Glob(filepath.Join(dir, "backups", "before-restore-*.backup"))
	if len(olds) == 0 {
		t.Fatal("what was there is not kept")
	}
	ran(t, exitOK, "backup of store ", "check", "--data", dir, olds[len(olds)-1])
}
