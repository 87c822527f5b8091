package portal_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/backup"
	authclient "github.com/portico-vco/portico/auth/client"
	"github.com/portico-vco/portico/auth/hook"
	"github.com/portico-vco/portico/auth/mail"
	"github.com/portico-vco/portico/auth/mail/smtp"
	"github.com/portico-vco/portico/auth/reset"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/auth/vault"

	"github.com/portico-vco/portico/rpc"
	"github.com/portico-vco/portico/rpc/oauth"
	"github.com/portico-vco/portico/rpc/portal"
	"github.com/portico-vco/portico/rpc/rpctest"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// cheap makes password hashes that cost next to nothing: what they cost is not what these tests are about.
var cheap = secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

const password = "correct horse 1"

// people are the users of every stage, in the order of their numbers: name, role, tenant.
var people = []struct {
	name   string
	role   int64
	tenant string
}{
	{"super", 1, "network"}, {"opstd", 2, "network"}, {"opsupport", 3, "network"}, {"opbusiness", 4, "network"},
	{"admin@acme", 9, "Acme"}, {"ops@acme", 10, "Acme"}, {"support@acme", 11, "Acme"}, {"readonly@acme", 12, "Acme"},
	{"admin@northwind", 5, "Northwind"}, {"std@northwind", 6, "Northwind"}, {"support@northwind", 7, "Northwind"}, {"business@northwind", 8, "Northwind"},
	{"admin@globex", 9, "Globex"}, {"admin@southwind", 5, "Southwind"}, {"admin@initech", 9, "Initech"},
}

// A house is a portal on the memory store: Acme (enterprise 1) is the operator's own; Northwind (partner 1) owns Globex (2),
// Southwind (partner 2) owns Initech (3). Nothing is delegated. Its clock is the test's to move.
type house struct {
	accounts *account.Accounts
	tokens   *token.Tokens
	letters  *mail.Box
	resets   *reset.Links
	clients  *authclient.Clients
	groups   *vault.Groups
	vault    *vault.Vault
	backups  *backup.Backups
	hooks    *hook.Hooks
	logins   *directory
	options  rpc.Options
	handler  http.Handler
	super    http.Header                   // kept by superSession
	names    map[string]string             // $admin@acme is written $admin_acme: a user's number
	gate     gate                          // before the directories of kind test
	pauses   atomic.Int64                  // behind wrong passwords
	pausing  atomic.Pointer[chan struct{}] // how long they take; nil: no time

	mu  sync.Mutex
	now time.Time
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

// pause counts, and takes no time unless a test says so.
func (h *house) pause(ctx context.Context, _ time.Duration) error {
	h.pauses.Add(1)
	if over := h.pausing.Load(); over != nil {
		select {
		case <-*over:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func build(t testing.TB) *house {
	t.Helper()
	db := memory.Open()
	if _, ok := t.(*testing.B); ok {
		t.Cleanup(func() { db.Close() })
		return buildOn(t, db, zerolog.Nop())
	}
	t.Cleanup(func() { checkStore(t, db); db.Close() })
	secrets := newRedaction(make(map[string]bool))
	t.Cleanup(func() { secrets.judge(t) })
	h := buildOn(t, db, zerolog.New(secrets))
	h.handler = secrets.listen(h.handler)
	return h
}

// checkStore: whatever was called, the records fit each other.
func checkStore(t testing.TB, db *store.DB) {
	t.Helper()
	k, err := db.Check(context.Background(), func(store.Check) {})
	if err != nil || k.Count() > 0 {
		t.Errorf("the store: %v, %q", err, k.Told)
	}
}

func buildOn(t testing.TB, db *store.DB, log zerolog.Logger) *house {
	t.Helper()
	h := assemble(t, db, log)
	h.settle(t)
	return h
}

// A keychain is what lies apart from the store.
type keychain struct {
	sealer *secret.Sealer
	ring   *secret.Ring
	access *secret.Ring
	vault  *secret.Keyring
}

func newKeychain(t testing.TB) (k keychain) {
	t.Helper()
	k.sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
	key, err := secret.NewKey(rand.Reader)
	must(t, err)
	k.ring, err = secret.NewRing(key)
	must(t, err)
	accessKey, err := secret.NewKey(rand.Reader)
	must(t, err)
	k.access, err = secret.NewAccessRing(accessKey)
	must(t, err)
	vaultKey, err := secret.NewVaultKey(rand.Reader)
	must(t, err)
	k.vault, err = secret.NewKeyring(vaultKey)
	must(t, err)
	return k
}

// assemble puts a portal on a store, whatever is in it.
func assemble(t testing.TB, db *store.DB, log zerolog.Logger) *house {
	t.Helper()
	return assembleWith(t, db, log, newKeychain(t))
}

func assembleWith(t testing.TB, db *store.DB, log zerolog.Logger, k keychain) *house {
	t.Helper()
	h := &house{now: time.Now().Truncate(time.Minute), names: make(map[string]string)} // what is counted by the minute is not cut in two
	h.accounts = account.New(db, account.Options{
		Now: h.clock, PasswordCost: cheap, PublicAddress: "portal.example", Version: "1.2.3", Verify: h.kinds(), Sleep: h.pause,
	})
	h.accounts.Sealer = k.sealer
	h.tokens = token.New(h.accounts, func() (*secret.Ring, error) { return k.ring, nil })
	h.clients = authclient.New(h.accounts, h.tokens, func() (*secret.Ring, error) { return k.access, nil })
	h.groups = vault.NewGroups(h.accounts)
	h.letters = mail.New(h.accounts, smtp.Carrier{})
	h.resets = reset.New(h.accounts, h.letters)
	h.hooks = hook.New(h.accounts, h.letters, hook.Options{})
	h.logins = &directory{}
	h.vault = vault.New(h.accounts, h.logins, func() (*secret.Keyring, error) { return k.vault, nil })
	h.clients.Estate = h.vault
	h.backups = backup.New(h.accounts, t.TempDir(), db.Copy)
	table, err := rpc.NewTable(portal.Methods(h.accounts, h.tokens, h.letters, h.resets, h.clients, h.groups, h.vault, h.backups, h.hooks))
	must(t, err)
	table.Samples = portal.Samples
	authority := portal.Authority{Accounts: h.accounts, Tokens: h.tokens, Clients: h.clients}
	o := rpc.Options{
		Table: table, Authority: authority, Log: log,
		Endpoints: append(oauth.Endpoints(oauth.Options{
			Clients: h.clients, Keys: h.clients.JWKS, APITokenKeys: h.tokens.JWKS,
			Algorithms: secret.AssertionAlgorithms(), Refused: h.accounts.RefusedInTheClear,
		}), rpc.Gates(authority)...),
		Paths:   portal.Paths(),
		Version: "1.2.3", Now: h.clock,
	}
	if db.IsShared() {
		o.Twice = h.accounts.Store.Twice
	}
	h.options, h.handler = o, rpc.New(o)
	return h
}

func (h *house) settle(t testing.TB) {
	t.Helper()
	ctx, by := context.Background(), account.System("test")
	tenants := map[string]auth.Tenant{"network": auth.Network()}
	owners := map[string]int64{}
	for _, name := range []string{"Northwind", "Southwind"} {
		p, err := h.accounts.InsertPartner(ctx, by, account.NewPartner{Name: name})
		must(t, err)
		owners[name] = p.ID
		tenants[name] = tenant(t, h, auth.MSP, p.ID)
	}
	for _, e := range [][2]string{{"Acme", ""}, {"Globex", "Northwind"}, {"Initech", "Southwind"}} {
		made, err := h.accounts.InsertEnterprise(ctx, by, account.NewEnterprise{Name: e[0], ProxyID: owners[e[1]]})
		must(t, err)
		tenants[e[0]] = tenant(t, h, auth.Enterprise, made.ID)
	}
	for _, p := range people {
		u, err := h.accounts.InsertUser(ctx, by, tenants[p.tenant], account.NewUser{Username: p.name, Password: password, RoleID: p.role})
		must(t, err)
		h.names[strings.ReplaceAll(p.name, "@", "_")] = fmt.Sprint(u.ID)
	}
}

func tenant(t testing.TB, h *house, of auth.UserType, id int64) auth.Tenant {
	t.Helper()
	in, ok, err := h.accounts.Tenant(context.Background(), of, id)
	if err != nil || !ok {
		t.Fatalf("tenant %v %d: %v, %v", of, id, ok, err)
	}
	return in
}

// session logs a user in over the wire and answers the header that shows it.
func (h *house) session(t testing.TB, who string) http.Header {
	t.Helper()
	return h.sessionUsing(t, who, password)
}

func (h *house) sessionUsing(t testing.TB, who, password string) http.Header {
	t.Helper()
	path := "/portal/rest/login/enterpriseLogin"
	if !strings.Contains(who, "@") {
		path = "/portal/rest/login/operatorLogin"
	}
	w := h.post(path, nil, fmt.Sprintf(`{"username":%q,"password":%q}`, who, password))
	cookie := w.Header().Get("Set-Cookie")
	if w.Code != http.StatusOK || cookie == "" {
		t.Fatalf("%s cannot log in: %d %s", who, w.Code, w.Body)
	}
	return http.Header{"Cookie": {cookie}}
}

// post is one request over TLS without a listener.
func (h *house) post(path string, as http.Header, body string) *httptest.ResponseRecorder {
	r := request(path, as, body)
	r.TLS = &tls.ConnectionState{}
	return h.answer(r)
}

func request(path string, as http.Header, body string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	for name, values := range as {
		r.Header[name] = values
	}
	return r
}

func (h *house) answer(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// issue asks for an access token: by a client id, a secret, and perhaps an organisation.
func (h *house) issue(words ...string) (authclient.AccessToken, error) {
	req := authclient.Request{}
	if len(words) > 2 && words[2] != "-" {
		req.Organisation = words[2]
	}
	cred := authclient.Credential{ClientID: words[0], Secret: secret.Text(words[1])}
	return h.clients.Issue(context.Background(), auth.Call{Method: "oauth2/token", Source: "192.0.2.1", TLS: true}, cred, req)
}

// bearer is the header of a client with a new access token.
func (h *house) bearer(t testing.TB, words ...string) http.Header {
	t.Helper()
	got, err := h.issue(words...)
	if err != nil {
		t.Fatalf("%s gets no access token: %v", words[0], err)
	}
	return http.Header{"Authorization": {"Bearer " + string(got.Text)}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// "as client ID SECRET" gets an access token once and keeps it, "as client ID SECRET ORGANISATION" one for another organisation;
// any words behind make it another token.
// "as NAME" logs in once and keeps the session; "as NAME again" logs in anew, "as NAME using PASSWORD" with another
// password; "as NAME after 2h" lets that time pass first. What they write is audited.
func TestConversations(t *testing.T) {
	t.Parallel()
	var heard samples
	a := audit{seen: make(map[string]map[string]bool), ways: make(map[string]bool)}
	rpctest.Play(t, "testdata/*.txt", func(t testing.TB) rpctest.Stage {
		h := a.open(t)
		kept := make(map[string]http.Header)
		return rpctest.Stage{Handler: h.handler, Names: h.names, Heard: heard.hear, As: func(t testing.TB, who string) http.Header {
			if words := strings.Fields(who); words[0] == "client" {
				if kept[who] == nil {
					kept[who] = h.bearer(t, words[1:]...)
				}
				return kept[who]
			}
			name, rest, _ := strings.Cut(who, " ")
			how, what, _ := strings.Cut(rest, " ")
			switch how {
			case "again":
				kept[name] = h.session(t, name)
			case "using":
				kept[name] = h.sessionUsing(t, name, what)
			case "after":
				d, err := time.ParseDuration(what)
				must(t, err)
				h.pass(d)
			}
			if kept[name] == nil {
				kept[name] = h.session(t, name)
			}
			return kept[name]
		}}
	})
	if t.Run("audit", a.more); !strings.Contains(flag.Lookup("test.run").Value.String(), "/") { // all were played
		a.judge(t)
		heard.judge(t)
	}
}
