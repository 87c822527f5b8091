package portal_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/rpc/rpctest"
)

// columns are the roles of the tables from left to right, by number, as the reference has them.
var columns = []int{1, 2, 4, 3, 5, 6, 8, 7, 9, 10, 11, 12}

// actors are one user of each role, by the role's number.
var actors = []string{"super", "opstd", "opsupport", "opbusiness",
	"admin@northwind", "std@northwind", "support@northwind", "business@northwind",
	"admin@acme", "ops@acme", "support@acme", "readonly@acme"}

// kindOf is the type of user that has a role.
func kindOf(role int) string { return []string{"OPERATOR", "MSP", "ENTERPRISE"}[(role-1)/4] }

// A spot is one character of a cell: how the place that a call names stands to its caller.
type spot int

const (
	atHome     spot = iota // his own tenant, or somebody in it; no tenant, if he has none of that kind
	below                  // one below his that has delegated nothing; another one, if none of that kind is below his
	consenting             // the same one, when all tenants have given every consent
	unseen                 // one that is not his to see, or not there
	ended                  // his own, by a session that has ended
	unnamed                // his own without saying so: answered like that, it has no character
)

// kinds are the types of tenants that the params of a doorway may name, or somebody in one.
var kinds = [][2]string{
	{"$tenant", "ENTERPRISE"}, {"$user", "ENTERPRISE"}, {"$proxy", "MSP"}, {"$msp", "MSP"},
	{"$network", "OPERATOR"}, {"$operator", "OPERATOR"},
}

// names is the type of tenant that the params name first; "" is none.
func (d doorway) names() string {
	for _, k := range kinds {
		if strings.Contains(d.params, k[0]) {
			return k[1]
		}
	}
	return ""
}

// namesTenant says whether it is the tenant itself that they name.
func (d doorway) namesTenant() bool {
	return strings.Contains(d.params, "$tenant") || strings.Contains(d.params, "$proxy") || strings.Contains(d.params, "$network")
}

// place says what a spot is to a caller of that role, or "" where there is no such call.
func (d doorway) place(role int, s spot) string {
	kind, caller := d.names(), kindOf(role)
	mine := kind == caller
	under := kind == "ENTERPRISE" && !mine || kind == "MSP" && caller == "OPERATOR"
	switch {
	case s == ended, s == atHome && (mine || kind == ""), s == unnamed && mine && d.namesTenant():
		return own
	case s == atHome && d.namesTenant():
		return nothing
	case s == atHome, s == unnamed, kind == "":
		return ""
	case s == unseen:
		return other
	case kind == "OPERATOR" && mine: // there is one network
		return ""
	case under && s == below:
		return own
	case under:
		return delegated
	}
	return other
}

// fill writes the place into the params. The users that are named are ops@acme, std@northwind and opbusiness, and so are
// themselves to three of the callers.
func (d doorway) fill(h *house, role int, s spot, serial *int) string {
	kind := kindOf(role)
	at := map[string]string{"$tenant": "1", "$user": h.names["ops_acme"], "$proxy": "1", "$msp": h.names["std_northwind"],
		"$network": "1", "$operator": h.names["opbusiness"]}
	set := func(tenant, tenantID, user, userID string) {
		at[tenant], at[user] = tenantID, cmp.Or(h.names[userID], userID)
	}
	switch s {
	case atHome, ended, unnamed:
		for i, none := range []string{`0`, `null`, `"0"`} {
			if kind != kinds[2*i][1] || s == unnamed {
				at[kinds[2*i][0]] = none
			}
		}
	case below, consenting:
		if kind != "OPERATOR" {
			set("$tenant", "2", "$user", "admin_globex")
		}
		if kind == "MSP" {
			set("$proxy", "2", "$msp", "admin_southwind")
		}
	case unseen:
		set("$tenant", "999", "$user", "999")
		set("$proxy", "999", "$msp", "999")
		set("$network", "2", "$operator", "999")
		if kind != "OPERATOR" {
			set("$tenant", "3", "$user", "admin_initech")
		}
	}
	*serial++
	at["$new"] = fmt.Sprint("n", *serial)
	out := d.params
	for name, v := range at {
		out = strings.ReplaceAll(out, name, v)
	}
	return out
}

// has says whether a role has the privileges that are published: anywhere at all, or without a consent.
func (d doorway) has(m rights, role int, anywhere bool) bool {
	has := func(privilege string) bool {
		held, consent := m.holds(role, privilege)
		return held && (anywhere || !consent)
	}
	all, any := strings.Fields(d.all), strings.Fields(d.any)
	return !slices.ContainsFunc(all, func(p string) bool { return !has(p) }) && (len(any) == 0 || slices.ContainsFunc(any, has))
}

// admits says whether users of a type may call at all.
func (d doorway) admits(kind string) bool {
	return d.callers == "" || slices.Contains(strings.Fields(d.callers), kind)
}

// expected computes the code from what is published.
func (d doorway) expected(m rights, role int, s spot) int {
	kind, place := kindOf(role), d.place(role, s)
	switch {
	case d.public:
		return d.passed
	case s == ended:
		return -32000
	case !d.admits(kind):
		return -32003
	case d.self != kind && !d.has(m, role, true):
		return -32002
	case d.context != "" && (place == nothing || place == other):
		return -32004
	case d.context != "" && place == own && d.names() != kind && !d.has(m, role, false):
		return -32002
	case d.inside != nil:
		return d.inside(role, place)
	}
	return d.passed
}

// A table is what was answered: a cell of a letter for each spot, by method and the role's number.
type table map[string]map[int]string

// letters tell the codes. Where the code is 0, a 0 says that there was nothing: null, rows 0, an empty list.
var letters = map[int]byte{
	0: '+', -32000: 's', -32002: 'p', -32003: 't', -32004: 'n', -32006: 'c', -32007: 'f', -32008: 'm', -32009: 'l', -32602: 'i',
}

const noCall = '.'

// A slip is an answer that was not to be expected.
type slip struct {
	method string
	role   int
	spot   spot
	want   int
}

// judge holds what was answered against what is published.
func (a table) judge(m rights) (slips []slip) {
	for _, method := range slices.Sorted(maps.Keys(a)) {
		for _, role := range columns {
			slips = append(slips, judge(m, method, role, a[method][role])...)
		}
	}
	return slips
}

func judge(m rights, method string, role int, cell string) (slips []slip) {
	d := doorways[method]
	for s := range ended + 1 {
		place, want := d.place(role, s), d.expected(m, role, s)
		got := cell[s]
		switch {
		case place == "":
			if got == noCall {
				continue
			}
		case got == '0' && want == 0, got == letters[want] && (want != 0 || place != other):
			continue // to a stranger there is nothing
		}
		slips = append(slips, slip{method, role, s, want})
	}
	return slips
}

const legend = `Who gets in where, as answered over the wire. Made by: go test ./rpc/portal -run Matrix -update

Columns are roles: OSU OSA OBU OSP operator superuser, standard admin, business, support; MSU to MSP the same of a partner;
ESU ESA ESP ERO superuser, standard admin, support, read only of an enterprise. A cell has five characters, one for each place:
  1 the caller's own tenant, or somebody in it; no tenant, if he has none of that kind
  2 one below his that has delegated nothing; another one, if none of that kind is below his
  3 the same one, when all tenants have given every consent
  4 one that is not his to see, or not there
  5 his own, by a session that has ended
+ let in    0 let in, and there is nothing    . no such call: no tenant is named, or there is none of that kind
t type of user    p privilege    n no such tenant, or thing    s not signed in
Let in, and refused for what the call says: i params    c conflict    f fixed    m managed elsewhere    l limit
`

// String draws the table, a family of methods at a time.
func (a table) String() string {
	var b strings.Builder
	b.WriteString(legend)
	family := ""
	for _, method := range slices.Sorted(maps.Keys(a)) {
		if f, _, _ := strings.Cut(method, "/"); f != family {
			family = f
			fmt.Fprintf(&b, "\n%-*s %s\n", methodWidth, "", strings.ReplaceAll(strings.Join(shortNames, " "), " ", "   "))
		}
		fmt.Fprintf(&b, "%-*s", methodWidth, method)
		for _, role := range columns {
			b.WriteString(" " + a[method][role])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const methodWidth = 58

var shortNames = strings.Fields(strings.Split(strings.TrimSpace(reference), "\n")[0])[1:]

// readTable reads what String has drawn.
func readTable(text string) table {
	a := table{}
	for line := range strings.Lines(strings.TrimPrefix(text, legend)) {
		cells := strings.Fields(line)
		if len(cells) != 1+len(columns) {
			continue // a heading
		}
		a[cells[0]] = map[int]string{}
		for i, role := range columns {
			a[cells[0]][role] = cells[i+1]
		}
	}
	return a
}

// TestMatrix calls every method as every role in every place. What is answered is held against what is published, and
// against the table of what was answered when somebody last looked.
func TestMatrix(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	heard := map[int]answers{}
	t.Run("as", func(t *testing.T) {
		for _, role := range columns {
			t.Run(actors[role-1], func(t *testing.T) {
				t.Parallel()
				a := play(t, role)
				mu.Lock()
				defer mu.Unlock()
				heard[role] = a
			})
		}
	})
	if len(heard) < len(columns) {
		return // -run has chosen some
	}
	seen := table{}
	for method := range doorways {
		seen[method] = map[int]string{}
		for _, role := range columns {
			seen[method][role] = heard[role][method].letters()
		}
	}
	for _, s := range seen.judge(granted) {
		got := heard[s.role][s.method][s.spot]
		t.Errorf("%s by %s, place %d: want code %d, got %v", s.method, actors[s.role-1], s.spot+1, s.want, got)
	}
	golden(t, "testdata/matrix.golden", seen.String())
}

// Answers are those to one caller, by method and spot; nil where there is no such call.
type (
	answers map[string]*spotted
	spotted [ended + 1]*reply
)

func (a *spotted) letters() string {
	var b strings.Builder
	for _, r := range a {
		switch {
		case r == nil:
			b.WriteByte(noCall)
		case r.Code == 0 && isNothing(exactly(r.Result)):
			b.WriteByte('0')
		default:
			b.WriteByte(cmp.Or(letters[r.Code], '?'))
		}
	}
	return b.String()
}

func isNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case schema:
		data, isPage := v["data"]
		return v["rows"] == json.Number("0") || isPage && isNothing(data)
	}
	return false
}

// play makes all calls of a role in a house where nothing is delegated, and those that may differ in one where everything is.
func play(t *testing.T, role int) answers {
	plain, consented := newPlayer(t, role), newPlayer(t, role)
	consented.house.consent(t)
	all := answers{}
	for _, name := range slices.Sorted(maps.Keys(doorways)) {
		a := &spotted{}
		all[name] = a
		for s := range ended + 1 {
			if s == consenting {
				a[s] = consented.call(t, name, s)
			} else {
				a[s] = plain.call(t, name, s)
			}
		}
		// A tenant's name is not needed where it is the caller's own; consents change nothing at home, nor for strangers.
		alike(t, name, "his own tenant unnamed", plain.call(t, name, unnamed), a[atHome])
		alike(t, name, "his own tenant, consenting", consented.call(t, name, atHome), a[atHome])
		alike(t, name, "an unseen tenant, consenting", consented.call(t, name, unseen), a[unseen])
	}
	plain.batches(t)
	consented.batches(t)
	return all
}

func alike(t *testing.T, method, what string, got, want *reply) {
	t.Helper()
	if got != nil && got.Code != want.Code {
		t.Errorf("%s, %s: %v, want as otherwise: %v", method, what, got, want)
	}
}

// A player makes the calls of one role in one house.
type player struct {
	house                  *house
	role                   int
	session, bearer, ended http.Header
	serial                 int
	calls                  []made
}

// A made call is one to make again in a batch.
type made struct {
	method string
	spot   spot
	code   int
}

func newPlayer(t *testing.T, role int) *player {
	h := build(t)
	who := actors[role-1]
	p := &player{house: h, role: role, session: h.session(t, who), bearer: h.tokenFor(t, role), ended: h.session(t, who)}
	h.good(t, p.ended, "logout", `{}`, nil)
	for _, who := range []string{"ops@acme", "admin@globex", "std@northwind", "opbusiness"} { // there shall be something to see
		h.pending(t, h.session(t, who), "seen", day)
	}
	return p
}

// noTokens says whether the role's API tokens are refused.
func (p *player) noTokens() bool { return p.role == 8 || p.role == 12 }

func (p *player) params(method string, s spot) string {
	return doorways[method].fill(p.house, p.role, s, &p.serial)
}

// call makes a call by every way in, which all must end alike, and answers what it got by the first, or nil where there is
// no such call.
func (p *player) call(t *testing.T, method string, s spot) *reply {
	t.Helper()
	d := doorways[method]
	if d.place(p.role, s) == "" {
		return nil
	}
	as := p.session
	switch {
	case s == ended:
		as = p.ended
	case d.public: // it may end the session that it comes with
		as = p.house.session(t, actors[p.role-1])
	}
	r := p.house.call(as, method, p.params(method, s))
	if r.Status != http.StatusOK {
		t.Errorf("%s, place %d: %v", method, s+1, r)
	}
	if r.Code == 0 {
		fits(t, rpctest.Heard{Where: actors[p.role-1], Method: method, Answer: exactly(r.Result)})
	} else {
		fits(t, rpctest.Heard{Where: actors[p.role-1], Method: method, Answer: exactly(r.Error), Failed: true})
	}
	if !d.public {
		p.otherWays(t, method, s, as, r.Code)
	}
	return &r
}

func (p *player) otherWays(t *testing.T, method string, s spot, as http.Header, want int) {
	t.Helper()
	twin := p.house.post("/portal/rest/"+method, as, p.params(method, s))
	if got := codeIn(twin.Body.Bytes()); got != want {
		t.Errorf("/portal/rest/%s, place %d: %s, want code %d", method, s+1, twin.Body, want)
	}
	if s == ended {
		return
	}
	p.calls = append(p.calls, made{method, s, want})
	if p.noTokens() {
		want = -32000
	}
	if r := p.house.call(p.bearer, method, p.params(method, s)); r.Code != want {
		t.Errorf("%s, place %d, by token: %v, want code %d", method, s+1, r, want)
	}
}

// batches makes all calls once more, many at once.
func (p *player) batches(t *testing.T) {
	t.Helper()
	for calls := range slices.Chunk(p.calls, 100) {
		p.batch(t, "session", p.session, calls)
		p.batch(t, "token", p.bearer, calls)
	}
}

func (p *player) batch(t *testing.T, means string, as http.Header, calls []made) {
	t.Helper()
	var texts []string
	for i, c := range calls {
		texts = append(texts, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, i, c.method, p.params(c.method, c.spot)))
	}
	var got []json.RawMessage
	must(t, json.Unmarshal(p.house.post("/portal/", as, "["+strings.Join(texts, ",")+"]").Body.Bytes(), &got))
	if len(got) != len(calls) {
		t.Fatalf("%d answers to a batch of %d", len(got), len(calls))
	}
	for i, c := range calls {
		want := c.code
		if means == "token" && p.noTokens() {
			want = -32000
		}
		if code := codeIn(got[i]); code != want {
			t.Errorf("%s, place %d, in a batch by %s: %s, want code %d", c.method, c.spot+1, means, got[i], want)
		}
	}
}

// consent has every tenant give every consent.
func (h *house) consent(t *testing.T) {
	t.Helper()
	give := func(who string, in auth.Tenant, all ...auth.Delegation) {
		for _, which := range all {
			must(t, h.accounts.Delegate(context.Background(), h.principal(t, who), in, which, true))
		}
	}
	for i, who := range []string{"admin@acme", "admin@globex", "admin@initech"} {
		give(who, tenant(t, h, auth.Enterprise, int64(i+1)),
			auth.ToOperator, auth.UsersToOperator, auth.ToProxy, auth.SensitiveToOperator, auth.SensitiveToProxy)
	}
	for i, who := range []string{"admin@northwind", "admin@southwind"} {
		give(who, tenant(t, h, auth.MSP, int64(i+1)), auth.ToOperator)
	}
}

// principal is a user as a caller below the wire.
func (h *house) principal(t *testing.T, who string) *auth.Principal {
	t.Helper()
	u, _, err := h.accounts.FindUser(context.Background(), account.System("test"), 0, who)
	must(t, err)
	return u.Principal(auth.Call{}, auth.BySession, 0, time.Time{})
}

// tokenFor gives a user an API token, also one whose role has none: he had another role when he got it.
func (h *house) tokenFor(t *testing.T, role int) http.Header {
	t.Helper()
	who := actors[role-1]
	none := role == 8 || role == 12
	if none {
		h.setRole(t, who, int64(role-1))
	}
	_, text := h.enabled(t, h.session(t, who), "door", 365*day)
	if none {
		h.setRole(t, who, int64(role))
	}
	return bearing(text)
}

func (h *house) setRole(t *testing.T, who string, role int64) {
	t.Helper()
	v, boss := auth.Update.On(auth.ProxyUser), "admin@northwind"
	if strings.HasSuffix(who, "@acme") {
		v, boss = auth.Update.On(auth.EnterpriseUser), "admin@acme"
	}
	rows, err := h.accounts.UpdateUser(context.Background(), h.principal(t, boss), v, 0, who, account.UserUpdate{RoleID: &role})
	if err != nil || rows != 1 {
		t.Fatalf("the role of %s: %d, %v", who, rows, err)
	}
}

func codeIn(body []byte) int {
	var o struct{ Error *struct{ Code int } }
	if json.Unmarshal(body, &o) != nil || o.Error == nil {
		return 0
	}
	return o.Error.Code
}
