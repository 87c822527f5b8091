package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One bit of the file that is not what it was, where there is something: the portal does not start, or answers what it did before,
// or that it is unavailable. What it may not know is nothing else.
func TestSlowRotIsNeverServed(t *testing.T) {
	slow(t)
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := serving(t, demoArgs(dir, "--plain-http")...)
	token := withToken(p.printed(`Authorization: Token ([^"]+)"`))
	as := p.mustLogin("admin@acme.example", demoPassword)
	dead := withToken(p.newToken("revoked", as))
	p.call(new(any), "apiToken/revoke", `{"id":2}`, as)
	p.stop()
	whole, err := os.ReadFile(folder(dir).store())
	if err != nil {
		t.Fatal(err)
	}
	chance := newChance(t)
	rotten := filepath.Join(t.TempDir(), "rotten")
	want, _, _ := answersOf(t, dir, rotten, whole, token, dead)
	refused, unavailable, same, found := 0, 0, 0, 0
	for range kills(8) {
		at := chance.IntN(len(whole))
		for whole[at] == 0 {
			at = chance.IntN(len(whole))
		}
		b := bytes.Clone(whole)
		b[at] ^= 1 << chance.IntN(8)
		got, status, said := answersOf(t, dir, rotten, b, token, dead)
		switch {
		case got == nil:
			refused++
			if status != exitFailed || !strings.Contains(said, "backup") {
				t.Errorf("byte %d: exit status %d, and it is not said what to do:\n%s", at, status, said)
			}
		case cmp.Equal(got, want):
			same++
		default:
			unavailable++
		}
		for i, answer := range got {
			if answer != want[i] && !strings.HasPrefix(answer, "503 ") {
				t.Errorf("byte %d: answer %d is %s", at, i, answer)
			}
		}
		if status, _, _ := runHere(t, nil, "", "check", "--data", rotten); status != exitOK {
			found++
		} else if got == nil || !cmp.Equal(got, want) {
			t.Errorf("byte %d: portico check finds nothing", at)
		}
	}
	t.Logf("a start refused %d times, unavailable %d times, as before %d times; found by portico check: %d", refused, unavailable, same, found)
}

// answersOf starts the portal of dir with another store in rotten, and answers what some calls are answered with, or nil, why it
// does not start, and how it ended.
func answersOf(t *testing.T, dir, rotten string, file []byte, token, dead header) (answers []string, status int, said string) {
	t.Helper()
	if err := os.RemoveAll(rotten); err != nil {
		t.Fatal(err)
	}
	copyTree(t, dir, rotten)
	path := folder(rotten).store()
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, serveArgs(rotten, "--plain-http")...)
	if p.url == "" {
		status = p.wait()
		return nil, status, p.stderr.String()
	}
	for _, c := range []struct {
		method, params string
		as             header
	}{
		{"event/getEnterpriseEvents", `{"enterpriseId":1}`, token},
		{"enterprise/getEnterprise", `{"enterpriseId":1}`, token},
		{"enterprise/getEnterpriseUsers", `{"enterpriseId":1}`, token},
		{"enterprise/getEnterprise", `{"enterpriseId":1}`, dead},
		{"role/getUserTypeRoles", `{"enterpriseId":1}`, token},
	} {
		res, body := p.post("/portal/rest/"+c.method, c.params, c.as)
		answers = append(answers, res.Status+" "+body)
	}
	_ = p.cmd.Process.Kill()
	p.wait()
	if err := os.WriteFile(path, file, 0o600); err != nil { // as it rests
		t.Fatal(err)
	}
	return answers, 0, ""
}
