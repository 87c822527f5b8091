package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-vco/portico/store"
)

// pet is the record of the suite: a unique name without regard to case, and an owner and a kind to be found by.
type pet struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Owner int64  `json:"owner"`
	Kind  string `json:"kind"`
	Note  string `json:"note"`
}

var (
	pets       = store.NewCollection("pets", func(p *pet) *int64 { return &p.ID })
	petByName  = pets.Unique("name", func(p *pet) []byte { return text(strings.ToLower(p.Name)) })
	petsByKind = pets.Index("owner", func(p *pet) []byte {
		if p.Owner == 0 {
			return nil
		}
		return store.Key(p.Owner, p.Kind)
	})

	petshops = store.NewCollection("petshops", func(p *pet) *int64 { return &p.ID }).First(1000)
	pet2s    = store.NewCollection("pet", func(p *pet) *int64 { return &p.ID })
)

func text(s string) []byte {
	if s == "" {
		return nil
	}
	return store.Key(s)
}

func insert(t testing.TB, db *store.DB, p *pet) int64 {
	t.Helper()
	update(t, db, func(tx store.Tx) error { return pets.Insert(tx, p) })
	return p.ID
}

func numbers(t *testing.T, db *store.DB) {
	for i := range 5 {
		if id := insert(t, db, &pet{Name: fmt.Sprint(i)}); id != int64(i+1) {
			t.Fatalf("number %d, want %d", id, i+1)
		}
	}
	update(t, db, func(tx store.Tx) error {
		for _, id := range []int64{5, 2} {
			if was, err := pets.Delete(tx, id); !was || err != nil {
				t.Errorf("delete %d: %v, %v", id, was, err)
			}
		}
		if was, err := pets.Delete(tx, 5); was || err != nil {
			t.Errorf("delete 5 again: %v, %v", was, err)
		}
		return nil
	})
	taken := &pet{Name: "0"}
	wantIs(t, "taken", db.Update(context.Background(), func(tx store.Tx) error { return pets.Insert(tx, taken) }), store.ErrTaken)
	update(t, db, func(tx store.Tx) error { return pets.Put(tx, &pet{ID: 20, Name: "by hand"}) })
	update(t, db, func(tx store.Tx) error { return pets.Put(tx, &pet{ID: 2, Name: "back again"}) })
	if id := insert(t, db, &pet{Name: "next"}); id != 21 {
		t.Errorf("number %d, want 21", id)
	}
	err := db.Update(context.Background(), func(tx store.Tx) error { return pets.Put(tx, &pet{Name: "no number"}) })
	if err == nil {
		t.Error("a record without a number was put")
	}
	var ids []int64
	view(t, db, func(tx store.Tx) error {
		return pets.Scan(tx, 1, func(p *pet) (bool, error) { ids = append(ids, p.ID); return len(ids) < 4, nil })
	})
	same(t, ids, []int64{2, 3, 4, 20})
}

// deleteSome removes the first of a span, no more than it is told to, and with them what finds them.
func deleteSome(t *testing.T, db *store.DB) {
	for _, name := range []string{"a", "b", "c", "d"} {
		insert(t, db, &pet{Name: name})
	}
	for i, want := range []int{2, 1, 0} {
		update(t, db, func(tx store.Tx) error {
			first, err := store.First(tx, petByName, store.Span{To: store.Key("d")})
			if want := []int64{1, 3, 0}[i]; first != want || err != nil {
				t.Errorf("the first is %d, want %d: %v", first, want, err)
			}
			n, err := pets.DeleteSome(tx, petByName, store.Span{To: store.Key("d")}, 2)
			if n != want {
				t.Errorf("%d were removed, want %d", n, want)
			}
			return err
		})
	}
	var names []string
	view(t, db, func(tx store.Tx) error {
		return petByName.Scan(tx, store.Span{}, func(p *pet) (bool, error) { names = append(names, p.Name); return true, nil })
	})
	same(t, names, []string{"d"})
}

// lastNumber: the number after the largest was -9223372036854775808, the next again 1, which lost a record.
func lastNumber(t *testing.T, db *store.DB) {
	insert(t, db, &pet{Name: "first"})
	update(t, db, func(tx store.Tx) error { return pets.Put(tx, &pet{ID: math.MaxInt64, Name: "last"}) })
	for range 2 {
		p := &pet{Name: "too late"}
		if err := db.Update(context.Background(), func(tx store.Tx) error { return pets.Insert(tx, p) }); err == nil {
			t.Errorf("after the last number: %d", p.ID)
		}
	}
	view(t, db, func(tx store.Tx) error {
		p, err := pets.Get(tx, 1)
		if p == nil || p.Name != "first" {
			t.Errorf("the first is %+v", p)
		}
		return err
	})
}

// badText: JSON changes a text that is not UTF-8, so Delete looked for another key than Insert had written, which stayed.
func badText(t *testing.T, db *store.DB) {
	for range 2 {
		id := insert(t, db, &pet{Name: "a\xff\xfeb", Owner: 7, Kind: "\xc3"})
		view(t, db, func(tx store.Tx) error {
			p, err := petByName.Get(tx, store.Key("a\xff\xfeb"))
			if p == nil || p.ID != id {
				t.Errorf("by its name: %+v", p)
			}
			return err
		})
		update(t, db, func(tx store.Tx) error { _, err := pets.Delete(tx, id); return err })
	}
	if left := all(t, db); len(left) != 1 { // the last number
		t.Errorf("left behind: %q", left)
	}
}

func unique(t *testing.T, db *store.DB) {
	rex := &pet{Name: "Rex"}
	insert(t, db, rex)
	insert(t, db, &pet{Name: "Tom"})
	insert(t, db, &pet{}) // two without a name
	insert(t, db, &pet{})
	tries := map[string]func(store.Tx) error{
		"Insert": func(tx store.Tx) error { return pets.Insert(tx, &pet{Name: "REX"}) },
		"Put":    func(tx store.Tx) error { return pets.Put(tx, &pet{ID: 2, Name: "rex"}) },
	}
	for name, try := range tries {
		before := all(t, db)
		update(t, db, func(tx store.Tx) error {
			err := try(tx)
			wantIs(t, name, err, store.ErrTaken)
			var taken *store.TakenError
			if !errors.As(err, &taken) || *taken != (store.TakenError{Collection: "pets", Key: "name"}) {
				t.Errorf("%s: %#v", name, err)
			}
			return nil // goes on: nothing may be half written
		})
		same(t, all(t, db), before)
	}
	update(t, db, func(tx store.Tx) error { return pets.Put(tx, &pet{ID: 1, Name: "rEX"}) }) // its own
	update(t, db, func(tx store.Tx) error { return pets.Put(tx, &pet{ID: 1, Name: "Max"}) }) // sets Rex free
	update(t, db, tries["Put"])
	update(t, db, func(tx store.Tx) error { _, err := pets.Delete(tx, 2); return err })
	view(t, db, func(tx store.Tx) error {
		for name, want := range map[string]int64{"max": 1, "rex": 0, "tom": 0, "": 0} {
			id, err := petByName.ID(tx, text(name))
			p, err2 := petByName.Get(tx, text(name))
			if id != want || (p != nil) != (want != 0) || p != nil && p.ID != want || err != nil || err2 != nil {
				t.Errorf("%q: %d, %v, %v, %v; want %d", name, id, p, err, err2, want)
			}
		}
		return nil
	})
}

func uniqueRace(t *testing.T, db *store.DB) {
	const racers, names = 16, 30
	var wins, losses int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			for n := range names {
				err := db.Update(context.Background(), func(tx store.Tx) error {
					return pets.Insert(tx, &pet{Name: fmt.Sprint(n), Owner: 1})
				})
				mu.Lock()
				switch {
				case err == nil:
					wins++
				case errors.Is(err, store.ErrTaken):
					losses++
				default:
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if wins != names || losses != names*(racers-1) {
		t.Errorf("%d wins and %d losses of %d names", wins, losses, names)
	}
	same(t, len(ids(t, db, store.Span{})), names)
}

// ids are the numbers in a span of the index.
func ids(t testing.TB, db *store.DB, s store.Span) []int64 {
	t.Helper()
	var ids, read []int64
	view(t, db, func(tx store.Tx) error {
		err := petsByKind.Scan(tx, s, func(p *pet) (bool, error) { read = append(read, p.ID); return true, nil })
		if err != nil {
			return err
		}
		return petsByKind.IDs(tx, s, func(_ []byte, id int64) (bool, error) { ids = append(ids, id); return true, nil })
	})
	same(t, read, ids)
	return ids
}

func indexes(t *testing.T, db *store.DB) {
	for i := range 6 {
		insert(t, db, &pet{Owner: int64(i%2 + 1), Kind: "dog"})
	}
	insert(t, db, &pet{Owner: 0, Kind: "stray"})
	same(t, ids(t, db, store.Span{Prefix: store.Key(1)}), []int64{1, 3, 5})
	same(t, ids(t, db, store.Span{Prefix: store.Key(2)}), []int64{2, 4, 6})

	update(t, db, func(tx store.Tx) error {
		if err := pets.Put(tx, &pet{ID: 3, Owner: 2, Kind: "cat"}); err != nil {
			return err
		}
		if err := pets.Put(tx, &pet{ID: 5}); err != nil { // leaves the index
			return err
		}
		if err := pets.Put(tx, &pet{ID: 7, Owner: 1, Kind: "dog"}); err != nil { // joins it
			return err
		}
		_, err := pets.Delete(tx, 4)
		return err
	})
	same(t, ids(t, db, store.Span{Prefix: store.Key(1)}), []int64{1, 7})
	same(t, ids(t, db, store.Span{Prefix: store.Key(2)}), []int64{3, 2, 6}) // cat before dog
	same(t, ids(t, db, store.Span{}), []int64{1, 7, 3, 2, 6})
}

func spans(t *testing.T, db *store.DB) {
	for i := range 12 { // owners 1..3, kinds a, b: two of each
		insert(t, db, &pet{Owner: int64(i%3 + 1), Kind: string("ab"[i/3%2])})
	}
	key := store.Key
	for name, c := range map[string]struct {
		span store.Span
		want []int64
	}{
		"all":           {store.Span{}, []int64{1, 7, 4, 10, 2, 8, 5, 11, 3, 9, 6, 12}},
		"one owner":     {store.Span{Prefix: key(2)}, []int64{2, 8, 5, 11}},
		"one key":       {store.Span{Prefix: key(2, "a")}, []int64{2, 8}},
		"no such":       {store.Span{Prefix: key(9)}, nil},
		"from":          {store.Span{From: key(3, "a")}, []int64{3, 9, 6, 12}},
		"to":            {store.Span{To: key(1, "b")}, []int64{1, 7}},
		"from to":       {store.Span{From: key(1, "b"), To: key(2, "b")}, []int64{4, 10, 2, 8}},
		"empty":         {store.Span{From: key(2, "b"), To: key(2, "a")}, nil},
		"within prefix": {store.Span{Prefix: key(2), From: key(1, "b"), To: key(2, "b")}, []int64{2, 8}},
		"prefix wins":   {store.Span{Prefix: key(2), From: key(1, "a"), To: key(3, "b")}, []int64{2, 8, 5, 11}},
		"behind one":    {store.Span{Prefix: key(2), From: key(2, "a", 3)}, []int64{8, 5, 11}},
		"before one":    {store.Span{Prefix: key(2), To: key(2, "b", 11)}, []int64{2, 8, 5}},
	} {
		for _, reverse := range []bool{false, true} {
			c.span.Reverse = reverse
			want := slices.Clone(c.want)
			if reverse {
				slices.Reverse(want)
			}
			if d := cmp.Diff(want, ids(t, db, c.span)); d != "" {
				t.Errorf("%s, reverse %v: -want +got:\n%s", name, reverse, d)
			}
		}
	}
	view(t, db, func(tx store.Tx) error {
		return petsByKind.IDs(tx, store.Span{Prefix: key(3)}, func(k []byte, id int64) (bool, error) {
			same(t, k, key(3, "a"))
			return false, nil
		})
	})
}

// unchanged: with a hundred keys at most, fifty records with three keys each can only be put when two of them stay.
func unchanged(t *testing.T, db *store.DB) {
	for i := range 50 {
		insert(t, db, &pet{Name: fmt.Sprint(i), Owner: 1, Kind: "dog"})
	}
	change := func(name string) func(store.Tx) error {
		return func(tx store.Tx) error {
			return pets.Scan(tx, 0, func(p *pet) (bool, error) {
				p.Note = "changed"
				p.Name += name
				return true, pets.Put(tx, p)
			})
		}
	}
	update(t, db, change(""))
	wantIs(t, "fifty new names", db.Update(context.Background(), change("x")), store.ErrLimit)
}

func alike(t *testing.T, db *store.DB) {
	insert(t, db, &pet{Name: "a"})
	shop, two := &pet{Name: "a"}, &pet{Name: "a"}
	update(t, db, func(tx store.Tx) error { return errors.Join(petshops.Insert(tx, shop), pet2s.Insert(tx, two)) })
	same(t, []int64{shop.ID, two.ID}, []int64{1000, 1})
	for _, c := range []*store.Collection[pet]{pets, petshops, pet2s} {
		n := 0
		view(t, db, func(tx store.Tx) error {
			return c.Scan(tx, 0, func(*pet) (bool, error) { n++; return true, nil })
		})
		same(t, n, 1)
	}
}

// collectionModel plays random moves on the collection and on a map.
func collectionModel(t *testing.T, db *store.DB) {
	some := rapid.Custom(func(t *rapid.T) pet {
		return pet{
			ID:    rapid.Int64Range(1, 8).Draw(t, "id"),
			Name:  rapid.SampledFrom([]string{"", "A", "a", "b", "b\x00", "c"}).Draw(t, "name"),
			Owner: rapid.Int64Range(0, 2).Draw(t, "owner"),
			Kind:  rapid.SampledFrom([]string{"", "x", "x\x00", "xy"}).Draw(t, "kind"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		empty(t, db)
		m := map[int64]pet{}
		last := int64(0)
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			p := some.Draw(t, "pet")
			move := rapid.SampledFrom([]string{"insert", "put", "delete"}).Draw(t, "move")
			err := db.Update(context.Background(), func(tx store.Tx) error {
				switch move {
				case "insert":
					p.ID = last + 1
					q := p
					return pets.Insert(tx, &q)
				case "put":
					return pets.Put(tx, &p)
				default:
					_, err := pets.Delete(tx, p.ID)
					return err
				}
			})
			switch taken := move != "delete" && nameTaken(m, p); {
			case taken != errors.Is(err, store.ErrTaken), !taken && err != nil:
				t.Fatalf("%s %+v: %v", move, p, err)
			case move == "delete":
				delete(m, p.ID)
			case !taken:
				m[p.ID] = p
				last = max(last, p.ID)
			}
		}
		if err := db.View(context.Background(), func(tx store.Tx) error { return comparePets(t, tx, m) }); err != nil {
			t.Fatal(err)
		}
	})
}

func nameTaken(m map[int64]pet, p pet) bool {
	for id, other := range m {
		if id != p.ID && p.Name != "" && strings.EqualFold(p.Name, other.Name) {
			return true
		}
	}
	return false
}

func comparePets(t *rapid.T, tx store.Tx, m map[int64]pet) error {
	want := slices.Collect(maps.Values(m))
	slices.SortFunc(want, func(a, b pet) int { return int(a.ID - b.ID) })
	got := []pet{}
	err := pets.Scan(tx, 0, func(p *pet) (bool, error) { got = append(got, *p); return true, nil })
	if d := cmp.Diff(append([]pet{}, want...), got); d != "" || err != nil {
		t.Errorf("%v -want +got:\n%s", err, d)
	}
	want = slices.DeleteFunc(want, func(p pet) bool { return p.Owner == 0 })
	slices.SortStableFunc(want, func(a, b pet) int {
		if a.Owner != b.Owner {
			return int(a.Owner - b.Owner)
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	got = []pet{}
	err = petsByKind.Scan(tx, store.Span{}, func(p *pet) (bool, error) { got = append(got, *p); return true, nil })
	if d := cmp.Diff(append([]pet{}, want...), got); d != "" || err != nil {
		t.Errorf("by owner and kind: %v -want +got:\n%s", err, d)
	}
	for _, p := range m {
		if id, err := petByName.ID(tx, text(strings.ToLower(p.Name))); err != nil || p.Name != "" && id != p.ID {
			t.Errorf("%q: %d, %v; want %d", p.Name, id, err, p.ID)
		}
	}
	return nil
}

// asStored: Bytes shows records whole, between two numbers, and is not led astray by a key that is none of theirs.
func asStored(t *testing.T, db *store.DB) {
	for i := range 5 {
		insert(t, db, &pet{Name: fmt.Sprint(i)})
	}
	update(t, db, func(tx store.Tx) error { _, err := pets.Delete(tx, 3); return err })
	read := func(tx store.Tx, after, upTo int64) (got []string, err error) {
		err = pets.Bytes(tx, after, upTo, func(id int64, b []byte) (bool, error) {
			got = append(got, fmt.Sprint(id, " ", string(b)))
			return len(got) < 3, nil
		})
		return got, err
	}
	record := func(id int64) string {
		return fmt.Sprintf(`%d {"id":%d,"name":"%d","owner":0,"kind":"","note":""}`, id, id, id-1)
	}
	for _, c := range []struct {
		after, upTo int64
		want        []string
	}{
		{math.MinInt64, math.MaxInt64, []string{record(1), record(2), record(4)}},
		{1, 4, []string{record(2), record(4)}},
		{2, 3, nil},
		{4, 4, nil},
		{5, 1, nil},
	} {
		view(t, db, func(tx store.Tx) error {
			got, err := read(tx, c.after, c.upTo)
			same(t, got, c.want)
			return err
		})
	}
	update(t, db, func(tx store.Tx) error {
		if last, err := pets.Last(tx); last != 5 || err != nil {
			t.Errorf("the last number is %d, %v", last, err)
		}
		return tx.Put([]byte("pets/r\x80\x00\x00\x00\x00\x00\x00\x04x"), nil)
	})
	view(t, db, func(tx store.Tx) error {
		if got, err := read(tx, 3, 5); err == nil {
			t.Errorf("got %q past the key of no record", got)
		}
		return nil
	})
}
