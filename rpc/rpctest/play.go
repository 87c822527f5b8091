package rpctest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// A Session signs somebody in and answers the headers that show it.
type Session func(t testing.TB, who string) http.Header

// A Stage is where one conversation is played.
type Stage struct {
	Handler http.Handler
	As      Session           // for all but "nobody" and "token"
	Names   map[string]string // values that a file may use as $name, as JSON
	Plain   bool              // plain HTTP instead of TLS

	// Heard, unless it is nil, is told every result, and every error that a method ended with.
	Heard func(t testing.TB, h Heard)
}

// Heard is one call of a conversation and what it ended with.
type Heard struct {
	Where  string // file and line
	Method string
	Params any // nil: none
	Answer any // the result, or the error
	Failed bool
}

// Play plays every file that glob matches, each on a stage of its own.
func Play(t *testing.T, glob string, stage func(t testing.TB) Stage) {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations at %s: %v", glob, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			turns, err := read(f)
			if err != nil {
				t.Fatal(err)
			}
			p := open(t, f, stage(t))
			for _, tn := range turns {
				p.play(t, tn)
			}
		})
	}
}

// A player is in the middle of a file.
type player struct {
	file    string
	stage   Stage
	url     string
	client  *http.Client
	names   names
	as      http.Header
	schemas schemas
}

func open(t testing.TB, file string, s Stage) *player {
	t.Helper()
	srv := httptest.NewUnstartedServer(s.Handler)
	if s.Plain {
		srv.Start()
	} else {
		srv.StartTLS()
	}
	t.Cleanup(srv.Close)
	p := &player{file: file, stage: s, url: srv.URL, client: srv.Client(), names: names{}}
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for name, v := range s.Names {
		p.names[name] = v
	}
	_, document := p.call(t, &turn{verb: "POST", path: "/portal/rest/rpc.discover"}, "")
	p.schemas = schemasOf(t, document)
	return p
}

func (p *player) play(t testing.TB, tn *turn) {
	t.Helper()
	where := fmt.Sprintf("%s:%d", p.file, tn.line)
	if tn.as != "" {
		p.signIn(t, where, tn.as)
		return
	}
	if !tn.answered {
		t.Fatalf("%s: a call without an answer", where)
	}
	body := p.filled(t, where, tn.body)
	resp, got := p.call(t, tn, body)
	if resp.StatusCode != tn.status {
		t.Errorf("%s: status %d, want %d; body %s", where, resp.StatusCode, tn.status, got)
	}
	p.hear(t, where, tn, resp.Header)
	p.read(t, where, tn, body, got)
}

func (p *player) signIn(t testing.TB, where, who string) {
	t.Helper()
	word, rest, _ := strings.Cut(who, " ")
	switch {
	case who == "nobody":
		p.as = nil
	case word == "token" && rest != "":
		text, err := p.names.text(rest)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		p.as = http.Header{"Authorization": {"Token " + text}}
	case p.stage.As == nil:
		t.Fatalf("%s: nobody knows how to sign in %s", where, who)
	default:
		p.as = p.stage.As(t, p.spoken(t, where, who))
	}
}

// spoken puts what was heard before in the place of the words that begin with a $.
func (p *player) spoken(t testing.TB, where, who string) string {
	t.Helper()
	words := strings.Fields(who)
	for i, w := range words {
		if !strings.HasPrefix(w, "$") {
			continue
		}
		text, err := p.names.text(w)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		words[i] = text
	}
	return strings.Join(words, " ")
}

func (p *player) filled(t testing.TB, where, s string) string {
	t.Helper()
	out, err := p.names.fill(s)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	return out
}

func (p *player) call(t testing.TB, tn *turn, body string) (*http.Response, []byte) {
	t.Helper()
	path, err := p.names.text(tn.path)
	if err != nil {
		t.Fatalf("%s:%d: %v", p.file, tn.line, err)
	}
	r, err := http.NewRequest(tn.verb, p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range p.as {
		r.Header[name] = values
	}
	for _, h := range tn.headers {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	resp, err := p.client.Do(r)
	if err != nil {
		t.Fatalf("%s:%d: %v", p.file, tn.line, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s:%d: %v", p.file, tn.line, err)
	}
	return resp, b
}

// hear holds the headers against what is expected of them.
func (p *player) hear(t testing.TB, where string, tn *turn, got http.Header) {
	t.Helper()
	for _, h := range tn.wantHeaders {
		name, want, _ := strings.Cut(h, ":")
		want = p.filled(t, where, strings.TrimSpace(want))
		have := got.Values(name)
		if want == "-" {
			if len(have) > 0 {
				t.Errorf("%s: header %s is %q, want none", where, name, have)
			}
			continue
		}
		if !p.anyMatch(want, have) {
			t.Errorf("%s: header %s is %q, want %q", where, name, have, want)
		}
	}
}

func (p *player) anyMatch(want string, have []string) bool {
	for _, h := range have {
		if p.names.matchText(want, h) {
			return true
		}
	}
	return false
}

// read holds the body against what is expected of it, and against the schema.
func (p *player) read(t testing.TB, where string, tn *turn, body string, b []byte) {
	t.Helper()
	if strings.TrimSpace(tn.want) == "" {
		if tn.status < 300 && len(b) > 0 {
			t.Errorf("%s: body %s, want none", where, b)
		}
		return
	}
	got, err := decode(b)
	if err != nil {
		t.Errorf("%s: the answer %q is not JSON: %v", where, b, err)
		return
	}
	want, err := decode([]byte(p.filled(t, where, tn.want)))
	if err != nil {
		t.Fatalf("%s: the expected answer is not JSON: %v", where, err)
	}
	if diff := p.names.match("answer", want, got); len(diff) > 0 {
		t.Errorf("%s: %s\n%s\ngot %s", where, strings.TrimSpace(tn.path+" "+body), strings.Join(diff, "\n"), b)
	}
	for _, a := range answers(tn, body, got) {
		a.Where = where
		if !a.Failed {
			p.schemas.check(t, where, a.Method, a.Answer)
		}
		if p.stage.Heard != nil {
			p.stage.Heard(t, a)
		}
	}
}
