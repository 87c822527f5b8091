package portal_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// What operators ask most of a network: the users of one enterprise, and a page of enterprises.
const (
	usersOfOne = `{"jsonrpc":"2.0","id":1,"method":"enterprise/getEnterpriseUsers","params":{"enterpriseId":%d}}`
	pageOf50   = `{"jsonrpc":"2.0","id":1,"method":"network/getNetworkEnterprises","params":{"limit":50}}`
)

// BenchmarkNetwork: what is asked of one enterprise, and a page of the list of all, in a network of 100 times as many
// enterprises. few/many is how many times as long a call takes there. PORTICO_BENCH_ENTERPRISES sets how many are many (default
// 10000, of 10 users each).
func BenchmarkNetwork(b *testing.B) {
	many := number("PORTICO_BENCH_ENTERPRISES", 10_000)
	full, few := openCrowded(b, many), openCrowded(b, max(many/100, 100))
	const conns = 16
	b.Run("users", func(b *testing.B) {
		race(b, conns, contestant{"many", full.asks(conns, fmt.Sprintf(usersOfOne, full.one), `"username":"c`)},
			contestant{"few", few.asks(conns, fmt.Sprintf(usersOfOne, few.one), `"username":"c`)})
	})
	b.Run("page", func(b *testing.B) {
		race(b, conns, contestant{"many", full.asks(conns, pageOf50, `"more":true`)}, contestant{"few", few.asks(conns, pageOf50, `"more":true`)})
	})
}

// A crowded site has a network full of enterprises, and an API token of an operator.
type crowded struct {
	*site
	one  int64
	text string
}

func openCrowded(b *testing.B, enterprises int) crowded {
	b.Helper()
	s := openSite(b, perUser)
	super, _, err := s.accounts.FindUser(context.Background(), account.System("bench"), 0, "super")
	must(b, err)
	return crowded{s, s.network(b, enterprises), s.ready(b, super)}
}

func (c crowded) asks(conns int, body, want string) func(int) error {
	post := client(conns)
	return func(int) error { return post(c.url, "Token "+c.text, body, []byte(want)) }
}

// A counting engine counts the keys that are read.
type counting struct {
	store.Engine
	keys atomic.Int64
}

func (c *counting) View(ctx context.Context, f func(store.Reader) error) error {
	return c.Engine.View(ctx, func(r store.Reader) error { return f(countingReader{r, c}) })
}

type countingReader struct {
	store.Reader
	c *counting
}

func (r countingReader) Get(key []byte) ([]byte, error) {
	r.c.keys.Add(1)
	return r.Reader.Get(key)
}

func (r countingReader) Scan(of store.Range, f func(key, value []byte) (bool, error)) error {
	return r.Reader.Scan(of, func(key, value []byte) (bool, error) {
		r.c.keys.Add(1)
		return f(key, value)
	})
}

// What is read for one enterprise, and for a page of the list of all, does not depend on how many there are: key for key.
func TestNetworkCost(t *testing.T) {
	cost := func(enterprises int) (keys [2]int64) {
		c := &counting{Engine: memory.New()}
		db := store.Open(c)
		t.Cleanup(func() { db.Close() })
		h := buildOn(t, db, zerolog.Nop())
		one, super := h.network(t, enterprises), h.superSession(t)
		for i, body := range []string{fmt.Sprintf(usersOfOne, one), pageOf50} {
			before := c.keys.Load()
			w := h.post("/portal/", super, body)
			if keys[i] = c.keys.Load() - before; w.Body.Len() < 1000 || keys[i] < usersEach {
				t.Errorf("%d keys were read for %s", keys[i], w.Body)
			}
		}
		return keys
	}
	if few, many := cost(60), cost(600); few != many {
		t.Errorf("keys read for the users of one and for a page of 50: %v of 60 enterprises, %v of 600", few, many)
	}
}
