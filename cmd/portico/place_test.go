package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// A portal on etcd is backed up and checked while it runs, by itself and by commands in its own folder. The backup is that of its store,
// and can be restored into a file.
func TestEtcdBackup(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/backup"
	dir, file := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "file")
	p := serving(t, demoArgs(dir, "--store", in)...)
	token := p.newToken("kept", p.mustLogin("admin@acme.example", demoPassword))
	p.backup("asked", p.mustLogin("super@portico.local", operatorPassword))
	ran(t, exitOK, "beside.backup", "backup", "--data", dir, "--store", in, "beside")
	ran(t, exitOK, "events: checked links 1 to", "check", "--data", dir, "--store", in)
	ran(t, exitOK, "credentials: 0", "keys", "list", "--data", dir, "--store", in)
	ran(t, exitOK, "signs API tokens as soon as all portals", "keys", "rotate-signing", "--data", dir, "--store", in)
	ran(t, exitFailed, "--store is missing", "keys", "list", "--data", dir)
	ran(t, exitFailed, "no store", "check", "--data", dir, "--store", in+"/not")
	p.stop()
	db, err := (&place{Data: folder(dir), Store: in}).use(t.Context(), &program{now: time.Now, stderr: t.Output()}, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	id := db.ID()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	copyTree(t, filepath.Join(dir, "keys"), filepath.Join(file, "keys"))
	for _, name := range []string{"asked", "beside"} {
		path := filepath.Join(dir, "backups", name+".backup")
		ran(t, exitOK, "backup of store "+id, "check", "--data", dir, path)
		ran(t, exitOK, "restored the store", "restore", "--force", "--data", file, path)
		ran(t, exitOK, "store "+id, "check", "--data", file)
		q := serving(t, serveArgs(file, "--public-address", strings.TrimPrefix(p.url, "https://"))...)
		var acme struct{ Name string }
		if q.call(&acme, "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(token)); acme.Name != "Acme" {
			t.Errorf("%s: a token does not work", name)
		}
		q.stop()
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".unfinished-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Keys say that a portal was made before: no other one is made for them in a place that is empty.
func TestEtcdLost(t *testing.T) {
	t.Parallel()
	in := "etcd://" + etcdtest.Alone(t).Client + "/lost"
	dir := filepath.Join(t.TempDir(), "data")
	serving(t, demoArgs(dir, "--store", in)...).stop()
	p := launch(t, demoArgs(dir, "--store", in+"/wrong")...)
	if p.wait() != exitFailed || !strings.Contains(p.stderr.String(), "a portal was made before") {
		t.Errorf("%s\n%s", p.stdout(), p.stderr.String())
	}
	ran(t, exitFailed, "no store", "check", "--data", dir, "--store", in+"/wrong")
}
