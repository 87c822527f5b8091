package oauth_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// strange are ids and secrets with all that an encoding may get wrong.
var strange = map[string]string{
	"app":        good,
	"a:b":        "s:t",
	"a+b":        "s+t",
	"100%":       "%41%zz",
	"with space": "and another ",
	"é":          "ünïcödé ✓",
	"all:+% é":   ":+% é&=;",
}

// TestGoClient: the client of golang.org/x/oauth2 gets its tokens, in either style, or when it finds out by itself. That
// begins with Basic, so a 401 must not keep it from the form.
func TestGoClient(t *testing.T) {
	h := newHouse(t)
	h.clients = strange
	srv := httptest.NewTLSServer(h)
	defer srv.Close()
	h.issuer = srv.URL
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, srv.Client())
	for id, text := range strange {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleAutoDetect, oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams} {
			c := clientcredentials.Config{ClientID: id, ClientSecret: text, TokenURL: srv.URL + "/oauth2/token", AuthStyle: style,
				Scopes: []string{"READ:USER"}, EndpointParams: map[string][]string{"resource": {"urn:uuid:org-1"}}}
			tok, err := c.Token(ctx)
			if err != nil || tok.AccessToken != access || tok.Type() != "Bearer" || tok.Expiry.IsZero() {
				t.Errorf("%q, style %d: %v, %v", id, style, tok, err)
			}
			want := fmt.Sprintf(`oauth2/token: %s %s  [] for [READ:USER] in "org-1" for 0s`, id, text)
			if got := h.was(); got != want {
				t.Errorf("%q, style %d: asked\n %s, want\n %s", id, style, got, want)
			}
			c.ClientSecret = "wrong"
			_, err = c.Token(ctx)
			if e, ok := err.(*oauth2.RetrieveError); !ok || e.ErrorCode != "invalid_client" || e.Response.StatusCode != 401 {
				t.Errorf("%q, style %d, wrong secret: %v", id, style, err)
			}
			h.was()
		}
	}
}
