package token

import (
	"sync"
	"time"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/secret"
)

// Tokens keeps the sessions and API tokens of a portal.
type Tokens struct {
	accounts *account.Accounts
	store    account.Store
	ring     func() (*secret.Ring, error)
	uses     uses
	watch    Watch
}

// New makes the keeper. ring answers the signing keys as they are now: they may be rotated while the portal runs.
func New(a *account.Accounts, ring func() (*secret.Ring, error)) *Tokens {
	return &Tokens{accounts: a, store: a.Store, ring: ring, uses: uses{last: make(map[int64]use)}}
}

func (t *Tokens) now() time.Time { return t.accounts.Now() }

// A use is when and from where a token was last used.
type use struct {
	ID   int64     `json:"id"` // the token's number
	Time time.Time `json:"time"`
	From string    `json:"from,omitempty"`
}

// uses collects what lastUsed shows, so that a use costs no write; Flush writes it in bulk. A crash loses the last minute.
type uses struct {
	mu   sync.Mutex
	last map[int64]use
}

func (u *uses) note(id int64, now time.Time, from string) {
	u.mu.Lock()
	u.last[id] = use{id, now, from}
	u.mu.Unlock()
}

func (u *uses) of(id int64) use {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last[id]
}

// restore puts back what could not be written, unless there is something newer.
func (u *uses) restore(list []use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, old := range list {
		if u.last[old.ID].Time.Before(old.Time) {
			u.last[old.ID] = old
		}
	}
}

func (u *uses) take() []use {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := make([]use, 0, len(u.last))
	for _, seen := range u.last {
		list = append(list, seen)
	}
	clear(u.last)
	return list
}
