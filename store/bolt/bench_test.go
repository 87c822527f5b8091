package bolt

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/portico-vco/portico/store"
)

// BenchmarkPut: one durable put of 300 bytes under a random key of 16, by as many callers at once: this store's, bbolt's
// Batch with its defaults, and a bare group committer, which has neither checksums nor overlays nor limits.
func BenchmarkPut(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		for name, start := range map[string]func(*testing.B) func(key, value []byte) error{
			"store": storePutter, "batch": batchPutter, "bare": barePutter,
		} {
			b.Run(fmt.Sprintf("%s/%d", name, callers), func(b *testing.B) {
				put := start(b)
				value := make([]byte, 300)
				var all sync.WaitGroup
				var n atomic.Int64
				b.ResetTimer()
				for range callers {
					all.Go(func() {
						for n.Add(1) <= int64(b.N) {
							key := make([]byte, 16)
							rand.Read(key)
							if err := put(key, value); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
			})
		}
	}
}

func storePutter(b *testing.B) func(key, value []byte) error {
	db := fresh(b, filepath.Join(b.TempDir(), "store.db"))
	return func(key, value []byte) error {
		return db.Update(context.Background(), func(tx store.Tx) error { return tx.Put(key, value) })
	}
}

func bare(b *testing.B) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(dataBucket); return err })
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func batchPutter(b *testing.B) func(key, value []byte) error {
	db := bare(b)
	return func(key, value []byte) error {
		return db.Batch(func(tx *bbolt.Tx) error { return tx.Bucket(dataBucket).Put(key, value) })
	}
}

func barePutter(b *testing.B) func(key, value []byte) error {
	type put struct {
		key, value []byte
		done       chan error
	}
	db := bare(b)
	waiting := make(chan put, 1024)
	go func() {
		for first := range waiting {
			group := []put{first}
			for n := len(waiting); n > 0; n-- {
				group = append(group, <-waiting)
			}
			err := db.Update(func(tx *bbolt.Tx) error {
				for _, p := range group {
					if err := tx.Bucket(dataBucket).Put(p.key, p.value); err != nil {
						return err
					}
				}
				return nil
			})
			for _, p := range group {
				p.done <- err
			}
		}
	}()
	b.Cleanup(func() { close(waiting) })
	return func(key, value []byte) error {
		p := put{key, value, make(chan error, 1)}
		waiting <- p
		return <-p.done
	}
}

// thing is a record of the size and with the ways in of an API token: with its number, ten keys an Insert.
type thing struct {
	ID      int64     `json:"id"`
	UUID    string    `json:"uuid"`
	Owner   int64     `json:"owner"`
	Name    string    `json:"name"`
	Note    string    `json:"note"`
	Hash    []byte    `json:"hash"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

var (
	things      = store.NewCollection("things", func(t *thing) *int64 { return &t.ID })
	thingByUUID = things.Unique("uuid", func(t *thing) []byte { return store.Key(t.UUID) })
	_           = things.Unique("name", func(t *thing) []byte { return store.Key(t.Owner, t.Name) })
	_           = things.Index("owner", func(t *thing) []byte { return store.Key(t.Owner, t.Created) })
	_           = things.Index("expires", func(t *thing) []byte { return store.Key(t.Expires) })
	events      = store.NewCollection("events", func(t *thing) *int64 { return &t.ID })
	_           = events.Index("owner", func(t *thing) []byte { return store.Key(t.Owner, t.Created) })
	_           = events.Index("created", func(t *thing) []byte { return store.Key(t.Created) })
)

// createThing inserts the nth thing and its event: ten keys, all ascending, for the UUID begins with the time.
func createThing(db *store.DB, n int64) error {
	at := time.UnixMilli(1_700_000_000_000 + n).UTC()
	return db.Update(context.Background(), func(tx store.Tx) error {
		t := &thing{
			UUID: fmt.Sprintf("%016x-4711-4711-4711", at.UnixMilli()), Owner: n/20 + 1, Name: fmt.Sprint("token ", n),
			Note: "for the nightly report", Hash: make([]byte, 32), Created: at, Expires: at.Add(time.Hour),
		}
		if err := things.Insert(tx, t); err != nil {
			return err
		}
		return events.Insert(tx, &thing{Owner: t.Owner, Name: "CREATE_API_TOKEN", Note: "127.0.0.1", Created: at})
	})
}

// grow creates things up to n, without waiting for the disk.
func grow(b testing.TB, e *engine, db *store.DB, n int64) {
	e.db.NoSync = true
	defer func() { e.db.NoSync = false }()
	last := lastThing(b, db)
	var next atomic.Int64
	next.Store(last)
	var all sync.WaitGroup
	for range 512 {
		all.Go(func() {
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if err := createThing(db, i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := e.db.Sync(); err != nil {
		b.Fatal(err)
	}
}

func lastThing(b testing.TB, db *store.DB) (last int64) {
	err := db.View(context.Background(), func(tx store.Tx) error {
		return things.Scan(tx, 0, func(t *thing) (bool, error) { last++; return true, nil })
	})
	if err != nil {
		b.Fatal(err)
	}
	return last
}

// The sizes at which reads and creations are compared. The larger takes a minute to make; it is made where BENCH_LARGE is
// set.
func sizes() []int64 {
	if os.Getenv("BENCH_LARGE") == "" {
		return []int64{1_000, 10_000}
	}
	return []int64{1_000, 10_000, 1_000_000}
}

// BenchmarkSize: at each size a read by unique key, each in a View of its own, a creation at 64 callers, and an Open.
func BenchmarkSize(b *testing.B) {
	for _, size := range sizes() {
		path := filepath.Join(b.TempDir(), "store.db")
		e, err := open(path, Options{Create: true})
		if err != nil {
			b.Fatal(err)
		}
		db := store.Open(e)
		grow(b, e, db, size)
		uuid := func(n int64) []byte { return store.Key(fmt.Sprintf("%016x-4711-4711-4711", 1_700_000_000_000+n)) }
		b.Run(fmt.Sprint("get/", size), func(b *testing.B) {
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				err := db.View(context.Background(), func(tx store.Tx) error {
					t, err := thingByUUID.Get(tx, uuid(i*7919%size+1))
					if t == nil {
						b.Error("not there")
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		next := size // b.Run calls again, with a larger N
		b.Run(fmt.Sprint("create/", size), func(b *testing.B) {
			last := atomic.Int64{}
			end := next + int64(b.N)
			last.Store(next)
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					for i := last.Add(1); i <= end; i = last.Add(1) {
						if err := createThing(db, i); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			next = end
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creations/s")
		})
		db.Close()
		b.Run(fmt.Sprint("open/", size), func(b *testing.B) {
			for b.Loop() {
				db, err := Open(path, Options{})
				if err != nil {
					b.Fatal(err)
				}
				db.Close()
			}
		})
	}
}

// BenchmarkRead: a View with one Get or one Scan.
func BenchmarkRead(b *testing.B) {
	db := fresh(b, filepath.Join(b.TempDir(), "store.db"))
	for i := range 1000 {
		fillWith(b, db, i*50, 50)
	}
	get := func(key []byte) func(store.Tx) error {
		return func(tx store.Tx) error { _, err := tx.Get(key); return err }
	}
	for name, f := range map[string]func(store.Tx) error{
		"hit":  get(key(777)),
		"miss": get(store.Key("record", 777, 1)),
		"scan": func(tx store.Tx) error {
			return tx.Scan(store.Range{From: key(777), To: key(787)}, func(_, _ []byte) (bool, error) { return true, nil })
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := db.View(context.Background(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
