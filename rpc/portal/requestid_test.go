package portal_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store/memory"
)

// TestRequestIDs: by whichever door a request comes, and however early it is refused, one number is in its answer, in each of its
// lines of the log, and in its events.
func TestRequestIDs(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log))
	as := h.session(t, "admin@acme")
	h.keep(t, "admin@acme", "CORP\\build") // so that there is a directory
	var client struct{ ClientSecret string }
	h.good(t, as, "apiClient/insertApiClient", `{"clientId":"robot","roleId":12,"firstName":"R","lastName":"B"}`, &client)
	two, foreign := as.Clone(), as.Clone()
	two["Authorization"] = []string{"Token a", "Token b"}
	foreign.Set("Sec-Fetch-Site", "cross-site")
	create := func(id int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"apiToken/create","params":{"name":"token %[1]d","lifetimeMs":60000}}`, id)
	}
	grant := "grant_type=client_credentials&client_id=robot&client_secret="
	const created = "CREATE_API_TOKEN"
	for _, c := range []struct {
		name, verb, path string
		as               http.Header
		body             string
		lines            int
		events           []string
	}{
		{"a call", "POST", "/portal", as, create(1), 1, []string{created}},
		{"a notification", "POST", "/portal/", as, strings.Replace(create(2), `"id":2,`, "", 1), 1, []string{created}},
		{"a batch", "POST", "/portal", as, "[" + create(3) + "," + create(4) + ",1]", 3, []string{created, created}},
		{"the twin", "POST", "/portal/rest/apiToken/create", as, `{"name":"five","lifetimeMs":60000}`, 1, []string{created}},
		{"a login that fails", "POST", "/portal/rest/login/enterpriseLogin", nil, `{"username":"ops@acme","password":"x"}`, 1, []string{"USER_LOGIN_FAILURE"}},
		{"on the page", "POST", "/login/enterpriseLogin", nil, "username=ops@acme&password=x", 1, nil}, // counted in the event of this minute
		{"OAuth", "POST", "/oauth2/token", nil, grant + client.ClientSecret, 1, []string{"ACCESS_TOKEN_ISSUED"}},
		{"OAuth, refused", "POST", "/oauth2/token", nil, grant + "x", 1, []string{"ACCESS_TOKEN_REFUSED"}},
		{"another product's path", "POST", "/v3/credentials", as, `{"username":"CORP\\other","password":"right horse 7"}`, 1, []string{"CREDENTIAL_CREATED"}},
		{"nobody", "POST", "/v3/credentials", nil, `{}`, 1, nil},
		{"an unknown method", "POST", "/portal/rest/no/such", as, "", 1, nil},
		{"no JSON", "POST", "/portal", as, "{", 1, nil},
		{"no JSON at another product's path", "POST", "/v3/credentials", as, "{", 1, nil},
		{"a long body", "POST", "/portal", as, strings.Repeat(" ", 1<<20+1), 1, nil},
		{"two credentials", "POST", "/portal", two, create(6), 1, nil},
		{"another site", "POST", "/portal", foreign, create(7), 1, nil},
		{"no path", "GET", "/nothing", nil, "", 1, nil},
		{"a wrong verb", "PUT", "/portal", as, "", 1, nil},
		{"a verb that is none", "BREW", "/oauth2/token", nil, "", 1, nil},
		{"options", "OPTIONS", "/portal", nil, "", 1, nil},
		{"a page", "GET", "/", nil, "", 1, nil},
		{"keys", "GET", "/oauth2/jwks.json", nil, "", 1, nil},
	} {
		log.text.Reset()
		r := request(c.path, c.as, c.body)
		r.Method, r.TLS = c.verb, &tls.ConnectionState{}
		id := h.answer(r).Header()["X-Request-Id"]
		if len(id) != 1 {
			t.Errorf("%s: X-Request-Id is %q", c.name, id)
			continue
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		for _, l := range lines {
			var line struct{ RequestID string }
			if err := json.Unmarshal([]byte(l), &line); err != nil || line.RequestID != id[0] {
				t.Errorf("%s: answered as %s, logged as %q", c.name, id[0], l)
			}
		}
		if len(lines) != c.lines {
			t.Errorf("%s: %d lines in the log, want %d", c.name, len(lines), c.lines)
		}
		if got := h.eventsOf(t, id[0]); !slices.Equal(got, c.events) {
			t.Errorf("%s: events %q of the request, want %q", c.name, got, c.events)
		}
	}
}

// eventsOf are the names of the events of a request, in Acme's record and the operator's.
func (h *house) eventsOf(t testing.TB, request string) (names []string) {
	t.Helper()
	for _, in := range []auth.Tenant{acme(t, h), auth.Network()} {
		page, err := h.accounts.Events(t.Context(), in, account.EventQuery{Start: h.clock().AddDate(-1, 0, 0), End: h.clock().AddDate(1, 0, 0)})
		must(t, err)
		for _, e := range page.Events {
			if e.RequestID == request {
				names = append(names, e.Name)
			}
		}
	}
	return names
}
