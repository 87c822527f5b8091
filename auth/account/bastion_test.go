package account_test

import (
	"strings"
	"testing"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// The life of a bastion state, drawn by hand: every state by every move.
func TestBastionMoves(t *testing.T) {
	const drawn = `
                   stage            unstage
UNCONFIGURED       STAGE_REQUESTED  -
STAGE_REQUESTED    -                UNSTAGE_REQUESTED
UNSTAGE_REQUESTED  STAGE_REQUESTED  -
`
	lines := strings.Split(strings.TrimSpace(drawn), "\n")
	moves := strings.Fields(lines[0])
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		for i, want := range cells[1:] {
			from := account.BastionState(cells[0])
			to, err := account.BastionMoves.Next(from, account.BastionMove(moves[i]))
			if want == "-" {
				if auth.KindOf(err) != auth.Conflict {
					t.Errorf("%s of %s: %s, %v", moves[i], from, to, err)
				}
			} else if string(to) != want || err != nil {
				t.Errorf("%s of %s: %s, %v, want %s", moves[i], from, to, err, want)
			}
		}
	}
	if n := len(account.BastionMoves); n != len(lines)-1 {
		t.Errorf("%d states move, %d are drawn", n, len(lines)-1)
	}
}
