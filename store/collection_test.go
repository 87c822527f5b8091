package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/portico-vco/portico/store"
)

func TestBadNamesPanic(t *testing.T) {
	key := func(*note) []byte { return nil }
	named := func() *store.Collection[note] {
		c := store.NewCollection("notes", noteID)
		c.Unique("a", key)
		c.Index("a", key) // another kind, another name
		return c
	}
	for name, bad := range map[string]func(){
		"no name":           func() { store.NewCollection("", noteID) },
		"a slash":           func() { store.NewCollection("notes/u", noteID) },
		"a slash in a key":  func() { named().Unique("b/", key) },
		"two unique keys a": func() { named().Unique("a", key) },
		"two indexes a":     func() { named().Index("a", key) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", name)
				}
			}()
			bad()
		}()
	}
}

// An entry that leads nowhere is an error: to say "there is none" would be a guess.
func TestEntryWithoutItsRecord(t *testing.T) {
	_, db := open(t)
	c := store.NewCollection("notes", noteID)
	text := func(n *note) []byte { return store.Key(n.Text) }
	u, x := c.Unique("text", text), c.Index("text", text)
	ctx := context.Background()
	err := db.Update(ctx, func(tx store.Tx) error {
		if err := c.Insert(tx, &note{Text: "lost"}); err != nil {
			return err
		}
		return tx.Delete(append([]byte("notes/r"), store.Key(1)...))
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func(store.Tx) error{
		"Unique": func(tx store.Tx) error { _, err := u.Get(tx, store.Key("lost")); return err },
		"Index": func(tx store.Tx) error {
			return x.Scan(tx, store.Span{}, func(*note) (bool, error) { return true, nil })
		},
	} {
		if err := db.View(ctx, find); err == nil || !strings.Contains(err.Error(), "not there") {
			t.Errorf("%s: got %v, want that the record is not there", name, err)
		}
	}
}
