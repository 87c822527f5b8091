package portal_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/bolt"
	"github.com/portico-vco/portico/store/etcd"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// BenchmarkEtcd: the portal on one member of etcd against the portal on bbolt (reads), and against plain Puts of etcd (creations).
func BenchmarkEtcd(b *testing.B) {
	m := etcdtest.Alone(b)
	dir := b.TempDir()
	db, err := etcd.Open(context.Background(), etcd.Options{
		Endpoints: []string{m.Client}, Prefix: "bench", Create: true, Now: time.Now, Tell: func(err error) { b.Log(err) },
		Copy: func(id string) (store.Engine, error) { return bolt.Scratch(filepath.Join(dir, "copy"), id) },
	})
	must(b, err)
	tokens := number("PORTICO_BENCH_TOKENS", 10_000)
	s := openSiteOn(b, db, dir, tokens)
	const callers = 64
	b.Run("read", func(b *testing.B) {
		local := openSite(b, tokens)
		post := client(callers)
		reader := func(s *site) func(int) error {
			return func(i int) error {
				return post(s.url, "Token "+s.texts[i%len(s.texts)], getEnterprise, []byte(`"name":"Acme"`))
			}
		}
		race(b, callers, contestant{"bbolt", reader(local)}, contestant{"etcd", reader(s)})
	})
	b.Run("create", func(b *testing.B) {
		put := etcdtest.Putter(b, m)
		value := string(make([]byte, 300))
		turns := make([]int, callers)
		plain := func(i int) error {
			turns[i]++
			return put("plain/"+strconv.Itoa(i)+"/"+strconv.Itoa(turns[i]), value)
		}
		race(b, callers, contestant{"put", plain}, contestant{"authority", s.inside(callers)}, contestant{"portico", s.creator(b, callers)})
	})
}

// BenchmarkEtcdSize: a store with as many tokens as PORTICO_BENCH_TOKENS says, moved into etcd: how large it is there and in the local
// copy, how long a portal takes to load it, and what it reads then against the same on bbolt.
func BenchmarkEtcdSize(b *testing.B) {
	m := etcdtest.Alone(b, "-quota", strconv.Itoa(8<<30), "-retention", "1000")
	local := openSite(b, number("PORTICO_BENCH_TOKENS", 10_000))
	dir := b.TempDir()
	open := func(name string) *store.DB {
		db, err := etcd.Open(context.Background(), etcd.Options{
			Endpoints: []string{m.Client}, Prefix: "bench", Create: true, Now: time.Now, Tell: func(err error) { b.Log(err) },
			Behind: time.Minute, // a move keeps a disk busy for minutes
			Copy:   func(id string) (store.Engine, error) { return bolt.Scratch(filepath.Join(dir, name), id) },
		})
		must(b, err)
		b.Cleanup(func() { db.Close() })
		return db
	}
	db := open("first")
	start := time.Now()
	keys := moveAll(b, local.db, db)
	b.ReportMetric(float64(keys), "keys")
	b.ReportMetric(float64(keys)/time.Since(start).Seconds(), "moved/s")
	size, err := db.Size(context.Background())
	must(b, err)
	b.ReportMetric(float64(size.Total-size.Free)/(1<<20), "MiB-in-etcd")
	b.ReportMetric(float64(size.Total)/(1<<20), "MiB-of-etcd")
	before := anonymous(b)
	start = time.Now()
	shared := open("second")
	b.ReportMetric(time.Since(start).Seconds(), "s-to-load")
	b.ReportMetric(anonymous(b)-before, "MB-beyond-file")
	info, err := os.Stat(filepath.Join(dir, "second"))
	must(b, err)
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB-copy")
	other := *local
	other.url = listen(b, assemble(b, shared, zerolog.Nop()).handler) + "/portal/"
	const callers = 64
	post := client(callers)
	reader := func(s *site) func(int) error {
		return func(i int) error {
			return post(s.url, "Token "+s.texts[i%len(s.texts)], getEnterprise, []byte(`"name":"Acme"`))
		}
	}
	race(b, callers, contestant{"bbolt", reader(local)}, contestant{"etcd", reader(&other)})
}

// moveAll puts all that is in one store into another, and returns how many keys that were.
func moveAll(b *testing.B, from, to *store.DB) (keys int64) {
	must(b, store.Match(context.Background(), to, from, func(done int64) { keys = done }))
	return keys
}
