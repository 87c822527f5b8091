package rpc_test

import (
	"crypto/tls"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/portico-vco/portico/rpc"
)

func TestOrigin(t *testing.T) {
	trusted := func(o *rpc.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	}
	for _, c := range []struct {
		name, peer   string
		tls, trusted bool
		fwd          []string
		proto        []string
		source       string
		secure       bool
	}{
		{"direct", "203.0.113.5:1", false, true, nil, nil, "203.0.113.5", false},
		{"direct TLS", "203.0.113.5:1", true, true, nil, nil, "203.0.113.5", true},
		{"v6", "[2001:db8::1]:1", false, true, nil, nil, "2001:db8::1", false},
		{"stranger's headers", "203.0.113.5:1", false, true, []string{"1.1.1.1"}, []string{"https"}, "203.0.113.5", false},
		{"nobody is trusted", "10.0.0.1:1", false, false, []string{"1.1.1.1"}, []string{"https"}, "10.0.0.1", false},
		{"one proxy", "10.0.0.1:1", false, true, []string{"198.51.100.7"}, []string{"https"}, "198.51.100.7", true},
		{"made-up left part", "10.0.0.1:1", false, true, []string{"9.9.9.9, 198.51.100.7"}, []string{"https, http"}, "198.51.100.7", false},
		{"two proxies, two headers", "10.0.0.1:1", false, true, []string{"198.51.100.7", "10.9.9.9"}, nil, "198.51.100.7", false},
		{"with port", "10.0.0.1:1", false, true, []string{"198.51.100.7:4711"}, nil, "198.51.100.7", false},
		{"v6 with port", "[fd00::1]:1", false, true, []string{"[2001:db8::7]:4711"}, nil, "2001:db8::7", false},
		{"mapped", "[::ffff:10.0.0.1]:1", false, true, []string{"::ffff:198.51.100.7"}, nil, "198.51.100.7", false},
		{"nonsense", "10.0.0.1:1", false, true, []string{"9.9.9.9, <script>"}, nil, "10.0.0.1", false},
		{"trusted alone", "10.0.0.1:1", false, true, []string{"10.0.0.3, 10.0.0.2"}, nil, "10.0.0.3", false},
		{"no header", "10.0.0.1:1", true, true, nil, []string{"http"}, "10.0.0.1", false},
	} {
		h := newHouse(t)
		if c.trusted {
			h = newHouse(t, trusted)
		}
		r := httptest.NewRequest("POST", "/portal/rest/whoami", nil)
		r.RemoteAddr = c.peer
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = c.fwd, c.proto
		got := h.send(r).Body.String()
		want := map[bool]string{true: `"tls":true`, false: `"tls":false`}[c.secure]
		if !strings.Contains(got, `"source":"`+c.source+`"`) || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s %s", c.name, got, c.source, want)
		}
	}
}
