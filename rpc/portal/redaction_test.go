package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
)

// secretMembers are the members of params and results, and the parameters of forms, whose text is a secret. A member named value is
// one where another says so.
var secretMembers = []string{
	"password", "password2", "newPassword", "currentPassword", "passPhrase", "code", "seed", "uri", "recoveryCodes", "key", "token", "apiToken", "api_token",
	"secret", "clientSecret", "client_secret", "client_assertion", "access_token", "refresh_token",
}

// codeOfError is what stands in such members and is no secret.
var codeOfError = regexp.MustCompile("^[A-Z_]+$")

// shortest is how long a secret must be to be searched for: shorter ones are parts of words.
const shortest = 6

// mostSecrets and mostLogged bound the work where a test makes thousands of calls: what comes later is like what came before.
const (
	mostSecrets = 300
	mostLogged  = 1 << 20
)

// A redaction collects the secrets of one house, and looks for them in what was logged and told of it.
type redaction struct {
	mu      sync.Mutex
	secrets map[string]string // how it came, by secret
	log     bytes.Buffer
	told    bytes.Buffer // the events
	stored  bytes.Buffer
	answers *bytes.Buffer // where they are looked through, too
	ways    map[string]bool
}

func newRedaction(ways map[string]bool) *redaction {
	return &redaction{secrets: make(map[string]string), ways: ways}
}

// Write takes what is logged.
func (r *redaction) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log.Len() < mostLogged {
		r.log.Write(b)
	}
	return len(b), nil
}

func (r *redaction) keep(way, secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(secret) < shortest || codeOfError.MatchString(secret) || len(r.secrets) == mostSecrets {
		return
	}
	r.ways[way] = true
	if r.secrets[secret] == "" { // what the portal gave is given back to it in other ways
		r.secrets[secret] = way
	}
}

// listen collects the secrets of requests and answers.
func (r *redaction) listen(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		r.head(req)
		r.read("params", body)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, req)
		if set, _, _ := strings.Cut(answer.Header().Get("Set-Cookie"), ";"); strings.HasPrefix(set, "velocloud.session=") {
			r.keep("Set-Cookie", strings.TrimPrefix(set, "velocloud.session="))
		}
		r.read("answer", answer.Body.Bytes())
		if r.answers != nil && !strings.Contains(req.URL.Path+string(body), "credential/useCredential") {
			r.answers.Write(append(answer.Body.Bytes(), '\n'))
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (r *redaction) head(req *http.Request) {
	if _, text, _ := strings.Cut(req.Header.Get("Authorization"), " "); text != "" {
		r.keep("Authorization", text)
	}
	if _, secret, ok := req.BasicAuth(); ok {
		r.keep("Basic", secret)
	}
	if c, err := req.Cookie("velocloud.session"); err == nil {
		r.keep("Cookie", c.Value)
	}
}

// read collects the secrets of a body: JSON, or else a form.
func (r *redaction) read(way string, body []byte) {
	var v any
	if json.Unmarshal(body, &v) == nil {
		r.walk(way, "", v)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	for name, values := range form {
		for _, v := range values {
			r.walk(way, name, v)
		}
	}
}

func (r *redaction) walk(way, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for n, inside := range v {
			if hidden, _ := v["isPassword"].(bool); n == "value" && hidden {
				n = "password"
			}
			r.walk(way, n, inside)
		}
	case []any:
		for _, inside := range v {
			r.walk(way, name, inside)
		}
	case string:
		// The paths of other products take names in any letter case.
		if slices.ContainsFunc(secretMembers, func(n string) bool { return strings.EqualFold(n, name) }) {
			r.keep(way+" "+name, v)
		}
	}
}

func (r *redaction) tell(events ...*account.Event) {
	for _, e := range events {
		r.told.WriteString(e.Message + "\n" + string(e.Detail) + "\n" + e.Actor + "\n")
	}
}

// keepStore takes what the store has in the end.
func (r *redaction) keepStore(t testing.TB, db *store.DB) {
	t.Helper()
	must(t, db.View(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			r.stored.Write(key)
			r.stored.Write(value)
			return true, nil
		})
	}))
}

// judge looks for all secrets, also as they stand in an address; in answers, for the passwords that callers gave.
func (r *redaction) judge(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	look := func(where, text string, which func(way string) bool) {
		for secret, way := range r.secrets {
			at := max(strings.Index(text, secret), strings.Index(text, url.QueryEscape(secret)))
			if at >= 0 && which(way) {
				t.Errorf("%s: %s has the secret that came as %s: ...%q...", t.Name(), where, way, text[max(0, at-120):min(len(text), at+40)])
			}
		}
	}
	all := func(string) bool { return true }
	look("the log", r.log.String(), all)
	look("an event", r.told.String(), all)
	look("the store", r.stored.String(), all)
	if r.answers != nil {
		look("an answer", r.answers.String(), func(way string) bool {
			return strings.HasPrefix(way, "params ") && strings.Contains(strings.ToLower(way), "pass")
		})
	}
}

// waysOfSecrets are those that the conversations must have had, or nothing was looked for.
var waysOfSecrets = []string{
	"Authorization", "Cookie", "Set-Cookie", "params password", "params newPassword", "params NewPassword", "params currentPassword", "params passPhrase", "params apiToken", "params code",
	"params token", "answer token", "answer clientSecret", "answer recoveryCodes", "answer seed", "answer key",
}
