package etcd_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// TestOverlap: an Update has its turn while the one before is on its way to a member that is far, and sees what that wrote. Neither is
// answered before that is durable, also when it is refused and writes nothing.
func TestOverlap(t *testing.T) {
	m := etcdtest.Alone(t)
	raw := rawClient(t, m)
	o, p := through(t, options(t, m), m)
	o.Behind = 10 * time.Second
	const far = 300 * time.Millisecond
	p.Far(far)
	db := open(t, o)
	taken := errors.New("taken")
	for _, second := range []struct {
		name string
		f    func(store.Tx) error
		want error
	}{
		{"refused", func(store.Tx) error { return taken }, taken},
		{"nothing", func(store.Tx) error { return nil }, nil},
		{"written", func(tx store.Tx) error { return tx.Put([]byte("second"), nil) }, nil},
	} {
		key := []byte(second.name)
		var all sync.WaitGroup
		played := make(chan time.Time, 1)
		all.Go(func() {
			err := db.Update(t.Context(), func(tx store.Tx) error {
				played <- time.Now()
				return tx.Put(key, []byte("v"))
			})
			if err != nil {
				t.Error(err)
			}
		})
		first, seen := <-played, false
		err := db.Update(t.Context(), func(tx store.Tx) error {
			v, err := tx.Get(key)
			seen = v != nil && time.Since(first) < far
			return errors.Join(err, second.f(tx))
		})
		if !seen || !errors.Is(err, second.want) {
			t.Errorf("%s: saw the one before in time: %v; got %v", second.name, seen, err)
		}
		get, err := raw.Get(context.Background(), "/"+o.Prefix+"/data/"+second.name)
		if err != nil || len(get.Kvs) != 1 {
			t.Errorf("%s: it was answered before what it had seen was durable: %v", second.name, err)
		}
		all.Wait()
	}
}

// TestOverlapShowsWhatCanBe: three processes move what lies under some keys from one to another. Also who has his turn over a commit that
// will come to nothing, because another process was quicker, sees all of it, once: he sees no state that there cannot be.
func TestOverlapShowsWhatCanBe(t *testing.T) {
	m := etcdtest.Alone(t)
	o, p := through(t, options(t, m), m)
	o.Behind = 10 * time.Second
	p.Far(2 * time.Millisecond)
	dbs := several(t, o, 3)
	const keys, each, callers, rounds = 8, 100, 16, 20
	at := func(tx store.Tx, key int) int {
		b, err := tx.Get([]byte{byte(key)})
		if err != nil || b == nil {
			return each
		}
		return int(b[0])
	}
	move := func(from, to int) func(store.Tx) error {
		return func(tx store.Tx) error {
			sum := 0
			for key := range keys {
				sum += at(tx, key)
			}
			if sum != keys*each {
				t.Errorf("there are %d of %d", sum, keys*each)
			}
			f, g := at(tx, from), at(tx, to)
			if from == to || f == 0 || g == 255 {
				return nil
			}
			return errors.Join(tx.Put([]byte{byte(from)}, []byte{byte(f - 1)}), tx.Put([]byte{byte(to)}, []byte{byte(g + 1)}))
		}
	}
	var all sync.WaitGroup
	for _, db := range dbs {
		for range callers {
			all.Go(func() {
				for range rounds {
					if err := db.Update(t.Context(), move(rand.IntN(keys), rand.IntN(keys))); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
}
