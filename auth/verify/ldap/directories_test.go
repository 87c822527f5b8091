package ldap_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/auth/verify/ldap"
)

// A realServer is one of those that testdata/directories.sh starts.
type realServer struct {
	secure, clear string // addresses
	name          string // in the certificate
	members       map[string]any
	tooClear      uint16 // the result of a bind without TLS
	bind          string // the name of a user there, with * in the place of his
}

var realServers = map[string]realServer{
	"Active Directory": {"127.0.0.1:636", "127.0.0.1:389", "dc1.ad.example", map[string]any{"domain": "PORTICO"}, goldap.LDAPResultStrongAuthRequired, `PORTICO\*`},
	"OpenLDAP": {"127.0.0.1:1636", "127.0.0.1:1389", "ldap.example", map[string]any{"dnTemplate": "uid={username},ou=people,dc=example"},
		goldap.LDAPResultConfidentialityRequired, "uid=*,ou=people,dc=example"},
}

// directory is the client of the server over TLS, or over StartTLS.
func (s realServer) directory(t *testing.T, startTLS bool) verify.Directory {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(os.Getenv("PORTICO_TEST_DIRECTORIES"), "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c := map[string]any{"kind": "ldap", "url": "ldaps://" + s.secure, "serverName": s.name, "caPem": string(ca)}
	if startTLS {
		c["url"], c["startTls"] = "ldap://"+s.clear, true
	}
	for name, value := range s.members {
		c[name] = value
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := ldap.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// passwordOf is that of every user of the real servers.
func passwordOf(user string) secret.Text { return secret.Text("Passw0rd!" + user) }

// TestDirectories asks real servers, and holds what they answer against what was measured of them before.
func TestDirectories(t *testing.T) {
	if os.Getenv("PORTICO_TEST_DIRECTORIES") == "" {
		why := os.Getenv("PORTICO_TEST_NO_DIRECTORIES")
		if why == "" {
			why = "make directories starts them"
		}
		t.Skip("there are no real directories: " + why)
	}
	for name, s := range realServers {
		t.Run(name, func(t *testing.T) {
			await(t, s.secure)
			t.Run("outcomes", func(t *testing.T) { s.outcomes(t, name) })
			t.Run("lock-out", s.locks)
			t.Run("throttle", s.spares)
			t.Run("TLS", s.secured)
		})
	}
}

// await gives a server the time that it takes to start.
func await(t *testing.T, address string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal(err)
		}
	}
}

func (s realServer) outcomes(t *testing.T, server string) {
	d := s.directory(t, false)
	for _, c := range []struct {
		user           string
		password       secret.Text
		active, openly verify.Outcome // of Active Directory, and of OpenLDAP
	}{
		{"good", passwordOf("good"), verify.OK, verify.OK},
		{"GOOD", passwordOf("good"), verify.OK, verify.OK},
		{"good", "wrong", verify.Invalid, verify.Invalid},
		{"good", "", verify.Invalid, verify.Invalid},
		{"unknown", "wrong", verify.Invalid, verify.Invalid},
		{"good*", passwordOf("good"), verify.Invalid, verify.Invalid},
		{"good,ou=people", passwordOf("good"), verify.Invalid, verify.Invalid},
		{"disabled", passwordOf("disabled"), verify.Disabled, verify.Locked}, // OpenLDAP knows no other way
		{"expired", passwordOf("expired"), verify.Expired, verify.Expired},
		{"mustchange", passwordOf("mustchange"), verify.MustChange, verify.MustChange},
		{`PORTICO\good`, passwordOf("good"), verify.OK, verify.Invalid},
		{"good@ad.example", passwordOf("good"), verify.OK, verify.Invalid},
		{"grace", passwordOf("grace"), verify.Invalid, verify.Expired},
		{"good", passwordOf("good"), verify.OK, verify.OK}, // still
	} {
		want := c.active
		if server == "OpenLDAP" {
			want = c.openly
		}
		if got, err := d.Verify(t.Context(), c.user, c.password); got != want || err != nil {
			t.Errorf("%s with %q: %s, %v; want %s", c.user, string(c.password), got, err, want)
		}
	}
}

// Three wrong passwords lock the account: what then is answered to the right one.
func (s realServer) locks(t *testing.T) {
	d := s.directory(t, false)
	for range 3 {
		if got, err := d.Verify(t.Context(), "locked", "wrong"); got != verify.Invalid {
			t.Errorf("wrong: %s, %v", got, err)
		}
	}
	if got, err := d.Verify(t.Context(), "locked", passwordOf("locked")); got != verify.Locked || err != nil {
		t.Errorf("locked: %s, %v", got, err)
	}
}

// one is a configuration that is the same for everybody.
type one string

func (c one) VerifierConfig(context.Context, auth.Tenant) (string, error) { return string(c), nil }

// Behind the throttle any number of wrong passwords leave the account as it was, in whatever form its name comes.
func (s realServer) spares(t *testing.T) {
	d := s.directory(t, false)
	v, err := verify.New(one(`{"kind":"real"}`), verify.Options{
		Kinds: map[string]verify.Kind{"real": func([]byte) (verify.Directory, error) { return d, nil }},
	}).Of(t.Context(), auth.Network())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"spared", "SPARED"}
	if s.members["domain"] != nil {
		names = append(names, `PORTICO\spared`, "Spared@ad.example")
	}
	for i := range 20 {
		o, err := v.Verify(t.Context(), names[i%len(names)], "wrong")
		if i < 2 && o != verify.Invalid || i >= 2 && auth.KindOf(err) != auth.Busy {
			t.Errorf("%d: %s, %v", i, o, err)
		}
	}
	if got, err := d.Verify(t.Context(), "spared", passwordOf("spared")); got != verify.OK {
		t.Errorf("afterwards: %s, %v", got, err)
	}
}

// StartTLS works, another name in the certificate does not, and without TLS no server takes a password.
func (s realServer) secured(t *testing.T) {
	if got, err := s.directory(t, true).Verify(t.Context(), "good", passwordOf("good")); got != verify.OK {
		t.Errorf("StartTLS: %s, %v", got, err)
	}
	other := s
	other.name = "elsewhere.example"
	got, err := other.directory(t, false).Verify(t.Context(), "good", passwordOf("good"))
	if got != verify.Unavailable || !errors.Is(err, verify.ErrNotAsked) {
		t.Errorf("another name: %s, %v", got, err)
	}
	conn, err := goldap.DialURL("ldap://" + s.clear)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Bind(strings.ReplaceAll(s.bind, "*", "good"), string(passwordOf("good"))); !goldap.IsErrorWithCode(err, s.tooClear) {
		t.Errorf("in the clear: %v", err)
	}
}
