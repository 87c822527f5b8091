package portal_test

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

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
