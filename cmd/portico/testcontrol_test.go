package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const controlLine = `"listen":"([^"]+)",[^\n]*"message":"test control"`

// turn tells a portal's clock what to be, and answers what it is then.
func turn(t *testing.T, p *process, body string) (status int, is clockState, text string) {
	t.Helper()
	status, text = control(t, p, http.MethodPut, "/clock", body)
	_ = json.Unmarshal([]byte(text), &is)
	return status, is, text
}

// TestTestClock: a token ends, a user who is locked out is let in again, and a stopped clock stands, in no time.
func TestTestClock(t *testing.T) {
	t.Parallel()
	p := serving(t, demoArgs(filepath.Join(t.TempDir(), "data"), "--test-control", "127.0.0.1:0")...)
	admin := p.mustLogin("admin@acme.example", demoPassword)
	made := func(lifetime time.Duration) header {
		_, body := p.post("/portal/rest/apiToken/create", fmt.Sprintf(`{"name":"%v","lifetimeMs":%d}`, lifetime, lifetime.Milliseconds()), admin)
		var id struct{ ID int64 }
		_ = json.Unmarshal([]byte(body), &id)
		_, body = p.post("/portal/rest/apiToken/download", fmt.Sprintf(`{"id":%d}`, id.ID), admin)
		var text struct{ Token string }
		if err := json.Unmarshal([]byte(body), &text); err != nil || text.Token == "" {
			t.Fatalf("%v: %s", err, body)
		}
		return header{"Authorization", "Token " + text.Token}
	}
	day, week := made(24*time.Hour), made(7*24*time.Hour)
	lives := func(token header) bool {
		_, body := p.post("/portal/rest/enterprise/getEnterprise", "{}", token)
		return !strings.Contains(body, "error")
	}

	status, stopped, text := turn(t, p, `{"frozen":true}`)
	if status != 200 || stopped.Frozen == nil || !*stopped.Frozen {
		t.Fatalf("stopped: %d %s", status, text)
	}
	if _, still, _ := turn(t, p, `{}`); still.Now == nil || !still.Now.Equal(*stopped.Now) {
		t.Errorf("a stopped clock goes from %v to %v", stopped.Now, still.Now)
	}
	if _, is, _ := turn(t, p, `{"advance":"23h"}`); !is.Now.Equal(stopped.Now.Add(23*time.Hour)) || !lives(day) || !lives(week) {
		t.Errorf("after 23 hours it is %v, and a token of a day is dead", is.Now)
	}
	if turn(t, p, `{"advance":"2h"}`); lives(day) || !lives(week) {
		t.Error("after 25 hours a token of a day lives, or one of a week does not")
	}
	if _, is, _ := turn(t, p, fmt.Sprintf(`{"now":%q,"frozen":false}`, stopped.Now.Add(8*24*time.Hour).Format(time.RFC3339))); *is.Frozen || lives(week) {
		t.Error("after 8 days the clock stands, or a token of a week lives")
	}

	for range 12 {
		p.login("ops@acme.example", "wrong")
	}
	if p.login("ops@acme.example", demoPassword) != "" {
		t.Error("nobody is locked out")
	}
	turn(t, p, `{"advance":"24h"}`)
	if p.login("ops@acme.example", demoPassword) == "" {
		t.Error("after a day a user is still locked out")
	}

	for _, body := range []string{`{"advance":"-1h"}`, `{"now":"2001-01-01T00:00:00Z"}`, `{"advance":"soon"}`, `{"nu":1}`, `{"now":"2099-01-01T00:00:00Z","advance":"1h"}`, `[`} {
		if status, _, text := turn(t, p, body); status != 400 {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	for name, value := range map[string]string{"Host": "evil.example", "Origin": "http://127.0.0.1"} {
		req, _ := http.NewRequest(http.MethodGet, "http://"+p.logged(controlLine)+"/clock", nil)
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
		if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != 403 {
			t.Errorf("%s %s: %v %v", name, value, res, err)
		} else {
			res.Body.Close()
		}
	}
	p.stop()
}

// What a seed takes may be longer than any call's time to arrive and to be answered: neither cuts it off.
func TestTestControlTakesItsTime(t *testing.T) {
	t.Parallel()
	const short = 20 * time.Millisecond
	made := make(chan error, 1)
	s := httptest.NewUnstartedServer(controlFunc(func(ctx context.Context, body []byte) (any, error) {
		select {
		case <-ctx.Done():
		case <-time.After(5 * short):
		}
		made <- ctx.Err()
		return string(body), nil
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = short, short
	s.Start()
	defer s.Close()
	res, err := http.Post(s.URL, "", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if string(answer) != "\"x\"\n" || err != nil {
		t.Errorf("answered %q, %v", answer, err)
	}
	if err := <-made; err != nil {
		t.Errorf("it was cut off: %v", err)
	}
}

func TestTestControlIsRefused(t *testing.T) {
	t.Parallel()
	for why, args := range map[string][]string{
		"loopback": serveArgs(filepath.Join(t.TempDir(), "data"), "--demo", "--test-control", "0.0.0.0:0"),
		"--demo":   serveArgs(filepath.Join(t.TempDir(), "data"), "--test-control", "127.0.0.1:0"),
		"address":  serveArgs(filepath.Join(t.TempDir(), "data"), "--demo", "--test-control", "nonsense"),
	} {
		if status, _, errs := runHere(t, nil, "", args...); status != exitUsage || !strings.Contains(errs, why) {
			t.Errorf("%v: exit status %d, %s", args, status, errs)
		}
	}
}
