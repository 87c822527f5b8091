package portal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
)

// A directory is where logins live in these tests. Globex has nothing to ask, and Initech has configured none; all others have this
// one. What it says of a login is in its name, once the password is right: of locked, disabled, expired, change, down and busy. A
// fickle one is locked from the second time on.
type directory struct {
	mu         sync.Mutex
	tries      map[string]int        // by username
	asked      func(username string) // while it is asked
	configured *verify.Verifiers     // to ask what the tenants have configured
}

// right is the password of every login but those whose tests have others.
const right = "right horse 1"

func (d *directory) Of(ctx context.Context, in auth.Tenant) (verify.Verifier, error) {
	if d.configured != nil {
		return d.configured.Of(ctx, in)
	}
	switch in.Name {
	case "Globex":
		return unasked{}, nil
	case "Initech":
		return nil, verify.ErrNone
	}
	return d, nil
}

type unasked struct{}

func (unasked) Verify(context.Context, string, secret.Text) (verify.Outcome, error) {
	return verify.Unverified, nil
}

func (d *directory) Verify(_ context.Context, username string, password secret.Text) (verify.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tries == nil {
		d.tries = make(map[string]int)
	}
	d.tries[username]++
	if d.asked != nil {
		d.asked(username)
	}
	is := func(word string) bool { return strings.Contains(username, word) }
	switch {
	case is("down"):
		return verify.Unavailable, errors.New("dial tcp 192.0.2.53:636: connection refused")
	case is("busy"):
		return "", auth.TooMany(5e9)
	case strings.HasPrefix(string(password), "wrong"):
		return verify.Invalid, nil
	case is("disabled"):
		return verify.Disabled, nil
	case is("locked"), is("fickle") && d.tries[username] > 1:
		return verify.Locked, nil
	case is("expired"):
		return verify.Expired, nil
	case is("change"):
		return verify.MustChange, nil
	}
	return verify.OK, nil
}

// keep makes a credential of the administrator's organisation, over the wire.
func (h *house) keep(t testing.TB, admin, username string) int64 {
	t.Helper()
	return h.keepWith(t, admin, username, right)
}

func (h *house) keepWith(t testing.TB, admin, username, password string) int64 {
	t.Helper()
	var made struct{ ID int64 }
	h.good(t, h.session(t, admin), "credential/insertCredential", fmt.Sprintf(`{"username":%q,"password":%q}`, username, password), &made)
	return made.ID
}

// TestCredentialsTable: who may do what with which credential, and that one which is not his to see is to everybody as one that is
// not there, byte for byte.
func TestCredentialsTable(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	var svc struct {
		UserID                 int64
		ClientID, ClientSecret string
	}
	h.good(t, admin, "apiClient/insertApiClient", `{"clientId":"robot","roleId":12,"firstName":"R","lastName":"B"}`, &svc)
	app := func(name, privileges string) http.Header {
		var made struct{ ClientID, ClientSecret string }
		h.good(t, admin, "oauthApp/insertOauthApp", fmt.Sprintf(`{"name":%q,"scope":{"privileges":[%s]}}`, name, privileges), &made)
		return h.bearer(t, made.ClientID, made.ClientSecret)
	}
	callers := []http.Header{admin, h.session(t, "ops@acme"), h.session(t, "support@acme"), h.session(t, "readonly@acme"), h.session(t, "admin@globex"),
		app("Admin", `"CREATE:CREDENTIAL","READ:CREDENTIAL","UPDATE:CREDENTIAL","DELETE:CREDENTIAL"`), app("Reader", `"READ:CREDENTIAL"`),
		h.bearer(t, svc.ClientID, svc.ClientSecret), h.session(t, "super")}
	at := map[string]int64{"U": 999999, "X": h.keep(t, "admin@globex", "X")}
	for _, name := range []string{"A", "B", "C"} {
		at[name] = h.keep(t, "admin@acme", name)
	}
	var group struct{ ID int64 }
	h.good(t, admin, "userGroup/insertUserGroup", `{"name":"Readers"}`, &group)
	h.good(t, admin, "userGroup/addUserGroupMembers", fmt.Sprintf(`{"id":%d,"userIds":[%s]}`, group.ID, h.names["readonly_acme"]), nil)
	h.good(t, admin, "credential/shareCredentialWithUserGroup", fmt.Sprintf(`{"id":%d,"userGroupId":%d}`, at["B"], group.ID), nil)
	for _, id := range []string{h.names["support_acme"], fmt.Sprint(svc.UserID)} {
		h.good(t, admin, "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":%s}`, at["A"], id), nil)
	}
	table, err := os.ReadFile("testdata/credentials.table")
	must(t, err)
	serial := 0
	unseen := map[string]string{}                                                                 // what is answered of U, by method and caller
	for _, line := range slices.Backward(strings.Split(strings.TrimSpace(string(table)), "\n")) { // U before the others of a method
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != 2+len(callers) {
			t.Fatalf("%d cells in %q", len(words)-2, line)
		}
		method, target := words[0], words[1]
		for i, as := range callers {
			if target == "D" {
				serial++
				at["D"] = h.keep(t, "admin@acme", fmt.Sprint("D", serial))
			}
			serial++
			r := h.call(as, "credential/"+method, fmt.Sprintf(`{"enterpriseId":1,"id":%d,"view":"Full","username":"new%d","password":%[3]q,
				"_update":{"newPassword":%[3]q},"userId":%s,"userGroupId":%d,"purpose":"a test"}`, at[target], serial, right, userOf(h, method), filter(method, group.ID)))
			if target == "D" {
				h.good(t, admin, "credential/deleteCredential", fmt.Sprintf(`{"id":%d,"force":true}`, at["D"]), nil)
			}
			if method == "insertCredential" && r.Code == 0 {
				h.good(t, admin, "credential/deleteCredential", fmt.Sprintf(`{"id":%d}`, member(t, r, "id")), nil)
			}
			if got := inShort(t, r, at); got != words[2+i] {
				t.Errorf("%s of %s by caller %d: %s, want %s: %v", method, target, i, got, words[2+i], r)
			}
			key, answer := fmt.Sprint(method, i), fmt.Sprintf("%s %s", r.Result, r.Error)
			switch hidden := strings.Contains("-0n", words[2+i]); {
			case target == "U":
				unseen[key] = answer
			case hidden && target != "D" && target != "-" && answer != unseen[key]:
				t.Errorf("%s of %s by caller %d: %s, but of one that is not there: %s", method, target, i, answer, unseen[key])
			}
		}
	}
}

// userOf is with whom something is shared; lists are not asked for what is somebody's.
func userOf(h *house, method string) string {
	if method == "getCredentials" {
		return "0"
	}
	return h.names["ops_acme"]
}

func filter(method string, group int64) int64 {
	if method == "getCredentials" {
		return 0
	}
	return group
}

// member is a number in the result.
func member(t *testing.T, r reply, name string) int64 {
	t.Helper()
	var result map[string]any
	must(t, json.Unmarshal(r.Result, &result))
	n, _ := result[name].(float64)
	return int64(n)
}

// inShort is an answer as the table has it.
func inShort(t *testing.T, r reply, at map[string]int64) string {
	t.Helper()
	if r.Code != 0 {
		return map[int]string{-32002: "p", -32003: "t", -32004: "n", -32006: "c"}[r.Code]
	}
	var result any
	must(t, json.Unmarshal(r.Result, &result))
	view := func(c map[string]any) string {
		if _, full := c["status"]; full {
			return "f"
		}
		return "d"
	}
	switch v := result.(type) {
	case []any:
		out := "[]"
		for i, e := range v {
			c := e.(map[string]any)
			if i == 0 {
				out = view(c)
			}
			for _, name := range []string{"A", "B", "C", "X"} {
				if c["id"] == float64(at[name]) {
					out += name
				}
			}
		}
		return out
	case map[string]any:
		switch {
		case v["password"] == right:
			return "P"
		case v["outcome"] == "OK":
			return "ok"
		case v["rows"] != nil:
			return fmt.Sprint(v["rows"])
		}
		return view(v)
	}
	return "-"
}

// What takes TLS is refused in the clear before anything of it is looked at, also on the REST-like path, in a batch, and whatever
// a header says; that is told, and the password with it not.
func TestCredentialsTakeTLS(t *testing.T) {
	t.Parallel()
	h := build(t)
	admin := h.session(t, "admin@acme")
	id := h.keep(t, "admin@acme", "login")
	h.good(t, admin, "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":%s}`, id, h.names["admin_acme"]), nil)
	asked := h.logins.tries["login"]
	const refused = `"code":-32011,"message":"method [credential/`
	for _, call := range [][2]string{
		{"insertCredential", `{"username":"other","password":"right horse 1"}`}, {"insertCredential", `{"password":7}`},
		{"updateCredential", fmt.Sprintf(`{"id":%d,"_update":{"newPassword":"right horse 2"}}`, id)},
		{"useCredential", fmt.Sprintf(`{"id":%d,"purpose":"x"}`, id)},
	} {
		for path, body := range map[string]string{
			"/portal/rest/credential/" + call[0]: call[1],
			"/portal":                            fmt.Sprintf(`[{"jsonrpc":"2.0","id":1,"method":"credential/%s","params":%s}]`, call[0], call[1]),
		} {
			r := request(path, admin, body)
			r.Header.Set("X-Forwarded-Proto", "https") // of nobody who is trusted
			if w := h.answer(r); !strings.Contains(w.Body.String(), refused) || !strings.Contains(w.Body.String(), `"TLS_REQUIRED"`) {
				t.Errorf("%s %s: %s", path, call[0], w.Body)
			}
		}
	}
	if w := h.answer(request("/portal/rest/credential/getCredentials", admin, ``)); w.Code != http.StatusOK {
		t.Errorf("what carries no password: %s", w.Body)
	}
	if h.logins.tries["login"] != asked || h.logins.tries["other"] != 0 {
		t.Errorf("the directory was asked: %v", h.logins.tries)
	}
	told := h.told(t, acme(t, h), "CREDENTIAL_TLS_REFUSED")
	if len(told) != 3 || told[0].Actor != "admin@acme" {
		t.Errorf("told: %v", details(told))
	}
	if n := len(h.told(t, acme(t, h), "CREDENTIAL_USED")); n != 0 {
		t.Errorf("%d uses were told", n)
	}
}
