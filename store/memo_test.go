package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

type note struct {
	ID      int64
	Text    string
	Created time.Time
	Tags    []string
}

func noteID(n *note) *int64 { return &n.ID }

func cloneNote(n note) note {
	n.Tags = slices.Clone(n.Tags)
	return n
}

// TestRemember: two slots for ten notes, each read after each change, in and out of the Update that changes it; and nobody
// sees what another does to the record he was given.
func TestRemember(t *testing.T) {
	e, db := open(t)
	e.lent = map[string][]byte{} // as bbolt may, in another transaction
	notes := store.NewCollection("notes", noteID).Remember(2, cloneNote)
	ctx := context.Background()
	check := func(tx store.Tx, id int64, want string) {
		t.Helper()
		for range 3 {
			n, err := notes.Get(tx, id)
			if err != nil || n == nil || n.ID != id || n.Text != want || n.Tags[0] != want {
				t.Fatalf("note %d: %+v, %v; want %q", id, n, err, want)
			}
			n.Text, n.Tags[0] = "scribbled", "scribbled"
		}
	}
	for id := int64(1); id <= 10; id++ {
		for round := range 4 {
			text := fmt.Sprint(id, " in round ", round) // of one length in all rounds
			err := db.Update(ctx, func(tx store.Tx) error {
				if err := notes.Put(tx, &note{ID: id, Text: text, Tags: []string{text}}); err != nil {
					return err
				}
				if round == 0 {
					check(tx, id, text)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			_ = db.View(ctx, func(tx store.Tx) error { check(tx, id, text); return nil })
		}
	}
	_ = db.Update(ctx, func(tx store.Tx) error { _, err := notes.Delete(tx, 7); return err })
	_ = db.View(ctx, func(tx store.Tx) error {
		if n, err := notes.Get(tx, 7); n != nil || err != nil {
			t.Errorf("a deleted note is remembered: %+v, %v", n, err)
		}
		return nil
	})
}

// Two records may have the same bytes, when their numbers are not among them.
func TestRememberTellsTwinsApart(t *testing.T) {
	type twin struct {
		ID   int64 `json:"-"`
		Name string
	}
	_, db := open(t)
	twins := store.NewCollection("twins", func(w *twin) *int64 { return &w.ID }).Remember(1, nil)
	err := db.Update(context.Background(), func(tx store.Tx) error {
		for id := int64(1); id <= 2; id++ {
			if err := twins.Insert(tx, &twin{Name: "same"}); err != nil {
				return err
			}
			if w, err := twins.Get(tx, id); err != nil || w.ID != id {
				t.Errorf("got %+v, %v, want number %d", w, err, id)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRememberNeedsAClone(t *testing.T) {
	type flat struct {
		ID   int64
		At   time.Time
		Name string
		Sum  [4]byte
	}
	store.NewCollection("flat", func(f *flat) *int64 { return &f.ID }).Remember(1, nil)
	defer func() {
		if recover() == nil {
			t.Error("a record with a slice is handed out to several")
		}
	}()
	store.NewCollection("notes", noteID).Remember(1, nil)
}

func BenchmarkGet(b *testing.B) {
	for name, c := range map[string]*store.Collection[note]{
		"decode":   store.NewCollection("notes", noteID),
		"remember": store.NewCollection("notes", noteID).Remember(1024, cloneNote),
	} {
		b.Run(name, func(b *testing.B) {
			_, db := open(b)
			ctx := context.Background()
			n := &note{Text: "a text of some length, as records have", Created: time.Now().UTC(), Tags: []string{"a", "b"}}
			if err := db.Update(ctx, func(tx store.Tx) error { return c.Insert(tx, n) }); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				_ = db.View(ctx, func(tx store.Tx) error { _, err := c.Get(tx, 1); return err })
			}
		})
	}
}
