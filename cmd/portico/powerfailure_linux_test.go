package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

// Whenever the power fails, mostly within a commit, what was answered is there. That the process is killed as well loses nothing:
// the system has what was written, and only the disk knows what was synced.
func TestKillAndPowerFailure(t *testing.T) {
	slow(t)
	t.Parallel()
	d := mountDisk(t)
	c := newCrash(t, d.data())
	n := kills(8) / 2
	for i := 1; i <= n && !t.Failed(); i++ {
		c.writeUntil(func() { d.order("cut %d", c.chance.IntN(50)) })
		c.kill()
		told := d.order("power %d", c.chance.Uint64())
		if n-i < 2 || i%10 == 0 {
			t.Logf("power failure %d: %s", i, told)
			c.checkFile()
		}
		c.again()
	}
	c.checkAll()
	c.p.stop()
	t.Logf("%d power failures: %d changes were answered, the store was synced %d times", n, c.acked.Load(), d.syncs())
}

// Whenever the power fails in a first start, there is no portal behind it, or a whole one: the passwords that were printed last are
// good, and every key is there. One that has served is there as it was, and nothing is made and told anew. It was gone where also the
// folder that its own is in was new; and its demo, whose end was not synced, was finished once more, with another token.
func TestKillFirstStartByPower(t *testing.T) {
	slow(t)
	t.Parallel()
	d, chance := mountDisk(t), newChance(t)
	for name, c := range map[string]struct {
		more  []string
		users []string
	}{
		"portal": {nil, []string{"super@portico.local"}},
		"demo":   {[]string{"--demo"}, []string{"super@portico.local", "admin@acme.example", "admin@globex.example"}},
	} {
		args := func(i int) []string { return serveArgs(fmt.Sprintf("%s/%s%d/data", d.folder, name, i), c.more...) }
		before := d.ops()
		serving(t, args(-1)...).stop()
		whole := d.ops() - before
		t.Logf("the first start of a %s, and its end, are %d operations on the disk", name, whole)
		for i := range kills(48) / 8 {
			cut := chance.IntN(whole * 5 / 4)
			d.order("cut %d", cut)
			p := launch(t, args(i)...)
			served, printed := p.url != "", p.stdout()
			_ = p.cmd.Process.Kill()
			p.wait()
			told := fmt.Sprintf("a %s cut off after %d operations: %s", name, cut, d.order("power %d", chance.Uint64()))
			p = serving(t, args(i)...)
			if served && len(p.lines) > 1 {
				t.Errorf("%s: it had served, and then:\n%s", told, p.stdout())
			}
			for _, who := range c.users {
				if p.login(who, last(t, printed+p.stdout(), who+`, password: (\S+)`)) == "" {
					t.Errorf("%s: %s cannot log in with what was printed last:\n%s%s", told, who, printed, p.stdout())
				}
			}
			p.stop()
			if status, out, errs := runHere(t, nil, "", "check", "--data", args(i)[2]); status != exitOK {
				t.Errorf("%s: portico check: exit status %d\n%s%s", told, status, out, errs)
			}
		}
	}
}

// Whenever the power fails while a backup takes the place of a store, one of them is in place, whole, and the store is never gone.
// It was when the backup had got its name for good, and the store not yet its other one.
func TestKillRestoreByPower(t *testing.T) {
	slow(t)
	t.Parallel()
	d, chance := mountDisk(t), newChance(t)
	dir, backups := d.data(), t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	if status, _, errs := runHere(t, nil, "", "backup", "--data", dir, "--backup-folder", backups, "b"); status != exitOK {
		t.Fatalf("backup: exit status %d\n%s", status, errs)
	}
	restore := func() {
		launch(t, "restore", "--force", "--data", dir, filepath.Join(backups, "b.backup")).wait()
	}
	before := d.ops()
	restore()
	whole, replaced := d.ops()-before, 0
	if whole < 20 {
		t.Fatalf("a restore was only %d operations on the disk", whole)
	}
	for range max(8, kills(48)/8) {
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // the second name has the second in it
		was := inode(t, folder(dir).store())
		cut := whole - chance.IntN(8) // the end, where the names are given
		d.order("cut %d", cut)
		restore()
		told := fmt.Sprintf("cut off after %d of %d operations: %s", cut, whole, d.order("power %d", chance.Uint64()))
		if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitOK {
			t.Errorf("%s: portico check: exit status %d\n%s%s", told, status, out, errs)
		}
		if was == inode(t, folder(dir).store()) {
			continue
		}
		replaced++
		kept, err := filesLike(dir, "portico.db.before-*")
		if err != nil || !slices.ContainsFunc(kept, func(path string) bool { return was == inode(t, path) }) {
			t.Errorf("%s: the backup is in place, and the store that was there is gone: %v, %v", told, kept, err)
		}
	}
	t.Logf("of %d operations; the store was replaced %d times", whole, replaced)
}

// inode is the number of a file on its disk. The disk has another device each time that its power is back: the first that is free, so
// that os.SameFile tells the truth only as long as no other disk is mounted meanwhile.
func inode(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// A store is there from the first change that was answered, also when nothing else is made in its folder.
func TestKillNewStoreByPower(t *testing.T) {
	slow(t)
	t.Parallel()
	d := mountDisk(t)
	for seed := range 12 {
		dir := filepath.Join(d.folder, fmt.Sprint(seed))
		if err := makeFolder(dir); err != nil {
			t.Fatal(err)
		}
		path := folder(dir).store()
		for _, o := range []bolt.Options{{Create: true}, {}} {
			db, err := bolt.Open(path, o)
			if err != nil {
				t.Fatalf("power failure %d: %v", seed, err)
			}
			err = db.Update(context.Background(), func(tx store.Tx) error { return tx.Put([]byte("key"), nil) })
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			d.order("power %d", seed)
		}
	}
}

// Before an answer that a change was made, the store was synced twice: its pages, then its head.
func TestNoAnswerWithoutSync(t *testing.T) {
	t.Parallel()
	d := mountDisk(t)
	c := newCrash(t, d.data())
	count := func() (changes, early int) {
		var all, less atomic.Int64
		var writing sync.WaitGroup
		for _, w := range c.writers[:8] {
			writing.Go(func() {
				for range 25 {
					before := d.syncs()
					if !c.setProperty(w) {
						t.Error("a change was not answered")
						return
					}
					all.Add(1)
					if d.syncs() < before+2 {
						less.Add(1)
					}
				}
			})
		}
		writing.Wait()
		return int(all.Load()), int(less.Load())
	}
	before := d.syncs()
	changes, early := count()
	t.Logf("%d changes by 8 clients, %d syncs", changes, d.syncs()-before)
	if early > 0 {
		t.Errorf("%d of %d changes were answered before they were synced", early, changes)
	}
	c.check()

	// A store that does not sync is found out: here it is the disk that does not.
	d.order("deaf true")
	if changes, early := count(); early < changes {
		t.Errorf("without syncs only %d of %d changes were answered too early", early, changes)
	}
	c.kill()
	d.order("power 1")
	d.order("deaf false")
	p := launch(t, serveArgs(c.dir, "--plain-http")...)
	if p.url == "" {
		return // the store refuses to start
	}
	c.serves(p)
	lost := 0
	for _, w := range c.writers[:8] {
		var is struct{ Value string }
		err := c.call(&is, c.admin, "enterprise/getEnterpriseProperty", fmt.Sprintf(`{"enterpriseId":1,"name":%q}`, w.name))
		if err != nil || is.Value != fmt.Sprint(w.property.last) { // the admin's own token may be lost
			lost++
		}
	}
	if lost == 0 {
		t.Error("without syncs the power failed, and nothing was lost")
	}
}

// A disk that fails loses no answered change. When it is full the portal goes on, without changes; after any other failure it
// answers nothing, for it does not know what is on the disk, until it is started anew. So it does when a head of the store, which
// was written before, finds no room, as on a disk that writes all in new places, if the disk shows what it did not write: it is the
// system that decides whether this one does.
func TestKillAndFailingDisk(t *testing.T) {
	slow(t)
	t.Parallel()
	d := mountDisk(t)
	c := newCrash(t, d.data())
	faults := []struct {
		order    string
		where    string
		goesOn   bool
		may      bool // go on
		injected int
	}{
		{order: "fail write portico.db ENOSPC", where: "8192", goesOn: true},
		{order: "fail write portico.db ENOSPC", where: "0 8192", may: true},
		{order: "fail write portico.db EIO"},
		{order: "fail sync portico.db EIO"},
		{order: "fail sync portico.db ENOSPC"},
	}
	for i := range max(len(faults), kills(16)/4) {
		f := &faults[i%len(faults)]
		f.injected++
		c.writeUntil(func() { d.order("%s %d %s", f.order, c.chance.IntN(30), f.where) })
		change := c.call(new(any), c.admin, "apiToken/create", `{"name":"no","lifetimeMs":3600000}`)
		read := c.call(new(any), c.admin, "apiToken/list", `{}`) // behind the change, which may be what the store fails with
		d.order("mend")
		goesOn := read == nil
		if !isUnavailable(change) || goesOn != f.goesOn && !(goesOn && f.may) || !goesOn && !isUnavailable(read) {
			t.Errorf("%s: a list is answered with %v, a change with %v\n%s", f.order, read, change, c.p.stderr.String())
		}
		if goesOn {
			if !strings.Contains(c.p.stderr.String(), "no space left") {
				t.Errorf("%s: it is not said why:\n%s", f.order, c.p.stderr.String())
			}
			if c.check(); t.Failed() {
				t.Fatalf("%s %s\n%s", f.order, f.where, c.p.stderr.String())
			}
			continue
		}
		c.endFailed(f.order)
		if c.chance.IntN(2) == 0 {
			d.order("power %d", c.chance.Uint64())
		}
		c.checkFile()
		c.again()
	}
	c.writeUntil(c.kill)
	c.again()
	c.checkAll()
	c.p.stop()
	for _, f := range faults {
		t.Logf("%s %s: %d times", f.order, f.where, f.injected)
	}
	t.Logf("%d changes were answered", c.acked.Load())
}

// Who balances load hears of a disk that has failed, and stays with a portal whose disk is full: it answers all but changes. The process
// lives in any case.
func TestSlowReadyWhileTheDiskFails(t *testing.T) {
	slow(t)
	t.Parallel()
	for order, ready := range map[string]bool{
		"fail write portico.db ENOSPC 0": true, "fail write portico.db EIO 0": false, "fail sync portico.db EIO 0": false,
	} {
		d := mountDisk(t)
		p := serving(t, demoArgs(d.data(), "--plain-http", "--ops-listen", "127.0.0.1:0")...)
		ops, admin := "http://"+p.logged(opsLine), p.mustLogin("admin@acme.example", demoPassword)
		failed := metric(t, ops, "portico_store_commit_failures_total")
		d.order("%s", order)
		if res, body := p.post("/portal/rest/apiToken/create", `{"name":"no","lifetimeMs":3600000}`, admin); res.StatusCode != 503 {
			t.Errorf("%s: a change is answered with %s %s", order, res.Status, body)
		}
		d.order("mend")
		if status, text := get(t, ops+"/readyz"); (status == 200) != ready || !ready && !strings.Contains(text, "store") {
			t.Errorf("%s: readyz %d %s", order, status, text)
		}
		if status, text := get(t, ops+"/healthz"); status != 200 {
			t.Errorf("%s: healthz %d %s", order, status, text)
		}
		if up := metric(t, ops, "portico_store_up"); (up == 1) != ready || metric(t, ops, "portico_store_commit_failures_total") == failed {
			t.Errorf("%s: store_up is %v, or no failure is counted", order, up)
		}
		p.signal(syscall.SIGTERM)
		p.wait()
	}
}

// A store whose file may not become longer goes on, and takes what needs the room once there is some.
func TestKillAndNoRoomToGrow(t *testing.T) {
	slow(t)
	t.Parallel()
	d := mountDisk(t)
	c := newCrash(t, d.data())
	large := func(n int) error {
		params := fmt.Sprintf(`{"name":"large-%d","value":%q}`, n, strings.Repeat("x", 16_000))
		return c.call(new(any), c.super, "systemProperty/insertOrUpdateSystemProperty", params)
	}
	rounds := max(2, kills(16)/16)
	for i := range rounds {
		c.writeUntil(c.kill)
		c.cutReserve()
		c.again()
		d.order("fail resize portico.db ENOSPC 0")
		var err error
		for n := 0; n < 50 && err == nil; n++ { // the first may find pages that are free
			err = large(50*i + n)
		}
		if !isUnavailable(err) {
			t.Errorf("50 large changes without room: %v", err)
		}
		c.check()
		d.order("mend")
		if err := large(50*i + 49); err != nil {
			t.Errorf("with room again: %v", err)
		}
		c.writeUntil(c.kill)
		if said := c.p.stderr.String(); !strings.Contains(said, "no space left") {
			t.Errorf("it is not said why:\n%s", said)
		}
		c.checkFile()
		c.again()
	}
	c.p.stop()
	t.Logf("%d times without room, %d changes were answered", rounds, c.acked.Load())
}

// cutReserve cuts off what the store has in reserve at the end of its file.
func (c *crash) cutReserve() {
	c.t.Helper()
	path := folder(c.dir).store()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		c.t.Fatal(err)
	}
	var size int64
	err = db.View(func(tx *bbolt.Tx) error {
		size = tx.Size()
		return nil
	})
	if err := errors.Join(err, db.Close(), os.Truncate(path, size)); err != nil {
		c.t.Fatal(err)
	}
}

func isUnavailable(err error) bool {
	return err != nil && err.Error() == "503 Service Unavailable: unavailable"
}

// endFailed ends a portal that has lost its store. It was not silent, said what to do, and does not end as if all were well.
func (c *crash) endFailed(what string) {
	c.t.Helper()
	c.p.signal(syscall.SIGTERM)
	status := c.p.wait()
	said := c.p.stderr.String()
	if status != exitFailed || !strings.Contains(said, "every call is refused from now on") ||
		!strings.Contains(said, "check the disk, then restart") {
		c.t.Errorf("%s: exit status %d\n%s", what, status, said)
	}
}
