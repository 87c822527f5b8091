package ldap

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/portico-vco/portico/auth/verify"
)

var refusals = []verify.Outcome{verify.Invalid, verify.Disabled, verify.Locked, verify.Expired, verify.MustChange}

// Whatever a server sends for a bind: nothing but a success is OK, and what is not understood is explained.
func FuzzAnswer(f *testing.F) {
	for _, seed := range [][]byte{
		{0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0},
		{0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 49, 4, 0, 4, 0},
		{0x30, 12, 2, 1, 1, 0x61, 7, 10, 0, 0x7f, 20, 0, 4, 0},
		{0x30, 13, 2, 1, 1, 0x61, 8, 10, 2, 0, 0, 4, 0, 4, 0},
		{0x30, 47, 2, 1, 1, 0x61, 7, 10, 1, 49, 4, 0, 4, 0, 0xa0, 33, 0x30, 31, 4, 25, '1', '.', '3', '.', '6', '.', '1', '.', '4', '.', '1', '.', '4', '2', '.', '2', '.', '2', '7', '.', '8', '.', '5', '.', '1', 4, 2, 0x30, 0},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer theirs.Close()
			theirs.Read(make([]byte, 1024)) // the bind
			theirs.Write(answer)
		}()
		conn := ldap.NewConn(&bounded{ours, maxAnswer}, true)
		conn.Start()
		got, err := ask(conn, "anna", "password")
		conn.Close()
		<-done
		switch {
		case got == verify.OK && !hasZero(answer):
			t.Errorf("% x is a success", answer)
		case got == verify.Unavailable && err == nil:
			t.Error("nothing explains it")
		case got != verify.OK && got != verify.Unavailable && (err != nil || !slices.Contains(refusals, got)):
			t.Errorf("%q, %v", got, err)
		}
	})
}

// hasZero reports whether there is a number that may be read as 0. For one without any digits, or with too many, that is what the library
// reads: it is the directory's word all the same, which came by TLS.
func hasZero(b []byte) bool {
	for i, tag := range b {
		if tag&0x1f != 2 && tag&0x1f != 10 || i+1 == len(b) {
			continue
		}
		size, rest := int(b[i+1]), b[i+2:]
		if size > 0x80 { // so many bytes say the size
			more := min(size-0x80, len(rest))
			size = 0
			for _, digit := range rest[:more] {
				size = min(size<<8|int(digit), len(b))
			}
			rest = rest[more:]
		}
		if size <= len(rest) && len(bytes.Trim(rest[:size], "\x00")) == 0 {
			return true
		}
	}
	return false
}

// Whatever a server says beside its refusal, it stays one, and a reason is read only where Active Directory has it.
func FuzzDiagnosis(f *testing.F) {
	for _, seed := range []string{
		"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563\x00",
		"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 775, v1db1", "AcceptSecurityContext error, data 773", "data 775,", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := diagnosed(text)
		if !slices.Contains(refusals, got) || got != verify.Invalid && !strings.Contains(text, "AcceptSecurityContext error, data ") {
			t.Errorf("%q is %s", text, got)
		}
	})
}

// The bound holds also for who reads in large pieces.
func TestBounded(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() { io.Copy(theirs, strings.NewReader(strings.Repeat("x", 100))); theirs.Close() }()
	b, err := io.ReadAll(&bounded{ours, 64})
	ours.Close()
	if len(b) != 64 || err != errTooMuch {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
