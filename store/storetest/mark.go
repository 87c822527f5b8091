package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
)

// Marks holds an engine to what a mark is for. open opens one store again and again; the first time it makes it, marked so.
func Marks(t *testing.T, open func(t testing.TB, as store.Mark, aside bool) (*store.DB, error)) {
	ctx := context.Background()
	made := store.Mark{ID: "a name of its own", State: store.State{
		Kind: store.Unfinished, Job: "job", About: "the copy", Since: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC),
	}}
	opened := func(aside bool, want store.Mark) *store.DB {
		t.Helper()
		db, err := open(t, made, aside)
		if err != nil {
			t.Fatal(err)
		}
		if got := db.Mark(); got != want {
			t.Errorf("the mark is %+v, want %+v", got, want)
		}
		return db
	}
	refused := func(what string) {
		t.Helper()
		_, err := open(t, made, false)
		wantIs(t, what, err, store.ErrAside)
	}

	db := opened(true, made)
	put(t, db, "k", "v")
	shut(t, db)
	refused("unfinished")

	db = opened(true, made)
	no := errors.New("no")
	err := db.SetMark(ctx, store.Mark{ID: made.ID}, func(tx store.Tx) error {
		if b, err := tx.Get([]byte("k")); string(b) != "v" || err != nil {
			t.Errorf("the check was shown %q, %v", b, err)
		}
		return no
	})
	wantIs(t, "a check that fails", err, no)
	put(t, db, "k", "w")
	shut(t, db)
	refused("after a check that failed")

	whole := store.Mark{ID: "another name"}
	setMark(t, opened(true, made), whole)
	db = opened(false, whole)
	same(t, all(t, db), map[string]string{"k": "w"})
	moved := whole
	moved.State = store.State{Kind: store.Moved, Job: "move", About: "elsewhere", Since: made.State.Since}
	setMark(t, db, moved)
	refused("moved")
	shut(t, opened(true, moved))
}

func setMark(t testing.TB, db *store.DB, to store.Mark) {
	t.Helper()
	ctx := context.Background()
	if err := db.SetMark(ctx, to, func(store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	wantIs(t, "a View after the mark", db.View(ctx, func(store.Tx) error { return nil }), store.ErrAside)
	wantIs(t, "an Update after the mark", db.Update(ctx, func(tx store.Tx) error { return tx.Put([]byte("k"), nil) }), store.ErrAside)
	shut(t, db)
}
