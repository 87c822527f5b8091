package rpc_test

import (
	"strings"
	"testing"
)

// Answers to calls of a deprecated method say since when it is, however the call ends; a batch that of the oldest. 2026-11-21
// is 1795219200.
func TestDeprecationHeader(t *testing.T) {
	h := newHouse(t)
	item := func(method string) string { return `{"jsonrpc":"2.0","id":1,"method":"` + method + `"}` }
	batch := func(methods ...string) string {
		for i, m := range methods {
			methods[i] = item(m)
		}
		return "[" + strings.Join(methods, ",") + "]"
	}
	for _, c := range []struct{ path, body, who, want string }{
		{"/portal", item("null"), "op", ""},
		{"/portal", item("old"), "op", "@1795219200"},
		{"/portal", `{"jsonrpc":"2.0","method":"old"}`, "op", "@1795219200"},
		{"/portal", `{"jsonrpc":"2.0","id":1,"method":"old","params":{"life":"x"}}`, "op", "@1795219200"},
		{"/portal/rest/old", `{}`, "op", "@1795219200"},
		{"/portal/rest/null", `{}`, "op", ""},
		{"/portal/rest/old", `{}`, "", ""},
		{"/portal", batch("null", "list"), "op", ""},
		{"/portal", batch("null", "old"), "op", "@1795219200"},
		{"/portal", batch("old", "older", "null"), "op", "@1738281600"},
		{"/portal", batch("older", "old"), "op", "@1738281600"},
	} {
		w := h.ask(c.path, c.body, c.who)
		if got := strings.Join(w.Header().Values("Deprecation"), " "); got != c.want {
			t.Errorf("%s %s: Deprecation %q, want %q", c.path, c.body, got, c.want)
		}
	}
}
