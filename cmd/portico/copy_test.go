package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// crowd adds users to the demo in a folder whose portal is stopped.
func crowd(t *testing.T, dir string, n int) {
	t.Helper()
	ctx := context.Background()
	db, err := bolt.Open(folder(dir).store(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := account.New(db, account.Options{Now: time.Now, PasswordCost: cheap})
	if a.Sealer, err = folder(dir).sealer(); err != nil {
		t.Fatal(err)
	}
	acme, _, err := a.Tenant(ctx, auth.Enterprise, 1)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range 32 {
		all.Go(func() {
			for i := w; i < n; i += 32 {
				u := account.NewUser{Username: fmt.Sprintf("user%d@acme.example", i), Password: demoPassword, RoleID: 12}
				if _, err := a.InsertUser(ctx, demoBy, acme, u); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// stored is what lies in a folder's file, checksums too.
func stored(t *testing.T, dir string) map[string]string {
	t.Helper()
	db, err := bbolt.Open(folder(dir).store(), 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("data")).ForEach(func(k, v []byte) error {
			all[string(k)] = string(v)
			return nil
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

// serves says whether a portal would serve the store of a place.
func serves(t *testing.T, w place) bool {
	t.Helper()
	p := &program{now: time.Now, stderr: t.Output()}
	db, err := w.use(t.Context(), p, bolt.Options{})
	if err != nil {
		t.Log(err)
		return false
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	return true
}

// A store that was moved into etcd and back is what it was, number, sessions and tokens too. What it was moved from is not served, not
// even unasked by another copy; that it is served again must be said.
func TestEtcdCopy(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/copy"
	dir, back := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "back")
	p := serving(t, demoArgs(dir)...)
	session := p.mustLogin("admin@acme.example", demoPassword)
	token := p.newToken("kept", session)
	ran(t, exitFailed, "in use", "copy", "--from", dir, "--to", in)
	p.stop()
	crowd(t, dir, 1500)
	was := stored(t, dir)
	if len(was) < 5000 {
		t.Errorf("only %d keys", len(was))
	}
	ran(t, exitFailed, "no store", "check", "--data", dir, "--store", in)

	out := ran(t, exitOK, fmt.Sprintf("%d keys on both sides", len(was)), "copy", "--from", dir, "--to", in)
	if !strings.Contains(out, "the keys stay in "+filepath.Join(dir, "keys")) {
		t.Errorf("nothing is said of the keys:\n%s", out)
	}
	ran(t, exitFailed, "was moved, and is ", "copy", "--from", dir, "--to", in)
	if p := launch(t, serveArgs(dir)...); p.wait() != exitFailed || !strings.Contains(p.stderr.String(), "its store was moved") {
		t.Errorf("the folder is served:\n%s", p.stderr.String())
	}
	ran(t, exitOK, "events: checked links 1 to", "check", "--data", dir, "--store", in)
	ran(t, exitOK, "can seal and open, credentials: 0", "keys", "list", "--data", dir, "--store", in)

	// The file by its old name: it is served no more, and moved nowhere else, until it is told to.
	moved, err := folder(dir).movedStore()
	if err != nil || moved == "" {
		t.Fatal(moved, err)
	}
	if err := os.Rename(moved, folder(dir).store()); err != nil {
		t.Fatal(err)
	}
	if p := launch(t, serveArgs(dir)...); p.wait() != exitFailed || !strings.Contains(p.stderr.String(), "it was moved to "+in) {
		t.Errorf("a store that was moved is served:\n%s", p.stderr.String())
	}
	ran(t, exitFailed, "it was moved to "+in, "copy", "--from", dir, "--to", in+"/2")
	ran(t, exitFailed, "no store", "check", "--data", dir, "--store", in+"/2")
	ran(t, exitOK, "that was done before", "copy", "--from", dir, "--to", in)
	if moved, err = folder(dir).movedStore(); err != nil || moved == "" {
		t.Fatal(moved, err)
	}

	ran(t, exitOK, fmt.Sprintf("%d keys on both sides", len(was)), "copy", "--from", in, "--to", back)
	if now := stored(t, back); !maps.Equal(now, was) {
		t.Errorf("%d keys, were %d", len(now), len(was))
	}
	if serves(t, place{Data: folder(back), Store: in}) {
		t.Error("what is in etcd is served still")
	}
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(back, "keys"))
	q := serving(t, serveArgs(back, "--public-address", strings.TrimPrefix(p.url, "https://"))...)
	for name, as := range map[string]header{"session": session, "token": withToken(token)} {
		var acme struct{ Name string }
		if q.call(&acme, "enterprise/getEnterprise", `{"enterpriseId":1}`, as); acme.Name != "Acme" {
			t.Errorf("the %s does not work", name)
		}
	}
	q.stop()

	// Back, without what was written since, one step after the other: else there would be two.
	if err := os.Rename(moved, folder(dir).store()); err != nil {
		t.Fatal(err)
	}
	ran(t, exitFailed, "it was moved to "+back, "copy", "--undo", "--from", dir, "--to", in)
	if serves(t, place{Data: folder(dir)}) || !serves(t, place{Data: folder(back)}) {
		t.Error("not the last one is served, or also the first")
	}
	ran(t, exitFailed, "was not moved", "copy", "--undo", "--from", back, "--to", in)
	ran(t, exitOK, "is not served any more", "copy", "--undo", "--from", in, "--to", back)
	if serves(t, place{Data: folder(back)}) || !serves(t, place{Data: folder(back), Store: in}) {
		t.Error("not the one in etcd is served, or also the other")
	}
	old, err := os.ReadFile(folder(dir).store())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // who was cut off between the two stores does it again
		if err := os.WriteFile(folder(dir).store(), old, 0o600); err != nil {
			t.Fatal(err)
		}
		ran(t, exitOK, "is not served any more", "copy", "--undo", "--from", dir, "--to", in)
		if serves(t, place{Data: folder(back), Store: in}) || !serves(t, place{Data: folder(dir)}) {
			t.Error("not the first one is served, or also the one in etcd")
		}
	}
}

// A command line that cannot be meant, or a place that is not empty: it is said why, and nothing is touched.
func TestEtcdCopyRefused(t *testing.T) {
	t.Parallel()
	member := etcdtest.Alone(t).Client
	in := "etcd://" + member + "/refused"
	dir, other, foreign := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "data"), t.TempDir()
	for _, d := range []string{dir, other} {
		serving(t, demoArgs(d)...).stop()
	}
	write(t, filepath.Join(foreign, "thesis.txt"), "mine")
	ran(t, exitOK, "", "copy", "--from", other, "--to", in)
	before := contents(t, dir)
	delete(before, dir) // its time is not in it, and the lock is to come
	for name, c := range map[string]struct {
		status int
		says   string
		args   []string
	}{
		"nothing said":          {exitUsage, "give --from and --to", nil},
		"no end":                {exitUsage, "give --from and --to", []string{"--from", dir}},
		"two folders":           {exitUsage, "one of them a data folder", []string{"--from", dir, "--to", other}},
		"two clusters":          {exitUsage, "one of them a data folder", []string{"--from", in, "--to", in + "2"}},
		"no prefix":             {exitUsage, "HOST:PORT/PREFIX", []string{"--from", dir, "--to", "etcd://" + member}},
		"a word too many":       {exitUsage, `unexpected "x"`, []string{"--from", dir, "--to", in, "x"}},
		"from nothing":          {exitFailed, "there is no store in " + foreign, []string{"--from", foreign, "--to", in + "/new"}},
		"from an empty prefix":  {exitFailed, "no store", []string{"--from", in + "/new", "--to", filepath.Join(foreign, "new")}},
		"to another store":      {exitFailed, "there is another store in " + in, []string{"--from", dir, "--to", in}},
		"back to another store": {exitFailed, "there is another store in " + dir, []string{"--from", in, "--to", dir}},
		"to a foreign folder":   {exitFailed, "no portal's (there is thesis.txt in it)", []string{"--from", in, "--to", foreign}},
		"nobody answers":        {exitFailed, "none of the members answered within 20s", []string{"--from", dir, "--to", "etcd://127.0.0.1:1/refused"}},
		"not moved":             {exitFailed, "was not moved", []string{"--undo", "--from", dir, "--to", in}},
	} {
		t.Run(name, func(t *testing.T) {
			ran(t, c.status, c.says, append([]string{"copy"}, c.args...)...)
		})
	}
	after := contents(t, dir)
	delete(after, dir)
	delete(after, filepath.Join(dir, lockName))
	if !maps.Equal(before, after) {
		t.Error("a refusal changed something")
	}
	if !serves(t, place{Data: folder(dir)}) || !serves(t, place{Data: folder(dir), Store: in}) {
		t.Error("a store is not served any more")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".unfinished-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A copy that is killed is gone on with by the same command. At no time would both places be served, and until the end not the new one.
func TestEtcdCopyKilled(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/killed"
	dir, back := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "back")
	serving(t, demoArgs(dir)...).stop()
	crowd(t, dir, 300)
	was := stored(t, dir)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	killedIn := map[string]int{}
	step := 400 * time.Millisecond / time.Duration(kills(25))
	for _, way := range [][2]string{{dir, in}, {in, back}} {
		from, to := place{Data: folder(dir)}, place{Data: folder(dir), Store: in}
		if way[0] == in {
			from, to = place{Data: folder(back), Store: in}, place{Data: folder(back)}
		}
		for i, done := 0, false; !done; i++ {
			cmd := exec.Command(exe, "copy", "--from", way[0], "--to", way[1])
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
				t.Fatalf("%v after %d kills: %v\n%s", way, i, err, out)
			}
			was, is := serves(t, from), serves(t, to)
			if was && is || done && !is {
				t.Fatalf("%v, kill %d: the old one is served: %v, the new one: %v", way, i, was, is)
			}
			killedIn[fmt.Sprint(was, is)]++
			done = is // it may have been killed over its last words
		}
	}
	t.Log("whether the old one was served, and the new one:", killedIn)
	if now := stored(t, back); !maps.Equal(now, was) {
		t.Errorf("%d keys, were %d", len(now), len(was))
	}
}

// Cut off when the old store is set aside and the new one is not yet put in place, a copy is finished by the same command, but not by
// another, which has a store of its own in the making.
func TestEtcdCopyBetween(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/between"
	dir, ctx := filepath.Join(t.TempDir(), "data"), t.Context()
	serving(t, demoArgs(dir)...).stop()
	p := &program{now: time.Now, stderr: t.Output()}
	from, err := bolt.Open(folder(dir).store(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	moves := map[string]store.State{}
	for _, to := range []string{in, in + "/other"} {
		m := &move{from: dir, to: to}
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		if moves[to], err = p.receiving(ctx, m, from.Mark()); err != nil {
			t.Fatal(err)
		}
	}
	gone := store.State{Kind: store.Moved, Job: moves[in].Job, About: in, Since: time.Now()}
	if err := errors.Join(from.SetMark(ctx, store.Mark{ID: from.ID(), State: gone}, anything), from.Close()); err != nil {
		t.Fatal(err)
	}
	if serves(t, place{Data: folder(dir)}) || serves(t, place{Data: folder(dir), Store: in}) {
		t.Error("one of them is served")
	}
	ran(t, exitFailed, "it was moved to "+in, "copy", "--from", dir, "--to", in+"/other")
	ran(t, exitOK, "keys on both sides", "copy", "--from", dir, "--to", in)
	if !serves(t, place{Data: folder(dir), Store: in}) || serves(t, place{Data: folder(dir), Store: in + "/other"}) {
		t.Error("not the new one is served, or also the other")
	}
}

// How far it is, is told when some time has passed, and of how many if that is known.
func TestCounting(t *testing.T) {
	t.Parallel()
	var said safeBuffer
	now := time.Unix(0, 0)
	p := &program{now: func() time.Time { return now }, tellEvery: tellEvery, stderr: &said}
	tell, blind := p.counting("keys"), p.counting("bytes")
	for i := range int64(5) {
		tell(i, 5)
		blind(i, 0)
		now = now.Add(tellEvery / 2)
	}
	if want := "so far 2 of 5 keys\nso far 2 bytes\nso far 4 of 5 keys\nso far 4 bytes\n"; said.String() != want {
		t.Errorf("got %q, want %q", said.String(), want)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// What portals write while their store is copied is not lost: the copy says so, and only one without a write moves it. Then they answer
// nothing any more, and say why.
func TestEtcdCopyFromRunning(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/running"
	dir, back := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "back")
	p := serving(t, demoArgs(dir, "--store", in)...)
	as := p.mustLogin("admin@acme.example", demoPassword)
	n := 0
	write := func() {
		p.call(new(any), "enterprise/insertEnterpriseUser", fmt.Sprintf(
			`{"enterpriseId":1,"username":"late%d@acme.example","password":%q,"roleId":12}`, n, demoPassword), as)
		n++
	}
	copying := &program{getenv: func(string) string { return "" }, stdout: t.Output(), now: time.Now} // it tells how far it is at each key
	copying.stderr = writerFunc(func(line []byte) {                                                   // of so many keys: it has read the store, and writes to the folder
		if n == 0 && strings.Contains(string(line), " of ") {
			write()
		}
	})
	err := copying.run(t.Context(), []string{"copy", "--from", in, "--to", back})
	if err == nil || !strings.Contains(err.Error(), "somebody wrote to the store meanwhile") {
		t.Errorf("got %v", err)
	}
	if serves(t, place{Data: folder(back)}) {
		t.Error("half a copy is served")
	}
	write()
	ran(t, exitOK, "keys on both sides", "copy", "--from", in, "--to", back)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		res, body := p.post("/portal/rest/enterprise/getEnterprise", `{"enterpriseId":1}`, as)
		if res.StatusCode == 503 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it answers still: %s %s", res.Status, body)
		}
	}
	p.stop()
	if log := p.stderr.String(); !strings.Contains(log, "it was moved to "+back) {
		t.Errorf("the log does not say where the store is:\n%s", log)
	}
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(back, "keys"))
	q := serving(t, serveArgs(back)...)
	var users []json.RawMessage
	q.call(&users, "enterprise/getEnterpriseUsers", `{"enterpriseId":1}`, q.mustLogin("admin@acme.example", demoPassword))
	if len(users) != n+len(demo().Enterprises[0].Users) {
		t.Errorf("%d users, want %d and those of the demo", len(users), n)
	}
	q.stop()
}
