package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-vco/portico/store"
)

var errUndo = errors.New("undo")

// model plays random transactions on the store and on a map; after each step both must show the same.
func model(t *testing.T, db *store.DB) {
	key := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 'a', 'b', 0xff}), 1, 3)
	rapid.Check(t, func(t *rapid.T) {
		m := map[string]string{}
		empty(t, db)
		for range rapid.IntRange(1, 6).Draw(t, "updates") {
			next := maps.Clone(m)
			undo := rapid.Bool().Draw(t, "undo")
			err := db.Update(context.Background(), func(tx store.Tx) error {
				for range rapid.IntRange(0, 8).Draw(t, "steps") {
					step(t, tx, next, key)
				}
				if undo {
					return errUndo
				}
				return nil
			})
			if undo != errors.Is(err, errUndo) || !undo && err != nil {
				t.Fatal(err)
			}
			if !undo {
				m = next
			}
			err = db.View(context.Background(), func(tx store.Tx) error { return compare(t, tx, m, anyRange(t, key)) })
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func step(t *rapid.T, tx store.Tx, m map[string]string, key *rapid.Generator[[]byte]) {
	k := key.Draw(t, "key")
	switch rapid.SampledFrom([]string{"put", "put", "delete", "scan"}).Draw(t, "do") {
	case "put":
		v := rapid.StringN(0, 3, 9).Draw(t, "value")
		m[string(k)] = v
		if err := tx.Put(k, []byte(v)); err != nil {
			t.Fatal(err)
		}
	case "delete":
		delete(m, string(k))
		if err := tx.Delete(k); err != nil {
			t.Fatal(err)
		}
	case "scan":
		if err := compare(t, tx, m, anyRange(t, key)); err != nil {
			t.Fatal(err)
		}
	}
}

func anyRange(t *rapid.T, key *rapid.Generator[[]byte]) store.Range {
	end := rapid.OneOf(rapid.Just([]byte(nil)), key)
	return store.Range{From: end.Draw(t, "from"), To: end.Draw(t, "to"), Reverse: rapid.Bool().Draw(t, "reverse")}
}

// compare holds what tx shows of r, by Scan and by Get, against m.
func compare(t *rapid.T, tx store.Tx, m map[string]string, r store.Range) error {
	want := [][2]string{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k >= string(r.From) && (r.To == nil || k < string(r.To)) {
			want = append(want, [2]string{k, m[k]})
		}
	}
	if r.Reverse {
		slices.Reverse(want)
	}
	got := [][2]string{}
	err := tx.Scan(r, func(key, value []byte) (bool, error) {
		got = append(got, [2]string{string(key), string(value)})
		again, err := tx.Get(key)
		if string(again) != string(value) {
			t.Errorf("%q: Get %q, Scan %q", key, again, value)
		}
		return true, err
	})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%+v: -want +got:\n%s", r, d)
	}
	return err
}

func empty(t *rapid.T, db *store.DB) {
	err := db.Update(context.Background(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, _ []byte) (bool, error) { return true, tx.Delete(key) })
	})
	if err != nil {
		t.Fatal(err)
	}
}
