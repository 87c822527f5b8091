package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/vault"
	"github.com/portico-vco/portico/auth/verify"
)

// rotateVault rotates the vault keys of a portal, and answers the new one's id.
func rotateVault(t testing.TB, dir string) string {
	t.Helper()
	status, out, errs := runHere(t, nil, "", "keys", "rotate", "--data", dir)
	if status != exitOK {
		t.Fatalf("exit status %d\n%s%s", status, out, errs)
	}
	return last(t, out, `^vault key ([0-9a-f]{16}) seals credentials`)
}

// A portal has a vault key from its first start on, or from its next one if it was made before there were any. Each rotation adds
// a key, whether it serves or not, and takes none.
func TestVaultKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	first := vaultKeysIn(t, dir)
	if len(first) != 1 {
		t.Fatalf("a new portal has the vault keys %v", first)
	}
	rotateVault(t, dir) // while it serves
	p.stop()
	newest := rotateVault(t, dir)
	all := vaultKeysIn(t, dir)
	if len(all) != 3 || all[0] != first[0] || !strings.HasSuffix(all[2], "-"+newest+".key") {
		t.Errorf("after two rotations there are %v, the newest is %s", all, newest)
	}
	checkModes(t, dir)
	for _, path := range all {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	serving(t, serveArgs(dir)...).stop()
	if again := vaultKeysIn(t, dir); len(again) != 1 {
		t.Errorf("a portal from before the vault keys has %v", again)
	}
}

// The list tells of every key what it does, and of none what it is.
func TestKeysList(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	newest := rotateVault(t, dir)
	if status, _, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir); status != exitOK {
		t.Fatal(errs)
	}
	before := contents(t, dir)
	status, out, errs := runHere(t, nil, "", "keys", "list", "--data", dir)
	made := ` +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ +`
	want := `^FOR +KEY +MADE +STATE
API tokens +[\w-]{43}` + made + `verifies
API tokens +[\w-]{43}` + made + `signs
access tokens +[\w-]{43}` + made + `verifies
access tokens +[\w-]{43}` + made + `signs
credentials +[0-9a-f]{16}` + made + `opens, credentials: 0
credentials +` + newest + made + `seals and opens, credentials: 0
$`
	if status != exitOK || !regexp.MustCompile(want).MatchString(out) {
		t.Errorf("exit status %d, want\n%s\ngot\n%s%s", status, want, out, errs)
	}
	for path, text := range before {
		if filepath.Base(filepath.Dir(path)) != "keys" {
			continue
		}
		secretPart := regexp.MustCompile(`"d": "([\w-]+)"|portico-vault-key-1 (\S+)`).FindStringSubmatch(text)
		if secretPart != nil && strings.Contains(out, secretPart[1]+secretPart[2]) {
			t.Errorf("%s is printed:\n%s", path, out)
		}
	}
	for path, now := range contents(t, dir) {
		if before[path] != now {
			t.Errorf("%s was changed", path)
		}
	}
}

// A list of the keys that are there does not hide that one which is needed is not.
func TestKeysListOfLostKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	p.keep("a kept password 1", "a kept password 2", withSession(p.login("admin@acme.example", demoPassword)),
		withSession(p.login("super@portico.local", operatorPassword)))
	p.stop()
	lost, err := filepath.Glob(filepath.Join(dir, "keys", "vault-*.key"))
	if err != nil || len(lost) != 1 || os.Remove(lost[0]) != nil {
		t.Fatal(lost, err)
	}
	newest := rotateVault(t, dir)
	status, out, errs := runHere(t, nil, "", "keys", "list", "--data", dir)
	want := `credentials +` + newest + ` +\S+ +seals and opens, credentials: 0
credentials +- +- +missing: "vault-\*` + lost[0][len(lost[0])-len("-0123456789abcdef.key"):] + `", which credentials need
$`
	if status != exitOK || !regexp.MustCompile(want).MatchString(out) {
		t.Errorf("exit status %d, want\n%s\ngot\n%s%s", status, want, out, errs)
	}
}

// Wherever a rotation is killed, the portal starts, and all keys that were told are there.
func TestVaultRotationKilled(t *testing.T) {
	slow(t)
	t.Parallel()
	dir := t.TempDir()
	serving(t, demoArgs(dir)...).stop()
	told := []string{rotateVault(t, dir)}
	begun := time.Now()
	launch(t, "keys", "rotate", "--data", dir).wait()
	whole, times := time.Since(begun), 8
	for i := range times {
		out := interrupted(t, 2*whole*time.Duration(i)/time.Duration(times), "keys", "rotate", "--data", dir)
		if m := regexp.MustCompile(`^vault key (\w+) seals`).FindStringSubmatch(out); m != nil {
			told = append(told, m[1])
		}
	}
	write(t, filepath.Join(dir, "keys", ".unfinished-123"), "portico-vault-key-1 AAAA") // one that died while it wrote
	serving(t, serveArgs(dir)...).stop()
	kept := strings.Join(vaultKeysIn(t, dir), "\n")
	for _, id := range told {
		if !strings.Contains(kept, "-"+id+".key") {
			t.Errorf("key %s was told of and is gone:\n%s", id, kept)
		}
	}
	t.Logf("%d of %d rotations were finished", len(told)-1, times)
}

func newVaultKeys(t testing.TB) *vaultKeys {
	return &vaultKeys{path: filepath.Join(t.TempDir(), "keys"), now: time.Now}
}

func TestVaultRotationsAtOnce(t *testing.T) {
	t.Parallel()
	v := newVaultKeys(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := (&vaultKeys{path: v.path, now: time.Now}).add(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if files, err := v.load(); err != nil || len(files) != 8 {
		t.Errorf("%d keys, %v", len(files), err)
	}
}

// The ring of a portal that serves takes a new key for primary at its next use; and one that came with an old time of the folder when
// something is sealed under it.
func TestVaultRingFollows(t *testing.T) {
	t.Parallel()
	long := time.Now().Add(-time.Hour)
	v := newVaultKeys(t)
	other := &vaultKeys{path: v.path, now: time.Now}
	add := func() string {
		t.Helper()
		key, err := other.add()
		if err != nil {
			t.Fatal(err)
		}
		return key.ID()
	}
	ringOf := func(v *vaultKeys) *secret.Keyring {
		t.Helper()
		r, err := v.ring()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	add()
	for range 3 {
		if id := add(); ringOf(v).Primary() != id {
			t.Fatalf("primary is %s, the last key is %s", ringOf(v).Primary(), id)
		}
	}
	if err := os.Chtimes(v.path, long, long); err != nil {
		t.Fatal(err)
	}
	before := ringOf(v)
	if again := ringOf(v); again != before {
		t.Error("read again though nothing has changed")
	}
	hidden := add()
	if err := os.Chtimes(v.path, long, long); err != nil {
		t.Fatal(err)
	}
	e, err := ringOf(other).Seal("x", "canary")
	if err != nil || e.KeyID != hidden {
		t.Fatalf("sealed under %s, %v", e.KeyID, err)
	}
	if text, err := before.Open("x", e); err != nil || text != "canary" || ringOf(v).Primary() != hidden {
		t.Errorf("opened to %q, %v; primary is %s", string(text), err, ringOf(v).Primary())
	}
	e.KeyID = "0123456789abcdef"
	if _, err := ringOf(v).Open("x", e); !errors.Is(err, secret.ErrNoKey) {
		t.Errorf("a key that is not there: %v", err)
	}
	if err := os.RemoveAll(v.path); err != nil {
		t.Fatal(err)
	}
	if _, err := v.ring(); err == nil {
		t.Error("the keys are gone, and nothing is said")
	}
}

// unasked is a directory that says yes to every login.
type unasked struct{}

func (unasked) Of(context.Context, auth.Tenant) (verify.Verifier, error) { return unasked{}, nil }

func (unasked) Verify(context.Context, string, secret.Text) (verify.Outcome, error) {
	return verify.OK, nil
}

// keepCredentials puts credentials into the store of a portal that does not run.
func keepCredentials(t testing.TB, dir string, first, n int) {
	t.Helper()
	d := folder(dir)
	db, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	a := account.New(db, account.Options{Now: time.Now, PasswordCost: cheap})
	if a.Sealer, err = d.sealer(); err != nil {
		t.Fatal(err)
	}
	v := vault.New(a, unasked{}, (&vaultKeys{path: d.keys(), now: time.Now}).ring)
	by := &auth.Principal{Type: auth.Portal, UserType: auth.Enterprise, EnterpriseID: 1, Role: auth.RoleByID(auth.EnterpriseSuperuser)}
	for i := range n {
		c := vault.NewCredential{Username: fmt.Sprintf("login-%03d", first+i), Password: "canary"}
		if _, err := v.Insert(t.Context(), by, auth.Tenant{Type: auth.Enterprise, ID: 1}, c); err != nil {
			t.Fatal(err)
		}
	}
}

// sealedUnder is how many credentials the list of keys tells of for each key.
func sealedUnder(t testing.TB, dir string) map[string]string {
	t.Helper()
	status, out, errs := runHere(t, nil, "", "keys", "list", "--data", dir)
	if status != exitOK || errs != "" {
		t.Fatalf("exit status %d\n%s%s", status, out, errs)
	}
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^credentials +(\w+) .*, credentials: (\d+)$`).FindAllStringSubmatch(out, -1) {
		all[m[1]] = m[2]
	}
	return all
}

// waitFor waits until the log of a process says something.
func (p *process) waitFor(text string) {
	p.t.Helper()
	for range 3000 {
		if strings.Contains(p.stderr.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatalf("it never says %q\n%s", text, p.stderr.String())
}

const rewrappedAll = "no credential needs an older vault key any more"

// The life of a key: credentials are sealed under it; after a rotation they are rewrapped while the portal serves, also when that is
// killed again and again; then the store does without it, and a backup from before does not.
func TestRewrapKilled(t *testing.T) {
	slow(t)
	t.Parallel()
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	serving(t, demoArgs(dir)...).stop()
	const n = 130
	keepCredentials(t, dir, 0, n)
	files := vaultKeysIn(t, dir)
	oldest := last(t, files[0], `-(\w+)\.key$`)
	copyTree(t, dir, backup)
	newest := rotateVault(t, dir)
	if got := sealedUnder(t, dir); got[oldest] != fmt.Sprint(n) || got[newest] != "0" {
		t.Fatalf("after the rotation credentials are under %v", got)
	}
	for range 3 {
		p := serving(t, serveArgs(dir)...)
		p.waitFor("credentials are rewrapped")
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		p.wait()
		if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitOK {
			t.Fatalf("exit status %d\n%s%s", status, out, errs)
		}
		under := sealedUnder(t, dir)
		t.Logf("killed with %v, the oldest is %s", under, oldest)
		if under[oldest] == "0" {
			break
		}
	}
	if sealedUnder(t, dir)[oldest] != "0" {
		p := serving(t, serveArgs(dir)...)
		p.waitFor(rewrappedAll)
		p.stop()
	}
	if got := sealedUnder(t, dir); got[oldest] != "0" || got[newest] != fmt.Sprint(n) {
		t.Errorf("in the end credentials are under %v", got)
	}

	if err := os.Rename(files[0], filepath.Join(t.TempDir(), "away")); err != nil {
		t.Fatal(err)
	}
	serving(t, serveArgs(dir)...).stop()
	copyFile(t, folder(backup).store(), folder(dir).store())
	name := `"vault-*-` + oldest + `.key"`
	if status, out, errs := runHere(t, nil, "", serveArgs(dir)...); status != exitFailed || out != "" || !strings.Contains(errs, name) {
		t.Errorf("a store whose key is gone: exit status %d, want one that says %s\n%s%s", status, name, out, errs)
	}
	if status, out, errs := runHere(t, nil, "", "check", "--data", dir); status != exitFailed || !strings.Contains(out, name+" is missing") {
		t.Errorf("a store whose key is gone: exit status %d\n%s%s", status, out, errs)
	}
	copyFile(t, filepath.Join(backup, "keys", filepath.Base(files[0])), files[0])
	p := serving(t, serveArgs(dir)...)
	p.waitFor(rewrappedAll)
	if status, out, errs := runHere(t, nil, "", "keys", "list", "--data", dir); status != exitOK || !strings.Contains(errs, "the portal runs") ||
		strings.Contains(out, "credentials: ") {
		t.Errorf("the list beside a portal that runs: exit status %d\n%s%s", status, out, errs)
	}
	p.stop()
}
