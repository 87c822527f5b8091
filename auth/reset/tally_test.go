package reset

import (
	"fmt"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
)

// Ten thousand sources filled the tally, and everybody who came after them was refused for the rest of the hour.
func TestFullTally(t *testing.T) {
	var c tally
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for range 20 {
		c.add(now, "greedy", 20)
	}
	for i := range 2 * maxKeys {
		if !c.add(now, fmt.Sprint("flood", i), 20) {
			t.Fatalf("source %d is refused", i)
		}
	}
	if len(c.n) > maxKeys {
		t.Errorf("%d keys", len(c.n))
	}
	if c.add(now, "greedy", 20) {
		t.Error("a flood of others has wiped out what somebody has used up")
	}
	if !c.add(now.Add(time.Hour), "greedy", 20) {
		t.Error("an hour later")
	}
}

// Tags made as many mailboxes of one as anybody liked; and what one tenant mailed to an address counted for all.
func TestMailboxKey(t *testing.T) {
	one, two := auth.Tenant{Type: auth.Enterprise, ID: 1}, auth.Tenant{Type: auth.MSP, ID: 1}
	if a, b := mailboxKey(one, "Bob@x.example"), mailboxKey(one, "bob+1+2@X.example"); a != b {
		t.Errorf("%q and %q", a, b)
	}
	if a, b := mailboxKey(one, "bob@x.example"), mailboxKey(two, "bob@x.example"); a == b {
		t.Errorf("two tenants: %q", a)
	}
	if a := mailboxKey(one, "+bob@x.example"); a == mailboxKey(one, "+eve@x.example") {
		t.Errorf("nothing is left: %q", a)
	}
}
