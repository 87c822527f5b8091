package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
	"github.com/portico-vco/portico/store/storetest"
)

func TestMarks(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	storetest.Marks(t, func(t testing.TB, as store.Mark, aside bool) (*store.DB, error) {
		o.As, o.Aside = as, aside
		return etcd.Open(context.Background(), o)
	})
	if is, err := etcd.ReadMark(context.Background(), o); err != nil || is.State.Kind != store.Moved {
		t.Errorf("read without opening: %+v, %v", is, err)
	}
	o.Prefix += "/not"
	if _, err := etcd.ReadMark(context.Background(), o); !errors.Is(err, etcd.ErrNoStore) {
		t.Errorf("read where nothing is: %v", err)
	}
}

// TestAsideLeadsNoMore: who leads, and answers nothing any more because the store was set aside and put back, lets another lead that was
// started since.
func TestAsideLeadsNoMore(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	o.Aside = true
	dbs := several(t, o, 1)
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	lead := func(db *store.DB) <-chan bool {
		leads := make(chan bool, 100)
		all.Go(func() {
			_ = db.Lead(ctx, func(ctx context.Context) {
				leads <- true
				<-ctx.Done()
			})
		})
		return leads
	}
	<-lead(dbs[0])
	for _, state := range []store.State{elsewhere, {}} {
		if err := open(t, o).SetMark(ctx, store.Mark{ID: dbs[0].ID(), State: state}, func(store.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	<-dbs[0].Failed()
	select {
	case <-lead(open(t, o)):
	case <-time.After(20 * time.Second):
		t.Error("nobody leads who can do anything")
	}
}

// TestLaterFormat: a later version of Portico takes the store while this one has it open, which then says that it can serve it no more.
func TestLaterFormat(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	db := open(t, o)
	if _, err := rawClient(t, m).Put(context.Background(), "/"+o.Prefix+"/mark", "of a later version"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Failed():
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	if err := putOne(db, "k", "v"); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, etcd.ErrForeign) {
		t.Errorf("an Update: %v", err)
	}
}

// TestOtherFormats: a store that another version of Portico has made is not opened, and the error says what to do.
func TestOtherFormats(t *testing.T) {
	m := etcdtest.Alone(t)
	o := options(t, m)
	o.Prefix = "formats"
	for format, want := range map[byte]string{1: "with the earlier version (portico copy)", 3: "run the later version"} {
		mark := store.Seal([]byte("/formats/mark"), append([]byte("Portico store"), append([]byte{format}, "{}"...)...))
		if _, err := rawClient(t, m).Put(t.Context(), "/formats/mark", string(mark.Value)); err != nil {
			t.Fatal(err)
		}
		if _, err := etcd.Open(t.Context(), o); !errors.Is(err, etcd.ErrForeign) || !strings.Contains(err.Error(), want) {
			t.Errorf("format %d: %v", format, err)
		}
	}
}

var elsewhere = store.State{Kind: store.Moved, Job: "move", About: "elsewhere", Since: time.Unix(0, 0)}

// TestAsideForAll: a store is set aside while another process writes to it. That one answers nothing any more, knows why, and what was
// acknowledged to it the check has seen.
func TestAsideForAll(t *testing.T) {
	o := options(t, etcdtest.Alone(t))
	dbs := several(t, o, 2)
	wrote, unknown := make(chan int), false
	go func() {
		n := 0
		for {
			if err := putOne(dbs[1], "n", fmt.Sprint(n+1)); err != nil {
				unknown = errors.Is(err, etcd.ErrUnknown)
				break
			}
			n++
		}
		wrote <- n
	}()
	until(t, "it writes", func() bool { return get(t, dbs[0], "n") != "" })
	var seen string
	err := dbs[0].SetMark(context.Background(), store.Mark{ID: dbs[0].ID(), State: elsewhere}, func(tx store.Tx) error {
		b, err := tx.Get([]byte("n"))
		seen = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-wrote:
		if fmt.Sprint(n) != seen && (!unknown || fmt.Sprint(n+1) != seen) {
			t.Errorf("%d were acknowledged, the check has seen %s", n, seen)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the other process writes on")
	}
	err = dbs[1].View(context.Background(), func(store.Tx) error { return nil })
	if !errors.Is(err, store.ErrAside) {
		t.Errorf("a View of the other: %v", err)
	}
	o.Aside = true
	if got := get(t, open(t, o), "n"); got != seen {
		t.Errorf("%s is stored, the check has seen %s", got, seen)
	}
}

// TestChangedUnseen: while a process was cut off its store was taken away and another one of the same name put there, or the store was
// set aside and put back, and etcd has compacted the history. The process does not take what it finds for what it had.
func TestChangedUnseen(t *testing.T) {
	m := etcdtest.Alone(t)
	raw, ctx := rawClient(t, m), context.Background()
	for name, change := range map[string]func(t *testing.T, o etcd.Options, id string){
		"another one": func(t *testing.T, o etcd.Options, id string) {
			if _, err := raw.Delete(ctx, "/"+o.Prefix+"/", clientv3.WithPrefix()); err != nil {
				t.Fatal(err)
			}
			o.As.ID = id
			if err := putOne(open(t, o), "k", "another"); err != nil {
				t.Fatal(err)
			}
		},
		"put back": func(t *testing.T, o etcd.Options, id string) {
			o.Aside = true
			for _, state := range []store.State{elsewhere, {}} {
				if err := open(t, o).SetMark(ctx, store.Mark{ID: id, State: state}, func(store.Tx) error { return nil }); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, m)
			cut, p := through(t, o, m)
			db := open(t, cut)
			if err := putOne(db, "k", "v"); err != nil {
				t.Fatal(err)
			}
			p.Cut()
			change(t, o, db.ID())
			now, err := raw.Put(ctx, "x", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := raw.Compact(ctx, now.Header.Revision); err != nil {
				t.Fatal(err)
			}
			p.Heal()
			select {
			case <-db.Failed():
			case <-time.After(20 * time.Second):
				t.Fatalf("it goes on, with %q", get(t, db, "k"))
			}
			if err := db.View(ctx, func(store.Tx) error { return nil }); !errors.Is(err, store.ErrAside) {
				t.Errorf("a View: %v", err)
			}
		})
	}
}
