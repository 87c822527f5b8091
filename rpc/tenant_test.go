package rpc_test

import (
	"strings"
	"testing"
)

func TestTenant(t *testing.T) {
	h := newHouse(t)
	const acme, globex = `"result":{"id":7,"name":"Acme"}`, `"result":{"id":8,"name":"Globex"}`
	const missing = `{"code":-32004,"message":"enterpriseId is missing or not yours in call to [enterprise/users]"}`
	const foreign = `{"code":-32004,"message":"enterpriseProxyId is missing or not yours in call to [enterpriseProxy/users]"}`
	const outside = `{"code":-32004,"message":"networkId is missing or not yours in call to [network/users]"}`
	for _, c := range []struct{ who, method, params, want string }{
		{"acme", "enterprise/users", `{}`, acme},
		{"acme", "enterprise/users", `{"enterpriseId":0}`, acme},
		{"acme", "enterprise/users", `{"enterpriseId":"7"}`, acme},
		{"acme", "enterprise/users", `{"id":7}`, acme},
		{"acme", "enterprise/users", `{"id":7,"enterpriseId":7}`, acme},
		{"acme", "enterprise/users", `{"id":7,"enterpriseId":8}`, missing},
		{"acme", "enterprise/users", `{"enterpriseId":8}`, missing},
		{"acme", "enterprise/users", `{"enterpriseId":99}`, missing},
		{"acme", "enterprise/users", `{"enterpriseId":-7}`, missing},
		{"op", "enterprise/users", `{}`, missing},
		{"op", "enterprise/users", `{"enterpriseId":99}`, missing},
		{"msp", "enterprise/users", `{}`, missing},
		{"msp", "enterprise/users", `{"enterpriseId":7}`, missing},
		{"msp", "enterprise/users", `{"enterpriseId":8}`, globex},
		{"op", "enterprise/users", `{"enterpriseId":7}`, `"code":-32002`}, // not delegated
		{"op", "enterprise/users", `{"enterpriseId":500}`, `"message":"unavailable"`},
		{"acme", "enterprise/rename", `{"enterpriseId":8}`, `"path":"name"`}, // params before tenant
		{"read", "enterprise/rename", `{"enterpriseId":8}`, `"code":-32002`}, // privilege before params
		{"msp", "enterpriseProxy/users", `{}`, `"name":"Northwind"`},
		{"msp", "enterpriseProxy/users", `{"enterpriseProxyId":5}`, foreign},
		{"op", "enterpriseProxy/users", `{}`, foreign},
		{"op", "enterpriseProxy/users", `{"enterpriseProxyId":4}`, `"name":"Northwind"`},
		{"acme", "enterpriseProxy/users", `{"enterpriseProxyId":4}`, foreign},
		{"op", "network/users", `{}`, `"result":{"id":1,"name":"Network"}`},
		{"op", "network/users", `{"networkId":1}`, `"result":{"id":1,"name":"Network"}`},
		{"op", "network/users", `{"networkId":2}`, outside},
		{"acme", "network/users", `{}`, outside},
	} {
		if got := h.call(c.method, c.params, c.who); !strings.Contains(got, c.want) {
			t.Errorf("%s calls %s %s: %s\nwant %s", c.who, c.method, c.params, got, c.want)
		}
	}
}
