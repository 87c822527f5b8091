package oauth

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credentialOf reads how the client shows who it is. More than one way in a request is refused (RFC 6749 2.3).
func (s service) credentialOf(ctx context.Context, r request) (client.Credential, error) {
	header := r.Header.Get("Authorization")
	f := r.form
	cred := client.Credential{ClientID: f.text("client_id"), Secret: f["client_secret"], Assertion: f["client_assertion"]}
	switch {
	case header != "" && cred.Secret+cred.Assertion != "" || cred.Secret != "" && cred.Assertion != "":
		return client.Credential{}, bad("invalid_request", "the client shows in more than one way who it is")
	case header != "":
		return withBasic(cred.ClientID, header)
	case cred.Assertion != "":
		return s.withAssertion(ctx, r, cred)
	case cred.Public():
	case cred.Secret == "":
		return client.Credential{}, auth.Errorf(auth.Unauthenticated, "the client must show who it is")
	case cred.ClientID == "":
		return client.Credential{}, bad("invalid_request", "the parameter client_id is missing")
	}
	return cred, nil
}

// withBasic reads the header. A client_id beside it is no second way, but must be the same.
func withBasic(beside, header string) (client.Credential, error) {
	cred, ok := basic(header)
	if !ok {
		return cred, auth.Errorf(auth.Unauthenticated, "the Authorization header is not Basic with a client id and a secret")
	}
	if beside != "" && beside != cred.ClientID {
		return client.Credential{}, bad("invalid_request", "the header and the form name two clients")
	}
	return cred, nil
}

func basic(header string) (cred client.Credential, ok bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if !strings.EqualFold(scheme, "Basic") || err != nil || !utf8.Valid(b) {
		return cred, false
	}
	id, text, _ := strings.Cut(string(b), ":")
	cred = client.Credential{ClientID: decoded(id), Secret: secret.Text(decoded(text))}
	return cred, cred.ClientID != "" && cred.Secret != ""
}

// decoded undoes the form-urlencoding that RFC 6749 2.3.1 asks for before base64. Many clients leave it out, so what no
// encoder can have made is taken as it is.
func decoded(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !leftByEncoders(r) }) {
		return s
	}
	if plain, err := url.QueryUnescape(s); err == nil && utf8.ValidString(plain) {
		return plain
	}
	return s
}

// leftByEncoders says whether the character is in what encoders make; some leave more than others.
func leftByEncoders(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("%+-._~*!'()", r)
}

// withAssertion takes private_key_jwt (RFC 7523). An assertion is made out to the issuer, to the token endpoint, or to
// where it is shown.
func (s service) withAssertion(ctx context.Context, r request, cred client.Credential) (client.Credential, error) {
	if r.form.text("client_assertion_type") != jwtBearer {
		return client.Credential{}, auth.Errorf(auth.Unauthenticated, "client_assertion_type must be %s", jwtBearer)
	}
	issuer, err := s.Clients.Issuer(ctx)
	cred.Audience = slices.Compact([]string{issuer, issuer + "/" + tokenPath, issuer + "/" + r.Method})
	return cred, err
}
