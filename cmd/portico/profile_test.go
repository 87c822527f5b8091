package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// kept writes profiles as a login does.
func kept(t testing.TB, home string, all profiles) *program {
	t.Helper()
	p := &program{configDir: func() (string, error) { return home, nil }, getenv: func(string) string { return "" }}
	if err := p.changeProfiles(func(now *profiles) error { *now = all; return nil }); err != nil {
		t.Fatal(err)
	}
	return p
}

func profileOf(url, token string) *profile {
	return &profile{URL: url, Username: "me", Token: keptToken{secret.Text(token)}, TokenID: 1, Expires: time.Unix(0, 0)}
}

// Profiles that others can read, or that are damaged, are refused by all that would use them, and are not written over.
func TestProfileFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(file string) error
		says  string
	}{
		"others read it":        {func(file string) error { return os.Chmod(file, 0o640) }, "others can read"},
		"others read the place": {func(file string) error { return os.Chmod(filepath.Dir(file), 0o755) }, "others can read"},
		"it is cut off":         {func(file string) error { return os.Truncate(file, 20) }, "not what portico has written"},
		"it is something else":  {func(file string) error { return os.WriteFile(file, []byte("[]"), 0o600) }, "not what portico has written"},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			kept(t, home, profiles{"a", map[string]*profile{"a": profileOf("https://127.0.0.1:1", "a-secret")}})
			file := filepath.Join(home, "portico", "profiles.json")
			if err := c.spoil(file); err != nil {
				t.Fatal(err)
			}
			before := contents(t, home)
			env := map[string]string{"XDG_CONFIG_HOME": home}
			for _, line := range []string{"profile list", "profile show", "profile use a", "profile remove a", "logout", "token list", "call a",
				"login --user a --password-file -", "event tail"} {
				status, out, errs := runHere(t, env, "x", strings.Fields(line)...)
				if status != exitFailed || out != "" || !strings.Contains(errs, c.says) || strings.Contains(errs, "a-secret") {
					t.Errorf("%s: exit status %d\n%s%s", line, status, out, errs)
				}
			}
			if after := contents(t, home); after[file] != before[file] {
				t.Error("it was changed")
			}
		})
	}
}

// Of many who change the profiles at once none loses what another wrote, and none reads half of it.
func TestProfilesAtOnce(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p := kept(t, home, profiles{All: map[string]*profile{}})
	const many = 8
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			if err := p.changeProfiles(func(now *profiles) error {
				now.All[fmt.Sprint(i)] = profileOf("https://portal.example", strings.Repeat("x", 1000*i))
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := p.readProfiles(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	now, err := p.readProfiles()
	if err != nil || len(now.All) != many {
		t.Errorf("%d of %d are there: %v", len(now.All), many, err)
	}
	for path, text := range contents(t, home) {
		if strings.HasPrefix(text, "-") && !strings.HasPrefix(text, "-rw-------") || strings.Contains(path, unfinished) {
			t.Errorf("%s: %.10s", path, text)
		}
	}
}

// The token of a profile goes to the portal of the profile alone, whatever address is given; a token that is given goes anywhere.
func TestProfileToken(t *testing.T) {
	t.Parallel()
	asked := func(got *string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			*got = r.Header.Get("Authorization")
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":[]}`)
		}))
		t.Cleanup(s.Close)
		return s
	}
	var own, others string
	mine, other := asked(&own), asked(&others)
	home := t.TempDir()
	kept(t, home, profiles{"a", map[string]*profile{"a": profileOf(mine.URL, "first"), "b": profileOf(mine.URL, "second")}})
	for _, c := range []struct {
		env         string
		args        string
		own, others string
	}{
		{"", "", "Token first", ""},
		{"", "--url " + mine.URL + "/portal/", "Token first", ""},
		{"", "--url " + other.URL, "", ""},
		{"PORTICO_URL=" + other.URL, "", "", ""},
		{"PORTICO_PROFILE=b", "", "Token second", ""},
		{"PORTICO_PROFILE=b", "--profile a", "Token first", ""},
		{"PORTICO_TOKEN=given", "", "Token given", ""},
		{"PORTICO_TOKEN=given", "--url " + other.URL, "", "Token given"},
		{"PORTICO_TOKEN=given", "--token-file -", "Token piped", ""},
	} {
		own, others = "", ""
		name, value, _ := strings.Cut(c.env, "=")
		env := map[string]string{"XDG_CONFIG_HOME": home, name: value}
		status, out, errs := runHere(t, env, "piped\n", append([]string{"property", "list"}, strings.Fields(c.args)...)...)
		if status != exitOK || own != c.own || others != c.others {
			t.Errorf("%s %s: exit status %d, %q and %q were sent, want %q and %q\n%s%s", c.env, c.args, status, own, others, c.own, c.others, out, errs)
		}
	}
	status, _, errs := runHere(t, map[string]string{"XDG_CONFIG_HOME": home, "PORTICO_PROFILE": "c"}, "", "property", "list")
	if status != exitUsage || !strings.Contains(errs, `there is no profile "c"`) {
		t.Errorf("exit status %d, %s", status, errs)
	}
}

// A token that cannot be kept does not stay at the portal, and neither does the session.
func TestLoginCutOff(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	var revoked, left bool
	folder := filepath.Join(home, "portico")
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := `true`
		switch method := methodOf(t, r); method {
		case "auth/getCallerInfo":
			answer = `{"tokenLifetimeMs":1000}`
		case "apiToken/create":
			answer = `{"id":7}`
		case "apiToken/get":
			answer = `{"expiration":"2030-01-01T00:00:00.000Z"}`
		case "apiToken/download":
			answer = `{"token":"text"}`
			if err := os.WriteFile(folder, nil, 0o600); err != nil { // where the folder was to be
				t.Error(err)
			}
		case "apiToken/revoke":
			revoked = true
		case "logout":
			left = true
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":%s}`, answer)
	}))
	defer front.Close()
	status, out, errs := runHere(t, map[string]string{"XDG_CONFIG_HOME": home}, "x\n", "login", "--url", front.URL, "--user", "me", "--password-file", "-")
	if status != exitFailed || out != "" || !revoked || !left || strings.Contains(errs, "text") {
		t.Errorf("exit status %d, revoked %v, logged out %v\n%s%s", status, revoked, left, out, errs)
	}
}

func methodOf(t *testing.T, r *http.Request) string {
	var call struct{ Method string }
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		t.Error(err)
	}
	return call.Method
}
