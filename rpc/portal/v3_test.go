package portal_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/store/memory"
)

// v3Table is who gets which status at the paths of the credentials product, written by hand. $c is a credential of Acme that is
// shared with ops (shared) and with a group of support (grouped), $u is ops, $g the group. The operator and the last one, the
// administrator of Globex, name Acme in the query.
const v3Table = `
                                          admin service keeper shared grouped other reader foreign operator named nobody
GET    /v3/credentials                    200   200     200    200    200     200   200    200     401      404   401
POST   /v3/credentials                    200   200     200    401    401     401   401    200     401      404   401
GET    /v3/credentials/$c                 200   200     200    200    200     404   404    404     401      404   401
PUT    /v3/credentials/$c                 200   200     200    401    401     401   401    404     401      404   401
POST   /v3/credentials/$c/users           200   200     200    401    401     401   401    404     401      404   401
DELETE /v3/credentials/$c/users/$u        200   200     200    401    401     401   401    404     401      404   401
POST   /v3/credentials/$c/userGroups      200   200     200    401    401     401   401    404     401      404   401
DELETE /v3/credentials/$c/userGroups/$g   200   200     200    401    401     401   401    404     401      404   401
DELETE /v3/credentials/$c                 200   200     200    401    401     401   401    404     401      404   401
`

// TestV3Table makes each request as each caller, on a credential of its own, below one of the two bases. Nobody is told a
// credential that he may not see from one that never was.
func TestV3Table(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	var group, made struct {
		ID                     int64
		ClientID, ClientSecret string
	}
	h.good(t, admin, "userGroup/insertUserGroup", `{"name":"Builders"}`, &group)
	h.good(t, admin, "userGroup/addUserGroupMembers", fmt.Sprintf(`{"id":%d,"userIds":[%s]}`, group.ID, h.names["support_acme"]), nil)
	service, keeper := h.machines(t)
	h.good(t, admin, "oauthApp/insertOauthApp", `{"name":"Reader","scope":{"privileges":["READ:CREDENTIAL"]}}`, &made)
	callers := map[string]http.Header{
		"admin": admin, "service": service, "keeper": keeper, "reader": h.bearer(t, made.ClientID, made.ClientSecret),
		"shared": h.session(t, "ops@acme"), "grouped": h.session(t, "support@acme"), "other": h.session(t, "readonly@acme"),
		"foreign": h.session(t, "admin@globex"), "named": h.session(t, "admin@globex"), "operator": h.session(t, "super"), "nobody": nil,
	}
	lines := strings.Split(strings.TrimSpace(v3Table), "\n")
	names := strings.Fields(lines[0])
	for i, line := range lines[1:] {
		cells := strings.Fields(line)
		for j, name := range names {
			login := fmt.Sprintf("CORP\\login%d-%d", i, j)
			id := h.keep(t, "admin@acme", login)
			h.good(t, admin, "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":%s}`, id, h.names["ops_acme"]), nil)
			h.good(t, admin, "credential/shareCredentialWithUserGroup", fmt.Sprintf(`{"id":%d,"userGroupId":%d}`, id, group.ID), nil)
			request := func(c int64) *httptest.ResponseRecorder {
				fill := strings.NewReplacer("$c", fmt.Sprint(c), "$u", h.names["ops_acme"], "$g", fmt.Sprint(group.ID))
				path := []string{"", "/webapi"}[(i+j)%2] + fill.Replace(cells[1]) + "?force=true"
				if name == "operator" || name == "named" {
					path += "&enterpriseId=1"
				}
				body := fmt.Sprintf(`{"username":%q,"password":%q,"newPassword":%[2]q,"userId":%[3]q,"userGroupId":"%[4]d"}`,
					login+"x", right, h.names["ops_acme"], group.ID)
				return h.v3(cells[0], path, callers[name], body)
			}
			w := request(id)
			if fmt.Sprint(w.Code) != cells[j+2] {
				t.Errorf("%s %s as %s: %d %s, want %s", cells[0], cells[1], name, w.Code, w.Body, cells[j+2])
			}
			if unknown := request(999999); w.Code != 200 && (unknown.Code != w.Code || unknown.Body.String() != w.Body.String()) {
				t.Errorf("%s %s as %s: %d %s, but %d %s when there is none", cells[0], cells[1], name, w.Code, w.Body, unknown.Code, unknown.Body)
			}
			if strings.Contains(w.Body.String(), right) {
				t.Errorf("%s %s as %s: the answer has the password: %s", cells[0], cells[1], name, w.Body)
			}
		}
	}
}

// v3 makes one request over TLS.
func (h *house) v3(verb, path string, as http.Header, body string) *httptest.ResponseRecorder {
	r := request(path, as, body)
	r.Method, r.TLS = verb, &tls.ConnectionState{}
	return h.answer(r)
}

// TestV3TakesTLS: what carries a password is refused in the clear, before anything of it is looked at, and recorded. All else is
// not, and no password is in the log.
func TestV3TakesTLS(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log))
	admin := h.session(t, "admin@acme")
	id := h.keep(t, "admin@acme", "CORP\\build")
	tried := h.logins.tries["CORP\\build"]
	one := fmt.Sprintf("/v3/credentials/%d", id)
	for _, c := range []struct {
		verb, path, body string
		status           int
	}{
		{"POST", "/v3/credentials", `{"username":"CORP\\other","password":"right horse 7"}`, 400},
		{"POST", "/v3/credentials", `{`, 400},
		{"PUT", one, `{"newPassword":"right horse 7"}`, 400},
		{"PUT", "/v3/credentials/x", "", 400},
		{"GET", "/v3/credentials", "", 200},
		{"GET", one, "", 200},
		{"POST", one + "/users", `{"userId":` + h.names["ops_acme"] + `}`, 200},
		{"DELETE", one + "/users/" + h.names["ops_acme"], "", 200},
		{"DELETE", one, "", 200},
	} {
		r := request(c.path, admin, c.body)
		r.Method = c.verb
		w := h.answer(r)
		if w.Code != c.status || (c.status == 400) != strings.Contains(w.Body.String(), `takes TLS; a secret that was sent without it should be replaced"`) {
			t.Errorf("%s %s: %d %s", c.verb, c.path, w.Code, w.Body)
		}
	}
	if n := h.logins.tries["CORP\\build"] - tried + h.logins.tries["CORP\\other"]; n != 0 {
		t.Errorf("the directory was asked %d times", n)
	}
	events := h.post("/portal/rest/event/getEnterpriseEvents", admin, `{}`).Body.String()
	if !strings.Contains(events, "CREDENTIAL_TLS_REFUSED") {
		t.Errorf("nothing of it is in the record: %s", events)
	}
	for _, text := range []string{"right horse 7", right} {
		if strings.Contains(log.String()+events, text) {
			t.Errorf("%q is in the log or in the record", text)
		}
	}
}

// TestV3Hostile: nothing that is sent to these paths is our fault, whoever sends it.
func TestV3Hostile(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	id := fmt.Sprint(h.keep(t, "admin@acme", "CORP\\build"))
	long := strings.Repeat("9", 1<<12)
	for _, c := range []struct {
		verb, path, body string
		want             int
	}{
		{"GET", "/v3/credentials/" + long, "", 404},
		{"GET", "/v3/credentials/" + id + "%00", "", 404},
		{"GET", "/v3/credentials/%2e%2e/" + id, "", 404},
		{"GET", "/v3/credentials//" + id + "//", "", 200},
		{"GET", "/v3/credentials/" + id + "?enterpriseId=" + long, "", 400},
		{"GET", "/v3/credentials?userId=" + long, "", 400},
		{"GET", "/v3/credentials?userId=-1&userGroupId=-1", "", 200},
		{"GET", "/v3/credentials?view=%ff", "", 400},
		{"GET", "/v3/credentials?" + strings.Repeat("&", 1<<12), "", 200},
		{"GET", "/v3/credentials?a;b", "", 400},
		{"POST", "/v3/credentials", strings.Repeat("[", 1<<16), 400},
		{"POST", "/v3/credentials", `{"username":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
		{"POST", "/v3/credentials", `{"username":"` + strings.Repeat("x", 256) + `","password":"x"}`, 400},
		{"POST", "/v3/credentials", `{"username":"x","password":"` + strings.Repeat("x", 257) + `"}`, 400},
		{"POST", "/v3/credentials", `{"username":{"a":1},"password":[]}`, 400},
		{"POST", "/v3/credentials", `{"username":"a","password":"b","enterpriseId":2}`, 200}, // named in the query alone
		{"PUT", "/v3/credentials/" + id, `{"newPassword":null}`, 400},
		{"PUT", "/v3/credentials/" + id, `{"_update":{"newPassword":"right horse 9"}}`, 400},
		{"POST", "/v3/credentials/" + id + "/users", `{"userId":1e400}`, 400},
		{"POST", "/v3/credentials/" + id + "/users", `{"userId":-1}`, 404},
		{"POST", "/v3/credentials/" + id + "/users", `{"userId":["1"]}`, 400},
		{"POST", "/v3/credentials/" + id + "/users", `{"userId":true}`, 400},
		{"POST", "/v3/credentials/" + id + "/users", `{"userId":"1","uſerId":"2"}`, 400},
		{"DELETE", "/v3/credentials/" + id + "/users/" + long, "", 404},
	} {
		w := h.v3(c.verb, c.path, admin, c.body)
		if w.Code != c.want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %.60s %.60s: %d %.200s, want %d", c.verb, c.path, c.body, w.Code, w.Body, c.want)
		}
	}
}

// TestV3Readme: the README has each path, and the method that is called at it.
func TestV3Readme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	must(t, err)
	for _, p := range portal.Paths() {
		row := regexp.MustCompile(`(?m)^\| .` + regexp.QuoteMeta(p.Verb+" /"+strings.TrimPrefix(p.Pattern, "webapi/")) + "` .*`" + p.Method + "` ")
		if n := len(row.FindAll(readme, -1)); n != 1 {
			t.Errorf("%s /%s, %s: %d rows of the README have it", p.Verb, p.Pattern, p.Method, n)
		}
	}
}
