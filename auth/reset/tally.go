package reset

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
)

// A tally counts by key within an hour. It has a bound of its own: a key more than that takes the place of another.
type tally struct {
	mu   sync.Mutex
	hour time.Time
	n    map[string]int
}

const maxKeys = 10_000

// add counts one more, unless there are that many already.
func (t *tally) add(now time.Time, key string, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if hour := now.Truncate(time.Hour); !hour.Equal(t.hour) {
		t.hour, t.n = hour, make(map[string]int)
	}
	n, ok := t.n[key]
	if n >= most {
		return false
	}
	if !ok && len(t.n) >= maxKeys {
		t.evict()
	}
	t.n[key]++
	return true
}

// evict forgets the least counted of a few keys, as a map answers them: by chance. Refusing the new one instead would let
// whoever fills the tally lock everybody else out for the hour.
func (t *tally) evict() {
	least, looked := "", 0
	for key, n := range t.n {
		if looked == 0 || n < t.n[least] {
			least = key
		}
		if looked++; looked == 16 {
			break
		}
	}
	delete(t.n, least)
}

// tenantKey is a tenant in a tally.
func tenantKey(in auth.Tenant) string { return fmt.Sprintf("%v/%d", in.Type, in.ID) }

// mailboxKey is a mailbox in a tally, as a tenant mails it: what one tenant does counts for no other. Many mail servers put
// a+b@c into the mailbox a@c.
func mailboxKey(in auth.Tenant, address string) string {
	name, host, _ := strings.Cut(strings.ToLower(address), "@")
	if plus := strings.IndexByte(name, '+'); plus > 0 {
		name = name[:plus]
	}
	return tenantKey(in) + " " + name + "@" + host
}
