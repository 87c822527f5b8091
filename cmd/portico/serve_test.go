package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "some [1]*", "data")
	p := serving(t, serveArgs(dir, "--demo")...)

	operator := p.mustLogin("super@portico.local", p.printed(`^operator superuser super@portico\.local, password: (\S+)$`))
	password := p.printed(`^Enterprise Superuser of Acme, admin@acme\.example, password: (\S+)$`)
	for _, role := range []string{
		"Enterprise Superuser of Acme, admin@acme.example", "Enterprise Standard Admin of Acme, ops@acme.example",
		"Enterprise Support of Acme, support@acme.example", "Enterprise Read Only of Acme, readonly@acme.example",
		"MSP Superuser of Northwind, admin@northwind.example", "MSP Business of Northwind, business@northwind.example",
		"Enterprise Superuser of Globex, admin@globex.example",
	} {
		if !strings.Contains(p.stdout(), role+", password: "+password+"\n") {
			t.Errorf("not printed: %s\n%s", role, p.stdout())
		}
		_, name, _ := strings.Cut(role, ", ")
		p.mustLogin(name, password)
	}

	type enterprise struct {
		ID                int64
		Name              string
		EnterpriseProxyID *int64
	}
	var all []enterprise
	p.call(&all, "network/getNetworkEnterprises", `{}`, operator)
	one := int64(1)
	want := []enterprise{{1, "Acme", nil}, {2, "Globex", &one}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	token := p.printed(`^API token of admin@acme\.example, for 90 days: (\S+)$`)
	literal := p.printed(`^curl .*$`)
	if want := `curl -k -H "Authorization: Token ` + token + `" -X POST ` + p.url + `/portal/ -d '{ "id": 1, "jsonrpc": "2.0", ` +
		`"method": "enterprise/getEnterpriseUsers", "params": { "enterpriseId": 1 }}'`; literal != want {
		t.Errorf("got\n%s\nwant\n%s", literal, want)
	}
	usersOf(t, literal)
	checkModes(t, dir)

	before := portrait(p, token)
	p.stop()
	kept := namesIn(t, dir)
	p = serving(t, serveArgs(dir, "--demo")...)
	if len(p.lines) != 1 {
		t.Errorf("a second start prints\n%s", p.stdout())
	}
	if diff := cmp.Diff(before, portrait(p, token)); diff != "" {
		t.Errorf("a second start has changed:\n%s", diff)
	}
	p.stop()
	if diff := cmp.Diff(kept, namesIn(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// usersOf runs the printed line as whoever reads it would.
func usersOf(t *testing.T, line string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("there is no curl: the printed line was not tried")
		return
	}
	out, err := exec.Command("sh", "-c", strings.Replace(line, "curl", "curl -sS", 1)).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var answer struct {
		Result []struct{ Username string }
		ID     int
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Result) != 4 || answer.ID != 1 {
		t.Errorf("%s: %v", out, err)
	}
}

// portrait is what a portal says of itself.
func portrait(p *process, token string) map[string]any {
	all := map[string]any{}
	for _, method := range []string{"enterprise/getEnterprise", "enterprise/getEnterpriseUsers", "event/getEnterpriseEvents"} {
		var v any
		p.call(&v, method, `{"enterpriseId":1}`, withToken(token))
		all[method] = v
	}
	return all
}

func checkModes(t *testing.T, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info, _ := d.Info(); info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
}

func namesIn(t *testing.T, dir string) []string {
	var all []string
	for path := range contents(t, dir) {
		all = append(all, path)
	}
	return sorted(all)
}

func TestGivenPasswordsAreNotPrinted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"PORTICO_DEMO_PASSWORD=" + demoPassword}, serveArgs(dir, "--demo", "--operator", "root@example", "--operator-password-file", file)...)
	p := serving(t, args...)
	for _, s := range []string{demoPassword, "from a file 3"} {
		if strings.Contains(p.stdout()+p.stderr.String(), s) {
			t.Errorf("%q is printed", s)
		}
	}
	p.printed(`^operator superuser root@example, password: the one from .*/password$`)
	p.printed(`admin@globex\.example, password: the one from PORTICO_DEMO_PASSWORD$`)
	p.mustLogin("root@example", "from a file 3")
	p.mustLogin("admin@globex.example", demoPassword)
}

func TestWithoutDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, serveArgs(dir)...)
	password := p.printed(`^operator superuser super@portico\.local, password: (\S+)$`)
	if n := len(p.lines); n != 3 {
		t.Errorf("want the certificate, the operator and the address, got\n%s", p.stdout())
	}
	var all []any
	p.call(&all, "network/getNetworkEnterprises", `{}`, p.mustLogin("super@portico.local", password))
	if len(all) != 0 {
		t.Errorf("there are enterprises: %v", all)
	}
	p.stop()

	p = serving(t, demoArgs(dir)...) // the demo comes into a portal without tenants
	p.printed(`^curl `)
	if strings.Contains(p.stdout(), "operator") {
		t.Errorf("a second operator:\n%s", p.stdout())
	}
	operator := p.mustLogin("super@portico.local", password)
	var made any
	p.call(&made, "enterprise/insertEnterprise", `{"name":"Initech","configurationId":1}`, operator)
	p.stop()
}

func TestDemoLeavesTenantsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword}, serveArgs(dir)...)...)
	var made any
	p.call(&made, "enterprise/insertEnterprise", `{"name":"Initech","configurationId":1}`, p.mustLogin("super@portico.local", operatorPassword))
	p.stop()
	p = serving(t, demoArgs(dir)...)
	if len(p.lines) != 1 || p.login("admin@acme.example", demoPassword) != "" {
		t.Errorf("the demo was added to a portal with tenants:\n%s", p.stdout())
	}
	p.stop()
}

// A first start that is killed at any moment is finished by the next one, and whoever reads the output can log in.
func TestKilledFirstStart(t *testing.T) {
	slow(t)
	t.Parallel()
	begun := time.Now()
	serving(t, serveArgs(t.TempDir(), "--demo")...)
	whole, times := time.Since(begun), 12
	if n, err := strconv.Atoi(os.Getenv("PORTICO_TEST_KILLS")); err == nil {
		times = n
	}
	for i := range times {
		after := whole * time.Duration(i) / time.Duration(times)
		dir := filepath.Join(t.TempDir(), "data")
		killed := interrupted(t, after, serveArgs(dir, "--demo")...)
		p := serving(t, serveArgs(dir, "--demo")...)
		printed := killed + p.stdout()
		if _, err := os.Stat(folder(dir).demo()); err == nil {
			t.Errorf("killed after %v: the demo is not finished", after)
		}
		for _, who := range []string{"super@portico.local", "admin@acme.example", "readonly@acme.example", "admin@globex.example"} {
			if p.login(who, last(t, printed, who+`, password: (\S+)`)) == "" {
				t.Errorf("killed after %v: %s cannot log in with what was printed last:\n%s\n%s", after, who, printed, p.stderr.String())
			}
		}
		var users []any
		p.call(&users, "enterprise/getEnterpriseUsers", `{"enterpriseId":1}`, withToken(last(t, printed, `Authorization: Token ([^"]+)"`)))
		if len(users) != 4 {
			t.Errorf("killed after %v: %d users", after, len(users))
		}
		checkModes(t, dir)
		p.stop()
		for _, name := range namesIn(t, dir) {
			if strings.Contains(name, "unfinished") && filepath.Base(filepath.Dir(name)) != "keys" {
				t.Errorf("killed after %v: %s is left", after, name)
			}
		}
		t.Logf("killed after %v, when %d lines were printed and there was %v", after, strings.Count(killed, "\n"), len(namesIn(t, dir)))
	}
}

// interrupted starts a portal, kills it after a while, and answers what it had printed.
func interrupted(t *testing.T, after time.Duration, args ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out safeBuffer
	cmd := exec.Command(exe, args...)
	cmd.Env = programEnv()
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return out.String()
}

// The moments that matter most, made by hand: what is there is what a start leaves that dies just then.
func TestHalfMadePortals(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	serving(t, serveArgs(whole)...).stop()
	empty := t.TempDir()
	db, err := folder(empty).open()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(dir string){
		"the folder alone":         func(string) {},
		"a store that is not made": func(dir string) { write(t, dir+"/portico.db.unfinished-123", "half") },
		"the folder of a disk":     func(dir string) { os.Mkdir(dir+"/lost+found", 0o700) },
		"a store without a key":    func(dir string) { copyFile(t, empty+"/portico.db", dir+"/portico.db") },
		"and a key that is not written": func(dir string) {
			copyFile(t, empty+"/portico.db", dir+"/portico.db")
			os.Mkdir(dir+"/keys", 0o700)
			write(t, dir+"/keys/.unfinished-123", "half")
		},
		"and a TLS key without a certificate": func(dir string) {
			copyFile(t, empty+"/portico.db", dir+"/portico.db")
			os.Mkdir(dir+"/tls", 0o700)
			copyFile(t, whole+"/tls/key.pem", dir+"/tls/key.pem")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			make(dir)
			p := serving(t, serveArgs(dir)...)
			p.mustLogin("super@portico.local", p.printed(`^operator superuser super@portico\.local, password: (\S+)$`))
			p.stop()
		})
	}
}

// A demo that was begun with a given password is finished with it and with no other.
func TestHalfMadeDemoWithGivenPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, append([]string{"PORTICO_OPERATOR_PASSWORD=" + operatorPassword}, serveArgs(dir)...)...)
	var made any
	p.call(&made, "enterprise/insertEnterprise", `{"name":"Acme","configurationId":1}`, p.mustLogin("super@portico.local", operatorPassword))
	p.stop()
	write(t, folder(dir).demo(), "")
	if p := launch(t, serveArgs(dir, "--demo")...); p.wait() != exitFailed || !strings.Contains(p.stderr.String(), "PORTICO_DEMO_PASSWORD") {
		t.Errorf("finished without the password:\n%s%s", p.stdout(), p.stderr.String())
	}
	p = serving(t, demoArgs(dir)...)
	p.mustLogin("admin@acme.example", demoPassword)
	p.stop()
}

// A demo that was cut off just before its end: the token was made, but nobody has its text.
func TestDemoCutOffBeforeItWasTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, serveArgs(dir, "--demo")...)
	password, lost := p.printed(`admin@acme\.example, password: (\S+)$`), p.printed(`Authorization: Token ([^"]+)"`)
	p.stop()
	write(t, folder(dir).demo(), password)
	p = serving(t, serveArgs(dir, "--demo")...)
	if again := p.printed(`admin@globex\.example, password: (\S+)$`); again != password {
		t.Errorf("the password was %s, now it is %s", password, again)
	}
	p.call(new(any), "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(p.printed(`Authorization: Token ([^"]+)"`)))
	if _, body := p.post("/portal/rest/enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(lost)); !strings.Contains(body, "revoked") {
		t.Errorf("the lost token lives: %s", body)
	}
	p.stop()
}

func TestRefusedFolders(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	serving(t, demoArgs(whole)...).stop()
	for name, c := range map[string]struct {
		make func(dir string)
		want string
	}{
		"somebody else's": {func(dir string) { write(t, dir+"/notes.txt", "mine") }, "not empty and holds no portal"},
		"keys but no store": {func(dir string) { copyTree(t, whole, dir); os.Remove(dir + "/portico.db") },
			"with portico restore"},
		"a store but no keys":      {func(dir string) { copyTree(t, whole, dir); os.RemoveAll(dir + "/keys") }, "restore the folder keys"},
		"an empty store":           {func(dir string) { copyTree(t, whole, dir); os.Truncate(dir+"/portico.db", 0) }, "the file is empty"},
		"a store cut off":          {func(dir string) { copyTree(t, whole, dir); os.Truncate(dir+"/portico.db", 9000) }, "backup"},
		"a store of something":     {func(dir string) { write(t, dir+"/portico.db", strings.Repeat("x", 1<<16)) }, "not a Portico store"},
		"no sealing key":           {func(dir string) { copyTree(t, whole, dir); os.Remove(dir + "/keys/seal.key") }, "no sealing key"},
		"a broken sealing key":     {func(dir string) { copyTree(t, whole, dir); write(t, dir+"/keys/seal.key", "AAAA") }, "not a sealing key"},
		"a key that is no key":     {func(dir string) { copyTree(t, whole, dir); write(t, dir+"/keys/api-token-1.jwk", "{}") }, "api-token-1.jwk"},
		"a key others can read":    {func(dir string) { copyTree(t, whole, dir); chmodKeys(t, dir) }, "chmod 600"},
		"a vault key that is none": {func(dir string) { copyTree(t, whole, dir); write(t, vaultKeysIn(t, dir)[0], "AAAA") }, "not a vault key"},
		"a vault key for all":      {func(dir string) { copyTree(t, whole, dir); os.Chmod(vaultKeysIn(t, dir)[0], 0o640) }, "chmod 600"},
		"a vault key of another name": {func(dir string) { copyTree(t, whole, dir); os.Rename(vaultKeysIn(t, dir)[0], dir+"/keys/vault-1.key") },
			"damaged or renamed"},
		"a certificate for no key": {func(dir string) { copyTree(t, whole, dir); write(t, dir+"/tls/key.pem", "no key") }, "key.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(dir)
			before := contents(t, dir)
			status, out, errs := runHere(t, nil, "", serveArgs(dir, "--demo")...)
			if status != exitFailed || !strings.Contains(errs, c.want) || out != "" {
				t.Errorf("exit status %d, want %d with %q\n%s%s", status, exitFailed, c.want, out, errs)
			}
			if diff := cmp.Diff(before, contents(t, dir)); diff != "" && name != "a store but no keys" {
				t.Errorf("the folder was changed:\n%s", diff)
			}
		})
	}
	t.Run("a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "data")
		write(t, file, "mine")
		if status, _, errs := runHere(t, nil, "", serveArgs(file)...); status != exitFailed || !strings.Contains(errs, "data folder") {
			t.Errorf("exit status %d\n%s", status, errs)
		}
	})
}

func TestSecondProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	second := launch(t, demoArgs(dir)...)
	if status := second.wait(); status != exitFailed || !strings.Contains(second.stderr.String(), "another process has the store open") {
		t.Errorf("exit status %d\n%s", status, second.stderr.String())
	}
	p.mustLogin("admin@acme.example", demoPassword)
	p.stop()
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"demo for everybody":         {args: []string{"--demo", "--listen", "0.0.0.0:0"}, want: "--demo is refused on 0.0.0.0:0"},
		"demo without a host":        {args: []string{"--demo", "--listen", ":0"}, want: "--demo is refused"},
		"plain HTTP for everybody":   {args: []string{"--plain-http", "--listen", "[::]:0"}, want: "--plain-http is refused"},
		"plain HTTP on 192.0.2.1":    {args: []string{"--plain-http", "--listen", "192.0.2.1:0"}, want: "--plain-http is refused"},
		"plain HTTP from outside":    {env: map[string]string{"PORTICO_PLAIN_HTTP": "true", "PORTICO_LISTEN": "0.0.0.0:0"}, want: "--plain-http is refused"},
		"half a certificate":         {args: []string{"--tls-cert", "cert.pem"}, want: "go together"},
		"cheap passwords":            {args: []string{"--argon2-memory", "19455"}, want: "OWASP"},
		"cheap passwords by passes":  {args: []string{"--argon2-passes", "1"}, want: "OWASP"},
		"passwords nobody verifies":  {args: []string{"--argon2-passes", "2000"}, want: "at most"},
		"a negative number":          {args: []string{"--argon2-memory", "-1"}, want: "not a number"},
		"no network":                 {args: []string{"--trusted-proxy", "10.0.0.0/8,proxy"}, want: `"proxy" is not a network`},
		"two passwords":              {args: []string{"--operator-password-file", "x"}, env: map[string]string{"PORTICO_OPERATOR_PASSWORD": "y"}, want: "exclude"},
		"no connections":             {args: []string{"--max-connections", "15"}, want: "--max-connections"},
		"a word":                     {args: []string{"demo"}, want: `"demo" is no flag`},
		"a flag that there is not":   {args: []string{"--port", "1"}, want: "-port"},
		"a level that there is not":  {args: []string{"--log-level", "loud"}, want: "loud"},
		"a format that there is not": {args: []string{"--log-format", "xml"}, want: "xml"},
		"metrics for everybody":      {args: []string{"--ops-listen", "0.0.0.0:0"}, want: "--ops-remote"},
		"metrics without a host":     {args: []string{"--ops-listen", ":0"}, want: "--ops-remote"},
		"pprof for everybody":        {args: []string{"--ops-listen", ":0", "--ops-remote", "--ops-pprof"}, want: "--ops-pprof is refused"},
		"pprof without a listener":   {args: []string{"--ops-listen", "off", "--ops-pprof"}, want: "need --ops-listen"},
		"metrics at no address":      {args: []string{"--ops-listen", "nowhere"}, want: "--ops-listen"},
		"two certificates":           {args: []string{"--acme-domain", "portal.example", "--tls-cert", "c", "--tls-key", "k"}, want: "exclude"},
		"ACME without TLS":           {args: []string{"--acme-domain", "portal.example", "--plain-http"}, want: "excludes"},
		"ACME for an address":        {args: []string{"--acme-domain", "192.0.2.1"}, want: "not the name of a host"},
		"ACME for this machine":      {args: []string{"--acme-domain", "localhost"}, want: "not the name of a host"},
		"ACME with a port":           {args: []string{"--acme-domain", "portal.example:443"}, want: "not the name of a host"},
		"ACME in the clear":          {args: []string{"--acme-domain", "portal.example", "--acme-directory", "http://ca.example/directory"}, want: "https"},
		"challenges of no domain":    {args: []string{"--acme-http", ":80"}, want: "--acme-domain"},
		"callers without TLS":        {args: []string{"--tls-client-ca", "ca.pem", "--plain-http"}, want: "excludes"},
		"a way to ask there is not":  {args: []string{"--tls-client-auth", "perhaps"}, want: "perhaps"},
		"HSTS for ever":              {args: []string{"--hsts", "ever"}, want: "ever"},
		"events to nowhere":          {args: []string{"--ship-events", "udp://me:word@log.example"}, want: "--ship-events is none of"},
		"events in the clear":        {args: []string{"--ship-events", "http://hook.example/"}, want: "--ship-events is none of"},
		"a secret for nothing":       {args: []string{"--ship-secret-file", "x"}, want: "goes with --ship-events"},
		"a secret for a file":        {args: []string{"--ship-secret-file", "x", "--ship-events", "file:y"}, want: "goes with a webhook"},
		"no backlog":                 {args: []string{"--ship-backlog", "9999", "--ship-events", "file:y"}, want: "--ship-backlog"},
		"a variable that is no flag": {env: map[string]string{"PORTICO_DEMO": "perhaps"}, want: "PORTICO_DEMO"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			status, out, errs := runHere(t, c.env, "", append([]string{"serve", "--data", dir}, c.args...)...)
			if status != exitUsage || !strings.Contains(errs, c.want) || out != "" {
				t.Errorf("exit status %d, want %d with %q\n%s%s", status, exitUsage, c.want, out, errs)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the data folder was made")
			}
		})
	}
}

func TestPlainHTTPOnLoopback(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir(), "--plain-http")...)
	if !strings.HasPrefix(p.url, "http://127.0.0.1:") {
		t.Errorf("serves %s", p.url)
	}
	usersOf(t, p.printed(`^curl -H .*$`))
	p.stop()
}

func TestTrustedProxy(t *testing.T) {
	t.Parallel()
	body := fmt.Sprintf(`{"username":"admin@acme.example","password":%q}`, demoPassword)
	claims := []header{{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-Proto", "https"}}
	for _, c := range []struct {
		name, cidr, source string
		secure             bool
	}{
		{"believed", "192.0.2.0/24, 127.0.0.1", "203.0.113.9", true},
		{"ignored", "192.0.2.0/24", "127.0.0.1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := serving(t, demoArgs(t.TempDir(), "--plain-http", "--trusted-proxy", c.cidr)...)
			res, _ := p.post("/portal/rest/login/enterpriseLogin", body, claims...)
			if got := strings.Contains(res.Header.Get("Set-Cookie"), "; Secure"); got != c.secure {
				t.Errorf("cookie %s", res.Header.Get("Set-Cookie"))
			}
			p.stop()
			if !strings.Contains(p.stderr.String(), `"source":"`+c.source+`"`) {
				t.Errorf("want source %s in\n%s", c.source, p.stderr.String())
			}
		})
	}
}

// A call that is under way when the portal is told to end is answered; new ones are not; what was collected is written.
func TestOrderlyEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	token := p.printed(`Authorization: Token ([^"]+)"`)
	p.call(new(any), "enterprise/getEnterprise", `{"enterpriseId":1}`, withToken(token))

	host := strings.TrimPrefix(p.url, "https://")
	conn, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"enterpriseId":1}`
	fmt.Fprintf(conn, "POST /portal/rest/enterprise/getEnterprise HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nContent-Length: %d\r\n\r\n%s",
		host, token, len(body), body[:5])
	time.Sleep(100 * time.Millisecond) // until it is under way
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	p.signal(syscall.SIGTERM) // as a process group gets it
	refused(t, host)
	fmt.Fprint(conn, body[5:])
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the call under way was cut off: %v\n%s", err, p.stderr.String())
	}
	got, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || !strings.Contains(string(got), "Acme") {
		t.Errorf("%s %s", res.Status, got)
	}
	if status := p.wait(); status != 0 || time.Since(begun) > 15*time.Second {
		t.Errorf("exit status %d after %v\n%s", status, time.Since(begun), p.stderr.String())
	}

	p = serving(t, serveArgs(dir)...)
	var tokens []struct{ LastUsed, LastUsedFrom *string }
	p.call(&tokens, "apiToken/list", `{}`, p.mustLogin("admin@acme.example", demoPassword))
	if len(tokens) != 1 || tokens[0].LastUsed == nil || *tokens[0].LastUsedFrom != "127.0.0.1" {
		t.Errorf("the last use was not written: %+v", tokens)
	}
	p.stop()
}

func dial(t testing.TB, host string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// refused waits until nobody is let in any more.
func refused(t *testing.T, host string) {
	t.Helper()
	for range 100 {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		conn.Close()
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("new callers are let in")
}

// A caller who never finishes does not keep the portal from ending.
func TestSlowCallerDoesNotHoldTheEnd(t *testing.T) {
	slow(t)
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir(), "--plain-http")...)
	conn := dial(t, strings.TrimPrefix(p.url, "http://"))
	fmt.Fprintf(conn, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	time.Sleep(100 * time.Millisecond)
	begun := time.Now()
	p.stop()
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
}

// What is deleted is swept soon, not after an hour.
func TestSweptSoon(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir())...)
	p.sweptSoon("phoenix", p.mustLogin("super@portico.local", operatorPassword))
}

// sweptSoon waits until the name of a user is free again whose enterprise was deleted.
func (p *process) sweptSoon(name string, super header) {
	p.t.Helper()
	phoenix := fmt.Sprintf(`{"name":%q,"configurationId":1,"user":{"username":"admin@%[1]s.example","password":%q,"email":"a@b.example"}}`, name, demoPassword)
	var made struct{ ID int64 }
	var rows struct{ Rows int }
	p.call(&made, "enterprise/insertEnterprise", phoenix, super)
	p.call(&rows, "enterprise/deleteEnterprise", fmt.Sprintf(`{"id":%d}`, made.ID), super)
	until(p.t, "the name is free", func() bool {
		res, body := p.post("/portal/rest/enterprise/insertEnterprise", phoenix, super)
		return res.StatusCode == http.StatusOK && strings.Contains(body, `"rows":1`)
	})
}
