package ldap_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"go.uber.org/goleak"

	"github.com/portico-vco/portico/auth/verify"
	"github.com/portico-vco/portico/auth/verify/ldap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "correct horse"

// windows is how Active Directory refuses, with the reason in its text.
func windows(data string) answer {
	return says(49, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data "+data+", v4563\x00", nil)
}

// What directories answer, and what that means. In each case there is one connection with one bind, and nothing more.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name  string
		reply answer
		want  verify.Outcome
		says  string // what the log learns
	}{
		{"right", says(0, "", nil), verify.OK, ""},
		{"wrong, Active Directory", windows("52e"), verify.Invalid, ""},
		{"no such user", windows("525"), verify.Invalid, ""},
		{"not at this time", windows("530"), verify.Disabled, ""},
		{"not from this machine", windows("531"), verify.Disabled, ""},
		{"the password is over", windows("532"), verify.Expired, ""},
		{"disabled", windows("533"), verify.Disabled, ""},
		{"the account is over", windows("701"), verify.Expired, ""},
		{"must change", windows("773"), verify.MustChange, ""},
		{"locked out", windows("775"), verify.Locked, ""},
		{"a reason that is not known", windows("6f7"), verify.Invalid, ""},
		{"a reason that is none", windows("zzz"), verify.Invalid, ""},
		{"wrong, OpenLDAP", says(49, "", nil), verify.Invalid, ""},
		{"policy without a reason", says(0, "", policy(0x30, 0)), verify.OK, ""},
		{"policy: soon over", says(0, "", policy(0x30, 5, 0xa0, 3, 0x80, 1, 60)), verify.OK, ""},
		{"policy: over, the last times", says(0, "", policy(0x30, 5, 0xa0, 3, 0x81, 1, 2)), verify.Expired, ""},
		{"policy: over", says(49, "", policy(0x30, 3, 0x81, 1, 0)), verify.Expired, ""},
		{"policy: locked", says(49, "", policy(0x30, 3, 0x81, 1, 1)), verify.Locked, ""},
		{"policy: must change, let in", says(0, "", policy(0x30, 3, 0x81, 1, 2)), verify.MustChange, ""},
		{"policy: something else", says(49, "", policy(0x30, 3, 0x81, 1, 6)), verify.Invalid, ""},
		{"policy that cannot be read", says(0, "", policy(0x30, 9, 0x81)), verify.Unavailable, "decode"},
		{"TLS wanted", says(8, "secret text", nil), verify.Unavailable, "LDAP result 8, Strong Auth Required"},
		{"confidentiality wanted", says(13, "secret text", nil), verify.Unavailable, "LDAP result 13, Confidentiality Required"},
		{"unwilling", says(53, "secret text", nil), verify.Unavailable, "LDAP result 53, Unwilling To Perform"},
		{"busy", says(51, "secret text", nil), verify.Unavailable, "LDAP result 51, Busy"},
		{"a referral", says(10, "ldap://elsewhere.example", nil), verify.Unavailable, "LDAP result 10, Referral"},
		{"more to come", says(14, "", nil), verify.Unavailable, "LDAP result 14"},
		{"another operation", func(bind *ber.Packet) ([]byte, bool) { return result(bind, 5, 49, "", nil), false }, verify.Invalid, ""},
		{"no result", func(bind *ber.Packet) ([]byte, bool) { return []byte{0x30, 3, 2, 1, 1}, false }, verify.Unavailable, "invalid packet"},
		{"not LDAP", func(*ber.Packet) ([]byte, bool) { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), true }, verify.Unavailable, ""},
		{"truncated", func(bind *ber.Packet) ([]byte, bool) { return result(bind, 1, 0, "", nil)[:9], true }, verify.Unavailable, ""},
		{"hangs up", func(*ber.Packet) ([]byte, bool) { return nil, true }, verify.Unavailable, ""},
		{"an answer to nobody first", func(bind *ber.Packet) ([]byte, bool) {
			other := bytes.Replace(result(bind, 1, 0, "", nil), []byte{2, 1, 1}, []byte{2, 1, 99}, 1)
			return together(other, result(bind, 1, 49, "", nil)), false
		}, verify.Invalid, ""},
		{"huge", func(*ber.Packet) ([]byte, bool) {
			return together([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 4, 0x84, 0x7f, 0xff, 0xff, 0xf0}, make([]byte, 1<<20)), true
		}, verify.Unavailable, "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, false, c.reply)
			got, err := s.directory(t, nil).Verify(t.Context(), "anna", password)
			if got != c.want || (err == nil) != (got != verify.Unavailable) {
				t.Fatalf("%s, %v; want %s", got, err, c.want)
			}
			if err != nil {
				if text := err.Error(); !strings.Contains(text, c.says) || strings.Contains(text, "secret") || errors.Is(err, verify.ErrNotAsked) {
					t.Errorf("the error is %v", err)
				}
				checkSecret(t, err)
			}
			if heard := s.heard(); heard != `1: bind EXAMPLE\anna` {
				t.Errorf("the server heard %s", heard)
			}
		})
	}
}

func checkSecret(t *testing.T, err error) {
	t.Helper()
	for _, part := range []string{password, "anna"} {
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), part) {
			t.Errorf("%q is in the error %v", part, err)
		}
	}
}

func TestStartTLS(t *testing.T) {
	s := serve(t, true, says(0, "", nil))
	d := s.directory(t, map[string]any{"url": "ldap://" + s.address, "startTls": true})
	if got, err := d.Verify(t.Context(), "anna", password); got != verify.OK {
		t.Fatal(got, err)
	}
	if heard := s.heard(); heard != `1: operation 23, bind EXAMPLE\anna` {
		t.Errorf("the server heard %s", heard)
	}
}

// A server that cannot show who it is never sees the password, and the throttle learns that it did not.
func TestNotAsked(t *testing.T) {
	yes := says(0, "", nil)
	other, otherCA := certificate(t, "directory.example", time.Hour)
	old, oldCA := certificate(t, "directory.example", -time.Hour)
	for _, c := range []struct {
		name  string
		clear bool
		set   func(s *server) map[string]any
		heard string
	}{
		{"another authority", false, func(*server) map[string]any { return map[string]any{"caPem": otherCA} }, "1: "},
		{"not one of the system's authorities", false, func(*server) map[string]any { return map[string]any{"caPem": ""} }, "1: "},
		{"another name", false, func(*server) map[string]any { return map[string]any{"serverName": "dc2.example"} }, "1: "},
		{"the address is no name of it", false, func(*server) map[string]any { return map[string]any{"serverName": ""} }, "1: "},
		{"over", false, func(s *server) map[string]any { s.shows(old); return map[string]any{"caPem": oldCA} }, "1: "},
		{"another certificate after StartTLS", true, func(s *server) map[string]any {
			s.shows(other)
			return map[string]any{"url": "ldap://" + s.address, "startTls": true}
		}, "1: operation 23"},
		{"StartTLS where TLS comes first", false, func(s *server) map[string]any {
			return map[string]any{"url": "ldap://" + s.address, "startTls": true}
		}, "1: "},
		{"nobody listens", false, func(s *server) map[string]any { return map[string]any{"url": "ldaps://127.0.0.1:1"} }, "0: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.clear, yes)
			got, err := s.directory(t, c.set(s)).Verify(t.Context(), "anna", password)
			if got != verify.Unavailable || !errors.Is(err, verify.ErrNotAsked) {
				t.Errorf("%s, %v", got, err)
			}
			checkSecret(t, err)
			if heard := s.heard(); heard != c.heard {
				t.Errorf("the server heard %s", heard)
			}
		})
	}
}

// A server that says nothing keeps nobody longer than the context, whether it is silent from the start or after the bind.
func TestSilence(t *testing.T) {
	silent := func(*ber.Packet) ([]byte, bool) { return nil, false }
	slow := func(bind *ber.Packet) ([]byte, bool) { return []byte{0x30}, false }
	for name, s := range map[string]*server{
		"after the bind": serve(t, false, silent), "in the middle": serve(t, false, slow), "from the start": serve(t, true, silent),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		got, err := s.directory(t, nil).Verify(ctx, "anna", password)
		cancel()
		if took := time.Since(began); got != verify.Unavailable || err == nil || took > 3*time.Second {
			t.Errorf("%s: %s, %v after %v", name, got, err, took)
		}
		if asked := !errors.Is(err, verify.ErrNotAsked); asked != (name != "from the start") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The forms of names: which bind is made, if any.
func TestNames(t *testing.T) {
	s := serve(t, false, says(49, "", nil))
	people := map[string]any{"domain": "", "dnTemplate": "uid={username},ou=people,dc=example"}
	for _, c := range []struct {
		set  map[string]any
		name string
		want string // "" is none
	}{
		{nil, "anna", `EXAMPLE\anna`},
		{nil, `OTHER\anna`, `OTHER\anna`},
		{nil, "anna@other.example", "anna@other.example"},
		{nil, "Änne Müller", `EXAMPLE\Änne Müller`},
		{map[string]any{"domain": ""}, "anna", ""},
		{map[string]any{"domain": ""}, "anna@example", "anna@example"},
		{nil, "", ""}, {nil, " anna", ""}, {nil, "anna ", ""}, {nil, "an\x00na", ""}, {nil, "an\u200bna", ""}, {nil, "an\nna", ""}, {nil, "\xff", ""},
		{nil, strings.Repeat("a", 257), ""},
		{nil, "cn=anna,dc=example", ""}, {nil, `OTHER\an\na`, ""}, {nil, `\anna`, ""}, {nil, `OTHER\`, ""}, {nil, "@example", ""}, {nil, "anna@", ""},
		{nil, "anna@a@b", ""}, {nil, `OTHER\anna@example`, ""}, {nil, "host/dc1@example", ""}, {nil, "*", ""}, {nil, "a|b", ""},
		{people, "anna", "uid=anna,ou=people,dc=example"},
		{people, "anna,ou=admins", `uid=anna\,ou=admins,ou=people,dc=example`},
		{people, "a+uid=b", `uid=a\+uid=b,ou=people,dc=example`},
		{people, `#a"b\c;d<e>`, `uid=\#a\"b\\c\;d\<e\>,ou=people,dc=example`},
		{people, "anna@example", "uid=anna@example,ou=people,dc=example"},
		{people, "{username}", "uid={username},ou=people,dc=example"},
	} {
		before := len(s.operations())
		d := s.directory(t, c.set)
		if got, err := d.Verify(t.Context(), c.name, password); got != verify.Invalid || err != nil {
			t.Errorf("%q: %s, %v", c.name, got, err)
		}
		if _, ok := d.Account(c.name); ok != (c.want != "") {
			t.Errorf("%q has an account: %v", c.name, ok)
		}
		got := ""
		if asked := s.operations(); len(asked) > before {
			got = strings.TrimPrefix(asked[before], "bind ")
		}
		if got != c.want {
			t.Errorf("%q binds %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEmptyPassword(t *testing.T) {
	s := serve(t, false, says(0, "", nil))
	if got, err := s.directory(t, nil).Verify(t.Context(), "anna", ""); got != verify.Invalid || err != nil {
		t.Error(got, err)
	}
	if s.heard() != "0: " {
		t.Error("the server heard", s.heard())
	}
}

// Samba makes itself a certificate with a negative serial number, which Go refuses: that is told when it is set, and where another
// authority was set the password is not sent.
func TestNegativeSerial(t *testing.T) {
	s := serve(t, false, says(0, "", nil))
	good, _ := certificate(t, "directory.example", time.Hour)
	der := bytes.Clone(good.Certificate[0])
	serial := bytes.Index(der, []byte{0xa0, 3, 2, 1, 2, 2}) + 7 // behind the version
	der[serial] |= 0x80
	s.shows(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: good.PrivateKey})
	const why = "negative serial"
	got, err := s.directory(t, nil).Verify(t.Context(), "anna", password)
	if got != verify.Unavailable || !errors.Is(err, verify.ErrNotAsked) || !strings.Contains(err.Error(), why) {
		t.Errorf("%s, %v", got, err)
	}
	text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	_, err = ldap.New([]byte(`{"kind":"ldap","url":"ldaps://dc1","caPem":` + string(text) + `}`))
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("as an authority: %v", err)
	}
}

// All names of an account are one to the throttle.
func TestAccounts(t *testing.T) {
	s := serve(t, false, says(0, "", nil))
	d := s.directory(t, nil)
	for _, c := range []struct {
		names []string
		same  bool
	}{
		{[]string{"anna", "ANNA", `EXAMPLE\Anna`, "anna@example.com", "ánna", "ａｎｎａ"}, true},
		{[]string{"anna maria", "Anna  Maria", "anna\u00a0maria"}, true},
		{[]string{"strasse", "straße"}, true},
		{[]string{"anna", "anne"}, false},
	} {
		first, ok := d.Account(c.names[0])
		if !ok {
			t.Fatal(c.names[0])
		}
		for _, name := range c.names[1:] {
			if key, ok := d.Account(name); !ok || (key == first) != c.same {
				t.Errorf("%q is %q, %q is %q", name, key, c.names[0], first)
			}
		}
	}
}

func TestConfigurations(t *testing.T) {
	_, ca := certificate(t, "x", time.Hour)
	quoted, _ := json.Marshal(ca)
	for text, want := range map[string]string{
		`{"kind":"ldap","url":"ldaps://dc1.example"}`:                                          "dc1.example:636",
		`{"kind":"ldap","url":"ldaps://DC1.example:3269","domain":"EXAMPLE"}`:                  "dc1.example:3269",
		`{"kind":"ldap","url":"ldap://dc1.example","startTls":true}`:                           "dc1.example:389",
		`{"kind":"ldap","url":"ldaps://[2001:db8::1]","serverName":"dc1"}`:                     "[2001:db8::1]:636",
		`{"kind":"ldap","url":"ldaps://dc1.example","caPem":` + string(quoted) + `}`:           "dc1.example:636",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"uid={username},dc=x"}`:               "dc1:636",
		`{"kind":"ldap","url":"ldap://dc1.example"}`:                                           "error",
		`{"kind":"ldap","url":"ldaps://dc1.example","startTls":true}`:                          "error",
		`{"kind":"ldap","url":"http://dc1.example"}`:                                           "error",
		`{"kind":"ldap","url":"ldapi:///var/run/ldapi"}`:                                       "error",
		`{"kind":"ldap","url":"ldaps://dc1.example/dc=x"}`:                                     "error",
		`{"kind":"ldap","url":"ldaps://user:pass@dc1.example"}`:                                "error",
		`{"kind":"ldap","url":"ldaps://dc1.example?x"}`:                                        "error",
		`{"kind":"ldap","url":"ldaps://dc1.example:0"}`:                                        "error",
		`{"kind":"ldap","url":"ldaps://dc1.example:70000"}`:                                    "error",
		`{"kind":"ldap","url":"ldaps://"}`:                                                     "error",
		`{"kind":"ldap"}`:                                                                      "error",
		`{"kind":"ldap","url":"ldaps://dc1","insecure":true}`:                                  "error",
		`{"kind":"ldap","url":"ldaps://dc1","caPem":"x"}`:                                      "error",
		`{"kind":"ldap","url":"ldaps://dc1","caPem":` + string(quoted[:len(quoted)-1]) + `x"}`: "error",
		`{"kind":"ldap","url":"ldaps://dc1","domain":"A\\B"}`:                                  "error",
		`{"kind":"ldap","url":"ldaps://dc1","domain":"A","dnTemplate":"uid={username}"}`:       "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"uid=x,dc=x"}`:                        "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"uid={username}+cn={username}"}`:      "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"{username}=x"}`:                      "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"{username}"}`:                        "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"uid=x{username},dc=x"}`:              "error",
		`{"kind":"ldap","url":"ldaps://dc1","dnTemplate":"uid=#04{username},dc=x"}`:            "error",
	} {
		got := "error"
		if d, err := ldap.New([]byte(text)); err == nil {
			got = d.Address()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Whoever writes a configuration knows nothing of the program's types.
func TestMembersOfOtherTypes(t *testing.T) {
	for text, want := range map[string]string{
		`{"kind":"ldap","url":636}`:                              "url is of the wrong type, number",
		`{"kind":"ldap","url":"ldaps://dc1","startTls":"true"}`:  "startTls is of the wrong type, string",
		`{"kind":"ldap","url":"ldaps://dc1","caPem":["a","b"]}`:  "caPem is of the wrong type, array",
		`{"kind":"ldap","url":"ldaps://dc1","insecure":true}`:    `json: unknown field "insecure"`,
		`{"kind":"ldap","url":"ldaps://dc1","domain":{"a":"b"}}`: "domain is of the wrong type, object",
	} {
		if _, err := ldap.New([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
