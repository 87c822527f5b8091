package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// machines are a service account and an app of Acme that may all that a superuser may, as callers.
func (h *house) machines(t testing.TB) (service, app http.Header) {
	t.Helper()
	as := h.session(t, "admin@acme")
	var made struct{ ClientID, ClientSecret string }
	h.good(t, as, "apiClient/insertApiClient", `{"clientId":"boss","roleId":9,"firstName":"B","lastName":"O"}`, &made)
	service = h.bearer(t, made.ClientID, made.ClientSecret)
	h.good(t, as, "oauthApp/insertOauthApp", `{"name":"Boss","scope":{"roleIds":[9]}}`, &made)
	return service, h.bearer(t, made.ClientID, made.ClientSecret)
}

// TestWhoIsTaken calls every method as a person, as a service account and as an app, and holds who is refused by kind against a
// table that was written by hand.
func TestWhoIsTaken(t *testing.T) {
	expected := methodTable(t, "testdata/principals.table", 3)
	h := build(t)
	service, app := h.machines(t)
	callers := []http.Header{h.session(t, "admin@acme"), service, app}
	var catalog []struct {
		Name                string
		Public              bool
		AllowPrincipleTypes []string
	}
	h.good(t, app, "system/getMethodCatalog", `{}`, &catalog)
	serial := 0
	for _, m := range catalog {
		want := expected(m.Name)
		if want == nil {
			t.Errorf("%s is in no line of the table", m.Name)
			continue
		}
		if m.Public || m.Name == "enterprise/deleteEnterprise" {
			continue // who calls is not looked at; nothing of the stage must go
		}
		for i, kind := range []string{"USER", "SERVICE_ACCOUNT", "APP"} {
			r := h.call(callers[i], m.Name, doorways[m.Name].fill(h, 9, atHome, &serial))
			refused := strings.Contains(string(r.Error), `"code":"PRINCIPAL_TYPE_NOT_ALLOWED"`)
			if taken := want[i] == "y"; taken == refused || r.Code == -32000 {
				t.Errorf("%s by %s: %v, want it taken: %v", m.Name, kind, r, taken)
			}
			if told := strings.Contains(strings.Join(m.AllowPrincipleTypes, " ")+" ", kind+" "); told == refused {
				t.Errorf("%s by %s: the catalog says %v", m.Name, kind, m.AllowPrincipleTypes)
			}
		}
	}
}

// methodTable answers what a table has for a method: so many cells, then a pattern of names; later lines win.
func methodTable(t *testing.T, file string, columns int) func(method string) (cells []string) {
	t.Helper()
	table, err := os.ReadFile(file)
	must(t, err)
	return func(method string) (cells []string) {
		for line := range strings.Lines(string(table)) {
			words := strings.Fields(line)
			if len(words) != columns+1 || words[0] == "#" {
				continue
			}
			if ok, err := path.Match(words[columns], method); ok && err == nil {
				cells = words[:columns]
			}
		}
		return cells
	}
}

// TestNoSecretOfAClientComesOut: those that are shown once are shown once, and neither they nor tokens are in the log, in events,
// or in the store.
func TestNoSecretOfAClientComesOut(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log).Level(zerolog.DebugLevel))
	as := h.session(t, "admin@acme")
	var texts []string
	secretOf := func(method, params string) (id, secret string) {
		t.Helper()
		var made struct {
			ID                     json.Number
			ClientID, ClientSecret string
		}
		h.good(t, as, method, params, &made)
		texts = append(texts, made.ClientSecret)
		return string(made.ID), made.ClientSecret
	}
	app, secret := secretOf("oauthApp/insertOauthApp", `{"name":"A","scope":{"roleIds":[12]}}`)
	client, _ := secretOf("apiClient/insertApiClient", `{"clientId":"backup","roleId":12,"firstName":"B","lastName":"U"}`)
	secretOf("oauthApp/rotateOauthAppSecret", `{"id":`+app+`}`)
	secretOf("oauthApp/regenerateOauthAppSecret", `{"id":`+app+`}`)
	secretOf("apiClient/rotateApiClientSecret", `{"id":`+client+`}`)
	_, last := secretOf("apiClient/regenerateApiClientSecret", `{"id":`+client+`}`)
	token, err := h.issue("backup", last)
	must(t, err)
	texts = append(texts, string(token.Text))
	var out strings.Builder
	say := func(as http.Header, method, params string) {
		w := h.post("/portal/rest/"+method, as, params)
		fmt.Fprintln(&out, w.Header(), w.Body)
	}
	bearer := http.Header{"Authorization": {"Bearer " + string(token.Text)}}
	say(bearer, "auth/getCallerInfo", `{}`)
	say(http.Header{"Authorization": {"Bearer " + string(token.Text) + "x"}}, "auth/getCallerInfo", `{}`)
	say(http.Header{"Authorization": {"Token " + last}}, "auth/getCallerInfo", `{}`)
	say(as, "apiClient/insertApiClient", `{"clientId":"`+last+`","roleId":12,"firstName":"B","lastName":"U"}`)
	say(as, "oauthApp/insertOauthAppGrant", `{"clientId":"`+secret+`","roleIds":[12]}`)
	for _, wrong := range [][]string{{"backup", secret}, {last, last}, {"backup", last + "x"}} {
		if _, err := h.issue(wrong...); err == nil {
			t.Error("a wrong secret opens")
		} else {
			fmt.Fprintln(&out, err)
		}
	}
	for _, with := range []string{`"secrets"`, `["secrets","grants"]`} {
		say(as, "oauthApp/getOauthApps", `{"with":`+with+`}`)
		say(as, "oauthApp/getOauthApp", `{"id":`+app+`,"with":`+with+`}`)
	}
	say(as, "apiClient/getApiClients", `{"with":"secrets"}`)
	say(as, "enterprise/getEnterpriseUsers", `{}`)
	must(t, h.tokens.Flush(context.Background(), true))
	must(t, h.clients.Flush(context.Background()))
	say(as, "event/getEnterpriseEvents", `{}`)
	say(h.session(t, "super"), "event/getOperatorEvents", `{}`)
	look := func(where string, b []byte) {
		for i, text := range texts {
			if bytes.Contains(b, []byte(text[len(text)-20:])) {
				t.Errorf("%s: text %d is in it", where, i)
			}
		}
	}
	look("answers", []byte(out.String()))
	look("log", []byte(log.String()))
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			look("store", append(key[:len(key):len(key)], value...))
			return true, nil
		})
	}))
	if bearer := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(bearer, string(token.Text)) {
		t.Error("an access token prints itself")
	}
}

// TestServiceAccountsOfOthers: partners and the operator have API clients too, which their methods for users refuse to change.
func TestServiceAccountsOfOthers(t *testing.T) {
	h := build(t)
	for _, c := range []struct{ who, role, list, get, update, remove string }{
		{"admin@northwind", "6", "enterpriseProxy/getEnterpriseProxyUsers", "enterpriseProxy/getEnterpriseProxyUser", "enterpriseProxy/updateEnterpriseProxyUser", "enterpriseProxy/deleteEnterpriseProxyUser"},
		{"super", "2", "network/getNetworkOperatorUsers", "operatorUser/getOperatorUser", "operatorUser/updateOperatorUser", "operatorUser/deleteOperatorUser"},
	} {
		as := h.session(t, c.who)
		var made struct {
			ID, UserID   int64
			ClientSecret string
		}
		h.good(t, as, "apiClient/insertApiClient", `{"clientId":"svc`+c.role+`","roleId":`+c.role+`,"firstName":"B","lastName":"U"}`, &made)
		var list []struct {
			ID               int64
			IsServiceAccount bool
			APIClientID      *int64
		}
		h.good(t, as, c.list, `{"userKind":"SERVICE_ACCOUNT"}`, &list)
		if len(list) != 1 || list[0].ID != made.UserID || !list[0].IsServiceAccount || *list[0].APIClientID != made.ID {
			t.Errorf("%s lists %+v", c.list, list)
		}
		h.good(t, as, c.list, `{"userKind":["HUMAN"]}`, &list)
		if len(list) != 4 {
			t.Errorf("%s lists %d persons", c.list, len(list))
		}
		for kind, want := range map[string]bool{"HUMAN": false, "SERVICE_ACCOUNT": true} {
			r := h.call(as, c.get, fmt.Sprintf(`{"id":%d,"userKind":%q}`, made.UserID, kind))
			if found := string(r.Result) != "null"; r.Code != 0 || found != want {
				t.Errorf("%s of kind %s: %v", c.get, kind, r)
			}
		}
		for method, params := range map[string]string{
			c.update: `{"id":%d,"_update":{"firstName":"x"}}`,
			c.remove: `{"id":%d}`,
			"operatorUser/setOperatorUserBastionState": `{"operatorUserId":%d,"bastionState":"STAGE_REQUESTED"}`,
		} {
			r := h.call(as, method, fmt.Sprintf(params, made.UserID))
			if r.Code != -32008 && !(r.Code == -32003 && c.who != "super") {
				t.Errorf("%s: %v", method, r)
			}
		}
		var who struct{ UserType, Username string }
		h.good(t, h.bearer(t, "svc"+c.role, made.ClientSecret), "auth/getCallerInfo", `{}`, &who)
		if who.Username != "service-account-svc"+c.role {
			t.Errorf("it is %+v", who)
		}
	}
}
