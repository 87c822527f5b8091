package rpc_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/rpc"
)

// limited is a house in which everybody has a count of his own, or all strangers of a place one. Its clock is the test's.
func limited(t *testing.T, r limit.Rule, methods ...string) (h *house, now *time.Time) {
	t.Helper()
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	h = newHouse(t, func(o *rpc.Options) { o.Now = func() time.Time { return at } })
	h.limits = func(by *auth.Principal, method string) []limit.Claim {
		if len(methods) > 0 && !slices.Contains(methods, method) {
			return nil
		}
		who := limit.Number(by.UserID)
		return []limit.Claim{{Policy: 1, Counted: who, Caller: who, Rule: r}}
	}
	return h, &at
}

func reservoir(n int, every time.Duration) limit.Rule {
	return limit.Rule{Burst: n, Amount: n, Every: every}
}

const (
	null    = `{"jsonrpc":"2.0","method":"null","id":1}`
	tooMany = `{"jsonrpc":"2.0","error":{"code":-32013,"message":"too many calls: come again in 20 seconds"},"id":1}`
)

func TestOneCallTooMany(t *testing.T) {
	h, now := limited(t, reservoir(1, 20*time.Second))
	expect(t, h.ask("/portal", null, "op"), 200, `{"jsonrpc":"2.0","result":null,"id":1}`, nil)
	expect(t, h.ask("/portal", null, "op"), 429, tooMany, []string{"Retry-After", "20"})
	expect(t, h.ask("/portal/rest/null", "", "op"), 429, `{"error":{"code":-32013,"message":"too many calls: come again in 20 seconds"}}`,
		[]string{"Retry-After", "20"})
	*now = now.Add(time.Millisecond) // what is left is rounded up
	expect(t, h.ask("/portal", null, "op"), 429, tooMany, []string{"Retry-After", "20"})
	expect(t, h.ask("/portal", null, "acme"), 200, `{"jsonrpc":"2.0","result":null,"id":1}`, nil)
	*now = now.Add(20 * time.Second)
	expect(t, h.ask("/portal", null, "op"), 200, `{"jsonrpc":"2.0","result":null,"id":1}`, []string{"Retry-After", ""})
	if want := []string{"null", "null", "null"}; !slices.Equal(h.limited, want) {
		t.Errorf("told of %v", h.limited)
	}
}

// Whatever comes in is counted, whoever sends it; a stranger's as the stranger's.
func TestEverythingCounts(t *testing.T) {
	good := func(n int) string { return strings.TrimSuffix(strings.Repeat(null+",", n), ",") }
	for _, c := range []struct {
		name, path, body, who string
	}{
		{"a method that is not there", "/portal", strings.Replace(null, "null", "nix", 1), "op"},
		{"a method that is not his", "/portal", strings.Replace(null, "null", "operators", 1), "acme"},
		{"nobody", "/portal", null, ""},
		{"an unknown token", "/portal", null, "who"},
		{"a public method", "/portal/rest/whoami", "{}", ""},
		{"a login that fails", "/portal/rest/login/operatorLogin", `{"username":"x"}`, ""},
		{"a page of login", "/login/operatorLogin", `username=x`, ""},
		{"a logout", "/logout", "", ""},
		{"no JSON", "/portal", `{`, "op"},
		{"no JSON on the other path", "/portal/rest/null", `{"`, "op"},
		{"no call", "/portal", `{"id":1}`, "op"},
		{"an empty batch", "/portal", `[]`, "op"},
		{"a batch of no calls", "/portal", `[1]`, "op"},
		{"a batch that is too long", "/portal", "[" + good(101) + "]", "op"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _ := limited(t, reservoir(1, 20*time.Second))
			if w := h.ask(c.path, c.body, c.who); w.Code == 429 {
				t.Fatalf("the first: %d %s", w.Code, w.Body)
			}
			w := h.ask(c.path, c.body, c.who)
			if w.Code != 429 || w.Header().Get("Retry-After") != "20" || !strings.Contains(w.Body.String(), "-32013") {
				t.Errorf("the second: %d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}

func TestBatchTooMany(t *testing.T) {
	call := func(method string, id int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"id":%d}`, method, id)
	}
	good := func(id int) string { return fmt.Sprintf(`{"jsonrpc":"2.0","result":null,"id":%d}`, id) }
	bad := func(id string) string { return strings.Replace(tooMany, `"id":1`, `"id":`+id, 1) }
	for _, c := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"each counts", "[" + call("null", 1) + "," + call("null", 2) + "," + call("null", 3) + "," + call("null", 4) + "]", 200,
			"[" + good(1) + "," + good(2) + "," + bad("3") + "," + bad("4") + "]"},
		{"others in it go on", "[" + call("null", 1) + "," + call("null", 2) + "," + call("null", 3) + "," + call("list", 4) + "]", 200,
			"[" + good(1) + "," + good(2) + "," + bad("3") + `,{"jsonrpc":"2.0","result":[],"id":4}]`},
		{"what is no call counts for its place", "[1,1,1," + call("null", 1) + "]", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _ := limited(t, reservoir(2, 40*time.Second), "null", "")
			w := h.ask("/portal", c.body, "op")
			if c.want == "" {
				if n := strings.Count(w.Body.String(), "-32013"); w.Code != 200 || n != 1 || !strings.Contains(w.Body.String(), `"result":null`) {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			expect(t, w, c.status, c.want, nil)
		})
	}
	t.Run("the first", func(t *testing.T) {
		h, _ := limited(t, reservoir(1, 20*time.Second), "null")
		h.ask("/portal", null, "op")
		body := "[" + call("null", 1) + "," + call("revoke", 2) + "]"
		expect(t, h.ask("/portal", body, "op"), 429, bad("null"), []string{"Retry-After", "20"})
		if h.revoked.Load() {
			t.Error("the rest of the batch was made")
		}
		// A notification gets no answer; what stands behind it goes on.
		expect(t, h.ask("/portal", `[{"jsonrpc":"2.0","method":"null"},`+call("list", 2)+"]", "op"), 200, `[{"jsonrpc":"2.0","result":[],"id":2}]`, nil)
	})
}

// While calls are under way there is room for no more of them, and there is again however they end.
func TestSlotsAreFreed(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct{ name, body, who string }{
		{"a result", null, "op"},
		{"an error", strings.Replace(null, "null", "conflict", 1), "op"},
		{"a panic", strings.Replace(null, "null", "panic", 1), "op"},
		{"bad params", strings.Replace(null, "null", "needs", 1), "op"},
		{"no such method", strings.Replace(null, "null", "nix", 1), "op"},
		{"a refusal", strings.Replace(null, "null", "operators", 1), "acme"},
		{"nobody", null, ""},
		{"a result that cannot be written", strings.Replace(null, "null", "unencodable", 1), "op"},
		{"a notification", `{"jsonrpc":"2.0","method":"null"}`, "op"},
		{"a batch", "[" + null + "," + null + "]", "op"},
		{"no call", "[]", "op"},
		{"half a call", `{"id":`, "op"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _ := limited(t, limit.Rule{AtOnce: 1})
			for range 3 {
				r := httptest.NewRequestWithContext(ended, "POST", "/portal", strings.NewReader(c.body))
				if c.who != "" {
					r.Header.Set("Authorization", "Token "+c.who)
				}
				if w := h.send(r); w.Code == 429 || strings.Contains(w.Body.String(), "-32013") {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}

func TestCallsAtOnce(t *testing.T) {
	var h *house
	entered, leave := make(chan bool), make(chan bool)
	wait := rpc.Method{Name: "wait", Doc: "d", Rule: auth.SignedIn, Do: do(func(*auth.Principal, none) (any, error) {
		entered <- true
		<-leave
		return nil, nil
	})}
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	h = newHouse(t, func(o *rpc.Options) {
		o.Now = func() time.Time { return at }
		table, err := rpc.NewTable([]rpc.Method{wait})
		if err != nil {
			t.Fatal(err)
		}
		o.Table = table
	})
	h.limits = func(*auth.Principal, string) []limit.Claim {
		return []limit.Claim{{Policy: 1, Counted: 1, Caller: 1, Rule: limit.Rule{AtOnce: 2}}}
	}
	done := make(chan int)
	ask := func() { done <- h.ask("/portal/rest/wait", "", "op").Code }
	go ask()
	go ask()
	<-entered
	<-entered
	expect(t, h.ask("/portal/rest/wait", "", "op"), 429, `{"error":{"code":-32013,"message":"too many calls: come again in 5 seconds"}}`,
		[]string{"Retry-After", "5"})
	close(leave)
	for range 2 {
		if code := <-done; code != 200 {
			t.Errorf("status %d", code)
		}
	}
	at = at.Add(limit.Penalty)
	go func() { <-entered }()
	expect(t, h.ask("/portal/rest/wait", "", "op"), 200, `null`, nil)
}

// Only to be logged: the line of the call says so, nobody is refused.
func TestLogOnly(t *testing.T) {
	h, _ := limited(t, reservoir(1, 20*time.Second))
	h.logOnly = true
	for range 3 {
		expect(t, h.ask("/portal", null, "op"), 200, `{"jsonrpc":"2.0","result":null,"id":1}`, []string{"Retry-After", ""})
	}
	if n := strings.Count(h.log.String(), `"overLimit":true`); n != 2 {
		t.Errorf("%d lines say so, want 2:\n%s", n, h.log.String())
	}
	if len(h.limited) != 2 {
		t.Errorf("told of %v", h.limited)
	}
}

// Strangers never meet the counts of who signed in, not even under the same numbers.
func TestStrangersApart(t *testing.T) {
	h, _ := limited(t, reservoir(2, 20*time.Second))
	h.limits = func(*auth.Principal, string) []limit.Claim {
		return []limit.Claim{{Policy: 1, Counted: 1, Caller: 1, Rule: reservoir(2, 20*time.Second)}}
	}
	for range 3 {
		h.ask("/portal", null, "who")
	}
	expect(t, h.ask("/portal", null, "op"), 200, `{"jsonrpc":"2.0","result":null,"id":1}`, nil)
	if n := len(h.limited); n != 1 {
		t.Errorf("%d strangers were refused, want 1", n)
	}
}

// Where the limits cannot be read, nobody gets in.
func TestLimitsUnavailable(t *testing.T) {
	h := newHouse(t)
	h.limitsErr = auth.Errorf(auth.Unavailable, "the store is lost")
	expect(t, h.ask("/portal/rest/null", "", "op"), 503, `{"error":{"code":-32603,"message":"unavailable"}}`, nil)
	expect(t, h.ask("/portal/rest/null", "", ""), 503, `{"error":{"code":-32603,"message":"unavailable"}}`, nil)
}
