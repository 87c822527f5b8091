package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/rpc"
)

// A call is made once more when it came to nothing that news could make something of, and for nothing else.
func TestTwice(t *testing.T) {
	var runs int
	h := newHouse(t, func(o *rpc.Options) {
		o.Twice = func(ctx context.Context, run func(context.Context) bool) error {
			runs = 1
			if run(ctx) {
				runs = 2
				run(ctx)
			}
			return nil
		}
	})
	for _, c := range []struct {
		name, method, params, who string
		want                      int
	}{
		{"a result", "html", `{}`, "acme", 1},
		{"an empty list", "list", `{}`, "acme", 1},
		{"no record", "null", `{}`, "acme", 2},
		{"an unknown token", "html", `{}`, "nobody", 2},
		{"an unknown token, where nobody needs one", "whoami", `{}`, "nobody", 2},
		{"no token", "html", `{}`, "", 1},
		{"no token, where nobody needs one", "whoami", `{}`, "", 1},
		{"no right", "privileged", `{}`, "read", 2},
		{"an unknown tenant", "enterprise/rename", `{"enterpriseId":9,"name":"x"}`, "op", 2},
		{"an unknown method", "nothing", `{}`, "acme", 1},
		{"no fitting params", "needs", `{}`, "acme", 1},
		{"a conflict, which an Update has found", "conflict", `{}`, "acme", 1},
		{"too much at once", "busy", `{}`, "acme", 1},
		{"a store that does not answer", "down", `{}`, "acme", 1},
		{"our own fault", "plain", `{}`, "acme", 1},
		{"a panic", "panic", `{}`, "acme", 1},
	} {
		if got := h.call(c.method, c.params, c.who); runs != c.want {
			t.Errorf("%s: %d runs, want %d; answered %s", c.name, runs, c.want, got)
		}
	}
}

// The second run may end otherwise than the first; nothing of that is left.
func TestTwiceForgetsTheFirst(t *testing.T) {
	h := newHouse(t)
	h.revoked.Store(true)
	twice := func(o *rpc.Options) {
		o.Twice = func(ctx context.Context, run func(context.Context) bool) error {
			run(ctx)
			h.revoked.Store(false)
			run(ctx)
			return nil
		}
	}
	house := newHouse(t, twice, func(o *rpc.Options) { o.Authority = h.fake })
	if got := house.call("html", `{}`, "acme"); got != `{"jsonrpc":"2.0","result":"<a&b>","id":1}` {
		t.Errorf("answered %s", got)
	}
}

// Nobody can say whether there is news.
func TestTwiceUnavailable(t *testing.T) {
	h := newHouse(t, func(o *rpc.Options) {
		o.Twice = func(ctx context.Context, run func(context.Context) bool) error {
			run(ctx)
			return auth.Because(auth.Unavailable, errors.New(insider), "unavailable")
		}
	})
	if w := h.ask("/portal", `{"jsonrpc":"2.0","id":1,"method":"html"}`, "nobody"); w.Code != 503 || !strings.Contains(w.Body.String(), `"unavailable"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
