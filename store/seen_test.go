package store_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/portico-vco/portico/store"
)

// TestSeen: what the Updates of a group read, absent keys too, the engine is asked for once, but for every run of a group
// anew; what an Update writes it finds.
func TestSeen(t *testing.T) {
	e, db := open(t)
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Update(ctx, put("a", "1")))
	e.gets = map[string]int{}
	reads := func(key, want, writes string) func(store.Tx) error {
		return func(tx store.Tx) error {
			for range 2 {
				if got, err := tx.Get([]byte(key)); err != nil || string(got) != want {
					t.Errorf("%s is %q, %v; want %q", key, got, err, want)
				}
			}
			return tx.Put([]byte(writes), []byte("2"))
		}
	}
	together(db, reads("a", "1", "v"), reads("a", "1", "w"), reads("b", "", "x"), reads("b", "", "y"))
	if want := map[string]int{"a": 1, "b": 1}; !maps.Equal(e.gets, want) {
		t.Errorf("got %v, want %v", e.gets, want)
	}
	must(db.Update(ctx, func(tx store.Tx) error {
		must(reads("a", "1", "a")(tx))
		must(reads("b", "", "b")(tx))
		return errors.Join(reads("a", "2", "z")(tx), reads("b", "2", "z")(tx))
	}))
	e.runs = 1 // the engine has something newer
	must(db.Update(ctx, reads("a", "2", "z")))
	must(db.View(ctx, func(tx store.Tx) error {
		for range 2 {
			must(get("b")(tx))
		}
		return nil
	}))
	if want := map[string]int{"a": 4, "b": 4}; !maps.Equal(e.gets, want) {
		t.Errorf("later: got %v, want %v", e.gets, want)
	}
}

// TestSeenDamage: what is damaged is not remembered as good, nor as absent.
func TestSeenDamage(t *testing.T) {
	e, db := open(t)
	ctx := context.Background()
	if err := db.Update(ctx, put("a", "1")); err != nil {
		t.Fatal(err)
	}
	e.data["a"][4] ^= 1
	again := func(tx store.Tx) error {
		first, second := get("a")(tx), get("a")(tx)
		if first == nil || second == nil {
			t.Errorf("%v, then %v", first, second)
		}
		return nil
	}
	if err := db.Update(ctx, again); err == nil {
		t.Error("an Update that read what is damaged succeeds")
	}
}
