package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestCall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := serving(t, demoArgs(dir)...)
	token := p.printed(`Authorization: Token ([^"]+)"`)
	files := t.TempDir()
	tokenFile, paramsFile := filepath.Join(files, "token"), filepath.Join(files, "params")
	write(t, tokenFile, token+"\n")
	write(t, paramsFile, `{"enterpriseId": 1}`)
	trusted := []string{"--cacert", filepath.Join(folder(dir).tls(), "cert.pem")}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved/portal/" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		w.Write([]byte("<html>"))
	}))
	defer elsewhere.Close()

	withIt := map[string]string{"PORTICO_TOKEN": token, "PORTICO_URL": p.url}
	without := map[string]string{"PORTICO_URL": p.url}
	at := func(url string) map[string]string {
		return map[string]string{"PORTICO_TOKEN": token, "PORTICO_URL": url}
	}
	for name, c := range map[string]struct {
		env         map[string]string
		stdin       string
		args        []string
		status      int
		out, errors string
	}{
		"a result":                {env: withIt, args: []string{"enterprise/getEnterprise", `{"enterpriseId": 1}`}, out: "\n  \"name\": \"Acme\""},
		"params in a file":        {env: withIt, args: []string{"enterprise/getEnterprise", "@" + paramsFile}, out: `"Acme"`},
		"params on stdin":         {env: withIt, stdin: `{"enterpriseId": 1}`, args: []string{"enterprise/getEnterprise", "-"}, out: `"Acme"`},
		"no params":               {env: withIt, args: []string{"apiToken/list"}, out: `"demo"`},
		"null":                    {env: withIt, args: []string{"apiToken/get", `{"id": 99}`}, out: "null\n"},
		"flags behind":            {env: withIt, args: []string{"apiToken/list", "--timeout", "10s"}, out: `"demo"`},
		"a token in a file":       {env: without, args: []string{"--token-file", tokenFile, "apiToken/list"}, out: `"demo"`},
		"without TLS's check":     {env: withIt, args: []string{"-k", "apiToken/list"}, out: `"demo"`},
		"a URL with its path":     {env: at(p.url + "/portal"), args: []string{"apiToken/list"}, out: `"demo"`},
		"an error":                {env: withIt, args: []string{"no/such"}, status: 1, errors: "error -32601: methodError"},
		"an error with data":      {env: withIt, args: []string{"apiToken/create", `{"name":""}`}, status: 1, errors: `"path"`},
		"no token":                {env: without, args: []string{"apiToken/list"}, status: 4, errors: "tokenError"},
		"no method":               {env: withIt, status: 2, errors: "give a method"},
		"too many words":          {env: withIt, args: []string{"a", "{}", "c"}, status: 2, errors: "give a method"},
		"params that are none":    {env: withIt, args: []string{"a", "[1]"}, status: 2, errors: "not a JSON object"},
		"empty params":            {env: withIt, args: []string{"a", " "}, status: 2, errors: "not a JSON object"},
		"a file that is not":      {env: withIt, args: []string{"a", "@" + files + "/none"}, status: 2, errors: "none"},
		"a broken token":          {env: map[string]string{"PORTICO_TOKEN": "a\nb"}, args: []string{"a"}, status: 2, errors: "characters"},
		"an address that is none": {env: at("portal.example"), args: []string{"a"}, status: 2, errors: "--url"},
		"a token without TLS":     {env: at("http://portal.example"), args: []string{"a"}, status: 2, errors: "without TLS"},
		"nobody there":            {env: at("https://127.0.0.1:1"), args: []string{"a"}, status: 3, errors: "refused"},
		"no portal":               {env: at(elsewhere.URL), args: []string{"a"}, status: 3, errors: "is it a portal?"},
		"a redirect":              {env: at(elsewhere.URL + "/moved"), args: []string{"a"}, status: 3, errors: "307"},
		"nobody vouches":          {env: withIt, args: []string{"--cacert", "", "apiToken/list"}, status: 3, errors: "--cacert data/tls/cert.pem"},
		"no certificates":         {env: withIt, args: []string{"--cacert", paramsFile, "apiToken/list"}, status: 3, errors: "no certificate in"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := runHere(t, c.env, c.stdin, append(append([]string{"call"}, trusted...), c.args...)...)
			if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errors) || (status == 0) != (errs == "") {
				t.Errorf("exit status %d, want %d\nstdout %s\nstderr %s", status, c.status, out, errs)
			}
			if strings.Contains(out+errs, token) {
				t.Error("the token is printed")
			}
		})
	}
	p.stop()
}
