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
