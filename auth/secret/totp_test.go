package secret_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth/secret"
)

// The vectors of RFC 6238, appendix B, for SHA-1; six of their eight digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	const seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := string(secret.CodeAt(seed, secret.Step(time.Unix(at, 0)))); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestMatchCode(t *testing.T) {
	seed, err := secret.MintSeed(rand.Reader)
	if err != nil || len(seed) != 32 {
		t.Fatal(len(seed), err)
	}
	now := time.Unix(3000000, 0)
	is := secret.Step(now)
	for _, c := range []struct {
		name       string
		step, last int64
		want       bool
	}{
		{"this step", is, 0, true}, {"the one before", is - 1, 0, true}, {"the one after", is + 1, 0, true},
		{"two before", is - 2, 0, false}, {"two after", is + 2, 0, false},
		{"used", is, is, false}, {"before the one used", is - 1, is, false}, {"after the one used", is + 1, is, true},
	} {
		want := int64(0)
		if c.want {
			want = c.step
		}
		if got := secret.MatchCode(seed, secret.CodeAt(seed, c.step), now, c.last); got != want {
			t.Errorf("%s: %d, want %d", c.name, got, want)
		}
	}
	for _, bad := range []secret.Text{"", "0", "000000x", " "} {
		if secret.MatchCode(seed, bad, now, 0) != 0 || secret.MatchCode("", bad, now, 0) != 0 || secret.MatchCode("!", bad, now, 0) != 0 {
			t.Errorf("%q matches", string(bad))
		}
	}
}
