package keys_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/auth"
	"github.com/portico-vco/portico/auth/account"
	"github.com/portico-vco/portico/auth/keys"
	"github.com/portico-vco/portico/auth/secret"
	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// A street is portals that share a store, and a clock.
type street struct {
	t       *testing.T
	now     time.Time
	dbs     []*store.DB
	portals []*keys.Portals
	account *account.Accounts // of the first
}

func build(t *testing.T, names ...string) *street {
	t.Helper()
	s := &street{t: t, now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), dbs: memory.Shared(len(names))}
	for i, name := range names {
		t.Cleanup(func() { s.dbs[i].Close() })
		a := account.New(s.dbs[i], account.Options{Now: func() time.Time { return s.now }})
		a.Sealer, _ = secret.NewSealer(make([]byte, secret.SealKeyLen), rand.Reader)
		s.portals = append(s.portals, keys.New(a, name))
		if i == 0 {
			s.account = a
		}
	}
	return s
}

// held reads "use: key key-", where - is behind a key that has only its public half.
func held(text string) keys.Held {
	h := keys.Held{}
	for line := range strings.SplitSeq(text, ";") {
		use, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		for _, id := range strings.Fields(list) {
			id, half := strings.CutSuffix(id, "-")
			h[use] = append(h[use], keys.Key{ID: id, Whole: !half})
		}
	}
	return h
}

// agree has portal i say what it has, and holds what comes of it, or what it lacks, against want.
func (s *street) agree(i int, has, want string) keys.Agreement {
	s.t.Helper()
	if err := s.dbs[i].CatchUp(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	a, err := s.portals[i].Agree(context.Background(), held(has))
	if err != nil {
		s.t.Fatal(err)
	}
	got := fmt.Sprint(a.InUse)
	if len(a.Missing) > 0 {
		got = fmt.Sprint("lacks ", a.Missing)
	}
	if got != want {
		s.t.Errorf("portal %d has %s: %s, want %s", i, has, got, want)
	}
	return a
}

func (s *street) told() (n int) {
	s.t.Helper()
	page, err := s.account.Events(context.Background(), auth.Network(), account.EventQuery{End: s.now.Add(time.Hour)})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range page.Events {
		if e.Name == "KEY_IN_USE" {
			n++
		}
	}
	return n
}

// A new key is used when all have it, wherever it is made and in whatever order it is copied.
func TestRotation(t *testing.T) {
	s := build(t, "a", "b", "c")
	for i := range 3 {
		s.agree(i, "seal: S; sign: 1", "map[seal:S sign:1]")
	}
	if a := s.agree(0, "seal: S; sign: 1 2", "map[seal:S sign:1]"); fmt.Sprint(a.Waiting) != "[{sign 2 b} {sign 2 c}]" {
		t.Errorf("waiting for %v", a.Waiting)
	}
	if a := s.agree(1, "seal: S; sign: 1", "map[seal:S sign:1]"); fmt.Sprint(a.Waiting) != "[{sign 2 b}]" {
		t.Errorf("b is told %v", a.Waiting)
	}
	s.agree(1, "seal: S; sign: 1 2", "map[seal:S sign:1]")
	s.agree(0, "seal: S; sign: 1 2", "map[seal:S sign:1]")
	if a := s.agree(2, "seal: S; sign: 1 2 3", "map[seal:S sign:2]"); fmt.Sprint(a.Waiting) != "[{sign 3 a} {sign 3 b}]" {
		t.Errorf("c is told %v", a.Waiting)
	}
	for i := range 2 {
		s.agree(i, "seal: S; sign: 1 2", "map[seal:S sign:2]")
	}
	s.agree(0, "seal: S; sign: 1- 2", "map[seal:S sign:2]") // the old private half is gone
	s.agree(1, "seal: S; sign: 1 2", "map[seal:S sign:2]")
	if n := s.told(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// Who lacks a key in use must not serve, and counts for nothing.
func TestLack(t *testing.T) {
	s := build(t, "a", "b")
	s.agree(0, "seal: S; sign: 1", "map[seal:S sign:1]")
	s.agree(0, "seal: S; sign: 1 2", "map[seal:S sign:2]")
	s.agree(1, "seal: S; sign: 1", "lacks [{sign 2 b}]")
	s.agree(1, "seal: S; sign: 1 2-", "lacks [{sign 2 b}]")
	s.agree(1, "seal: T; sign: 1 2", "lacks [{seal S b}]")
	s.agree(1, "seal: T; sign: 7", "lacks [{seal S b} {sign 2 b}]")
	s.agree(0, "seal: S; sign: 1 2 3", "map[seal:S sign:3]") // nobody else is there
	s.agree(1, "seal: S; sign: 1 2 3", "map[seal:S sign:3]")
	s.agree(0, "seal: S; sign: 1 2 3 4", "map[seal:S sign:3]")
	s.agree(1, "seal: S; sign: 1 2", "lacks [{sign 3 b}]") // its files were taken from it while it runs
	s.agree(0, "seal: S; sign: 1 2 3 4", "map[seal:S sign:4]")
	s.agree(0, "seal: S; sign: 1 2 3 4 5-", "map[seal:S sign:4]") // 5 cannot sign
}

// Of those who begin a store at once with keys of their own, one has the keys that are in use.
func TestFirstAtOnce(t *testing.T) {
	const n = 8
	s := build(t, "0", "1", "2", "3", "4", "5", "6", "7")
	var all sync.WaitGroup
	agreed := make([]keys.Agreement, n)
	for i := range n {
		all.Go(func() {
			var err error
			if agreed[i], err = s.portals[i].Agree(context.Background(), held(fmt.Sprintf("seal: S%d; sign: %d", i, i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	whole := 0
	for _, a := range agreed {
		if len(a.Missing) == 0 {
			whole++
		} else if len(a.Missing) != 2 {
			t.Errorf("lacks %v", a.Missing)
		}
	}
	if whole != 1 {
		t.Errorf("%d have the keys in use", whole)
	}
}

// Whoever comes first to a store that begins with a key must have it.
func TestBegin(t *testing.T) {
	s := build(t, "a", "b")
	if err := s.dbs[0].Update(context.Background(), func(tx store.Tx) error { return keys.Begin(tx, "sign", "2") }); err != nil {
		t.Fatal(err)
	}
	s.agree(0, "seal: S; sign: 1", "lacks [{sign 2 a}]")
	s.agree(1, "seal: S; sign: 2", "map[seal:S sign:2]")
	if n := s.told(); n != 0 {
		t.Errorf("told %d times", n)
	}
}

// A portal that ends, or is not heard of any more, is not waited for.
func TestGone(t *testing.T) {
	s := build(t, "a", "b", "c")
	for i := range 3 {
		s.agree(i, "sign: 1", "map[sign:1]")
	}
	s.agree(0, "sign: 1 2", "map[sign:1]")
	if err := s.portals[1].Leave(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.agree(0, "sign: 1 2", "map[sign:1]")
	for range 4 { // c was killed
		s.now = s.now.Add(5 * time.Minute)
		s.agree(0, "sign: 1 2", map[bool]string{false: "map[sign:1]", true: "map[sign:2]"}[s.now.Minute() > 15])
	}
	s.agree(2, "sign: 1", "lacks [{sign 2 c}]") // it was not: it was cut off
	s.agree(1, "sign: 1 2", "map[sign:2]")
}

// A folder whose keys were rotated while it had a store of its own goes on with what it has.
func TestRotatedElsewhere(t *testing.T) {
	s := build(t, "a", "b")
	s.agree(0, "sign: 1", "map[sign:1]")
	s.agree(1, "sign: 1- 2", "lacks [{sign 1 b}]") // a lives, and signs with 1
	if err := s.portals[0].Leave(context.Background()); err != nil {
		t.Fatal(err)
	}
	s.agree(1, "sign: 1- 2", "map[sign:2]")
	s.agree(0, "sign: 1", "lacks [{sign 2 a}]")
}

// As long as nothing is new, nothing is written, but for a sign of life now and then.
func TestQuiet(t *testing.T) {
	s := build(t, "a")
	s.agree(0, "sign: 1", "map[sign:1]")
	at := s.dbs[0].Position()
	for range 29 {
		s.now = s.now.Add(10 * time.Second)
		s.agree(0, "sign: 1", "map[sign:1]")
	}
	if now := s.dbs[0].Position(); now != at {
		t.Errorf("%d were written", now-at)
	}
	s.now = s.now.Add(10 * time.Second)
	s.agree(0, "sign: 1", "map[sign:1]")
	if now := s.dbs[0].Position(); now != at+1 {
		t.Errorf("%d were written", now-at)
	}
}
