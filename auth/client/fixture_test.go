package client_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A counter counts what is asked of the store.
type counter struct {
	store.Engine
	mu             sync.Mutex
	views, commits int
}

func (c *counter) View(ctx context.Context, f func(store.Reader) error) error {
	c.mu.Lock()
	c.views++
	c.mu.Unlock()
	return c.Engine.View(ctx, f)
}

func (c *counter) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	c.mu.Lock()
	c.commits++
	c.mu.Unlock()
	return c.Engine.Commit(ctx, f)
}

func (c *counter) take() (views, commits int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	views, commits = c.views, c.commits
	c.views, c.commits = 0, 0
	return views, commits
}

// A house is a portal with two enterprises, Acme and Globex, and a superuser in each. Its clock is the test's to move.
type house struct {
	testing.TB
	db       *store.DB
	engine   *counter
	accounts *account.Accounts
	tokens   *token.Tokens
	clients  *client.Clients
	acme     auth.Tenant
	globex   auth.Tenant
	admin    *auth.Principal // of Acme
	other    *auth.Principal // of Globex
	key      ed25519.PrivateKey
	kid      string
	apiKey   ed25519.PrivateKey
	apiKid   string

	mu     sync.Mutex
	now    time.Time
	serial int
}

// next is a number that was not used yet.
func (h *house) next() int {
	h.serial++
	return h.serial
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

var (
	ctx  = context.Background()
	call = auth.Call{Method: "test", RequestID: "r", Source: "192.0.2.1", TLS: true}
)

const password = "correct horse 1"

func build(t testing.TB) *house {
	t.Helper()
	h := &house{TB: t, engine: &counter{Engine: memory.New()}, now: time.Date(2027, 3, 4, 12, 0, 0, 7e8, time.UTC)}
	h.db = store.Open(h.engine)
	t.Cleanup(func() { h.db.Close() })
	h.accounts = account.New(h.db, account.Options{
		Now: h.clock, PasswordCost: secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, PublicAddress: "portal.example",
	})
	h.accounts.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	var ring, apiRing *secret.Ring
	ring, h.key, h.kid = h.newRing(secret.NewAccessRing)
	apiRing, h.apiKey, h.apiKid = h.newRing(secret.NewRing)
	h.tokens = token.New(h.accounts, func() (*secret.Ring, error) { return apiRing, nil })
	h.clients = client.New(h.accounts, h.tokens, func() (*secret.Ring, error) { return ring, nil })
	h.acme, h.admin = h.enterprise("Acme")
	h.globex, h.other = h.enterprise("Globex")
	return h
}

// newRing makes a ring, and hands out its private key, which the package does not.
func (h *house) newRing(make func(...secret.Key) (*secret.Ring, error)) (*secret.Ring, ed25519.PrivateKey, string) {
	key, err := secret.NewKey(rand.Reader)
	h.must(err)
	ring, err := make(key)
	h.must(err)
	text, err := key.Marshal()
	h.must(err)
	var jwk struct{ D string }
	h.must(json.Unmarshal(text, &jwk))
	seed, err := base64.RawURLEncoding.DecodeString(jwk.D)
	h.must(err)
	return ring, ed25519.NewKeyFromSeed(seed), key.ID()
}

func (h *house) enterprise(name string) (auth.Tenant, *auth.Principal) {
	by := account.System("test")
	e, err := h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: name})
	h.must(err)
	in, _, err := h.accounts.Tenant(ctx, auth.Enterprise, e.ID)
	h.must(err)
	u, err := h.accounts.InsertUser(ctx, by, in, account.NewUser{Username: "admin@" + name, Password: password, RoleID: auth.EnterpriseSuperuser})
	h.must(err)
	return in, u.Principal(call, auth.BySession, 0, time.Time{})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// newClient makes an API client of Acme.
func (h *house) newClient(id string, roles ...int64) (*client.Client, client.Credential) {
	h.Helper()
	c, text, err := h.clients.InsertAPIClient(ctx, h.admin, h.acme, client.NewAPIClient{ClientID: id, RoleIDs: roles})
	h.must(err)
	return c, client.Credential{ClientID: id, Secret: text}
}

// newApp makes an app of Acme.
func (h *house) newApp(name string, roles ...int64) (*client.Client, client.Credential) {
	h.Helper()
	c, text, err := h.clients.InsertApp(ctx, h.admin, h.acme, client.NewApp{Name: name, Scope: client.Scope{RoleIDs: roles}})
	h.must(err)
	return c, client.Credential{ClientID: c.ClientID, Secret: text}
}

func (h *house) issue(cred client.Credential, req client.Request) string {
	h.Helper()
	t, err := h.clients.Issue(ctx, call, cred, req)
	h.must(err)
	return string(t.Text)
}

// use answers who calls with a token, or the text of the refusal.
func (h *house) use(text string) (*auth.Principal, string) {
	p, err := h.clients.ByAccessToken(ctx, call, text)
	if err != nil {
		if auth.KindOf(err) != auth.Unauthenticated {
			h.Errorf("a token is refused with %v of kind %d", err, auth.KindOf(err))
		}
		return nil, err.Error()
	}
	return p, ""
}

func (h *house) refused(what, text, want string) {
	h.Helper()
	if p, got := h.use(text); got != want {
		h.Errorf("%s: %q (%v), want %q", what, got, p, want)
	}
}

// events are the names of all events in a tenant's record, the newest first.
func (h *house) events(in auth.Tenant) (names []string) {
	h.Helper()
	page, err := h.accounts.Events(ctx, in, account.EventQuery{Start: h.clock().Add(-time.Hour), End: h.clock().Add(time.Hour)})
	h.must(err)
	for _, e := range page.Events {
		names = append(names, e.Name)
	}
	return names
}

type object = map[string]any

// with is an object with some members changed; those that are nil are left out.
func with(o object, changes object) object {
	out := maps.Clone(o)
	for name, v := range changes {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	return out
}

func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// signed is a JWT, put together here and not by the code that is tested.
func signed(key ed25519.PrivateKey, header, claims any) string {
	text := part(header) + "." + part(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// opened are the header and the claims of a JWT.
func (h *house) opened(text string) (header, claims object) {
	h.Helper()
	parts := strings.Split(text, ".")
	for i, to := range []*object{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		h.must(err)
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		h.must(d.Decode(to))
	}
	return header, claims
}

func kind(err error) string {
	if err == nil {
		return "nil"
	}
	return fmt.Sprintf("%d: %v", auth.KindOf(err), err)
}

// set sets a system property.
func (h *house) set(name, value string) error {
	_, err := h.accounts.UpdateProperty(ctx, account.System("test"), 0, name, account.PropertyUpdate{Value: &value})
	return err
}
