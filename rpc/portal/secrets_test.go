package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A logbook keeps what is logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// canaries are secrets that are looked for afterwards, wherever they must not be.
type canaries struct {
	n   int
	all map[string]string // where it was put, by text
}

// sing makes a canary; it is good as a password.
func (c *canaries) sing(where string) string {
	c.n++
	text := fmt.Sprintf("Canary%dzQx7", 1000+c.n)
	c.all[text] = where
	return text
}

func (c *canaries) lookIn(t *testing.T, what, text string) {
	t.Helper()
	for canary, where := range c.all {
		if strings.Contains(text, canary) || strings.Contains(text, url.QueryEscape(canary)) {
			i := strings.Index(text, canary)
			t.Errorf("%s: the secret from %s is in it: ...%q...", what, where, text[max(0, i-80):min(len(text), i+60)])
		}
	}
}

// Secrets in every field that takes one, in fields that do not, in forms that cannot be read: none comes out again.
func TestNoSecretComesOut(t *testing.T) {
	var log logbook
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	h := buildOn(t, db, zerolog.New(&log).Level(zerolog.DebugLevel))
	c := &canaries{all: map[string]string{}}
	admin, super := h.session(t, "admin@acme"), h.session(t, "super")
	var out strings.Builder // all answers in which no secret belongs
	say := func(as http.Header, path, body string) {
		w := h.post(path, as, body)
		fmt.Fprintln(&out, w.Code, w.Header(), w.Body)
		if w.Code >= 500 && !strings.Contains(w.Body.String(), "-32012") {
			t.Errorf("%s %.200s: %d %s", path, body, w.Code, w.Body)
		}
	}
	rest := func(as http.Header, method, format string, where ...string) {
		secrets := make([]any, len(where))
		for i, w := range where {
			secrets[i] = c.sing(method + " " + w)
		}
		say(as, "/portal/rest/"+method, fmt.Sprintf(format, secrets...))
		for i := range secrets {
			secrets[i] = c.sing(method + " by JSON-RPC " + where[i])
		}
		say(as, "/portal", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, fmt.Sprintf(format, secrets...)))
	}

	// Logins: as a password, in the place of the name, in forms, broken, too long.
	for _, path := range []string{"login/operatorLogin", "login/enterpriseLogin"} {
		rest(nil, path, `{"username":"super","password":%q,"password2":%q,"email":%q}`, "password", "password2", "email")
		rest(nil, path, `{"username":%q,"password":"x"}`, "username")
		rest(nil, path, `{"username":"super","password":{"x":%q}}`, "an object for a password")
		rest(nil, path, `{"username":"super","password":["%s"]}`, "a list for a password")
		rest(nil, path, `{"username":"super","password":%q`, "JSON without an end")
		rest(nil, path, `{"username":"super","password":%q,"password":"x"}`, "a member twice")
		rest(nil, path, `{"username":"super","%s":1}`, "a name of a member")
		rest(nil, path, `{"username":"super","password":"%s`+strings.Repeat("x", 1<<20)+`"}`, "more than 1 MiB")
		rest(nil, path, `{"username":"super","password":"%s`+strings.Repeat("x", 1<<18)+`"}`, "a long password")
		rest(nil, path, `{"username":"%s`+strings.Repeat("x", 1<<18)+`","password":"x"}`, "a long name")
		say(nil, "/"+path, "username=super&password="+c.sing("a form"))
		say(nil, "/"+path, "username=super&password=%zz"+c.sing("a broken form"))
		say(nil, "/"+path, c.sing("neither a form nor JSON"))
	}
	// Headers that sign in.
	for _, scheme := range []string{"Token ", "Bearer ", "Basic ", "Token: ", ""} {
		say(http.Header{"Authorization": {scheme + c.sing("Authorization "+scheme)}}, "/portal/rest/system/getVersionInfo", ``)
		say(http.Header{"Authorization": {scheme + c.sing("Authorization "+scheme)}}, "/portal", `{"jsonrpc":"2.0","id":1,"method":"nonsense"}`)
	}
	say(http.Header{"Cookie": {"velocloud.session=" + c.sing("Cookie")}}, "/portal/rest/system/getVersionInfo", ``)
	say(http.Header{"Cookie": {"velocloud.session=%zz" + c.sing("a broken Cookie")}}, "/logout", ``)
	// Names of methods, paths, ids that are none.
	say(admin, "/portal", `{"jsonrpc":"2.0","id":1,"method":"`+c.sing("method")+`"}`)
	say(admin, "/portal/rest/"+c.sing("path"), `{}`)
	say(nil, "/portal/rest/login/"+c.sing("path of a login"), `{}`)
	say(nil, "/"+c.sing("path of nothing"), `{}`)
	say(admin, "/portal", `{"jsonrpc":"2.0","id":{"x":"`+c.sing("id")+`"},"method":"x"}`)
	say(admin, "/portal", `{"jsonrpc":"`+c.sing("version")+`","id":1,"method":"x"}`)
	say(admin, "/portal", c.sing("not JSON"))
	say(admin, "/portal", `[`+strings.Repeat(`[`, 100)+`"`+c.sing("too deep")+`"`)

	// Users.
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"x@acme","password":"s","password2":%q,"roleId":10}`, "password2")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"x@acme","password":%q,"password2":%q,"roleId":10}`, "password", "password2")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"ops@acme","password":%q,"roleId":10}`, "password of a taken name")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"y@acme","password":%q,"roleId":%q}`, "password", "roleId")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"y@acme","password":%q,"roleId":1,"accessLevel":%q}`, "password", "accessLevel")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"y@acme","password":"%s`+strings.Repeat("x", 300)+`","roleId":10}`, "a long password")
	rest(admin, "enterprise/insertEnterpriseUser", `{"username":"y@acme","password":%q,"isActive":%q,"roleId":10}`, "password", "isActive")
	rest(super, "operatorUser/insertOperatorUser", `{"username":"newop","password":%q,"roleId":3}`, "password")
	rest(super, "enterpriseProxy/insertEnterpriseProxy", `{"name":"P","user":{"username":"a@p","password":%q,"password2":%q}}`, "password", "password2")
	rest(super, "enterprise/insertEnterprise", `{"name":"N","configurationId":1,"user":{"username":"a@n","password":%q,"password2":%q}}`, "password", "password2")
	good := c.sing("a password that is set")
	say(admin, "/portal/rest/enterprise/insertEnterpriseUser", `{"username":"good@acme","password":"`+good+`","password2":"`+good+`","roleId":10}`)
	h.foreign(t, "readonly@acme")
	h.directory(t, `{"kind":"test","outcomes":{"readonly@acme":"OK"}}`)
	there := c.sing("a password that a directory keeps")
	say(nil, "/portal/rest/login/enterpriseLogin", `{"username":"readonly@acme","password":"`+there+`"}`)
	say(h.sessionUsing(t, "readonly@acme", there), "/portal/rest/enterpriseUser/updateEnterpriseUser", `{"username":"readonly@acme","currentPassword":"`+there+`","_update":{"email":"r@mail.example"}}`)
	say(admin, "/portal/rest/enterprise/insertEnterpriseUser", `{"username":"their@acme","password":"`+c.sing("a password that is not kept")+`","roleId":10,"isNative":false}`)
	h.directory(t, `{"kind":"test","outcomes":{"readonly@acme":"LOCKED"}}`)
	rest(nil, "login/enterpriseLogin", `{"username":"readonly@acme","password":%q}`, "a password that a directory refuses")
	h.directory(t, `{"kind":"test","outcomes":{"readonly@acme":"UNAVAILABLE"}}`)
	say(nil, "/portal", `{"jsonrpc":"2.0","method":"login/enterpriseLogin","params":{"username":"readonly@acme","password":"`+c.sing("a password that nobody could check")+`"}}`)
	ops := h.names["ops_acme"]
	rest(admin, "enterpriseUser/updateEnterpriseUser", `{"id":`+ops+`,"currentPassword":%q,"_update":{"password":%q,"password2":%q}}`, "currentPassword", "password", "password2")
	rest(admin, "enterpriseUser/updateEnterpriseUser", `{"id":`+h.names["admin_acme"]+`,"currentPassword":%q,"_update":{"password":%q,"email":%q}}`, "currentPassword", "password", "email that is refused")
	rest(admin, "enterpriseUser/updateEnterpriseUser", `{"id":`+ops+`,"currentPassword":[%q],"_update":{"password":[%q]}}`, "currentPassword", "password")
	set := c.sing("a password that is changed")
	say(admin, "/portal/rest/enterpriseUser/updateEnterpriseUser", `{"id":`+ops+`,"_update":{"password":"`+set+`"}}`)
	opsSession := h.sessionUsing(t, "ops@acme", set)
	c.all[strings.TrimPrefix(strings.SplitN(opsSession.Get("Cookie"), ";", 2)[0], "velocloud.session=")] = "a session"

	// What one does about his own password and second factor, and properties of tenants.
	rest(opsSession, "password/change", `{"currentPassword":%q,"password":%q,"password2":%q}`, "currentPassword", "password", "password2")
	rest(opsSession, "secondFactor/enroll", `{"currentPassword":%q}`, "currentPassword")
	rest(opsSession, "secondFactor/remove", `{"currentPassword":%q}`, "currentPassword")
	rest(opsSession, "secondFactor/confirm", `{"code":%q}`, "code")
	rest(admin, "enterprise/insertOrUpdateEnterpriseProperty", `{"name":"hidden","value":%q,"isPassword":true}`, "value of a password")
	rest(admin, "enterprise/insertOrUpdateEnterpriseProperty", `{"name":"vco.enterprise.authentication.mode","value":%q}`, "value that is refused")
	rest(admin, "enterprise/getEnterpriseProperty", `{"name":"hidden"}`)

	// Tokens: texts that live, texts that died, and halves of them.
	for i := range 3 {
		_, text := h.enabled(t, opsSession, fmt.Sprint("t", i), time.Hour)
		c.all[text] = "an API token"
		c.all[strings.Split(text, ".")[2]] = "the signature of an API token"
		c.all[claimsOf(t, text)["nonce"].(string)] = "the nonce of an API token"
		say(bearing(text), "/portal/rest/enterprise/getApiTokens", ``)
		say(bearing(text+"x"), "/portal/rest/apiToken/list", ``)
		say(opsSession, "/portal/rest/enterprise/refreshApiToken", `{"apiToken":"`+text+`x"}`)
		say(opsSession, "/portal/rest/apiToken/refresh", `{"apiToken":["`+text+`"]}`)
		say(admin, "/portal/rest/apiToken/refresh", `{"apiToken":"`+text+`"}`)
		say(opsSession, "/portal/rest/apiToken/download", `{"id":"`+text+`"}`)
		say(opsSession, "/portal", `{"jsonrpc":"2.0","id":1,"method":"`+text+`"}`)
	}
	rest(opsSession, "apiToken/refresh", `{"apiToken":%q}`, "apiToken")

	// SSH keys: a private half, its passphrase, and one that was taken for a public half.
	rest(opsSession, "sshConfig/generateSshKey", `{"passPhrase":%q,"expire":0}`, "passPhrase")
	rest(opsSession, "sshConfig/generateSshKey", `{"passPhrase":[%q]}`, "passPhrase in a list")
	rest(opsSession, "sshConfig/importSshKey", `{"publicKey":%q}`, "publicKey")
	var made struct{ Key string }
	h.good(t, opsSession, "sshConfig/generateSshKey", fmt.Sprintf(`{"passPhrase":%q}`, c.sing("a passphrase that is used")), &made)
	c.all[strings.Split(made.Key, "\n")[2]] = "a private SSH key"
	rest(opsSession, "sshConfig/importSshKey", `{"publicKey":"-----BEGIN OPENSSH PRIVATE KEY-----\n%s"}`, "publicKey")
	say(opsSession, "/portal/rest/sshConfig/getEnterpriseUserSSHKey", ``)
	rest(admin, "enterprise/encodeEnterpriseKey", `{"key":%q}`, "key")
	rest(admin, "enterprise/encodeEnterpriseKey", `{"key":"%s`+strings.Repeat("x", 5000)+`"}`, "a long key")
	rest(admin, "enterprise/decodeEnterpriseKey", `{"key":%q}`, "key")
	var box struct{ Key string }
	h.good(t, admin, "enterprise/encodeEnterpriseKey", fmt.Sprintf(`{"key":%q}`, c.sing("a key that is decoded")), &box)
	h.good(t, admin, "enterprise/decodeEnterpriseKey", fmt.Sprintf(`{"key":%q}`, box.Key), nil)
	// Properties that are passwords.
	rest(super, "systemProperty/insertOrUpdateSystemProperty", `{"name":"secret.one","value":%q,"defaultValue":%q,"isPassword":true}`, "value", "defaultValue")
	rest(super, "systemProperty/updateSystemProperty", `{"name":"secret.one","_update":{"value":%q}}`, "value")
	rest(super, "systemProperty/updateSystemProperty", `{"name":"secret.one","_update":{"value":%q,"dataType":"NUMBER"}}`, "a value that is refused")

	// Credentials: kept, refused, unreadable, of directories that are down, and one that is handed out.
	for _, username := range []string{"kept", "kept", "locked", "down", "busy"} {
		rest(admin, "credential/insertCredential", `{"username":"`+username+`","password":%q,"description":"d"}`, "password of "+username)
	}
	rest(admin, "credential/insertCredential", `{"username":"x","password":"%s`+strings.Repeat("x", 300)+`"}`, "a long password")
	rest(admin, "credential/insertCredential", `{"username":"x","password":[%q]}`, "a list for a password")
	rest(admin, "credential/insertCredential", `{"username":" x","password":%q}`, "password beside a bad username")
	rest(admin, "credential/insertCredential", `{"password":%q}`, "password without a username")
	login := h.keepWith(t, "admin@acme", "handed out", c.sing("a password that is handed out"))
	one := fmt.Sprintf(`{"id":%d,`, login)
	rest(admin, "credential/updateCredential", one+`"_update":{"newPassword":%q}}`, "newPassword")
	rest(admin, "credential/updateCredential", one+`"_update":{"newPassword":%q,"username":"x"}}`, "newPassword of another")
	rest(admin, "credential/updateCredential", `{"id":"%s","_update":{"newPassword":%q}}`, "an id", "newPassword")
	say(admin, "/portal/rest/credential/verifyCredential", one+`"x":1}`)
	h.good(t, admin, "credential/shareCredentialWithUser", one+`"userId":`+ops+`}`, nil)
	var used struct{ Password string }
	h.good(t, opsSession, "credential/useCredential", one+`"purpose":"a test"}`, &used)
	if c.all[used.Password] == "" {
		t.Errorf("%q was handed out", used.Password)
	}
	answerInTheClear := h.answer(request("/portal/rest/credential/insertCredential", admin, `{"username":"x","password":"`+c.sing("a password in the clear")+`"}`))
	fmt.Fprintln(&out, answerInTheClear.Body)
	// Now look: in what was answered, in every list, in every event, in the log, in the store.
	for _, as := range []http.Header{super, admin} {
		for _, call := range [][2]string{
			{"enterprise/getEnterpriseUsers", ``}, {"enterprise/getEnterpriseUsers", `{"format":"csv"}`}, {"enterprise/getApiTokens", `{"format":"csv"}`}, {"network/getNetworkOperatorUsers", ``}, {"enterprise/getApiTokens", ``}, {"systemProperty/getSystemProperties", ``},
			{"systemProperty/getSystemProperties", `{"normalize":true}`}, {"systemProperty/getSystemProperty", `{"name":"secret.one"}`}, {"event/getEnterpriseEvents", ``},
			{"event/getOperatorEvents", ``}, {"enterpriseUser/getEnterpriseUser", `{"id":` + ops + `}`}, {"apiToken/list", `{"userId":` + ops + `}`}, {"rpc.discover", ``},
			{"credential/getCredentials", `{"view":"Full"}`}, {"credential/getCredential", one + `"view":"Full"}`},
		} {
			say(as, "/portal/rest/"+call[0], call[1])
		}
	}
	must(t, h.tokens.Flush(context.Background(), true))
	for _, in := range []auth.Tenant{auth.Network(), acme(t, h)} {
		page, err := h.accounts.Events(context.Background(), in, account.EventQuery{})
		must(t, err)
		for _, e := range page.Events {
			fmt.Fprintf(&out, "event %+v %s\n", e, e.Detail)
		}
	}
	delete(c.all, "") // nothing was forgotten
	c.lookIn(t, "an answer", out.String())
	c.lookIn(t, "the log", log.String())
	if !strings.Contains(log.String(), `"method":"enterprise/getApiTokens"`) {
		t.Error("the log says nothing: it was not looked at")
	}
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			for canary, where := range c.all {
				if bytes.Contains(value, []byte(canary)) || bytes.Contains(key, []byte(canary)) {
					t.Errorf("the store: the secret from %s is at %q", where, key)
				}
			}
			return true, nil
		})
	}))
}
