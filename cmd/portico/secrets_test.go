package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

	const wrong = "wrong password 5"
	secrets := []string{operatorPassword, demoPassword, newPassword, wrong, session, operator, first, token, fresh.Token}
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
	if !strings.Contains(left["stderr"], "apiToken/refresh") {
		t.Error("nothing is logged")
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
