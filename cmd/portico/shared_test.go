package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/mail/smtptest"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// A shop is a portal that shares its store with others.
type shop struct {
	*process
	dir, ops string
}

// shopArgs is one in a folder. Their names are the same, as behind a load balancer.
func shopArgs(m *etcdtest.Member, dir string, more ...string) []string {
	return demoArgs(dir, append([]string{"--store", "etcd://" + m.Client + "/portico", "--public-address", "portal.example", "--ops-listen", "127.0.0.1:0"}, more...)...)
}

func openShop(t testing.TB, m *etcdtest.Member, dir string, more ...string) *shop {
	t.Helper()
	s := &shop{process: serving(t, shopArgs(m, dir, more...)...), dir: dir}
	s.ops = "http://" + s.logged(opsLine)
	return s
}

// shops are as many, with the keys of the first.
func shops(t testing.TB, m *etcdtest.Member, n int, more ...string) []*shop {
	t.Helper()
	all := []*shop{openShop(t, m, filepath.Join(t.TempDir(), "data"), more...)}
	for range n - 1 {
		dir := filepath.Join(t.TempDir(), "data")
		copyKeys(t, all[0].dir, dir)
		all = append(all, openShop(t, m, dir, more...))
	}
	return all
}

// copyKeys is what whoever runs the portals does.
func copyKeys(t testing.TB, from, to string) {
	t.Helper()
	to = filepath.Join(to, "keys")
	if err := errors.Join(os.RemoveAll(to), os.MkdirAll(filepath.Dir(to), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(filepath.Join(from, "keys"))); err != nil {
		t.Fatal(err)
	}
	files, err := filesLike(to, "*")
	for _, path := range files {
		err = errors.Join(err, os.Chmod(path, 0o600))
	}
	if err = errors.Join(err, os.Chmod(to, 0o700)); err != nil {
		t.Fatal(err)
	}
}

// ready answers /readyz, and "" when nobody does.
func (s *shop) ready() (status int, text string) {
	res, err := http.Get(s.ops + "/readyz")
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func (s *shop) leads() bool {
	_, text := s.ready()
	return strings.HasPrefix(text, "ready\nleads: true\n")
}

// Of two portals that are made at once over one store, one is; the other says what to do, and serves when that was done.
func TestSharedFirstStarts(t *testing.T) {
	t.Parallel()
	m := etcdtest.Alone(t)
	var all sync.WaitGroup
	procs, dirs := make([]*process, 2), []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	for i, dir := range dirs {
		all.Go(func() { procs[i] = launch(t, shopArgs(m, dir)...) })
	}
	all.Wait()
	won := 0
	if procs[0].url == "" {
		won = 1
	}
	lost := procs[1-won]
	if lost.url != "" || procs[won].url == "" {
		t.Fatalf("both serve, or none:\n%s%s", procs[0].stderr.String(), procs[1].stderr.String())
	}
	if status := lost.wait(); status != 1 || !strings.Contains(lost.stderr.String(), "copy the folder keys from") {
		t.Errorf("exit status %d: %s", status, lost.stderr.String())
	}
	other := t.TempDir()
	serving(t, serveArgs(other)...).stop()
	copyKeys(t, other, dirs[1-won])
	if got := notServing(t, shopArgs(m, dirs[1-won])...); !strings.Contains(got, "another seal.key") {
		t.Errorf("with the keys of another portal: %s", got)
	}
	copyKeys(t, dirs[won], dirs[1-won])
	b := openShop(t, m, dirs[1-won])
	b.call(new(any), "enterprise/getEnterprise", `{}`, procs[won].mustLogin("admin@acme.example", demoPassword))

	b.stop()
	lostKey, err := filesLike(filepath.Join(b.dir, "keys"), "vault-*")
	if err != nil || len(lostKey) != 1 || os.Remove(lostKey[0]) != nil {
		t.Fatal(lostKey, err)
	}
	_, id, _ := strings.Cut(filepath.Base(lostKey[0]), "Z-")
	if got := notServing(t, shopArgs(m, b.dir)...); !strings.Contains(got, "vault-*-"+id) {
		t.Errorf("without its vault key: %s", got)
	}
}

// notServing is what a portal says that must not serve.
func notServing(t testing.TB, args ...string) string {
	t.Helper()
	p := launch(t, args...)
	if p.url != "" {
		t.Fatal("it serves")
	}
	if status := p.wait(); status != 1 {
		t.Errorf("exit status %d", status)
	}
	return p.stderr.String()
}

// kid is the key that an API token was signed with.
func kid(t testing.TB, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var h struct{ Kid string }
	if err = errors.Join(err, json.Unmarshal(b, &h)); err != nil {
		t.Fatal(err)
	}
	return h.Kid
}

// Keys are rotated at one portal and copied to the others; whichever has them first, nothing is refused meanwhile.
func TestSharedRotation(t *testing.T) {
	t.Parallel()
	m := etcdtest.Alone(t)
	all := shops(t, m, 2)
	a, b := all[0], all[1]
	admin := a.mustLogin("admin@acme.example", demoPassword)
	tokens := []string{a.newToken("old", admin)}
	check := func() {
		t.Helper()
		for _, s := range all {
			for _, text := range tokens {
				s.call(new(any), "enterprise/getEnterprise", `{}`, withToken(text))
				access := s.exchange(text)
				for _, other := range all {
					other.call(new(any), "enterprise/getEnterprise", `{}`, header{"Authorization", "Bearer " + access})
				}
			}
		}
	}
	check()
	keep := func(s *shop, name string) {
		t.Helper()
		var made struct{ ID int64 }
		s.call(&made, "credential/insertCredential", fmt.Sprintf(`{"username":%q,"password":"secret of %[1]s"}`, name), admin)
		for _, other := range all {
			other.call(new(any), "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":2}`, made.ID), admin)
			var used struct{ Password string }
			other.call(&used, "credential/useCredential", fmt.Sprintf(`{"id":%d,"purpose":"test"}`, made.ID), admin)
			if used.Password != "secret of "+name {
				t.Errorf("%s opens to %q", name, used.Password)
			}
		}
	}
	keep(a, "first")

	before := kid(t, tokens[0])
	for _, what := range []string{"rotate", "rotate-signing"} {
		if status, out, errs := runHere(t, nil, "", "keys", what, "--data", a.dir, "--store", "etcd://"+m.Client+"/portico"); status != 0 || !strings.Contains(out, "as soon as all portals") {
			t.Fatalf("keys %s: %d %s%s", what, status, out, errs)
		}
	}
	time.Sleep(2 * agreeEvery) // a has them, b has not
	tokens = append(tokens, a.newToken("between", admin))
	if got := kid(t, tokens[1]); got != before {
		t.Errorf("signed with %s, which one portal alone has", got)
	}
	check()
	keep(a, "second")
	if _, out, _ := runHere(t, nil, "", "keys", "list", "--data", a.dir, "--store", "etcd://"+m.Client+"/portico"); strings.Count(out, "can sign") != 4 || strings.Count(out, "can seal") != 2 {
		t.Errorf("the list:\n%s", out)
	}

	copyKeys(t, a.dir, b.dir)
	for i, s := range all {
		until(t, "the new keys are used", func() bool {
			time.Sleep(agreeEvery / 5)
			text := s.newToken(fmt.Sprintf("new at %d, %v", i, time.Now()), admin)
			check()
			tokens[1] = text
			return kid(t, text) != before
		})
	}
	check()
	for i, s := range all {
		keep(s, fmt.Sprint("third ", i))
	}
	for _, s := range all {
		until(t, "the old private halves are gone", func() bool {
			_, out, _ := runHere(t, nil, "", "keys", "list", "--data", s.dir, "--store", "etcd://"+m.Client+"/portico")
			return strings.Count(out, "can sign") == 2 && strings.Count(out, "verifies") == 2
		})
		if status, text := s.ready(); status != http.StatusOK {
			t.Errorf("%d %s", status, text)
		}
	}

	// Whoever lost a key in use while he runs says so, and does not call good what is not, nor bad what is good.
	access := a.exchange(tokens[0])
	lost, err := filesLike(filepath.Join(b.dir, "keys"), accessTokens.begin+"*")
	if err != nil || os.Remove(lost[len(lost)-1]) != nil {
		t.Fatal(lost, err)
	}
	until(t, "b is not ready", func() bool {
		status, text := b.ready()
		return status == 503 && strings.Contains(text, "copy the folder keys")
	})
	b.logged(`copy the folder keys from one that runs`)
	if res, body := b.post("/portal/rest/enterprise/getEnterprise", `{}`, header{"Authorization", "Bearer " + access}); res.StatusCode != 503 {
		t.Errorf("a token that is good elsewhere: %s %s", res.Status, body)
	}
	a.call(new(any), "enterprise/getEnterprise", `{}`, header{"Authorization", "Bearer " + access})
	copyKeys(t, a.dir, b.dir)
	until(t, "b is ready", func() bool { status, _ := b.ready(); return status == 200 })
	b.call(new(any), "enterprise/getEnterprise", `{}`, header{"Authorization", "Bearer " + access})
}

// exchange gets an access token for an API token.
func (s *shop) exchange(token string) string {
	s.t.Helper()
	res, body := s.post("/csp/gateway/am/api/auth/api-tokens/authorize", "api_token="+token)
	var got struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Text == "" {
		s.t.Fatalf("%s %s", res.Status, body)
	}
	return got.Text
}

// What is done once is done by one portal for all, soon, and by the next one when it is gone.
func TestSharedLead(t *testing.T) {
	t.Parallel()
	all := shops(t, etcdtest.Alone(t), 2)
	relay := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	super := all[0].mustLogin("super@portico.local", operatorPassword)
	admin := all[1].mustLogin("admin@acme.example", demoPassword)
	all[0].relay(relay, super)

	leader, other := all[0], all[1]
	until(t, "one leads", func() bool { return leader.leads() != other.leads() })
	if other.leads() {
		leader, other = other, leader
	}
	for _, s := range all {
		_, text := get(t, s.ops+"/metrics")
		if want := fmt.Sprintf("\nportico_store_leads %d\n", map[bool]int{true: 1}[s == leader]); !strings.Contains(text, want) {
			t.Errorf("no metric %q", want)
		}
	}
	work := func(at *shop, who string) {
		t.Helper()
		begun := time.Now()
		at.sendReset(who, admin)
		if !strings.Contains(relay.Next(t).Body, "https://portal.example/reset#") {
			t.Errorf("the mail is\n%s", relay.Last().Raw)
		}
		at.sweptSoon("of-"+strings.TrimSuffix(who, "@acme.example"), super)
		if took := time.Since(begun); took > 6*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	work(leader, "ops@acme.example")
	work(other, "support@acme.example")

	leader.backup("at-leader", super)
	other.backup("at-other", super)
	for s, name := range map[*shop]string{leader: "at-leader", other: "at-other"} {
		if files, err := filesLike(filepath.Join(s.dir, "backups"), "*"); err != nil || len(files) != 1 || filepath.Base(files[0]) != name+".backup" {
			t.Errorf("in the folder of whoever was asked: %q, %v", files, err)
		}
	}

	leader.signal(syscall.SIGKILL)
	leader.wait()
	until(t, "the next one leads", other.leads)
	work(other, "readonly@acme.example")

	back := openShop(t, &etcdtest.Member{Client: etcdOf(leader)}, leader.dir)
	begun := time.Now()
	other.stop()
	until(t, "the one that came back leads", back.leads)
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("an orderly end handed over after %v", took)
	}
	work(back, "admin@acme.example")
}

// Whoever leads ships. When he is killed under load the next one goes on where that one had come to: no event is missing, their order is
// that of their numbers, and what comes again is but the last of what was sent.
func TestSharedShipping(t *testing.T) {
	t.Parallel()
	m := etcdtest.Alone(t)
	var mu sync.Mutex
	var text strings.Builder
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		text.Write(body)
		mu.Unlock()
		time.Sleep(50 * time.Millisecond) // a kill is likely to come before the answer
	}))
	t.Cleanup(hook.Close)
	all, chance := shops(t, m, 2, "--ship-events", hook.URL), newChance(t)
	super := all[0].mustLogin("super@portico.local", operatorPassword)
	all[0].call(new(any), "systemProperty/updateSystemProperty", `{"name":"portico.apiToken.maxPerUser","_update":{"value":"1000000"}}`, super)
	made := 0
	for i := range 2 {
		until(t, "one leads", func() bool { return all[0].leads() != all[1].leads() })
		if all[1].leads() {
			slices.Reverse(all)
		}
		time.AfterFunc(time.Duration(500+chance.IntN(1000))*time.Millisecond, func() { all[0].signal(syscall.SIGKILL) })
		made += all[0].createTokens(fmt.Sprint(i), super)
		all[0].wait()
		all[1].newToken(fmt.Sprint("while nobody leads ", i), super)
		until(t, "the next one leads", all[1].leads)
		all[0] = openShop(t, m, all[0].dir, "--ship-events", hook.URL)
	}
	last := all[1].events(super)
	var got int64
	var again int
	until(t, fmt.Sprintf("all %d events shipped", last), func() bool {
		mu.Lock()
		defer mu.Unlock()
		got, again = inOrder(t, shippedLines(t, text.String()))
		return got >= last
	})
	if last < int64(made) {
		t.Errorf("%d events of %d tokens", last, made)
	}
	t.Logf("%d events, %d of them again; %d tokens", got, again, made)
}

// etcdOf is the member that a portal was started with.
func etcdOf(s *shop) string {
	for _, arg := range s.cmd.Args {
		if member, is := strings.CutPrefix(arg, "etcd://"); is {
			return strings.TrimSuffix(member, "/portico")
		}
	}
	return ""
}
