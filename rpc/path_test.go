package rpc_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/rpc"
)

// A shelf is books that the paths of these tests are about, and the order in which its methods were called.
type shelf struct {
	mu     sync.Mutex
	books  map[rpc.ID]string
	called []string
}

type book struct {
	ID    rpc.ID `json:"id"`
	Title string `json:"title"`
	Owner int64  `json:"owner"`
}

type bookIn struct {
	rpc.InOrganisation
	ID     rpc.ID   `json:"id"`
	View   string   `json:"view" enum:"Short|Long"`
	Reader rpc.ID   `json:"readerId"`
	Force  rpc.Bool `json:"force"`
	Title  string   `json:"title"`
	Update struct {
		Secret *string `json:"newSecret"`
	} `json:"_update"`
}

type newBook struct {
	rpc.InOrganisation
	Title string `json:"title" rpc:"required"`
}

type done struct {
	Rows int `json:"rows"`
}

func (s *shelf) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.called = append(s.called, what)
}

func (s *shelf) was() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.called = nil }()
	return strings.Join(s.called, " ")
}

func (s *shelf) get(_ *auth.Principal, in bookIn) (*book, error) {
	s.note("get" + in.View + strconv.Itoa(int(in.ID)))
	if in.Tenant.ID == 0 {
		panic("asked about no tenant")
	}
	title, ok := s.books[in.ID]
	if !ok {
		return nil, nil
	}
	return &book{in.ID, title, in.Tenant.ID}, nil
}

func (s *shelf) rows() []rpc.Method {
	read, write := auth.All(auth.Read.On(auth.EnterpriseUser)), auth.All(auth.Update.On(auth.EnterpriseUser))
	alter := func(name string) rpc.Handler {
		return do(func(_ *auth.Principal, in bookIn) (done, error) {
			s.note(name + strconv.Itoa(int(in.Reader)) + strconv.FormatBool(bool(in.Force)))
			switch {
			case in.Reader == 13:
				return done{}, auth.BadField("readerId", "is not of this enterprise")
			case in.Reader == 14:
				return done{}, auth.Errorf(auth.Conflict, "2 readers still have it")
			case in.Update.Secret != nil && *in.Update.Secret == "weak":
				return done{}, auth.BadField("_update.newSecret", "is weak")
			case s.books[in.ID] == "":
				return done{}, nil
			}
			return done{1}, nil
		})
	}
	rows := []rpc.Method{
		{Name: "book/list", Rule: read, Do: do(func(_ *auth.Principal, in bookIn) ([]book, error) {
			s.note("list" + in.View + strconv.Itoa(int(in.Reader)) + "@" + strconv.FormatInt(in.Tenant.ID, 10))
			if in.Reader == 9 {
				return nil, nil
			}
			return []book{{1, s.books[1], in.Tenant.ID}}, nil
		})},
		{Name: "book/get", Rule: read, Do: do(s.get)},
		{Name: "book/insert", Rule: write, Do: do(func(_ *auth.Principal, in newBook) (book, error) {
			s.note("insert " + in.Title)
			return book{3, in.Title, in.Tenant.ID}, nil
		})},
		{Name: "book/change", Rule: write, Private: true, Do: alter("change")},
		{Name: "book/lend", Rule: write, Do: alter("lend")},
		{Name: "book/delete", Rule: write, Do: alter("delete")},
		{Name: "book/renew", Rule: read, Do: alter("renew")},
		{Name: "book/closed", Rule: auth.All(auth.Update.On(auth.SystemProperty)), Do: do(func(*auth.Principal, none) (*book, error) { return &book{}, nil })},
		{Name: "book/human", Rule: write.Humans(), Do: alter("human")},
		{Name: "book/panic", Rule: read, Do: do(func(*auth.Principal, none) (*book, error) { panic(insider) })},
		{Name: "book/down", Rule: read, Do: fails(auth.Errorf(auth.Unavailable, insider))},
		{Name: "book/rejected", Rule: read, Do: fails(&auth.Error{Kind: auth.Rejected, Text: "not good", Word: "LOCKED"})},
		{Name: "book/unverifiable", Rule: read, Do: fails(auth.Errorf(auth.Unverifiable, "no answer"))},
	}
	for i := range rows {
		rows[i].Doc = "A method of the tests."
	}
	return rows
}

// volume is a book in the other product's shape.
type volume struct {
	ISBN string `json:"isbn"`
	Name string `json:"name"`
}

func volumeOf(b *book) (volume, bool) {
	return volume{"b" + strconv.FormatInt(int64(b.ID), 10), b.Title}, true
}

func seen(_ done, b *book) (volume, bool) { return volumeOf(b) }

func removed(d done, b *book) ([]volume, bool) {
	v, _ := volumeOf(b)
	return []volume{v}, d.Rows > 0
}

var bookPaths = []rpc.Path{
	{Verb: "GET", Pattern: "api/books", Method: "book/list",
		Query: []rpc.Param{{Name: "view", Words: map[string]string{"": "Short", "brief": "Short", "full": "Long"}},
			{Name: "person", As: "readerId"}, {Name: "enterpriseId"}, {Name: "enterpriseProxyId"}},
		Answer: rpc.Told(func(list []book) ([]volume, bool) {
			out := make([]volume, len(list))
			for i := range list {
				out[i], _ = volumeOf(&list[i])
			}
			return out, true
		})},
	{Verb: "GET", Pattern: "api/count", Method: "book/list", Answer: rpc.Told(func(list []book) (int, bool) { return len(list), true })},
	{Verb: "POST", Pattern: "api/books", Method: "book/insert", Body: []rpc.Param{{Name: "name", As: "title"}},
		Answer: rpc.Told(func(b book) (volume, bool) { return volumeOf(&b) })},
	{Verb: "GET", Pattern: "api/books/{id}", Method: "book/get", Query: []rpc.Param{{Name: "enterpriseId"}},
		Answer: rpc.Told(func(b *book) (volume, bool) {
			if b == nil {
				return volume{}, false
			}
			return volumeOf(b)
		})},
	{Verb: "PUT", Pattern: "api/books/{id}", Method: "book/change", Always: map[string]string{"view": "Long"},
		Body:   []rpc.Param{{Name: "newSecret", As: "_update.newSecret", Needed: true}},
		Answer: rpc.After("book/get", seen)},
	{Verb: "DELETE", Pattern: "api/books/{id}", Method: "book/delete", Query: []rpc.Param{{Name: "force"}},
		Answer: rpc.Before("book/get", removed)},
	{Verb: "POST", Pattern: "api/books/{id}/readers", Method: "book/lend", Body: []rpc.Param{{Name: "readerId", Needed: true}},
		Answer: rpc.After("book/get", seen)},
	{Verb: "DELETE", Pattern: "api/books/{id}/readers/{readerId}", Method: "book/lend", Answer: rpc.After("book/get", seen)},
	{Verb: "POST", Pattern: "api/renewed/{id}", Method: "book/renew", Answer: rpc.After("book/get", seen)},
	{Verb: "POST", Pattern: "api/closed/{id}", Method: "book/lend", Answer: rpc.After("book/closed", seen)},
	{Verb: "POST", Pattern: "api/human/{id}", Method: "book/human", Answer: rpc.After("book/get", seen)},
	{Verb: "GET", Pattern: "api/panic", Method: "book/panic", Answer: rpc.Told(func(*book) (int, bool) { return 0, true })},
	{Verb: "GET", Pattern: "api/down", Method: "book/down", Answer: rpc.Told(func(any) (int, bool) { return 0, true })},
	{Verb: "GET", Pattern: "api/rejected", Method: "book/rejected", Answer: rpc.Told(func(any) (int, bool) { return 0, true })},
	{Verb: "GET", Pattern: "api/unverifiable", Method: "book/unverifiable", Answer: rpc.Told(func(any) (int, bool) { return 0, true })},
	{Verb: "GET", Pattern: "api/unshaped/{id}", Method: "book/get", Answer: rpc.Told(func(b *book) (string, bool) { return b.Title, true })},
}

func library(t testing.TB, change ...func(*rpc.Options)) (*house, *shelf) {
	t.Helper()
	s := &shelf{books: map[rpc.ID]string{1: "Emma", 9223372036854775807: "Persuasion"}}
	shelve := func(o *rpc.Options) {
		table, err := rpc.NewTable(s.rows())
		if err != nil {
			t.Fatal(err)
		}
		o.Table, o.Paths = table, bookPaths
	}
	return newHouse(t, append(change, shelve)...), s
}

// visit makes a request from the machine itself, which is as good as TLS.
func (h *house) visit(verb, target, body, who string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(verb, target, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1"
	if who != "" {
		r.Header.Set("Authorization", "Token "+who)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return h.send(r)
}

const (
	emma     = `{"isbn":"b1","name":"Emma"}`
	noRecord = `{"message":"there is no such record"}`
)

// TestPaths: a request becomes a call of a method, and its result another product's answer.
func TestPaths(t *testing.T) {
	h, s := library(t)
	for _, c := range []struct {
		verb, target, body, who string
		status                  int
		answer, called          string
	}{
		{"GET", "/api/books", "", "acme", 200, "[" + emma + "]", "list0@7"},
		{"GET", "/api/books?view=&person=9", "", "acme", 200, "[]", "listShort9@7"},
		{"GET", "/api/books?VIEW=Brief", "", "acme", 200, "[" + emma + "]", "listShort0@7"},
		{"GET", "/api/books?view=FULL&person=5&other=1&other=2", "", "acme", 200, "[" + emma + "]", "listLong5@7"},
		{"GET", "/api/books?person=", "not read", "acme", 200, "[" + emma + "]", "list0@7"},
		{"GET", "/api/count", "", "acme", 200, "1", "list0@7"},
		{"HEAD", "/api/books", "", "acme", 200, "", "list0@7"},
		{"GET", "//api///books/1/", "", "acme", 200, emma, "get1"},
		{"GET", "/Api/BOOKS/1", "", "acme", 200, emma, "get1"},
		{"GET", "/api/books/%31", "", "acme", 200, emma, "get1"},
		{"GET", "/api/books/9223372036854775807", "", "acme", 200, `{"isbn":"b9223372036854775807","name":"Persuasion"}`, "get9223372036854775807"},
		{"POST", "/api/books", `{"name":"<Ada> \ud83d\ude00 &"}`, "acme", 200, `{"isbn":"b3","name":"<Ada> 😀 &"}`, "insert <Ada> 😀 &"},
		{"POST", "/api/books", ` {"NAME":"Ada","title":"no","x":[{}]} `, "acme", 200, `{"isbn":"b3","name":"Ada"}`, "insert Ada"},
		{"PUT", "/api/books/1", `{"NewSecret":"strong"}`, "acme", 200, emma, "change0false getLong1"},
		{"DELETE", "/api/books/1", "", "acme", 200, "[" + emma + "]", "get1 delete0false"},
		{"DELETE", "/api/books/1?force=TRUE", "{", "acme", 200, "[" + emma + "]", "get1 delete0true"},
		{"POST", "/api/books/1/readers", `{"readerId":"5"}`, "acme", 200, emma, "lend5false get1"},
		{"POST", "/api/books/1/readers", `{"READERID":5}`, "acme", 200, emma, "lend5false get1"},
		{"DELETE", "/api/books/1/readers/6", "", "acme", 200, emma, "lend6false get1"},

		// Whose it is.
		{"GET", "/api/books?enterpriseId=8", "", "msp", 200, "[" + emma + "]", "list0@8"},
		{"GET", "/api/books?enterpriseid=8", "", "acme", 404, `{"message":"enterpriseId is missing or not yours in call to [book/list]"}`, ""},
		{"GET", "/api/books?enterpriseId=8&enterpriseProxyId=4", "", "msp", 404, `{"message":"enterpriseProxyId is missing or not yours in call to [book/list]"}`, ""},

		// There is no such record.
		{"GET", "/api/books/2", "", "acme", 404, noRecord, "get2"},
		{"GET", "/api/books/0", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/01", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/-1", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/+1", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/1e0", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/1.0", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/..", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/9223372036854775808", "", "acme", 404, noRecord, ""},
		{"GET", "/api/books/" + strings.Repeat("9", 5000), "", "acme", 404, noRecord, ""},
		{"PUT", "/api/books/2", `{"newSecret":"strong"}`, "acme", 404, noRecord, "change0false getLong2"},
		{"DELETE", "/api/books/2", "", "acme", 404, noRecord, "get2"},
		{"DELETE", "/api/books/1/readers/x", "", "acme", 404, noRecord, ""},

		// It cannot be read.
		{"POST", "/api/books", "", "acme", 400, `{"message":"name: is required","modelState":{"name":["is required"]}}`, ""},
		{"POST", "/api/books", "null", "acme", 400, `{"message":"name: is required","modelState":{"name":["is required"]}}`, ""},
		{"POST", "/api/books", `{"name":5}`, "acme", 400, `{"message":"name: must be a string","modelState":{"name":["must be a string"]}}`, ""},
		{"POST", "/api/books", `{"name":"a","Name":"b"}`, "acme", 400,
			`{"message":"name: is given more than once","modelState":{"name":["is given more than once"]}}`, ""},
		{"POST", "/api/books", `{"name":"a","name":"a"}`, "acme", 400, `{"message":"parse error: an object has two members of one name"}`, ""},
		{"POST", "/api/books", `{"name":"a"} x`, "acme", 400, `{"message":"parse error: something follows the value"}`, ""},
		{"POST", "/api/books", "name=a", "acme", 400, `{"message":"parse error: the text is not JSON"}`, ""},
		{"POST", "/api/books", "{\"name\":\"\xff\"}", "acme", 400, `{"message":"parse error: the text is not UTF-8"}`, ""},
		{"POST", "/api/books", `["name"]`, "acme", 400, `{"message":"invalid request: the body must be an object"}`, ""},
		{"POST", "/api/books", `{"name":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, "acme", 400,
			`{"message":"name: must be a string","modelState":{"name":["must be a string"]}}`, ""},
		{"PUT", "/api/books/1", `{"newSecret":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, "acme", 400,
			`{"message":"parse error: the value is nested too deeply"}`, ""},
		{"PUT", "/api/books/1", `{"_update":{"newSecret":"strong"}}`, "acme", 400,
			`{"message":"newSecret: is required","modelState":{"newSecret":["is required"]}}`, ""},
		{"PUT", "/api/books/1", `{"newSecret":""}`, "acme", 400, `{"message":"newSecret: is required","modelState":{"newSecret":["is required"]}}`, ""},
		{"PUT", "/api/books/1", `{"newSecret":"weak"}`, "acme", 400, `{"message":"newSecret: is weak","modelState":{"newSecret":["is weak"]}}`, "change0false"},
		{"POST", "/api/books/1/readers", `{"readerId":13}`, "acme", 400,
			`{"message":"readerId: is not of this enterprise","modelState":{"readerId":["is not of this enterprise"]}}`, "lend13false"},
		{"POST", "/api/books/1/readers", `{"readerId":99999999999999999999}`, "acme", 400,
			`{"message":"readerId: must be a whole number","modelState":{"readerId":["must be a whole number"]}}`, ""},
		{"GET", "/api/books?view=All&person=x", "", "acme", 400,
			`{"message":"person: must be a whole number","modelState":{"person":["must be a whole number"],"view":["must be one of Short, Long"]}}`, ""},
		{"GET", "/api/books?person=x", "", "acme", 400, `{"message":"person: must be a whole number","modelState":{"person":["must be a whole number"]}}`, ""},
		{"GET", "/api/books?person=1&Person=1", "", "acme", 400,
			`{"message":"person: is given more than once","modelState":{"person":["is given more than once"]}}`, ""},
		{"GET", "/api/books?person=%zz", "", "acme", 400, `{"message":"invalid request: the query cannot be read"}`, ""},
		{"DELETE", "/api/books/1?force=maybe", "", "acme", 400, `{"message":"force: must be true or false","modelState":{"force":["must be true or false"]}}`, ""},

		// It is not to be.
		{"DELETE", "/api/books/1/readers/14", "", "acme", 400, `{"message":"2 readers still have it"}`, "lend14false"},
		{"GET", "/api/rejected", "", "acme", 400, `{"message":"not good","code":"LOCKED"}`, ""},
		{"GET", "/api/unverifiable", "", "acme", 503, `{"message":"no answer"}`, ""},
		{"GET", "/api/down", "", "acme", 503, `{"message":"unavailable"}`, ""},
		{"GET", "/api/panic", "", "acme", 500, `{"message":"internal error"}`, ""},
		{"GET", "/api/unshaped/2", "", "acme", 500, `{"message":"internal error"}`, "get2"},

		// Not by him; and who may not learns nothing of what fits.
		{"GET", "/api/books", "", "", 401, `{"message":"expired session cookie"}`, ""},
		{"GET", "/api/books/x", "", "", 401, `{"message":"expired session cookie"}`, ""},
		{"GET", "/api/books", "", "revoked", 401, `{"message":"revoked token"}`, ""},
		{"GET", "/api/books", "", "down", 503, `{"message":"unavailable"}`, ""},
		{"PUT", "/api/books/x", "{", "read", 401, `{"message":"privilege [UPDATE:ENTERPRISE_USER] is required for method [book/change]"}`, ""},
		{"POST", "/api/renewed/1", "", "reads", 200, emma, "renew0false get1"},
		{"POST", "/api/renewed/1", "", "renews", 401,
			`{"message":"method [book/get] is beyond the limits of this API token: they do not name it","code":"API_TOKEN_LIMITS"}`, ""},
		{"POST", "/api/books/1/readers", `{"readerId":1}`, "reads", 401,
			`{"message":"method [book/lend] is beyond the limits of this API token: it takes one without any","code":"API_TOKEN_LIMITS"}`, ""},
		{"POST", "/api/closed/1", "", "acme", 401, `{"message":"privilege [UPDATE:SYSTEM_PROPERTY] is required for method [book/lend]"}`, ""},

		// Elsewhere.
		{"GET", "/api", "", "acme", 404, `{"error":{"code":-32600,"message":"there is nothing at this path"}}`, ""},
		{"GET", "/api/books/1/2", "", "acme", 404, `{"error":{"code":-32600,"message":"there is nothing at this path"}}`, ""},
		{"GET", "/api/books/1/readers/2/3", "", "acme", 404, `{"error":{"code":-32600,"message":"there is nothing at this path"}}`, ""},
		{"GET", "/api/books/1%2Freaders/2", "", "acme", 405, `{"message":"this path does not take this HTTP method"}`, ""},
		{"PATCH", "/api/books/1", "", "acme", 405, `{"message":"this path does not take this HTTP method"}`, ""},
		{"POST", "/api/books/1", "{}", "acme", 405, `{"message":"this path does not take this HTTP method"}`, ""},
		{"DELETE", "/api/books", "", "acme", 405, `{"message":"this path does not take this HTTP method"}`, ""},
		{"POST", "/api/books", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, "acme", 413, `{"message":"the body is too large"}`, ""},
		{"GET", "/api/books", strings.Repeat("x", 1<<20+1), "acme", 413, `{"message":"the body is too large"}`, ""},
	} {
		w := h.visit(c.verb, c.target, c.body, c.who)
		name := c.verb + " " + c.target[:min(len(c.target), 80)] + " " + c.body[:min(len(c.body), 80)] + " as " + c.who
		if w.Code != c.status || w.Body.String() != c.answer {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, c.status, c.answer)
		}
		if got := s.was(); got != c.called {
			t.Errorf("%s: called %q, want %q", name, got, c.called)
		}
		if strings.Contains(w.Body.String(), "hunter2") || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%s: %v %s", name, w.Header(), w.Body)
		}
	}
}

// TestPathHeaders: the headers that go with an answer at another product's path.
func TestPathHeaders(t *testing.T) {
	h, _ := library(t)
	for name, c := range map[string]struct {
		verb, target, who string
		headers           []string
		status            int
		header, want      string
	}{
		"not signed in":   {"GET", "/api/books", "", nil, 401, "Www-Authenticate", "Bearer"},
		"not allowed":     {"DELETE", "/api/books/1", "read", nil, 401, "Www-Authenticate", `Bearer error="insufficient_scope"`},
		"not a person":    {"POST", "/api/human/1", "svc", nil, 401, "Www-Authenticate", `Bearer error="insufficient_scope"`},
		"not there":       {"GET", "/api/books/2", "acme", nil, 404, "Www-Authenticate", ""},
		"no Expires":      {"GET", "/api/books", "", nil, 401, "Expires", ""},
		"allowed":         {"PATCH", "/api/books/1", "", nil, 405, "Allow", "DELETE, GET, HEAD, OPTIONS, PUT"},
		"allowed, POST":   {"PUT", "/api/books/1/readers", "", nil, 405, "Allow", "OPTIONS, POST"},
		"OPTIONS":         {"OPTIONS", "/api/books", "", nil, 204, "Allow", "GET, HEAD, OPTIONS, POST"},
		"HEAD":            {"HEAD", "/api/books/1", "acme", nil, 200, "Content-Length", strconv.Itoa(len(emma))},
		"later":           {"GET", "/api/down", "acme", nil, 503, "Retry-After", "5"},
		"later, too":      {"GET", "/api/unverifiable", "acme", nil, 503, "Retry-After", "5"},
		"Bearer":          {"GET", "/api/books/1", "", []string{"Authorization", "Bearer acme"}, 200, "Content-Type", "application/json"},
		"two headers":     {"GET", "/api/books/1", "acme", []string{"Authorization", "Token op"}, 400, "Content-Type", "application/json"},
		"a cookie":        {"DELETE", "/api/books/1", "", []string{"Cookie", "velocloud.session=acme"}, 200, "Content-Type", "application/json"},
		"its own site":    {"DELETE", "/api/books/1", "", []string{"Cookie", "velocloud.session=acme", "Sec-Fetch-Site", "same-origin"}, 200, "", ""},
		"cross-site":      {"DELETE", "/api/books/1", "", []string{"Cookie", "velocloud.session=acme", "Sec-Fetch-Site", "cross-site"}, 403, "", ""},
		"of other origin": {"DELETE", "/api/books/1", "", []string{"Cookie", "velocloud.session=acme", "Origin", "https://evil.example"}, 403, "", ""},
		"by a token":      {"DELETE", "/api/books/1", "acme", []string{"Sec-Fetch-Site", "cross-site"}, 200, "", ""},
	} {
		w := h.visit(c.verb, c.target, "", c.who, c.headers...)
		if w.Code != c.status || w.Header().Get(c.header) != c.want {
			t.Errorf("%s: %d %v %s, want %d and %s: %s", name, w.Code, w.Header(), w.Body, c.status, c.header, c.want)
		}
	}
}

// TestPathsTakeTLS: a path is refused in the clear where its method is, before anything is read of the request.
func TestPathsTakeTLS(t *testing.T) {
	h, s := library(t)
	r := httptest.NewRequest("PUT", "/api/books/x", strings.NewReader("{"))
	r.Header.Set("Authorization", "Token acme")
	w := h.send(r)
	want := `{"message":"method [book/change] takes TLS; a secret that was sent without it should be replaced","code":"TLS_REQUIRED"}`
	if w.Code != 400 || w.Body.String() != want || s.was() != "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := h.refused.Load(); got != "in the clear" {
		t.Errorf("%v is recorded", got)
	}
}

// A call in the clear from a proxy on the machine was taken for one of the machine itself, wherever it came from, when the proxy was
// not named as a trusted one, or told the protocol alone.
func TestProxyOnTheMachine(t *testing.T) {
	trusted := func(o *rpc.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }
	for _, c := range []struct {
		name    string
		options []func(*rpc.Options)
		header  []string
		refused bool
	}{
		{"none", nil, nil, false},
		{"one that is not trusted", nil, []string{"X-Forwarded-For", "198.51.100.7"}, true},
		{"one that is not trusted, and says https", nil, []string{"X-Forwarded-Proto", "https"}, true},
		{"another way to say so", nil, []string{"Forwarded", "for=198.51.100.7"}, true},
		{"one that says the least", nil, []string{"Via", "1.1 proxy"}, true},
		{"a trusted one in the clear", []func(*rpc.Options){trusted}, []string{"X-Forwarded-Proto", "http"}, true},
		{"a trusted one over TLS", []func(*rpc.Options){trusted}, []string{"X-Forwarded-Proto", "https"}, false},
	} {
		h, _ := library(t, c.options...)
		w := h.visit("PUT", "/api/books/1", `{"newSecret":"Emma"}`, "acme", c.header...)
		if got := strings.Contains(w.Body.String(), "TLS_REQUIRED"); got != c.refused || !got && w.Code != 200 {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

// TestPathsHaveLimits: a request is one call, of the path's method, whatever is asked besides.
func TestPathsHaveLimits(t *testing.T) {
	h, s := library(t)
	var asked []string
	h.limits = func(_ *auth.Principal, method string) []limit.Claim {
		asked = append(asked, method)
		return []limit.Claim{{Policy: 1, Counted: 1, Caller: 1, Rule: reservoir(1, time.Hour)}}
	}
	if w := h.visit("DELETE", "/api/books/1", "", "acme"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.was()
	w := h.visit("DELETE", "/api/books/1", "", "acme")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.HasPrefix(w.Body.String(), `{"message":"too many calls`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if got := strings.Join(asked, " "); got != "book/delete book/delete" || s.was() != "" {
		t.Errorf("the limits were asked for %s", got)
	}
}

// TestPathsAreLogged: the line has the method, and the path as it is in the table.
func TestPathsAreLogged(t *testing.T) {
	h, _ := library(t)
	h.visit("PUT", "/api/books/1?q=query", `{"newSecret":"hush"}`, "acme")
	h.visit("PUT", "/api/books/2", `{"newSecret":"hush"}`, "acme")
	h.visit("PATCH", "/api/books/2", ``, "")
	lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	for i, want := range []string{
		`"method":"book/change","source":"127.0.0.1","status":200,"path":"PUT /api/books/{id}","principal":"USER"`,
		`"method":"book/change","source":"127.0.0.1","status":404,"path":"PUT /api/books/{id}","code":-32004,"principal":"USER"`,
		`"method":"","source":"127.0.0.1","status":405,"code":-32600`,
	} {
		if len(lines) != 3 || !strings.Contains(lines[i], want) {
			t.Errorf("line %d: want %s in\n%s", i, want, h.log.String())
		}
	}
	if strings.Contains(h.log.String(), "hush") || strings.Contains(h.log.String(), "query") {
		t.Errorf("the log tells too much: %s", h.log.String())
	}
}

// TestPathsThatDoNotFit: what a programmer got wrong in a path is told at the start.
func TestPathsThatDoNotFit(t *testing.T) {
	told := rpc.Told(func(*book) (int, bool) { return 0, true })
	for name, list := range map[string][]rpc.Path{
		"twice":                   {{Verb: "GET", Pattern: "a/{id}", Method: "book/get", Answer: told}, {Verb: "GET", Pattern: "a/{readerId}", Method: "book/get", Answer: told}},
		"taken":                   {{Verb: "POST", Pattern: "portal/rest/a", Method: "book/get", Answer: told}},
		"no verb":                 {{Verb: "PATCH", Pattern: "a", Method: "book/get", Answer: told}},
		"no method":               {{Verb: "GET", Pattern: "a", Method: "book/steal", Answer: told}},
		"another result":          {{Verb: "GET", Pattern: "a", Method: "book/list", Answer: told}},
		"nothing asked":           {{Verb: "GET", Pattern: "a", Method: "book/lend", Answer: rpc.After("book/steal", seen)}},
		"another result asked":    {{Verb: "GET", Pattern: "a", Method: "book/lend", Answer: rpc.After("book/list", seen)}},
		"an unknown id":           {{Verb: "GET", Pattern: "a/{bookId}", Method: "book/get", Answer: told}},
		"an unknown param":        {{Verb: "GET", Pattern: "a", Method: "book/get", Query: []rpc.Param{{Name: "color"}}, Answer: told}},
		"an unknown name for one": {{Verb: "GET", Pattern: "a", Method: "book/get", Body: []rpc.Param{{Name: "id", As: "bookId"}}, Answer: told}},
		"one from two places":     {{Verb: "GET", Pattern: "a/{id}", Method: "book/get", Query: []rpc.Param{{Name: "number", As: "id"}}, Answer: told}},
		"one of a session": {{Verb: "POST", Pattern: "a", Method: "logout",
			Answer: rpc.Told(func(rpc.SessionEnded) (int, bool) { return 0, true })}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: is taken", name)
				}
			}()
			s := &shelf{}
			table, err := rpc.NewTable(append(s.rows(), (&fake{}).rows()...))
			if err != nil {
				t.Fatal(err)
			}
			rpc.New(rpc.Options{Table: table, Paths: list})
		}()
	}
}
