package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/store"
)

// A commit is told of once, with all who share it, however often its functions ran; one that writes nothing is not.
func TestObserve(t *testing.T) {
	type commit struct {
		Calls int
		Lost  bool
	}
	var mu sync.Mutex
	var ended []commit
	e, db := open(t)
	db.Observe(func(calls int) func(error) {
		return func(err error) {
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, commit{calls, err != nil})
		}
	})
	ctx := context.Background()
	e.runs = 1
	_ = db.Update(ctx, put("a", "1"))
	e.runs = 0
	_ = db.Update(ctx, get("a"))
	_ = db.Update(ctx, func(tx store.Tx) error { return errors.Join(put("b", "1")(tx), errors.New("refused")) })
	together(db, put("b", "1"), put("c", "1"), put("d", "1")) // and one that keeps them waiting
	e.fail = store.ErrFull
	_ = db.Update(ctx, put("e", "1"))
	e.fail, e.broken = nil, "commit"
	_ = db.Update(ctx, put("f", "1"))
	db.Close() // waits for the committer
	want := []commit{{1, false}, {4, false}, {1, true}, {1, true}}
	if diff := cmp.Diff(want, ended); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An engine that cannot say how large it is, is not asked.
func TestSizeUnknown(t *testing.T) {
	_, db := open(t)
	if s, err := db.Size(context.Background()); s != (store.Size{}) || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
}
