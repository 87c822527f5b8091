package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

type entered struct {
	ID   int64  `json:"id"`
	Name string `json:"name,omitempty"`
	Size int    `json:"size"`
}

var (
	enteredNotes = store.NewCollection("entered", func(n *entered) *int64 { return &n.ID })
	_            = enteredNotes.Unique("name", func(n *entered) []byte {
		if n.Name == "" {
			return nil
		}
		return store.Key(n.Name)
	})
	_ = enteredNotes.Index("size", func(n *entered) []byte { return store.Key(n.Size) })
)

// A witness keeps the records of an engine, and beside it a second one to which only they are told.
type witness struct {
	store.Engine
	second store.Engine
}

func (w *witness) Commit(ctx context.Context, f func(store.Reader) ([]store.Write, error)) error {
	var told []store.Write
	err := w.Engine.Commit(ctx, func(r store.Reader) ([]store.Write, error) {
		writes, err := f(r)
		told = nil
		for _, one := range writes {
			if !store.IsEntry(one.Key) {
				told = append(told, one)
			}
		}
		return writes, err
	})
	if err != nil {
		return err
	}
	return w.second.Commit(ctx, func(r store.Reader) ([]store.Write, error) { return store.Entries(r, told) })
}

// Entries made of the records alone are those that the collection wrote, also where one record takes a key from another in the same commit.
func TestEntries(t *testing.T) {
	w := &witness{memory.New(), memory.New()}
	db, other := store.Open(w), store.Open(w.second)
	defer db.Close()
	defer other.Close()
	must := func(f func(store.Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(everything(t, db), everything(t, other)); diff != "" {
			t.Fatalf("(-written +made):\n%s", diff)
		}
	}
	must(func(tx store.Tx) error {
		return errors.Join(enteredNotes.Insert(tx, &entered{Name: "a", Size: 1}), enteredNotes.Insert(tx, &entered{Size: 1}))
	})
	must(func(tx store.Tx) error { return enteredNotes.Put(tx, &entered{ID: 2, Name: "b", Size: 2}) })
	must(func(tx store.Tx) error {
		_, err := enteredNotes.Delete(tx, 1)
		return errors.Join(err, enteredNotes.Put(tx, &entered{ID: 2, Name: "a", Size: 2}), enteredNotes.Insert(tx, &entered{Name: "b"}))
	})
	must(func(tx store.Tx) error { return enteredNotes.Put(tx, &entered{ID: 3}) })
	must(func(tx store.Tx) error { return tx.Put([]byte("entered/x"), []byte("no record")) })
	if n := len(everything(t, db)); n != 7 { // the counter, two records of two and one entries, and what is no record
		t.Errorf("%d keys", n)
	}
}

// Of a record that cannot be read nothing follows; of one that rotted nobody knows what would.
func TestEntriesOfWhatCannotBeRead(t *testing.T) {
	key := append([]byte("entered/r"), store.Key(7)...)
	nothing := memory.New()
	defer nothing.Close()
	for _, c := range []struct {
		name string
		w    store.Write
		want error
	}{
		{"no JSON", store.Seal(key, []byte("{")), nil},
		{"rotten", store.Write{Key: key, Value: append(store.Seal(key, []byte("{}")).Value, 'x')}, store.ErrDamaged},
	} {
		err := nothing.View(t.Context(), func(r store.Reader) error {
			all, err := store.Entries(r, []store.Write{c.w})
			if err == nil && len(all) != 1 {
				t.Errorf("%s: %d writes", c.name, len(all))
			}
			return err
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func everything(t *testing.T, db *store.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := db.View(t.Context(), func(tx store.Tx) error {
		return tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			all[string(key)] = string(value)
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
