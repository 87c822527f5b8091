package portal_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/token"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
)

// A site is a portal on bbolt with many tokens in it, on a real listener, logging to a file.
type site struct {
	*house
	db     *store.DB
	dir    string
	url    string
	texts  []string          // the tokens of 64 superusers, downloaded
	supers []*auth.Principal // those superusers
	owners []int64           // of the stored tokens
}

// owner is the user for whom the i-th of 128 callers makes his k-th token: each has users of his own, and gives one after
// the other 40 tokens.
func (s *site) owner(i int, k int64) int64 {
	each := max(len(s.owners)/128, 1)
	return s.owners[(i*each+int(k)/40%each)%len(s.owners)]
}

func openSite(b *testing.B, tokens int) *site {
	b.Helper()
	dir := b.TempDir()
	db, err := bolt.Open(filepath.Join(dir, "portico.db"), bolt.Options{Create: true})
	must(b, err)
	return openSiteOn(b, db, dir, tokens)
}

// openSiteOn is openSite on any store.
func openSiteOn(b *testing.B, db *store.DB, dir string, tokens int) *site {
	b.Helper()
	b.Cleanup(func() { db.Close() })
	log, err := os.Create(filepath.Join(dir, "log"))
	must(b, err)
	b.Cleanup(func() { log.Close() })
	s := &site{house: buildOn(b, db, zerolog.New(log).With().Timestamp().Logger()), db: db, dir: dir}
	s.url = listen(b, s.handler) + "/portal/"
	s.fill(b, tokens)
	return s
}

// perUser is how many of the stored tokens a user has; he may have 50.
const perUser = 5

func (s *site) fill(b *testing.B, tokens int) {
	b.Helper()
	ctx, by := context.Background(), account.System("bench")
	acme := tenant(b, s.house, auth.Enterprise, 1)
	add := func(name string, role int64) (*account.User, error) {
		return s.accounts.InsertUser(ctx, by, acme, account.NewUser{Username: name, Password: password, RoleID: role})
	}
	s.owners = make([]int64, max(tokens/perUser, 1))
	must(b, parallel(64, len(s.owners), func(i int) error {
		u, err := add(fmt.Sprintf("u%d@acme", i), 10)
		if err != nil {
			return err
		}
		s.owners[i] = u.ID
		for n := range perUser {
			if _, err := s.tokens.Create(ctx, caller(u), fresh(fmt.Sprint("t", n))); err != nil {
				return err
			}
		}
		return nil
	}))
	for i := range 64 {
		u, err := add(fmt.Sprintf("super%d@acme", i), auth.EnterpriseSuperuser)
		must(b, err)
		s.supers = append(s.supers, caller(u))
		s.texts = append(s.texts, s.ready(b, u))
	}
}

func caller(u *account.User) *auth.Principal {
	return u.Principal(auth.Call{Method: "bench"}, auth.NoMeans, 0, time.Time{})
}

func fresh(name string) token.NewToken {
	return token.NewToken{Name: name, LifetimeMs: 1000 * 24 * time.Hour.Milliseconds() / 10}
}

func (s *site) ready(b *testing.B, u *account.User) string {
	b.Helper()
	ctx := context.Background()
	id, err := s.tokens.Create(ctx, caller(u), fresh("ready"))
	must(b, err)
	text, err := s.tokens.Download(ctx, caller(u), token.Where{}, id)
	must(b, err)
	return string(text)
}

func parallel(n, total int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= total {
					return
				}
				if err := f(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func listen(b *testing.B, h http.Handler) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	srv := &http.Server{Handler: h}
	go srv.Serve(l)
	b.Cleanup(func() { srv.Close() })
	return "http://" + l.Addr().String()
}
