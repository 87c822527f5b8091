package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

func kidOf(t testing.TB, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ KID, Typ string }
	if err := json.Unmarshal(data, &h); err != nil || h.Typ != "portico-api+jwt" {
		t.Fatalf("header %s: %v", data, err)
	}
	return h.KID
}

// keySet is what is published at a path.
func (p *process) keySet(path string) string {
	p.t.Helper()
	res, err := browser.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []struct{ KID, D string } }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		p.t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k.KID)
		if k.D != "" {
			p.t.Error("a private half is in the key set")
		}
	}
	return strings.Join(kids, " ")
}

// signers counts the keys with a private half.
func signers(t testing.TB, dir string) (n int) {
	t.Helper()
	for _, path := range keysIn(t, dir) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), `"d"`) {
			n++
		}
	}
	return n
}

func TestRotation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	as := p.mustLogin("admin@acme.example", demoPassword)
	first := p.newToken("first", as)
	old := keysIn(t, dir)[0]
	private, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}

	status, out, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir) // while it serves
	if status != 0 || !strings.HasPrefix(out, "key ") {
		t.Fatalf("exit status %d\n%s%s", status, out, errs)
	}
	second := p.newToken("second", as)
	set := p.keySet("/oauth2/api-token-jwks.json")
	if a, b := kidOf(t, first), kidOf(t, second); a == b || !strings.Contains(out, b) || set != a+" "+b {
		t.Errorf("signed with %s, then %s; rotation says %sand the set has %s", a, b, out, set)
	}
	if access := p.keySet("/oauth2/jwks.json"); len(access) != len(kidOf(t, second)) || !strings.Contains(out, access) || strings.Contains(set, access) {
		t.Errorf("the set of access tokens has %s; rotation says %s", access, out) // the old one has signed nothing
	}
	for _, token := range []string{first, second} {
		p.call(new(any), "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(token))
	}
	if n := signers(t, dir); n != 1 {
		t.Errorf("%d keys can sign", n)
	}
	checkModes(t, dir)
	p.stop()

	write(t, old, string(private)) // as if the rotation had been cut off
	if status, _, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir); status != 0 || signers(t, dir) != 1 {
		t.Errorf("exit status %d, %d keys can sign\n%s", status, signers(t, dir), errs)
	}
	write(t, old, string(private))
	p = serving(t, demoArgs(dir)...)
	if signers(t, dir) != 1 {
		t.Error("the start has not made good what the rotation left")
	}
	for _, token := range []string{first, second} {
		p.call(new(any), "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(token))
	}
	p.stop()
}

// A portal that has lost its signing keys gets a new one by the command that the refusal names.
func TestRotationAfterLoss(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	token := p.printed(`Authorization: Token ([^"]+)"`)
	p.stop()
	for _, path := range keysIn(t, dir) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir); status != 0 {
		t.Fatalf("exit status %d\n%s", status, errs)
	}
	p = serving(t, demoArgs(dir)...)
	p.call(new(any), "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(token))
	p.stop()
}

// A key that root adds belongs to whoever runs the portal, or he could not read it.
func TestRotationAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	k := newKeyFolder(t, time.Now)
	if err := os.Mkdir(k.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(k.path, 4321, 4321); err != nil {
		t.Fatal(err)
	}
	if _, err := k.rotate(); err != nil {
		t.Fatal(err)
	}
	files, err := k.load()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(files[0].path)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 4321 || owner.Gid != 4321 {
		t.Errorf("belongs to %d:%d", owner.Uid, owner.Gid)
	}
}

// Whoever owns a folder that root writes to gets no other file by a link.
func TestRootGivesNoLinksAway(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 4321, 4321); err != nil {
		t.Fatal(err)
	}
	theirs, link := filepath.Join(t.TempDir(), "shadow"), filepath.Join(dir, "b.backup")
	write(t, theirs, "")
	if err := errors.Join(os.Symlink(theirs, link), giveToOwnerOf(dir, link)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(theirs)
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
		t.Errorf("belongs to %d", owner.Uid)
	}
}

func TestRotationRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if status, _, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir); status != exitFailed || !strings.Contains(errs, "no portal") {
		t.Errorf("exit status %d\n%s", status, errs)
	}
	if _, err := os.Stat(folder(dir).keys()); err == nil {
		t.Error("a folder was made")
	}
	if status, _, errs := runHere(t, nil, "", "keys", "rotate", "list"); status != exitUsage || !strings.Contains(errs, "rotate-signing") {
		t.Errorf("exit status %d\n%s", status, errs)
	}
}

func newKeyFolder(t *testing.T, now func() time.Time) *keyFolder {
	return &keyFolder{path: filepath.Join(t.TempDir(), "keys"), use: apiTokens, now: now}
}

// The ring follows each change at once, also those that a file system's clock is too coarse to show.
func TestRingFollows(t *testing.T) {
	t.Parallel()
	k := newKeyFolder(t, time.Now)
	other := &keyFolder{path: k.path, use: apiTokens, now: time.Now}
	tick := time.Now()
	for range 5 {
		made, err := other.rotate()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(k.path, tick, tick); err != nil {
			t.Fatal(err)
		}
		r, err := k.ring()
		if err != nil {
			t.Fatal(err)
		}
		if _, kid, err := r.Sign(map[string]any{}); err != nil || kid != made.ID() {
			t.Fatalf("signed with %s, the last key is %s: %v", kid, made.ID(), err)
		}
	}
}

func TestRingIsKept(t *testing.T) {
	t.Parallel()
	k := newKeyFolder(t, time.Now)
	if _, err := k.rotate(); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(k.path, long, long); err != nil {
		t.Fatal(err)
	}
	a, err := k.ring()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := k.ring(); a != b || err != nil {
		t.Errorf("read again though nothing has changed: %v", err)
	}
}

// A clock that was set back must not put a new key before the old one.
func TestRotationWithClockSetBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	k := newKeyFolder(t, func() time.Time { return now })
	for range 5 {
		made, err := k.rotate()
		if err != nil {
			t.Fatal(err)
		}
		files, err := k.load()
		if err != nil {
			t.Fatal(err)
		}
		if last := files[len(files)-1].key; last.ID() != made.ID() || !last.Signs() {
			t.Fatalf("the last key is %s, made was %s", last.ID(), made.ID())
		}
		now = now.Add(-time.Hour)
	}
}

// However many rotate at once, one key can sign in the end.
func TestRotationsAtOnce(t *testing.T) {
	t.Parallel()
	k := newKeyFolder(t, time.Now)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := (&keyFolder{path: k.path, use: apiTokens, now: time.Now}).rotate(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	files, err := k.load()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if f.key.Signs() {
			n++
		}
	}
	if n != 1 || len(files) != 8 {
		t.Errorf("of %d keys %d can sign", len(files), n)
	}
}

// The file of a key that others can read is refused; of a retired one there is nothing to hide.
func TestKeysOthersCanRead(t *testing.T) {
	t.Parallel()
	k := newKeyFolder(t, time.Now)
	for range 2 {
		if _, err := k.rotate(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := k.load()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(files[0].path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := k.load(); err != nil {
		t.Errorf("a retired key: %v", err)
	}
	if err := os.Chmod(files[1].path, 0o604); err != nil {
		t.Fatal(err)
	}
	if _, err := k.load(); err == nil {
		t.Error("a private key that everybody can read was taken")
	}
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	seen := map[secret.Text]bool{}
	for range 1000 {
		p := newPassword()
		if len(p) != 23 || seen[p] || !strings.ContainsAny(string(p), "0123456789") {
			t.Fatalf("%s", string(p))
		}
		seen[p] = true
	}
}

// The keys of access tokens lie beside those of API tokens and are rotated with them. A portal that was made before there were
// any, or has lost them, makes one: no access token lives for long.
func TestAccessKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	p.stop()
	access := func() (all, signing int) {
		t.Helper()
		paths, err := accessTokens.in(filepath.Join(dir, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), `"d"`) {
				signing++
			}
		}
		return len(paths), signing
	}
	if all, signing := access(); all != 1 || signing != 1 {
		t.Errorf("a new portal has %d keys of access tokens, %d with a private half", all, signing)
	}
	status, out, errs := runHere(t, nil, "", "keys", "rotate-signing", "--data", dir)
	if all, signing := access(); status != 0 || !strings.Contains(out, "signs access tokens") || all != 2 || signing != 1 {
		t.Errorf("exit status %d, %s%s: %d keys, %d with a private half", status, out, errs, all, signing)
	}
	lost, _ := accessTokens.in(filepath.Join(dir, "keys"))
	for _, path := range lost {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	p = serving(t, demoArgs(dir)...)
	p.stop()
	if all, signing := access(); all != 1 || signing != 1 {
		t.Errorf("after the loss there are %d keys, %d with a private half", all, signing)
	}
}
