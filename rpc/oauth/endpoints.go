package oauth

import (
	"context"
	"net/http"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
)

// Clients decides about clients and their tokens. Of its errors, kind auth.Unauthenticated says that a client has not shown
// who it is; auth.Invalid may bear a word of RFC 6749 or RFC 8707.
type Clients interface {
	// Issue makes an access token for a client.
	Issue(ctx context.Context, call auth.Call, cred client.Credential, req client.Request) (client.AccessToken, error)
	// Exchange makes an access token for the user of an API token.
	Exchange(ctx context.Context, call auth.Call, apiToken secret.Text) (client.AccessToken, error)
	// Revoke ends an access token of the client; nil also for one that is unknown or dead.
	Revoke(ctx context.Context, call auth.Call, cred client.Credential, text secret.Text) error
	// Introspect tells about a token; nil says that it is not active, for whatever reason.
	Introspect(ctx context.Context, call auth.Call, cred client.Credential, text secret.Text) (*client.Introspection, error)
	// Issuer is the iss of access tokens, a URL without a path.
	Issuer(ctx context.Context) (string, error)
}

// Options are what the endpoints are made of.
type Options struct {
	// Clients is who decides; without it there are the keys alone.
	Clients Clients
	// Keys answers the public keys of access tokens, APITokenKeys those of API tokens. They are published apart, so that who
	// verifies the one kind and does not look at the type of a token takes none of the other (RFC 8725 3.11).
	Keys, APITokenKeys func(ctx context.Context) ([]byte, error)
	// Algorithms are those that clients may sign assertions with.
	Algorithms []string
	// Refused records that a secret was sent where others can read along. It goes with Clients.
	Refused func(ctx context.Context, call auth.Call, why error) error
}

const (
	tokenPath        = "oauth2/token"
	revokePath       = "oauth2/revoke"
	introspectPath   = "oauth2/introspect"
	keysPath         = "oauth2/jwks.json"
	apiTokenKeysPath = "oauth2/api-token-jwks.json"
	metadataPath     = ".well-known/oauth-authorization-server"

	// Where clients of VMware Cloud Services ask.
	cspAppPath   = "csp/gateway/am/api/auth/authorize"
	cspTokenPath = "csp/gateway/am/api/auth/api-tokens/authorize"
)

const maxForm = 64 << 10 // bytes

// A service answers at the endpoints.
type service struct{ Options }

// Endpoints answers what there is.
func Endpoints(o Options) []rpc.Endpoint {
	s := service{o}
	list := []rpc.Endpoint{
		{Path: keysPath, Verb: http.MethodGet, Do: published(o.Keys), Refuse: refuse,
			Doc: "The keys that access tokens are verified with (RFC 7517).", Answer: rpc.SchemaOf[keySet](true)},
		{Path: apiTokenKeysPath, Verb: http.MethodGet, Do: published(o.APITokenKeys), Refuse: refuse,
			Doc: "The keys that API tokens are verified with (RFC 7517).", Answer: rpc.SchemaOf[keySet](true)},
	}
	if o.Clients == nil {
		return list
	}
	post := func(path, doc string, form, answer rpc.Schema, do func(context.Context, request) (any, error),
		refuse func(*rpc.Request, rpc.Refusal) rpc.Reply) rpc.Endpoint {
		return rpc.Endpoint{Path: path, Verb: http.MethodPost, Limit: maxForm, Doc: doc, Form: form, Answer: answer, Do: s.posted(do), Refuse: refuse}
	}
	asked := []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"}
	wanted := append([]string{"scope", "orgId", "resource", "accessTokenValiditySeconds"}, asked...)
	csp := rpc.SchemaOf[cspGranted](true)
	return append(list,
		rpc.Endpoint{Path: metadataPath, Verb: http.MethodGet, Do: s.metadata, Refuse: refuse,
			Doc: "What this authorization server can do (RFC 8414).", Answer: rpc.SchemaOf[metadata](true)},
		post(tokenPath, "Issues an access token to an OAuth app or an API client (RFC 6749 4.4).",
			formSchema("grant_type", []string{"client_credentials"}, wanted...), rpc.SchemaOf[granted](true), s.token, refuse),
		post(revokePath, "Ends an access token of the client (RFC 7009).", formSchema("token", nil, asked...), nil, s.revoke, refuse),
		post(introspectPath, "Tells about a token (RFC 7662).", formSchema("token", nil, asked...), rpc.SchemaOf[introspected](true), s.introspect, refuse),
		post(cspAppPath, "The token endpoint as OAuth apps of VMware Cloud Services know it.",
			formSchema("grant_type", []string{"client_credentials"}, wanted...), csp, s.cspApp, refuseCSP),
		post(cspTokenPath, "Exchanges an API token for an access token of its user, as clients of VMware Cloud Services do.",
			formSchema("api_token", nil), csp, s.cspToken, refuseCSP),
	)
}

// A request is a form that came where nobody can read along.
type request struct {
	*rpc.Request
	form form
}

type handler = func(context.Context, *rpc.Request) (rpc.Reply, error)

// posted reads the form for do. That it came in the clear is refused before anything of it is looked at.
func (s service) posted(do func(ctx context.Context, r request) (any, error)) handler {
	return func(ctx context.Context, r *rpc.Request) (rpc.Reply, error) {
		if !r.Private() {
			return rpc.Reply{}, s.inTheClear(ctx, r.Call)
		}
		f, err := formOf(r)
		if err != nil {
			return rpc.Reply{}, err
		}
		answer, err := do(ctx, request{r, f})
		return rpc.Reply{Header: uncached(), Body: answer}, err
	}
}

// inTheClear is recorded: whoever sent a secret that way should have another.
func (s service) inTheClear(ctx context.Context, call auth.Call) error {
	why := bad("invalid_request", "TLS is required; a secret that was sent without it should be replaced")
	if err := s.Refused(ctx, call, why); err != nil {
		return err
	}
	return why
}

// uncached are the headers that RFC 6749 wants in every answer, for the caches that know nothing newer; the server itself
// adds Cache-Control: no-store.
func uncached() http.Header { return http.Header{"Pragma": {"no-cache"}} }
