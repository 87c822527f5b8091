package rpc_test

import (
	"net/http"
	"testing"

	"github.com/portico-vco/portico/rpc/rpctest"
)

func TestWire(t *testing.T) {
	rpctest.Play(t, "testdata/*.txt", func(t testing.TB) rpctest.Stage {
		return rpctest.Stage{Handler: newHouse(t), As: func(_ testing.TB, who string) http.Header {
			return http.Header{"Authorization": {"Token " + who}}
		}}
	})
}
