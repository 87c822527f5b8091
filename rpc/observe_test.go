package rpc_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/limit"
	"github.com/portico-vco/portico/rpc"
)

// What those who count are told has words of the house alone, whatever a caller sends.
func TestObservations(t *testing.T) {
	var got []rpc.Observation
	now := time.UnixMilli(0)
	h := newHouse(t, counters, func(o *rpc.Options) {
		o.Observe = func(seen rpc.Observation) { got = append(got, seen) }
		o.Now = func() time.Time { now = now.Add(time.Second); return now }
	})
	call := func(method string) string { return `{"jsonrpc":"2.0","id":1,"method":"` + method + `"}` }
	type seen = rpc.Observation
	for _, c := range []struct {
		name, path, body, who string
		want                  []seen
	}{
		{"a call", "/portal", call("null"), "op", []seen{{Method: "null"}}},
		{"its twin", "/portal/rest/null", ``, "op", []seen{{Method: "null"}}},
		{"a notification", "/portal", `{"jsonrpc":"2.0","method":"null"}`, "op", []seen{{Method: "null"}}},
		{"a batch", "/portal", "[" + call("null") + "," + call("conflict") + ",1]", "op",
			[]seen{{Method: "null"}, {Method: "conflict", Refusal: "conflict"}, {Method: "none", Refusal: "bad_request"}}},
		{"nobody", "/portal", call("null"), "", []seen{{Method: "null", Refusal: "unauthenticated"}}},
		{"without the privilege", "/portal", call("privileged"), "read", []seen{{Method: "privileged", Refusal: "forbidden"}}},
		{"of the wrong type", "/portal", call("operators"), "acme", []seen{{Method: "operators", Refusal: "wrong_caller"}}},
		{"params that do not fit", "/portal/rest/needs", `{}`, "op", []seen{{Method: "needs", Refusal: "invalid"}}},
		{"another's tenant", "/portal/rest/enterprise/users", `{"enterpriseId":9}`, "op", []seen{{Method: "enterprise/users", Refusal: "not_found"}}},
		{"a limit of the portal", "/portal", call("limit"), "op", []seen{{Method: "limit", Refusal: "limit"}}},
		{"too much at once", "/portal", call("busy"), "op", []seen{{Method: "busy", Refusal: "busy"}}},
		{"the caller has hung up", "/portal", call("canceled"), "op", []seen{{Method: "canceled", Refusal: "canceled"}}},
		{"the store is down", "/portal", call("down"), "op", []seen{{Method: "down", Refusal: "unavailable", Ours: true}}},
		{"a fault of ours", "/portal", call("plain"), "op", []seen{{Method: "plain", Refusal: "internal", Ours: true}}},
		{"a panic", "/portal", call("panic"), "op", []seen{{Method: "panic", Refusal: "internal", Ours: true}}},
		{"an unknown method", "/portal", call("no such"), "op", []seen{{Method: "unknown", Refusal: "unknown_method"}}},
		{"a known method in a broken call", "/portal", `{"id":1,"method":"null"}`, "op", []seen{{Method: "unknown", Refusal: "bad_request"}}},
		{"no JSON", "/portal", `{`, "op", []seen{{Method: "none", Refusal: "not_json"}}},
		{"an unknown path", "/made/up", ``, "op", []seen{{Method: "none", Refusal: "unknown_path"}}},
		{"a long body", "/portal", strings.Repeat(" ", 1<<20+1), "op", []seen{{Method: "none", Refusal: "too_large"}}},
		{"an endpoint", "/count/up", `empty`, "", []seen{{Method: "count/up"}}},
	} {
		got = nil
		h.ask(c.path, c.body, c.who)
		for i := range got {
			if got[i].Took <= 0 {
				t.Errorf("%s took %v", c.name, got[i].Took)
			}
			got[i].Took = 0
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	got = nil
	h.limits = func(*auth.Principal, string) []limit.Claim {
		return []limit.Claim{{Policy: 1, Counted: 1, Caller: 1, Rule: limit.Rule{Burst: 1, Amount: 1, Every: time.Hour}}}
	}
	h.call("null", "{}", "op")
	h.call("null", "{}", "op")
	h.send(httptest.NewRequest("GET", "/", nil))
	h.logOnly = true
	h.call("null", "{}", "op")
	for i, want := range []seen{{Method: "null"}, {Method: "null", Refusal: "rate_limited", Over: true}, {Method: "none"}, {Method: "null", Over: true}} {
		if got[i].Took = 0; got[i] != want {
			t.Errorf("call %d: %+v, want %+v", i, got[i], want)
		}
	}
}
