package store_test

import (
	"bytes"
	"cmp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/portico-vco/portico/store"
)

// TestKeyOrder: the bytes order as the parts do, and only equal parts make equal bytes.
func TestKeyOrder(t *testing.T) {
	type parts struct {
		s    string
		n    int64
		b    bool
		last []byte
	}
	gen := rapid.Custom(func(t *rapid.T) parts {
		text := rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 'a', 'b', 0xff}), 0, 4, -1)
		return parts{
			s:    text.Draw(t, "s"),
			n:    rapid.OneOf(rapid.Int64Range(-2, 2), rapid.Int64()).Draw(t, "n"),
			b:    rapid.Bool().Draw(t, "b"),
			last: []byte(text.Draw(t, "last")),
		}
	})
	bit := map[bool]int{true: 1}
	rapid.Check(t, func(t *rapid.T) {
		x, y := gen.Draw(t, "x"), gen.Draw(t, "y")
		want := cmp.Or(strings.Compare(x.s, y.s), cmp.Compare(x.n, y.n), bit[x.b]-bit[y.b], bytes.Compare(x.last, y.last))
		got := bytes.Compare(store.Key(x.s, x.n, x.b, x.last), store.Key(y.s, y.n, y.b, y.last))
		if got != want {
			t.Errorf("%+v and %+v: %d, want %d", x, y, got, want)
		}
	})
}

func TestKeyParts(t *testing.T) {
	type state string
	type id int64
	for _, c := range []struct{ a, b []byte }{
		{store.Key(1), store.Key(int64(1))},
		{store.Key(id(7), state("x")), store.Key(7, "x")},
		{store.Key(time.UnixMilli(5)), store.Key(5)},
		{store.Key("a", []byte("b")), store.AppendKey(store.Key("a"), "b")},
	} {
		if !bytes.Equal(c.a, c.b) {
			t.Errorf("%x and %x differ", c.a, c.b)
		}
	}
	type digest []byte
	for _, part := range []any{1.5, uint64(1), digest("x"), nil} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a %T is part of a key", part)
				}
			}()
			store.Key(part)
		}()
	}
}

func BenchmarkKey(b *testing.B) {
	now, user := time.Now(), int64(4711)
	b.ReportAllocs()
	for b.Loop() {
		store.Key(user, "a name", now)
	}
}
