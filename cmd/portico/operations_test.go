package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/rpc"
)

// logged finds what a line of the log says, once it is there.
func (p *process) logged(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for range 500 {
		if m := re.FindStringSubmatch(p.stderr.String()); m != nil {
			return m[len(m)-1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatalf("nothing like %q is logged:\n%s", pattern, p.stderr.String())
	return ""
}

const opsLine = `"listen":"([^"]+)",[^\n]*"message":"operations"`

// get reads a page of the operations listener.
func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answered(t, req)
}

// answered sends a request to a listener beside the portal's, and reads the answer.
func answered(t testing.TB, req *http.Request) (status int, text string) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func TestOperations(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir(), "--ops-listen", "127.0.0.1:0", "--ops-pprof")...)
	ops := "http://" + p.logged(opsLine)
	session := p.mustLogin("admin@acme.example", demoPassword)
	token := p.newToken("watched", session)
	const guess, made = "a wrong guess 9", "enterprise/madeUp9"
	p.login("admin@acme.example", guess)
	p.login("nobody@acme.example", guess)
	p.post("/portal", `{"jsonrpc":"2.0","id":1,"method":"`+made+`"}`, session)
	p.post("/portal", `{"jsonrpc":"2.0","id":1,"method":"`+made+`2"}`, session)
	p.post("/portal/rest/apiToken/get", `{}`)
	p.post("/"+made, ``)
	p.backup("watched", p.mustLogin("super@portico.local", operatorPassword))

	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, text := get(t, ops+path); status != 200 || text != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	_, text := get(t, ops+"/metrics")
	for _, line := range []string{
		`portico_calls_total\{method="login/enterpriseLogin",result="ok"\} 1`,
		`portico_calls_total\{method="login/enterpriseLogin",result="refused"\} 2`,
		`portico_calls_total\{method="login/enterpriseLogin",result="error"\} 0`,
		`portico_calls_total\{method="unknown",result="refused"\} 2`,
		`portico_calls_total\{method="none",result="refused"\} 1`,
		`portico_call_duration_seconds_count\{method="apiToken/create"\} 1`,
		`portico_refusals_total\{reason="unknown_method"\} 2`,
		`portico_refusals_total\{reason="unknown_path"\} 1`,
		`portico_refusals_total\{reason="unauthenticated"\} 3`,
		`portico_logins_total\{outcome="ok"\} 2`,
		`portico_logins_total\{outcome="wrong_password"\} 1`,
		`portico_logins_total\{outcome="unknown_user"\} 1`,
		`portico_api_token_moves_total\{move="create",result="ok"\} 2`, // the demo's too
		`portico_api_token_moves_total\{move="download",result="ok"\} 2`,
		`portico_store_up 1`,
		`portico_store_size_bytes [1-9]\S+`,
		`portico_store_free_bytes \d\S+`,
		`portico_store_commit_duration_seconds_count [1-9]\d*`,
		`portico_store_commit_updates_sum [1-9]\d*`,
		`portico_store_commit_failures_total 0`,
		`portico_calls_over_limit_total\{act="refused"\} 0`,
		`portico_logins_total\{outcome="no_directory"\} 0`,
		`portico_tls_handshake_failures_total\{reason="not_tls"\} 0`,
		`portico_password_hashes_running 0`,
		`portico_password_hashes_waiting 0`,
		`portico_password_hashes_refused_total 0`,
		`portico_event_chain_links_total [1-9]\d*`,
		`portico_event_chain_events_total [1-9]\d*`,
		`portico_event_chain_trusted 1`,
		`portico_backup_newest_timestamp_seconds 1\.\d+e\+09`,
		`portico_mail_waiting 0`,
		`portico_connections \d+`,
		`portico_connections_limit 4096`,
		`portico_connections_closed_total\{reason="idle"\} 0`,
		`portico_connections_closed_total\{reason="address"\} 0`,
		`portico_connections_closed_total\{reason="all"\} 0`,
		`portico_certificate_expiry_timestamp_seconds 1\.\d+e\+09`,
		`portico_build_info\{goversion="go[^"]+",version="[^"]+"\} 1`,
		`go_goroutines \d+`,
	} {
		if !regexp.MustCompile("(?m)^" + line + "$").MatchString(text) {
			t.Errorf("no line %s", line)
		}
	}
	for _, s := range []string{"Acme", "acme", "super@", "madeUp", guess, token, session[1], demoPassword, "127.0.0.1"} {
		if strings.Contains(text, s) {
			t.Errorf("the metrics tell of %q", s)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	if status, _ := get(t, ops+"/debug/pprof/goroutine"); status != 200 {
		t.Errorf("pprof: %d", status)
	}
	if status, _ := get(t, ops+"/debug/pprof/cmdline"); status != 404 {
		t.Errorf("the command line is told: %d", status)
	}
	for _, path := range []string{"/portal", "/", "/metrics/x"} {
		if status, _ := get(t, ops+path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if res, err := browser.Get(p.url + path); err != nil || res.StatusCode != 404 {
			t.Errorf("%s is served to callers: %v, %v", path, res.Status, err)
		}
	}
	p.stop()
}

// Who balances load hears at once that the portal ends, while calls that are under way go on.
func TestNotReadyWhileEnding(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(t.TempDir(), "--ops-listen", "127.0.0.1:0", "--plain-http")...)
	ops := "http://" + p.logged(opsLine)
	host := strings.TrimPrefix(p.url, "http://")
	conn := dial(t, host)
	fmt.Fprintf(conn, "POST /portal HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
	time.Sleep(100 * time.Millisecond) // until it is under way
	p.signal(syscall.SIGTERM)
	refused(t, host)
	if status, text := get(t, ops+"/readyz"); status != 503 || !strings.Contains(text, "ending") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := get(t, ops+"/healthz"); status != 200 {
		t.Errorf("the process lives, but %d", status)
	}
	fmt.Fprint(conn, "}")
	if status := p.wait(); status != 0 {
		t.Errorf("exit status %d\n%s", status, p.stderr.String())
	}
}

// openHere opens a portal in this process, without listeners.
func openHere(t testing.TB, change func(*Config)) *instance {
	t.Helper()
	p := &program{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, now: time.Now, passwordCost: cheap}
	c, err := p.configure([]string{"--data", t.TempDir(), "--listen", "127.0.0.1:0", "--plain-http"})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c)
	}
	ln, err := c.listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	o, err := p.open(t.Context(), c, ln, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.db.Close() })
	o.connections = newBoundListener(ln, leastConnections, nil)
	return o
}

// What is wrong is told on this machine, and nowhere else.
func TestNotReady(t *testing.T) {
	t.Parallel()
	o := openHere(t, nil)
	h := o.operations()
	ask := func(path, from string) (int, string) {
		r := httptest.NewRequest("GET", path, nil)
		r.Host, r.RemoteAddr = "127.0.0.1:8480", from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	want := func(status int, word string) {
		t.Helper()
		if got, text := ask("/readyz", "127.0.0.1:1"); got != status || !strings.Contains(text, word) {
			t.Errorf("here: %d %q, want %d with %q", got, text, status, word)
		}
		if got, text := ask("/readyz", "[::1]:1"); got != status || !strings.Contains(text, word) {
			t.Errorf("here, IPv6: %d %q", got, text)
		}
		if got, text := ask("/readyz", "192.0.2.1:1"); got != status || status != 200 && text != "not ready\n" {
			t.Errorf("elsewhere: %d %q", got, text)
		}
	}
	want(503, "not made")
	if err := o.firstOperator(context.Background(), io.Discard); err != nil {
		t.Fatal(err)
	}
	want(200, "ready")
	keys := o.Data.keys()
	if err := os.Rename(keys, keys+"-"); err != nil {
		t.Fatal(err)
	}
	want(503, "not ready: keys")
	if err := os.Rename(keys+"-", keys); err != nil {
		t.Fatal(err)
	}
	want(200, "ready")
	if err := o.db.Close(); err != nil {
		t.Fatal(err)
	}
	want(503, "store unavailable: closed")
	if status, _ := ask("/healthz", "127.0.0.1:1"); status != 200 {
		t.Errorf("the process lives, but %d", status)
	}
	if status, text := ask("/metrics", "127.0.0.1:1"); status != 200 || strings.Contains(text, "portico_store_size_bytes") {
		t.Errorf("the size of a store that cannot say: %d %s", status, text)
	}
}

// A web site whose name a browser was made to look up as a loopback address reads nothing; nor does anybody write.
func TestOperationsHost(t *testing.T) {
	t.Parallel()
	for _, remote := range []bool{false, true} {
		h := openHere(t, func(c *Config) { c.OpsRemote = remote }).operations()
		for host, good := range map[string]bool{
			"localhost": true, "localhost:8480": true, "127.0.0.1:8480": true, "[::1]:8480": true, "[::1]": true,
			"evil.example": remote, "evil.example:8480": remote, "localhost.evil.example": remote, "": remote,
		} {
			r := httptest.NewRequest("GET", "/metrics", nil)
			r.Host = host
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); (w.Code == 200) != good {
				t.Errorf("host %q, remote %v: %d", host, remote, w.Code)
			}
		}
		for site, good := range map[string]bool{"none": true, "same-origin": true, "same-site": false, "cross-site": false} {
			r := httptest.NewRequest("GET", "/metrics", nil)
			r.Host = "localhost"
			r.Header.Set("Sec-Fetch-Site", site)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); (w.Code == 200) != good {
				t.Errorf("%s, remote %v: %d", site, remote, w.Code)
			}
		}
		r := httptest.NewRequest("POST", "/metrics", nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 405 {
			t.Errorf("POST: %d", w.Code)
		}
		r = httptest.NewRequest("GET", "/debug/pprof/", nil)
		r.Host = "localhost"
		w = httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 404 {
			t.Errorf("pprof unasked: %d", w.Code)
		}
	}
}

// The default address belongs to another program: the portal serves all the same, and says so.
func TestOperationsAddressTaken(t *testing.T) {
	t.Parallel()
	for range 300 { // somebody else who has it may let go of it before the portal comes
		ln, err := (&Config{Listen: opsDefault}).listen()
		if err == nil {
			defer ln.Close()
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	p := serving(t, serveArgs(t.TempDir(), "--ops-listen", opsDefault)...)
	p.logged("there is no operations listener")
	p.stop()
}

// described is what there is among the metrics of ours, with the labels of each.
func described(o *instance) map[string]string {
	all := map[string]string{}
	descs := make(chan *prometheus.Desc)
	go func() { defer close(descs); o.metrics.registry.Describe(descs) }()
	is := regexp.MustCompile(`fqName: "(portico_\w+)".* constLabels: \{(.*)\}, variableLabels: \{([^}]*)\}`)
	for d := range descs {
		if m := is.FindStringSubmatch(d.String()); m != nil {
			constant := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(m[2], "")
			all[m[1]] = strings.Trim(constant+","+m[3], ",")
		}
	}
	return all
}

// openTelling opens a portal that tells of everything it can tell of.
func openTelling(t testing.TB) *instance {
	t.Helper()
	o, _ := openDemo(t, func(c *Config) { c.PlainHTTP, c.BackupFolder, c.ShipEvents = false, t.TempDir(), "file:events.log" }) // which nobody writes
	if err := os.WriteFile(filepath.Join(o.BackupFolder, "x.backup"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.metrics.call(rpc.Observation{Method: "none", Refusal: "unknown_path"})
	return o
}

// Names and units are as Prometheus wants them, of all that can ever be told.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	o := openTelling(t)
	for name := range described(o) {
		if n, err := testutil.GatherAndCount(o.metrics.registry, name); err != nil || n == 0 {
			t.Errorf("%s is not looked at: %v", name, err)
		}
	}
	problems, err := testutil.GatherAndLint(o.metrics.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.Metric, "go_") { // which are not ours to name
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// What the alerts of the examples look for is there before it happens.
func TestAlerts(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile("../../examples/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	openTelling(t).operations().ServeHTTP(w, r)
	series := regexp.MustCompile(`\b(portico_\w+)(?:\{(\w+)=~?"([\w|]+)"\})?`).FindAllStringSubmatch(string(rules), -1)
	if len(series) < strings.Count(string(rules), "- alert:")-1 { // one is Prometheus' own, up
		t.Errorf("%d series of ours", len(series))
	}
	for _, s := range series {
		for value := range strings.SplitSeq(s[3], "|") {
			line := "(?m)^" + s[1] + `[ {]`
			if s[2] != "" {
				line = "(?m)^" + s[1] + `\{.*` + s[2] + `="` + value + `"`
			}
			if !regexp.MustCompile(line).MatchString(w.Body.String()) {
				t.Errorf("an alert looks for %s, and there is nothing like %s", s[0], line)
			}
		}
	}
}

// Calls beyond a limit are told apart from those that were refused for it.
func TestOverLimit(t *testing.T) {
	t.Parallel()
	m := openHere(t, nil).metrics
	for _, o := range []rpc.Observation{
		{Over: true, Refusal: rpc.RateLimited}, {Over: true}, {Over: true, Refusal: "forbidden"}, {Refusal: "forbidden"}, {},
	} {
		m.call(o)
	}
	for act, want := range map[string]float64{"refused": 1, "logged": 2} {
		if got := testutil.ToFloat64(m.over.WithLabelValues(act)); got != want {
			t.Errorf("%s: %v, want %v", act, got, want)
		}
	}
}

// The README tells of all metrics that are ours, with their labels, of no other, and of all words of labels that are known here.
func TestMetricsInReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	here := described(openHere(t, nil))
	words := regexp.MustCompile("`(\\w+)`")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`portico_[^|]*) \\|([^|]*)\\| (.*) \\|$").FindAllStringSubmatch(string(readme), -1) {
		var labels []string
		for _, m := range words.FindAllStringSubmatch(row[2], -1) {
			labels = append(labels, m[1])
		}
		for _, m := range words.FindAllStringSubmatch(row[1], -1) {
			rows[m[1]] = row[3]
			if got, is := strings.Join(labels, ","), here[m[1]]; got != is {
				t.Errorf("the README says that %s has the labels %q; it has %q", m[1], got, is)
			}
		}
	}
	for name := range here {
		if rows[name] == "" {
			t.Errorf("the README does not tell of %s", name)
		}
	}
	for _, name := range regexp.MustCompile(`\bportico_[a-z_]+`).FindAllString(string(readme), -1) {
		name = regexp.MustCompile(`_(count|sum|bucket)$`).ReplaceAllString(name, "")
		if _, is := here[name]; !is {
			t.Errorf("there is no %s, of which the README tells", name)
		}
	}
	var outcomes []string
	for _, o := range token.Outcomes {
		outcomes = append(outcomes, string(o))
	}
	for name, known := range map[string][]string{"portico_logins_total": outcomes, "portico_tls_handshake_failures_total": handshakeFailures} {
		for _, word := range known {
			if !strings.Contains(rows[name], "`"+word+"`") {
				t.Errorf("the README does not say that %s has %s", name, word)
			}
		}
	}
}
