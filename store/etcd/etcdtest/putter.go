package etcdtest

import (
	"context"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Putter puts a key as etcd's own client does, for comparison.
func Putter(t testing.TB, m *Member) func(key, value string) error {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{m.Client}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return func(key, value string) error {
		_, err := c.Put(context.Background(), key, value)
		return err
	}
}
