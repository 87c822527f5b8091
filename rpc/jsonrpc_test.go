package rpc_test

import (
	"strings"
	"testing"
)

// oneLine are the cases of a form that fits in a line: the body, and the answer; "" is 204 with no body, and E<code> any
// error with this code and id null.
var oneLine = []struct{ name, body, want string }{
	// The examples of section 7 of the JSON-RPC 2.0 specification.
	{"7 positional 1", `{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`, `{"jsonrpc": "2.0", "result": 19, "id": 1}`},
	{"7 positional 2", `{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`, `{"jsonrpc": "2.0", "result": -19, "id": 2}`},
	{"7 named 1", `{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`, `{"jsonrpc": "2.0", "result": 19, "id": 3}`},
	{"7 named 2", `{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}`, `{"jsonrpc": "2.0", "result": 19, "id": 4}`},
	{"7 notification", `{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`, ``},
	{"7 notification unknown method", `{"jsonrpc": "2.0", "method": "foobar"}`, ``},
	{"7 non-existent method", `{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`, `{"jsonrpc": "2.0", "error": {"code": -32601, "message": "methodError"}, "id": "1"}`},
	{"7 invalid JSON", `{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`, `E-32700`},
	{"7 invalid Request object", `{"jsonrpc": "2.0", "method": 1, "params": "bar"}`, `E-32600`},
	{"7 batch, invalid JSON", `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]`, `E-32700`},
	{"7 empty array", `[]`, `E-32600`},
	{"7 [1]", `[1]`, `[E-32600]`},
	{"7 [1,2,3]", `[1,2,3]`, `[E-32600,E-32600,E-32600]`},
	{"7 mixed batch", `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
		{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
		{"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
		{"foo": "boo"},
		{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
		{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]`,
		`[{"jsonrpc": "2.0", "result": 7, "id": "1"},{"jsonrpc": "2.0", "result": 19, "id": "2"},E-32600,
		{"jsonrpc": "2.0", "error": {"code": -32601, "message": "methodError"}, "id": "5"},
		{"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]`},
	{"7 batch all notifications", `[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},{"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]`, ``},

	// What other implementations get wrong (libraries.md 1.4).
	{"id null is a request", `{"jsonrpc":"2.0","method":"null","id":null}`, `{"jsonrpc":"2.0","result":null,"id":null}`},
	{"id fractional", `{"jsonrpc":"2.0","method":"null","id":1.5}`, `{"jsonrpc":"2.0","result":null,"id":1.5}`},
	{"id zero", `{"jsonrpc":"2.0","method":"null","id":0}`, `{"jsonrpc":"2.0","result":null,"id":0}`},
	{"id empty string", `{"jsonrpc":"2.0","method":"null","id":""}`, `{"jsonrpc":"2.0","result":null,"id":""}`},
	{"id object", `{"jsonrpc":"2.0","method":"null","id":{}}`, `E-32600`},
	{"id list", `{"jsonrpc":"2.0","method":"null","id":[]}`, `E-32600`},
	{"id bool", `{"jsonrpc":"2.0","method":"null","id":true}`, `E-32600`},
	{"version missing", `{"method":"null","id":1}`, `E1-32600`},
	{"version 1.0", `{"jsonrpc":"1.0","method":"null","id":1}`, `E1-32600`},
	{"version number", `{"jsonrpc":2.0,"method":"null","id":1}`, `E1-32600`},
	{"params string", `{"jsonrpc":"2.0","method":"null","id":1,"params":"x"}`, `E1-32600`},
	{"params null", `{"jsonrpc":"2.0","method":"null","id":1,"params":null}`, `E1-32600`},
	{"params wrong types", `{"jsonrpc":"2.0","method":"subtract","id":1,"params":{"minuend":"x","subtrahend":1}}`, `E1-32602`},
	{"params empty array", `{"jsonrpc":"2.0","method":"null","id":1,"params":[ ]}`, `{"jsonrpc":"2.0","result":null,"id":1}`},
	{"params array", `{"jsonrpc":"2.0","method":"null","id":1,"params":[1]}`, `E1-32602`},
	{"method missing", `{"jsonrpc":"2.0","id":1}`, `E1-32600`},
	{"method empty", `{"jsonrpc":"2.0","id":1,"method":""}`, `E1-32601`},
	{"invalid without id is no notification", `{"jsonrpc":"2.0"}`, `E-32600`},
	{"trailing garbage", `{"jsonrpc":"2.0","method":"null","id":1} x`, `E-32700`},
	{"two objects", `{"jsonrpc":"2.0","method":"null","id":1}{"jsonrpc":"2.0","method":"null","id":1}`, `E-32700`},
	{"white space around", " \r\n\t{\"jsonrpc\":\"2.0\",\"method\":\"null\",\"id\":1} \r\n\t", `{"jsonrpc":"2.0","result":null,"id":1}`},
	{"empty body", ``, `E-32700`},
	{"scalar body", `1`, `E-32600`},
	{"null body", `null`, `E-32600`},
	{"nested batch", `[[{"jsonrpc":"2.0","method":"null","id":1}]]`, `[E-32600]`},
	{"member case", `{"jsonrpc":"2.0","Method":"null","id":1}`, `E1-32600`},
	{"escaped member", `{"jsonrpc":"2.0","meth\u006fd":"null","id":1}`, `{"jsonrpc":"2.0","result":null,"id":1}`},
	{"unknown members", `{"jsonrpc":"2.0","method":"null","id":1,"meta":{"x":[1]}}`, `{"jsonrpc":"2.0","result":null,"id":1}`},
	{"duplicate member", `{"jsonrpc":"2.0","method":"null","id":1,"id":2}`, `E-32700`},
	{"duplicate after unescaping", `{"jsonrpc":"2.0","method":"null","id":1,"\u0069d":2}`, `E-32700`},
	{"duplicate deep inside", `{"jsonrpc":"2.0","method":"null","id":1,"params":{"a":[{"b":1,"b":1}]}}`, `E-32700`},
	{"invalid UTF-8", "{\"jsonrpc\":\"2.0\",\"method\":\"null\",\"id\":\"\xff\"}", `E-32700`},
	{"lone surrogate", `{"jsonrpc":"2.0","method":"null","id":"\ud800"}`, `E-32700`},
	{"depth 64", `{"jsonrpc":"2.0","method":"null","id":1,"params":{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}}`, `{"jsonrpc":"2.0","result":null,"id":1}`},
	{"depth 65", `{"jsonrpc":"2.0","method":"null","id":1,"params":{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}}`, `E-32700`},
	{"handler error", `{"jsonrpc":"2.0","method":"conflict","id":1}`, `{"jsonrpc":"2.0","error":{"code":-32006,"message":"the name is taken"},"id":1}`},
	{"login in a batch", `[{"jsonrpc":"2.0","method":"login/operatorLogin","id":1,"params":{"password":"s3cret+ %"}}]`, `[E1-32600]`},
	{"dots reach no service", `{"jsonrpc":"2.0","method":"Door.Enter","id":1}`, `E1-32601`},
	{"100 calls", `[` + strings.Repeat(`{"jsonrpc":"2.0","method":"null"},`, 99) + `{"jsonrpc":"2.0","method":"null","id":1}]`, `[{"jsonrpc":"2.0","result":null,"id":1}]`},
	{"101 calls", `[` + strings.Repeat(`{"jsonrpc":"2.0","method":"null"},`, 100) + `{"jsonrpc":"2.0","method":"null","id":1}]`, `E-32600`},
}

func TestJSONRPC(t *testing.T) {
	h := newHouse(t)
	for _, c := range oneLine {
		t.Run(c.name, func(t *testing.T) {
			w := h.ask("/portal", c.body, "op")
			if c.want == "" {
				if w.Code != 204 || w.Body.Len() > 0 {
					t.Fatalf("%d %s, want 204 and no body", w.Code, w.Body)
				}
				return
			}
			if got := shorten(w.Body.String(), c.want); w.Code != 200 || !same(t, got, quoteErrors(c.want)) {
				t.Errorf("%d %s\nwant %s", w.Code, w.Body, c.want)
			}
		})
	}
}

func TestLargeIDIsKeptExactly(t *testing.T) {
	got := newHouse(t).ask("/portal", `{"jsonrpc":"2.0","method":"null","id":9223372036854775809}`, "op").Body.String()
	if want := `{"jsonrpc":"2.0","result":null,"id":9223372036854775809}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOneRevokesTwoIsRefused(t *testing.T) {
	got := newHouse(t).ask("/portal", `[{"jsonrpc":"2.0","method":"revoke","id":1},{"jsonrpc":"2.0","method":"null","id":2}]`, "op")
	if !same(t, shorten(got.Body.String(), "E2"), quoteErrors(`[{"jsonrpc":"2.0","result":null,"id":1},E2-32000]`)) {
		t.Errorf("got %s", got.Body)
	}
	if got.Code != 200 {
		t.Errorf("status %d, want 200 for a batch", got.Code)
	}
}
