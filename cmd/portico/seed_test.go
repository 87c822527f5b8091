package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/fixture"
)

const (
	labFile  = "../../examples/lab.yaml"
	labToken = "eyJ0eXAiOiJwb3J0aWNvLWFwaStqd3QifQ.eyJqdGkiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDMifQ.lab-acme"
	labSuper = "eyJ0eXAiOiJwb3J0aWNvLWFwaStqd3QifQ.eyJqdGkiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDEifQ.lab-operator"
)

// control is a request to a portal's test control.
func control(t testing.TB, p *process, method, path, body string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+p.logged(controlLine)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return answered(t, req)
}

// usernames are those of Acme.
func usernames(p *process) (names []string) {
	p.t.Helper()
	var all []struct{ Username string }
	p.call(&all, "enterprise/getEnterpriseUsers", `{"enterpriseId":1}`, withToken(labToken))
	for _, u := range all {
		names = append(names, u.Username)
	}
	return names
}

// TestLab: the lab is there after a start, and again after a reset, with the same tokens, and nothing of what was done in between.
func TestLab(t *testing.T) {
	t.Parallel()
	args := demoArgs(filepath.Join(t.TempDir(), "data"), "--seed", labFile, "--test-control", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	p := serving(t, args...)
	exportLab(t, p)
	p.printed(`^\d\d things of ` + labFile + ` were made$`)
	seeded := fmt.Sprint(usernames(p))
	if !strings.HasPrefix(seeded, "[admin@acme.example ops@acme.example ") {
		t.Fatalf("users: %s", seeded)
	}

	p.call(new(any), "enterprise/insertEnterpriseUser", `{"enterpriseId":1,"username":"new@acme.example","password":"lab-password-1","roleId":11}`, withToken(labToken))
	for range 12 {
		p.login("ops@acme.example", "wrong")
	}
	if p.login("ops@acme.example", "lab-password-1") != "" {
		t.Error("nobody is locked out")
	}
	session := p.mustLogin("support@acme.example", "lab-password-1")
	p.call(new(any), "apiToken/revoke", `{"id":4}`, withToken(labToken)) // which is that very token
	turn(t, p, `{"advance":"100h","frozen":true}`)

	begun := time.Now()
	status, text := control(t, p, "POST", "/reset", "")
	var is struct {
		Made int
		clockState
	}
	if err := json.Unmarshal([]byte(text), &is); status != 200 || err != nil || is.Made < 30 || *is.Frozen || is.Now.Sub(begun).Abs() > time.Minute {
		t.Fatalf("reset: %d %s", status, text)
	}
	t.Logf("a reset took %v", time.Since(begun))
	if got := fmt.Sprint(usernames(p)); got != seeded {
		t.Errorf("users after a reset: %s", got)
	}
	p.mustLogin("ops@acme.example", "lab-password-1")
	p.mustLogin("super@portico.local", operatorPassword)
	if _, body := p.post("/portal/rest/enterprise/getEnterprise", "{}", session); !strings.Contains(body, "tokenError") {
		t.Errorf("a session outlives the reset: %s", body)
	}
	if res, err := http.Get("http://" + p.logged(`"listen":"([^"]+)",[^\n]*"message":"operations"`) + "/metrics"); err != nil || res.StatusCode != 200 {
		t.Errorf("metrics: %v %v", res, err)
	} else {
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !bytes.Contains(b, []byte("portico_store_up 1\n")) || !bytes.Contains(b, []byte(`portico_logins_total{outcome="ok"} 3`)) {
			t.Error("the metrics are not those of the portal that is there now")
		}
	}
	p.stop()
	q := serving(t, args...)
	if len(q.lines) != 1 || fmt.Sprint(usernames(q)) != seeded {
		t.Errorf("a second start prints\n%s", q.stdout())
	}
	q.stop()
}

// exportLab: what is printed of a portal is what it was seeded with, without the secrets.
func exportLab(t *testing.T, p *process) {
	t.Helper()
	env := map[string]string{"PORTICO_TOKEN": labSuper}
	var printed [2]string
	for i, form := range []string{"yaml", "json"} {
		status, out, errs := runHere(t, env, "", "export", "--url", p.url, "-k", "-o", form)
		if status != 0 || !strings.Contains(errs, "Globex (enterprise 2) has not consented: its users, ") {
			t.Fatalf("export: exit status %d\n%s", status, errs)
		}
		if strings.Contains(out, "lab-password") || strings.Contains(out, "eyJ") || strings.Contains(out, "ptc_") {
			t.Errorf("a secret is exported:\n%s", out)
		}
		f, err := fixture.Read([]byte(out))
		if err != nil {
			t.Fatal(err)
		}
		text, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		printed[i] = string(text)
	}
	if printed[0] != printed[1] || !strings.Contains(printed[0], "username: disabled@acme.example") {
		t.Errorf("YAML and JSON differ:\n%s\n%s", printed[0], printed[1])
	}
	for want, args := range map[string][]string{
		"--output is yaml or json": {"-o", "table"}, `"all" is too much`: {"all"},
	} {
		if status, _, errs := runHere(t, env, "", append([]string{"export", "--url", p.url, "-k"}, args...)...); status != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit status %d, %s", args, status, errs)
		}
	}
	env["PORTICO_TOKEN"] = labToken
	if status, _, _ := runHere(t, env, "", "export", "--url", p.url, "-k"); status != exitFailed {
		t.Errorf("an enterprise's user exports: exit status %d", status)
	}
}

// TestResetUnderCalls: whoever calls meanwhile is answered, by the portal before or after.
func TestResetUnderCalls(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(filepath.Join(t.TempDir(), "data"), "--seed", labFile, "--test-control", "127.0.0.1:0")...)
	stop := make(chan struct{})
	var calls sync.WaitGroup
	for i := range 4 {
		calls.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprintf("t%d-%d", i, n)
				res, body := p.post("/portal/rest/apiToken/create", fmt.Sprintf(`{"name":%q,"lifetimeMs":1000}`, name), withToken(labToken))
				if res.StatusCode != 200 && !strings.Contains(body, "the most there may be") {
					t.Errorf("%d %s", res.StatusCode, body)
					return
				}
			}
		})
	}
	for range 5 {
		if status, text := control(t, p, "POST", "/reset", `{"now":"2031-02-03T04:05:06Z","frozen":true}`); status != 200 || !strings.Contains(text, `"now":"2031-02-03T04:05:06Z","frozen":true`) {
			t.Errorf("reset: %d %s", status, text)
		}
	}
	close(stop)
	calls.Wait()
	resetBeforeSlowBody(t, p)
	p.stop()
}

// resetBeforeSlowBody: a call whose body arrives slowly is answered by the portal after the reset, and does not hold that up until its
// time is over.
func resetBeforeSlowBody(t *testing.T, p *process) {
	t.Helper()
	body, slow := io.Pipe()
	req, err := http.NewRequest("POST", p.url+"/portal/rest/enterprise/getEnterprise", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Token "+labToken)
	req.Header.Set("Expect", "100-continue") // so that the first byte is taken when the portal reads
	var status int
	var text string
	var call sync.WaitGroup
	call.Go(func() {
		res, err := browser.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		status, text = res.StatusCode, string(b)
	})
	_, _ = io.WriteString(slow, "{") // once it is taken, the request is under way
	if status, text := control(t, p, "POST", "/reset", ""); status != 200 {
		t.Errorf("reset: %d %s", status, text)
	}
	_, _ = io.WriteString(slow, "}")
	slow.Close()
	call.Wait()
	if status != 200 || !strings.Contains(text, "Acme") {
		t.Errorf("the slow call: %d %s", status, text)
	}
}

// TestSeedByControl: a fixture is applied as it is sent.
func TestSeedByControl(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(data, "--test-control", "127.0.0.1:0")...)
	if status, text := control(t, p, "POST", "/seed", ""); status != 400 || !strings.Contains(text, "--seed") {
		t.Errorf("nothing to seed: %d %s", status, text)
	}
	lab, err := os.ReadFile(labFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"made":2`, `{"made":0`} { // on top of the built-in demo, which has most of the names
		status, text := control(t, p, "POST", "/seed", string(lab))
		if status != 200 || !strings.HasPrefix(text, want) {
			t.Errorf("seed: %d %s, want %s", status, text, want)
		}
	}
	usernames(p)
	for body, want := range map[string]string{
		"enterprises: [{name: Acme, users: [{username: a, role: Boss, password: geheimnis-1}]}]": `line 1: enterprises[0].users[0].role: "Boss" is not a role`,
		"enterprises: [{name: Acme, users: [{username: a, passwordFile: /etc/passwd}]}]":         "it names a file",
		strings.Repeat("#", 4<<20+1): "longer than", strings.Repeat("#", 6<<20): "too large",
	} {
		if status, text := control(t, p, "POST", "/seed", body); status != 400 || !strings.Contains(text, want) || strings.Contains(text, "geheimnis") {
			t.Errorf("%.80s: %d %s", body, status, text)
		}
	}
	if status, text := control(t, p, "POST", "/reset", `{"advance":"soon"}`); status != 400 {
		t.Errorf("reset: %d %s", status, text)
	}
	inTheWay := folder(data).nextStore()
	if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if status, text := control(t, p, "POST", "/reset", ""); status != 400 {
		t.Errorf("reset without a place for the store: %d %s", status, text)
	}
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	token := p.printed(`^API token of admin@acme\.example, for 90 days: (\S+)$`)
	p.call(new(any), "enterprise/getEnterprise", "{}", withToken(token)) // what was refused has emptied nothing
	if status, text := control(t, p, "POST", "/reset", ""); status != 200 {
		t.Errorf("reset: %d %s", status, text)
	}
	p.mustLogin("admin@acme.example", demoPassword)
	p.mustLogin("super@portico.local", operatorPassword)
	if _, body := p.post("/portal/rest/enterprise/getEnterprise", "{}", withToken(token)); !strings.Contains(body, "tokenError") {
		t.Errorf("a token outlives the reset: %s", body)
	}
	endUnderSeed(t, p)
}

// endUnderSeed: a portal that is told to end does not wait for what a long fixture has still to make.
func endUnderSeed(t *testing.T, p *process) {
	t.Helper()
	var many strings.Builder
	many.WriteString("enterprises:\n- name: Acme\n  users:\n")
	for i := range 5000 {
		fmt.Fprintf(&many, "  - {username: many%d@acme.example, role: Enterprise Support}\n", i)
	}
	var seed sync.WaitGroup
	seed.Go(func() {
		res, err := http.Post("http://"+p.logged(controlLine)+"/seed", "", strings.NewReader(many.String()))
		if err != nil {
			return // it was ended with the listener
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("the portal has waited for all of it")
		}
	})
	session := p.mustLogin("admin@acme.example", demoPassword)
	for end, begun := time.Now().Add(20*time.Second), false; !begun; {
		if time.Now().After(end) {
			t.Fatal("it has not begun")
		}
		_, body := p.post("/portal/rest/enterprise/getEnterpriseUsers", "{}", session)
		begun = strings.Contains(body, "many0@")
	}
	p.stop()
	seed.Wait()
}

// TestResetWithAMistake: a file that has one by now ends nothing.
func TestResetWithAMistake(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed := filepath.Join(dir, "seed.yaml")
	write := func(role string) {
		text := "enterprises: [{name: Acme, users: [{username: a@acme.example, role: " + role + ", password: lab-password-1}]}]"
		if err := os.WriteFile(seed, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Enterprise Support")
	p := serving(t, demoArgs(filepath.Join(dir, "data"), "--seed", seed, "--test-control", "127.0.0.1:0")...)
	as := p.mustLogin("a@acme.example", "lab-password-1")
	write("Boss")
	if status, text := control(t, p, "POST", "/reset", ""); status != 400 || !strings.Contains(text, "enterprises[0].users[0].role") {
		t.Errorf("reset: %d %s", status, text)
	}
	p.call(new(any), "enterprise/getEnterprise", "{}", as)
	write("Enterprise Read Only")
	if status, text := control(t, p, "POST", "/reset", ""); status != 200 {
		t.Errorf("reset: %d %s", status, text)
	}
	p.mustLogin("a@acme.example", "lab-password-1")
	p.stop()
}

// TestSharedStoresAreNotReset: others would lose what is in them.
func TestSharedStoresAreNotReset(t *testing.T) {
	t.Parallel()
	s := &stand{Config: &Config{place: place{Store: "etcd://127.0.0.1:1/portico"}}}
	_, err := s.reset(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "the store is not the portal's alone") {
		t.Error(err)
	}
}

// TestSeedIsRefused before there is a portal, or is told of, and without a secret.
func TestSeedIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ file, want string }{
		"absent":  {filepath.Join(dir, "none"), "no such file"},
		"garbage": {file("garbage", "operator: ["), "--seed " + filepath.Join(dir, "garbage") + ": line 1: "},
		"unknown": {file("unknown", "operator:\n  robots: []"), "line 2: operator.robots: there is no such field"},
		"secrets": {labFile, "operator.users[0].password: a secret that everybody knows who reads this is for demos alone"},
		"no file": {file("nofile", "operator: {users: [{username: a, role: Operator Support, passwordFile: nowhere}]}"), "operator.users[0].passwordFile: open " + dir},
		"no role": {file("norole", "operator: {users: [{username: a, role: Boss}]}"), `line 1: operator.users[0].role: "Boss" is not a role of OPERATOR users`},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			status, out, errs := runHere(t, map[string]string{"PORTICO_OPS_LISTEN": "off"}, "", serveArgs(data, "--seed", c.file)...)
			if status != exitFailed || !strings.Contains(errs, c.want) || strings.Contains(errs, "lab-password") || strings.Contains(out, "operator superuser") {
				t.Errorf("exit status %d\n%s%s", status, out, errs)
			}
		})
	}
}

// TestSeedOfAPortal that is no demo: without a secret in the file, and open to be served to others.
func TestSeedOfAPortal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, seed := filepath.Join(dir, "data"), filepath.Join(dir, "seed.json")
	for path, text := range map[string]string{
		seed: `{"enterprises": [{"name": "Acme", "users": [{"username": "a@acme.example", "role": "Enterprise Superuser", "passwordFile": "a.password",
			"tokens": [{"name": "ci", "lifetime": "90d"}]}]}]}`,
		filepath.Join(dir, "a.password"): "kept elsewhere 1\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword}, serveArgs(data, "--seed", seed)...)
	p := serving(t, args...)
	as := p.mustLogin("a@acme.example", "kept elsewhere 1")
	var text struct{ Token string }
	p.call(&text, "apiToken/download", `{"id":1}`, as)
	var events any
	p.call(&events, "event/getEnterpriseEvents", `{"enterpriseId":1}`, as)
	if told := fmt.Sprint(events); !strings.Contains(told, "CREATE_USER") || strings.Contains(told, "kept elsewhere") {
		t.Errorf("events: %s", told)
	}
	if _, err := os.Stat(folder(data).demoMade()); err == nil {
		t.Error("it is marked as a demo")
	}
	p.stop()
	q := serving(t, args...)
	q.call(new(any), "enterprise/getEnterprise", "{}", withToken(text.Token))
	q.stop()
}

// TestPortalsAreNotReset that were not made as demos: neither a flag nor a request makes demos of them, or empties them.
func TestPortalsAreNotReset(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	first := filepath.Join(t.TempDir(), "first.yaml")
	if err := os.WriteFile(first, []byte("partners: [{name: Real, users: [{username: a@real.example, role: MSP Support}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serving(t, append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword}, serveArgs(data, "--seed", first)...)...)
	p.stop()
	status, _, errs := runHere(t, map[string]string{"PORTICO_OPS_LISTEN": "off"}, "", serveArgs(data, "--demo", "--seed", labFile)...)
	if status != exitFailed || !strings.Contains(errs, "was not made as a demo") || strings.Contains(errs, "lab-password") {
		t.Errorf("seeded with secrets: exit status %d\n%s", status, errs)
	}
	p = serving(t, demoArgs(data, "--seed", first, "--test-control", "127.0.0.1:0")...)
	for path, body := range map[string]string{"/reset": "", "/seed": "operator: {users: [{username: b, role: Operator Support, password: lab-password-1}]}"} {
		if status, text := control(t, p, "POST", path, body); status != 400 || !strings.Contains(text, "was not made as a demo") {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	var list []struct{ Name string }
	p.call(&list, "network/getNetworkEnterpriseProxies", "{}", p.mustLogin("super@portico.local", operatorPassword))
	if len(list) != 1 || list[0].Name != "Real" {
		t.Errorf("partners: %v", list)
	}
	if _, err := os.Stat(folder(data).demoMade()); err == nil {
		t.Error("it is marked as a demo")
	}
	p.stop()
}
