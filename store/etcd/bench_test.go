package etcd_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/etcd/etcdtest"
)

// BenchmarkPut: durable changes by as many callers at once: plain Puts of etcd, Updates of one key, and Updates of seven, as the
// creation of a token makes.
func BenchmarkPut(b *testing.B) {
	m := etcdtest.Alone(b)
	for _, callers := range []int{1, 64} {
		for _, c := range []struct {
			name  string
			start func(*testing.B, *etcdtest.Member) func(key string, value []byte) error
		}{{"plain", plainPutter}, {"update1", updater(1)}, {"update7", updater(7)}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, callers), func(b *testing.B) {
				put := c.start(b, m)
				value := make([]byte, 300)
				var all sync.WaitGroup
				var n atomic.Int64
				b.ResetTimer()
				for range callers {
					all.Go(func() {
						for n.Add(1) <= int64(b.N) {
							if err := put(rand.Text(), value); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
			})
		}
	}
}

func plainPutter(b *testing.B, m *etcdtest.Member) func(string, []byte) error {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Client}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return func(key string, value []byte) error {
		_, err := c.Put(context.Background(), "plain/"+key, string(value))
		return err
	}
}

func updater(keys int) func(*testing.B, *etcdtest.Member) func(string, []byte) error {
	return func(b *testing.B, m *etcdtest.Member) func(string, []byte) error {
		db := open(b, options(b, m))
		return func(key string, value []byte) error {
			return db.Update(context.Background(), func(tx store.Tx) error {
				for i := range keys {
					if err := tx.Put(fmt.Appendf(nil, "%d/%s", i, key), value); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
}
