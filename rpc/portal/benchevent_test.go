package portal_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

// eventsOfEach is how many events the benchmark gives a tenant: more than a page.
const eventsOfEach = 2_500

// BenchmarkEvents: a page of 2,048 events of one tenant among a hundred times as many events of others, against the same among
// few. PORTICO_BENCH_EVENTS sets how many are many (default 1000000); filling takes a minute.
func BenchmarkEvents(b *testing.B) {
	many := number("PORTICO_BENCH_EVENTS", 1_000_000)
	const clients = 4
	post := client(clients)
	read := func(tenants int) func(int) error {
		s := openRecords(b, tenants)
		body := `{"jsonrpc":"2.0","id":1,"method":"event/getEnterpriseEvents","params":{"enterpriseId":1,"filter":{"limit":2048}}}`
		return func(int) error { return post(s.url, "Token "+s.texts[0], body, []byte(`"limit":2048,"more":true`)) }
	}
	race(b, clients, contestant{"few", read(max(many/100/eventsOfEach, 1))}, contestant{"many", read(max(many/eventsOfEach, 1))})
}

// openRecords makes a portal in which so many tenants have events, written in turns as they come.
func openRecords(b *testing.B, tenants int) *site {
	b.Helper()
	dir := b.TempDir()
	db, err := bolt.Open(filepath.Join(dir, "portico.db"), bolt.Options{Create: true})
	must(b, err)
	b.Cleanup(func() { db.Close() })
	s := &site{house: buildOn(b, db, zerolog.Nop()), db: db, dir: dir}
	s.url = listen(b, s.handler) + "/portal/"
	_, text := s.enabled(b, s.session(b, "admin@acme"), "bench", time.Hour)
	s.texts = []string{text}
	const each = 30 // in one Update
	must(b, parallel(64, tenants*eventsOfEach/each, func(i int) error {
		return s.accounts.Store.Update(context.Background(), func(tx store.Tx) error {
			for n := range each {
				in := auth.Tenant{Type: auth.Enterprise, ID: int64(1 + (i*each+n)%tenants)}
				err := s.accounts.Record(tx, account.System("bench"), in, account.Happening{
					Name: "UPDATE_USER", Category: account.OfUser, Message: fmt.Sprint("user u", i, "@acme.example"),
					Detail: map[string]any{"userId": i, "username": fmt.Sprint("u", i, "@acme.example"), "changed": []string{"firstName", "lastName"}},
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}))
	return s
}
