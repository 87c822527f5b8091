package store_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// TestLayer: what a layer shows over an engine is what a map has to which the same was done, and a layer stays as it is when there is one
// on top of it.
func TestLayer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(upTo int) (writes []store.Write) {
		keys := map[string]bool{}
		for range r.IntN(upTo + 1) {
			keys[fmt.Sprintf("k%02d", r.IntN(40))] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			w := store.Write{Key: []byte(k)}
			if r.IntN(3) > 0 {
				w = store.Seal(w.Key, fmt.Append(nil, r.Int()))
			}
			writes = append(writes, w)
		}
		return writes
	}
	do := func(m map[string]string, writes []store.Write) map[string]string {
		m = maps.Clone(m)
		for _, w := range writes {
			if delete(m, string(w.Key)); w.Value != nil {
				m[string(w.Key)] = string(w.Value)
			}
		}
		return m
	}
	for range 200 {
		e := memory.New()
		below := some(20)
		if err := e.Commit(context.Background(), func(store.Reader) ([]store.Write, error) { return below, nil }); err != nil {
			t.Fatal(err)
		}
		first, second := some(15), some(15)
		one := store.Layer{}.With(first)
		two := one.With(second)
		want := do(do(map[string]string{}, below), first)
		shows(t, e, one, want)
		shows(t, e, two, do(want, second))
		if bytes := two.Size(); (two.Len() == 0) != (bytes == 0) {
			t.Errorf("%d keys of %d bytes", two.Len(), bytes)
		}
		e.Close()
	}
}

// shows holds each key and some ranges of what is laid over an engine against a map.
func shows(t *testing.T, e store.Engine, l store.Layer, want map[string]string) {
	t.Helper()
	err := e.View(context.Background(), func(r store.Reader) error {
		r = l.Over(r)
		for i := range 41 {
			key := fmt.Sprintf("k%02d", i)
			if got, err := r.Get([]byte(key)); err != nil || string(got) != want[key] || (got == nil) != (want[key] == "") {
				t.Errorf("%s is %q, %v; want %q", key, got, err, want[key])
			}
		}
		for _, reverse := range []bool{false, true} {
			for _, span := range [][2]string{{"", "z"}, {"k10", "k30"}, {"k20", "k20"}, {"k39", "k99"}} {
				var got, all []string
				rest := 10
				err := r.Scan(store.Range{From: []byte(span[0]), To: []byte(span[1]), Reverse: reverse}, func(key, value []byte) (bool, error) {
					got = append(got, string(key)+string(value))
					rest--
					return rest > 0, nil
				})
				for _, key := range slices.Sorted(maps.Keys(want)) {
					if span[0] <= key && key < span[1] {
						all = append(all, key+want[key])
					}
				}
				if reverse {
					slices.Reverse(all)
				}
				if all = all[:min(10, len(all))]; err != nil || !slices.Equal(got, all) {
					t.Errorf("%v, reverse %v: got %q, %v; want %q", span, reverse, got, err, all)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
