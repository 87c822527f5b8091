package oauth_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/oauth"
)

const (
	issuer  = "https://portal.example"
	good    = "ptc_app_good"
	access  = "access.token.text"
	insider = "insider knowledge: hunter2"
)

// house is the endpoints before an authority that knows some clients and tells what it was asked.
type house struct {
	http.Handler
	rpc.Authority // but for what follows it is not asked

	clients map[string]string // id to secret
	issuer  string
	key     *ecdsa.PublicKey // that assertions are signed with

	mu    sync.Mutex
	asked []string
	last  client.Credential
	ended map[secret.Text]bool
	log   bytes.Buffer
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{clients: map[string]string{"app": good}, issuer: issuer}
	keys := func(text string) func(context.Context) ([]byte, error) {
		return func(context.Context) ([]byte, error) { return []byte(text), nil }
	}
	h.serve(t, oauth.Options{
		Clients: h, Algorithms: []string{"EdDSA", "ES256"}, Refused: h.refused,
		Keys: keys(`{"keys":[{"kid":"a"}]}`), APITokenKeys: keys(`{"keys":[{"kid":"b"},{"kid":"c"}]}`),
	})
	return h
}

func (h *house) serve(t testing.TB, o oauth.Options) {
	t.Helper()
	whoami := rpc.Func(func(_ context.Context, by *auth.Principal, _ struct{}) (map[string]string, error) {
		return map[string]string{"username": by.Username}, nil
	})
	table, err := rpc.NewTable([]rpc.Method{{Name: "auth/getCallerInfo", Doc: "Who calls.", Rule: auth.SignedIn, Do: whoami}})
	if err != nil {
		t.Fatal(err)
	}
	h.Handler = rpc.New(rpc.Options{Table: table, Authority: h, Endpoints: oauth.Endpoints(o), Log: zerolog.New(&h.log)})
}

// was answers what the authority was asked, and forgets it.
func (h *house) was() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := strings.Join(h.asked, "; ")
	h.asked = nil
	return s
}

func (h *house) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, fmt.Sprintf(format, args...))
}

func (h *house) admit(cred client.Credential) error {
	h.mu.Lock()
	h.last = cred
	h.mu.Unlock()
	switch cred.ClientID {
	case "busy":
		return auth.Errorf(auth.Busy, "too many failures")
	case "down":
		return auth.Errorf(auth.Unavailable, insider)
	case "broken":
		return errors.New(insider)
	case "panics":
		panic(insider)
	case "barred":
		return auth.Errorf(auth.Forbidden, "not for you")
	}
	if cred.Assertion == "signed" && len(cred.Audience) > 0 || h.signed(cred) {
		return nil
	}
	if want, ok := h.clients[cred.ClientID]; !ok || want != string(cred.Secret) {
		return auth.Errorf(auth.Unauthenticated, "the client is unknown or its credential is wrong")
	}
	return nil
}

// signed says whether the assertion is the client's, and made out to one of those it may be made out to.
func (h *house) signed(cred client.Credential) bool {
	jws, err := jose.ParseSignedCompact(string(cred.Assertion), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || h.key == nil {
		return false
	}
	payload, err := jws.Verify(h.key)
	var claims struct{ Iss, Sub, Aud string }
	return err == nil && json.Unmarshal(payload, &claims) == nil && claims.Iss == cred.ClientID && claims.Sub == cred.ClientID &&
		slices.Contains(cred.Audience, claims.Aud)
}

func (h *house) Issue(_ context.Context, call auth.Call, cred client.Credential, req client.Request) (client.AccessToken, error) {
	h.note("%s: %s %s %s %v for %v in %q for %v", call.Method,
		cred.ClientID, string(cred.Secret), string(cred.Assertion), cred.Audience, req.Scope, req.Organisation, req.Lifetime)
	h.end(access, false)
	t := client.AccessToken{Text: access, Lifetime: 1799 * time.Second, Scope: []string{"READ:EDGE", "READ:USER"}}
	for scope, word := range map[string]string{"UNHELD": "invalid_scope", "ODD": "A_WORD_OF_OURS"} {
		if slices.Contains(req.Scope, scope) {
			e := auth.Errorf(auth.Invalid, `the scope "%s" is not the client's`, scope)
			e.Word = word
			return t, e
		}
	}
	return t, h.admit(cred)
}

func (h *house) Exchange(_ context.Context, call auth.Call, apiToken secret.Text) (client.AccessToken, error) {
	h.note("%s: %s", call.Method, string(apiToken))
	switch apiToken {
	case "api.token.text":
		return client.AccessToken{Text: access, Lifetime: 30 * time.Minute}, nil
	case "wrapped":
		return client.AccessToken{}, fmt.Errorf("%s: %w", insider, auth.Errorf(auth.Unauthenticated, "expired token"))
	}
	return client.AccessToken{}, auth.Errorf(auth.Unauthenticated, "revoked token")
}

func (h *house) Revoke(_ context.Context, call auth.Call, cred client.Credential, text secret.Text) error {
	h.note("%s: %s %s %v %s", call.Method, cred.ClientID, string(cred.Secret), cred.Audience, string(text))
	err := h.admit(cred)
	if err == nil && text == "another-kind" {
		err = &auth.Error{Kind: auth.Invalid, Word: "unsupported_token_type", Text: "not here"}
	}
	h.end(text, err == nil)
	return err
}

// end says whether the token is dead from now on.
func (h *house) end(text secret.Text, dead bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended == nil {
		h.ended = make(map[secret.Text]bool)
	}
	h.ended[text] = dead
}

func (h *house) dead(text secret.Text) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended[text]
}

func (h *house) Introspect(_ context.Context, call auth.Call, cred client.Credential, text secret.Text) (*client.Introspection, error) {
	h.note("%s: %s %s %v %s", call.Method, cred.ClientID, string(cred.Secret), cred.Audience, string(text))
	if err := h.admit(cred); err != nil || text != access || h.dead(text) {
		return nil, err
	}
	return &client.Introspection{
		ClientID: "app", Username: "Billing", Subject: "app:7", TokenType: "Bearer", Issuer: issuer, Audience: "portal",
		Scope: []string{"READ:EDGE", "READ:USER"}, Issued: time.Unix(1700000000, 0), Expires: time.Unix(1700001800, 0),
		ID: "jti-1", PrincipalType: "APP", Organisation: "org-1",
	}, nil
}

func (h *house) Issuer(context.Context) (string, error) {
	if h.issuer == "" {
		return "", errors.New(insider)
	}
	return h.issuer, nil
}

// ByAPIToken takes the text that the house issues, which has no header to tell it from an API token.
func (h *house) ByAPIToken(_ context.Context, call auth.Call, text string) (*auth.Principal, error) {
	if text != access || h.dead(secret.Text(text)) {
		return nil, auth.Errorf(auth.Unauthenticated, "invalid token")
	}
	return &auth.Principal{Call: call, Type: auth.User, Username: "Billing", UserType: auth.Enterprise}, nil
}

// Limits: nobody is limited.
func (h *house) Limits(context.Context, *auth.Principal, string) ([]limit.Claim, bool, error) {
	return nil, false, nil
}

func (h *house) UnauthorizedStatus(context.Context) int { return 200 }

func (h *house) refused(_ context.Context, call auth.Call, why error) error {
	h.note("refused %s from %s: %v", call.Method, call.Source, why)
	return nil
}

// post asks over TLS.
func (h *house) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return h.send(r)
}

func (h *house) get(path string) *httptest.ResponseRecorder {
	return h.send(httptest.NewRequest("GET", issuer+path, nil))
}

func (h *house) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func basic(pair string) string {
	r := http.Request{Header: http.Header{}}
	id, text, _ := strings.Cut(pair, ":")
	r.SetBasicAuth(id, text)
	return r.Header.Get("Authorization")
}
