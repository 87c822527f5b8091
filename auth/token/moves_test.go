package token_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/token"
)

// TestMoves draws the life of an API token, every state by every act, and holds the drawing against the one that was
// written by hand. What the table lacks must be a Conflict that names the state.
func TestMoves(t *testing.T) {
	acts := []token.Act{token.Download, token.Refresh, token.Rotate, token.Revoke}
	var b strings.Builder
	fmt.Fprintf(&b, "%-11s%-12s%-12s%-12s%s\n", "", acts[0], acts[1], acts[2], acts[3])
	for _, from := range []token.State{token.Pending, token.Enabled, token.Revoked, token.Expired} {
		fmt.Fprintf(&b, "%-11s", from)
		for _, act := range acts {
			to, err := token.Moves.Next(from, act)
			if err != nil {
				if auth.KindOf(err) != auth.Conflict || !strings.Contains(err.Error(), string(from)) {
					t.Errorf("%s of %s: %v", act, from, err)
				}
				to = "-"
			}
			fmt.Fprintf(&b, "%-12s", to)
		}
		b.WriteString("\n")
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	want, err := os.ReadFile("testdata/moves.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), strings.Join(lines, "\n")); diff != "" {
		t.Error(diff)
	}
}
