package oauth

import (
	"context"
	"errors"
	"strings"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
)

// cspGranted has the members that clients of VMware Cloud Services read. Those of tokens that do not exist here are null.
type cspGranted struct {
	IDToken      *string `json:"id_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int64   `json:"expires_in"`
	Scope        string  `json:"scope"`
	AccessToken  string  `json:"access_token"`
	RefreshToken *string `json:"refresh_token"`
}

func cspAnswer(t client.AccessToken, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	scope := strings.Join(t.Scope, " ")
	return cspGranted{TokenType: "bearer", ExpiresIn: seconds(t), Scope: scope, AccessToken: string(t.Text)}, nil
}

// cspApp is the token endpoint as an OAuth app of VMware Cloud Services knows it.
func (s service) cspApp(ctx context.Context, r request) (any, error) {
	return cspAnswer(s.issue(ctx, r))
}

// cspToken exchanges an API token, which also goes by its old name, for an access token of its user.
func (s service) cspToken(ctx context.Context, r request) (any, error) {
	text := r.form["api_token"]
	switch old := r.form["refresh_token"]; {
	case text != "" && old != "":
		return nil, bad("invalid_request", "api_token and refresh_token are one thing")
	case text == "" && old == "":
		return nil, bad("invalid_request", "the parameter api_token is missing")
	case text == "":
		text = old
	}
	t, err := s.Clients.Exchange(ctx, r.Call, text)
	if e := (*auth.Error)(nil); errors.As(err, &e) && e.Kind == auth.Unauthenticated {
		err = bad("invalid_grant", e.Text) // the API token is what is granted; there is no client
	}
	return cspAnswer(t, err)
}
