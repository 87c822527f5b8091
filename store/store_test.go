package store_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-vco/portico/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is a map with faults to order.
type engine struct {
	mu      sync.Mutex
	data    map[string][]byte
	commits int
	gets    map[string]int // where not nil, how often a key was got

	runs   int           // Commit runs its function that many times more, as one whose compare failed
	fail   error         // Commit fails with it
	broken string        // "view", "get", "scan", "commit": where to panic
	hang   chan struct{} // where not nil, Commit waits for it before it writes

	lent map[string][]byte // where not nil, Get hands out the same memory for a key again and again
}

func open(t testing.TB) (*engine, *store.DB) {
	e := &engine{data: map[string][]byte{}}
	db := store.Open(e)
	t.Cleanup(func() { db.Close() })
	return e, db
}

func (e *engine) breakIf(where string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken == where {
		panic("page 7 is noise")
	}
}

func (e *engine) View(_ context.Context, f func(store.Reader) error) error {
	e.breakIf("view")
	return f(e)
}

func (e *engine) Commit(_ context.Context, f func(store.Reader) ([]store.Write, error)) error {
	for range e.runs {
		if _, err := f(e); err != nil {
			return err
		}
	}
	writes, err := f(e)
	if err != nil || len(writes) == 0 {
		return err
	}
	if e.hang != nil {
		<-e.hang
	}
	e.breakIf("commit")
	if e.fail != nil {
		return e.fail
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.commits++
	for _, w := range writes {
		e.data[string(w.Key)] = w.Value
		if w.Value == nil {
			delete(e.data, string(w.Key))
		}
	}
	return nil
}

func (e *engine) Get(key []byte) ([]byte, error) {
	e.breakIf("get")
	e.mu.Lock()
	defer e.mu.Unlock()
	k := string(key)
	if e.gets != nil {
		e.gets[k]++
	}
	if e.lent == nil || e.data[k] == nil {
		return e.data[k], nil
	}
	e.lent[k] = append(e.lent[k][:0], e.data[k]...)
	return e.lent[k], nil
}

func (e *engine) Scan(_ store.Range, f func(key, value []byte) (bool, error)) error {
	for _, k := range slices.Sorted(maps.Keys(e.data)) {
		if more, err := f([]byte(k), e.data[k]); !more || err != nil {
			return err
		}
		e.breakIf("scan")
	}
	return nil
}

func (e *engine) ID() string   { return "faulty" }
func (e *engine) Close() error { return nil }

func put(key, value string) func(store.Tx) error {
	return func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) }
}

func get(key string) func(store.Tx) error {
	return func(tx store.Tx) error { _, err := tx.Get([]byte(key)); return err }
}

func scan(tx store.Tx) error {
	return tx.Scan(store.Range{}, func(_, _ []byte) (bool, error) { return true, nil })
}

// swallow loses the error of f.
func swallow(f func(store.Tx) error) func(store.Tx) error {
	return func(tx store.Tx) error { _ = f(tx); return nil }
}

func TestDamageIsFoundAndRemembered(t *testing.T) {
	flip := func(e *engine) { e.data["a"][5] ^= 1 }
	panicIn := func(where string) func(*engine) { return func(e *engine) { e.broken = where } }
	for _, c := range []struct {
		name   string
		damage func(*engine)
		f      func(store.Tx) error
	}{
		{"a flipped bit in a value, Get", flip, get("a")},
		{"a flipped bit in a value, Scan", flip, scan},
		{"a flipped bit in a checksum", func(e *engine) { e.data["a"][0] ^= 1 }, get("a")},
		{"a value under another's key", func(e *engine) { e.data["a"] = e.data["b"] }, get("a")},
		{"a value without a checksum", func(e *engine) { e.data["a"] = []byte("abc") }, get("a")},
		{"an empty value", func(e *engine) { e.data["a"] = []byte{} }, get("a")},
		{"a panic in View", panicIn("view"), nil},
		{"a panic in Get", panicIn("get"), get("a")},
		{"a panic in Scan", panicIn("scan"), scan},
		{"a panic in Commit", panicIn("commit"), put("c", "")},
	} {
		for how, do := range map[string]func(*store.DB, context.Context, func(store.Tx) error) error{
			"View": (*store.DB).View, "Update": (*store.DB).Update,
		} {
			if inCommit := strings.Contains(c.name, "Commit"); inCommit && how == "View" || c.f == nil && how == "Update" {
				continue
			}
			t.Run(c.name+", "+how, func(t *testing.T) {
				ctx := context.Background()
				e, db := open(t)
				if err := errors.Join(db.Update(ctx, put("a", "value")), db.Update(ctx, put("b", "value"))); err != nil {
					t.Fatal(err)
				}
				c.damage(e)
				f := func(store.Tx) error { return nil }
				if c.f != nil {
					f = swallow(c.f)
				}
				if err := do(db, ctx, f); !errors.Is(err, store.ErrDamaged) || !errors.Is(err, store.ErrUnavailable) {
					t.Fatalf("got %v, want damage", err)
				}
				refuses(t, db, store.ErrDamaged)
			})
		}
	}
}

// refuses checks that db serves nobody any more, and says why.
func refuses(t *testing.T, db *store.DB, want error) {
	t.Helper()
	never := func(store.Tx) error { t.Error("a function ran"); return nil }
	for what, err := range map[string]error{
		"Err": db.Err(), "View": db.View(context.Background(), never), "Update": db.Update(context.Background(), never),
	} {
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
}

func TestCommitThatFails(t *testing.T) {
	for _, c := range []struct {
		fail    error
		refuses bool
	}{{store.ErrUnsynced, true}, {store.ErrDamaged, true}, {store.ErrFull, false}} {
		e, db := open(t)
		e.fail = c.fail
		if err := db.Update(context.Background(), put("a", "")); !errors.Is(err, c.fail) {
			t.Errorf("got %v, want %v", err, c.fail)
		}
		if c.refuses {
			refuses(t, db, c.fail)
			continue
		}
		e.fail = nil
		if err := db.Update(context.Background(), put("a", "")); err != nil || db.Err() != nil {
			t.Errorf("after %v: %v, %v", c.fail, err, db.Err())
		}
	}
}

// Whoever was refused because of what another call of the group wrote must not be told so when that was never kept.
func TestCommitThatFailsAnswersTheRefusedToo(t *testing.T) {
	e, db := open(t)
	e.fail = store.ErrFull
	taken := errors.New("taken")
	claim := func(tx store.Tx) error {
		if v, err := tx.Get([]byte("name")); v != nil || err != nil {
			return errors.Join(taken, err)
		}
		return tx.Put([]byte("name"), nil)
	}
	for _, err := range together(db, claim, claim, claim, claim) {
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("got %v, want that the disk is full", err)
		}
	}
}

// An engine that panicked over a lock may never end a commit that is under way. Its callers, and Close, waited with it.
func TestNobodyWaitsForABrokenEngine(t *testing.T) {
	e := &engine{data: map[string][]byte{}, hang: make(chan struct{})}
	db := store.Open(e)
	defer close(e.hang)
	ends := make(chan error, 3)
	for _, key := range []string{"a", "b"} {
		go func() { ends <- db.Update(context.Background(), put(key, "")) }()
	}
	time.Sleep(10 * time.Millisecond) // for them to come as far as they can
	e.mu.Lock()
	e.broken = "view"
	e.mu.Unlock()
	if err := db.View(context.Background(), scan); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("got %v, want damage", err)
	}
	for range 2 {
		if err := within(t, ends); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("an Update: %v, want damage", err)
		}
	}
	go func() { ends <- db.Close() }()
	if err := within(t, ends); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func within(t *testing.T, ends <-chan error) error {
	t.Helper()
	select {
	case err := <-ends:
		return err
	case <-time.After(5 * time.Second):
		t.Fatal("somebody waits for ever")
		return nil
	}
}

// A group in which somebody met damage is not committed, for none of it can be trusted.
func TestDamageStopsTheGroup(t *testing.T) {
	e, db := open(t)
	if err := db.Update(context.Background(), put("a", "value")); err != nil {
		t.Fatal(err)
	}
	e.data["a"][5] ^= 1
	for _, err := range together(db, put("b", ""), swallow(get("a")), put("c", "")) {
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("got %v, want damage", err)
		}
	}
	if e.commits != 1 {
		t.Errorf("%d commits, want the one before the damage", e.commits)
	}
}

// together calls db.Update with each of fs while another Update keeps them waiting, so that they make one group.
func together(db *store.DB, fs ...func(store.Tx) error) []error {
	begun, release := make(chan struct{}), make(chan struct{})
	errs := make([]error, len(fs))
	var all sync.WaitGroup
	all.Go(func() {
		_ = db.Update(context.Background(), func(store.Tx) error { close(begun); <-release; return nil })
	})
	<-begun
	for i, f := range fs {
		all.Go(func() { errs[i] = db.Update(context.Background(), f) })
	}
	time.Sleep(20 * time.Millisecond) // for them to queue
	close(release)
	all.Wait()
	return errs
}

func TestEngineRunsAgain(t *testing.T) {
	e, db := open(t)
	e.runs = 2
	runs := 0
	count := func(tx store.Tx) error {
		runs++
		v, err := tx.Get([]byte("n"))
		if err != nil {
			return err
		}
		return tx.Put([]byte("n"), append(v, '+'))
	}
	for range 3 {
		if err := db.Update(context.Background(), count); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(e.data["n"][4:]); got != "+++" || runs != 9 || e.commits != 3 {
		t.Errorf("got %q after %d runs and %d commits, want +++, 9, 3", got, runs, e.commits)
	}
	func() {
		defer func() { _ = recover() }()
		db.Update(context.Background(), func(store.Tx) error { panic("once is enough") })
	}()
	if err := db.Update(context.Background(), count); err != nil {
		t.Error(err)
	}
}

func TestNothingWrittenIsNotCommitted(t *testing.T) {
	e, db := open(t)
	for _, f := range []func(store.Tx) error{
		get("a"), scan,
		func(tx store.Tx) error { return errors.Join(tx.Put([]byte("a"), nil), errors.New("refused")) },
	} {
		_ = db.Update(context.Background(), f)
	}
	if e.commits != 0 {
		t.Errorf("%d commits", e.commits)
	}
}

// Those who call again and again share their commits, all of them: the first to be back waits for the others.
func TestCallersComeBackTogether(t *testing.T) {
	t.Parallel()
	const callers, rounds = 16, 10
	e, db := open(t)
	e.hang = make(chan struct{})
	go func() {
		for range time.Tick(40 * time.Millisecond) {
			select {
			case e.hang <- struct{}{}:
			case <-t.Context().Done():
				return
			}
		}
	}()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for n := range rounds {
				if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte{byte(i)}, []byte{byte(n)}) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if e.commits > rounds+rounds/2 {
		t.Errorf("%d commits of %d rounds: the first to be back had them for himself", e.commits, rounds)
	}
}
