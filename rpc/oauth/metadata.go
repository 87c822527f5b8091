package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/portico-vco/portico/rpc"
)

// cached is for answers that are the same for everybody.
func cached() http.Header { return http.Header{"Cache-Control": {"public, max-age=300"}} }

// metadata is the document of RFC 8414. The issuer has no path, so there is one address for it.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Token         string   `json:"token_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Introspection string   `json:"introspection_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Grants        []string `json:"grant_types_supported"`
	Responses     []string `json:"response_types_supported"` // must be there, and there are none

	TokenAuth           []string `json:"token_endpoint_auth_methods_supported"`
	TokenAlgorithms     []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevokeAuth          []string `json:"revocation_endpoint_auth_methods_supported"`
	RevokeAlgorithms    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectAuth      []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectAlgorithm []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
}

func (s service) metadata(ctx context.Context, _ *rpc.Request) (rpc.Reply, error) {
	issuer, err := s.Clients.Issuer(ctx)
	if err != nil {
		return rpc.Reply{}, err
	}
	methods, algorithms := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}, s.Algorithms
	at := func(path string) string { return issuer + "/" + path }
	return rpc.Reply{Header: cached(), Body: metadata{
		Issuer: issuer, Token: at(tokenPath), Revocation: at(revokePath), Introspection: at(introspectPath), Keys: at(keysPath),
		Grants: []string{"client_credentials"}, Responses: []string{},
		TokenAuth: methods, TokenAlgorithms: algorithms, RevokeAuth: append(methods, "none"), RevokeAlgorithms: algorithms,
		IntrospectAuth: methods, IntrospectAlgorithm: algorithms,
	}}, nil
}

// A keySet is a set of keys (RFC 7517), each as it was written.
type keySet struct {
	Keys []json.RawMessage `json:"keys"`
}

// published answers a set of keys.
func published(keys func(context.Context) ([]byte, error)) handler {
	return func(ctx context.Context, _ *rpc.Request) (rpc.Reply, error) {
		text, err := keys(ctx)
		if err != nil {
			return rpc.Reply{}, err
		}
		var set keySet
		if err := json.Unmarshal(text, &set); err != nil {
			return rpc.Reply{}, fmt.Errorf("key set: %w", err)
		}
		if len(set.Keys) == 0 {
			return rpc.Reply{}, errors.New("no key set")
		}
		return rpc.Reply{Header: cached(), Body: set}, nil
	}
}
