package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
)

type checkedNote struct {
	ID   int64  `json:"id"`
	Text string `json:"text"`
	Of   int64  `json:"of"`
}

var (
	checked = store.NewCollection("checked", func(n *checkedNote) *int64 { return &n.ID })
	_       = checked.Unique("text", func(n *checkedNote) []byte { return store.Key(n.Text) })
	_       = checked.Index("of", func(n *checkedNote) []byte {
		if n.Of == 0 {
			return nil
		}
		return store.Key(n.Of)
	})
)

func init() {
	checked.Leads("its note", func(tx store.Tx, n *checkedNote) (bool, error) {
		there, err := checked.Has(tx, n.Of)
		return there || n.Of == 0, err
	})
}

func TestCheck(t *testing.T) {
	record := func(id int) []byte { return append([]byte("checked/r"), store.Key(id)...) }
	text := func(s string) []byte { return append([]byte("checked/utext/"), store.Key(s)...) }
	of := func(of, id int) []byte { return append([]byte("checked/iof/"), store.Key(of, id)...) }
	put := func(key, value []byte) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Put(key, value) }
	}
	drop := func(key []byte) func(store.Tx) error { return func(tx store.Tx) error { return tx.Delete(key) } }
	for _, c := range []struct {
		name string
		hand func(store.Tx) error // writes past the collection
		want []string
	}{
		{"nothing", func(store.Tx) error { return nil }, nil},
		{"a record that cannot be read", put(record(3), []byte("{")), []string{"checked 3 cannot be read: "}},
		{"another's record", put(record(3), []byte(`{"id":1,"text":"three","of":2}`)), []string{"checked 3 says that it is number 1"}},
		{"a number that was not given", put(record(9), []byte(`{"id":9,"text":"three"}`)), []string{
			"checked 9: no such number was given, the last is 3", "checked 9: text does not lead to it"}},
		{"a counter put back", put([]byte("checked/n"), store.Key(2)), []string{"checked 3: no such number was given, the last is 2"}},
		{"no counter", drop([]byte("checked/n")), []string{
			"checked 1: no such number", "checked 2: no such number", "checked 3: no such number"}},
		{"a counter that is none", put([]byte("checked/n"), []byte("x")), []string{
			`checked: key "checked/n" is of no use`, "checked 1: no such", "checked 2: no such", "checked 3: no such"}},
		{"no entry of a unique key", drop(text("two")), []string{"checked 2: text does not lead to it"}},
		{"no entry of an index", drop(of(2, 3)), []string{"checked 3: of does not lead to it"}},
		{"a unique key of another", put(text("two"), store.Key(1)), []string{
			"checked 2: text does not lead to it", `checked: text has an entry "two\x00\x00" that is no record's`}},
		{"a unique key too many", put(text("four"), store.Key(3)), []string{`checked: text has an entry "four\x00\x00" that is no record's`}},
		{"a unique key of nobody", put(text("four"), store.Key(7)), []string{"checked: text has an entry"}},
		{"a unique key without a number", put(text("four"), []byte("x")), []string{"checked: text has an entry"}},
		{"an entry too many", put(of(1, 3), nil), []string{"checked: of has an entry"}},
		{"an entry of a record without", put(of(1, 2), nil), []string{"checked: of has an entry"}},
		{"an entry of nobody", put(of(1, 8), nil), []string{"checked: of has an entry"}},
		{"half an entry", put([]byte("checked/iof/x"), nil), []string{"checked: of has an entry"}},
		{"an entry with a value", put(of(2, 3), []byte("x")), []string{"checked 3: of does not lead to it", "checked: of has an entry"}},
		{"a record that is gone", func(tx store.Tx) error { _, err := checked.Delete(tx, 2); return err },
			[]string{"checked 3: its note is not there"}},
		{"a key of no use", put([]byte("checked/x"), nil), []string{`checked: key "checked/x" is of no use`}},
		{"half a number", put([]byte("checked/rx"), nil), []string{`checked: key "checked/rx" is of no use`}},
		{"another collection", put([]byte("unknown/n"), nil), []string{`key "unknown/n" is of no collection`}},
		{"more than are told", func(tx store.Tx) error {
			for i := range 99 {
				if err := tx.Put(store.Key("x", i), nil); err != nil {
					return err
				}
			}
			return tx.Delete(text("two"))
		}, append(slices.Repeat([]string{"is of no collection"}, 99), "text does not lead to it")},
	} {
		db := memory.Open()
		t.Cleanup(func() { db.Close() })
		ctx := context.Background()
		err := db.Update(ctx, func(tx store.Tx) error {
			for _, n := range []checkedNote{{Text: "one"}, {Text: "two"}, {Text: "three", Of: 2}} {
				if err := checked.Insert(tx, &n); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = db.Update(ctx, c.hand)
		}
		if err != nil {
			t.Fatal(err)
		}
		k, err := db.Check(ctx, func(store.Check) {})
		if err != nil || k.Count() != len(c.want) {
			t.Errorf("%s: %v, %q", c.name, err, k.Told)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(strings.Join(k.Told, "\n"), want) {
				t.Errorf("%s: %q, want %q", c.name, k.Told, want)
			}
		}
	}
}

// The numbers of a check, and its progress.
func TestCheckCounts(t *testing.T) {
	db := memory.Open()
	t.Cleanup(func() { db.Close() })
	ctx := context.Background()
	const many = 20_000
	for n := 0; n < many; n += 25 {
		err := db.Update(ctx, func(tx store.Tx) error {
			for i := range 25 {
				if err := checked.Insert(tx, &checkedNote{Text: fmt.Sprint(n + i), Of: int64(n + i)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var told []int64
	k, err := db.Check(ctx, func(k store.Check) { told = append(told, k.Keys) })
	if err != nil || k.Count() != 0 || k.Records != many || k.Keys != 3*many {
		t.Errorf("%+v, %v", k, err)
	}
	if diff := cmp.Diff([]int64{50_000}, told); diff != "" {
		t.Error("progress:", diff)
	}
}
