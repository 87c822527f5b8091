package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// A clock for tests that is moved on makes a token's end near, of which a webhook tells; to its receiver the time is the real one.
func TestWebhookTellsOfExpiry(t *testing.T) {
	t.Parallel()
	type told struct{ stamp, what string }
	heard := make(chan told, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct {
			Type string
			Data struct{ Detail struct{ Name string } }
		}
		_ = json.NewDecoder(r.Body).Decode(&m)
		heard <- told{r.Header.Get("webhook-timestamp"), m.Type + " " + m.Data.Detail.Name}
	}))
	defer receiver.Close()
	p := serving(t, demoArgs(filepath.Join(t.TempDir(), "data"), "--test-control", "127.0.0.1:0")...)
	super, admin := p.mustLogin("super@portico.local", operatorPassword), p.mustLogin("admin@acme.example", demoPassword)
	call := func(method, params string, as header) (made struct{ ID int64 }) {
		t.Helper()
		res, body := p.post("/portal/rest/"+method, params, as)
		if err := json.Unmarshal([]byte(body), &made); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %s %s", method, res.Status, body)
		}
		return made
	}
	call("systemProperty/updateSystemProperty", `{"name":"portico.webhook.allowedNetworks","_update":{"value":"127.0.0.1/32"}}`, super)
	call("webhook/insertWebhook", fmt.Sprintf(`{"name":"expiry","url":%q,"events":["API_TOKEN_EXPIRING"]}`, receiver.URL), admin)
	token := call("apiToken/create", fmt.Sprintf(`{"name":"ci","lifetimeMs":%d}`, (30*24*time.Hour).Milliseconds()), admin)
	call("apiToken/download", fmt.Sprintf(`{"id":%d}`, token.ID), admin)
	turn(t, p, `{"advance":"600h"}`)
	select {
	case m := <-heard:
		at, err := strconv.ParseInt(m.stamp, 10, 64)
		if m.what != "API_TOKEN_EXPIRING ci" || err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute {
			t.Errorf("told %q at %s", m.what, m.stamp)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing was told")
	}
	p.stop()
}
