package store_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

// FuzzUnseal: what was stored comes out of its frame as it went in, and nothing else comes out of one.
func FuzzUnseal(f *testing.F) {
	f.Add([]byte("key"), []byte{})
	f.Add([]byte{}, []byte{0, 0, 0, 0})
	w := store.Seal([]byte("things/r1"), []byte(`{"name":"x"}`))
	f.Add(w.Key, w.Value)
	f.Fuzz(func(t *testing.T, key, framed []byte) {
		w := store.Seal(key, framed)
		if value, err := store.Unseal(w.Key, w.Value); err != nil || !bytes.Equal(value, framed) || !bytes.Equal(w.Key, key) {
			t.Fatalf("%q became %q, %v", framed, value, err)
		}
		for i := range w.Value {
			w.Value[i] ^= 1
			if _, err := store.Unseal(w.Key, w.Value); !errors.Is(err, store.ErrDamaged) {
				t.Fatalf("a bit of %q at %d is not missed: %v", framed, i, err)
			}
			w.Value[i] ^= 1
		}
		value, err := store.Unseal(key, framed)
		switch {
		case err == nil && !bytes.Equal(store.Seal(key, value).Value, framed):
			t.Errorf("%q of %q passes for %q", framed, key, value)
		case err != nil && !errors.Is(err, store.ErrDamaged):
			t.Error(err)
		}
	})
}

// FuzzKey: the bytes of keys order as what they are made of, and none runs into the next part.
func FuzzKey(f *testing.F) {
	f.Add("a", "a\x00", []byte("\x00"), []byte("\x00\xff"), int64(-1), int64(1))
	f.Add("\xff", "\ufffd", []byte{}, []byte{0}, int64(0), int64(0))
	f.Fuzz(func(t *testing.T, s, s2 string, b, b2 []byte, n, n2 int64) {
		s, s2 = strings.ToValidUTF8(s, "\ufffd"), strings.ToValidUTF8(s2, "\ufffd")
		for _, c := range []struct {
			what      string
			got, want int
		}{
			{"texts", bytes.Compare(store.Key(s, n), store.Key(s2, n)), strings.Compare(s, s2)},
			{"bytes", bytes.Compare(store.Key(b, n), store.Key(b2, n)), bytes.Compare(b, b2)},
		} {
			if c.got != c.want {
				t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
			}
		}
		if s == s2 && (bytes.Compare(store.Key(s, n), store.Key(s2, n2)) < 0) != (n < n2) {
			t.Errorf("%d and %d", n, n2)
		}
		if bytes.Equal(store.Key(s, s2), store.Key(s2, s)) != (s == s2) {
			t.Errorf("%q and %q run into each other", s, s2)
		}
	})
}

// FuzzRecord puts anything in the place of a record and of what finds it: it is read or refused, and the check tells of what does not fit.
func FuzzRecord(f *testing.F) {
	type fuzzed struct {
		ID   int64
		Name string
		Deep *fuzzed
		Map  map[string]any
	}
	c := store.NewCollection("fuzzed", func(v *fuzzed) *int64 { return &v.ID })
	byName := c.Unique("name", func(v *fuzzed) []byte { return store.Key(v.Name) })
	inOrder := c.Index("order", func(v *fuzzed) []byte { return store.Key(v.Name) })
	keys := func() [][]byte {
		var all [][]byte
		db := memory.Open()
		defer db.Close()
		_ = db.Update(context.Background(), func(tx store.Tx) error { return c.Insert(tx, &fuzzed{Name: "x"}) })
		_ = db.View(context.Background(), func(tx store.Tx) error {
			return tx.Scan(store.Range{}, func(k, _ []byte) (bool, error) { all = append(all, bytes.Clone(k)); return true, nil })
		})
		return all
	}()
	for _, s := range []string{"", "null", "{}", "[]", `{"Name":1}`, `{"ID":7,"Name":"x"}`, `{"Deep":` + strings.Repeat(`{"Deep":`, 500) + "null" + strings.Repeat("}", 501), "\xff\xff\xff\xff\xff\xff\xff\xff", `{"Map":{"a":1e999}}`} {
		for i := range keys {
			f.Add(uint(i), uint(0), []byte{}, []byte(s))
			f.Add(uint(i), uint(8), []byte{1}, []byte(s))
			f.Add(uint(i), uint(1), []byte{}, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, n, cut uint, tail, value []byte) {
		key := keys[n%uint(len(keys))]
		key = append(bytes.Clone(key[:uint(len(key))-cut%9]), tail...)
		db := memory.Open()
		defer db.Close()
		ctx := context.Background()
		err := db.Update(ctx, func(tx store.Tx) error {
			if err := c.Insert(tx, &fuzzed{Name: "x"}); err != nil {
				return err
			}
			return tx.Put(key, value)
		})
		if err != nil {
			return // larger than an Update may be, or of no key
		}
		_ = db.View(ctx, func(tx store.Tx) error {
			if v, err := c.Get(tx, 1); err == nil && v != nil && v.ID != 1 {
				t.Errorf("record 1 has the number %d", v.ID)
			}
			_, _ = byName.Get(tx, store.Key("x"))
			_, _ = c.Last(tx)
			_ = byName.Scan(tx, store.Span{}, func(*fuzzed) (bool, error) { return true, nil })
			_ = inOrder.Scan(tx, store.Span{Reverse: true}, func(*fuzzed) (bool, error) { return true, nil })
			_ = c.Bytes(tx, 0, 1<<62, func(int64, []byte) (bool, error) { return true, nil })
			return c.Scan(tx, 0, func(*fuzzed) (bool, error) { return true, nil })
		})
		_ = db.Update(ctx, func(tx store.Tx) error { return c.Insert(tx, &fuzzed{Name: "y"}) })
		_ = db.Update(ctx, func(tx store.Tx) error { _, err := c.Delete(tx, 1); return err })
		_, _ = db.Check(ctx, func(store.Check) {})
	})
}
