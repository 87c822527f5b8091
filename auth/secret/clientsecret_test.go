package secret_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth/secret"
)

// TestMarkedSecrets: a secret is recognised by its form alone, and nothing else is.
func TestMarkedSecrets(t *testing.T) {
	const mark = "ptc_app_"
	seen := map[secret.Text]bool{}
	for range 200 {
		s, err := secret.MintMarked(rand.Reader, mark)
		if err != nil || !secret.Marked(s, mark) || seen[s] || len(s) != 57 {
			t.Fatalf("made %q: %v", string(s), err)
		}
		seen[s] = true
		if strings.Trim(string(s), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
			t.Errorf("%q needs to be encoded in a form", string(s))
		}
		if shown := secret.Shown(s, mark); shown != string(s[:12]) {
			t.Errorf("%q is shown of %q", shown, string(s))
		}
	}
	// Python's zlib.crc32 of all but the last six characters is 0x5096f72, which is 5iZSk in base62.
	zeros, _ := secret.MintMarked(bytes.NewReader(make([]byte, 32)), mark)
	if want := secret.Text(mark + strings.Repeat("0", 43) + "05iZSk"); zeros != want {
		t.Errorf("made %q, want %q", string(zeros), string(want))
	}
	for _, bad := range []secret.Text{
		"", "x", secret.Text(mark), zeros[:56], zeros + "0", "ptc_svc_" + zeros[8:], zeros[:50] + "1" + zeros[51:], zeros[:56] + "!", "0" + zeros[1:],
	} {
		if secret.Marked(bad, mark) {
			t.Errorf("%q passes for a secret", string(bad))
		}
	}
	if _, err := secret.MintMarked(bytes.NewReader(nil), mark); err == nil {
		t.Error("without chance there is no secret")
	}
}
