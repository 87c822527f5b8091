package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers are params that may be positional: they read themselves.
type numbers struct {
	Minuend    int   `json:"minuend"`
	Subtrahend int   `json:"subtrahend"`
	All        []int `json:"-"`
}

func (n *numbers) UnmarshalJSON(b []byte) error {
	if b[0] == '[' {
		if err := json.Unmarshal(b, &n.All); err != nil {
			return errors.New("must be numbers")
		}
		if len(n.All) >= 2 {
			n.Minuend, n.Subtrahend = n.All[0], n.All[1]
		}
		return nil
	}
	var o struct{ Minuend, Subtrahend *int }
	if err := json.Unmarshal(b, &o); err != nil || o.Minuend == nil || o.Subtrahend == nil {
		return errors.New("must be two numbers")
	}
	n.Minuend, n.Subtrahend = *o.Minuend, *o.Subtrahend
	return nil
}

type update struct {
	Name   *string   `json:"name"`
	RoleID int64     `json:"roleId"`
	Active *rpc.Flag `json:"isActive"`
}

// everything has a member of each type that params can have.
type everything struct {
	ID      rpc.ID         `json:"id"`
	IDs     rpc.IDs        `json:"ids"`
	Flag    rpc.Flag       `json:"flag"`
	FlagP   *rpc.Flag      `json:"flagP"`
	Bool    rpc.Bool       `json:"bool"`
	Time    rpc.Time       `json:"time"`
	TimeP   *rpc.Time      `json:"timeP"`
	With    rpc.Strings    `json:"with" enum:"edges|roles"`
	Str     string         `json:"str"`
	StrP    *string        `json:"strP"`
	Int     int64          `json:"int"`
	Small   int8           `json:"small"`
	Float   float64        `json:"float"`
	Plain   bool           `json:"plain"`
	Kind    string         `json:"kind" enum:"A|B"`
	List    []update       `json:"list"`
	Map     map[string]int `json:"map"`
	Any     any            `json:"any"`
	Update  update         `json:"_update"`
	UpdateP *update        `json:"updateP"`
}

type needs struct {
	Name string   `json:"name" rpc:"required" doc:"The name."`
	Who  rpc.ID   `json:"who" rpc:"required"`
	At   rpc.Time `json:"at" rpc:"required"`
	Deep struct {
		Life int64 `json:"life" rpc:"required"`
	} `json:"deep"`
}

type outmoded struct {
	Life int64 `json:"life" doc:"In days." deprecated:"use lifeMs"`
	Deep struct {
		Name string `json:"name" deprecated:"leave it out"`
		Kind string `json:"kind"`
	} `json:"deep"`
}

type login struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type tenantOut struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type inEnterprise struct {
	rpc.InEnterprise
	Name string `json:"name" rpc:"required"`
}

type enterpriseOrID struct{ rpc.InEnterpriseOrID }
type inProxy struct{ rpc.InProxy }
type inNetwork struct{ rpc.InNetwork }

// result shows every form a result can have.
type result struct {
	ID      int64     `json:"id"`
	Flag    rpc.Flag  `json:"isActive"`
	Revoked bool      `json:"isRevoked"`
	Created rpc.Time  `json:"created"`
	Last    rpc.Time  `json:"lastLogin"`
	Email   *string   `json:"email"`
	Error   string    `json:"error,omitempty"`
	Roles   []string  `json:"roles"`
	Bool    rpc.Bool  `json:"bool"`
	Parent  *tenantIn `json:"parent"`
}

type tenantIn struct {
	Type string `json:"type" enum:"A|B"`
}

// fake is the authority of these tests.
type fake struct {
	status  atomic.Int32
	revoked atomic.Bool
	refused atomic.Value // the noun of who was refused last for what he is

	limits    func(by *auth.Principal, method string) []limit.Claim
	limitsErr error
	logOnly   bool
	limited   []string // the methods of the calls beyond them
}

var staff = map[string]auth.Principal{
	"op":   {Type: auth.User, UserID: 1, UserType: auth.Operator, Role: roleOf("Operator Superuser")},
	"msp":  {Type: auth.User, UserID: 2, UserType: auth.MSP, ProxyID: 4, Role: roleOf("MSP Superuser")},
	"acme": {Type: auth.User, UserID: 3, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Superuser")},
	"svc":  {Type: auth.ServiceAccount, UserID: 6, ClientID: 11, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Superuser")},
	"app":  {Type: auth.App, ClientID: 12, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Superuser")},
	"renews": {Type: auth.User, UserID: 3, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Superuser"),
		Limits: &auth.Limits{Methods: []string{"book/renew"}}},
	"reads": {Type: auth.User, UserID: 3, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Superuser"),
		Limits: &auth.Limits{Methods: []string{"book/*"}}},
	"read": {Type: auth.User, UserID: 5, UserType: auth.Enterprise, EnterpriseID: 7, Role: roleOf("Enterprise Read Only")},
}

func roleOf(name string) *auth.Role {
	for _, r := range auth.Roles {
		if r.Name == name {
			return r
		}
	}
	panic("no role " + name)
}

func (f *fake) find(call auth.Call, who string, m auth.Means) (*auth.Principal, error) {
	switch who {
	case "":
		panic("asked about nothing")
	case "down":
		return nil, auth.Errorf(auth.Unavailable, "the store is lost")
	case "revoked":
		return nil, auth.Errorf(auth.Unauthenticated, "revoked token")
	}
	p, ok := staff[who]
	if !ok || f.revoked.Load() {
		return nil, auth.Errorf(auth.Unauthenticated, "invalid token")
	}
	p.Call, p.Means = call, m
	return &p, nil
}

func (f *fake) BySession(_ context.Context, call auth.Call, value string) (*auth.Principal, error) {
	p, err := f.find(call, value, auth.BySession)
	if auth.KindOf(err) == auth.Unauthenticated && err != nil {
		return nil, auth.Errorf(auth.Unauthenticated, "expired session cookie")
	}
	return p, err
}

func (f *fake) ByAPIToken(_ context.Context, call auth.Call, text string) (*auth.Principal, error) {
	return f.find(call, text, auth.ByAPIToken)
}

func (f *fake) ByAccessToken(_ context.Context, call auth.Call, text string) (*auth.Principal, error) {
	return f.find(call, text, auth.ByAccessToken)
}

// Refused keeps who was refused for what he is.
func (f *fake) Refused(_ context.Context, by *auth.Principal, why error) error {
	f.refused.Store(by.Noun())
	if auth.KindOf(why) == auth.InTheClear {
		f.refused.Store("in the clear")
	}
	return nil
}

func (f *fake) Tenant(_ context.Context, t auth.UserType, id int64) (auth.Tenant, bool, error) {
	switch {
	case id <= 0:
		panic("asked about no tenant")
	case id == 500:
		return auth.Tenant{}, false, auth.Errorf(auth.Unavailable, "the store is lost")
	case t == auth.Enterprise && id == 7:
		return auth.Tenant{Type: t, ID: 7, Name: "Acme"}, true, nil
	case t == auth.Enterprise && id == 8:
		return auth.Tenant{Type: t, ID: 8, Name: "Globex", ProxyID: 4, Delegated: auth.ToProxy}, true, nil
	case t == auth.MSP && id == 4:
		return auth.Tenant{Type: t, ID: 4, Name: "Northwind"}, true, nil
	}
	return auth.Tenant{}, false, nil
}

func (f *fake) Limits(_ context.Context, by *auth.Principal, method string) ([]limit.Claim, bool, error) {
	if f.limits == nil {
		return nil, false, f.limitsErr
	}
	return f.limits(by, method), f.logOnly, nil
}

func (f *fake) Limited(_ context.Context, by *auth.Principal, _ bool) error {
	f.limited = append(f.limited, by.Method)
	return nil
}

func (f *fake) UnauthorizedStatus(context.Context) int { return int(f.status.Load()) }

// do is a handler of a function without context.
func do[P, R any](f func(by *auth.Principal, in P) (R, error)) rpc.Handler {
	return rpc.Func(func(_ context.Context, by *auth.Principal, in P) (R, error) { return f(by, in) })
}

func fails(err error) rpc.Handler {
	return do(func(*auth.Principal, struct{}) (any, error) { return nil, err })
}

type none = struct{}

const insider = "the inside text with hunter2"

// rows is the table of these tests.
func (f *fake) rows() []rpc.Method {
	in, out := auth.SignedIn, auth.Public
	ms := []rpc.Method{
		{Name: "subtract", Rule: in, Do: do(func(_ *auth.Principal, n numbers) (int, error) { return n.Minuend - n.Subtrahend, nil })},
		{Name: "sum", Rule: in, Do: do(func(_ *auth.Principal, n numbers) (s int, _ error) {
			for _, v := range n.All {
				s += v
			}
			return s, nil
		})},
		{Name: "update", Rule: in, Do: do(func(*auth.Principal, numbers) (any, error) { return nil, nil })},
		{Name: "notify_hello", Rule: in, Do: do(func(*auth.Principal, numbers) (any, error) { return nil, nil })},
		{Name: "notify_sum", Rule: in, Do: do(func(*auth.Principal, numbers) (any, error) { return nil, nil })},
		{Name: "get_data", Rule: in, Do: do(func(*auth.Principal, none) ([]any, error) { return []any{"hello", 5}, nil })},
		{Name: "echo", Rule: in, Do: do(func(_ *auth.Principal, e everything) (everything, error) { return e, nil })},
		{Name: "needs", Rule: in, Do: do(func(_ *auth.Principal, n needs) (string, error) { return n.Name, nil })},
		{Name: "null", Rule: in, Do: do(func(*auth.Principal, none) (*tenantOut, error) { return nil, nil })},
		{Name: "list", Rule: in, Do: do(func(*auth.Principal, none) ([]tenantOut, error) { return nil, nil })},
		{Name: "html", Rule: in, Do: do(func(*auth.Principal, none) (string, error) { return "<a&b>", nil })},
		{Name: "panic", Rule: in, Do: do(func(*auth.Principal, none) (any, error) { panic(insider) })},
		{Name: "crash", Rule: in, Do: do(func(_ *auth.Principal, e everything) (any, error) { return e.List[len(e.Str)], nil })},
		{Name: "unencodable", Rule: in, Do: do(func(*auth.Principal, none) (any, error) { return func() {}, nil })},
		{Name: "plain", Rule: in, Do: fails(errors.New(insider))},
		{Name: "canceled", Rule: in, Do: fails(context.Canceled)},
		{Name: "busy", Rule: in, Do: fails(auth.Errorf(auth.Busy, "too many logins"))},
		{Name: "down", Rule: in, Do: fails(auth.Because(auth.Unavailable, errors.New(insider), "unavailable"))},
		{Name: "conflict", Rule: in, Do: fails(auth.Errorf(auth.Conflict, "the name is taken"))},
		{Name: "limit", Rule: in, Do: fails(auth.Errorf(auth.Limit, "at most 50"))},
		{Name: "immutable", Rule: in, Do: fails(auth.Errorf(auth.Immutable, "fixed"))},
		{Name: "managed", Rule: in, Do: fails(auth.Errorf(auth.Managed, "elsewhere"))},
		{Name: "operators", Rule: in.Callers(auth.Operator), Do: do(func(*auth.Principal, needs) (any, error) { return nil, nil })},
		{Name: "private", Rule: in, Private: true, Do: do(func(*auth.Principal, needs) (any, error) { return nil, nil })},
		{Name: "unverifiable", Rule: in, Do: fails(auth.Because(auth.Unverifiable, errors.New(insider), "it does not answer"))},
		{Name: "rejected", Rule: in, Do: fails(auth.Errorf(auth.Rejected, "not good"))},
		{Name: "human", Rule: in.Humans(), Do: do(func(*auth.Principal, needs) (any, error) { return nil, nil })},
		{Name: "account", Rule: in.Users(), Do: do(func(*auth.Principal, none) (any, error) { return nil, nil })},
		{Name: "own", Rule: auth.All(auth.Read.On(auth.OperatorUser)).OrSelf(auth.Enterprise), Do: do(func(*auth.Principal, none) (any, error) { return nil, nil })},
		{Name: "privileged", Rule: auth.All(auth.Create.On(auth.EnterpriseUser)), Do: do(func(*auth.Principal, needs) (any, error) { return nil, nil })},
		{Name: "big", Rule: in, Do: do(func(*auth.Principal, none) ([]string, error) {
			return slice("abcdefghijklmnopqrstuvwxyz", 10000), nil
		})},
		{Name: "result", Rule: in, Do: do(func(*auth.Principal, none) (result, error) {
			return result{ID: 6, Flag: true, Created: rpc.At(time.UnixMilli(1700000000123)), Roles: []string{}}, nil
		})},
		{Name: "revoke", Rule: in, Do: do(func(*auth.Principal, none) (any, error) { f.revoked.Store(true); return nil, nil })},
		{Name: "whoami", Rule: out, Do: do(func(by *auth.Principal, _ none) (map[string]any, error) {
			return map[string]any{"type": by.Type.String(), "user": by.UserID, "means": by.Means.String(), "method": by.Method,
				"source": by.Source, "tls": by.TLS, "requestId": by.RequestID}, nil
		})},
		{Name: "enterprise/rename", Rule: auth.All(auth.Update.On(auth.EnterpriseObject)), Do: do(func(_ *auth.Principal, in inEnterprise) (tenantOut, error) {
			return tenantOut{in.Tenant.ID, in.Tenant.Name}, nil
		})},
		{Name: "enterprise/users", Rule: auth.All(auth.Read.On(auth.EnterpriseUser)), Do: do(func(_ *auth.Principal, in enterpriseOrID) (tenantOut, error) {
			return tenantOut{int64(in.EnterpriseID), in.Tenant.Name}, nil
		})},
		{Name: "enterpriseProxy/users", Rule: in, Do: do(func(_ *auth.Principal, in inProxy) (tenantOut, error) {
			return tenantOut{int64(in.EnterpriseProxyID), in.Tenant.Name}, nil
		})},
		{Name: "network/users", Rule: in, Do: do(func(_ *auth.Principal, in inNetwork) (tenantOut, error) {
			return tenantOut{int64(in.NetworkID), in.Tenant.Name}, nil
		})},
		{Name: "old", Rule: in, Deprecated: rpc.Deprecation{Since: "2026-11-21", Use: "use null"}, Do: do(func(*auth.Principal, outmoded) (any, error) { return nil, nil })},
		{Name: "older", Rule: in, Deprecated: rpc.Deprecation{Since: "2025-01-31", Use: "use old"}, Do: do(func(*auth.Principal, none) (any, error) { return nil, nil })},
		{Name: "logout", Rule: out, Do: do(func(*auth.Principal, none) (rpc.SessionEnded, error) { return rpc.SessionEnded{}, nil })},
	}
	for _, name := range []string{"login/operatorLogin", "login/enterpriseLogin"} {
		ms = append(ms, rpc.Method{Name: name, Rule: out, Do: do(signIn)})
	}
	for i := range ms {
		ms[i].Doc = "A method of the tests."
	}
	return ms
}

func signIn(by *auth.Principal, in login) (rpc.SessionStarted, error) {
	switch {
	case in.Username == "busy":
		return rpc.SessionStarted{}, auth.Errorf(auth.Busy, "too many logins")
	case in.Username == "broken":
		return rpc.SessionStarted{}, errors.New(insider)
	case in.Password != "s3cret+ %":
		return rpc.SessionStarted{}, auth.Errorf(auth.Unauthenticated, "Invalid username or password")
	}
	return rpc.SessionStarted{Value: "SESSIONVALUE", MaxAge: 24 * time.Hour}, nil
}

func slice(s string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = s
	}
	return list
}

// house is a server of these tests, and what it has logged.
type house struct {
	*rpc.Server
	*fake
	log bytes.Buffer
}

func newHouse(t testing.TB, change ...func(*rpc.Options)) *house {
	t.Helper()
	h := &house{fake: &fake{}}
	h.status.Store(200)
	table, err := rpc.NewTable(h.rows())
	if err != nil {
		t.Fatal(err)
	}
	o := rpc.Options{Table: table, Authority: h.fake, Log: zerolog.New(zerolog.SyncWriter(&h.log)), Version: "1.2.3"}
	for _, c := range change {
		c(&o)
	}
	h.Server = rpc.New(o)
	return h
}

// ask makes a request as who, by token; an empty who brings no credentials.
func (h *house) ask(path, body, who string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", "Token "+who)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return h.send(r)
}

func (h *house) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// call calls a method over /portal and answers the body.
func (h *house) call(method, params, who string) string {
	body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
	return h.ask("/portal", body, who).Body.String()
}

// same says whether two texts are the same JSON.
func same(t testing.TB, got, want string) bool {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		return false
	}
	gb, _ := json.Marshal(g)
	wb, _ := json.Marshal(w)
	return string(gb) == string(wb)
}

func read(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
