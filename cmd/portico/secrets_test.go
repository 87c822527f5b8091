package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/mail/smtptest"
	"github.com/portico-vco/portico/auth/secret"
)

// What a whole session of good and bad calls carries in secrets is looked for in all that the portal leaves behind:
// logs, output, data folder.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir, "--log-level", "debug")...)
	first := p.printed(`Authorization: Token ([^"]+)"`) // the one secret that stdout is for
	session := p.login("admin@acme.example", demoPassword)
	operator := p.login("super@portico.local", operatorPassword)
	token := p.newToken("canary", withSession(session))
	var fresh struct{ Token string }
	p.call(&fresh, "apiToken/refresh", fmt.Sprintf(`{"apiToken":%q}`, token), withToken(token))
	const newPassword = "a new password 4"
	var changed any
	p.call(&changed, "enterpriseUser/updateEnterpriseUser", fmt.Sprintf(
		`{"id":3,"_update":{"password":%q,"password2":%[1]q}}`, newPassword), withSession(session))
	p.mustLogin("ops@acme.example", newPassword)

	const kept, keptNext = "a kept password 6", "a kept password 7"
	p.keep(kept, keptNext, withSession(session), withSession(operator))
	r := smtptest.Start(t, func(r *smtptest.Relay) { r.Plain = true })
	r.Hang(".", true) // so that the mail waits in the store
	sealed := p.seal(r, withSession(session), withSession(operator))

	const wrong = "wrong password 5"
	secrets := []string{operatorPassword, demoPassword, newPassword, wrong, session, operator, first, token, fresh.Token, kept, keptNext}
	secrets = append(secrets, sealed...)
	p.login("admin@acme.example", wrong)
	for _, s := range secrets {
		p.post("/portal/", s)
		p.post("/portal/", `{"jsonrpc":"2.0","id":1,"method":"`+s+`"}`)
		p.post("/portal/", `{"jsonrpc":"2.0","id":"`+s+`","method":"apiToken/get","params":{"id":"`+s+`"}}`, withToken(fresh.Token))
		p.post("/portal/rest/"+strings.ReplaceAll(s, " ", "%20"), `{`)
		p.post("/portal/rest/apiToken/get?token="+strings.ReplaceAll(s, " ", "%20"), s, withToken(fresh.Token))
		p.post("/portal/rest/apiToken/list", `{"userId":"`+s+`"}`, withToken(s))
		p.post("/portal/rest/apiToken/list", `{}`, header{"Authorization", s})
		p.post("/portal/rest/apiToken/list", `{}`, withSession(s))
		p.post("/portal/rest/apiToken/refresh", `{"apiToken":"`+s+`"}`, withToken(fresh.Token))
		p.post("/login/enterpriseLogin", "username="+s+"&password="+s)
	}
	p.backup("canary", withSession(p.login("super@portico.local", operatorPassword)))
	p.stop()

	left := map[string]string{"stderr": p.stderr.String(), "stdout": strings.ReplaceAll(p.stdout(), first, "")}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, err := os.ReadFile(path)
			left[path] = string(data)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"apiToken/refresh", "credential/useCredential"} {
		if !strings.Contains(left["stderr"], method) {
			t.Errorf("of %s nothing is logged", method)
		}
	}
	if !strings.Contains(left[filepath.Join(dir, "backups", "canary.backup")], "admin@acme.example") {
		t.Error("nothing is backed up")
	}
	for where, text := range left {
		for i, s := range secrets {
			if strings.Contains(text, s) {
				at := strings.Index(text, s)
				t.Errorf("secret %d is in %s: %s", i, where, text[max(0, at-200):at])
			}
		}
	}
}

// seal has the portal keep more secrets, of each kind that it keeps: a relay's password, the link in a mail that waits, the seed of a
// second factor and its recovery codes, a client's secret.
func (p *process) seal(r *smtptest.Relay, admin, operator header) []string {
	p.t.Helper()
	const relay = "a relay password 8"
	var ignored any
	p.relay(r, operator)
	p.call(&ignored, "systemProperty/updateSystemProperty", fmt.Sprintf(`{"name":"mail.smtp.password","_update":{"value":%q}}`, relay), operator)
	p.sendReset("ops@acme.example", admin)
	link := resetLink.FindStringSubmatch(r.Next(p.t).Body)
	support := p.mustLogin("support@acme.example", demoPassword)
	var enrolled struct{ Seed string }
	p.call(&enrolled, "secondFactor/enroll", fmt.Sprintf(`{"currentPassword":%q}`, demoPassword), support)
	code := secret.CodeAt(secret.Text(enrolled.Seed), secret.Step(time.Now()))
	var codes struct{ RecoveryCodes []string }
	p.call(&codes, "secondFactor/confirm", fmt.Sprintf(`{"code":%q}`, string(code)), support)
	var client struct{ ClientSecret string }
	p.call(&client, "apiClient/insertApiClient", `{"clientId":"build","roleId":12,"firstName":"B","lastName":"U"}`, admin)
	all := append(codes.RecoveryCodes, relay, link[2], enrolled.Seed, client.ClientSecret)
	for _, s := range all {
		if len(s) < 8 {
			p.t.Fatalf("%q is no secret", s)
		}
	}
	return all
}

// keep keeps a credential with one password and then the next, and uses both.
func (p *process) keep(password, next string, admin, operator header) {
	var ignored any
	p.call(&ignored, "role/setEnterpriseUserManagementDelegatedToOperator", `{"isDelegated":true}`, admin)
	p.call(&ignored, "enterprise/insertOrUpdateEnterpriseProperty", `{"enterpriseId":1,"name":"portico.verifier","value":"{\"kind\":\"none\"}"}`, operator)
	var made struct{ ID, CreatedByUserID int64 }
	p.call(&made, "credential/insertCredential", fmt.Sprintf(`{"username":"CORP\\build","password":%q}`, password), admin)
	p.call(&ignored, "credential/shareCredentialWithUser", fmt.Sprintf(`{"id":%d,"userId":%d}`, made.ID, made.CreatedByUserID), admin)
	var used struct{ Password string }
	for _, want := range []string{password, next} {
		p.call(&ignored, "credential/updateCredential", fmt.Sprintf(`{"id":%d,"_update":{"newPassword":%q}}`, made.ID, want), admin)
		p.call(&used, "credential/useCredential", fmt.Sprintf(`{"id":%d,"purpose":"a test"}`, made.ID), admin)
		if used.Password != want {
			p.t.Fatalf("used as %q, want %q", used.Password, want)
		}
	}
}
