package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/portico-vco/portico/store"
	"github.com/portico-vco/portico/store/memory"
	"github.com/portico-vco/portico/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) *store.DB {
		db := memory.Open()
		t.Cleanup(func() { db.Close() })
		return db
	})
}

// TestShared: of several processes, each keeps every promise.
func TestShared(t *testing.T) {
	storetest.Run(t, func(t testing.TB) *store.DB {
		dbs := memory.Shared(2)
		for _, db := range dbs {
			t.Cleanup(func() { db.Close() })
		}
		return dbs[1]
	})
}
