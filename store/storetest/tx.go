package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/store"
)

func same(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func absent(t *testing.T, db *store.DB) {
	put(t, db, "empty", "")
	look := func(tx store.Tx) error {
		for key, present := range map[string]bool{"empty": true, "empt": false, "empty0": false, "": false} {
			v, err := tx.Get([]byte(key))
			if err != nil || len(v) != 0 || (v != nil) != present {
				t.Errorf("%q: got %#v, %v; present: %v", key, v, err, present)
			}
		}
		return nil
	}
	view(t, db, look)
	update(t, db, look)
	remove(t, db, "never there")
}

func ownWrites(t *testing.T, db *store.DB) {
	fill(t, db, "a", "b", "c", "d")
	update(t, db, func(tx store.Tx) error {
		tx.Put([]byte("bb"), nil)
		tx.Delete([]byte("c"))
		tx.Put([]byte("d"), []byte("new"))
		tx.Put([]byte("e"), []byte("gone again"))
		tx.Delete([]byte("e"))
		tx.Delete([]byte("0"))
		for key, want := range map[string][]byte{"a": []byte("a"), "bb": {}, "c": nil, "d": []byte("new"), "e": nil} {
			got, err := tx.Get([]byte(key))
			if err != nil || !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				t.Errorf("%s: got %#v, %v, want %#v", key, got, err, want)
			}
		}
		got, _ := keys(tx, store.Range{})
		same(t, got, []string{"a", "b", "bb", "d"})
		got, _ = keys(tx, store.Range{Reverse: true})
		same(t, got, []string{"d", "bb", "b", "a"})
		return nil
	})
	same(t, all(t, db), map[string]string{"a": "a", "b": "b", "bb": "", "d": "new"})
}

func bounds(t *testing.T, db *store.DB) {
	fill(t, db, "a", "aa", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff")
	b := func(s string) []byte { return []byte(s) }
	for _, c := range []struct {
		r    store.Range
		want []string
	}{
		{store.Range{}, []string{"a", "aa", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
		{store.Range{From: b("aa"), To: b("b")}, []string{"aa", "ab"}},
		{store.Range{From: b("a0"), To: b("b0")}, []string{"aa", "ab", "b"}},
		{store.Range{From: b("c")}, []string{"c", "\xff", "\xff\xff"}},
		{store.Range{To: b("aa")}, []string{"a"}},
		{store.Range{From: b("b"), To: b("b")}, nil},
		{store.Range{From: b("c"), To: b("b")}, nil},
		{store.Range{From: b("\xff\xff\xff")}, nil},
		{store.Range{To: b("")}, nil},
		{store.Prefix(b("b")), []string{"b", "b\xff", "b\xff\xff"}},
		{store.Prefix(b("b\xff")), []string{"b\xff", "b\xff\xff"}},
		{store.Prefix(b("\xff")), []string{"\xff", "\xff\xff"}},
		{store.Prefix(nil), []string{"a", "aa", "ab", "b", "b\xff", "b\xff\xff", "c", "\xff", "\xff\xff"}},
	} {
		for _, reverse := range []bool{false, true} {
			c.r.Reverse = reverse
			want := make([]string, 0, len(c.want))
			for i := range c.want {
				if reverse {
					i = len(c.want) - 1 - i
				}
				want = append(want, c.want[i])
			}
			view(t, db, func(tx store.Tx) error {
				got, err := keys(tx, c.r)
				if d := cmp.Diff(want, append([]string{}, got...)); d != "" {
					t.Errorf("%+v: -want +got:\n%s", c.r, d)
				}
				return err
			})
		}
	}
}

func scanAndWrite(t *testing.T, db *store.DB) {
	fill(t, db, "a", "c", "e")
	update(t, db, func(tx store.Tx) error {
		tx.Put([]byte("d"), []byte("d"))
		var seen []string
		err := tx.Scan(store.Range{}, func(key, value []byte) (bool, error) {
			seen = append(seen, string(key)+string(value))
			tx.Put(append([]byte("x"), key...), nil) // ahead
			tx.Put([]byte("d"), []byte("changed"))
			tx.Delete([]byte("e"))
			return true, nil
		})
		same(t, seen, []string{"aa", "cc", "dd", "ee"})
		return err
	})
	same(t, all(t, db), map[string]string{"a": "a", "c": "c", "d": "changed", "xa": "", "xc": "", "xd": "", "xe": ""})
}

func scanStops(t *testing.T, db *store.DB) {
	fill(t, db, "b", "d")
	mine := errors.New("mine")
	look := func(tx store.Tx) error {
		for _, reverse := range []bool{false, true} {
			for stopAt := range 2 {
				n := 0
				err := tx.Scan(store.Range{Reverse: reverse}, func(_, _ []byte) (bool, error) {
					n++
					return n <= stopAt, nil
				})
				if n != stopAt+1 || err != nil {
					t.Errorf("stopped at %d: %d calls, %v", stopAt, n, err)
				}
			}
			n := 0
			err := tx.Scan(store.Range{Reverse: reverse}, func(_, _ []byte) (bool, error) { n++; return true, mine })
			if n != 1 || err != mine {
				t.Errorf("%d calls, %v; want the function's own error at once", n, err)
			}
		}
		return nil
	}
	view(t, db, look)
	update(t, db, func(tx store.Tx) error {
		tx.Put([]byte("a"), nil)
		tx.Put([]byte("e"), nil)
		return look(tx)
	})
}

func valid(t *testing.T, db *store.DB) {
	long := string(bytes.Repeat([]byte("long "), 3000))
	put(t, db, "old", "old value")
	put(t, db, "long", long)
	update(t, db, func(tx store.Tx) error {
		old, _ := tx.Get([]byte("old"))
		big, _ := tx.Get([]byte("long"))
		tx.Put([]byte("own"), []byte("own value"))
		own, _ := tx.Get([]byte("own"))
		_ = append(own, "scribbled behind"...)
		_ = append(old, "scribbled behind"...)
		for i := range 60 {
			tx.Put(fmt.Append(nil, "more", i), bytes.Repeat([]byte{byte(i)}, 1000))
			tx.Put([]byte("own"), []byte("other"))
			tx.Put([]byte("old"), []byte("other"))
			tx.Delete([]byte("long"))
		}
		same(t, []string{string(old), string(big), string(own)}, []string{"old value", long, "own value"})
		return nil
	})
}

func copies(t *testing.T, db *store.DB) {
	update(t, db, func(tx store.Tx) error {
		key, value := []byte("key1"), []byte("value1")
		tx.Put(key, value)
		copy(key, "XXXX")
		copy(value, "XXXXXX")
		copy(key, "key2")
		tx.Delete(key)
		copy(key, "XXXX")
		return nil
	})
	same(t, all(t, db), map[string]string{"key1": "value1"})
}

func readOnly(t *testing.T, db *store.DB) {
	fill(t, db, "a")
	for name, write := range map[string]func(store.Tx) error{
		"Put":    func(tx store.Tx) error { return tx.Put([]byte("b"), nil) },
		"Delete": func(tx store.Tx) error { return tx.Delete([]byte("a")) },
	} {
		wantIs(t, name, db.View(context.Background(), write), store.ErrReadOnly)
	}
	same(t, all(t, db), map[string]string{"a": "a"})
}

func over(t *testing.T, db *store.DB) {
	fill(t, db, "a")
	var viewed, updated store.Tx
	view(t, db, func(tx store.Tx) error { viewed = tx; return nil })
	update(t, db, func(tx store.Tx) error { updated = tx; return nil })
	for _, tx := range []store.Tx{viewed, updated} {
		_, err := tx.Get([]byte("a"))
		_, errScan := keys(tx, store.Range{})
		if err == nil || errScan == nil || tx.Put([]byte("b"), nil) == nil || tx.Delete([]byte("a")) == nil {
			t.Error("a transaction works after its function returned")
		}
	}
	same(t, all(t, db), map[string]string{"a": "a"})
}

func sticky(t *testing.T, db *store.DB) {
	err := db.Update(context.Background(), func(tx store.Tx) error {
		tx.Put([]byte("a"), nil)
		tx.Put(nil, nil) // refused, and the refusal not looked at
		return nil
	})
	wantIs(t, "swallowed", err, store.ErrLimit)
	same(t, all(t, db), map[string]string{})
}

func limits(t *testing.T, db *store.DB) {
	keysOf := func(n int) func(store.Tx) error {
		return func(tx store.Tx) error {
			for i := range 2 * n { // each twice: a key counts once
				if err := tx.Put(fmt.Append(nil, "key", i%n), nil); err != nil {
					return err
				}
			}
			return nil
		}
	}
	bytesOf := func(n int) func(store.Tx) error {
		return func(tx store.Tx) error {
			tx.Put([]byte("b"), make([]byte, store.MaxBytes-100)) // replaced, and then counts no more
			return tx.Put([]byte("b"), make([]byte, n-1))
		}
	}
	keyOf := func(n int) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Put(make([]byte, n), nil) }
	}
	for _, c := range []struct {
		name string
		f    func(store.Tx) error
		want error
	}{
		{"as many keys as allowed", keysOf(store.MaxKeys), nil},
		{"one key more", keysOf(store.MaxKeys + 1), store.ErrLimit},
		{"as many bytes as allowed", bytesOf(store.MaxBytes), nil},
		{"one byte more", bytesOf(store.MaxBytes + 1), store.ErrLimit},
		{"the longest key", keyOf(store.MaxKey), nil},
		{"a longer key", keyOf(store.MaxKey + 1), store.ErrLimit},
		{"an empty key", keyOf(0), store.ErrLimit},
	} {
		wantIs(t, c.name, db.Update(context.Background(), c.f), c.want)
	}
	if n := len(all(t, db)); n != store.MaxKeys+2 {
		t.Errorf("%d keys, want those of the three Updates that keep the limits", n)
	}
}
