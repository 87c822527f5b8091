package client

import (
	"context"
	"sync"
	"time"

	"github.com/portico-vco/portico/store"
)

// A use is when a client last got an access token, and by what.
type use struct {
	used
	time time.Time
}

// uses collects what lastUsed shows, so that a use costs no write; Flush writes it in bulk. A crash loses the last minute.
type uses struct {
	mu   sync.Mutex
	last map[used]time.Time
}

// A used secret is one of a client; 0 stands for its keys.
type used struct{ client, secret int64 }

func (u *uses) note(client, secret int64, now time.Time) {
	u.mu.Lock()
	u.last[used{client, secret}] = now.Truncate(time.Minute)
	u.mu.Unlock()
}

// show fills in what is not written yet.
func (u *uses) show(c *Client) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for secret := range c.LastNumber + 1 {
		if at, ok := u.last[used{c.ID, secret}]; ok {
			use{used{c.ID, secret}, at}.mark(c)
		}
	}
}

// mark sets the times of a client, and says whether they are news.
func (n use) mark(c *Client) (news bool) {
	if c.LastUsed.Before(n.time) {
		c.LastUsed, news = n.time, true
	}
	for i := range c.Secrets {
		if s := &c.Secrets[i]; s.Number == n.secret && s.LastUsed.Before(n.time) {
			s.LastUsed, news = n.time, true
		}
	}
	return news
}

func (u *uses) take() []use {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := make([]use, 0, len(u.last))
	for what, at := range u.last {
		list = append(list, use{what, at})
	}
	clear(u.last)
	return list
}

// restore puts back what could not be written, unless there is something newer.
func (u *uses) restore(list []use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range list {
		if u.last[n.used].Before(n.time) {
			u.last[n.used] = n.time
		}
	}
}

const flushedUses = 90 // clients an Update

// Flush writes the last uses that were collected. Call it once a minute, and at the end.
func (c *Clients) Flush(ctx context.Context) error {
	left := c.uses.take()
	for len(left) > 0 {
		n := min(len(left), flushedUses)
		if err := c.store.Update(ctx, func(tx store.Tx) error { return keep(tx, left[:n]) }); err != nil {
			c.uses.restore(left)
			return err
		}
		left = left[n:]
	}
	return nil
}

// keep writes the last uses of the clients that are still there.
func keep(tx store.Tx, list []use) error {
	for _, n := range list {
		c, err := clients.Get(tx, n.client)
		if err != nil {
			return err
		}
		if c == nil || !c.Gone.IsZero() || !n.mark(c) {
			continue
		}
		if err := clients.Put(tx, c); err != nil {
			return err
		}
	}
	return nil
}
