package auth_test

import (
	"testing"

	"github.com/portico-vco/portico/auth"
)

func TestPrivate(t *testing.T) {
	for _, c := range []struct {
		source string
		tls    bool
		want   bool
	}{
		{"192.0.2.1", true, true},
		{"", true, true},
		{"127.0.0.1", false, true},
		{"127.9.9.9", false, true},
		{"::1", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"192.0.2.1", false, false},
		{"10.0.0.1", false, false},
		{"::ffff:192.0.2.1", false, false},
		{"0.0.0.0", false, false},
		{"localhost", false, false},
		{"", false, false},
	} {
		if got := (auth.Call{Source: c.source, TLS: c.tls}).Private(); got != c.want {
			t.Errorf("from %q, TLS %v: %v", c.source, c.tls, got)
		}
	}
}
