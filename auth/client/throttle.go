package client

import (
	"maps"
	"sync"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
)

// What somebody may fail at the token endpoint: so often at once, and once more in each interval. It is counted for a client id
// from one place, and for a place whatever ids it names.
var (
	ofClient = rate{10, 6 * time.Second}
	ofPlace  = rate{60, time.Second}
)

// maxFailing bounds what is counted apart. What comes beyond is counted together.
const maxFailing = 4096

type rate struct {
	burst int
	each  time.Duration
}

type failing struct{ client, place string }

// A throttle slows down who fails. It never keeps out whoever shows the right secret, from wherever: to lock a client id
// would be a way to switch off anybody's client.
type throttle struct {
	mu    sync.Mutex
	until map[failing]time.Time // when all that was failed will be forgotten
}

func newThrottle() throttle { return throttle{until: make(map[failing]time.Time)} }

var errSlowDown error = auth.Errorf(auth.Busy, "too many failures: come again in a few seconds")

// failed counts a failure, and says whether that is one too many. Of a place that has too many, its ids are not looked at: it would
// fill the table with them.
func (t *throttle) failed(clientID, source string, now time.Time) error {
	place := account.Place(source)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.until) > maxFailing {
		maps.DeleteFunc(t.until, func(_ failing, until time.Time) bool { return !now.Before(until) })
	}
	if t.add(failing{place: place}, ofPlace, now) && t.add(failing{clientID, place}, ofClient, now) {
		return nil
	}
	return errSlowDown
}

func (t *throttle) add(key failing, r rate, now time.Time) bool {
	if _, known := t.until[key]; !known && len(t.until) > maxFailing {
		key = failing{}
	}
	until := t.until[key]
	if until.Before(now) {
		until = now
	}
	if until.Sub(now) >= time.Duration(r.burst)*r.each {
		return false
	}
	t.until[key] = until.Add(r.each)
	return true
}
