package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
	"github.com/portico-vco/portico/store/storetest"
)

type named struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Size int    `json:"size"`
}

var (
	nameds      = store.NewCollection("named", func(n *named) *int64 { return &n.ID })
	namedByName = nameds.Unique("name", func(n *named) []byte { return store.Key(n.Name) })
	_           = nameds.Index("size", func(n *named) []byte {
		if n.Size == 0 {
			return nil
		}
		return store.Key(n.Size)
	})
)

// TestEntriesAgree: three processes change few records with few names, while connections break and history goes away under them. In the
// end all have the entries that who comes later makes of the records, and the entries are right.
func TestEntriesAgree(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	o.Behind = 5 * time.Second
	dbs := several(t, o, 3)
	raw := rawClient(t, m)
	done := make(chan struct{})
	var breaking, changing sync.WaitGroup
	breaking.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(300 * time.Millisecond):
			}
			p.Cut()
			for range 2 { // of somebody else, so that all of the store is there and yet history is missed
				if put, err := raw.Put(context.Background(), "x", ""); err == nil {
					_, _ = raw.Compact(context.Background(), put.Header.Revision)
				}
			}
			p.Heal()
		}
	})
	for _, db := range dbs {
		for range 8 {
			changing.Go(func() {
				for range 40 {
					err := db.Update(context.Background(), change)
					if err != nil && !errors.Is(err, store.ErrTaken) && !errors.Is(err, store.ErrUnavailable) {
						t.Error(err)
					}
				}
			})
		}
	}
	changing.Wait()
	close(done)
	breaking.Wait()
	want := storetest.Sum(t, open(t, o))
	for i, db := range dbs {
		until(t, "it has caught up", func() bool { return db.CatchUp(context.Background()) == nil })
		if got := storetest.Sum(t, db); got != want {
			t.Errorf("%d has %d keys, who comes later %d", i, got.Keys, want.Keys)
		}
		found, err := db.Check(context.Background(), func(store.Check) {})
		if err != nil || found.Count() > 0 {
			t.Errorf("%d: %v, %v", i, found.Told, err)
		}
	}
}

// change is one of some.
func change(tx store.Tx) error {
	name := fmt.Sprint(rand.IntN(12))
	n, err := namedByName.Get(tx, store.Key(name))
	switch {
	case err != nil:
		return err
	case n == nil:
		return nameds.Insert(tx, &named{Name: name, Size: rand.IntN(3)})
	case rand.IntN(3) == 0:
		_, err = nameds.Delete(tx, n.ID)
		return errors.Join(err, nameds.Insert(tx, &named{Name: name, Size: rand.IntN(3)}))
	case rand.IntN(2) == 0:
		_, err = nameds.Delete(tx, n.ID)
		return err
	}
	n.Name, n.Size = fmt.Sprint(rand.IntN(12)), rand.IntN(3)
	return nameds.Put(tx, n)
}
