package hook

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/hook/post"
	"github.com/portico-vco/portico/auth/secret"
)

// No proxy is asked, whatever the environment says. It is the first test: net/http looks there once.
func TestNoProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a proxy was asked") }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	to := target{url: "http://name.invalid", allowed: prefixes("127.0.0.0/8")}
	if _, err := to.post(t.Context(), post.Message{ID: "x", Time: time.Now(), Type: "application/json"}); err == nil {
		t.Error("a name that nobody has was called")
	}
}

// An address that is not public is called only where the operator has allowed it, in whatever form it comes.
func TestMayCall(t *testing.T) {
	allowed := prefixes("10.1.0.0/16", "fd00:1::/32")
	for _, c := range []struct {
		address string
		tls     bool
		clear   bool
	}{
		{"93.184.216.34", true, false}, {"2606:2800:220:1::1", true, false}, {"::ffff:93.184.216.34", true, false},
		{"10.1.2.3", true, true}, {"::ffff:10.1.2.3", true, true}, {"fd00:1::5", true, true},
		{"10.2.0.1", false, false}, {"10.0.255.255", false, false}, {"fd00:2::5", false, false}, {"fe80::1%eth0", false, false}, {"93.184.216.34%x", false, false},
		{"0.0.0.0", false, false}, {"127.0.0.1", false, false}, {"127.255.255.254", false, false}, {"::", false, false}, {"::1", false, false},
		{"::ffff:127.0.0.1", false, false}, {"::127.0.0.1", false, false}, {"172.16.0.1", false, false}, {"172.31.255.255", false, false},
		{"172.32.0.1", true, false}, {"192.168.1.1", false, false}, {"169.254.169.254", false, false}, {"fd00:ec2::254", false, false},
		{"100.64.0.1", false, false}, {"100.127.255.255", false, false}, {"100.128.0.1", true, false}, {"192.0.0.192", false, false},
		{"198.18.0.1", false, false}, {"203.0.113.1", false, false}, {"224.0.0.1", false, false}, {"239.1.1.1", false, false}, {"240.0.0.1", false, false},
		{"255.255.255.255", false, false}, {"64:ff9b::a00:1", false, false}, {"64:ff9b:1::a00:1", false, false}, {"2002:a00:1::", false, false},
		{"2001:0:a00:1::", false, false}, {"2001:db8::1", false, false}, {"fe80::1", false, false}, {"fec0::1", false, false}, {"ff02::1", false, false},
		{"fc00::1", false, false}, {"5f00::1", false, false}, {"100::1", false, false},
	} {
		a, err := netip.ParseAddr(c.address)
		if err != nil {
			if strings.Contains(c.address, "%x") {
				continue // IPv4 has no zones
			}
			t.Fatal(err)
		}
		if got := mayCall(a, allowed, false); got != c.tls {
			t.Errorf("%s over TLS: %v", c.address, got)
		}
		if got := mayCall(a, allowed, true); got != c.clear {
			t.Errorf("%s in the clear: %v", c.address, got)
		}
	}
}

// In the clear no public address is called, whatever name leads there.
func TestInTheClear(t *testing.T) {
	const public, inside = "93.184.216.34:8080", "10.1.2.3:8080"
	for scheme, want := range map[string][2]bool{"http": {false, true}, "HTTP": {false, true}, "https": {true, true}, "HTTPS": {true, true}} {
		to := target{url: secret.Text(scheme + "://hooks.example"), allowed: prefixes("10.1.0.0/16")}
		if got := [2]bool{to.control("tcp", public, nil) == nil, to.control("tcp", inside, nil) == nil}; got != want {
			t.Errorf("%s: %v", scheme, got)
		}
	}
}

// A name that leads to a good address when it is looked at, and to another one when it is called, leads nowhere: what is looked at is the
// address that is called.
func TestRebinding(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"} {
		to := target{url: secret.Text("https://" + host + ":" + port), allowed: prefixes("10.0.0.0/8")}
		_, err := to.post(t.Context(), post.Message{ID: "x", Time: time.Now(), Type: "application/json", Body: []byte("{}")})
		if err == nil || told(err) != "no answer in time, or none that the portal may ask for" {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// A target that takes a connection and then says nothing, not even in TLS, has it no longer than the try lasts.
func TestConnectionEndsWithItsTry(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			_, err = io.Copy(io.Discard, c)
		}
		ended <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	to := target{url: secret.Text("https://" + l.Addr().String()), allowed: prefixes("127.0.0.0/8")}
	_, err = to.post(ctx, post.Message{ID: "x", Time: time.Now(), Type: "application/json"})
	if err == nil || told(err) != "no answer in time, or none that the portal may ask for" {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the connection outlives the try")
	}
}
