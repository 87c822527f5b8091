package portal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/portico-vco/portico/auth"
	authclient "github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
)

// BenchmarkClients: a call with the access token of an API client, and of an app in another's organisation, against the same
// with an API token; and the issue of access tokens and introspection, without HTTP, beside it.
func BenchmarkClients(b *testing.B) {
	s := openSite(b, 1000)
	as := s.session(b, "admin@acme")
	var svc, app struct{ ClientID, ClientSecret string }
	s.good(b, as, "apiClient/insertApiClient", `{"clientId":"bench","roleId":9,"firstName":"B","lastName":"M"}`, &svc)
	s.good(b, s.session(b, "admin@globex"), "oauthApp/insertOauthApp", `{"name":"Bench","scope":{"roleIds":[10]}}`, &app)
	s.good(b, as, "oauthApp/insertOauthAppGrant", `{"clientId":"`+app.ClientID+`","roleIds":[10]}`, nil)
	const conns = 16
	bearers := func(words ...string) (all []string) {
		for range 100 {
			all = append(all, s.bearer(b, words...)["Authorization"][0])
		}
		return all
	}
	ofService, ofApp := bearers("bench", svc.ClientSecret), bearers(app.ClientID, app.ClientSecret, "1")
	post := client(conns)
	at := func(headers []string) func(int) error {
		return func(i int) error { return post(s.url, headers[i%len(headers)], getEnterprise, []byte(`"name":"Acme"`)) }
	}
	var tokens []string
	for _, text := range s.texts {
		tokens = append(tokens, "Token "+text)
	}
	ctx, call := context.Background(), auth.Call{Method: "oauth2", Source: "192.0.2.1", TLS: true}
	cred := authclient.Credential{ClientID: "bench", Secret: secret.Text(svc.ClientSecret)}
	race(b, conns, contestant{"token", at(tokens)}, contestant{"service", at(ofService)}, contestant{"app", at(ofApp)},
		contestant{"issue", func(int) error {
			_, err := s.clients.Issue(ctx, call, cred, authclient.Request{})
			return err
		}},
		contestant{"introspection", func(i int) error {
			got, err := s.clients.Introspect(ctx, call, cred, secret.Text(ofService[i%len(ofService)][len("Bearer "):]))
			if err == nil && got == nil {
				err = fmt.Errorf("token %d is not active", i)
			}
			return err
		}})
}
