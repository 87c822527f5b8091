package main

import (
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/portico-vco/portico/cmd/portico/cli"
)

// A transcript is what somebody types and reads. Lines that begin with $ are command lines, with < what is piped into them; below are
// the lines of stdout, with ! those of stderr, and with -> an exit status that is not 0. In them <any> is any text, <name> one that $name
// stands for from then on. With # comments begin.
type transcript struct {
	t     *testing.T
	env   map[string]string
	names map[string]string
	ran   map[string]bool // the commands
	heard []string        // all that was printed
}

var shellWord = regexp.MustCompile(`'[^']*'|\S+`)

func (s *transcript) words(line string) []string {
	words := shellWord.FindAllString(line, -1)
	for i, w := range words {
		words[i] = os.Expand(strings.Trim(w, "'"), func(name string) string { return s.names[name] })
	}
	return words
}

// play plays a file.
func (s *transcript) play(path string) {
	s.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	var line string
	var want []string
	at := 0
	flush := func() {
		if line != "" {
			s.run(fmt.Sprintf("%s:%d", path, at), line, want)
		}
		line, want = "", nil
	}
	for i, l := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(l, "$ "):
			flush()
			line, at = l[2:], i+1
		case l != "" && !strings.HasPrefix(l, "#"):
			want = append(want, l)
		}
	}
	flush()
}

func (s *transcript) run(at, line string, want []string) {
	s.t.Helper()
	line, stdin, _ := strings.Cut(line, " < ")
	words := s.words(line)
	if stdin = strings.Join(s.words(stdin), " "); stdin != "" {
		stdin += "\n"
	}
	status, out, errs := runHere(s.t, s.env, stdin, words...)
	s.heard = append(s.heard, out, errs)
	got := strings.Split(strings.ReplaceAll(out, "\r\n", "\n"), "\n") // the line ends of CSV have a test of their own
	got = slices.DeleteFunc(got, func(l string) bool { return l == "" })
	for l := range strings.Lines(errs) {
		got = append(got, "! "+strings.TrimSuffix(l, "\n"))
	}
	if status != 0 {
		got = append(got, fmt.Sprintf("-> %d", status))
	}
	if len(words) > 1 {
		s.ran[words[0]+" "+words[1]] = true
	}
	if len(got) == len(want) {
		for i := range want {
			if !s.fits(want[i], got[i]) {
				s.t.Errorf("%s: $ %s\ngot  %q\nwant %q", at, line, got[i], want[i])
			}
		}
		return
	}
	s.t.Errorf("%s: $ %s\ngot\n%s\nwant\n%s", at, line, strings.Join(got, "\n"), strings.Join(want, "\n"))
}

var hole = regexp.MustCompile(`<(\w+)>`)

func (s *transcript) fits(want, got string) bool {
	want = os.Expand(want, func(name string) string { return s.names[name] })
	pattern, last := "^", 0
	var holes []string
	for _, m := range hole.FindAllStringSubmatchIndex(want, -1) {
		holes = append(holes, want[m[2]:m[3]])
		pattern += regexp.QuoteMeta(want[last:m[0]]) + "(.*?)"
		last = m[1]
	}
	found := regexp.MustCompile(pattern + regexp.QuoteMeta(want[last:]) + "$").FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, name := range holes {
		if name != "any" {
			s.names[name] = found[i+1]
		}
	}
	return true
}

func fingerprintOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	return fmt.Sprintf("%X", sha256.Sum256(block.Bytes))
}

// Every command does what it says, at a portal, in every form of output. No secret is seen where none belongs.
func TestClient(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	portal := serving(t, demoArgs(dir)...)
	s := &transcript{t: t, env: map[string]string{"XDG_CONFIG_HOME": home}, ran: map[string]bool{}, names: map[string]string{
		"URL": portal.url, "DIR": t.TempDir(), "CERT": filepath.Join(folder(dir).tls(), "cert.pem"),
		"FINGERPRINT": fingerprintOf(t, filepath.Join(folder(dir).tls(), "cert.pem")),
		"PASSWORD":    demoPassword, "OPERATOR": operatorPassword,
	}}
	for _, name := range []string{"login", "token", "user", "enterprise", "partner", "client", "credential", "property", "webhook", "end"} {
		s.play(filepath.Join("testdata", "client", name+".txt"))
	}
	for _, g := range cli.Groups() {
		for _, c := range g.Commands {
			if !s.ran[g.Name+" "+c.Name] {
				t.Errorf("portico %s %s is not tried", g.Name, c.Name)
			}
		}
	}
	heard := strings.Join(s.heard, "\n")
	for _, secret := range []string{demoPassword, operatorPassword, "a new password 7", "eyJ"} {
		if strings.Contains(strings.Join(s.heard, "\n"), secret) {
			t.Errorf("%q was printed", secret)
		}
	}
	if shown := regexp.MustCompile(`ptc_(app|svc)_\w{20}`).FindAllString(heard, -1); len(shown) != 3 {
		t.Errorf("secrets of clients shown: %d, want 3", len(shown))
	}
	left, err := filepath.Glob(filepath.Join(home, "portico", "*"))
	if err != nil || !slices.Equal(left, []string{filepath.Join(home, "portico", "profiles.json"), filepath.Join(home, "portico", "profiles.lock")}) {
		t.Errorf("left: %q, %v", left, err)
	}
	portal.stop()
}

// A flag or word of a row is one that the method knows: what it does not know a portal passes over in silence.
func TestClientParams(t *testing.T) {
	t.Parallel()
	known := publishedParams(t)
	for _, g := range cli.Groups() {
		for _, c := range g.Commands {
			paths := slices.Collect(maps.Keys(c.Fixed))
			for _, p := range c.Params {
				if p.Own {
					continue
				}
				paths = append(paths, p.Path)
				if p.Or != "" {
					paths = append(paths, p.Or)
				}
			}
			for _, of := range []struct{ method, tenant string }{
				{c.Of.Own, ""}, {c.Of.Enterprise, "enterpriseId"}, {c.Of.Partner, "enterpriseProxyId"}, {c.Of.Operator, ""},
			} {
				if of.method == "" {
					continue
				}
				params, is := known[of.method]
				if !is {
					t.Errorf("%s %s: there is no method %s", g.Name, c.Name, of.method)
				}
				taken := slices.Clone(paths)
				if of.tenant != "" && (c.Does == cli.Lists || c.Does == cli.Makes) {
					taken = append(taken, of.tenant)
				}
				for _, path := range taken {
					if !params.has(strings.Split(path, ".")) {
						t.Errorf("%s %s: %s has no param %s", g.Name, c.Name, of.method, path)
					}
				}
				for _, column := range c.Columns {
					if !params.answers(column) {
						t.Errorf("%s %s: %s answers no %s", g.Name, c.Name, of.method, column)
					}
				}
				if lists := c.Does == cli.Lists; lists && params.has([]string{"nextPageLink"}) == c.Unpaged {
					t.Errorf("%s %s: %s has pages, or has none", g.Name, c.Name, of.method)
				}
			}
		}
	}
}

// What the README types is taken.
func TestClientReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Command line\n")
	section, _, _ = strings.Cut(section, "\n## ")
	root := (&program{getenv: func(string) string { return "" }}).root()
	lines := regexp.MustCompile(`portico ((?:[\w-]+ ?)+[^\n`+"`"+`)>#]*)`).FindAllStringSubmatch(section, -1)
	for _, l := range lines {
		c, words, err := root.Find(strings.Fields(l[1]))
		if err == nil {
			err = c.ParseFlags(words)
		}
		if errors.Is(err, pflag.ErrHelp) || strings.HasPrefix(l[1], "help ") {
			continue
		}
		if err != nil || !c.HasParent() {
			t.Errorf("portico %s: %v", l[1], err)
		}
	}
	if len(lines) < 12 {
		t.Errorf("%d command lines", len(lines))
	}
}

// A published is what the OpenRPC document says of a method.
type published struct {
	Params []struct {
		Name   string
		Schema map[string]any
	}
	Result map[string]any
}

func publishedParams(t *testing.T) map[string]published {
	t.Helper()
	data, err := os.ReadFile("../../rpc/portal/testdata/openrpc.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Methods []struct {
			Name string
			published
		}
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	all := map[string]published{}
	for _, m := range document.Methods {
		all[m.Name] = m.published
	}
	return all
}

func (p published) has(path []string) bool {
	for _, param := range p.Params {
		if param.Name != path[0] {
			continue
		}
		schema := param.Schema
		for _, name := range path[1:] {
			properties, _ := schema["properties"].(map[string]any)
			schema, _ = properties[name].(map[string]any)
		}
		return schema != nil
	}
	return false
}

// answers says whether a member is anywhere in the result.
func (p published) answers(name string) bool {
	var look func(v any) bool
	look = func(v any) bool {
		switch v := v.(type) {
		case map[string]any:
			if properties, is := v["properties"].(map[string]any); is && properties[name] != nil {
				return true
			}
			for _, below := range v {
				if look(below) {
					return true
				}
			}
		case []any:
			return slices.ContainsFunc(v, look)
		}
		return false
	}
	return look(p.Result)
}
