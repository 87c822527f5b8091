package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
	"github.com/portico-vco/portico/store/storetest"
)

func fill(t testing.TB, n int, key func(i int) (key, value string)) *store.DB {
	t.Helper()
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	for at := 0; at < n; at += 10 {
		err := db.Update(context.Background(), func(tx store.Tx) error {
			for i := at; i < min(at+10, n); i++ {
				k, v := key(i)
				if err := tx.Put([]byte(k), []byte(v)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// Whatever was in it before, a store holds the same as the other one afterwards, and a second run has nothing to write.
func TestMatch(t *testing.T) {
	plain := func(i int) (string, string) { return fmt.Sprintf("k%06d", i), fmt.Sprint(i) }
	some := func(seed uint64) func(int) (string, string) {
		r := rand.New(rand.NewPCG(seed, 0))
		return func(int) (string, string) {
			n := r.IntN(4000)
			return fmt.Sprint("k", n), fmt.Sprint(n, r.IntN(2))
		}
	}
	large := func(i int) (string, string) {
		return fmt.Sprint("large", i), string(bytes.Repeat([]byte{byte(i)}, 90<<10))
	}
	for _, c := range []struct {
		name     string
		from, to *store.DB
	}{
		{"both empty", fill(t, 0, nil), fill(t, 0, nil)},
		{"into nothing", fill(t, 5003, plain), fill(t, 0, nil)},
		{"nothing", fill(t, 0, nil), fill(t, 5003, plain)},
		{"half of it is there", fill(t, 5003, plain), fill(t, 2500, plain)},
		{"more than it is there", fill(t, 10, plain), fill(t, 7000, plain)},
		{"some and others", fill(t, 5000, some(1)), fill(t, 5000, some(2))},
		{"large values", fill(t, 200, large), fill(t, 10, large)},
		{"an empty value", fill(t, 1, func(int) (string, string) { return "k", "" }), fill(t, 1, plain)},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, told := storetest.Sum(t, c.from), int64(-1)
			if err := store.Match(context.Background(), c.to, c.from, func(n int64) { told = n }); err != nil {
				t.Fatal(err)
			}
			if got := storetest.Sum(t, c.to); got != want || told != want.Keys {
				t.Errorf("got %d keys, %x, and %d were told; want %d, %x", got.Keys, got.Hash, told, want.Keys, want.Hash)
			}
			if again := storetest.Sum(t, c.from); again != want {
				t.Error("the one it was matched with was changed")
			}
			c.to.Observe(func(int) func(error) {
				t.Error("a second run writes")
				return func(error) {}
			})
			if err := store.Match(context.Background(), c.to, c.from, func(int64) {}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// It ends with its context, and with the first Update that fails.
func TestMatchEnds(t *testing.T) {
	from := fill(t, 3000, func(i int) (string, string) { return fmt.Sprint("k", i), "v" })
	ctx, cancel := context.WithCancel(context.Background())
	if err := store.Match(ctx, fill(t, 0, nil), from, func(int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	full, db := open(t)
	full.fail = store.ErrFull
	if err := store.Match(context.Background(), db, from, func(int64) {}); !errors.Is(err, store.ErrFull) {
		t.Errorf("full: %v", err)
	}
}

// What is a key in one and a value in the other, or where the one ends and the other begins, makes a difference.
func TestSum(t *testing.T) {
	seen := map[store.Digest]string{}
	for _, pairs := range []string{"", "a=b", "a=", "ab=", "a=c", "a=b c=d", "a=bc d=", "a=b c=e"} {
		db := fill(t, len(bytes.Fields([]byte(pairs))), func(i int) (string, string) {
			key, value, _ := bytes.Cut(bytes.Fields([]byte(pairs))[i], []byte("="))
			return string(key), string(value)
		})
		d := storetest.Sum(t, db)
		if other, is := seen[d]; is {
			t.Errorf("%q and %q have the same digest", pairs, other)
		}
		seen[d] = pairs
	}
}
