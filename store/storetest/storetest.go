// Package storetest owns the promises of a store, as tests. It must not know any engine: each runs the whole suite, nothing
// is skipped, and a promise that is not here is none.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

// Run holds the stores that open makes, each new and empty, to every promise. open registers its own Cleanup.
func Run(t *testing.T, open func(t testing.TB) *store.DB) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *store.DB)
	}{
		{"an absent key is nil, an empty value is not", absent},
		{"a function sees its own writes", ownWrites},
		{"scans are ordered and bounded", bounds},
		{"a scan shows what was there when it began", scanAndWrite},
		{"a scan's function may stop it and fail it", scanStops},
		{"all transactions are those of a sorted map", model},
		{"values are valid until the function returns", valid},
		{"nothing handed to Put is kept", copies},
		{"a View refuses writes", readOnly},
		{"a View is a snapshot", snapshot},
		{"a transaction ends with its function", over},
		{"a failed Update leaves nothing and harms nobody", failed},
		{"a panic is its own caller's", panics},
		{"a goroutine that ends in its function harms nobody", goexit},
		{"an error of a Tx cannot be swallowed", sticky},
		{"the limits are exact", limits},
		{"OnCommit has the last word in every group that writes", lastWord},
		{"an error of OnCommit fails its group and no other", lastWordFails},
		{"Updates are serial", serial},
		{"there are no phantoms", phantoms},
		{"a cancelled Update leaves the queue", cancelled},
		{"a closed store refuses", closed},
		{"Close waits for Views", closeWaits},
		{"numbers are given once", numbers},
		{"behind the last number there is none", lastNumber},
		{"some of a span are removed", deleteSome},
		{"a unique key has one record", unique},
		{"a text that is not UTF-8 has the keys of what is stored", badText},
		{"a race for unique keys has one winner each", uniqueRace},
		{"indexes stay true", indexes},
		{"spans of an index", spans},
		{"an unchanged key is not written", unchanged},
		{"collections whose names begin alike keep apart", alike},
		{"records are shown as they are stored", asStored},
		{"a collection is a map with two ways in", collectionModel},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// Reopen holds an engine to what must outlive the process. open makes a new store; reopen, to be called after Close, opens
// it again.
func Reopen(t *testing.T, open func(t testing.TB) (db *store.DB, reopen func() *store.DB)) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *store.DB, func() *store.DB)
	}{
		{"what was acknowledged is there again", durable},
		{"numbers are given once, also across a restart", numbersAgain},
		{"a store keeps its id", sameID},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, reopen := open(t)
			c.test(t, db, reopen)
		})
	}
}

func durable(t *testing.T, db *store.DB, reopen func() *store.DB) {
	want := map[string]string{}
	for i := range 50 {
		put(t, db, fmt.Sprint("k", i), fmt.Sprint("v", i))
		want[fmt.Sprint("k", i)] = fmt.Sprint("v", i)
	}
	remove(t, db, "k7")
	delete(want, "k7")
	shut(t, db)
	db = reopen()
	same(t, all(t, db), want)
}

func numbersAgain(t *testing.T, db *store.DB, reopen func() *store.DB) {
	a := insert(t, db, &pet{Name: "a"})
	b := insert(t, db, &pet{Name: "b"})
	update(t, db, func(tx store.Tx) error { _, err := pets.Delete(tx, b); return err })
	shut(t, db)
	db = reopen()
	if c := insert(t, db, &pet{Name: "c"}); c != b+1 || b != a+1 {
		t.Errorf("numbers %d, %d, and %d after reopening; want %d", a, b, c, b+1)
	}
}

func sameID(t *testing.T, db *store.DB, reopen func() *store.DB) {
	id := db.ID()
	shut(t, db)
	if again := reopen().ID(); again != id || id == "" {
		t.Errorf("id %q, and %q after reopening", id, again)
	}
}

// patience is how long a test waits for what must happen before it fails.
const patience = 10 * time.Second

func update(t testing.TB, db *store.DB, f func(store.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, db *store.DB, f func(store.Tx) error) {
	t.Helper()
	if err := db.View(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, db *store.DB, key, value string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

func remove(t testing.TB, db *store.DB, key string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error { return tx.Delete([]byte(key)) })
}

// fill puts keys, each with itself as its value.
func fill(t testing.TB, db *store.DB, keys ...string) {
	t.Helper()
	update(t, db, func(tx store.Tx) error {
		for _, k := range keys {
			if err := tx.Put([]byte(k), []byte(k)); err != nil {
				return err
			}
		}
		return nil
	})
}

// keys are those of r, in the order of the scan.
func keys(tx store.Tx, r store.Range) (keys []string, err error) {
	err = tx.Scan(r, func(key, _ []byte) (bool, error) {
		keys = append(keys, string(key))
		return true, nil
	})
	return keys, err
}

func all(t testing.TB, db *store.DB) map[string]string {
	t.Helper()
	m := map[string]string{}
	view(t, db, func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			m[string(key)] = string(value)
			return true, nil
		})
	})
	return m
}

func shut(t testing.TB, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func wantIs(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

// Sum is what a store holds.
func Sum(t testing.TB, db *store.DB) (d store.Digest) {
	t.Helper()
	err := db.View(context.Background(), func(tx store.Tx) (err error) {
		d, err = store.Sum(context.Background(), tx, func(int64) {})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}
